/**
 * Fair share [Rule]: how many copies of an average slot each member should hold: as its weight says, but nobody holds
 * two copies of one slot, and no zone or data centre holds more or fewer than an even spread allows. What a limit
 * takes from one goes to the others by weight (water filling). Knows numbers, no circle.
 */
import { evenLevel, type Topology, zonesOfDc } from './topology.ts'

const HALVINGS = 100

/** By member number; their sum is `copies`. */
export function fairShares(topology: Topology, copies: number): Float64Array {
  const shares = new Float64Array(topology.ids.length)
  const numbers = [...topology.ids.keys()]
  const dcs = [...topology.dcSizes.keys()]
  const dcWeights = dcs.map((dc) => weightOf(topology, (member) => topology.dcOf[member] === dc))
  const ofDcs = evenShares(topology.dcSizes, dcWeights, copies)
  for (const dc of dcs) {
    const zones = zonesOfDc(topology, dc)
    const zoneSizes = zones.map((zone) => topology.zoneSizes[zone]!)
    const zoneWeights = zones.map((zone) => weightOf(topology, (member) => topology.zoneOf[member] === zone))
    const ofZones = evenShares(zoneSizes, zoneWeights, ofDcs[dc]!)
    for (const [at, zone] of zones.entries()) {
      const members = numbers.filter((member) => topology.zoneOf[member] === zone)
      const weights = members.map((member) => topology.weights[member]!)
      const ones = members.map(() => 1)
      const ofMembers = evenShares(ones, weights, ofZones[at]!)
      for (const [index, member] of members.entries()) shares[member] = ofMembers[index]!
    }
  }
  return shares
}

function weightOf(topology: Topology, isCounted: (member: number) => boolean): number {
  let sum = 0
  for (let member = 0; member < topology.weights.length; member++) {
    if (isCounted(member)) sum += topology.weights[member]!
  }
  return sum
}

/** `count` copies of a slot over groups filled evenly; a count between two whole ones is a mixture of both. */
function evenShares(sizes: readonly number[], weights: readonly number[], count: number): Float64Array {
  const whole = Math.floor(count)
  const part = count - whole
  const level = evenLevel(sizes, whole)
  const levelAbove = evenLevel(sizes, whole + 1)
  const low = sizes.map((size) => mix(Math.min(size, level - 1), Math.min(size, levelAbove - 1), part))
  const high = sizes.map((size) => mix(Math.min(size, level), Math.min(size, levelAbove), part))
  return sharesByWeight(weights, low, high, count)
}

function mix(a: number, b: number, part: number): number {
  return Math.max(0, a) * (1 - part) + Math.max(0, b) * part
}

/** `total` divided by weight, every share within its limits. */
export function sharesByWeight(
  weights: ArrayLike<number>,
  low: ArrayLike<number>,
  high: ArrayLike<number>,
  total: number,
): Float64Array {
  const shares = new Float64Array(weights.length)
  let below = 0
  let above = 0
  for (let at = 0; at < shares.length; at++) above = Math.max(above, high[at]! / weights[at]!)
  for (let halving = 0; halving < HALVINGS; halving++) {
    const factor = (below + above) / 2
    let sum = 0
    for (let at = 0; at < shares.length; at++) {
      sum += Math.min(high[at]!, Math.max(low[at]!, factor * weights[at]!))
    }
    if (sum < total) below = factor
    else above = factor
  }
  for (let at = 0; at < shares.length; at++) {
    shares[at] = Math.min(high[at]!, Math.max(low[at]!, above * weights[at]!))
  }
  return shares
}
