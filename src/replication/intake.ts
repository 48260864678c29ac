/**
 * Intake [Machine]: slots on their way to this node: what is wanted from whom, in which order, how much at a time and how
 * fast. Who wants a slot names an owner that has it and is told once whether it is here.
 *
 *   wanted -> nothing, or next to nothing, is here: streamed, many in a row  -> done | failed
 *          -> nearly all is here: versions compared, differences pulled      -> done | failed
 *
 * Slots that requests wait for come first and neither wait for a place nor for the throttle; then those this node acts
 * for; then its copies. What fails is the caller's to try again. It decides neither what is needed nor who is right.
 */
import { SlotPull, type ExchangeParts } from './slot-pull.ts'
import { SlotStream } from './slot-stream.ts'
import { Throttle } from './throttle.ts'

export interface IntakePorts {
  monotonicMs(): number
  /** Slots that requests wait for. */
  waitingSlots(): Iterable<number>
}

export interface IntakeLimits {
  /** Frames on their way to this node: each stream has one. */
  streamsMax: number
  /** Beside them, for slots that requests wait for. */
  hotStreamsMax: number
  slotsPerStream: number
  /** Slots being compared at the same time: each has at most one page, or its entries, on the way. */
  comparisonsMax: number
  /** With more keys than this a slot is compared, whoever says that it is new here. */
  streamedKeysMax: number
}

/** One slot on its way from one owner. */
export interface Wanted {
  readonly slot: number
  readonly peerId: string
  /** This node will act for it: requests are about to wait. */
  readonly isClaim: boolean
  /** Hardly anything of it is here. */
  readonly isNew: boolean
  /** False: what it was wanted for is over. */
  isNeeded(): boolean
  readonly done: (isDone: boolean) => void
}

/** What waits to come from one owner. */
interface Lane {
  readonly peerId: string
  /** By slot. */
  readonly streamed: Map<number, Wanted>
  readonly compared: Map<number, Wanted>
  /** Under way. */
  streams: number
}

export class Intake {
  limits: IntakeLimits = {
    streamsMax: 4,
    hotStreamsMax: 2,
    slotsPerStream: 64,
    comparisonsMax: 32,
    streamedKeysMax: 256,
  }
  readonly throttle = new Throttle()
  readonly counters = { wanted: 0, succeeded: 0, failed: 0, dropped: 0, streams: 0, comparisons: 0 }
  readonly #parts: ExchangeParts
  readonly #ports: IntakePorts
  readonly #lanes = new Map<string, Lane>()
  readonly #paused = new Set<SlotStream>()
  #streams = 0
  #hotStreams = 0
  #comparisons = 0
  #queued = 0
  #isPumping = false
  #isPumpDue = false

  constructor(parts: ExchangeParts, ports: IntakePorts) {
    this.#parts = parts
    this.#ports = ports
  }

  /** Slots that wait for their turn. */
  get queuedCount(): number {
    return this.#queued
  }

  get underWayCount(): number {
    return this.#streams + this.#hotStreams + this.#comparisons
  }

  /** `done` follows exactly once, not within the call; false when it was needed no longer, or wanted anew, before its turn. */
  want(wanted: Wanted): void {
    const lane = this.#laneOf(wanted.peerId)
    const keys = this.#keysIn(wanted.slot)
    const isStreamed = keys === 0 || (wanted.isNew && keys <= this.limits.streamedKeysMax)
    const queue = isStreamed ? lane.streamed : lane.compared
    const former = queue.get(wanted.slot)
    queue.set(wanted.slot, wanted)
    this.#queued++
    this.counters.wanted++
    if (former !== undefined) this.#letGo(former)
  }

  /**
   * All that has a place begins; asked for once what is wanted together has been named. Who is told that its slot was
   * let go may ask for this again: that is done after this round, not within it.
   */
  pump(): void {
    this.#isPumpDue = true
    if (this.#isPumping) return
    this.#isPumping = true
    while (this.#isPumpDue) {
      this.#isPumpDue = false
      if (this.#queued > 0) this.#beginAll()
    }
    this.#isPumping = false
  }

  #beginAll(): void {
    const hot = new Set(this.#ports.waitingSlots())
    const mayBegin = this.throttle.mayBegin(this.#ports.monotonicMs())
    for (const lane of this.#lanes.values()) {
      if (hot.size > 0) this.#beginHot(lane, hot)
      if (mayBegin) this.#beginComparisons(lane)
    }
    if (mayBegin) this.#beginStreams()
  }

  onTick(): void {
    for (const stream of [...this.#paused]) {
      this.#paused.delete(stream)
      stream.goOn()
    }
    this.pump()
  }

  #keysIn(slot: number): number {
    return this.#parts.space.index.countOf(slot)
  }

  #letGo(wanted: Wanted): void {
    this.#queued--
    this.counters.dropped++
    wanted.done(false)
  }

  /** Out of the queue; undefined: it is not needed any more, or another has taken its place meanwhile. */
  #take(queue: Map<number, Wanted>, wanted: Wanted): Wanted | undefined {
    if (queue.get(wanted.slot) !== wanted) return undefined
    queue.delete(wanted.slot)
    if (!wanted.isNeeded()) {
      this.#letGo(wanted)
      return undefined
    }
    this.#queued--
    return wanted
  }

  #laneOf(peerId: string): Lane {
    let lane = this.#lanes.get(peerId)
    if (lane === undefined) {
      lane = { peerId, streamed: new Map(), compared: new Map(), streams: 0 }
      this.#lanes.set(peerId, lane)
    }
    return lane
  }

  #beginHot(lane: Lane, hot: ReadonlySet<number>): void {
    const { compared, streamed } = lane
    const batch: Wanted[] = []
    for (const slot of hot) {
      const isFull = this.#hotStreams >= this.limits.hotStreamsMax
      const wanted = isFull ? undefined : streamed.get(slot)
      if (wanted !== undefined && batch.length < this.limits.slotsPerStream) batch.push(wanted)
      const pulled = compared.get(slot)
      if (pulled !== undefined && this.#comparisons < this.limits.comparisonsMax)
        this.#compare(compared, pulled)
    }
    if (batch.length > 0) this.#stream(lane, batch, true)
  }

  /** From all owners at once: each has clients to serve beside it. */
  #beginStreams(): void {
    while (this.#streams < this.limits.streamsMax) {
      let idlest: Lane | undefined
      for (const lane of this.#lanes.values()) {
        if (lane.streamed.size > 0 && lane.streams < (idlest?.streams ?? Number.POSITIVE_INFINITY))
          idlest = lane
      }
      if (idlest === undefined) return
      this.#stream(idlest, this.#nextOf(idlest.streamed), false)
    }
  }

  /** Those this node acts for before its copies. */
  #nextOf(streamed: ReadonlyMap<number, Wanted>): Wanted[] {
    const { slotsPerStream } = this.limits
    const batch: Wanted[] = []
    for (const isClaim of [true, false]) {
      for (const wanted of streamed.values()) {
        if (batch.length >= slotsPerStream) return batch
        if (wanted.isClaim === isClaim) batch.push(wanted)
      }
      if (batch.length > 0) return batch
    }
    return batch
  }

  #stream(lane: Lane, batch: readonly Wanted[], isHot: boolean): void {
    const needed = batch.filter((wanted) => this.#take(lane.streamed, wanted) !== undefined)
    if (needed.length === 0) return
    const bySlot = new Map(needed.map((wanted) => [wanted.slot, wanted]))
    this.counters.streams++
    this.#count(lane, isHot, 1)
    const slots = [...bySlot.keys()]
    const stream: SlotStream = new SlotStream(this.#parts, lane.peerId, slots, {
      mayGoOn: () => isHot || this.#mayGoOn(stream),
      onFrame: (bytes) => this.throttle.onMoved(bytes),
      onSlot: (slot, isDone) => this.#onDone(bySlot.get(slot)!, isDone),
      onEnd: () => {
        this.#count(lane, isHot, -1)
        this.pump()
      },
    })
    stream.goOn()
  }

  #count(lane: Lane, isHot: boolean, change: 1 | -1): void {
    if (isHot) this.#hotStreams += change
    else {
      this.#streams += change
      lane.streams += change
    }
  }

  #mayGoOn(stream: SlotStream): boolean {
    if (this.throttle.mayBegin(this.#ports.monotonicMs())) return true
    this.#paused.add(stream)
    return false
  }

  #beginComparisons({ compared }: Lane): void {
    for (const wanted of compared.values()) {
      if (this.#comparisons >= this.limits.comparisonsMax) return
      this.#compare(compared, wanted)
    }
  }

  #compare(queue: Map<number, Wanted>, wanted: Wanted): void {
    if (this.#take(queue, wanted) === undefined) return
    this.#comparisons++
    this.counters.comparisons++
    const pull: SlotPull = new SlotPull(this.#parts, wanted.peerId, wanted.slot, (isDone) => {
      this.#comparisons--
      this.throttle.onMoved(pull.bytes)
      this.#onDone(wanted, isDone)
      this.pump()
    })
    pull.start()
  }

  #onDone(wanted: Wanted, isDone: boolean): void {
    if (isDone) this.counters.succeeded++
    else this.counters.failed++
    wanted.done(isDone)
  }
}
