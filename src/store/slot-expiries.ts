/**
 * Slot expiries [Machine]: who expires, counted. Per database how many entries do; per slot how many, and a lower
 * bound of when the next one does, so that the expiry cycle visits only slots where something may be due.
 */
import { SLOT_COUNT } from './hash-slot.ts'

export class SlotExpiries {
  readonly perDatabase: Float64Array
  readonly perSlot = new Uint32Array(SLOT_COUNT)
  readonly nextMs = new Float64Array(SLOT_COUNT).fill(Number.POSITIVE_INFINITY)

  /** A lower bound of all of them. */
  earliestMs = Number.POSITIVE_INFINITY

  constructor(databaseCount: number) {
    this.perDatabase = new Float64Array(databaseCount)
  }

  /** An entry's expiry became another one; 0 = it does not expire. */
  onChanged(slot: number, database: number, before: number, after: number): void {
    if (before !== 0 && after === 0) {
      this.perSlot[slot]!--
      this.perDatabase[database]!--
    } else if (before === 0 && after !== 0) {
      this.perSlot[slot]!++
      this.perDatabase[database]!++
    }
    if (after !== 0) this.mayBeDue(slot, after)
  }

  /** An entry that expires is gone. */
  onGone(slot: number, database: number): void {
    this.perDatabase[database]!--
    if (--this.perSlot[slot]! === 0) this.nextMs[slot] = Number.POSITIVE_INFINITY
  }

  mayBeDue(slot: number, expiryMs: number): void {
    if (expiryMs < this.nextMs[slot]!) this.nextMs[slot] = expiryMs
    if (expiryMs < this.earliestMs) this.earliestMs = expiryMs
  }

  /** The cycle begins to visit the slot: entries it passes and changes in the meantime set the bound anew. */
  beginVisit(slot: number): void {
    this.nextMs[slot] = Number.POSITIVE_INFINITY
  }

  /** After a cycle that has seen every slot. */
  raiseEarliest(): void {
    let earliestMs = Number.POSITIVE_INFINITY
    const { nextMs } = this
    for (let slot = 0; slot < nextMs.length; slot++)
      if (nextMs[slot]! < earliestMs) earliestMs = nextMs[slot]!
    this.earliestMs = earliestMs
  }

  reset(): void {
    this.earliestMs = Number.POSITIVE_INFINITY
    this.perDatabase.fill(0)
    this.perSlot.fill(0)
    this.nextMs.fill(Number.POSITIVE_INFINITY)
  }
}
