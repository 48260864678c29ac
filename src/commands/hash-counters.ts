/** Hash counters [Table]: HINCRBY and HINCRBYFLOAT, numbers kept as text in a field. */
import { TYPE_HASH } from '../store/entry.ts'
import { hashGet, hashPut } from '../store/hash.ts'
import { INTEGER64_TEXT_MAX, Integer64 } from '../store/integer64.ts'
import {
  addLongDoubles,
  formatLongDouble,
  isFiniteLongDouble,
  LONG_DOUBLE_ZERO,
  readLongDouble,
} from '../store/long-double.ts'
import { Span } from '../store/span.ts'
import { NOT_A_FLOAT, NOT_AN_INTEGER } from './arguments.ts'
import { type Call, NOTIFY_HASH, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, WRITE } from './command.ts'

const increment = new Integer64()
const sum = new Integer64()
const sumText = Buffer.alloc(INTEGER64_TEXT_MAX)
const old = new Span()
const outcome = { isNew: false }

function hincrby(call: Call): void {
  const { args, space, reply } = call
  if (!increment.parse(args.bytes, args.starts[3]!, args.ends[3]!)) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  const ref = call.findTypedForWrite(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  sum.high = sum.low = 0
  const isThere = ref !== 0 && hashGet(space, ref, args.bytes, args.starts[2]!, args.ends[2]!, old)
  if (isThere && !sum.parse(old.bytes, old.start, old.end)) {
    reply.error('ERR hash value is not an integer')
    return
  }
  if (!sum.add(increment)) {
    reply.error('ERR increment or decrement would overflow')
    return
  }
  putField(call, ref, sumText, sum.format(sumText, 0), 'hincrby')
  if (sum.isSafe) reply.integer(sum.number)
  else reply.integerBig(sum.bigInteger)
}

function hincrbyfloat(call: Call): void {
  const { args, space, reply } = call
  const step = readLongDouble(args.bytes, args.starts[3]!, args.ends[3]!)
  if (step === undefined) {
    reply.error(NOT_A_FLOAT)
    return
  }
  if (!isFiniteLongDouble(step)) {
    reply.error('ERR value is NaN or Infinity')
    return
  }
  const ref = call.findTypedForWrite(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  const isThere = ref !== 0 && hashGet(space, ref, args.bytes, args.starts[2]!, args.ends[2]!, old)
  const before = isThere ? readLongDouble(old.bytes, old.start, old.end) : LONG_DOUBLE_ZERO
  if (before === undefined) {
    reply.error('ERR hash value is not a float')
    return
  }
  const total = addLongDoubles(before, step)
  if (total === undefined) {
    reply.error('ERR increment would produce NaN or Infinity')
    return
  }
  const text = Buffer.from(formatLongDouble(total), 'latin1')
  putField(call, ref, text, text.length, 'hincrbyfloat')
  if (call.effects.isOn) call.effects.run(call.database, 'HSET', args.copy(1), args.copy(2), text)
  reply.bulkBuffer(text)
}

/** Stores the number in the field at argument 2, in the hash or in a new one. */
function putField(call: Call, ref: number, text: Buffer, length: number, event: string): void {
  const { args, space } = call
  if (ref === 0) ref = call.create(1, TYPE_HASH, 0)
  ref = hashPut(space, ref, args.bytes, args.starts[2]!, args.ends[2]!, text, 0, length, outcome)
  space.changed(ref)
  call.notify(NOTIFY_HASH, event, 1)
}

export const hashCounterCommands: readonly Command[] = [
  {
    name: 'hincrby',
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'hash',
    effect: 'self',
    run: hincrby,
    summary: 'Adds an integer to the number in a field; a missing field counts as 0',
    since: '2.0.0',
    complexity: 'O(1)',
    syntax: 'key field increment',
  },
  {
    name: 'hincrbyfloat',
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'hash',
    effect: 'declared',
    run: hincrbyfloat,
    summary: 'Adds a floating point number to the number in a field',
    since: '2.6.0',
    complexity: 'O(1)',
    syntax: 'key field increment',
  },
]
