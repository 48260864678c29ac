/**
 * Expiry arguments [Rule]: points in time as commands are given them (EX, PX, EXAT, PXAT and the bare numbers of
 * SETEX or EXPIRE), turned into absolute wall milliseconds with Redis' range checks. int64 limits are exact.
 */
import type { Args } from '../../resp/index.ts'
import { INT64_MAX, INT64_MIN, NOT_AN_INTEGER } from './arguments.ts'
import type { Call } from './call.ts'

/** How a time is meant. 0 is "no such word". */
export const EXPIRY_EX = 1
export const EXPIRY_PX = 2
export const EXPIRY_EXAT = 3
export const EXPIRY_PXAT = 4

/** Seconds up to here are exact in milliseconds, whatever is added. */
const PLAIN_MAX = 4_000_000_000_000

/** Which of the four words argument i is, or 0. */
export function expiryWord(args: Args, i: number): number {
  const length = args.length(i)
  if (length === 2) return args.is(i, 'EX') ? EXPIRY_EX : args.is(i, 'PX') ? EXPIRY_PX : 0
  if (length === 4) return args.is(i, 'EXAT') ? EXPIRY_EXAT : args.is(i, 'PXAT') ? EXPIRY_PXAT : 0
  return 0
}

/**
 * The absolute time argument i means under `word`, or NaN: then the error is replied. Times that are not positive
 * are refused unless `mayBePast` (EXPIRE and its kin: the result may then be zero or negative).
 */
export function readExpiry(call: Call, i: number, word: number, mayBePast: boolean): number {
  const amount = call.integer(i)
  if (Number.isNaN(amount)) {
    call.reply.error(NOT_AN_INTEGER)
    return Number.NaN
  }
  const isInSeconds = word === EXPIRY_EX || word === EXPIRY_EXAT
  const baseMs = word === EXPIRY_EX || word === EXPIRY_PX ? call.nowMs : 0
  let expiryMs: number
  if (amount <= PLAIN_MAX && amount >= -PLAIN_MAX) expiryMs = (isInSeconds ? amount * 1000 : amount) + baseMs
  else expiryMs = exactly(call.bigInteger(i)!, isInSeconds ? 1000n : 1n, BigInt(baseMs))
  const isRefused = Number.isNaN(expiryMs) || (!mayBePast && (amount <= 0 || expiryMs <= 0))
  if (!isRefused) return expiryMs
  call.reply.error(`ERR invalid expire time in '${call.row.name}' command`)
  return Number.NaN
}

function exactly(amount: bigint, unitMs: bigint, baseMs: bigint): number {
  const scaled = amount * unitMs
  if (scaled > INT64_MAX - baseMs || scaled < INT64_MIN) return Number.NaN
  return Number(scaled + baseMs)
}
