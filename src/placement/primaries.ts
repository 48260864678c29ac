/**
 * Primaries [Rule]: which owner of a piece comes first: the one whose point seems nearest, through factors of their own.
 * Owners hold the copy anyway, so primaries can be shared out far more evenly than copies without moving a byte.
 * It refuses to know members that are not owners.
 */
import type { Circle } from './circle.ts'
import type { Spread } from './spread.ts'

export class Primaries {
  /** By piece: which of its owners, in the order they were chosen. */
  readonly choices: Uint8Array
  /** Slots each member is the primary of. */
  readonly loads: Float64Array
  readonly #circle: Circle
  readonly #spread: Spread
  readonly #copies: number

  constructor(circle: Circle, spread: Spread, copies: number) {
    this.#circle = circle
    this.#spread = spread
    this.#copies = copies
    this.choices = new Uint8Array(circle.pieceCount)
    this.loads = new Float64Array(spread.loads.length)
  }

  choose(factors: Float64Array): void {
    const { owners, distances } = this.#spread
    this.loads.fill(0)
    for (let piece = 0; piece < this.#circle.pieceCount; piece++) {
      const start = piece * this.#copies
      let best = 0
      let bestSeen = Infinity
      for (let copy = 0; copy < this.#copies; copy++) {
        const seen = distances[start + copy]! * factors[owners[start + copy]!]!
        if (seen >= bestSeen) continue
        best = copy
        bestSeen = seen
      }
      this.choices[piece] = best
      this.loads[owners[start + best]!]! += this.#circle.slotCounts[piece]!
    }
  }
}
