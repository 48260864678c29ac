/**
 * Circle [Rule]: every member's points on the circle of slots, and who is near.
 *
 * The circle is cut at every point into stretches, and those into pieces of a few slots. Going round it against the
 * clock, a list of members in which a passed point moves its member to the front is, anywhere, the members ordered by
 * how far ahead their next point lies: each piece takes its candidates from the front of that list. To be sure that
 * owners can be spread, a zone or data centre may not fill a piece's candidates alone.
 *
 *       ...ccc.bbbbb.a.cccccc.aa...     the point that ends a stretch belongs to the nearest member;
 *             c     b a      c  a       who comes next owns the copies
 *
 * It refuses to know loads and who is chosen.
 */
import { hashText } from '../hash.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { evenLevel, type Topology, zonesOfDc } from './topology.ts'

/** Slots of a piece: what changes hands at once. */
const PIECE_SLOTS_MAX = 4
/** Candidates of a piece beyond its owners: who may stand in for a member that has its share. */
const SPARE_CANDIDATES = 5
/** Where zones matter, so many candidates for every owner. */
const CANDIDATES_PER_COPY = 4
/** Hash units in a slot. */
const SLOT_SPAN = 2 ** 32 / SLOT_COUNT
/** All points of all members; beyond it every member has fewer in proportion. */
export const POINTS_MAX = 2 ** 20

export interface Circle {
  readonly pieceCount: number
  /** By piece: its first slot and how many slots it has. */
  readonly firstSlots: Uint16Array
  readonly slotCounts: Uint8Array
  /** Every piece has as many; those of piece p begin at p * candidateCount, nearest first. */
  readonly candidateCount: number
  readonly candidates: Uint16Array
  /** From the middle of the piece clockwise to the candidate's next point, in slots. */
  readonly distances: Float64Array
}

interface Points {
  readonly members: Uint16Array
  /** In slots, ascending. */
  readonly positions: Float64Array
}

export function circleOf(topology: Topology, copies: number, virtualNodes: number): Circle {
  const points = pointsOf(topology, virtualNodes)
  return new Round(topology, copies, points).walk()
}

/** A member's points are hashes of its id and the point's index, so they stay where they are whoever comes or goes. */
function pointsOf({ ids, weights }: Topology, virtualNodes: number): Points {
  let weightTotal = 0
  for (const weight of weights) weightTotal += weight
  const perWeight = Math.min(virtualNodes, (POINTS_MAX - ids.length) / weightTotal)
  const counts = Array.from(weights, (weight) => Math.max(1, Math.floor(weight * perWeight + 0.5)))
  const total = counts.reduce((sum, count) => sum + count, 0)
  const owners = new Uint16Array(total)
  // Hash and number in one float64, so that the sort compares plain numbers; equal hashes go by member.
  const keys = new Float64Array(total)
  let point = 0
  for (const [member, id] of ids.entries()) {
    for (let index = 0; index < counts[member]!; index++) {
      owners[point] = member
      keys[point] = hashText(id, index) * POINTS_MAX * 2 + point
      point++
    }
  }
  keys.sort()
  const members = new Uint16Array(total)
  const positions = new Float64Array(total)
  for (let at = 0; at < total; at++) {
    const number = keys[at]! % (POINTS_MAX * 2)
    members[at] = owners[number]!
    positions[at] = (keys[at]! - number) / (POINTS_MAX * 2) / SLOT_SPAN
  }
  return { members, positions }
}

/** One walk round the circle, from the last slot to the first. */
class Round {
  readonly #topology: Topology
  readonly #points: Points
  /** The list by distance ahead; the entry behind the last member is its head. */
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** By member: its next point ahead. */
  readonly #ahead: Float64Array
  readonly #zoneLimits: Uint16Array
  readonly #dcLimit: number
  readonly #zoneFill: Uint16Array
  readonly #dcFill: Uint16Array
  readonly #candidateCount: number
  readonly #firstSlots: Uint16Array
  readonly #slotCounts: Uint8Array
  readonly #candidates: Uint16Array
  readonly #distances: Float64Array
  #pieceCount = 0

  constructor(topology: Topology, copies: number, points: Points) {
    const memberCount = topology.ids.length
    const wanted =
      topology.zoneSizes.length === 1 ? copies + SPARE_CANDIDATES : copies * CANDIDATES_PER_COPY + 4
    this.#topology = topology
    this.#points = points
    this.#next = Int32Array.from({ length: memberCount + 1 }, (_, at) => (at + 1) % (memberCount + 1))
    this.#previous = Int32Array.from({ length: memberCount + 1 }, (_, at) =>
      at === 0 ? memberCount : at - 1,
    )
    this.#ahead = new Float64Array(memberCount)
    this.#dcLimit = Math.floor(wanted / Math.min(topology.dcSizes.length, copies))
    this.#zoneLimits = zoneLimits(topology, copies, this.#dcLimit)
    this.#zoneFill = new Uint16Array(topology.zoneSizes.length)
    this.#dcFill = new Uint16Array(topology.dcSizes.length)
    this.#candidateCount = Math.min(wanted, this.#candidatesAtMost())
    const piecesMax = Math.min(
      SLOT_COUNT,
      points.positions.length + 1 + Math.ceil(SLOT_COUNT / PIECE_SLOTS_MAX),
    )
    this.#firstSlots = new Uint16Array(piecesMax)
    this.#slotCounts = new Uint8Array(piecesMax)
    this.#candidates = new Uint16Array(piecesMax * this.#candidateCount)
    this.#distances = new Float64Array(piecesMax * this.#candidateCount)
  }

  /** How many the limits let through when nothing else does. */
  #candidatesAtMost(): number {
    const { zoneDcs, zoneSizes, dcSizes } = this.#topology
    const fill = dcSizes.map(() => 0)
    for (const [zone, dc] of zoneDcs.entries())
      fill[dc]! += Math.min(zoneSizes[zone]!, this.#zoneLimits[zone]!)
    return fill.reduce((sum, count) => sum + Math.min(count, this.#dcLimit), 0)
  }

  walk(): Circle {
    const { positions } = this.#points
    for (let point = positions.length - 1; point >= 0; point--) this.#pass(point, SLOT_COUNT)
    let last = SLOT_COUNT - 1
    for (let point = positions.length - 1; point >= -1; point--) {
      const before = point < 0 ? -1 : Math.floor(positions[point]!)
      while (last > before) {
        const first = Math.max(before + 1, last - PIECE_SLOTS_MAX + 1)
        this.#cut(first, last)
        last = first - 1
      }
      if (point >= 0) this.#pass(point, 0)
    }
    return {
      pieceCount: this.#pieceCount,
      firstSlots: this.#firstSlots,
      slotCounts: this.#slotCounts,
      candidateCount: this.#candidateCount,
      candidates: this.#candidates,
      distances: this.#distances,
    }
  }

  #pass(point: number, lapsSlots: number): void {
    const next = this.#next
    const previous = this.#previous
    const member = this.#points.members[point]!
    const head = next.length - 1
    this.#ahead[member] = this.#points.positions[point]! + lapsSlots
    next[previous[member]!] = next[member]!
    previous[next[member]!] = previous[member]!
    const first = next[head]!
    next[head] = member
    previous[member] = head
    next[member] = first
    previous[first] = member
  }

  #cut(first: number, last: number): void {
    const piece = this.#pieceCount++
    this.#firstSlots[piece] = first
    this.#slotCounts[piece] = last - first + 1
    this.#zoneFill.fill(0)
    this.#dcFill.fill(0)
    const middle = (first + last) / 2
    const end = (piece + 1) * this.#candidateCount
    let member = this.#next[this.#next.length - 1]!
    for (let at = piece * this.#candidateCount; at < end; member = this.#next[member]!) {
      const zone = this.#topology.zoneOf[member]!
      const dc = this.#topology.dcOf[member]!
      if (this.#zoneFill[zone]! >= this.#zoneLimits[zone]! || this.#dcFill[dc]! >= this.#dcLimit) continue
      this.#zoneFill[zone]!++
      this.#dcFill[dc]!++
      this.#candidates[at] = member
      this.#distances[at] = this.#ahead[member]! - middle
      at++
    }
  }
}

/** A data centre full of candidates has enough of them in enough zones for all copies it may hold. */
function zoneLimits(topology: Topology, copies: number, dcLimit: number): Uint16Array {
  const limits = new Uint16Array(topology.zoneSizes.length)
  const dcLevel = evenLevel(topology.dcSizes, copies)
  for (const [dc, size] of topology.dcSizes.entries()) {
    const zones = zonesOfDc(topology, dc)
    const copiesHere = Math.min(size, dcLevel)
    const sizes = zones.map((zone) => topology.zoneSizes[zone]!)
    const evenly = Math.floor(dcLimit / Math.min(zones.length, copiesHere))
    for (const zone of zones) limits[zone] = Math.max(evenly, evenLevel(sizes, copiesHere))
  }
  return limits
}
