/**
 * Score bounds [Rule]: range ends as sorted set commands spell them, `1.5 (1.5 -inf` for scores and `[a (a - +` for
 * members, turned into cuts. Scores here are read by plain strtod, which takes more than ZADD does: leading
 * spaces, nothing at all (zero), and numbers too large for a double (infinite).
 */
import type { Cut } from '../store/cut.ts'
import { readFloat, readInteger } from './arguments.ts'
import type { Call } from './call.ts'

export const NOT_A_SCORE_BOUND = 'ERR min or max is not a float'
export const NOT_A_LEX_BOUND = 'ERR min or max not valid string range item'

const OPEN = 40
const CLOSED = 91
const PLUS = 43
const MINUS = 45
/** What strtod reads: spaces, a sign, and a decimal, hexadecimal or infinite number. */
const SCORE_TEXT =
  /^[\t-\r ]*([+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?|0x[\da-f.]+(?:p[+-]?\d+)?))$/i
const INFINITE = /inf/i
const HEXADECIMAL = /x/i

/** Reads a score bound at argument i; false when it is none. */
export function readScoreCut(call: Call, i: number, isLower: boolean, into: Cut): boolean {
  const { bytes, starts, ends } = call.args
  const end = ends[i]!
  let start = starts[i]!
  const isOpen = start < end && bytes[start] === OPEN
  if (isOpen) start++
  const score = readBound(bytes, start, end)
  if (score !== score) return false
  into.atScore(score, isLower === isOpen)
  return true
}

/** Reads a member bound at argument i; false when it is none. */
export function readLexCut(call: Call, i: number, isLower: boolean, into: Cut): boolean {
  const { bytes, starts, ends } = call.args
  const start = starts[i]!
  const end = ends[i]!
  const first = start < end ? bytes[start] : 0
  if (first === OPEN || first === CLOSED) into.atName(bytes, start + 1, end, isLower === (first === OPEN))
  else if (first === PLUS && end - start === 1) into.atBack()
  else if (first === MINUS && end - start === 1) into.atFront()
  else return false
  return true
}

function readBound(bytes: Buffer, start: number, end: number): number {
  const integer = readInteger(bytes, start, end)
  if (integer === integer) return integer
  let text = bytes.toString('latin1', start, end)
  const zero = text.indexOf('\0')
  if (zero >= 0) text = text.slice(0, zero)
  if (text === '') return 0
  const parts = SCORE_TEXT.exec(text)
  if (parts === null) return Number.NaN
  const number = parts[1]!
  if (!INFINITE.test(number) && !HEXADECIMAL.test(number)) return Number(number)
  const trimmed = Buffer.from(number, 'latin1')
  return readFloat(trimmed, 0, trimmed.length)
}
