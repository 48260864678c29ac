/**
 * Random count [Rule]: the count of SRANDMEMBER, HRANDFIELD and ZRANDMEMBER. Positive: so many different elements;
 * negative: so many draws, repeats allowed. Redis lets a client ask for 2^63 draws and dies of it; here draws and
 * the bytes of their reply have limits, and beyond them the answer is an error.
 */
import { INT64_MIN, NOT_AN_INTEGER, OUT_OF_RANGE } from './arguments.ts'
import type { Call } from './call.ts'

export const DRAWS_MAX = 1 << 24
const DRAWN_BYTES_MAX = 1 << 29

/** Reads the count at argument i; NaN when the error has been replied. */
export function readRandomCount(call: Call, i: number): number {
  const count = call.integer(i)
  if (count !== count) call.reply.error(NOT_AN_INTEGER)
  else if (count === -(2 ** 63) && call.bigInteger(i) === INT64_MIN) {
    call.reply.error(`${OUT_OF_RANGE}, value must between -9223372036854775807 and 9223372036854775807`)
    return Number.NaN
  }
  return count
}

/** Writes `draws` elements by calling `draw`; the whole answer becomes an error when it grows out of bounds. */
export function replyDraws(call: Call, draws: number, header: number, draw: () => void): void {
  const reply = call.reply
  const mark = reply.mark()
  if (draws <= DRAWS_MAX) {
    reply.array(header)
    let left = draws
    while (left > 0 && reply.length - mark <= DRAWN_BYTES_MAX) {
      draw()
      left--
    }
    if (left === 0) return
    reply.truncate(mark)
  }
  reply.error(OUT_OF_RANGE)
}
