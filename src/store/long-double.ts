/**
 * Long double [Rule]: the x87 80-bit numbers that INCRBYFLOAT and HINCRBYFLOAT of Redis compute with, so that our
 * results have the same digits. A number is `mantissa * 2^exponent` with a mantissa of at most 64 bits; every
 * operation is exact in BigInt and then rounded once, to nearest and even. Knows nothing of keys or replies.
 */
export interface LongDouble {
  /** Carries the sign; zero has none (Redis never shows it). */
  readonly mantissa: bigint
  /** Infinity for the infinities. */
  readonly exponent: number
}

export const LONG_DOUBLE_ZERO: LongDouble = { mantissa: 0n, exponent: 0 }

/** Redis reads texts of up to 5 KiB. */
const TEXT_BYTES_MAX = 5 * 1024 - 1
const MANTISSA_BITS = 64
/** Exponent of the lowest bit of the smallest subnormal, and the one no number reaches. */
const EXPONENT_MIN = -16445
const EXPONENT_END = 16384
/** Decimal orders of magnitude beyond which every number is infinite or zero. */
const DECIMAL_ORDER_MAX = 4934
const DECIMAL_ORDER_MIN = -4970
/** Hexadecimal digits fit in the text, so such exponents are out of reach whatever the digits. */
const BINARY_EXPONENT_MAX = 16384 + 4 * TEXT_BYTES_MAX + 16445
const FRACTION_DIGITS = 17
const FRACTION_SCALE = 10n ** BigInt(FRACTION_DIGITS)

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i
const HEXADECIMAL = /^([+-]?)0x([0-9a-f]*)\.?([0-9a-f]*)(?:p([+-]?\d+))?$/i
const INFINITE = /^([+-]?)inf(?:inity)?$/i

/** What strtold makes of the text; undefined where Redis says "not a valid float" (overflow and underflow too). */
export function readLongDouble(bytes: Uint8Array, start: number, end: number): LongDouble | undefined {
  if (end === start || end - start > TEXT_BYTES_MAX) return undefined
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
  const decimal = DECIMAL.exec(text)
  if (decimal !== null) return fromDecimal(decimal[1]!, decimal[2]!, decimal[3]!, Number(decimal[4] ?? 0))
  const hexadecimal = HEXADECIMAL.exec(text)
  if (hexadecimal !== null) {
    return fromHexadecimal(hexadecimal[1]!, hexadecimal[2]!, hexadecimal[3]!, Number(hexadecimal[4] ?? 0))
  }
  const infinite = INFINITE.exec(text)
  return infinite === null ? undefined : infinity(infinite[1] === '-')
}

export function isFiniteLongDouble(x: LongDouble): boolean {
  return x.exponent !== Number.POSITIVE_INFINITY
}

/** The rounded sum, or undefined when it is infinite or not a number. */
export function addLongDoubles(a: LongDouble, b: LongDouble): LongDouble | undefined {
  if (!isFiniteLongDouble(a) || !isFiniteLongDouble(b)) return undefined
  const exponent = Math.min(a.exponent, b.exponent)
  const sum = (a.mantissa << BigInt(a.exponent - exponent)) + (b.mantissa << BigInt(b.exponent - exponent))
  const rounded = round(sum, exponent, false)
  return isFiniteLongDouble(rounded) ? rounded : undefined
}

/** As "%.17Lf" without the zeros at the end; of finite numbers only. */
export function formatLongDouble(x: LongDouble): string {
  const isNegative = x.mantissa < 0n
  const size = isNegative ? -x.mantissa : x.mantissa
  const scaled = size * FRACTION_SCALE
  const parts = x.exponent >= 0 ? scaled << BigInt(x.exponent) : shiftRounded(scaled, -x.exponent, false)
  if (parts === 0n) return '0'
  const whole = (parts / FRACTION_SCALE).toString()
  const fraction = (parts % FRACTION_SCALE).toString().padStart(FRACTION_DIGITS, '0').replace(/0+$/, '')
  return (isNegative ? '-' : '') + (fraction === '' ? whole : `${whole}.${fraction}`)
}

function fromDecimal(sign: string, whole: string, fraction: string, power: number): LongDouble | undefined {
  if (whole === '' && fraction === '') return undefined
  const digits = (whole + fraction).replace(/^0+/, '')
  if (digits === '') return LONG_DOUBLE_ZERO
  const tens = power - fraction.length
  const order = digits.length + tens
  if (order > DECIMAL_ORDER_MAX || order < DECIMAL_ORDER_MIN) return undefined
  const integer = BigInt(sign === '-' ? `-${digits}` : digits)
  if (tens >= 0) return inRange(round(integer * 10n ** BigInt(tens), 0, false))
  const divisor = 10n ** BigInt(-tens)
  const shift = Math.max(0, bitLength(divisor) - bitLength(magnitude(integer)) + MANTISSA_BITS + 2)
  const dividend = integer << BigInt(shift)
  return inRange(round(dividend / divisor, -shift, dividend % divisor !== 0n))
}

function fromHexadecimal(
  sign: string,
  whole: string,
  fraction: string,
  power: number,
): LongDouble | undefined {
  if (whole === '' && fraction === '') return undefined
  const integer = BigInt(`0x${whole}${fraction}`)
  if (integer === 0n) return LONG_DOUBLE_ZERO
  if (Math.abs(power) > BINARY_EXPONENT_MAX) return undefined
  return inRange(round(sign === '-' ? -integer : integer, power - 4 * fraction.length, false))
}

/** What strtold reports as out of range is refused: infinite, or zero though digits were not. */
function inRange(x: LongDouble): LongDouble | undefined {
  return isFiniteLongDouble(x) && x.mantissa !== 0n ? x : undefined
}

function infinity(isNegative: boolean): LongDouble {
  return { mantissa: isNegative ? -1n : 1n, exponent: Number.POSITIVE_INFINITY }
}

/** `isInexact`: the true value is a little larger in magnitude than given. */
function round(value: bigint, exponent: number, isInexact: boolean): LongDouble {
  const isNegative = value < 0n
  let size = magnitude(value)
  const surplus = Math.max(bitLength(size) - MANTISSA_BITS, EXPONENT_MIN - exponent)
  if (surplus > 0) {
    size = shiftRounded(size, surplus, isInexact)
    exponent += surplus
  }
  if (size === 0n) return LONG_DOUBLE_ZERO
  if (bitLength(size) + exponent > EXPONENT_END) return infinity(isNegative)
  return { mantissa: isNegative ? -size : size, exponent }
}

/** Divides by 2^count, to nearest, ties to even. */
function shiftRounded(size: bigint, count: number, isInexact: boolean): bigint {
  const shift = BigInt(count)
  const quotient = size >> shift
  const rest = size - (quotient << shift)
  const half = 1n << (shift - 1n)
  const isUp = rest > half || (rest === half && (isInexact || (quotient & 1n) === 1n))
  return isUp ? quotient + 1n : quotient
}

function magnitude(value: bigint): bigint {
  return value < 0n ? -value : value
}

function bitLength(size: bigint): number {
  if (size === 0n) return 0
  const digits = size.toString(16)
  return digits.length * 4 - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28
}
