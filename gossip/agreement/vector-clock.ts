/*
 * Which of two versions of the agreed state came first, or whether neither did.
 *
 * The idea: every life that changes the state counts its own changes, so a version knows every change it
 * holds, and comparing two is comparing entry by entry. Entries belong to lives, not to ids: a node that
 * came back starts a new entry, so what it does now is never taken for something its former life did.
 * Shape: rule.
 */
import type { Life } from '../member.ts'
import type { VectorClock } from './mesh-state.ts'

/** `after`: the first holds everything the second does, and more. */
export type ClockRelation = 'same' | 'before' | 'after' | 'concurrent'

export const EMPTY_CLOCK: VectorClock = new Map()

export const CLOCK_COUNT_MAX = 16_384

/**
 * What an honest life can count to is far below; what is above is refused, so that nobody can end the
 * counting.
 */
export const COUNTER_MAX = 2 ** 48

/** An id holds no spaces. */
export function lifeKey(id: string, birth: number): string {
  return id + ' ' + birth
}

export function lifeOfKey(key: string): Life {
  const split = key.lastIndexOf(' ')
  return { id: key.slice(0, split), birth: Number(key.slice(split + 1)) }
}

export function relation(a: VectorClock, b: VectorClock): ClockRelation {
  if (a === b) return 'same'
  const isAhead = exceeds(a, b)
  const isBehind = exceeds(b, a)
  if (isAhead) return isBehind ? 'concurrent' : 'after'
  return isBehind ? 'before' : 'same'
}

/** Does `a` count anything that `b` does not? */
function exceeds(a: VectorClock, b: VectorClock): boolean {
  for (const [key, counter] of a) if (counter > (b.get(key) ?? 0)) return true
  return false
}

export function increment(clock: VectorClock, key: string): VectorClock {
  return new Map(clock).set(key, (clock.get(key) ?? 0) + 1)
}

/** The highest of every entry; one of the two itself where it is that already. */
export function mergeClocks(a: VectorClock, b: VectorClock): VectorClock {
  const related = relation(a, b)
  if (related === 'same' || related === 'after') return a
  if (related === 'before') return b
  const merged = new Map(a)
  for (const [key, counter] of b) if (counter > (merged.get(key) ?? 0)) merged.set(key, counter)
  return merged
}

/** Without the entries of lives that have ended: nothing they changed can still be missing. */
export function prune(clock: VectorClock, isGone: (life: Life) => boolean): VectorClock {
  let kept: Map<string, number> | undefined
  for (const key of clock.keys()) {
    if (!isGone(lifeOfKey(key))) continue
    kept ??= new Map(clock)
    kept.delete(key)
  }
  return kept ?? clock
}
