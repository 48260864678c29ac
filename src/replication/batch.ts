/**
 * Batch [Machine]: the effects of one round of the event loop on one group of owners, and who has confirmed them.
 *
 *   open -> sent -> confirmed by a quorum -> confirmed by all
 *                   |                        |
 *                   barriers that want a quorum, barriers that want all
 *
 * A peer answers for a batch once: applied, refused, or lost with its link. When the answers still possible can no longer
 * make what a barrier wants, the write is in doubt. It knows neither links nor bytes' meaning.
 */
import type { ByteWriter } from '../store/byte-writer.ts'
import type { Barrier } from './barrier.ts'

const NOBODY: readonly Barrier[] = []

export class Batch {
  readonly number: number
  readonly writer: ByteWriter
  /** Confirmations of others that make a quorum with our own, and that make all. */
  readonly acksForQuorum: number
  readonly acksForAll: number
  sentMs = 0
  #acks = 0
  #nays = 0
  #quorumBarriers: Barrier[] = []
  #allBarriers: Barrier[] = []
  #doubtful: Barrier[] = []

  constructor(number: number, writer: ByteWriter, acksForQuorum: number, acksForAll: number) {
    this.number = number
    this.writer = writer
    this.acksForQuorum = acksForQuorum
    this.acksForAll = acksForAll
  }

  /** Nobody has more to say. */
  get isAnswered(): boolean {
    return this.#acks + this.#nays >= this.acksForAll
  }

  get isWaitedFor(): boolean {
    return this.#quorumBarriers.length > 0 || this.#allBarriers.length > 0
  }

  /** The barrier's turn wrote into this batch; a turn writes many times, and counts once. */
  join(barrier: Barrier): void {
    if (this.#acks >= (barrier.wantsAll ? this.acksForAll : this.acksForQuorum)) return
    const barriers = barrier.wantsAll ? this.#allBarriers : this.#quorumBarriers
    if (barriers.at(-1) === barrier) return
    barriers.push(barrier)
    barrier.expectOneMore()
  }

  onAck(): void {
    this.#acks++
    this.#judge()
  }

  /** Refused, or lost on the way: this peer's confirmation will not come. */
  onNay(): void {
    this.#nays++
    this.#judge()
  }

  /** Time is up for those who still wait. */
  expire(): void {
    for (const barrier of [...this.#take('quorum'), ...this.#take('all')]) barrier.onBatchFailed()
  }

  /** Those whom the answers still possible cannot satisfy: they wait here no longer, and are the caller's. */
  takeDoubtful(): readonly Barrier[] {
    if (this.#doubtful.length === 0) return NOBODY
    const doubtful = this.#doubtful
    this.#doubtful = []
    return doubtful
  }

  #judge(): void {
    const possible = this.acksForAll - this.#nays
    if (this.#acks >= this.acksForQuorum) this.#confirm('quorum')
    else if (possible < this.acksForQuorum) this.#doubt('quorum')
    if (this.#acks >= this.acksForAll) this.#confirm('all')
    else if (possible < this.acksForAll) this.#doubt('all')
  }

  #confirm(level: 'quorum' | 'all'): void {
    for (const barrier of this.#take(level)) barrier.onBatchConfirmed()
  }

  #doubt(level: 'quorum' | 'all'): void {
    this.#doubtful.push(...this.#take(level))
  }

  #take(level: 'quorum' | 'all'): readonly Barrier[] {
    const taken = level === 'all' ? this.#allBarriers : this.#quorumBarriers
    if (taken.length === 0) return taken
    if (level === 'all') this.#allBarriers = []
    else this.#quorumBarriers = []
    return taken
  }
}
