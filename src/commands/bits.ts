/**
 * Bit commands [Table]: strings as bitmaps: single bits, counts and searches over ranges, and BITOP over several
 * keys. Offsets and ranges are checked here; the bit work is store/bits. BITOP computes aside first, because its
 * target may be one of its sources.
 */
import { countBits, findBit } from '../store/bits.ts'
import { FLAG_RAW, TYPE_STRING } from '../store/entry.ts'
import { growString, writeString } from '../store/string.ts'
import { NOT_AN_INTEGER, readInteger, SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_STRING, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { stringBytesMax } from './string-limit.ts'

const BAD_BIT = 'ERR bit is not an integer or out of range'
const BAD_OFFSET = 'ERR bit offset is not an integer or out of range'
const HASH_SIGN = 35

/**
 * The bit offset argument i means, or NaN: then the error is replied. With a `width`, `#n` counts in fields of so
 * many bits; 0 knows no such form.
 */
export function readBitOffset(call: Call, i: number, width: number): number {
  const { bytes, starts, ends } = call.args
  const start = starts[i]!
  const end = ends[i]!
  const isCounted = width > 0 && start < end && bytes[start] === HASH_SIGN
  const offset = isCounted ? readInteger(bytes, start + 1, end) * width : readInteger(bytes, start, end)
  if (offset >= 0 && offset < stringBytesMax(call) * 8) return offset
  call.reply.error(BAD_OFFSET)
  return Number.NaN
}

function setbit(call: Call): void {
  const offset = readBitOffset(call, 2, 0)
  if (Number.isNaN(offset)) return
  const bit = call.integer(3)
  if (bit !== 0 && bit !== 1) {
    call.reply.error(BAD_BIT)
    return
  }
  const space = call.space
  const entries = space.entries
  let ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const byte = Math.floor(offset / 8)
  const mask = 0x80 >>> (offset % 8)
  const oldLength = ref === 0 ? -1 : entries.valueLength(ref)
  if (ref === 0) ref = call.create(1, TYPE_STRING, 0)
  ref = growString(space, ref, Math.max(oldLength, byte + 1))
  const at = entries.valueStart(ref) + byte
  const bytes = entries.valueBuffer(ref)
  const isSet = (bytes[at]! & mask) !== 0
  if (oldLength <= byte || isSet !== (bit === 1)) {
    bytes[at] = bit === 1 ? bytes[at]! | mask : bytes[at]! & ~mask
    space.changed(ref)
    call.notify(NOTIFY_STRING, 'setbit', 1)
  }
  call.reply.integer(isSet ? 1 : 0)
}

function getbit(call: Call): void {
  const offset = readBitOffset(call, 2, 0)
  if (Number.isNaN(offset)) return
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const entries = call.space.entries
  const byte = Math.floor(offset / 8)
  const isInside = ref !== 0 && byte < entries.valueLength(ref)
  const value = isInside ? entries.valueBuffer(ref)[entries.valueStart(ref) + byte]! : 0
  call.reply.integer((value >>> (7 - (offset % 8))) & 1)
}

/** 1 for BIT, 0 for BYTE, -1 for anything else. */
function readUnit(call: Call, i: number): number {
  return call.args.is(i, 'BIT') ? 1 : call.args.is(i, 'BYTE') ? 0 : -1
}

/** First index of a range over `total` things: negative ones count from the end. */
function fromFront(index: number, total: number): number {
  return index < 0 ? Math.max(0, total + index) : index
}

function bitcount(call: Call): void {
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    call.reply.integer(0)
    return
  }
  const count = call.args.count
  if (count === 3 || count > 5) {
    call.reply.error(SYNTAX_ERROR)
    return
  }
  let first = count === 2 ? 0 : call.integer(2)
  let last = count === 2 ? -1 : call.integer(3)
  if (Number.isNaN(first) || Number.isNaN(last)) {
    call.reply.error(NOT_AN_INTEGER)
    return
  }
  const isBackwards = first < 0 && last < 0 && first > last
  const unit = count === 5 && !isBackwards ? readUnit(call, 4) : 0
  if (unit === -1) {
    call.reply.error(SYNTAX_ERROR)
    return
  }
  const entries = call.space.entries
  const bitsEach = unit === 1 ? 1 : 8
  const total = (entries.valueLength(ref) * 8) / bitsEach
  first = fromFront(first, total)
  last = Math.min(fromFront(last, total), total - 1)
  if (isBackwards || first > last) call.reply.integer(0)
  else {
    const firstBit = first * bitsEach
    const lastBit = last * bitsEach + bitsEach - 1
    call.reply.integer(countBits(entries.valueBuffer(ref), entries.valueStart(ref), firstBit, lastBit))
  }
}

function bitpos(call: Call): void {
  const bit = call.integer(2)
  if (bit !== 0 && bit !== 1) {
    call.reply.error(Number.isNaN(bit) ? NOT_AN_INTEGER : 'ERR The bit argument must be 1 or 0.')
    return
  }
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    call.reply.integer(bit === 1 ? -1 : 0)
    return
  }
  const count = call.args.count
  const first = count > 3 ? call.integer(3) : 0
  const unit = count === 6 ? readUnit(call, 5) : 0
  const last = count > 4 ? call.integer(4) : -1
  // The order in which the real server looks at them decides which error wins.
  if (count > 6 || (!Number.isNaN(first) && unit === -1)) call.reply.error(SYNTAX_ERROR)
  else if (Number.isNaN(first) || Number.isNaN(last)) call.reply.error(NOT_AN_INTEGER)
  else call.reply.integer(searchRange(call, ref, bit, first, last, unit === 1 ? 1 : 8, count > 4))
}

/** Without an explicit end, an endless row of zeros follows the string. */
function searchRange(
  call: Call,
  ref: number,
  bit: number,
  first: number,
  last: number,
  bitsEach: number,
  hasEnd: boolean,
): number {
  const entries = call.space.entries
  const bitCount = entries.valueLength(ref) * 8
  const total = bitCount / bitsEach
  const from = fromFront(first, total)
  const to = Math.min(fromFront(last, total), total - 1)
  if (from > to) return -1
  const firstBit = from * bitsEach
  const lastBit = to * bitsEach + bitsEach - 1
  const position = findBit(entries.valueBuffer(ref), entries.valueStart(ref), firstBit, lastBit, bit)
  return position === -1 && bit === 0 && !hasEnd ? bitCount : position
}

type Operation = 'and' | 'or' | 'xor' | 'not'

function readOperation(call: Call): Operation | undefined {
  const args = call.args
  if (args.is(1, 'AND')) return 'and'
  if (args.is(1, 'OR')) return 'or'
  if (args.is(1, 'XOR')) return 'xor'
  return args.is(1, 'NOT') ? 'not' : undefined
}

function bitop(call: Call): void {
  const operation = readOperation(call)
  const count = call.args.count
  if (operation === undefined) {
    call.reply.error(SYNTAX_ERROR)
    return
  }
  if (operation === 'not' && count !== 4) {
    call.reply.error('ERR BITOP NOT must be called with a single source key.')
    return
  }
  let length = 0
  for (let i = 3; i < count; i++) {
    const ref = call.findTyped(i, TYPE_STRING)
    if (ref === WRONG_TYPE_REF) return
    if (ref !== 0) length = Math.max(length, call.space.entries.valueLength(ref))
  }
  storeResult(call, combine(call, operation, length))
  call.reply.integer(length)
}

/** Shorter strings and missing keys count as if zeros followed them. */
function combine(call: Call, operation: Operation, length: number): Buffer {
  const entries = call.space.entries
  const result = Buffer.alloc(length)
  for (let i = 3; i < call.args.count; i++) {
    const ref = call.peek(i)
    const sourceLength = ref === 0 ? 0 : entries.valueLength(ref)
    const source = ref === 0 ? result : entries.valueBuffer(ref)
    const start = ref === 0 ? 0 : entries.valueStart(ref)
    if (i === 3) {
      source.copy(result, 0, start, start + sourceLength)
      if (operation === 'not') for (let at = 0; at < length; at++) result[at] = ~result[at]!
    } else if (operation === 'and') {
      for (let at = 0; at < sourceLength; at++) result[at] = result[at]! & source[start + at]!
      result.fill(0, sourceLength)
    } else if (operation === 'or') {
      for (let at = 0; at < sourceLength; at++) result[at] = result[at]! | source[start + at]!
    } else for (let at = 0; at < sourceLength; at++) result[at] = result[at]! ^ source[start + at]!
  }
  return result
}

/** An empty result removes the target. */
function storeResult(call: Call, result: Buffer): void {
  const space = call.space
  let ref = call.findForWrite(2)
  if (result.length === 0) {
    if (ref !== 0) call.removeEntry(ref, 2)
    return
  }
  if (ref === 0) ref = call.create(2, TYPE_STRING, result.length)
  else ref = space.makeString(ref, result.length, false)
  writeString(space, ref, 0, result, 0, result.length)
  space.entries.setFlags(ref, FLAG_RAW)
  space.changed(ref)
  call.notify(NOTIFY_STRING, 'set', 2)
  call.effects.put(ref)
}

export const bitCommands: readonly Command[] = [
  {
    name: 'setbit',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'bitmap',
    effect: 'self',
    run: setbit,
    summary: 'Sets or clears one bit of a string and answers what it was',
    since: '2.2.0',
    complexity: 'O(1)',
    syntax: 'key offset value',
  },
  {
    name: 'getbit',
    arity: 3,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'bitmap',
    run: getbit,
    summary: 'Answers one bit of a string',
    since: '2.2.0',
    complexity: 'O(1)',
    syntax: 'key offset',
  },
  {
    name: 'bitcount',
    arity: -2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'bitmap',
    run: bitcount,
    summary: 'Counts the bits that are set in a string or a range of it',
    since: '2.6.0',
    complexity: 'O(N)',
    syntax: 'key [start end [BYTE|BIT]]',
  },
  {
    name: 'bitpos',
    arity: -3,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'bitmap',
    run: bitpos,
    summary: 'Finds the first bit that is set, or clear, in a string or a range of it',
    since: '2.8.7',
    complexity: 'O(N)',
    syntax: 'key bit [start [end [BYTE|BIT]]]',
  },
  {
    name: 'bitop',
    arity: -4,
    flags: WRITE | DENYOOM,
    keys: { first: 2, last: -1, step: 1 },
    group: 'bitmap',
    effect: 'declared',
    spread: 'to-first',
    run: bitop,
    summary: 'Combines strings bit by bit and stores the result',
    since: '2.6.0',
    complexity: 'O(N)',
    syntax: 'operation destkey key [key ...]',
  },
]
