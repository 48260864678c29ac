/*
 * SWIM with Lifeguard: who is there, who is alive, as far as this member can hear. The face of this folder.
 *
 * The idea: the parts (probing, relaying, gossip, push/pull, beliefs, oneself) share one context; this one
 * owns their timers and hands each message to the part it is for. Rows have checked every message before it
 * comes here. What the members agree on is not decided here. A Swim lives once: after `stop` it stays silent.
 * Shape: machine.
 */
import type { MemberRecord } from '../member.ts'
import { isAddress, isMeta, isRoles, type Message, type Sender } from '../messages.ts'
import type { Address, Luck, Timing } from '../ports.ts'
import { Awareness } from './awareness.ts'
import { Broadcasts } from './broadcasts.ts'
import { problemsOf, type SwimConfig } from './config.ts'
import type { SwimContext } from './context.ts'
import { SwimCounters, type SwimEvents } from './events.ts'
import { Gossiper } from './gossiper.ts'
import { lagDelta } from './lifeguard.ts'
import { Members, type MemberView } from './members.ts'
import {
  ACK,
  ALIVE,
  aliveOf,
  DEAD,
  NACK,
  type PackingCourier,
  PING,
  type Ping,
  PUSH_PULL,
  RELAY,
  SUSPECT,
  type SwimMessage,
  SYNC,
} from './messages.ts'
import { Oneself, type SelfUpdate } from './oneself.ts'
import { Prober } from './prober.ts'
import { PushPullExchange } from './push-pull.ts'
import { Relays } from './relays.ts'
import { Rumours } from './rumours.ts'
import { Timers } from './timers.ts'
import { UdpPaths } from './udp-paths.ts'

/** So many times as often lists are compared where there are members whom no datagram reaches. */
const STREAMS_ONLY_TIMES = 6

export class Swim {
  readonly counters = new SwimCounters()
  readonly #context: SwimContext
  readonly #oneself: Oneself
  readonly #rumours: Rumours
  readonly #prober: Prober
  readonly #relays: Relays
  readonly #gossiper: Gossiper
  readonly #pushPull: PushPullExchange
  #phase: 'new' | 'running' | 'stopped' = 'new'
  #sequence: number
  #strangerMs = Number.NEGATIVE_INFINITY
  #joinTries = 0

  constructor(
    self: MemberRecord,
    config: SwimConfig,
    ports: Timing & Luck,
    courier: PackingCourier,
    events: SwimEvents,
  ) {
    const problems = problemsOf(config)
    if (problems.length > 0) throw new Error(problems.join('; '))
    const timers = new Timers(ports, config.pauseMs, (lateMs) => this.#onPause(lateMs))
    this.#context = {
      config,
      members: new Members(self, () => ports.random(), timers.nowMs()),
      broadcasts: new Broadcasts(() => this.#gossiper.onNews()),
      awareness: new Awareness(),
      udpPaths: new UdpPaths(),
      timers,
      luck: ports,
      courier,
      events,
      counters: this.counters,
    }
    const nextSequence = (): number => {
      this.#sequence = (this.#sequence + 1) >>> 0
      return this.#sequence
    }
    // Not from zero: an ack to a former life must not match a probe of this one.
    this.#sequence = Math.floor(ports.random() * 0xffffffff)
    this.#oneself = new Oneself(this.#context)
    this.#rumours = new Rumours(this.#context, this.#oneself)
    this.#prober = new Prober(this.#context, this.#rumours, nextSequence)
    this.#relays = new Relays(this.#context, nextSequence)
    this.#gossiper = new Gossiper(this.#context, this.#oneself)
    this.#pushPull = new PushPullExchange(this.#context, this.#rumours)
  }

  get self(): MemberRecord {
    return this.#oneself.record
  }

  get config(): SwimConfig {
    return this.#context.config
  }

  /** Alive and suspect members, this one included. */
  get aliveCount(): number {
    return this.#context.members.aliveCount
  }

  get size(): number {
    return this.#context.members.size
  }

  /** 0: well. See Awareness. */
  get awarenessScore(): number {
    return this.#context.awareness.score
  }

  /** Some member has answered a join, or a push/pull, with its list. */
  get hasJoined(): boolean {
    return this.#pushPull.hasJoined
  }

  /** The word that we leave has been spread. */
  get hasLeft(): boolean {
    return this.#gossiper.hasLeft
  }

  get probesInFlight(): number {
    return this.#prober.inFlight
  }

  get broadcastsWaiting(): number {
    return this.#context.broadcasts.size
  }

  get suspicionCount(): number {
    return this.#rumours.suspicions.size
  }

  get departedCount(): number {
    return this.#rumours.departed.size
  }

  /** In no order, this one included. */
  members(): IterableIterator<MemberView> {
    return this.#context.members.all()
  }

  get(id: string): MemberView | undefined {
    return this.#context.members.get(id)
  }

  /** Somebody believed alive, at random and never this one. */
  pickAlive(): MemberRecord | undefined {
    return this.#context.members.pick(1, (member) => member.liveness === 'alive')[0]?.record
  }

  isUdpBlocked(id: string): boolean {
    return this.#context.udpPaths.isBlocked(id)
  }

  /** Timers begin at random places of their intervals, so that members do not act in step. */
  start(): void {
    if (this.#phase !== 'new') return
    this.#phase = 'running'
    const { timers, luck, config } = this.#context
    timers.after(luck.random() * config.probeIntervalMs, () => this.#onProbeTick())
    timers.after(luck.random() * config.pushPullIntervalMs, () => this.#onPushPullTick())
    this.#oneself.announce()
    this.#gossiper.start()
  }

  stop(): void {
    this.#phase = 'stopped'
    this.#context.timers.end()
    this.#gossiper.stop()
    this.#prober.cancelAll()
    this.#relays.clear()
    this.#rumours.suspicions.clear()
  }

  /**
   * Once started: calls on the seeds, again while nobody else is known, and now and then where none of us is.
   */
  join(addresses: readonly Address[]): void {
    if (this.#phase !== 'running') return
    const isFirst = !this.#pushPull.hasSeeds
    this.#pushPull.join(addresses)
    this.#joinTries = 0
    if (isFirst && this.#pushPull.hasSeeds) this.#armJoinRetry()
  }

  /** Members remembered from an earlier run: taken for alive until a probe says otherwise. */
  assume(records: Iterable<MemberRecord>): void {
    for (const record of records) this.#rumours.assume(record)
  }

  /** Says goodbye; `onSelfLeft` follows. This member goes on answering until it is stopped. */
  leave(): void {
    if (this.#phase === 'running' && !this.#oneself.isLeaving) this.#oneself.leave()
  }

  /** False, and nothing is changed, when the new record could not be sent. */
  updateSelf(update: SelfUpdate): boolean {
    const roles = [...new Set(update.roles ?? this.self.roles)].sort()
    const { address, meta } = { ...this.self, ...update }
    if (!isRoles(roles) || !isAddress(address) || !isMeta(meta)) return false
    this.#oneself.update({ roles, address, meta: Uint8Array.from(meta) })
    return true
  }

  /** Forgets a member for good: nothing of that life brings it back while it is remembered as departed. */
  evict(id: string): void {
    this.#rumours.evict(id)
  }

  /** What is wrong with the new config, in words; empty when it is in force from now on. */
  configure(changes: Partial<SwimConfig>): string[] {
    const config = { ...this.#context.config, ...changes }
    const problems = problemsOf(config)
    if (problems.length > 0) return problems
    this.#context.config = config
    this.#context.timers.pauseMs = config.pauseMs
    return problems
  }

  /** What a courier appends to a datagram that has room left. */
  takeBroadcasts(bytesLeft: number): readonly Message[] {
    return this.#gossiper.take(bytesLeft)
  }

  onMessage(sender: Sender, message: Message): void {
    if (this.#phase !== 'running') return
    const { members, timers } = this.#context
    if (sender.id === this.self.id) {
      this.#onOwnName(sender, message as SwimMessage)
      return
    }
    const member = members.get(sender.id)
    if (member === undefined) {
      this.#onStranger(sender, message[0])
      this.#dispatch(sender, message as SwimMessage)
      return
    }
    member.heardMs = timers.nowMs()
    this.#dispatch(sender, message as SwimMessage)
    if (member.liveness === 'dead' && members.get(sender.id) === member) {
      this.#rumours.accuse(member, sender)
    }
  }

  /** A stream could not be delivered; whatever waited for it has a deadline of its own. */
  onStreamFailed(_address: Address): void {
    this.counters.streamFailures++
  }

  /** The event loop ran late: acks may have waited in our own socket. See lagDelta for the formula. */
  onLoopLag(lagMs: number): void {
    const { awareness, config } = this.#context
    awareness.add(lagDelta(lagMs, config.pingTimeoutMs), config.awarenessMax)
  }

  /** A link to this member was refused or reset: looks at it at once, once per probe interval. */
  onLinkDown(id: string): void {
    if (this.#phase === 'running') this.#prober.onDoubt(id)
  }

  /** The sender's last word about itself; who missed it, as gossip may miss anybody, asks for it. */
  onLatest(sender: Sender, birth: number, incarnation: number): void {
    const record = this.get(sender.id)?.record
    if (this.#phase !== 'running' || record === undefined) return
    const isNewer = birth > record.birth || (birth === record.birth && incarnation > record.incarnation)
    if (isNewer) this.#pushPull.askSender(sender)
  }

  #dispatch(sender: Sender, message: SwimMessage): void {
    switch (message[0]) {
      case PING:
        return this.#onPing(sender, message)
      case ACK:
        return this.#onAck(sender, message[1])
      case RELAY:
        return this.#relays.onRelay(sender, message[1], message[2])
      case NACK:
        return this.#prober.onNack(sender, message[1])
      case ALIVE: {
        const [, id, birth, incarnation, address, roles, meta] = message
        return this.#rumours.hearAlive(id, birth, incarnation, address, roles, meta, sender)
      }
      case SUSPECT: {
        const [, id, birth, incarnation, accuserId] = message
        return this.#rumours.hearSuspect(id, birth, incarnation, accuserId, true, sender)
      }
      case DEAD: {
        const [, id, birth, incarnation, accuserId] = message
        return this.#rumours.hearDead(id, birth, incarnation, accuserId, sender)
      }
      case SYNC:
        return this.#pushPull.onSync(sender, message)
      case PUSH_PULL:
        return this.#pushPull.onPushPull(sender, message)
      default:
        this.counters.messagesUnknown++
    }
  }

  /** Answered the way it came. Who knows us by another life is told of this one. */
  #onPing(sender: Sender, [, sequence, targetId, targetBirth]: Ping): void {
    const { courier } = this.#context
    const { id, birth } = this.self
    if (targetId !== id) {
      this.counters.pingsMisdirected++
      return
    }
    if (targetBirth > birth) this.#oneself.outlive(targetBirth)
    const answers: Message[] = [[ACK, sequence]]
    const isSilent = this.#oneself.isLeaving || this.#oneself.isSuperseded
    if (targetBirth !== birth && !isSilent) answers.push(aliveOf(this.self))
    if (sender.isStream) for (const answer of answers) courier.sendReliably(sender.address, answer)
    else if (answers.length === 1) courier.send(sender.address, answers[0]!)
    else courier.sendPacked(sender.address, answers)
  }

  #onAck(sender: Sender, sequence: number): void {
    if (this.#prober.onAck(sender, sequence) || this.#relays.onAck(sender, sequence)) return
    this.counters.acksUnexpected++
  }

  /** Our own packets come back when we are among our own seeds; from elsewhere they are another process's. */
  #onOwnName(sender: Sender, message: SwimMessage): void {
    if (sender.address === this.self.address) return
    if (message[0] === ALIVE && message[1] === this.self.id) this.#dispatch(sender, message)
    else this.#oneself.onTwin(sender)
  }

  /** Who pings us knows us: if we do not know it, we have forgotten more than that. */
  #onStranger(sender: Sender, kind: number): void {
    const { timers, config } = this.#context
    const nowMs = timers.nowMs()
    if (kind !== PING || nowMs - this.#strangerMs < config.probeIntervalMs) return
    this.#strangerMs = nowMs
    this.#pushPull.askSender(sender)
  }

  #onProbeTick(): void {
    const { timers, awareness, config } = this.#context
    this.#rumours.evictLongGone()
    this.#prober.onTick()
    timers.after(awareness.scale(config.probeIntervalMs), () => this.#onProbeTick())
  }

  #onPushPullTick(): void {
    const { timers, config } = this.#context
    this.#pushPull.onTick()
    // Where datagrams do not arrive, no rumour does: lists are all that news travels by.
    const isSlow = !this.#context.udpPaths.isAnyBlocked
    const intervalMs = isSlow ? config.pushPullIntervalMs : config.pushPullIntervalMs / STREAMS_ONLY_TIMES
    timers.after(intervalMs, () => this.#onPushPullTick())
  }

  #armJoinRetry(): void {
    const { timers, luck, config } = this.#context
    const backedOffMs = Math.min(config.joinRetryMs * 2 ** this.#joinTries, config.pushPullIntervalMs)
    this.#joinTries = Math.min(this.#joinTries + 1, 30)
    timers.after(backedOffMs * (0.5 + luck.random() / 2), () => {
      if (this.aliveCount <= 1 && !this.#oneself.isLeaving) this.#pushPull.callSeeds()
      this.#armJoinRetry()
    })
  }

  /** This process stood still: what fell due meanwhile says nothing about others, and much about us. */
  #onPause(lateMs: number): void {
    this.counters.pauses++
    this.onLoopLag(lateMs)
    this.#prober.cancelAll()
    this.#relays.clear()
    this.#rumours.suspicions.extendAll(lateMs)
    this.#oneself.reassure()
    this.#pushPull.askAround()
  }
}
