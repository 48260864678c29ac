/**
 * Sorted set sources [Rule]: what set algebra over sorted sets reads from: sorted sets and plain sets alike, whose
 * members all score 1, and missing keys, which are empty. A source does not outlive its command.
 */
import { TYPE_SET, TYPE_SORTED_SET } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { setEach, setHas, setLength } from '../store/set.ts'
import { countMembers, findMember, scoreOf } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'

const SET_SCORE = 1

export interface Source {
  /** 0 when the key is missing. */
  readonly ref: number
  readonly length: number
  weight: number
}

export type ScoredVisitor = (score: number, bytes: Buffer, start: number, end: number) => void

/** The source behind a found entry (or 0); undefined when its type is neither. */
export function sourceOf(space: Keyspace, ref: number): Source | undefined {
  if (ref === 0) return { ref, length: 0, weight: 1 }
  const type = space.entries.typeOf(ref)
  if (type === TYPE_SORTED_SET) return { ref, length: countMembers(space, ref), weight: 1 }
  if (type === TYPE_SET) return { ref, length: setLength(space, ref), weight: 1 }
  return undefined
}

/** Visits every member with its score. The bytes are valid during the visit only. */
export function eachMember(space: Keyspace, source: Source, visit: ScoredVisitor): void {
  const ref = source.ref
  if (ref === 0) return
  if (space.entries.typeOf(ref) === TYPE_SET) {
    setEach(space, ref, (bytes, start, end) => visit(SET_SCORE, bytes, start, end))
    return
  }
  const walk = new SortedSetWalk()
  walk.open(space, ref, 0, source.length, false)
  while (walk.next()) visit(walk.score, walk.buffer, walk.start, walk.end)
}

/** The member's score, NaN when it is not in. */
export function scoreIn(space: Keyspace, source: Source, bytes: Buffer, start: number, end: number): number {
  const ref = source.ref
  if (ref === 0) return Number.NaN
  if (space.entries.typeOf(ref) === TYPE_SET)
    return setHas(space, ref, bytes, start, end) ? SET_SCORE : Number.NaN
  const element = findMember(space, ref, bytes, start, end)
  return element === 0 ? Number.NaN : scoreOf(space, ref, element)
}
