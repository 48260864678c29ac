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
 * Effects a peer did not get, or did not confirm before its link ended, are handed to `onMissed`: a hint will follow.
 * It knows no keys and no commands; who the owners are is told by `onGroups`.
 */
import { ByteWriter } from '../store/byte-writer.ts'
import type { Barrier } from './barrier.ts'
import { Batch } from './batch.ts'

/** One set of owners, as seen from this node. */
export interface Group {
  /** The other owners. */
  readonly peerIds: readonly string[]
  /** How many confirmations of others make a quorum of all owners together with our own. */
  readonly acksForQuorum: number
}

export interface BatchPorts {
  monotonicMs(): number
  /** Sends a frame of effects; false: it was not sent. */
  sendEffects(peerId: string, number: number, bytes: Buffer, length: number): boolean
  /** These effects did not reach the peer, or it is not known that they did. */
  onMissed(peerId: string, bytes: Buffer, length: number): void
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
}

const SPARE_WRITERS_MAX = 64

export class Batches {
  readonly counters = { batches: 0, bytes: 0, acknowledgements: 0, refusals: 0, missed: 0, expired: 0 }
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
  #last = 0

  constructor(ports: BatchPorts, limits: BatchLimits = { ...BATCH_LIMITS }) {
    this.#ports = ports
    this.limits = limits
  }

  /** Batches sent and not yet answered by everyone. */
  get waitingCount(): number {
    return this.#waiting.length
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
    return (this.#open[group] ?? this.#begin(group)).writer
  }

  /** The barrier stands for what was just written into this slot's batch. */
  join(slot: number, barrier: Barrier): void {
    this.#open[this.#groupOf[slot]!]?.join(barrier)
  }

  /** The end of a round: everything open leaves. */
  flush(): void {
    if (this.#openGroups.length === 0) return
    const nowMs = this.#ports.monotonicMs()
    for (const group of this.#openGroups) {
      const batch = this.#open[group]!
      this.#open[group] = null
      this.#send(this.#groups[group]!, batch, nowMs)
    }
    this.#openGroups.length = 0
  }

  /** The peer has applied all batches up to this number, save those it names as refused. */
  onAcknowledged(peerId: string, upTo: number, refused: ReadonlySet<number>): void {
    this.counters.acknowledgements++
    const lane = this.#lanes.get(peerId)
    if (lane === undefined) return
    while (lane.next < lane.batches.length && lane.batches[lane.next]!.number <= upTo) {
      const batch = lane.batches[lane.next++]!
      lane.bytes -= batch.writer.length
      if (refused.has(batch.number)) {
        this.counters.refusals++
        batch.onNay()
      } else batch.onAck()
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
    for (let i = lane.next; i < lane.batches.length; i++) this.#miss(peerId, lane.batches[i]!)
    this.#dropAnswered()
  }

  /** Those who waited too long are told. The batches themselves stay: their peers may still answer, or leave. */
  onTick(nowMs: number): void {
    for (const batch of this.#waiting) {
      if (nowMs - batch.sentMs < this.limits.confirmMs) break
      if (!batch.isWaitedFor) continue
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
      const hasRoom = lane.bytes + length <= this.limits.unconfirmedBytesMax
      if (hasRoom && this.#ports.sendEffects(peerId, batch.number, bytes, length)) {
        lane.batches.push(batch)
        lane.bytes += length
      } else this.#miss(peerId, batch)
    }
    if (batch.isAnswered) this.#recycle(batch)
    else this.#waiting.push(batch)
  }

  #miss(peerId: string, batch: Batch): void {
    this.counters.missed++
    this.#ports.onMissed(peerId, batch.writer.bytes, batch.writer.length)
    batch.onNay()
  }

  #laneOf(peerId: string): Lane {
    let lane = this.#lanes.get(peerId)
    if (lane === undefined) {
      lane = { batches: [], next: 0, bytes: 0 }
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
