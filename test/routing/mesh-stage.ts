/*
 * A mesh of whole nodes without links: routing, replication and settling are real; who is alive, who owns which slot and
 * when a frame arrives is the test's to say. Frames lie in one queue and are delivered in order; time passes only when
 * nothing is left to deliver. Shape: machine, for tests only.
 */
import { Args, ReplyWriter, SlabPool } from '../../resp/index.ts'
import { ReplySlots } from '../../resp/reply-slots.ts'
import { Config } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import { Answer, Arrival, type Answered, type Correspondent } from '../../src/mesh/link-ports.ts'
import { type VerbRow, Verbs } from '../../src/mesh/verbs.ts'
import { Node } from '../../src/node.ts'
import { Batches } from '../../src/replication/batches.ts'
import type { ConfirmOutcome } from '../../src/replication/confirming.ts'
import { Replica } from '../../src/replication/replica.ts'
import type { OwnersTable } from '../../src/replication/owners-table.ts'
import type { SlottedKey } from '../../src/replication/peer-port.ts'
import { SlotRoles } from '../../src/replication/slot-roles.ts'
import { ChannelRelay, type Counted } from '../../src/routing/channel-relay.ts'
import { rawsAt } from '../../src/routing/forward-body.ts'
import { Forwarded, type ForwardedHost } from '../../src/routing/forwarded.ts'
import { Forwards, type ForwardOutcome } from '../../src/routing/forwards.ts'
import { IdleWrites } from '../../src/routing/idle-writes.ts'
import { Parking } from '../../src/routing/parking.ts'
import { DOWN, Router, type RouterSettings } from '../../src/routing/router.ts'
import { Spreads } from '../../src/routing/spreads.ts'
import { Waits } from '../../src/routing/waits.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import { Session, type SessionLink } from '../../src/session/session.ts'
import { SLOT_COUNT, slotOf } from '../../src/store/hash-slot.ts'
import { Tombstones } from '../../src/store/tombstones.ts'
import { Prng } from '../support/prng.ts'

const PATIENCE_MS = 30_000

interface Timer {
  readonly atMs: number
  readonly run: () => void
}

/** Slot s belongs to member s % count first, then to those behind it. */
export function tableOf(members: readonly string[], copies: number): OwnersTable {
  const owners = new Uint16Array(SLOT_COUNT * copies)
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    for (let rank = 0; rank < copies; rank++) owners[slot * copies + rank] = (slot + rank) % members.length
  }
  return { members, copies, owners }
}

export class MeshStage {
  nowMs = 1_750_000_000_000
  readonly count: number
  /** Frames of messages that nodes have sent. */
  messageFrames = 0
  readonly nodes: StageNode[] = []
  readonly alive = new Set<string>()
  /** Slots that begin to be acted for stay unsettled until the test says so. */
  isSettlingHeld = false
  table: OwnersTable
  readonly #queue: (() => void)[] = []
  readonly #timers: Timer[] = []

  constructor(count: number, copies = count) {
    this.count = count
    const ids = Array.from({ length: count }, (_, i) => `node-${i}`)
    for (const id of ids) this.alive.add(id)
    this.table = tableOf(ids, copies)
    for (const [i, id] of ids.entries()) this.nodes.push(new StageNode(this, id, i + 1))
    this.update()
  }

  /** Everybody looks again at who is there and who owns what. */
  update(): void {
    for (const node of this.nodes) if (this.alive.has(node.id)) node.update()
  }

  kill(number: number): void {
    const { id } = this.nodes[number]!
    this.alive.delete(id)
    for (const node of this.nodes) if (this.alive.has(node.id)) node.waits.onLinkDown(id)
    this.update()
  }

  /** The link between two nodes ends, and another one takes its place. */
  relink(one: number, other: number): void {
    const [first, second] = [this.nodes[one]!, this.nodes[other]!]
    first.waits.onLinkDown(second.id)
    second.waits.onLinkDown(first.id)
    first.waits.onLinkUp(second.id)
    second.waits.onLinkUp(first.id)
  }

  node(id: string): StageNode {
    return this.nodes.find((node) => node.id === id)!
  }

  deliver(run: () => void): void {
    this.#queue.push(run)
  }

  after(delayMs: number, run: () => void): void {
    this.#timers.push({ atMs: this.nowMs + delayMs, run })
    this.#timers.sort((a, b) => a.atMs - b.atMs)
  }

  /** Delivers what there is, and lets time pass while somebody waits for it. */
  settle(isDone: () => boolean = () => false): void {
    const endMs = this.nowMs + PATIENCE_MS
    for (;;) {
      for (const node of this.nodes) node.flush()
      const next = this.#queue.shift()
      if (next !== undefined) next()
      else if (isDone() || this.nowMs >= endMs) return
      else this.#passTime(isDone)
    }
  }

  #passTime(isDone: () => boolean): void {
    const next = this.#timers.shift()
    this.nowMs = Math.max(this.nowMs, Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, this.nowMs + 100))
    if (next !== undefined && next.atMs <= this.nowMs) next.run()
    else if (next !== undefined) this.#timers.unshift(next)
    for (const node of this.nodes) if (this.alive.has(node.id)) node.tick()
    if (next === undefined && !isDone() && this.#queue.length === 0) this.nowMs += 100
  }
}

export class StageNode {
  readonly id: string
  readonly node: Node
  readonly roles: SlotRoles
  readonly batches: Batches
  readonly replica: Replica
  readonly forwards: Forwards
  readonly relay: ChannelRelay
  readonly parking: Parking
  readonly spreads: Spreads
  readonly waits: Waits
  readonly router: Router
  readonly settings: RouterSettings = {
    redirects: false,
    allowsStaleReads: false,
    policy: null,
    clientAddressOf: (id) => `${id}:6379`,
  }
  /** How far this node's clock is off. */
  skewMs = 0
  /** Frames to these nodes are lost: no answer comes before the deadline. */
  readonly deafTo = new Set<string>()
  /** Of replies that wait until a quorum is known to have nothing newer. */
  readonly asked: ((outcome: ConfirmOutcome) => void)[] = []
  readonly #stage: MeshStage
  readonly #bound = new Verbs()
  readonly #host: ForwardedHost

  constructor(stage: MeshStage, id: string, seed: number) {
    this.#stage = stage
    this.id = id
    const random = new Prng(seed)
    const wallMs = (): number => this.wallMs()
    const monotonicMs = (): number => stage.nowMs
    const ports = {
      wallMs,
      monotonicUs: () => stage.nowMs * 1000,
      random32: () => random.bits(),
      every: () => {},
    }
    const log = new Log({ sink: () => {}, nowMs: wallMs })
    this.node = new Node(new Config(), log, ports as unknown as NodePorts, '0'.repeat(40))
    const { space, effects, executor, state } = this.node
    space.terms.fill(seed)
    space.tombstones = new Tombstones(space.secret, ports.monotonicUs)
    effects.isOn = true
    this.roles = this.#makeRoles()
    this.batches = this.#makeBatches(monotonicMs)
    effects.route = this.batches
    this.replica = new Replica(space, this.node.replay, {
      pull: () => {},
      noteTerm: () => true,
      acknowledge: () => {},
    })
    this.forwards = new Forwards({
      ask: (peer, body, length, answered) => this.#forward(peer, body, length, answered),
      actingId: (slot) => this.roles.actingId(slot),
      after: (delayMs, run) => stage.after(delayMs, run),
      wake: () => {},
    })
    this.parking = new Parking(
      (session, args) => this.#resume(session, args),
      (session) => session.writer.error(DOWN),
    )
    this.#host = this.#makeHost()
    const { batches, forwards, parking, roles, settings } = this
    const call = executor.call
    this.spreads = this.#makeSpreads()
    this.spreads.bind(this.#bound)
    this.waits = this.#makeWaits()
    this.waits.bind(this.#bound)
    const { spreads, waits } = this
    const confirming = {
      confirm: (_keys: readonly SlottedKey[], _level: string, done: (outcome: ConfirmOutcome) => void) => {
        if (this.deafTo.size === 0) stage.deliver(() => done('ok'))
        else this.asked.push(done)
      },
    }
    const idle = new IdleWrites({ space, call, confirming })
    this.router = new Router(
      { selfId: id, space, call, roles, batches, idle, forwards, parking, spreads, waits },
      settings,
      (_session, _keys, _level, done) => stage.deliver(() => done(true)),
      monotonicMs,
    )
    this.relay = this.#makeRelay()
    state.relay = stage.count === 1 ? null : this.relay
    state.router = this.router
    state.servedSlots = roles.roles
  }

  get isAlive(): boolean {
    return this.#stage.alive.has(this.id)
  }

  client(): StageClient {
    return new StageClient(this.#stage, this)
  }

  update(): void {
    const isAdopted = this.#stage.table !== this.roles.table
    this.roles.update(this.#stage.table, this.#stage.nowMs)
    if (isAdopted) this.batches.onGroups(this.roles.groups, this.roles.groupOf)
  }

  flush(): void {
    this.forwards.flush()
    this.relay.flush()
    this.batches.flush()
  }

  tick(): void {
    this.batches.onTick(this.#stage.nowMs)
    this.parking.onTick(this.#stage.nowMs)
    this.waits.onTick(this.#stage.nowMs)
  }

  turn(session: Session, args: Args): void {
    this.#host.onTurnStart()
    this.node.dispatch.onRequest(session, args)
    this.#host.onTurnEnd(session)
    this.router.onTurnEnd(session)
  }

  /** Settles what it acts for and takes up what waited. */
  settleSlots(slots: readonly number[]): void {
    for (const slot of slots) this.roles.settled(slot)
    this.#host.onTurnStart()
    this.parking.release(new Set(slots))
  }

  /** The keys held here, whoever acts for them. */
  get keyCount(): number {
    return this.node.space.keyCount.reduce((sum, count) => sum + count, 0)
  }

  wallMs(): number {
    return this.#stage.nowMs + this.skewMs
  }

  #makeRoles(): SlotRoles {
    const stage = this.#stage
    const belief = {
      mayAct: (peer: string) => stage.alive.has(peer),
      mayHold: (peer: string) => stage.alive.has(peer),
      heardMs: () => stage.nowMs,
    }
    return new SlotRoles(
      this.id,
      belief,
      {
        onUnsettled: (slots) => {
          if (!stage.isSettlingHeld) for (const slot of slots) this.roles.settled(slot)
          this.waits?.onSlots(slots)
        },
        onLost: (slots) => {
          this.parking.release(new Set(slots))
          this.waits.onSlots(slots)
        },
      },
      () => 3000,
    )
  }

  #makeHost(): ForwardedHost {
    const { executor, space } = this.node
    return {
      slabs: new SlabPool(),
      onRequest: (session, args) => this.spreads.onRequest(session, args),
      onTurnStart: () => {
        executor.beginTurn(this.wallMs())
        this.router.onTurnStart()
      },
      onTurnEnd: () => {
        executor.endTurn()
        space.ahead.forget()
      },
    }
  }

  #resume(session: Session, args: Args): void {
    this.#host.onTurnStart()
    this.spreads.onRequest(session, args)
    this.#host.onTurnEnd(session)
    this.router.onTurnEnd(session)
  }

  #makeWaits(): Waits {
    const stage = this.#stage
    const { forwards, parking, roles } = this
    const { executor, space } = this.node
    return new Waits({
      selfId: this.id,
      space,
      call: executor.call,
      roles,
      forwards,
      parking,
      host: this.#host,
      peers: { ask: (...words) => this.#ask(...words) },
      run: (session, args) => this.#resume(session, args),
      ports: {
        wallMs: () => this.wallMs(),
        monotonicMs: () => stage.nowMs,
        after: (ms, run) => stage.after(ms, run),
      },
    })
  }

  #makeSpreads(): Spreads {
    const stage = this.#stage
    const { batches, forwards, parking, replica, roles, settings } = this
    const { dispatch, executor, space, state } = this.node
    const call = executor.call
    return new Spreads({
      selfId: this.id,
      node: state,
      space,
      call,
      dispatch,
      roles,
      batches,
      replica,
      forwards,
      parking,
      settings,
      host: this.#host,
      peers: { ask: (...words) => this.#ask(...words) },
      ports: {
        wallMs: () => this.wallMs(),
        monotonicMs: () => stage.nowMs,
        random32: () => state.ports.random32(),
        after: (ms, run) => stage.after(ms, run),
      },
      reachablePeers: () => [...stage.alive].filter((peer) => peer !== this.id),
    })
  }

  #makeRelay(): ChannelRelay {
    const stage = this.#stage
    return new ChannelRelay(this.node.state.channels, {
      peers: () => [...stage.alive].filter((peer) => peer !== this.id),
      send: (peer, count, body, length) => {
        if (this.deafTo.has(peer)) return false
        const own = Buffer.from(body.subarray(0, length))
        stage.messageFrames++
        stage.deliver(() => stage.node(peer).relay.onMessages(count, own, 0, length))
        return true
      },
      ask: (peer, count, body, length, counted) => {
        const own = Buffer.from(body.subarray(0, length))
        stage.messageFrames++
        if (this.deafTo.has(peer)) stage.after(1000, () => counted(undefined, 0, 0))
        else stage.deliver(() => stage.node(peer).#count(own, count, counted))
        return true
      },
      wake: () => {},
    })
  }

  #count(messages: Buffer, count: number, counted: Counted): void {
    const answer = this.relay.onShardMessages(count, messages, 0, messages.length)
    this.#stage.deliver(() => counted(answer?.bytes, 0, answer?.length ?? 0))
  }

  #makeBatches(monotonicMs: () => number): Batches {
    return new Batches({
      monotonicMs,
      sendEffects: (peer, frame) => {
        const { floor, length, number, previous } = frame
        const bytes = Buffer.from(frame.bytes.subarray(0, length))
        if (!this.#stage.alive.has(peer)) return false
        if (!this.deafTo.has(peer)) {
          this.#stage.deliver(() =>
            this.#stage.node(peer).onEffects(this, { number, previous, floor, bytes }),
          )
        }
        return true
      },
      onRefused: (_peer, refusal) => {
        if (refusal.slot >= 0) this.roles.unsettle(refusal.slot)
      },
      onMissed: () => {},
      onDoubt: (barriers) => {
        for (const barrier of barriers) barrier.onBatchFailed()
      },
      wake: () => {},
    })
  }

  onEffects(
    from: StageNode,
    batch: { number: number; previous: number; floor: number; bytes: Buffer },
  ): void {
    if (!this.isAlive) return
    const mayAct = (slot: number): boolean => this.roles.acceptsFrom(slot, from.id)
    this.replica.onEffects({ sender: from.id, ...batch }, mayAct, this.#stage.nowMs + this.skewMs)
    const acknowledgement = this.replica.acknowledgementFor(from.id)
    this.#stage.deliver(() => from.batches.onAcknowledged(this.id, acknowledgement))
  }

  #forward(peer: string, body: Buffer, length: number, answered: (outcome: ForwardOutcome) => void): void {
    const own = Buffer.from(body.subarray(0, length))
    if (!this.#stage.alive.has(peer)) {
      this.#stage.deliver(() => answered({ kind: 'failed', hasRunMaybe: false, isOverloaded: false }))
    } else if (this.deafTo.has(peer)) {
      this.#stage.after(4000, () => answered({ kind: 'failed', hasRunMaybe: true, isOverloaded: false }))
    } else this.#stage.deliver(() => this.#stage.node(peer).#serve(this.id, own, answered))
  }

  #serve(from: string, body: Buffer, answered: (outcome: ForwardOutcome) => void): void {
    const nowMs = this.#stage.nowMs + this.skewMs
    new Forwarded(this.#host, from, body, rawsAt(body), nowMs, (reply, length) => {
      const bytes = reply === undefined ? undefined : Buffer.from(reply.subarray(0, length))
      this.#stage.deliver(() => {
        if (bytes === undefined) answered({ kind: 'failed', hasRunMaybe: false, isOverloaded: false })
        else answered({ kind: 'answer', bytes, start: 0, end: bytes.length })
      })
    }).run()
  }

  #ask(
    peer: string,
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start = 0,
    end = body.length,
  ): void {
    const own = Buffer.from(body.subarray(start, end))
    const fail = (reason: 'deadline' | 'closed'): void => answered({ kind: 'failed', reason, detail: '' })
    if (!this.#stage.alive.has(peer)) return this.#stage.deliver(() => fail('closed'))
    if (this.deafTo.has(peer)) return this.#stage.after(deadlineMs, () => fail('deadline'))
    this.#stage.deliver(() => {
      const arrival = new Arrival()
      arrival.set(1, fields, own, 0, own.length)
      const from = {
        peer: { id: this.id },
        answer: (_correlation: number, words: readonly unknown[]) => {
          const answer = new Answer()
          answer.set(1, words, Buffer.alloc(0), 0, 0)
          this.#stage.deliver(() => answered(answer))
        },
        fail: () => this.#stage.deliver(() => fail('closed')),
      }
      this.#stage.node(peer).#bound.handlerOf(verb.number)!(from as unknown as Correspondent, arrival)
    })
  }
}

/** One client: its replies in order, its requests held back while it is blocked. */
export class StageClient implements SessionLink {
  readonly session: Session
  readonly queuedBytes = 0
  readonly pendingBytes = 0
  readonly bufferBytes = 0
  readonly remoteAddress = '127.0.0.1:1'
  readonly localAddress = '127.0.0.1:2'
  readonly descriptor = 8
  readonly #stage: MeshStage
  readonly #node: StageNode
  readonly #slots: ReplySlots
  readonly #requests: Args[] = []
  #isBlocked = false
  #isRunning = false

  constructor(stage: MeshStage, node: StageNode) {
    this.#stage = stage
    this.#node = node
    const slabs = new SlabPool()
    const writer = new ReplyWriter(slabs)
    this.#slots = new ReplySlots(writer, slabs)
    this.session = new Session(1, writer, this, stage.nowMs)
    this.session.isAuthenticated = true
  }

  /** Sends without waiting: lines of words split at spaces. */
  send(...lines: string[]): void {
    for (const line of lines) this.#requests.push(Args.from(...line.split(' ')))
    this.#pump()
  }

  /** Sends, waits until every reply is there, and answers them as they came over the wire. */
  ask(...lines: string[]): string {
    this.send(...lines)
    this.#stage.settle(() => this.isAnswered)
    return this.read()
  }

  get isAnswered(): boolean {
    return this.#requests.length === 0 && !this.#isBlocked && !this.#hasOpenSlots()
  }

  read(): string {
    this.#slots.release()
    const { output } = this.#slots
    const text = output.bytes.toString('latin1', 0, output.length)
    output.reset(true)
    return text
  }

  block(): void {
    this.#isBlocked = true
  }
  unblock(): void {
    this.#isBlocked = false
    this.#stage.deliver(() => this.#pump())
  }
  markDirty(): void {}
  openSlot(length?: number): number {
    return length === undefined ? this.#slots.open() : this.#slots.open(length)
  }
  distanceFrom(slot: number, length: number): number {
    return this.#slots.distanceFrom(slot, length)
  }
  fillSpan(slot: number, bytes: Buffer, start: number, end: number): void {
    this.fillSlot(slot, bytes.subarray(start, end))
  }
  fillSlot(slot: number, reply: Buffer): void {
    this.#slots.fill(slot, reply)
  }
  replaceReplies(slot: number, distances: readonly number[], error: Buffer): void {
    this.#slots.replace(slot, distances, error)
  }
  closeAfterFlush(): void {}
  destroy(): void {}
  listens(): void {}

  #hasOpenSlots(): boolean {
    this.#slots.release()
    return this.#slots.count > 0
  }

  #pump(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    while (!this.#isBlocked && this.#requests.length > 0) {
      this.#node.turn(this.session, this.#requests.shift()!)
    }
    this.#isRunning = false
  }
}

/** A key of the given member's slots: `name`, then `name1`, `name2` ... until one fits. */
export function keyOf(number: number, name: string, count = 3): string {
  for (let i = 0; ; i++) {
    const key = `${name}${i}`
    if (slotOf(Buffer.from(key), 0, key.length) % count === number) return key
  }
}
