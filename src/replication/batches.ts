/**
 * Batches [Machine]: effects on their way to the other owners.
 *
 * What this node's commands do within one round of the event loop is collected per group - one set of owners - and
 * leaves as one frame to each of them. Peers acknowledge cumulatively, "all batches up to n", and name what they refused,
 * so a round costs a handful of bytes to confirm however many writes it holds.
 *
 *   commands -> writerFor(slot) -> batch of the group --flush--> peer a  <- ack n
 *                                                     \--------> peer b  <- ack n
 *
 * Numbers are the node's own and skip for each peer, so a frame names the batch sent before it on the same link; the
 * first names 0. Effects a peer did not get, or did not confirm before its link ended, are handed to `onMissed`: a hint
 * will follow. It knows no keys and no commands; who the owners are is told by `onGroups`.
 */
import { hasRoomFor, slowestBytesPerMs } from '../mesh/frame.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import type { Barrier } from './barrier.ts'
import { Batch } from './batch.ts'
import type { Acknowledgement, Refusal } from './received.ts'

/** One set of owners, as seen from this node. */
export interface Group {
  /** The other owners. */
  readonly peerIds: readonly string[]
  /** How many confirmations of others make a quorum of all owners together with our own. */
  readonly acksForQuorum: number
}

/** Valid during the call. */
export interface EffectFrame {
  number: number
  previous: number
  floor: number
  bytes: Buffer
  length: number
}

export interface BatchPorts {
  monotonicMs(): number
  /** Sends a frame of effects; false: it was not sent. Nothing below `floor` is awaited any more. */
  sendEffects(peerId: string, frame: EffectFrame): boolean
  /** The peer will not apply this effect of ours. */
  onRefused(peerId: string, refusal: Refusal): void
  /** These effects did not reach the peer, or it is not known that they did. */
  onMissed(peerId: string, bytes: Buffer, length: number): void
  /** Too few peers will confirm these effects: whether they last is found out another way, or left open. */
  onDoubt(barriers: readonly Barrier[], bytes: Buffer, length: number, deadlineMs: number): void
  /** There is something to flush at the end of this round. */
  wake(): void
}

export interface BatchLimits {
  /** A write not confirmed after this long is answered as unconfirmed. */
  confirmMs: number
  /** Bytes sent to one peer and not acknowledged; beyond, it gets hints instead. */
  unconfirmedBytesMax: number
}

export const BATCH_LIMITS: BatchLimits = { confirmMs: 2000, unconfirmedBytesMax: 64 * 2 ** 20 }

/** What is on its way to one peer, oldest first. */
interface Lane {
  readonly batches: Batch[]
  next: number
  bytes: number
  /** The number sent last over this link. */
  last: number
  /** Acknowledged save for effects that wait for a whole entry over there. */
  readonly late: Map<number, Batch>
}

const SPARE_WRITERS_MAX = 64
const NO_BATCHES: readonly Batch[] = []

export class Batches {
  readonly counters = {
    batches: 0,
    bytes: 0,
    acknowledgements: 0,
    refusals: 0,
    missed: 0,
    overflowed: 0,
    expired: 0,
  }
  limits: BatchLimits
  readonly #ports: BatchPorts
  readonly #lanes = new Map<string, Lane>()
  readonly #waiting: Batch[] = []
  readonly #spares: ByteWriter[] = []
  #groups: readonly Group[] = []
  #groupOf: Uint16Array = new Uint16Array(16384)
  /** The open batch of each group, in this round. */
  #open: (Batch | null)[] = []
  readonly #openGroups: number[] = []
  #touched: Batch[] = []
  #last = 0
  readonly #frame: EffectFrame = { number: 0, previous: 0, floor: 0, bytes: Buffer.alloc(0), length: 0 }

  constructor(ports: BatchPorts, limits: BatchLimits = { ...BATCH_LIMITS }) {
    this.#ports = ports
    this.limits = limits
  }

  /** Batches sent and not yet answered by everyone. */
  get waitingCount(): number {
    return this.#waiting.length
  }

  /** What the peer that is farthest behind has yet to confirm. */
  get unconfirmedBytes(): number {
    let bytes = 0
    for (const lane of this.#lanes.values()) bytes = Math.max(bytes, lane.bytes)
    return bytes
  }

  /** The owners have changed; what is open leaves under the old ones. */
  onGroups(groups: readonly Group[], groupOf: Uint16Array): void {
    this.flush()
    this.#groups = groups
    this.#groupOf = groupOf
    this.#open = new Array<Batch | null>(groups.length).fill(null)
  }

  /** Where an effect on this slot is to be written now. */
  writerFor(slot: number): ByteWriter {
    const group = this.#groupOf[slot]!
    const batch = this.#open[group] ?? this.#begin(group)
    if (this.#touched.at(-1) !== batch) this.#touched.push(batch)
    return batch.writer
  }

  /** Has anything been written since that was last asked to be joined or forgotten? */
  get hasTouched(): boolean {
    return this.#touched.length > 0
  }

  /** The barrier stands for what was written since. */
  joinTouched(barrier: Barrier): void {
    for (const batch of this.#touched) batch.join(barrier)
    empty(this.#touched)
  }

  /** The barrier stands for all that has been sent and is not yet confirmed. */
  joinWaiting(barrier: Barrier): void {
    for (const batch of this.#waiting) if (!batch.isAnswered) batch.join(barrier)
  }

  /** Nobody waits for what was written since. */
  forgetTouched(): void {
    empty(this.#touched)
  }

  /** The end of a round: everything open leaves. */
  flush(): void {
    if (this.#openGroups.length === 0) return
    empty(this.#touched)
    const nowMs = this.#ports.monotonicMs()
    for (const group of this.#openGroups) {
      const batch = this.#open[group]!
      this.#open[group] = null
      this.#send(this.#groups[group]!, batch, nowMs)
    }
    empty(this.#openGroups)
  }

  /** The peer has applied all batches up to a number, save the exceptions it names. */
  onAcknowledged(peerId: string, acknowledgement: Acknowledgement): void {
    this.counters.acknowledgements++
    const lane = this.#lanes.get(peerId)
    if (lane === undefined) return
    const { upTo, waiting } = acknowledgement
    const late = lane.late.size === 0 ? NO_BATCHES : [...lane.late.values()]
    for (const batch of late) {
      if (waiting.includes(batch.number)) continue
      lane.late.delete(batch.number)
      lane.bytes -= batch.writer.length
      this.#answer(peerId, batch, acknowledgement)
    }
    while (lane.next < lane.batches.length && lane.batches[lane.next]!.number <= upTo) {
      const batch = lane.batches[lane.next++]!
      if (waiting.length > 0 && waiting.includes(batch.number)) {
        lane.late.set(batch.number, batch)
        continue
      }
      lane.bytes -= batch.writer.length
      this.#answer(peerId, batch, acknowledgement)
    }
    if (lane.next === lane.batches.length || lane.next >= 1024) {
      lane.batches.splice(0, lane.next)
      lane.next = 0
    }
    this.#dropAnswered()
  }

  /** The link to the peer has ended: what it has not confirmed may or may not have arrived. */
  onPeerGone(peerId: string): void {
    const lane = this.#lanes.get(peerId)
    if (lane === undefined) return
    this.#lanes.delete(peerId)
    for (const batch of lane.late.values()) this.#miss(peerId, batch)
    for (let i = lane.next; i < lane.batches.length; i++) this.#miss(peerId, lane.batches[i]!)
    this.#dropAnswered()
  }

  /** Those who waited too long are told. The batches themselves stay: their peers may still answer, or leave. */
  onTick(nowMs: number): void {
    for (const batch of this.#waiting) {
      if (nowMs - batch.sentMs < this.limits.confirmMs) break
      if (!batch.isWaitedFor || nowMs < this.#deadlineOf(batch)) continue
      this.counters.expired++
      batch.expire()
    }
    this.#dropAnswered()
  }

  #begin(group: number): Batch {
    const { acksForQuorum, peerIds } = this.#groups[group]!
    const writer = this.#spares.pop() ?? new ByteWriter()
    const batch = new Batch(++this.#last, writer, acksForQuorum, peerIds.length)
    this.#open[group] = batch
    this.#openGroups.push(group)
    if (this.#openGroups.length === 1) this.#ports.wake()
    return batch
  }

  #send(group: Group, batch: Batch, nowMs: number): void {
    batch.sentMs = nowMs
    this.counters.batches++
    this.counters.bytes += batch.writer.length
    const { bytes, length } = batch.writer
    for (const peerId of group.peerIds) {
      const lane = this.#laneOf(peerId)
      const hasRoom = hasRoomFor(length, lane.bytes, this.limits.unconfirmedBytesMax)
      if (!hasRoom) this.counters.overflowed++
      const frame = this.#frame
      frame.number = batch.number
      frame.previous = lane.last
      frame.floor = floorOf(lane, batch)
      frame.bytes = bytes
      frame.length = length
      if (hasRoom && this.#ports.sendEffects(peerId, frame)) {
        lane.batches.push(batch)
        lane.bytes += length
        lane.last = batch.number
      } else this.#miss(peerId, batch)
    }
    if (batch.isAnswered) this.#recycle(batch)
    else this.#waiting.push(batch)
  }

  #answer(peerId: string, batch: Batch, { refusals, lost }: Acknowledgement): void {
    const { number } = batch
    let isRefused = false
    for (const refusal of refusals) {
      if (refusal.batch !== number) continue
      isRefused = true
      this.#ports.onRefused(peerId, refusal)
    }
    if (isRefused) {
      this.counters.refusals++
      this.#onNay(batch)
    } else if (lost.length > 0 && lost.some(({ after, upTo }) => number > after && number <= upTo)) {
      this.#miss(peerId, batch)
    } else {
      batch.onAck()
    }
  }

  #miss(peerId: string, batch: Batch): void {
    this.counters.missed++
    this.#ports.onMissed(peerId, batch.writer.bytes, batch.writer.length)
    this.#onNay(batch)
  }

  #onNay(batch: Batch): void {
    batch.onNay()
    const { bytes, length } = batch.writer
    const doubtful = batch.takeDoubtful()
    if (doubtful.length === 0) return
    this.#ports.onDoubt(doubtful, bytes, length, this.#deadlineOf(batch))
  }

  /** Until when those who wait for it do; what is long takes its time on the way. */
  #deadlineOf(batch: Batch): number {
    return batch.sentMs + this.limits.confirmMs + Math.floor(batch.writer.length / slowestBytesPerMs)
  }

  #laneOf(peerId: string): Lane {
    let lane = this.#lanes.get(peerId)
    if (lane === undefined) {
      lane = { batches: [], next: 0, bytes: 0, last: 0, late: new Map() }
      this.#lanes.set(peerId, lane)
    }
    return lane
  }

  #dropAnswered(): void {
    let done = 0
    while (done < this.#waiting.length && this.#waiting[done]!.isAnswered)
      this.#recycle(this.#waiting[done++]!)
    if (done > 0) this.#waiting.splice(0, done)
  }

  #recycle(batch: Batch): void {
    if (this.#spares.length >= SPARE_WRITERS_MAX) return
    batch.writer.clear()
    this.#spares.push(batch.writer)
  }
}

/** The lowest number the lane still asks about. */
function floorOf(lane: Lane, batch: Batch): number {
  let floor = lane.next < lane.batches.length ? lane.batches[lane.next]!.number : batch.number
  for (const number of lane.late.keys()) floor = Math.min(floor, number)
  return floor
}

/** Keeps the room the list has: setting its length to 0 costs a call of the runtime, and growing again another. */
function empty(list: unknown[]): void {
  while (list.length > 0) list.pop()
}
