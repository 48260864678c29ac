/**
 * Untouched lookup [Rule]: how commands look at a key without using it (EXISTS, TYPE, TTL, OBJECT ...): hits and
 * misses are counted as for any read, but the key's access clock stays where it was.
 */
import { type Call, NOTIFY_KEY_MISS } from './call.ts'

/** Entry of the key at argument i, or 0. */
export function findUntouched(call: Call, i: number): number {
  const ref = call.peek(i)
  if (ref !== 0) call.space.stats.hits++
  else {
    call.space.stats.misses++
    call.notify(NOTIFY_KEY_MISS, 'keymiss', i)
  }
  return ref
}

/** As above, but a miss is no event (OBJECT). */
export function findUnnoticed(call: Call, i: number): number {
  const ref = call.peek(i)
  if (ref !== 0) call.space.stats.hits++
  else call.space.stats.misses++
  return ref
}
