/**
 * Expiry cycle [Machine]: removes entries whose time has come even if nobody asks for them. Each slot knows a lower
 * bound of its next expiry, so a cycle visits only slots where something is due and stops when its time is used up;
 * large slots are walked in pieces. What is left waits for the next cycle (and lookups never show it anyway).
 */
import { SLOT_COUNT } from './hash-slot.ts'
import type { Keyspace } from './keyspace.ts'

const WALK_COUNT = 1024

export class ExpiryCycle {
  /** Cycles that ran out of time before everything due was gone. */
  timeLimitReached = 0
  /** Estimate: share of visited entries that were due, as a percentage (INFO expired_stale_perc). */
  stalePercent = 0
  readonly #space: Keyspace
  readonly #monotonicUs: () => number
  #slot = 0
  #hash = 0
  #nextMs = Number.POSITIVE_INFINITY
  readonly #refs: number[] = []

  constructor(space: Keyspace, monotonicUs: () => number) {
    this.#space = space
    this.#monotonicUs = monotonicUs
  }

  /** Removes due entries for at most `budgetUs`; answers how many went. */
  run(nowMs: number, budgetUs: number): number {
    const space = this.#space
    space.nowMs = nowMs
    if (this.#hash === 0 && nowMs < space.expiries.earliestMs) return 0
    const startUs = this.#monotonicUs()
    let removed = 0
    for (let visited = 0; visited <= SLOT_COUNT; visited++) {
      if (this.#hash !== 0 || space.expiries.nextMs[this.#slot]! <= nowMs) {
        removed += this.#visit(nowMs)
        if (this.#monotonicUs() - startUs > budgetUs) {
          this.timeLimitReached++
          return removed
        }
        if (this.#hash !== 0) continue
      }
      this.#slot = (this.#slot + 1) & (SLOT_COUNT - 1)
    }
    space.expiries.raiseEarliest()
    return removed
  }

  /** One piece of the current slot. */
  #visit(nowMs: number): number {
    const space = this.#space
    const slot = this.#slot
    if (this.#hash === 0) {
      this.#nextMs = Number.POSITIVE_INFINITY
      space.expiries.beginVisit(slot)
    }
    const refs = this.#refs
    refs.length = 0
    this.#hash = space.index.walk(slot, this.#hash, WALK_COUNT, refs)
    let removed = 0
    for (const ref of refs) {
      const expiryMs = space.entries.expiryOf(ref)
      if (expiryMs === 0) continue
      if (expiryMs <= nowMs) {
        space.vanish(ref, 'expired')
        removed++
      } else if (expiryMs < this.#nextMs) this.#nextMs = expiryMs
    }
    if (refs.length > 0) this.stalePercent += ((removed * 100) / refs.length - this.stalePercent) * 0.05
    space.expiries.mayBeDue(slot, this.#nextMs)
    return removed
  }
}
