/**
 * Sorted set ranges [Table]: all commands that take a stretch of a sorted set by rank, score or member: to answer,
 * count, store or remove it. Whatever the spelling, a range becomes a first rank and a number of elements.
 */
import { TYPE_SORTED_SET } from '../store/entry.ts'
import { Cut } from '../store/cut.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { LargeSortedSet } from '../store/large-sorted-set.ts'
import { countBelow, countMembers, removeRange } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_SORTED_SET, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, TWO_KEYS, WRITE } from './command.ts'
import { NOT_A_LEX_BOUND, NOT_A_SCORE_BOUND, readLexCut, readScoreCut } from './score-bounds.ts'
import { storeSortedSet } from './sorted-set-store.ts'

const ANY = -1
const BY_RANK = 0
const BY_SCORE = 1
const BY_MEMBER = 2
const FORWARD = 0
const REVERSE = 1

// The range of the running command: what its arguments say ...
let kind = BY_RANK
let isReverse = false
let withScores = false
let offset = 0
let limit = -1
let startRank = 0
let stopRank = 0
const low = new Cut()
const high = new Cut()
// ... and what it comes to in a given set: the rank to begin at and how many elements to go over.
let firstRank = 0
let takenCount = 0

const walk = new SortedSetWalk()

function zrange(call: Call): void {
  replyRange(call, ANY, ANY)
}

function zrevrange(call: Call): void {
  replyRange(call, BY_RANK, REVERSE)
}

function zrangebyscore(call: Call): void {
  replyRange(call, BY_SCORE, FORWARD)
}

function zrevrangebyscore(call: Call): void {
  replyRange(call, BY_SCORE, REVERSE)
}

function zrangebylex(call: Call): void {
  replyRange(call, BY_MEMBER, FORWARD)
}

function zrevrangebylex(call: Call): void {
  replyRange(call, BY_MEMBER, REVERSE)
}

function replyRange(call: Call, givenKind: number, direction: number): void {
  const { space, reply } = call
  if (!readRange(call, 2, givenKind, direction, true)) return
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    reply.array(0)
    return
  }
  resolve(space, ref)
  const arePaired = withScores && reply.protocol === 3
  reply.array(withScores && !arePaired ? takenCount * 2 : takenCount)
  walk.open(space, ref, firstRank, takenCount, isReverse)
  while (walk.next()) {
    if (arePaired) reply.array(2)
    reply.bulk(walk.buffer, walk.start, walk.end)
    if (withScores) reply.double(walk.score)
  }
}

function zrangestore(call: Call): void {
  const { space } = call
  if (!readRange(call, 3, ANY, ANY, false)) return
  const ref = call.findTyped(2, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  const content = new LargeSortedSet(space)
  if (ref !== 0) {
    resolve(space, ref)
    walk.open(space, ref, firstRank, takenCount, isReverse)
    while (walk.next()) content.add(walk.score, walk.buffer, walk.start, walk.end)
  }
  storeSortedSet(call, 1, content, 'zrangestore')
}

function zcount(call: Call): void {
  countRange(call, BY_SCORE)
}

function zlexcount(call: Call): void {
  countRange(call, BY_MEMBER)
}

function countRange(call: Call, givenKind: number): void {
  setDefaults(givenKind)
  if (!readBounds(call, 2, 3)) return
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0) resolve(call.space, ref)
  call.reply.integer(ref === 0 ? 0 : takenCount)
}

function zremrangebyrank(call: Call): void {
  removeByRange(call, BY_RANK, 'zremrangebyrank')
}

function zremrangebyscore(call: Call): void {
  removeByRange(call, BY_SCORE, 'zremrangebyscore')
}

function removeByRange(call: Call, givenKind: number, event: string): void {
  const { space, reply } = call
  setDefaults(givenKind)
  if (!readBounds(call, 2, 3)) return
  const ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0) resolve(space, ref)
  if (ref === 0 || takenCount === 0) {
    reply.integer(0)
    return
  }
  call.notify(NOTIFY_SORTED_SET, event, 1)
  if (takenCount === countMembers(space, ref)) {
    space.remove(ref)
    call.notify(NOTIFY_GENERIC, 'del', 1)
  } else space.changed(removeRange(space, ref, firstRank, takenCount))
  reply.integer(takenCount)
}

/**
 * Where scores differ, what a range of bytes takes depends on how this node happens to hold the set; ranks do not,
 * so they are what travels.
 */
function zremrangebylex(call: Call): void {
  const { space, reply, effects } = call
  setDefaults(BY_MEMBER)
  if (!readBounds(call, 2, 3)) return
  const ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0) resolve(space, ref)
  if (ref === 0 || takenCount === 0) {
    reply.integer(0)
    return
  }
  call.notify(NOTIFY_SORTED_SET, 'zremrangebylex', 1)
  if (takenCount === countMembers(space, ref)) call.removeEntry(ref, 1)
  else {
    space.changed(removeRange(space, ref, firstRank, takenCount))
    if (effects.isOn) {
      const last = String(firstRank + takenCount - 1)
      effects.run(call.database, 'ZREMRANGEBYRANK', call.args.copy(1), String(firstRank), last)
    }
  }
  reply.integer(takenCount)
}

function setDefaults(givenKind: number): void {
  kind = givenKind === ANY ? BY_RANK : givenKind
  isReverse = withScores = false
  offset = 0
  limit = -1
}

/** Reads bounds from argument i on and the options behind them; false when the error has been replied. */
function readRange(
  call: Call,
  i: number,
  givenKind: number,
  direction: number,
  takesScores: boolean,
): boolean {
  const { args, reply } = call
  setDefaults(givenKind)
  let isKindOpen = givenKind === ANY
  isReverse = direction === REVERSE
  for (let at = i + 2; at < args.count; at++) {
    if (takesScores && args.is(at, 'WITHSCORES')) withScores = true
    else if (args.count - at > 2 && args.is(at, 'LIMIT')) {
      if (!readLimit(call, at + 1)) return false
      at += 2
    } else if (direction === ANY && !isReverse && args.is(at, 'REV')) isReverse = true
    else if (isKindOpen && (args.is(at, 'BYLEX') || args.is(at, 'BYSCORE'))) {
      kind = args.length(at) === 5 ? BY_MEMBER : BY_SCORE
      isKindOpen = false
    } else {
      reply.error(SYNTAX_ERROR)
      return false
    }
  }
  if (limit !== -1 && kind === BY_RANK) {
    reply.error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX')
  } else if (withScores && kind === BY_MEMBER) {
    reply.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
  } else if (isReverse && kind !== BY_RANK) return readBounds(call, i + 1, i)
  else return readBounds(call, i, i + 1)
  return false
}

function readLimit(call: Call, i: number): boolean {
  offset = call.integer(i)
  limit = call.integer(i + 1)
  if (offset === offset && limit === limit) return true
  call.reply.error(NOT_AN_INTEGER)
  return false
}

function readBounds(call: Call, lower: number, upper: number): boolean {
  if (kind === BY_RANK) {
    startRank = call.integer(lower)
    stopRank = call.integer(upper)
    if (startRank === startRank && stopRank === stopRank) return true
    call.reply.error(NOT_AN_INTEGER)
    return false
  }
  const read = kind === BY_SCORE ? readScoreCut : readLexCut
  if (read(call, lower, true, low) && read(call, upper, false, high)) return true
  call.reply.error(kind === BY_SCORE ? NOT_A_SCORE_BOUND : NOT_A_LEX_BOUND)
  return false
}

/** Works out what the range comes to in this set. */
function resolve(space: Keyspace, ref: number): void {
  if (kind === BY_RANK) {
    const count = countMembers(space, ref)
    const start = Math.max(0, startRank < 0 ? startRank + count : startRank)
    const stop = Math.min(count - 1, stopRank < 0 ? stopRank + count : stopRank)
    takenCount = Math.max(0, stop - start + 1)
    firstRank = isReverse ? count - 1 - start : start
    return
  }
  const from = countBelow(space, ref, low)
  const to = countBelow(space, ref, high)
  const left = offset < 0 ? 0 : Math.max(0, to - from - offset)
  takenCount = limit < 0 ? left : Math.min(left, limit)
  firstRank = isReverse ? to - 1 - offset : from + offset
}

const RANGE_COST = 'O(log(N)+M) with N members, of which M are answered'

export const sortedSetRangeCommands: readonly Command[] = [
  {
    name: 'zrange',
    arity: -4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrange,
    summary: 'Answers a range of members by place, score or bytes',
    since: '1.2.0',
    complexity: RANGE_COST,
    syntax: 'key start stop [BYSCORE|BYLEX] [REV] [LIMIT offset count] [WITHSCORES]',
  },
  {
    name: 'zrangestore',
    arity: -5,
    flags: WRITE | DENYOOM,
    keys: TWO_KEYS,
    group: 'sorted-set',
    effect: 'declared',
    run: zrangestore,
    summary: 'Stores a range of members as another sorted set',
    since: '6.2.0',
    complexity: 'O(log(N)+M) with N members, of which M are stored',
    syntax: 'dst src min max [BYSCORE|BYLEX] [REV] [LIMIT offset count]',
  },
  {
    name: 'zrevrange',
    arity: -4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrevrange,
    summary: 'Answers a range of members by place, highest score first',
    since: '1.2.0',
    complexity: RANGE_COST,
    syntax: 'key start stop [WITHSCORES]',
  },
  {
    name: 'zrangebyscore',
    arity: -4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrangebyscore,
    summary: 'Answers members within a range of scores',
    since: '1.0.5',
    complexity: RANGE_COST,
    syntax: 'key min max [WITHSCORES] [LIMIT offset count]',
  },
  {
    name: 'zrevrangebyscore',
    arity: -4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrevrangebyscore,
    summary: 'Answers members within a range of scores, highest first',
    since: '2.2.0',
    complexity: RANGE_COST,
    syntax: 'key max min [WITHSCORES] [LIMIT offset count]',
  },
  {
    name: 'zrangebylex',
    arity: -4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrangebylex,
    summary: 'Answers a range of members by their bytes, where all scores are equal',
    since: '2.8.9',
    complexity: RANGE_COST,
    syntax: 'key min max [LIMIT offset count]',
  },
  {
    name: 'zrevrangebylex',
    arity: -4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrevrangebylex,
    summary: 'Answers a range of members by their bytes, last first, where all scores are equal',
    since: '2.8.9',
    complexity: RANGE_COST,
    syntax: 'key max min [LIMIT offset count]',
  },
  {
    name: 'zcount',
    arity: 4,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zcount,
    summary: 'Counts members within a range of scores',
    since: '2.0.0',
    complexity: 'O(log(N)) with N members',
    syntax: 'key min max',
  },
  {
    name: 'zlexcount',
    arity: 4,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zlexcount,
    summary: 'Counts members within a range of bytes, where all scores are equal',
    since: '2.8.9',
    complexity: 'O(log(N)) with N members',
    syntax: 'key min max',
  },
  {
    name: 'zremrangebyrank',
    arity: 4,
    flags: WRITE,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zremrangebyrank,
    summary: 'Removes a range of members by place',
    since: '2.0.0',
    complexity: 'O(M*log(N)) with N members, of which M are removed',
    syntax: 'key start stop',
  },
  {
    name: 'zremrangebyscore',
    arity: 4,
    flags: WRITE,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zremrangebyscore,
    summary: 'Removes members within a range of scores',
    since: '1.2.0',
    complexity: 'O(M*log(N)) with N members, of which M are removed',
    syntax: 'key min max',
  },
  {
    name: 'zremrangebylex',
    arity: 4,
    flags: WRITE,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'declared',
    run: zremrangebylex,
    summary: 'Removes a range of members by their bytes, where all scores are equal',
    since: '2.8.9',
    complexity: 'O(M*log(N)) with N members, of which M are removed',
    syntax: 'key min max',
  },
]
