/**
 * Lateness [Rule]: may what comes in be a value whose removal has been forgotten? Its key is not known here, though this
 * node has seen all that was confirmed in the slot, and it is as old as removals that are forgotten by now. Such a
 * value is not taken on one node's word: a quorum of the owners has to hold it (late-keys.ts).
 */
import type { Keyspace } from '../store/keyspace.ts'
import type { Standing } from '../store/standing.ts'

/** `standing`: of the key; the slot is one this node has no gaps in. */
export function isLate(space: Keyspace, standing: Standing, version: number): boolean {
  return standing.here === 'nothing' && version <= (space.tombstones?.forgottenUpTo ?? 0)
}
