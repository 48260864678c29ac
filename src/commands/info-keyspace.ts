/**
 * Info keyspace [Rule]: the lines `db0:keys=..,expires=..,avg_ttl=..` of INFO, one for each database that has keys.
 * The average time to live is that of a sample taken on the spot, so nothing has to be kept current for it.
 */
import type { Keyspace } from '../store/keyspace.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'

const SAMPLES_PER_DATABASE = 64
const WALK_COUNT = 64
const SLOTS_MAX = 512

export function keyspaceLines(space: Keyspace, nowMs: number, firstSlot: number): string[] {
  const averages = averageTimesToLive(space, nowMs, firstSlot)
  const lines: string[] = []
  for (let database = 0; database < DATABASE_COUNT; database++) {
    const physical = space.databaseMap[database]!
    const keys = space.keyCount[physical]!
    if (keys === 0) continue
    const average = Math.round(averages[physical]!)
    lines.push(
      `db${database}:keys=${keys},expires=${space.expiries.perDatabase[physical]},avg_ttl=${average}`,
    )
  }
  return lines
}

function averageTimesToLive(space: Keyspace, nowMs: number, firstSlot: number): Float64Array {
  const sums = new Float64Array(DATABASE_COUNT)
  const counts = new Float64Array(DATABASE_COUNT)
  const refs: number[] = []
  let visited = 0
  for (let i = 0; i < SLOT_COUNT && visited < SLOTS_MAX; i++) {
    const slot = (firstSlot + i) % SLOT_COUNT
    if (space.expiries.perSlot[slot] === 0) continue
    visited++
    refs.length = 0
    space.index.walk(slot, 0, WALK_COUNT, refs)
    for (const ref of refs) {
      const database = space.entries.databaseOf(ref)
      const expiryMs = space.entries.expiryOf(ref)
      if (expiryMs <= nowMs || counts[database]! >= SAMPLES_PER_DATABASE) continue
      sums[database]! += expiryMs - nowMs
      counts[database]!++
    }
  }
  for (let database = 0; database < DATABASE_COUNT; database++)
    sums[database]! /= Math.max(1, counts[database]!)
  return sums
}
