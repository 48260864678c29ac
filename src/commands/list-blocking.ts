/**
 * List moves and waits [Table + handlers]: taking from the first of several lists, moving between two, and
 * the blocking twins of both, which park the client when there is nothing to take (session/waiters.ts).
 */
import { keysAfterCount } from './counted-keys.ts'
import { TYPE_LIST } from '../store/entry.ts'
import { ListCursor, listCreate, listDrop, listLength, listPush } from '../store/list.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import { readTimeoutMs, REFUSED_TIMEOUT } from './blocking.ts'
import { type Call, NOTIFY_LIST, WRONG_TYPE_REF } from './call.ts'
import {
  BLOCKING,
  type Command,
  DENYOOM,
  KEYS_BUT_LAST,
  MOVABLE_KEYS,
  NOSCRIPT,
  TWO_KEYS,
  WRITE,
} from './command.ts'
import { dropFromEnd, takeFromEnd } from './list-ends.ts'

const NEVER_BLOCKS = -2
const CARRIER_BYTES = 4096

const cursor = new ListCursor()
/** Carries a short element from one list to the other. */
const carrier: Buffer = Buffer.alloc(CARRIER_BYTES)

function lmove(call: Call): void {
  if (hasEnds(call)) move(call, call.args.is(3, 'LEFT'), call.args.is(4, 'LEFT'), NEVER_BLOCKS)
}
function blmove(call: Call): void {
  if (!hasEnds(call)) return
  const timeoutMs = readTimeoutMs(call, 5)
  if (timeoutMs === REFUSED_TIMEOUT) return
  move(call, call.args.is(3, 'LEFT'), call.args.is(4, 'LEFT'), timeoutMs)
}
function rpoplpush(call: Call): void {
  move(call, false, true, NEVER_BLOCKS)
}
function brpoplpush(call: Call): void {
  const timeoutMs = readTimeoutMs(call, 3)
  if (timeoutMs !== REFUSED_TIMEOUT) move(call, false, true, timeoutMs)
}

/** Do arguments 3 and 4 each name an end? If not, the error is replied. */
function hasEnds(call: Call): boolean {
  if (isEnd(call, 3) && isEnd(call, 4)) return true
  call.reply.error(SYNTAX_ERROR)
  return false
}

function isEnd(call: Call, i: number): boolean {
  return call.args.is(i, 'LEFT') || call.args.is(i, 'RIGHT')
}

function move(call: Call, fromHead: boolean, toHead: boolean, timeoutMs: number): void {
  const args = call.args
  const source = call.findTypedForWrite(1, TYPE_LIST)
  if (source === WRONG_TYPE_REF) return
  if (source === 0) {
    if (timeoutMs === NEVER_BLOCKS || !call.mayBlock) return call.reply.nil()
    return call.block(1, 1, TYPE_LIST, timeoutMs, 'nil-array')
  }
  const isSameKey = args.equals(1, args.bytes, args.starts[2]!, args.ends[2]!)
  const target = isSameKey ? source : call.findTypedForWrite(2, TYPE_LIST)
  if (target === WRONG_TYPE_REF) return
  cursor.seek(call.space, source, fromHead ? 0 : listLength(call.space, source) - 1)
  const length = cursor.end - cursor.start
  const element = length <= CARRIER_BYTES ? carrier : Buffer.allocUnsafeSlow(length)
  cursor.buffer.copy(element, 0, cursor.start, cursor.end)
  cursor.rest()
  if (isSameKey) rotate(call, source, fromHead, toHead, element, length)
  else {
    pushMoved(call, target, toHead, element, length)
    dropFromEnd(call, source, 1, fromHead, 1)
  }
  call.reply.bulk(element, 0, length)
}

function pushMoved(call: Call, target: number, toHead: boolean, element: Buffer, length: number): void {
  const { args, space, database, effects } = call
  const ref =
    target === 0
      ? listCreate(space, database, args.bytes, args.starts[2]!, args.ends[2]!, element, 0, length)
      : listPush(space, target, toHead, element, 0, length)
  space.changed(ref)
  if (effects.isOn) {
    effects.run(database, toHead ? 'LPUSH' : 'RPUSH', args.copy(2), element.subarray(0, length))
  }
  call.notify(NOTIFY_LIST, toHead ? 'lpush' : 'rpush', 2)
}

/** Source and target are one list: a single change, which the non-blocking form of the request describes. */
function rotate(
  call: Call,
  ref: number,
  fromHead: boolean,
  toHead: boolean,
  element: Buffer,
  length: number,
): void {
  const { space, effects } = call
  const grown = listPush(space, ref, toHead, element, 0, length)
  space.changed(listDrop(space, grown, fromHead, 1))
  if (effects.isOn) {
    const key = call.args.copy(1)
    effects.run(call.database, 'LMOVE', key, key, fromHead ? 'LEFT' : 'RIGHT', toHead ? 'LEFT' : 'RIGHT')
  }
  call.notify(NOTIFY_LIST, toHead ? 'lpush' : 'rpush', 2)
  call.notify(NOTIFY_LIST, fromHead ? 'lpop' : 'rpop', 1)
}

function blpop(call: Call): void {
  blockingPop(call, true)
}
function brpop(call: Call): void {
  blockingPop(call, false)
}

function blockingPop(call: Call, atHead: boolean): void {
  const lastKey = call.args.count - 2
  const timeoutMs = readTimeoutMs(call, lastKey + 1)
  if (timeoutMs === REFUSED_TIMEOUT) return
  const i = findNonEmpty(call, 1, lastKey)
  if (i === WRONG_TYPE_REF) return
  if (i === 0) return waitFor(call, 1, lastKey, timeoutMs)
  call.reply.array(2)
  call.reply.bulk(call.args.bytes, call.args.starts[i]!, call.args.ends[i]!)
  takeFromEnd(call, foundRef, i, atHead, 1)
}

/** The list `findNonEmpty` found. */
let foundRef = 0

/**
 * Argument number of the first key that holds a list; 0 = none does, WRONG_TYPE_REF = one holds something
 * else.
 */
function findNonEmpty(call: Call, first: number, last: number): number {
  for (let i = first; i <= last; i++) {
    if (!call.node.waiters.offers(call.args, i)) continue
    foundRef = call.findTypedForWrite(i, TYPE_LIST)
    if (foundRef === WRONG_TYPE_REF) return WRONG_TYPE_REF
    if (foundRef !== 0) return i
  }
  return 0
}

function waitFor(call: Call, firstKey: number, lastKey: number, timeoutMs: number): void {
  if (timeoutMs === NEVER_BLOCKS || !call.mayBlock) call.reply.nilArray()
  else call.block(firstKey, lastKey, TYPE_LIST, timeoutMs, 'nil-array')
}

function lmpop(call: Call): void {
  popFromFirst(call, 1, NO_TIMEOUT)
}
function blmpop(call: Call): void {
  popFromFirst(call, 2, 1)
}

const NO_TIMEOUT = 0

/** `numkeys key [key ...] LEFT|RIGHT [COUNT count]` from argument `at` on. */
function popFromFirst(call: Call, at: number, timeoutAt: number): void {
  const { args, reply } = call
  const keyCount = call.integer(at)
  if (!(keyCount >= 1)) return reply.error('ERR numkeys should be greater than 0')
  const firstKey = at + 1
  const lastKey = at + keyCount
  const end = lastKey + 1
  if (end >= args.count || !isEnd(call, end)) return reply.error(SYNTAX_ERROR)
  const hasCount = args.count > end + 1
  if (hasCount && (!args.is(end + 1, 'COUNT') || args.count === end + 2)) return reply.error(SYNTAX_ERROR)
  const wanted = hasCount ? call.integer(end + 2) : 1
  if (!(wanted >= 1)) return reply.error('ERR count should be greater than 0')
  if (args.count > end + 3) return reply.error(SYNTAX_ERROR)
  const timeoutMs = timeoutAt === NO_TIMEOUT ? NEVER_BLOCKS : readTimeoutMs(call, timeoutAt)
  if (timeoutMs === REFUSED_TIMEOUT) return
  const i = findNonEmpty(call, firstKey, lastKey)
  if (i === WRONG_TYPE_REF) return
  if (i === 0) return waitFor(call, firstKey, lastKey, timeoutMs)
  const count = Math.min(wanted, listLength(call.space, foundRef))
  reply.array(2)
  reply.bulk(args.bytes, args.starts[i]!, args.ends[i]!)
  reply.array(count)
  takeFromEnd(call, foundRef, i, args.is(end, 'LEFT'), count)
}

export const listBlockingCommands: readonly Command[] = [
  {
    name: 'lmove',
    arity: 5,
    flags: WRITE | DENYOOM,
    keys: TWO_KEYS,
    group: 'list',
    effect: 'declared',
    spread: 'element',
    run: lmove,
    summary: 'Moves an element from an end of one list to an end of another and answers it',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: 'source destination LEFT|RIGHT LEFT|RIGHT',
  },
  {
    name: 'rpoplpush',
    arity: 3,
    flags: WRITE | DENYOOM,
    keys: TWO_KEYS,
    group: 'list',
    effect: 'declared',
    spread: 'element',
    run: rpoplpush,
    summary: 'Moves the last element of one list to the front of another and answers it',
    since: '1.2.0',
    complexity: 'O(1)',
    syntax: 'source destination',
  },
  {
    name: 'lmpop',
    arity: -4,
    flags: WRITE | MOVABLE_KEYS,
    group: 'list',
    effect: 'declared',
    findKeys: (call, into) => keysAfterCount(call, 1, into),
    spread: 'first-of',
    run: lmpop,
    summary: 'Takes elements from an end of the first list that has any',
    since: '7.0.0',
    complexity: 'O(N+M) where N is the number of keys and M the number of elements taken',
    syntax: 'numkeys key [key ...] LEFT|RIGHT [COUNT count]',
  },
  {
    name: 'blpop',
    arity: -3,
    flags: WRITE | NOSCRIPT | BLOCKING,
    timeout: -1,
    keys: KEYS_BUT_LAST,
    group: 'list',
    effect: 'declared',
    run: blpop,
    summary: 'Takes the first element of the first list that has any, or waits for one',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of keys',
    syntax: 'key [key ...] timeout',
  },
  {
    name: 'brpop',
    arity: -3,
    flags: WRITE | NOSCRIPT | BLOCKING,
    timeout: -1,
    keys: KEYS_BUT_LAST,
    group: 'list',
    effect: 'declared',
    run: brpop,
    summary: 'Takes the last element of the first list that has any, or waits for one',
    since: '2.0.0',
    complexity: 'O(N) where N is the number of keys',
    syntax: 'key [key ...] timeout',
  },
  {
    name: 'blmove',
    arity: 6,
    flags: WRITE | DENYOOM | NOSCRIPT | BLOCKING,
    timeout: -1,
    keys: TWO_KEYS,
    group: 'list',
    effect: 'declared',
    run: blmove,
    summary: 'Moves an element between two lists and answers it, or waits for one',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: 'source destination LEFT|RIGHT LEFT|RIGHT timeout',
  },
  {
    name: 'brpoplpush',
    arity: 4,
    flags: WRITE | DENYOOM | NOSCRIPT | BLOCKING,
    timeout: -1,
    keys: TWO_KEYS,
    group: 'list',
    effect: 'declared',
    run: brpoplpush,
    summary: 'Moves the last element of one list to the front of another, or waits for one',
    since: '2.2.0',
    complexity: 'O(1)',
    syntax: 'source destination timeout',
  },
  {
    name: 'blmpop',
    arity: -5,
    flags: WRITE | BLOCKING | MOVABLE_KEYS,
    timeout: 1,
    group: 'list',
    effect: 'declared',
    findKeys: (call, into) => keysAfterCount(call, 2, into),
    run: blmpop,
    summary: 'Takes elements from an end of the first list that has any, or waits for one',
    since: '7.0.0',
    complexity: 'O(N+M) where N is the number of keys and M the number of elements taken',
    syntax: 'timeout numkeys key [key ...] LEFT|RIGHT [COUNT count]',
  },
]
