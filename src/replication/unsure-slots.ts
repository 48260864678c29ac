/**
 * Unsure slots [Data]: in which slots something was written here that no quorum is known to hold. Whoever answers from
 * what lies there, without writing anything that would be confirmed, has to ask first (idle-writes.ts).
 *
 *   written -> its batch is outstanding -> a quorum has it                : sure
 *                                       -> too few will ever confirm it   : unsure, until the slot has been settled anew
 *
 * Batches are numbered in the order of their beginnings: a slot is sure when the last batch that wrote into it is older than
 * all that are outstanding. It asks nobody.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'

export class UnsureSlots {
  readonly #lastBatchOf = new Float64Array(SLOT_COUNT)
  readonly #hasFailed = new Uint8Array(SLOT_COUNT)
  /** Numbers of batches, oldest first. */
  readonly #outstanding = new Set<number>()

  onBegun(batch: number): void {
    this.#outstanding.add(batch)
  }

  onWritten(slot: number, batch: number): void {
    this.#lastBatchOf[slot] = batch
  }

  /** A quorum has it, or never will: then its slots are marked. False: that was known. */
  onEnded(batch: number): boolean {
    return this.#outstanding.delete(batch)
  }

  /** What was written into the slot will not be confirmed. */
  mark(slot: number): void {
    this.#hasFailed[slot] = 1
  }

  /** Whatever lies there has been brought to a quorum. */
  onSettled(slots: readonly number[]): void {
    for (const slot of slots) this.#hasFailed[slot] = 0
  }

  isSure(slot: number): boolean {
    if (this.#hasFailed[slot] === 1) return false
    for (const oldest of this.#outstanding) return this.#lastBatchOf[slot]! < oldest
    return true
  }
}
