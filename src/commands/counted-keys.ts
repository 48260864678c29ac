/** Counted keys [Rule]: where the keys of `numkeys key [key ...]` requests are. */
import type { Call } from './call.ts'

/** Appends the arguments that the key count at argument `at` announces; none when the count is no good. */
export function keysAfterCount(call: Call, at: number, into: number[]): void {
  const keyCount = call.integer(at)
  if (!(keyCount >= 1) || at + keyCount >= call.args.count) return
  for (let i = at + 1; i <= at + keyCount; i++) into.push(i)
}
