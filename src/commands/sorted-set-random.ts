/** Sorted set random [Table]: ZRANDMEMBER, one member, some different ones, or so many draws with repeats. */
import { TYPE_SORTED_SET } from '../store/entry.ts'
import { chooseIndexes, randomIndex } from '../store/random-choice.ts'
import { countMembers } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { OUT_OF_RANGE, SYNTAX_ERROR } from './arguments.ts'
import { type Call, WRONG_TYPE_REF } from './call.ts'
import { type Command, FIRST_KEY, READONLY } from './command.ts'
import { readRandomCount, replyDraws } from './random-count.ts'

const walk = new SortedSetWalk()

function zrandmember(call: Call): void {
  const { args, reply, space, node } = call
  const hasCount = args.count > 2
  const count = hasCount ? readRandomCount(call, 2) : 1
  if (count !== count) return
  const withScores = args.count > 3
  if (args.count > 4 || (withScores && !args.is(3, 'WITHSCORES'))) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (withScores && Math.abs(count) >= 2 ** 62) {
    reply.error(OUT_OF_RANGE)
    return
  }
  const ref = call.findTyped(1, TYPE_SORTED_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0 || count === 0) {
    if (hasCount) reply.array(0)
    else reply.nil()
    return
  }
  const random = node.ports.random32
  const length = countMembers(space, ref)
  if (!hasCount) replyMember(call, ref, randomIndex(random, length), false)
  else if (count > 0) replyDifferent(call, ref, Math.min(count, length), length, withScores)
  else {
    const header = withScores && reply.protocol === 2 ? -count * 2 : -count
    replyDraws(call, -count, header, () => replyMember(call, ref, randomIndex(random, length), withScores))
  }
}

function replyDifferent(call: Call, ref: number, taken: number, length: number, withScores: boolean): void {
  const { space, reply, node } = call
  reply.array(withScores && reply.protocol === 2 ? taken * 2 : taken)
  if (taken === length) {
    walk.open(space, ref, 0, length, false)
    while (walk.next()) replyWalked(call, withScores)
    return
  }
  for (const rank of chooseIndexes(node.ports.random32, length, taken))
    replyMember(call, ref, rank, withScores)
}

function replyMember(call: Call, ref: number, rank: number, withScores: boolean): void {
  walk.open(call.space, ref, rank, 1, false)
  walk.next()
  replyWalked(call, withScores)
}

function replyWalked(call: Call, withScores: boolean): void {
  const reply = call.reply
  if (withScores && reply.protocol === 3) reply.array(2)
  reply.bulk(walk.buffer, walk.start, walk.end)
  if (withScores) reply.double(walk.score)
}

export const sortedSetRandomCommands: readonly Command[] = [
  {
    name: 'zrandmember',
    arity: -2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'sorted-set',
    run: zrandmember,
    summary: 'Answers members picked at random: different ones, or draws with repeats for a negative count',
    since: '6.2.0',
    complexity: 'O(N*log(M)) for N members out of M',
    syntax: 'key [count [WITHSCORES]]',
  },
]
