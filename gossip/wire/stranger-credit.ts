/*
 * How much a stranger who asked without a key may be answered: never more bytes than it sent.
 *
 * The idea: a source address can be forged, so whoever answers longer than it is asked is a weapon in somebody's hand.
 * What an unknown address has sent is its credit, what goes back is taken from it - also answers that come later,
 * from a relay. One that was pushed out of this memory counts as one that never asked. Shape: machine.
 */
import type { Address } from '../ports.ts'
import { Generations } from './generations.ts'

/** Longer than any answer takes to be found. */
const CREDIT_LIFE_MS = 10_000

export class StrangerCredit {
  readonly #credits: Generations<{ leftBytes: number }>

  constructor(strangersCountMax: number) {
    this.#credits = new Generations(CREDIT_LIFE_MS, strangersCountMax)
  }

  get strangersCount(): number {
    return this.#credits.count
  }

  onQuestion(from: Address, bytes: number, nowMs: number): void {
    const credit = this.#credits.get(from, nowMs)
    if (credit === undefined) this.#credits.set(from, { leftBytes: bytes }, nowMs)
    else credit.leftBytes += bytes
  }

  /** Undefined for one that did not ask: what goes there is no answer. */
  leftFor(to: Address, nowMs: number): number | undefined {
    return this.#credits.get(to, nowMs)?.leftBytes
  }

  spend(to: Address, bytes: number, nowMs: number): void {
    const credit = this.#credits.get(to, nowMs)
    if (credit !== undefined) credit.leftBytes -= bytes
  }
}
