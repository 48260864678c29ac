/**
 * Sorted sets [Table]: adding, removing and asking for single members. Ranges, pops, random members, walks with a
 * cursor and set algebra have files of their own; their rows join the table here.
 */
import { TYPE_SORTED_SET } from '../store/entry.ts'
import {
  addMember,
  countMembers,
  EMPTY_BYTES,
  findMember,
  makeEmpty,
  rankOf,
  removeMember,
  rescore,
  scoreOf,
} from '../store/sorted-set.ts'
import { NOT_A_FLOAT, SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_SORTED_SET, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { sortedSetAlgebraCommands } from './sorted-set-algebra.ts'
import { sortedSetPopCommands } from './sorted-set-pops.ts'
import { sortedSetRandomCommands } from './sorted-set-random.ts'
import { sortedSetRangeCommands } from './sorted-set-ranges.ts'
import { sortedSetScanCommands } from './sorted-set-scan.ts'

const NX = 1
const XX = 2
const GT = 4
const LT = 8
const CHANGED = 16
const INCREMENT = 32

const NOT_A_NUMBER = 'ERR resulting score is not a number (NaN)'
const SCORES_KEPT_MAX = 4096

// What the running ZADD has read and done so far; plain fields, so that it allocates nothing.
let options = 0
let scores = new Float64Array(64)
let addedCount = 0
let updatedCount = 0
let result = 0
let isRefusedByOption = false

function zadd(call: Call): void {
  addScores(call, 0)
}

function zincrby(call: Call): void {
  addScores(call, INCREMENT)
}

function addScores(call: Call, given: number): void {
  const { args, space, reply } = call
  const first = readOptions(call, given)
  if (first === 0 || !readScores(call, first)) return
  let ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  addedCount = updatedCount = 0
  isRefusedByOption = true
  if (ref === 0 && (options & XX) === 0) {
    ref = makeEmpty(space, call.create(1, TYPE_SORTED_SET, EMPTY_BYTES), args.length(first + 1))
  }
  if (ref !== 0) {
    for (let i = first, nth = 0; i < args.count; i += 2, nth++) {
      ref = applyScore(call, ref, i + 1, scores[nth]!)
      if (result !== result) {
        reply.error(NOT_A_NUMBER)
        return
      }
    }
  }
  if (addedCount + updatedCount > 0) {
    space.changed(ref)
    call.notify(NOTIFY_SORTED_SET, (options & INCREMENT) !== 0 ? 'zincr' : 'zadd', 1)
  }
  if ((options & INCREMENT) === 0)
    reply.integer((options & CHANGED) !== 0 ? addedCount + updatedCount : addedCount)
  else if (isRefusedByOption) reply.nil()
  else reply.double(result)
}

/** Reads the options; answers the first score's argument number, or 0 when an error has been replied. */
function readOptions(call: Call, given: number): number {
  const { args, reply } = call
  let i = 2
  options = given
  for (; i < args.count; i++) {
    const option = optionAt(call, i)
    if (option === 0) break
    options |= option
  }
  const left = args.count - i
  if (left === 0 || left % 2 !== 0) reply.error(SYNTAX_ERROR)
  else if ((options & NX) !== 0 && (options & XX) !== 0) {
    reply.error('ERR XX and NX options at the same time are not compatible')
  } else if ((options & (NX | GT | LT)) !== 0 && !isPowerOfTwo(options & (NX | GT | LT))) {
    reply.error('ERR GT, LT, and/or NX options at the same time are not compatible')
  } else if ((options & INCREMENT) !== 0 && left > 2) {
    reply.error('ERR INCR option supports a single increment-element pair')
  } else return i
  return 0
}

function optionAt(call: Call, i: number): number {
  const args = call.args
  const length = args.length(i)
  if (length === 2) {
    if (args.is(i, 'NX')) return NX
    if (args.is(i, 'XX')) return XX
    if (args.is(i, 'GT')) return GT
    if (args.is(i, 'LT')) return LT
    if (args.is(i, 'CH')) return CHANGED
  } else if (length === 4 && args.is(i, 'INCR')) return INCREMENT
  return 0
}

function isPowerOfTwo(bits: number): boolean {
  return (bits & (bits - 1)) === 0
}

/** Reads all scores before anything is touched; false when the error has been replied. */
function readScores(call: Call, first: number): boolean {
  const count = (call.args.count - first) / 2
  if (count > scores.length || (scores.length > SCORES_KEPT_MAX && count <= SCORES_KEPT_MAX)) {
    scores = new Float64Array(Math.max(64, count))
  }
  for (let nth = 0; nth < count; nth++) {
    const score = call.float(first + nth * 2)
    if (score !== score) {
      call.reply.error(NOT_A_FLOAT)
      return false
    }
    scores[nth] = score
  }
  return true
}

/** Applies one pair; leaves the member's score, or NaN when it would be none, in `result`. */
function applyScore(call: Call, ref: number, i: number, score: number): number {
  const { space, args } = call
  const bytes = args.bytes
  const start = args.starts[i]!
  const end = args.ends[i]!
  const element = findMember(space, ref, bytes, start, end)
  result = score
  if (element === 0) {
    if ((options & XX) !== 0) return ref
    isRefusedByOption = false
    addedCount++
    return addMember(space, ref, score, bytes, start, end)
  }
  if ((options & NX) !== 0) return ref
  const current = scoreOf(space, ref, element)
  if ((options & INCREMENT) !== 0) result = score += current
  if (score !== score) return ref
  if (((options & LT) !== 0 && score >= current) || ((options & GT) !== 0 && score <= current)) return ref
  isRefusedByOption = false
  if (score === current) return ref
  updatedCount++
  return rescore(space, ref, element, score)
}

function zrem(call: Call): void {
  const { args, space, reply } = call
  let ref = call.findTypedForWrite(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    reply.integer(0)
    return
  }
  let removed = 0
  let isEmpty = false
  for (let i = 2; i < args.count && !isEmpty; i++) {
    const element = findMember(space, ref, args.bytes, args.starts[i]!, args.ends[i]!)
    if (element === 0) continue
    removed++
    isEmpty = countMembers(space, ref) === 1
    if (!isEmpty) ref = removeMember(space, ref, element)
  }
  if (removed > 0) {
    call.notify(NOTIFY_SORTED_SET, 'zrem', 1)
    if (isEmpty) {
      space.remove(ref)
      call.notify(NOTIFY_GENERIC, 'del', 1)
    } else space.changed(ref)
  }
  reply.integer(removed)
}

function zcard(call: Call): void {
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  call.reply.integer(ref === 0 ? 0 : countMembers(call.space, ref))
}

function zscore(call: Call): void {
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref !== WRONG_TYPE_REF) replyScore(call, ref, 2)
}

function zmscore(call: Call): void {
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  const count = call.args.count
  call.reply.array(count - 2)
  for (let i = 2; i < count; i++) replyScore(call, ref, i)
}

function replyScore(call: Call, ref: number, i: number): void {
  const { args, space } = call
  const element = ref === 0 ? 0 : findMember(space, ref, args.bytes, args.starts[i]!, args.ends[i]!)
  if (element === 0) call.reply.nil()
  else call.reply.double(scoreOf(space, ref, element))
}

function zrank(call: Call): void {
  replyRank(call, false)
}

function zrevrank(call: Call): void {
  replyRank(call, true)
}

function replyRank(call: Call, isReverse: boolean): void {
  const { args, space, reply } = call
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  const element = ref === 0 ? 0 : findMember(space, ref, args.bytes, args.starts[2]!, args.ends[2]!)
  if (element === 0) {
    reply.nil()
    return
  }
  const rank = rankOf(space, ref, element)
  reply.integer(isReverse ? countMembers(space, ref) - 1 - rank : rank)
}

export const sortedSetCommands: readonly Command[] = [
  {
    name: 'zadd',
    arity: -4,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zadd,
    summary: 'Adds members with their scores, or gives members other scores',
    since: '1.2.0',
    complexity: 'O(log(N)) for each pair, where N is the number of members',
    syntax: 'key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]',
  },
  {
    name: 'zincrby',
    arity: 4,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zincrby,
    summary: "Adds to a member's score",
    since: '1.2.0',
    complexity: 'O(log(N)) where N is the number of members',
    syntax: 'key increment member',
  },
  {
    name: 'zrem',
    arity: -3,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    effect: 'self',
    run: zrem,
    summary: 'Removes members; with the last one the key goes',
    since: '1.2.0',
    complexity: 'O(M*log(N)) with N members, of which M are removed',
    syntax: 'key member [member ...]',
  },
  {
    name: 'zcard',
    arity: 2,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zcard,
    summary: 'Counts the members',
    since: '1.2.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'zscore',
    arity: 3,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zscore,
    summary: "Answers a member's score",
    since: '1.2.0',
    complexity: 'O(1)',
    syntax: 'key member',
  },
  {
    name: 'zmscore',
    arity: -3,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zmscore,
    summary: "Answers several members' scores",
    since: '6.2.0',
    complexity: 'O(N) where N is the number of members asked for',
    syntax: 'key member [member ...]',
  },
  {
    name: 'zrank',
    arity: 3,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrank,
    summary: "Answers a member's place, counted from the lowest score",
    since: '2.0.0',
    complexity: 'O(log(N))',
    syntax: 'key member',
  },
  {
    name: 'zrevrank',
    arity: 3,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrevrank,
    summary: "Answers a member's place, counted from the highest score",
    since: '2.0.0',
    complexity: 'O(log(N))',
    syntax: 'key member',
  },
  ...sortedSetScanCommands,
  ...sortedSetRangeCommands,
  ...sortedSetPopCommands,
  ...sortedSetRandomCommands,
  ...sortedSetAlgebraCommands,
]
