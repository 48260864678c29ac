/**
 * Counters [Table]: strings that are numbers. Integers are computed as doubles while old, new and increment are
 * safe integers - digits are read from the cell and written back in place - and in BigInt beyond. Floats are the
 * long doubles of Redis; their result travels as the whole entry.
 */
import { TYPE_STRING } from '../store/entry.ts'
import { addLongDoubles, formatLongDouble, LONG_DOUBLE_ZERO, readLongDouble } from '../store/long-double.ts'
import { decimalWidth, FLAG_TEXT, writeDecimal } from '../store/string.ts'
import {
  INT64_MAX,
  INT64_MIN,
  NOT_A_FLOAT,
  NOT_AN_INTEGER,
  readBigInteger,
  readInteger,
} from './arguments.ts'
import { type Call, NOTIFY_STRING, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, WRITE } from './command.ts'

const OVERFLOW = 'ERR increment or decrement would overflow'

function incr(call: Call): void {
  add(call, 1)
}

function decr(call: Call): void {
  add(call, -1)
}

function incrby(call: Call): void {
  const amount = call.integer(2)
  if (Number.isNaN(amount)) call.reply.error(NOT_AN_INTEGER)
  else if (Number.isSafeInteger(amount)) add(call, amount)
  else addExactly(call, call.bigInteger(2)!)
}

function decrby(call: Call): void {
  const amount = call.integer(2)
  if (Number.isNaN(amount)) call.reply.error(NOT_AN_INTEGER)
  else if (Number.isSafeInteger(amount)) add(call, -amount)
  else {
    const exact = call.bigInteger(2)!
    if (exact === INT64_MIN) call.reply.error('ERR decrement would overflow')
    else addExactly(call, -exact)
  }
}

/** Adds a safe integer. */
function add(call: Call, amount: number): void {
  const entries = call.space.entries
  const ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  let sum = amount
  if (ref !== 0) {
    const start = entries.valueStart(ref)
    const old = readInteger(entries.valueBuffer(ref), start, start + entries.valueLength(ref))
    if (Number.isNaN(old)) {
      call.reply.error(NOT_AN_INTEGER)
      return
    }
    sum = old + amount
    if (!Number.isSafeInteger(sum) || !Number.isSafeInteger(old)) {
      addExactly(call, BigInt(amount))
      return
    }
  }
  const width = decimalWidth(sum)
  const stored = makeText(call, ref, width)
  writeDecimal(entries.valueBuffer(stored), entries.valueStart(stored) + width, sum)
  entries.setFlags(stored, 0)
  call.space.changed(stored)
  call.notify(NOTIFY_STRING, 'incrby', 1)
  call.reply.integer(sum === 0 ? 0 : sum)
}

function addExactly(call: Call, amount: bigint): void {
  const entries = call.space.entries
  const ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  let sum = amount
  if (ref !== 0) {
    const start = entries.valueStart(ref)
    const old = readBigInteger(entries.valueBuffer(ref), start, start + entries.valueLength(ref))
    if (old === undefined) {
      call.reply.error(NOT_AN_INTEGER)
      return
    }
    sum = old + amount
    if (sum > INT64_MAX || sum < INT64_MIN) {
      call.reply.error(OVERFLOW)
      return
    }
  }
  storeText(call, ref, sum.toString(), 0)
  call.notify(NOTIFY_STRING, 'incrby', 1)
  call.reply.integerBig(sum)
}

function incrbyfloat(call: Call): void {
  const args = call.args
  const entries = call.space.entries
  const ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const start = ref === 0 ? 0 : entries.valueStart(ref)
  const old =
    ref === 0
      ? LONG_DOUBLE_ZERO
      : readLongDouble(entries.valueBuffer(ref), start, start + entries.valueLength(ref))
  const amount = readLongDouble(args.bytes, args.starts[2]!, args.ends[2]!)
  if (old === undefined || amount === undefined) {
    call.reply.error(NOT_A_FLOAT)
    return
  }
  const sum = addLongDoubles(old, amount)
  if (sum === undefined) {
    call.reply.error('ERR increment would produce NaN or Infinity')
    return
  }
  const text = formatLongDouble(sum)
  const stored = storeText(call, ref, text, FLAG_TEXT)
  call.notify(NOTIFY_STRING, 'incrbyfloat', 1)
  call.effects.put(stored)
  call.reply.bulkText(text)
}

/** The string entry at argument 1 (`ref`, or 0: there is none) with room for `length` bytes; the expiry stays. */
function makeText(call: Call, ref: number, length: number): number {
  return ref === 0 ? call.create(1, TYPE_STRING, length) : call.space.resizeValue(ref, length, 0)
}

function storeText(call: Call, ref: number, text: string, flags: number): number {
  const entries = call.space.entries
  const stored = makeText(call, ref, text.length)
  entries.valueBuffer(stored).write(text, entries.valueStart(stored), 'latin1')
  entries.setFlags(stored, flags)
  call.space.changed(stored)
  return stored
}

export const counterCommands: readonly Command[] = [
  {
    name: 'incr',
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'self',
    run: incr,
    summary: 'Adds one to the integer a key holds',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'decr',
    arity: 2,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'self',
    run: decr,
    summary: 'Takes one from the integer a key holds',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'incrby',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'self',
    run: incrby,
    summary: 'Adds to the integer a key holds',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key increment',
  },
  {
    name: 'decrby',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'self',
    run: decrby,
    summary: 'Takes from the integer a key holds',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key decrement',
  },
  {
    name: 'incrbyfloat',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: incrbyfloat,
    summary: 'Adds to the decimal number a key holds',
    since: '2.6.0',
    complexity: 'O(1)',
    syntax: 'key increment',
  },
]
