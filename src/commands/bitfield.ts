/**
 * Bit fields [Table]: a string as integers of any width at any place. All operations of a request are read and
 * checked before the first one runs; then the string is made long enough once, and each answers in turn. Arithmetic
 * is exact in BigInt, so overflow is a comparison.
 */
import { readField, writeField } from '../store/bits.ts'
import { TYPE_STRING } from '../store/entry.ts'
import { growString } from '../store/string.ts'
import { NOT_AN_INTEGER, readInteger, SYNTAX_ERROR } from './arguments.ts'
import { readBitOffset } from './bits.ts'
import { type Call, NOTIFY_STRING, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'

const BAD_TYPE =
  'ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.'
const LETTER_I = 105
const LETTER_U = 117
const SIGNED_BITS_MAX = 64
const UNSIGNED_BITS_MAX = 63

type Verb = 'get' | 'set' | 'incrby'
type Overflow = 'wrap' | 'sat' | 'fail'

interface Operation {
  readonly verb: Verb
  readonly isSigned: boolean
  readonly bits: number
  readonly offset: number
  /** New value of SET, increment of INCRBY. */
  readonly amount: bigint
  readonly overflow: Overflow
}

function bitfield(call: Call): void {
  const operations = readOperations(call)
  if (operations === undefined) return
  const lastBit = lastBitWritten(operations)
  if (lastBit >= 0) write(call, operations, lastBit)
  else read(call, operations)
}

function bitfieldReadonly(call: Call): void {
  const operations = readOperations(call)
  if (operations === undefined) return
  if (lastBitWritten(operations) >= 0) call.reply.error('ERR BITFIELD_RO only supports the GET subcommand')
  else read(call, operations)
}

function lastBitWritten(operations: readonly Operation[]): number {
  let last = -1
  for (const operation of operations) {
    if (operation.verb !== 'get') last = Math.max(last, operation.offset + operation.bits - 1)
  }
  return last
}

/** Undefined: the error is replied. */
function readOperations(call: Call): Operation[] | undefined {
  const args = call.args
  const operations: Operation[] = []
  let overflow: Overflow = 'wrap'
  let i = 2
  while (i < args.count) {
    const left = args.count - i - 1
    if (left >= 1 && args.is(i, 'OVERFLOW')) {
      const wanted = readOverflow(call, i + 1)
      if (wanted === undefined) {
        call.reply.error('ERR Invalid OVERFLOW type specified')
        return undefined
      }
      overflow = wanted
      i += 2
      continue
    }
    const verb = readVerb(call, i, left)
    if (verb === undefined) {
      call.reply.error(SYNTAX_ERROR)
      return undefined
    }
    const operation = readOperation(call, i, verb, overflow)
    if (operation === undefined) return undefined
    operations.push(operation)
    i += verb === 'get' ? 3 : 4
  }
  return operations
}

function readVerb(call: Call, i: number, left: number): Verb | undefined {
  const args = call.args
  if (left >= 2 && args.is(i, 'GET')) return 'get'
  if (left >= 3 && args.is(i, 'SET')) return 'set'
  return left >= 3 && args.is(i, 'INCRBY') ? 'incrby' : undefined
}

function readOverflow(call: Call, i: number): Overflow | undefined {
  const args = call.args
  if (args.is(i, 'WRAP')) return 'wrap'
  if (args.is(i, 'SAT')) return 'sat'
  return args.is(i, 'FAIL') ? 'fail' : undefined
}

function readOperation(call: Call, i: number, verb: Verb, overflow: Overflow): Operation | undefined {
  const args = call.args
  const start = args.starts[i + 1]!
  const letter = start < args.ends[i + 1]! ? args.bytes[start] : 0
  const isSigned = letter === LETTER_I
  const bits = isSigned || letter === LETTER_U ? readInteger(args.bytes, start + 1, args.ends[i + 1]!) : 0
  if (!(bits >= 1 && bits <= (isSigned ? SIGNED_BITS_MAX : UNSIGNED_BITS_MAX))) {
    call.reply.error(BAD_TYPE)
    return undefined
  }
  const offset = readBitOffset(call, i + 2, bits)
  if (Number.isNaN(offset)) return undefined
  const amount = verb === 'get' ? 0n : call.bigInteger(i + 3)
  if (amount === undefined) {
    call.reply.error(NOT_AN_INTEGER)
    return undefined
  }
  return { verb, isSigned, bits, offset, amount, overflow }
}

function read(call: Call, operations: readonly Operation[]): void {
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  call.reply.array(operations.length)
  for (const operation of operations) {
    if (ref === 0) call.reply.integer(0)
    else call.reply.integerBig(currentValue(call, ref, operation))
  }
}

function write(call: Call, operations: readonly Operation[], lastBit: number): void {
  const space = call.space
  let ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const oldLength = ref === 0 ? 0 : space.entries.valueLength(ref)
  const length = Math.max(oldLength, Math.floor(lastBit / 8) + 1)
  const isLonger = length > oldLength
  if (ref === 0) ref = call.create(1, TYPE_STRING, 0)
  ref = growString(space, ref, length)
  call.reply.array(operations.length)
  let isWritten = false
  for (const operation of operations) {
    if (operation.verb === 'get') call.reply.integerBig(currentValue(call, ref, operation))
    else if (apply(call, ref, operation, isLonger)) isWritten = true
  }
  if (isLonger || isWritten) space.changed(ref)
  if (isWritten) call.notify(NOTIFY_STRING, 'setbit', 1)
}

/** Runs SET or INCRBY and replies; answers whether it counts as a change. */
function apply(call: Call, ref: number, operation: Operation, isLonger: boolean): boolean {
  const { verb, isSigned, bits, amount, overflow } = operation
  const entries = call.space.entries
  const old = currentValue(call, ref, operation)
  // An unsigned SET takes negative numbers as the huge ones their bits spell.
  const given = isSigned ? amount : BigInt.asUintN(64, amount)
  const wanted = verb === 'set' ? given : old + amount
  const fitting = isSigned ? BigInt.asIntN(bits, wanted) : BigInt.asUintN(bits, wanted)
  let value = fitting
  if (fitting !== wanted) {
    if (overflow === 'fail') {
      call.reply.nil()
      return false
    }
    const isUpper = wanted > 0n || (verb === 'set' && looksTooLarge(isSigned, bits, wanted))
    if (overflow === 'sat') value = limitOf(isSigned, bits, isUpper)
  }
  call.reply.integerBig(verb === 'set' ? old : value)
  writeField(entries.valueBuffer(ref), entries.valueStart(ref), operation.offset, bits, value)
  return isLonger || old !== value
}

/** Redis measures the room above a value in 64 bits; below -2^63 + limit that wraps, and it saturates upwards. */
function looksTooLarge(isSigned: boolean, bits: number, wanted: bigint): boolean {
  return isSigned && BigInt.asIntN(64, limitOf(true, bits, true) - wanted) < 0n
}

function limitOf(isSigned: boolean, bits: number, isUpper: boolean): bigint {
  if (!isSigned) return isUpper ? (1n << BigInt(bits)) - 1n : 0n
  const half = 1n << BigInt(bits - 1)
  return isUpper ? half - 1n : -half
}

function currentValue(call: Call, ref: number, operation: Operation): bigint {
  const entries = call.space.entries
  const start = entries.valueStart(ref)
  const end = start + entries.valueLength(ref)
  const value = readField(entries.valueBuffer(ref), start, end, operation.offset, operation.bits)
  return operation.isSigned ? BigInt.asIntN(operation.bits, value) : value
}

export const bitfieldCommands: readonly Command[] = [
  {
    name: 'bitfield',
    arity: -2,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'bitmap',
    effect: 'self',
    run: bitfield,
    summary: 'Reads and changes integers of any width inside a string',
    since: '3.2.0',
    complexity: 'O(1) for each subcommand specified',
    syntax:
      'key [GET encoding offset|[OVERFLOW WRAP|SAT|FAIL] SET encoding offset value|INCRBY encoding offset increment ' +
      '[GET encoding offset|[OVERFLOW WRAP|SAT|FAIL] SET encoding offset value|INCRBY encoding offset increment ...]]',
  },
  {
    name: 'bitfield_ro',
    arity: -2,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'bitmap',
    run: bitfieldReadonly,
    summary: 'Reads integers of any width inside a string',
    since: '6.0.0',
    complexity: 'O(1) for each subcommand specified',
    syntax: 'key [GET encoding offset [GET encoding offset ...]]',
  },
]
