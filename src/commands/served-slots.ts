/**
 * Served slots [Rule]: which of the keys held here count, when a command asks for all. A node that stands alone counts
 * every key; in a mesh each node answers for the slots it serves and leaves out the copies it keeps for others.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { Call } from './call.ts'

export function isServed(served: Uint8Array | null, slot: number): boolean {
  return served === null || served[slot] === 1
}

/** Keys of the call's database in served slots. */
export function servedKeyCount(call: Call): number {
  const { database, node, space } = call
  if (node.servedSlots === null) return space.keyCount[database]!
  return isOnlyDatabase(space, database)
    ? countAll(space, node.servedSlots)
    : countOne(space, node.servedSlots, database)
}

/** Keys of all databases in served slots. */
export function countAll(space: Keyspace, served: Uint8Array | null): number {
  let total = 0
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (isServed(served, slot)) total += space.index.countOf(slot)
  return total
}

function countOne(space: Keyspace, served: Uint8Array, database: number): number {
  const { entries, index } = space
  let total = 0
  if (space.keyCount[database] === 0) return 0
  const visit = (_hash: number, ref: number): void => {
    if (entries.databaseOf(ref) === database) total++
  }
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (served[slot] === 1 && index.countOf(slot) !== 0) index.each(slot, visit)
  }
  return total
}

/** Slots count the keys of all databases together, which is the answer when there is only one. */
function isOnlyDatabase(space: Keyspace, database: number): boolean {
  for (let other = 0; other < space.keyCount.length; other++) {
    if (other !== database && space.keyCount[other] !== 0) return false
  }
  return true
}
