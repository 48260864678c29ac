/**
 * Spread [Rule]: who owns a piece of the circle, chosen among its candidates: each copy goes to the data centre that has
 * the fewest of this piece, there to the zone that has the fewest, there to the member whose point seems nearest.
 * A member's distance is seen through its factor: above 1 it seems farther than it is, and owns less.
 * It refuses to know why a factor is what it is.
 */
import type { Circle } from './circle.ts'
import { evenLevel, type Topology, zonesOfDc } from './topology.ts'

/** A copy in the same data centre weighs more than any number of them in the same zone. */
const DC_SCORE = 64

export class Spread {
  /** Those of piece p begin at p * copies, in the order chosen. */
  readonly owners: Uint16Array
  readonly distances: Float64Array
  /** Slots each member owns a copy of. */
  readonly loads: Float64Array
  readonly #circle: Circle
  readonly #topology: Topology
  readonly #copies: number
  /** By copy: the lowest score that can still be had; whoever has it and is near needs no further search. */
  readonly #scoreFloors: Int32Array
  /** By rank: how far the owners chosen so far seem. */
  readonly #seen: Float64Array
  readonly #isTaken: Uint8Array
  readonly #zoneCopies: Uint8Array
  readonly #dcCopies: Uint8Array

  constructor(circle: Circle, topology: Topology, copies: number) {
    this.#circle = circle
    this.#topology = topology
    this.#copies = copies
    this.owners = new Uint16Array(circle.pieceCount * copies)
    this.distances = new Float64Array(circle.pieceCount * copies)
    this.loads = new Float64Array(topology.ids.length)
    this.#scoreFloors = Int32Array.from({ length: copies }, (_, copy) => scoreFloor(topology, copy))
    this.#seen = new Float64Array(copies)
    this.#isTaken = new Uint8Array(circle.candidateCount)
    this.#zoneCopies = new Uint8Array(topology.zoneSizes.length)
    this.#dcCopies = new Uint8Array(topology.dcSizes.length)
  }

  choose(factors: Float64Array): void {
    let factorMin = Infinity
    for (const factor of factors) factorMin = Math.min(factorMin, factor)
    const isUngrouped = this.#topology.zoneSizes.length === 1
    this.loads.fill(0)
    for (let piece = 0; piece < this.#circle.pieceCount; piece++) {
      if (isUngrouped) this.#chooseNearest(piece, factors, factorMin)
      else this.#chooseFor(piece, factors, factorMin)
    }
  }

  /** What `#chooseFor` comes to when all members are alike: the nearest, in one pass. */
  #chooseNearest(piece: number, factors: Float64Array, factorMin: number): void {
    const { candidates, distances, candidateCount, slotCounts } = this.#circle
    const owners = this.owners
    const seen = this.#seen
    const copies = this.#copies
    const base = piece * candidateCount
    const start = piece * copies
    let count = 0
    for (let at = base; at < base + candidateCount; at++) {
      const distance = distances[at]!
      const isFull = count === copies
      if (isFull && distance * factorMin >= seen[copies - 1]!) break
      const member = candidates[at]!
      const seenHere = distance * factors[member]!
      if (isFull && seenHere >= seen[copies - 1]!) continue
      let rank = isFull ? copies - 1 : count++
      for (; rank > 0 && seen[rank - 1]! > seenHere; rank--) {
        seen[rank] = seen[rank - 1]!
        owners[start + rank] = owners[start + rank - 1]!
        this.distances[start + rank] = this.distances[start + rank - 1]!
      }
      seen[rank] = seenHere
      owners[start + rank] = member
      this.distances[start + rank] = distance
    }
    for (let at = start; at < start + copies; at++) this.loads[owners[at]!]! += slotCounts[piece]!
  }

  #chooseFor(piece: number, factors: Float64Array, factorMin: number): void {
    const { candidates, distances, candidateCount, slotCounts } = this.#circle
    const { zoneOf, dcOf } = this.#topology
    const base = piece * candidateCount
    this.#isTaken.fill(0)
    for (let copy = 0; copy < this.#copies; copy++) {
      const chosen = this.#nearest(base, factors, factorMin, this.#scoreFloors[copy]!)
      const member = candidates[base + chosen]!
      this.#isTaken[chosen] = 1
      this.#zoneCopies[zoneOf[member]!]!++
      this.#dcCopies[dcOf[member]!]!++
      this.owners[piece * this.#copies + copy] = member
      this.distances[piece * this.#copies + copy] = distances[base + chosen]!
      this.loads[member]! += slotCounts[piece]!
    }
    for (let copy = 0; copy < this.#copies; copy++) {
      const member = this.owners[piece * this.#copies + copy]!
      this.#zoneCopies[zoneOf[member]!] = 0
      this.#dcCopies[dcOf[member]!] = 0
    }
  }

  #nearest(base: number, factors: Float64Array, factorMin: number, scoreFloor: number): number {
    const { candidates, distances, candidateCount } = this.#circle
    const { zoneOf, dcOf } = this.#topology
    let best = -1
    let bestScore = 0
    let bestSeen = 0
    for (let at = 0; at < candidateCount; at++) {
      if (this.#isTaken[at] === 1) continue
      const distance = distances[base + at]!
      if (best >= 0 && bestScore === scoreFloor && distance * factorMin >= bestSeen) break
      const member = candidates[base + at]!
      const score = this.#dcCopies[dcOf[member]!]! * DC_SCORE + this.#zoneCopies[zoneOf[member]!]!
      const seen = distance * factors[member]!
      if (best >= 0 && (score > bestScore || (score === bestScore && seen >= bestSeen))) continue
      best = at
      bestScore = score
      bestSeen = seen
    }
    return best
  }
}

/** With `copy` copies placed, no data centre and no zone has fewer of them than this says. */
function scoreFloor(topology: Topology, copy: number): number {
  const dcCopies = evenLevel(topology.dcSizes, copy + 1) - 1
  let zoneCopies = Infinity
  for (const [dc, size] of topology.dcSizes.entries()) {
    if (size <= dcCopies) continue
    const sizes = zonesOfDc(topology, dc).map((zone) => topology.zoneSizes[zone]!)
    zoneCopies = Math.min(zoneCopies, evenLevel(sizes, dcCopies + 1) - 1)
  }
  return dcCopies * DC_SCORE + zoneCopies
}
