/**
 * Sort weight [Rule]: numbers as SORT reads them, which is C's strtod and no more: white space may come first,
 * nothing at all is 0, the text ends at a zero byte, and what does not fit a double is refused.
 */
import { readFloat, readInteger } from './arguments.ts'

const SPACE = 32
const TAB = 9
const CARRIAGE_RETURN = 13
/** Below this a double loses precision, and strtod calls it an underflow. */
const NORMAL_MIN = 2 ** -1022

/** NaN when the text is no number. */
export function readWeight(bytes: Buffer, start: number, end: number): number {
  const plain = readInteger(bytes, start, end)
  if (plain === plain) return plain
  for (let at = start; at < end; at++) if (bytes[at] === 0) end = at
  const first = start
  while (start < end && isSpace(bytes[start]!)) start++
  if (start === end) return first === end ? 0 : Number.NaN
  const value = readFloat(bytes, start, end)
  const isUnderflow = Math.abs(value) < NORMAL_MIN && /[1-9a-f]/i.test(mantissa(bytes, start, end))
  return isUnderflow ? Number.NaN : value
}

function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN)
}

function mantissa(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('latin1', start, end)
  return /^[+-]?0x/i.test(text) ? text.replace(/p.*$/i, '').replace('x', '') : text.replace(/e.*$/i, '')
}
