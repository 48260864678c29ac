/**
 * Sorted set ranges [Table]: all commands that take a stretch of a sorted set by rank, score or member: to answer,
 * count, store or remove it. Whatever the spelling, sorted-set-stretch.ts makes it a first rank and a number of elements.
 */
import { TYPE_SORTED_SET } from '../store/entry.ts'
import { LargeSortedSet } from '../store/large-sorted-set.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { countMembers, removeRange } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_SORTED_SET, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, TWO_KEYS, WRITE } from './command.ts'
import { storeSortedSet } from './sorted-set-store.ts'
import {
  ANY,
  BY_MEMBER,
  BY_RANK,
  BY_SCORE,
  FORWARD,
  REVERSE,
  SortedSetStretch,
} from './sorted-set-stretch.ts'

const range = new SortedSetStretch()
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
  if (!range.read(call, 2, givenKind, direction, true)) return
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    reply.array(0)
    return
  }
  range.resolve(space, ref)
  const arePaired = range.withScores && reply.protocol === 3
  reply.array(range.withScores && !arePaired ? range.takenCount * 2 : range.takenCount)
  walk.open(space, ref, range.firstRank, range.takenCount, range.isReverse)
  while (walk.next()) {
    if (arePaired) reply.array(2)
    reply.bulk(walk.buffer, walk.start, walk.end)
    if (range.withScores) reply.double(walk.score)
  }
}

/**
 * Takes the walk's elements into `content`. Redis begins with a listpack, unless it knows beforehand that there are
 * too many for one, and a listpack has no negative zero: what is added before the set outgrows it loses the sign.
 */
function gather(space: Keyspace, content: LargeSortedSet): void {
  const { sortedSetListpackEntries, sortedSetListpackValueBytes } = space.limits
  let isPacked = range.kind !== BY_RANK || range.takenCount <= sortedSetListpackEntries
  while (walk.next()) {
    const length = walk.end - walk.start
    if (content.count >= sortedSetListpackEntries || length > sortedSetListpackValueBytes) isPacked = false
    content.add(isPacked && walk.score === 0 ? 0 : walk.score, walk.buffer, walk.start, walk.end)
  }
}

function zrangestore(call: Call): void {
  const { space } = call
  if (!range.read(call, 3, ANY, ANY, false)) return
  const ref = call.findTyped(2, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  const content = new LargeSortedSet(space)
  if (ref !== 0) {
    range.resolve(space, ref)
    walk.open(space, ref, range.firstRank, range.takenCount, range.isReverse)
    gather(space, content)
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
  if (!range.readBounds(call, givenKind)) return
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0) range.resolve(call.space, ref)
  call.reply.integer(ref === 0 ? 0 : range.takenCount)
}

function zremrangebyrank(call: Call): void {
  removeByRange(call, BY_RANK, 'zremrangebyrank')
}

function zremrangebyscore(call: Call): void {
  removeByRange(call, BY_SCORE, 'zremrangebyscore')
}

function removeByRange(call: Call, givenKind: number, event: string): void {
  const { space, reply } = call
  if (!range.readBounds(call, givenKind)) return
  const ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0) range.resolve(space, ref)
  if (ref === 0 || range.takenCount === 0) {
    reply.integer(0)
    return
  }
  call.notify(NOTIFY_SORTED_SET, event, 1)
  if (range.takenCount === countMembers(space, ref)) {
    space.remove(ref)
    call.notify(NOTIFY_GENERIC, 'del', 1)
  } else space.changed(removeRange(space, ref, range.firstRank, range.takenCount))
  reply.integer(range.takenCount)
}

/**
 * Where scores differ, what a range of bytes takes depends on how this node happens to hold the set; ranks do not,
 * so they are what travels.
 */
function zremrangebylex(call: Call): void {
  const { space, reply, effects } = call
  if (!range.readBounds(call, BY_MEMBER)) return
  const ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref !== 0) range.resolve(space, ref)
  if (ref === 0 || range.takenCount === 0) {
    reply.integer(0)
    return
  }
  call.notify(NOTIFY_SORTED_SET, 'zremrangebylex', 1)
  if (range.takenCount === countMembers(space, ref)) call.removeEntry(ref, 1)
  else {
    space.changed(removeRange(space, ref, range.firstRank, range.takenCount))
    if (effects.isOn) {
      const last = String(range.firstRank + range.takenCount - 1)
      effects.run(call.database, 'ZREMRANGEBYRANK', call.args.copy(1), String(range.firstRank), last)
    }
  }
  reply.integer(range.takenCount)
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
    spread: 'to-first',
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
