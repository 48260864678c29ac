/*
 * Membership: the library's face. Who is there, who belongs, and what to say to them.
 *
 * The idea: this machine outlives the lives of its node. It owns what stays - the courier with its keys, the bus, the seeds,
 * the sink - and begins a new life when the mesh has given the old one up. Bytes come in, bytes go out through
 * ports, and everything that changes is an event on the bus. Shape: machine.
 */
import { latestBirthOf } from './agreement/merge.ts'
import type { MeshState, StateMember } from './agreement/mesh-state.ts'
import { AGREEMENT_ROWS } from './agreement/messages.ts'
import type { AgreementSnapshot } from './agreement/snapshot.ts'
import { EventBus } from './events.ts'
import { Founding, type Lived } from './founding.ts'
import { BEAT, BEAT_ROWS, type Beat } from './heartbeats/beat.ts'
import { HeartbeatLadder, type LadderPeer } from './heartbeats/ladder.ts'
import { LADDER_DEFAULTS, type LadderConfig } from './heartbeats/rung.ts'
import { Life, type LifeSettings } from './life.ts'
import type { MemberRecord } from './member.ts'
import type { GossipEvent } from './membership-events.ts'
import { MEMBERSHIP_TIMINGS, type MembershipTimings } from './membership-timings.ts'
import type { Message, Sender } from './messages.ts'
import type { Address, GossipPorts } from './ports.ts'
import { explain } from './split-brain/explain.ts'
import { PEKKO_DEFAULTS, type SplitBrainSettings } from './split-brain/settings.ts'
import { viewOf } from './split-brain/view.ts'
import { LAN_CONFIG, type SwimConfig } from './swim/config.ts'
import type { MemberView } from './swim/members.ts'
import { SWIM_ROWS } from './swim/messages.ts'
import type { SelfUpdate } from './swim/oneself.ts'
import { TELL, TELL_ROWS, type TellSink, tellOf, toldOf } from './tell.ts'
import { Codec } from './wire/codec.ts'
import { WireCourier } from './wire/courier.ts'
import { Keyring } from './wire/keyring.ts'

export interface MembershipOptions {
  /** The name of the mesh: nobody of another name is heard. */
  readonly cluster: string
  readonly swim?: Partial<SwimConfig>
  readonly agreement?: LifeSettings['agreement']
  readonly splitBrain?: SplitBrainSettings
  readonly lease?: LifeSettings['lease']
  /** Direct heartbeats beside the probes, to all peers or to `sampleCount` of them a time. Left out: none. */
  readonly heartbeats?: Partial<LadderConfig>
  /** Keys of 32 bytes, the sealing one first. None: the label is all that keeps strangers out. */
  readonly keys?: readonly Uint8Array[]
  readonly sink?: TellSink
  /** Comes back as a new life after having been downed or removed. */
  readonly isReborn?: boolean
  readonly onListenerError?: (error: unknown) => void
}

/** Members leave the list when the mesh has agreed on it; who died before it was let in, after this. */
const STRANGERS_FORGOTTEN_AFTER_MS = 3_600_000

export type NewMember = Pick<MemberRecord, 'id' | 'address'> & Partial<Pick<MemberRecord, 'roles' | 'meta'>>

/** What a member knows before it has heard anybody. */
export interface Remembered {
  /** Taken for alive until a probe says otherwise. */
  readonly records: Iterable<MemberRecord>
  /** An agreed state that has this very life in it: for worlds that begin in the middle. */
  readonly state?: MeshState
}

export interface MembershipSnapshot extends AgreementSnapshot {
  readonly self: MemberRecord
  readonly liveness: readonly { readonly id: string; readonly address: Address; readonly liveness: string }[]
  readonly awarenessScore: number
}

const ALL_ROWS = [...SWIM_ROWS, ...AGREEMENT_ROWS, ...TELL_ROWS, ...BEAT_ROWS]

export class Membership {
  readonly events: EventBus<GossipEvent>
  readonly courier: WireCourier
  readonly keyring: Keyring
  readonly heartbeats: HeartbeatLadder | undefined
  readonly timings: MembershipTimings
  readonly counters = { tells: 0, tellsReceived: 0, tellsRefused: 0, rebirths: 0, messagesUnknown: 0 }
  readonly #cluster: string
  readonly #ports: GossipPorts
  readonly #settings: LifeSettings
  readonly #sink: TellSink | undefined
  readonly #isReborn: boolean
  #life: Life
  #seeds: readonly Address[]
  #phase: 'new' | 'running' | 'leaving' | 'stopped'
  readonly #founding: Founding

  constructor(
    self: NewMember,
    options: MembershipOptions,
    ports: GossipPorts,
    timings: Partial<MembershipTimings> = {},
  ) {
    this.#cluster = options.cluster
    this.#ports = ports
    this.timings = { ...MEMBERSHIP_TIMINGS, ...timings }
    const { onListenerError } = options
    this.events = new EventBus(
      onListenerError === undefined ? {} : { onListenerError: (error) => onListenerError(error) },
    )
    this.keyring = new Keyring({ onKeyWorn: (keyId) => this.events.emit({ type: 'key_worn', keyId }) })
    for (const key of options.keys ?? []) {
      const answer = this.keyring.install(key)
      if (!answer.isDone) throw new Error(answer.why)
    }
    this.courier = new WireCourier(
      { selfId: self.id, label: options.cluster },
      new Codec(ALL_ROWS),
      ports,
      this.keyring,
      {
        receive: (sender, message) => this.#receive(sender, message),
        takeBroadcasts: (bytesLeft) => this.#life.swim.takeBroadcasts(bytesLeft),
        isKnownAddress: (address) => this.#life.isKnownAddress(address) || this.#seeds.includes(address),
      },
    )
    this.#settings = {
      swim: { ...LAN_CONFIG, evictAfterMs: STRANGERS_FORGOTTEN_AFTER_MS, ...options.swim },
      agreement: options.agreement ?? {},
      splitBrain: options.splitBrain ?? PEKKO_DEFAULTS,
      lease: options.lease,
    }
    this.#sink = options.sink
    this.#isReborn = options.isReborn ?? true
    this.#seeds = []
    this.#phase = 'new'
    this.#founding = new Founding(this.timings)
    const { id, address, roles = [], meta = new Uint8Array(0) } = self
    const birth = Math.floor(ports.wallMs())
    this.#life = this.#newLife({
      id,
      birth,
      incarnation: 0,
      address,
      roles: [...new Set(roles)].sort(),
      meta,
    })
    this.heartbeats = options.heartbeats && this.#makeHeartbeats(options.cluster, id, options.heartbeats)
  }

  get self(): MemberRecord {
    return this.#life.swim.self
  }

  get life(): Life {
    return this.#life
  }

  get isRunning(): boolean {
    return this.#phase === 'running' || this.#phase === 'leaving'
  }

  /** Calls on the seeds; whoever has none but itself founds the mesh, the first seed does so when nobody answers. */
  start(seeds: readonly Address[] = [], remembered?: Remembered): void {
    if (this.#phase !== 'new') return
    this.#phase = 'running'
    this.#seeds = [...new Set(seeds)]
    this.#begin(remembered)
    this.heartbeats?.start()
    this.#ports.after(this.timings.tickMs, () => this.#onTick())
  }

  /** New addresses to call on, as when the name they come from resolves differently by now. */
  addSeeds(addresses: readonly Address[]): void {
    this.#seeds = [...new Set([...this.#seeds, ...addresses])]
    if (this.#phase === 'running') this.#life.swim.join(addresses)
  }

  /** The same, where the addresses known before stand for the seeds no longer; the first of these may found the mesh. */
  useSeeds(addresses: readonly Address[]): void {
    this.#seeds = [...new Set(addresses)]
    if (this.#phase === 'running') this.#life.swim.join(addresses)
  }

  /**
   * Walks the way out: leaving, exiting, removed, goodbye; `self_left` is the last event. Who lingers stays exiting, within
   * reach and with nothing to say in anything, until it is told to `go`.
   */
  leave(lingers = false): void {
    if (this.#phase !== 'running') return
    this.#phase = 'leaving'
    const { agreement, swim } = this.#life
    agreement.lingers = lingers
    if (swim.aliveCount <= 1 || !agreement.leave()) swim.leave()
    else if (!lingers) this.go()
  }

  go(): void {
    if (this.#phase !== 'leaving') return
    this.#life.agreement.lingers = false
    this.#ports.after(this.timings.leaveTimeoutMs, () => {
      if (this.#phase === 'leaving' && !this.#life.isOver) this.#life.swim.leave()
    })
  }

  /** Falls silent at once, without a word. */
  stop(): void {
    if (this.#phase === 'stopped') return
    this.#phase = 'stopped'
    this.#life.end()
    this.heartbeats?.stop()
  }

  updateSelf(update: SelfUpdate): boolean {
    return this.#life.swim.updateSelf(update)
  }

  /** Sends a user message to a member; false when nobody of that name is known or the message is too large. */
  tell(toId: string, path: string, manifest: string, payload: Uint8Array, senderPath = ''): boolean {
    const member = this.#life.swim.get(toId)
    const message = tellOf(path, manifest, payload, senderPath)
    if (member === undefined || message === undefined || !this.isRunning) {
      this.counters.tellsRefused++
      return false
    }
    this.counters.tells++
    this.courier.sendReliably(member.record.address, message)
    return true
  }

  onDatagram(from: Address, bytes: Uint8Array): void {
    if (this.isRunning) this.courier.onDatagram(from, bytes)
  }

  onStream(from: Address, bytes: Uint8Array): void {
    if (this.isRunning) this.courier.onStream(from, bytes)
  }

  onStreamFailed(to: Address): void {
    if (this.isRunning) this.#life.swim.onStreamFailed(to)
  }

  /** Datagrams are about to come: the first of this turn of the event loop. */
  onTurn(): void {
    this.courier.onTurn()
  }

  /** How late the event loop was: this node's own garbage collection must not cost others their lives. */
  onLoopLag(lagMs: number): void {
    this.#life.swim.onLoopLag(lagMs)
  }

  /** A link of the embedding program to this member was refused or reset: worth a look at once. */
  onLinkDown(id: string): void {
    this.#life.swim.onLinkDown(id)
  }

  members(): IterableIterator<MemberView> {
    return this.#life.swim.members()
  }

  snapshot(): MembershipSnapshot {
    const { swim, agreement } = this.#life
    const liveness = Array.from(swim.members(), ({ record, liveness }) => ({
      id: record.id,
      address: record.address,
      liveness,
    }))
    return { ...agreement.snapshot(), self: swim.self, liveness, awarenessScore: swim.awarenessScore }
  }

  /** In words: what the split-brain resolver would decide now, and why. */
  explain(): string {
    const { agreement, resolver, swim } = this.#life
    const { splitBrain } = this.#settings
    const view = viewOf(agreement.state, swim.self.id, splitBrain.compat)
    return explain(view, splitBrain, this.#ports.monotonicMs(), resolver.deadlines())
  }

  #receive(sender: Sender, message: Message): void {
    if (message[0] === BEAT) this.#onBeat(sender, message as unknown as Beat)
    else if (message[0] === TELL) {
      this.counters.tellsReceived++
      this.#sink?.receive(toldOf(sender.id, message))
    } else this.#life.onMessage(sender, message)
  }

  #onTick(): void {
    if (!this.isRunning) return
    this.#life.onTick()
    if (this.#phase === 'running') this.#formIfNobodyElse()
    this.#ports.after(this.timings.tickMs, () => this.#onTick())
  }

  #newLife(record: MemberRecord): Life {
    const life: Life = new Life(record, this.#settings, this.#ports, this.courier, {
      emit: (event) => this.#emit(event),
      onEnded: () => this.#onEnded(life),
    })
    return life
  }

  #emit(event: GossipEvent): void {
    if (event.type === 'peer_joined') this.heartbeats?.registerPeer(event.id, event.record!.address)
    else if (event.type === 'peer_evicted') this.heartbeats?.removePeer(event.id)
    this.events.emit(event)
  }

  #begin(remembered?: Remembered): void {
    this.#founding.onLife(this.#ports.monotonicMs())
    const { swim, agreement } = this.#life
    const others = this.#seeds.filter((seed) => seed !== this.self.address)
    swim.start()
    if (remembered?.state !== undefined) agreement.resume(remembered.state)
    if (remembered !== undefined) swim.assume(remembered.records)
    if (others.length > 0) swim.join(others)
    else if (this.#founding.needsNobody) agreement.form()
  }

  #formIfNobodyElse(): void {
    const { agreement, swim } = this.#life
    const nowMs = this.#ports.monotonicMs()
    const lifeOf = ({ birth, id }: StateMember): Lived => {
      const view = swim.get(id)
      if (view !== undefined && view.record.birth > birth) return 'over'
      return view !== undefined && view.record.birth === birth && isThere(view) ? 'seen' : 'unseen'
    }
    if (this.#founding.isOver(nowMs, agreement.state, lifeOf)) return this.#onEnded(this.#life)
    if (agreement.state.members.size > 0) return
    const { address, id } = this.self
    const isFirstSeed = (this.#seeds[0] ?? address) === address
    const aliveIds = [...swim.members()].filter(isThere).map(({ record }) => record.id)
    if (this.#founding.isDue(nowMs, { selfId: id, isFirstSeed, aliveIds })) agreement.form()
  }

  #onEnded(life: Life): void {
    if (life !== this.#life || life.isOver) return
    if (this.#phase === 'leaving') {
      // Removed as it wished: the goodbye is what is left to say, and its end comes here again.
      if (!life.swim.hasLeft) return life.swim.leave()
      this.stop()
      this.events.emit({ type: 'self_left' })
      return
    }
    this.#founding.onGivenUp(life.agreement.state)
    const known = life.addresses
    life.end()
    if (!this.#isReborn) return this.stop()
    this.#ports.after(this.timings.rebirthDelayMs, () => this.#beReborn(life, known))
  }

  #beReborn(former: Life, known: readonly Address[]): void {
    if (this.#phase !== 'running' || this.#life !== former) return
    const last = former.swim.self
    // The calendar may have gone back since a life of ours that others remember.
    const latest = Math.max(last.birth, latestBirthOf(former.agreement.state, last.id))
    const birth = Math.max(Math.floor(this.#ports.wallMs()), latest + 1)
    const record: MemberRecord = { ...last, birth, incarnation: 0 }
    this.counters.rebirths++
    this.#life = this.#newLife(record)
    this.events.emit({ type: 'self_reborn', record })
    this.#begin()
    this.#life.swim.join(known)
  }

  #makeHeartbeats(clusterName: string, nodeId: string, config: Partial<LadderConfig>): HeartbeatLadder {
    const ports = {
      monotonicMs: () => this.#ports.monotonicMs(),
      wallMs: () => this.#ports.wallMs(),
      after: (delayMs: number, run: () => void) => this.#ports.after(delayMs, run),
      random: () => this.#ports.random(),
      beat: (_channel: string, to: readonly LadderPeer[]) => {
        const { birth, incarnation } = this.self
        for (const peer of to) this.courier.send(peer.endpoint, [BEAT, birth, incarnation])
      },
    }
    const ladder = new HeartbeatLadder({ clusterName, nodeId }, { ...LADDER_DEFAULTS, ...config }, ports)
    // Silence is a reason to look, not a verdict: SWIM asks others before it suspects.
    ladder.events.subscribe((event) => {
      if (event.type === 'peer_suspect') this.#life.swim.onLinkDown(event.id)
    })
    return ladder
  }

  #onBeat(sender: Sender, [, birth, incarnation]: Beat): void {
    const { heartbeats } = this
    const member = this.#life.swim.get(sender.id)
    if (heartbeats === undefined) return
    if (member !== undefined) this.#life.swim.onLatest(sender, birth, incarnation)
    heartbeats.onHeartbeat(this.#cluster, sender.id, member?.record.address ?? sender.address)
  }
}

function isThere({ liveness }: MemberView): boolean {
  return liveness === 'alive' || liveness === 'suspect'
}
