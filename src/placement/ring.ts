/**
 * Ring [Rule]: members -> who owns what, a pure function of the set of members, the same on every node.
 *
 * A slot belongs to the members whose points come next on the circle, other data centres and zones first. Alone, that is
 * uneven by 1 / sqrt(points); so a member beyond its fair share is seen a little farther away, everywhere by the same
 * factor, until all are within bounds: first the copies, then the primaries among the owners of each slot.
 *
 * How many points: with c copies a member has c * points places that come and go independently. More of them make the
 * ring evener by itself, and a join then moves less beyond what the newcomer must get: at 50 members 1.17 times the
 * minimum on average for 384 such places, 1.07 for 672. But CLUSTER SLOTS grows as well: up to points * members ranges.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { type Circle, circleOf } from './circle.ts'
import { evenOutPrimaries } from './even-out.ts'
import { fairShares, sharesByWeight } from './fair-share.ts'
import { Placement, type PlacementMember } from './placement.ts'
import { Primaries } from './primaries.ts'
import { settle } from './settle.ts'
import { Spread } from './spread.ts'
import { type Topology, topologyOf } from './topology.ts'

export interface RingOptions {
  /** Owners of every slot. */
  readonly replicationFactor: number
  /** Points of a member of weight 1. The same on every node. */
  readonly virtualNodes?: number
  /** How far, as a part of it, a member's number of copies may be from its fair share. The same on every node. */
  readonly loadBound?: number
}

export const REPLICATION_MAX = 7
const PLACES_PER_MEMBER = 672
const LOAD_BOUND = 0.05
const PRIMARY_BOUND = 0.02
const PRIMARY_AIM = 0.005
/** Part of a bound that is aimed at: the rest is room for whole pieces. */
const AIM = 0.92

export function defaultVirtualNodes(replicationFactor: number): number {
  return Math.floor(PLACES_PER_MEMBER / replicationFactor)
}

export function placementOf(members: readonly PlacementMember[], options: RingOptions): Placement {
  const { replicationFactor, loadBound = LOAD_BOUND } = options
  const virtualNodes = options.virtualNodes ?? defaultVirtualNodes(replicationFactor)
  if (!(replicationFactor >= 1 && replicationFactor <= REPLICATION_MAX && replicationFactor % 1 === 0)) {
    throw new Error(`a replication factor is a whole number from 1 to ${REPLICATION_MAX}`)
  }
  if (!(virtualNodes >= 1)) throw new Error('a member has at least one point')
  const topology = topologyOf(members)
  const copies = Math.min(replicationFactor, topology.ids.length)
  if (copies === 0) return new Placement([], 0, new Uint16Array(0))
  const circle = circleOf(topology, copies, virtualNodes)
  const spread = settledSpread(circle, topology, copies, copies === 1 ? PRIMARY_BOUND : loadBound)
  const shares = primaryShares(topology, spread)
  const primaries = settledPrimaries(circle, spread, shares, copies)
  const table = tableOf(circle, spread, primaries, copies)
  evenOutPrimaries(table, copies, primaries.loads, shares, PRIMARY_BOUND)
  return new Placement(topology.ids, copies, table)
}

function settledSpread(circle: Circle, topology: Topology, copies: number, loadBound: number): Spread {
  const spread = new Spread(circle, topology, copies)
  const shares = fairShares(topology, copies)
  // Distances are nearly exponential, so a member owning the part p of all slots loses about (1 - p)(1 + p/2 + p^2/3)
  // of its load for each part its factor grows.
  const slopes = shares.map((share) => Math.max(0.04, (1 - share) * (1 + share / 2 + (share * share) / 3)))
  settle({
    shares: shares.map((share) => share * SLOT_COUNT),
    loads: spread.loads,
    weigh: (factors) => spread.choose(factors),
    slopes,
    aim: AIM * loadBound,
    bound: loadBound,
  })
  return spread
}

/** By weight, but nobody is the primary of more slots than it owns. */
function primaryShares(topology: Topology, spread: Spread): Float64Array {
  return sharesByWeight(topology.weights, new Float64Array(spread.loads.length), spread.loads, SLOT_COUNT)
}

function settledPrimaries(circle: Circle, spread: Spread, shares: Float64Array, copies: number): Primaries {
  const primaries = new Primaries(circle, spread, copies)
  settle({
    shares,
    loads: primaries.loads,
    weigh: (factors) => primaries.choose(factors),
    slopes: shares.map(() => 1),
    aim: PRIMARY_AIM,
    bound: PRIMARY_BOUND,
  })
  return primaries
}

function tableOf(circle: Circle, spread: Spread, primaries: Primaries, copies: number): Uint16Array {
  const table = new Uint16Array(SLOT_COUNT * copies)
  for (let piece = 0; piece < circle.pieceCount; piece++) {
    const owners = spread.owners.subarray(piece * copies, (piece + 1) * copies)
    const choice = primaries.choices[piece]!
    const first = circle.firstSlots[piece]!
    for (let slot = first; slot < first + circle.slotCounts[piece]!; slot++) {
      let at = slot * copies
      table[at++] = owners[choice]!
      for (let copy = 0; copy < copies; copy++) if (copy !== choice) table[at++] = owners[copy]!
    }
  }
  return table
}
