/**
 * Topology [Rule]: the members that hold data, sorted by id, in their zones and data centres, all as numbers; and the
 * one idea about spreading: copies of a slot fill data centres evenly, and the zones of each of them evenly.
 *
 * `evenLevel` says how high that fills: with 3 copies over zones of 1, 1 and 10 members the level is 1, one copy in
 * each; with 5 it is 3, and every zone gets at least min(2, members) and at most min(3, members) of them.
 * It refuses to know where anything lies on the circle.
 */
import type { PlacementMember } from './placement.ts'

export interface Topology {
  readonly ids: readonly string[]
  readonly weights: Float64Array
  /** By member number. */
  readonly zoneOf: Uint16Array
  readonly dcOf: Uint16Array
  /** By zone number: its data centre and how many members it has. */
  readonly zoneDcs: readonly number[]
  readonly zoneSizes: readonly number[]
  readonly dcSizes: readonly number[]
}

/** A member's number has to fit 16 bits, and the highest stands for nobody. */
export const MEMBERS_MAX = 65535

export function topologyOf(given: readonly PlacementMember[]): Topology {
  for (const { id, weight } of given) {
    if (!(weight >= 0 && weight < Infinity)) throw new Error(`the weight of ${id} is not a number from 0 up`)
  }
  const members = given.filter(({ weight }) => weight > 0).sort((a, b) => (a.id < b.id ? -1 : 1))
  if (members.length > MEMBERS_MAX) throw new Error(`more than ${MEMBERS_MAX} members hold data`)
  const zones = new Map<string, number>()
  const dcs = new Map<string, number>()
  const zoneOf = new Uint16Array(members.length)
  const dcOf = new Uint16Array(members.length)
  const zoneDcs: number[] = []
  const zoneSizes: number[] = []
  const dcSizes: number[] = []
  for (const [number, { id, zone, dc }] of members.entries()) {
    if (number > 0 && members[number - 1]!.id === id) throw new Error(`two members are called ${id}`)
    const dcNumber = numberFor(dcs, dc)
    const zoneNumber = numberFor(zones, `${dcNumber} ${zone}`)
    dcOf[number] = dcNumber
    zoneOf[number] = zoneNumber
    zoneDcs[zoneNumber] = dcNumber
    zoneSizes[zoneNumber] = (zoneSizes[zoneNumber] ?? 0) + 1
    dcSizes[dcNumber] = (dcSizes[dcNumber] ?? 0) + 1
  }
  const weights = Float64Array.from(members, ({ weight }) => weight)
  return { ids: members.map(({ id }) => id), weights, zoneOf, dcOf, zoneDcs, zoneSizes, dcSizes }
}

function numberFor(numbers: Map<string, number>, name: string): number {
  const known = numbers.get(name)
  if (known !== undefined) return known
  numbers.set(name, numbers.size)
  return numbers.size - 1
}

export function zonesOfDc(topology: Topology, dc: number): number[] {
  return topology.zoneDcs.flatMap((zoneDc, zone) => (zoneDc === dc ? [zone] : []))
}

/** The lowest level to which all groups must be filled, each up to its size, for `count` to have a place. */
export function evenLevel(sizes: readonly number[], count: number): number {
  let level = 0
  let placed = 0
  while (placed < count) {
    let room = 0
    for (const size of sizes) if (size > level) room++
    if (room === 0) return level
    placed += room
    level++
  }
  return level
}
