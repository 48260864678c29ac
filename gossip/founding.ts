/*
 * Founding: may this member found a mesh now, where it hears of none?
 *
 * The idea: two halves of a start must not found two, so of those who start anew only the first seed may (Pekko). Who was
 * given up may as well, where a majority of its former mesh is with it: no other side can have one. The first seed has
 * the first word; should it not be there, or know other seeds by now, the others follow in the order of their ids, one at
 * a time, so that what one of them founds is heard by the next. It counts, and asks nobody. Shape: rule.
 */
import type { MembershipTimings } from './membership-timings.ts'

/** Whom a member that is in no mesh has in sight. */
export interface Sight {
  readonly isFirstSeed: boolean
  /** This member included. */
  readonly aliveCount: number
  /** Those of them whose ids come before its own. */
  readonly aheadCount: number
}

export class Founding {
  readonly #timings: MembershipTimings
  /** So many must be in sight: of a mesh that gave this member up a majority. */
  #foundersMin = 1
  #waitingSinceMs = 0

  constructor(timings: MembershipTimings) {
    this.#timings = timings
  }

  /** A majority of nobody: whoever has no seeds but itself may found a mesh at once. */
  get needsNobody(): boolean {
    return this.#foundersMin === 1
  }

  onLife(nowMs: number): void {
    this.#waitingSinceMs = nowMs
  }

  /** By a mesh of so many. */
  onGivenUp(size: number): void {
    this.#foundersMin = Math.floor(size / 2) + 1
  }

  isDue(nowMs: number, { aheadCount, aliveCount, isFirstSeed }: Sight): boolean {
    if (aliveCount < this.#foundersMin) this.#waitingSinceMs = nowMs
    const waitedMs = nowMs - this.#waitingSinceMs
    const { refoundAfterMs, seedTimeoutMs } = this.#timings
    if (this.needsNobody) return isFirstSeed && waitedMs >= seedTimeoutMs
    return waitedMs >= refoundAfterMs * (isFirstSeed ? 1 : 2 + aheadCount)
  }
}
