/**
 * Hashes [Table]: the H commands. The rows of counters and random fields come from files of their own. How fields
 * lie in memory is store/hash.ts' business.
 */
import { TYPE_HASH } from '../store/entry.ts'
import {
  hashEach,
  hashGet,
  hashLength,
  hashPut,
  hashRemove,
  isEmptyHash,
  isLargeHash,
  visitElement,
} from '../store/hash.ts'
import { tableOf } from '../store/large-table.ts'
import { Span } from '../store/span.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_HASH, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { ElementScan } from './element-scan.ts'
import { hashCounterCommands } from './hash-counters.ts'
import { hashRandomCommands } from './hash-random.ts'

const value = new Span()
const outcome = { isNew: false }
const scan = new ElementScan()

function hset(call: Call): void {
  const created = setFields(call)
  if (created !== -1) call.reply.integer(created)
}

function hmset(call: Call): void {
  if (setFields(call) !== -1) call.reply.ok()
}

/** Sets all the pairs; answers how many fields are new, or -1 when an error has been replied. */
function setFields(call: Call): number {
  const args = call.args
  if ((args.count & 1) === 1) {
    call.reply.error(`ERR wrong number of arguments for '${call.row.name}' command`)
    return -1
  }
  let ref = call.findTypedForWrite(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return -1
  if (ref === 0) ref = createHash(call)
  let created = 0
  for (let i = 2; i < args.count; i += 2) {
    ref = putPair(call, ref, i)
    if (outcome.isNew) created++
  }
  call.space.changed(ref)
  call.notify(NOTIFY_HASH, 'hset', 1)
  return created
}

function hsetnx(call: Call): void {
  const { args, space, reply } = call
  let ref = call.findTypedForWrite(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0 && hashGet(space, ref, args.bytes, args.starts[2]!, args.ends[2]!, value)) {
    reply.integer(0)
    return
  }
  if (ref === 0) ref = createHash(call)
  space.changed(putPair(call, ref, 2))
  call.notify(NOTIFY_HASH, 'hset', 1)
  reply.integer(1)
}

/** An empty hash whose cell has room for the first pair, so that it need not move at once. */
function createHash(call: Call): number {
  const args = call.args
  const room = Math.min(args.ends[3]! - args.starts[2]!, 32 + args.length(1))
  return call.space.resizeValue(call.create(1, TYPE_HASH, room), 0, 0)
}

function putPair(call: Call, ref: number, i: number): number {
  const { bytes, starts, ends } = call.args
  return hashPut(call.space, ref, bytes, starts[i]!, ends[i]!, bytes, starts[i + 1]!, ends[i + 1]!, outcome)
}

function hdel(call: Call): void {
  const { args, space, reply } = call
  let ref = call.findTypedForWrite(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  let removed = 0
  let isEmpty = false
  for (let i = 2; ref !== 0 && i < args.count && !isEmpty; i++) {
    const after = hashRemove(space, ref, args.bytes, args.starts[i]!, args.ends[i]!)
    if (after === 0) continue
    ref = after
    removed++
    isEmpty = isEmptyHash(space, ref)
  }
  if (removed > 0) {
    if (isEmpty) space.remove(ref)
    else space.changed(ref)
    call.notify(NOTIFY_HASH, 'hdel', 1)
    if (isEmpty) call.notify(NOTIFY_GENERIC, 'del', 1)
  }
  reply.integer(removed)
}

function hget(call: Call): void {
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref !== WRONG_TYPE_REF) replyField(call, ref, 2)
}

function hmget(call: Call): void {
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  const count = call.args.count
  call.reply.array(count - 2)
  for (let i = 2; i < count; i++) replyField(call, ref, i)
}

function replyField(call: Call, ref: number, i: number): void {
  if (findField(call, ref, i)) call.reply.bulk(value.bytes, value.start, value.end)
  else call.reply.nil()
}

function findField(call: Call, ref: number, i: number): boolean {
  const args = call.args
  return ref !== 0 && hashGet(call.space, ref, args.bytes, args.starts[i]!, args.ends[i]!, value)
}

function hexists(call: Call): void {
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref !== WRONG_TYPE_REF) call.reply.integer(findField(call, ref, 2) ? 1 : 0)
}

function hstrlen(call: Call): void {
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref !== WRONG_TYPE_REF) call.reply.integer(findField(call, ref, 2) ? value.length : 0)
}

function hlen(call: Call): void {
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref !== WRONG_TYPE_REF) call.reply.integer(ref === 0 ? 0 : hashLength(call.space, ref))
}

function hgetall(call: Call): void {
  const { space, reply } = call
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  reply.map(ref === 0 ? 0 : hashLength(space, ref))
  if (ref === 0) return
  hashEach(space, ref, (bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
    reply.bulk(bytes, fieldStart, fieldEnd)
    reply.bulk(bytes, valueStart, valueEnd)
  })
}

function hkeys(call: Call): void {
  const { space, reply } = call
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  reply.array(ref === 0 ? 0 : hashLength(space, ref))
  if (ref !== 0) hashEach(space, ref, (bytes, start, end) => reply.bulk(bytes, start, end))
}

function hvals(call: Call): void {
  const { space, reply } = call
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  reply.array(ref === 0 ? 0 : hashLength(space, ref))
  if (ref === 0) return
  hashEach(space, ref, (bytes, _start, _end, valueStart, valueEnd) => reply.bulk(bytes, valueStart, valueEnd))
}

function hscan(call: Call): void {
  const { space, reply } = call
  if (!scan.readCursor(call, 2)) return
  const ref = call.findTyped(1, TYPE_HASH)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    scan.replyEmpty(call)
    return
  }
  if (!scan.readOptions(call, 3, false)) return
  const elements: number[] = []
  const isLarge = isLargeHash(space, ref)
  scan.begin(call, isLarge ? tableOf(space, ref).walk(scan.fromHash, scan.count, elements) : 0)
  const visit = (
    bytes: Buffer,
    fieldStart: number,
    fieldEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void => {
    if (!scan.admits(call, bytes, fieldStart, fieldEnd)) return
    reply.bulk(bytes, fieldStart, fieldEnd)
    reply.bulk(bytes, valueStart, valueEnd)
    scan.took(2)
  }
  if (isLarge) for (const element of elements) visitElement(space, ref, element, visit)
  else hashEach(space, ref, visit)
  scan.end(call)
}

const FAST_READ = READONLY | FAST
const FAST_GROWTH = WRITE | DENYOOM | FAST

export const hashCommands: readonly Command[] = [
  {
    name: 'hset',
    arity: -4,
    flags: FAST_GROWTH,
    keys: FIRST_KEY,
    group: 'hash',
    effect: 'self',
    run: hset,
    summary: 'Sets fields of a hash and answers how many are new',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of field-value pairs',
    syntax: 'key field value [field value ...]',
  },
  {
    name: 'hmset',
    arity: -4,
    flags: FAST_GROWTH,
    keys: FIRST_KEY,
    group: 'hash',
    effect: 'self',
    run: hmset,
    summary: 'Sets fields of a hash and answers OK',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of fields being set',
    syntax: 'key field value [field value ...]',
  },
  {
    name: 'hsetnx',
    arity: 4,
    flags: FAST_GROWTH,
    keys: FIRST_KEY,
    group: 'hash',
    effect: 'self',
    run: hsetnx,
    summary: 'Sets a field unless it is there already',
    since: '2.0.0',
    complexity: 'O(1)',
    syntax: 'key field value',
  },
  {
    name: 'hdel',
    arity: -3,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'hash',
    effect: 'self',
    run: hdel,
    summary: 'Removes fields, and the hash with its last one',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of fields to be removed',
    syntax: 'key field [field ...]',
  },
  {
    name: 'hget',
    arity: 3,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'hash',
    run: hget,
    summary: 'Answers the value of a field',
    since: '2.0.0',
    complexity: 'O(1)',
    syntax: 'key field',
  },
  {
    name: 'hmget',
    arity: -3,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'hash',
    run: hmget,
    summary: 'Answers the values of fields in the order asked for',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of fields being requested',
    syntax: 'key field [field ...]',
  },
  {
    name: 'hgetall',
    arity: 2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'hash',
    run: hgetall,
    summary: 'Answers all fields with their values',
    since: '2.0.0',
    complexity: 'O(N) where N is the size of the hash',
    syntax: 'key',
  },
  {
    name: 'hlen',
    arity: 2,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'hash',
    run: hlen,
    summary: 'Answers the number of fields',
    since: '2.0.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'hstrlen',
    arity: 3,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'hash',
    run: hstrlen,
    summary: 'Answers the length of the value of a field',
    since: '3.2.0',
    complexity: 'O(1)',
    syntax: 'key field',
  },
  {
    name: 'hexists',
    arity: 3,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'hash',
    run: hexists,
    summary: 'Tells whether a field is there',
    since: '2.0.0',
    complexity: 'O(1)',
    syntax: 'key field',
  },
  {
    name: 'hkeys',
    arity: 2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'hash',
    run: hkeys,
    summary: 'Answers all fields',
    since: '2.0.0',
    complexity: 'O(N) where N is the size of the hash',
    syntax: 'key',
  },
  {
    name: 'hvals',
    arity: 2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'hash',
    run: hvals,
    summary: 'Answers all values',
    since: '2.0.0',
    complexity: 'O(N) where N is the size of the hash',
    syntax: 'key',
  },
  {
    name: 'hscan',
    arity: -3,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'hash',
    run: hscan,
    summary: 'Walks the fields of a hash a portion at a time',
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole walk',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
  },
  ...hashCounterCommands,
  ...hashRandomCommands,
]
