/**
 * String [Table + rule]: strings are bytes behind their key (or apart when long); this is their row among the value
 * types, with what commands share about them: writing bytes and decimal digits in place, growing, and the names
 * Redis gives their encodings. Integers are kept as their digits, so GET of a counter costs no conversion.
 */
import type { ByteReader, ByteWriter } from './byte-writer.ts'
import { FLAG_RAW, TYPE_STRING } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { ValueType } from './value-type.ts'

/** Offsets into a string stay within int32, whatever proto-max-bulk-len says. */
export const STRING_BYTES_MAX = 2 ** 31 - 1

/** Set on strings Redis never tries to call `int` though they may look so: the results of INCRBYFLOAT. */
export const FLAG_TEXT = 1 << 3

/** The flags a string may carry, here and in the form `write` gives it. */
export const STRING_FLAGS = FLAG_RAW | FLAG_TEXT
const EMBEDDED_BYTES_MAX = 44
const INTEGER_BYTES_MAX = 20
const INT64_MAX_DIGITS = '9223372036854775807'
const INT64_MIN_DIGITS = '9223372036854775808'
const LOOP_COPY_MAX = 96
const MIB = 1 << 20

/** Copies bytes to `offset` of the value, where room is already made. */
export function writeString(
  space: Keyspace,
  ref: number,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const target = space.entries.valueBuffer(ref)
  let to = space.entries.valueStart(ref) + offset
  if (end - start <= LOOP_COPY_MAX) for (let at = start; at < end; at++) target[to++] = bytes[at]!
  else target.set(bytes.subarray(start, end), to)
}

/**
 * Makes the value at least `length` bytes long, new ones zero, with spare room for the next growth; it is `raw` from
 * now on. Answers the ref that is valid afterwards.
 */
export function growString(space: Keyspace, ref: number, length: number): number {
  const entries = space.entries
  const oldLength = entries.valueLength(ref)
  if (length > oldLength) {
    const slack = length < MIB ? length >> 1 : length >> 3
    ref = space.resizeValue(ref, length, slack)
    const start = entries.valueStart(ref)
    entries.valueBuffer(ref).fill(0, start + oldLength, start + length)
  }
  entries.setFlags(ref, FLAG_RAW)
  return ref
}

/** Characters of a safe integer in decimal. */
export function decimalWidth(n: number): number {
  let width = n < 0 ? 2 : 1
  const size = Math.abs(n)
  for (let limit = 10; size >= limit; limit *= 10) width++
  return width
}

/** Writes a safe integer so that it ends before `end`; it takes `decimalWidth` bytes. */
export function writeDecimal(bytes: Uint8Array, end: number, n: number): void {
  let rest = Math.abs(n)
  while (rest > 0x7fffffff) {
    const tenth = Math.floor(rest / 10)
    bytes[--end] = 48 + (rest - tenth * 10)
    rest = tenth
  }
  let small = rest | 0
  do {
    const tenth = (small / 10) | 0
    bytes[--end] = 48 + (small - tenth * 10)
    small = tenth
  } while (small > 0)
  if (n < 0) bytes[end - 1] = 45
}

/** Is this the one way to write an int64 in decimal? */
function isInteger(bytes: Uint8Array, start: number, end: number): boolean {
  const isNegative = bytes[start] === 45
  const first = isNegative ? start + 1 : start
  const digits = end - first
  if (digits < 1 || digits > INT64_MAX_DIGITS.length) return false
  if (bytes[first] === 48) return digits === 1 && !isNegative
  for (let at = first; at < end; at++) if (bytes[at]! < 48 || bytes[at]! > 57) return false
  if (digits < INT64_MAX_DIGITS.length) return true
  const limit = isNegative ? INT64_MIN_DIGITS : INT64_MAX_DIGITS
  for (let i = 0; i < digits; i++) {
    const difference = bytes[first + i]! - limit.charCodeAt(i)
    if (difference !== 0) return difference < 0
  }
  return true
}

function encoding(space: Keyspace, ref: number): string {
  const entries = space.entries
  const flags = entries.flagsOf(ref)
  const length = entries.valueLength(ref)
  if ((flags & FLAG_RAW) !== 0 || length > EMBEDDED_BYTES_MAX) return 'raw'
  if ((flags & FLAG_TEXT) !== 0 || length > INTEGER_BYTES_MAX) return 'embstr'
  const start = entries.valueStart(ref)
  return isInteger(entries.valueBuffer(ref), start, start + length) ? 'int' : 'embstr'
}

/** u8 flags | value bytes with their length */
function write(space: Keyspace, ref: number, out: ByteWriter): void {
  const entries = space.entries
  const start = entries.valueStart(ref)
  out.u8(entries.flagsOf(ref) & STRING_FLAGS)
  out.sized(entries.valueBuffer(ref), start, start + entries.valueLength(ref))
}

function read(
  space: Keyspace,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  input: ByteReader,
): number {
  const flags = input.u8()
  input.sized()
  const length = input.stop - input.start
  if (input.isBroken || (flags & ~STRING_FLAGS) !== 0 || length > STRING_BYTES_MAX) return 0
  const ref = space.create(database, TYPE_STRING, key, start, end, length)
  writeString(space, ref, 0, input.bytes, input.start, input.stop)
  space.entries.setFlags(ref, flags)
  return ref
}

function length(space: Keyspace, ref: number): number {
  return space.entries.valueLength(ref)
}

export const stringValueType: ValueType = { type: TYPE_STRING, write, read, length, encoding }
