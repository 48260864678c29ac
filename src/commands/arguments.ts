/**
 * Arguments [Rule]: numbers read from argument bytes exactly as Redis reads them, without making strings on the
 * common paths, and the error texts every family shares. Unreadable integers and floats come back as NaN.
 */
export const NOT_AN_INTEGER = 'ERR value is not an integer or out of range'
export const NOT_A_FLOAT = 'ERR value is not a valid float'
export const SYNTAX_ERROR = 'ERR syntax error'
export const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value'
export const NO_SUCH_KEY = 'ERR no such key'
export const OUT_OF_RANGE = 'ERR value is out of range'
export const MUST_BE_POSITIVE = 'ERR value is out of range, must be positive'
export const INT64_MAX = 2n ** 63n - 1n
export const INT64_MIN = -(2n ** 63n)

/**
 * A signed 64-bit integer as Redis' string2ll accepts it (no spaces, no plus, no leading zeros), as a number.
 * Beyond 2^53 the number is the nearest double: good for ranges, counts and times; INCR uses readBigInteger.
 */
export function readInteger(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length === 0 || length > 20) return Number.NaN
  let at = start
  const isNegative = bytes[at] === 45
  if (isNegative) at++
  const first = bytes[at]!
  if (at === end || first < 48 || first > 57) return Number.NaN
  if (first === 48) return end - at === 1 && !isNegative ? 0 : Number.NaN
  if (end - at > 15) return readLongInteger(bytes, start, end)
  let value = 0
  for (; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return isNegative ? -value : value
}

function readLongInteger(bytes: Uint8Array, start: number, end: number): number {
  const value = readBigInteger(bytes, start, end)
  return value === undefined ? Number.NaN : Number(value)
}

/** The same, exact; undefined when it is not an int64. */
export function readBigInteger(bytes: Uint8Array, start: number, end: number): bigint | undefined {
  const text = latin1(bytes, start, end)
  if (!/^(0|-?[1-9][0-9]{0,18})$/.test(text)) return undefined
  const value = BigInt(text)
  return value < INT64_MIN || value > INT64_MAX ? undefined : value
}

const DECIMAL_DIGITS_EXACT = 15
const POWERS_OF_TEN: readonly number[] = Array.from({ length: DECIMAL_DIGITS_EXACT + 1 }, (_, i) =>
  Number(`1e${i}`),
)

/** A double as strtod plus Redis' checks accept it: decimal, hex, inf and infinity in any case; NaN if refused. */
export function readFloat(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start
  if (length === 0 || length > 512) return Number.NaN
  const plain = length <= DECIMAL_DIGITS_EXACT ? readDecimal(bytes, start, end) : Number.NaN
  if (plain === plain) return plain
  const text = latin1(bytes, start, end)
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) {
    const value = Number(text)
    // strtod reports overflow and underflow to zero (ERANGE) and Redis refuses both.
    const isUnderflow = value === 0 && /^[^e]*[1-9]/i.test(text)
    return Number.isFinite(value) && !isUnderflow ? value : Number.NaN
  }
  if (/^[+-]?inf(inity)?$/i.test(text))
    return text[0] === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  return readHexFloat(text)
}

/**
 * `-12.50` and the like, with so few digits that the digits and the power of ten are both exact doubles: one division
 * then rounds as strtod does. NaN for everything else.
 */
function readDecimal(bytes: Uint8Array, start: number, end: number): number {
  const isNegative = bytes[start] === 45
  let at = isNegative ? start + 1 : start
  let digits = 0
  let point = -1
  let mantissa = 0
  for (; at < end; at++) {
    const byte = bytes[at]!
    if (byte >= 48 && byte <= 57) {
      mantissa = mantissa * 10 + (byte - 48)
      digits++
    } else if (byte === 46 && point === -1) point = at
    else return Number.NaN
  }
  if (digits === 0) return Number.NaN
  const value = point === -1 ? mantissa : mantissa / POWERS_OF_TEN[end - point - 1]!
  return isNegative ? -value : value
}

function readHexFloat(text: string): number {
  const parts = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i.exec(text)
  if (parts === null || (parts[2] === '' && parts[3] === '')) return Number.NaN
  const digits = `${parts[2]}${parts[3]}`
  const exponent = Number(parts[4] ?? 0) - 4 * parts[3]!.length
  const value = Number(BigInt(`0x${digits}`)) * 2 ** exponent
  if (!Number.isFinite(value)) return Number.NaN
  return parts[1] === '-' ? -value : value
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1', start, end)
}
