/**
 * Whole slots [Data]: of which of its slots this node knows all that was confirmed. What it has just come to own, and
 * all of it after it was out of the mesh, is missing until it has been learnt. It does not know how.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'

export class WholeSlots {
  /** Owned slots of which this node has no memory. */
  missing = 0
  ownedCount = 0
  readonly #isOwned = new Uint8Array(SLOT_COUNT)
  readonly #isWhole = new Uint8Array(SLOT_COUNT)

  isOwned(slot: number): boolean {
    return this.#isOwned[slot] === 1
  }

  isWhole(slot: number): boolean {
    return this.#isWhole[slot] === 1
  }

  /** Is it missing? */
  isMissing(slot: number): boolean {
    return this.#isOwned[slot] === 1 && this.#isWhole[slot] === 0
  }

  /** The slot is this node's, or not; answers whether it has just become so. */
  own(slot: number, isOwned: boolean): boolean {
    const isNew = isOwned && this.#isOwned[slot] === 0
    if (isNew || !isOwned) this.forget(slot)
    if (isOwned !== (this.#isOwned[slot] === 1)) {
      if (this.isMissing(slot)) this.missing--
      this.#isOwned[slot] = isOwned ? 1 : 0
      this.ownedCount += isOwned ? 1 : -1
      if (isOwned) this.missing++
    }
    return isNew
  }

  forget(slot: number): void {
    if (this.#isWhole[slot] === 0) return
    this.#isWhole[slot] = 0
    if (this.#isOwned[slot] === 1) this.missing++
  }

  /** All that was confirmed is here; false: it was already. */
  learn(slot: number): boolean {
    if (this.#isWhole[slot] === 1) return false
    if (this.#isOwned[slot] === 1) this.missing--
    this.#isWhole[slot] = 1
    return true
  }
}
