/**
 * Sorted set pops [Table]: taking the members with the lowest or highest scores, from one sorted set, from the
 * first of several that has any, or from the first that gets some while the client waits.
 */
import { TYPE_SORTED_SET } from '../store/entry.ts'
import { countMembers, removeRange } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { MUST_BE_POSITIVE, SYNTAX_ERROR } from './arguments.ts'
import { REFUSED_TIMEOUT, readTimeoutMs } from './blocking.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_SORTED_SET, WRONG_TYPE_REF } from './call.ts'
import {
  BLOCKING,
  type Command,
  FAST,
  FIRST_KEY,
  KEYS_BUT_LAST,
  MOVABLE_KEYS,
  NOSCRIPT,
  WRITE,
} from './command.ts'
import { keysAfterCount } from './counted-keys.ts'

const NEVER_BLOCKS = -2

const walk = new SortedSetWalk()

function zpopmin(call: Call): void {
  popFromOne(call, false)
}

function zpopmax(call: Call): void {
  popFromOne(call, true)
}

function popFromOne(call: Call, isMax: boolean): void {
  const { args, space, reply } = call
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const hasCount = args.count === 3
  const wanted = hasCount ? call.integer(2) : 1
  if (!(wanted >= 0)) {
    reply.error(MUST_BE_POSITIVE)
    return
  }
  const ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0 || wanted === 0) {
    reply.array(0)
    return
  }
  const length = countMembers(space, ref)
  const count = Math.min(wanted, length)
  const areNested = hasCount && reply.protocol === 3
  reply.array(areNested ? count : count * 2)
  replyEnd(call, ref, length, count, isMax, areNested)
  call.notify(NOTIFY_SORTED_SET, eventOf(isMax), 1)
  if (count === length) {
    space.remove(ref)
    call.notify(NOTIFY_GENERIC, 'del', 1)
  } else space.changed(removeRange(space, ref, isMax ? length - count : 0, count))
}

function bzpopmin(call: Call): void {
  blockingPop(call, false)
}

function bzpopmax(call: Call): void {
  blockingPop(call, true)
}

function blockingPop(call: Call, isMax: boolean): void {
  const lastKey = call.args.count - 2
  const timeoutMs = readTimeoutMs(call, lastKey + 1)
  if (timeoutMs !== REFUSED_TIMEOUT) popFromFirst(call, 1, lastKey, isMax, 1, false, timeoutMs)
}

function zmpop(call: Call): void {
  popFromSeveral(call, 1, false)
}

function bzmpop(call: Call): void {
  popFromSeveral(call, 2, true)
}

/** `numkeys key [key ...] MIN|MAX [COUNT count]` from argument `at` on. */
function popFromSeveral(call: Call, at: number, mayWait: boolean): void {
  const { args, reply } = call
  const keyCount = call.integer(at)
  if (!(keyCount >= 1)) return reply.error('ERR numkeys should be greater than 0')
  const end = at + keyCount + 1
  if (end >= args.count) return reply.error(SYNTAX_ERROR)
  const isMax = args.is(end, 'MAX')
  if (!isMax && !args.is(end, 'MIN')) return reply.error(SYNTAX_ERROR)
  const hasCount = args.count > end + 1
  if (hasCount && (!args.is(end + 1, 'COUNT') || args.count === end + 2)) return reply.error(SYNTAX_ERROR)
  const wanted = hasCount ? call.integer(end + 2) : 1
  if (!(wanted >= 1)) return reply.error('ERR count should be greater than 0')
  if (args.count > end + 3) return reply.error(SYNTAX_ERROR)
  const timeoutMs = mayWait ? readTimeoutMs(call, 1) : NEVER_BLOCKS
  if (timeoutMs !== REFUSED_TIMEOUT) popFromFirst(call, at + 1, end - 1, isMax, wanted, true, timeoutMs)
}

/** Pops from the first of the keys that holds a sorted set, or waits for one. */
function popFromFirst(
  call: Call,
  firstKey: number,
  lastKey: number,
  isMax: boolean,
  wanted: number,
  areNested: boolean,
  timeoutMs: number,
): void {
  for (let i = firstKey; i <= lastKey; i++) {
    if (!call.node.waiters.offers(call.args, i)) continue
    const ref = call.findTypedForWrite(i, TYPE_SORTED_SET)
    if (ref === WRONG_TYPE_REF) return
    if (ref !== 0) {
      popFound(call, ref, i, isMax, wanted, areNested)
      return
    }
  }
  if (timeoutMs === NEVER_BLOCKS || !call.mayBlock) call.reply.nilArray()
  else call.block(firstKey, lastKey, TYPE_SORTED_SET, timeoutMs, 'nil-array')
}

/** The keys come from several, so the effect is named: what was popped from the one at argument i. */
function popFound(
  call: Call,
  ref: number,
  i: number,
  isMax: boolean,
  wanted: number,
  areNested: boolean,
): void {
  const { args, space, reply, effects } = call
  const length = countMembers(space, ref)
  const count = Math.min(wanted, length)
  reply.array(areNested ? 2 : 3)
  reply.bulk(args.bytes, args.starts[i]!, args.ends[i]!)
  if (areNested) reply.array(count)
  replyEnd(call, ref, length, count, isMax, areNested)
  call.notify(NOTIFY_SORTED_SET, eventOf(isMax), i)
  if (count === length) {
    call.removeEntry(ref, i)
    return
  }
  space.changed(removeRange(space, ref, isMax ? length - count : 0, count))
  if (effects.isOn) {
    effects.run(call.database, isMax ? 'ZPOPMAX' : 'ZPOPMIN', args.copy(i), String(count))
  }
}

/** Writes the `count` members at one end, outermost first. */
function replyEnd(
  call: Call,
  ref: number,
  length: number,
  count: number,
  isMax: boolean,
  areNested: boolean,
): void {
  const reply = call.reply
  walk.open(call.space, ref, isMax ? length - 1 : 0, count, isMax)
  while (walk.next()) {
    if (areNested) reply.array(2)
    reply.bulk(walk.buffer, walk.start, walk.end)
    reply.double(walk.score)
  }
}

function eventOf(isMax: boolean): string {
  return isMax ? 'zpopmax' : 'zpopmin'
}

const POP_COST = 'O(M*log(N)) with N members, of which M are taken'

export const sortedSetPopCommands: readonly Command[] = [
  {
    name: 'zpopmin',
    arity: -2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zpopmin,
    summary: 'Takes the members with the lowest scores',
    since: '5.0.0',
    complexity: POP_COST,
    syntax: 'key [count]',
  },
  {
    name: 'zpopmax',
    arity: -2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zpopmax,
    summary: 'Takes the members with the highest scores',
    since: '5.0.0',
    complexity: POP_COST,
    syntax: 'key [count]',
  },
  {
    name: 'bzpopmin',
    arity: -3,
    flags: WRITE | NOSCRIPT | BLOCKING | FAST,
    timeout: -1,
    keys: KEYS_BUT_LAST,
    group: 'sorted-set',
    effect: 'declared',
    run: bzpopmin,
    summary:
      'Takes the member with the lowest score from the first sorted set that has any, or waits for one',
    since: '5.0.0',
    complexity: 'O(log(N)) with N members',
    syntax: 'key [key ...] timeout',
  },
  {
    name: 'bzpopmax',
    arity: -3,
    flags: WRITE | NOSCRIPT | BLOCKING | FAST,
    timeout: -1,
    keys: KEYS_BUT_LAST,
    group: 'sorted-set',
    effect: 'declared',
    run: bzpopmax,
    summary:
      'Takes the member with the highest score from the first sorted set that has any, or waits for one',
    since: '5.0.0',
    complexity: 'O(log(N)) with N members',
    syntax: 'key [key ...] timeout',
  },
  {
    name: 'zmpop',
    arity: -4,
    flags: WRITE | MOVABLE_KEYS,
    group: 'sorted-set',
    effect: 'declared',
    findKeys: (call, into) => keysAfterCount(call, 1, into),
    spread: 'first-of',
    run: zmpop,
    summary: 'Takes members from an end of the first sorted set that has any',
    since: '7.0.0',
    complexity: 'O(K) + O(M*log(N)) with K keys and N members, of which M are taken',
    syntax: 'numkeys key [key ...] MIN|MAX [COUNT count]',
  },
  {
    name: 'bzmpop',
    arity: -5,
    flags: WRITE | BLOCKING | MOVABLE_KEYS,
    timeout: 1,
    group: 'sorted-set',
    effect: 'declared',
    findKeys: (call, into) => keysAfterCount(call, 2, into),
    run: bzmpop,
    summary: 'Takes members from an end of the first sorted set that has any, or waits for one',
    since: '7.0.0',
    complexity: 'O(K) + O(M*log(N)) with K keys and N members, of which M are taken',
    syntax: 'timeout numkeys key [key ...] MIN|MAX [COUNT count]',
  },
]
