/**
 * Blocking [Rule]: what all blocking rows (BLPOP, BZPOPMIN ...) share: reading the seconds a client is
 * ready to wait. Waiting itself is `call.block`.
 */
import type { Call } from './call.ts'

/** Answer of `readTimeoutMs` when the argument is refused; the error reply is already written. */
export const REFUSED_TIMEOUT = -1

const INT64_LIMIT = 2 ** 63

/** Argument i in seconds, fractions allowed, as whole milliseconds rounded up; 0 = wait for ever. */
export function readTimeoutMs(call: Call, i: number): number {
  let seconds = call.float(i)
  // Redis reads a long double here: what overflows only ours is a number, though too large a one.
  const isHuge = seconds !== seconds && Math.abs(Number(call.args.text(i))) === Number.POSITIVE_INFINITY
  if (isHuge) seconds = INT64_LIMIT
  const timeoutMs = Math.ceil(seconds * 1000)
  if (timeoutMs !== timeoutMs) call.reply.error('ERR timeout is not a float or out of range')
  else if (timeoutMs < 0 || timeoutMs >= INT64_LIMIT) call.reply.error('ERR timeout is negative')
  else return timeoutMs
  return REFUSED_TIMEOUT
}
