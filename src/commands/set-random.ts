/** Set random [Table]: SPOP takes random members out, SRANDMEMBER only looks. What was taken travels as SREM. */
import { TYPE_SET } from '../store/entry.ts'
import { tableOf } from '../store/large-table.ts'
import { chooseElements, chooseIndexes, indexFrom } from '../store/random-choice.ts'
import { isEmptySet, isLargeSet, setAt, setEach, setLength, setRemove, visitMember } from '../store/set.ts'
import { Span } from '../store/span.ts'
import { MUST_BE_POSITIVE, SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_SET, WRONG_TYPE_REF } from './call.ts'
import { type Command, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { readRandomCount, replyDraws } from './random-count.ts'

/** An effect counts its words in 16 bits; more members than this travel as the whole set that is left. */
const EFFECT_MEMBERS_MAX = 60_000

const member = new Span()

function spop(call: Call): void {
  const { args, reply, space } = call
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const hasCount = args.count === 3
  const count = hasCount ? call.integer(2) : 1
  if (!(count >= 0)) {
    reply.error(MUST_BE_POSITIVE)
    return
  }
  const ref = call.findTypedForWrite(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0 && !hasCount) reply.nil()
  else if (ref === 0 || count === 0) reply.set(0)
  else if (!hasCount) popOne(call, ref)
  else if (count >= setLength(space, ref)) popAll(call, ref)
  else popSome(call, ref, count)
}

function popOne(call: Call, ref: number): void {
  const { space, effects, args } = call
  pick(call, ref)
  call.reply.bulk(member.bytes, member.start, member.end)
  const words = effects.isOn ? [args.copy(1), member.copy()] : []
  ref = setRemove(space, ref, member.bytes, member.start, member.end)
  const isEmpty = isEmptySet(space, ref)
  if (!isEmpty) {
    space.changed(ref)
    effects.run(call.database, 'SREM', ...words)
  }
  call.notify(NOTIFY_SET, 'spop', 1)
  if (isEmpty) call.removeEntry(ref, 1)
}

function popAll(call: Call, ref: number): void {
  call.reply.set(setLength(call.space, ref))
  replyMembers(call, ref)
  call.notify(NOTIFY_SET, 'spop', 1)
  call.removeEntry(ref, 1)
}

function popSome(call: Call, ref: number, count: number): void {
  const { space, effects, reply } = call
  const popped: Buffer[] = []
  eachChosen(call, ref, count, (bytes, start, end) => popped.push(Buffer.from(bytes.subarray(start, end))))
  reply.set(count)
  for (const one of popped) {
    reply.bulkBuffer(one)
    ref = setRemove(space, ref, one, 0, one.length)
  }
  space.changed(ref)
  if (count > EFFECT_MEMBERS_MAX) effects.put(ref)
  else if (effects.isOn) effects.run(call.database, 'SREM', call.args.copy(1), ...popped)
  call.notify(NOTIFY_SET, 'spop', 1)
}

function srandmember(call: Call): void {
  const { args, reply, space } = call
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  const hasCount = args.count === 3
  const count = hasCount ? readRandomCount(call, 2) : 1
  if (count !== count) return
  const ref = call.findTyped(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0 && !hasCount) reply.nil()
  else if (ref === 0 || count === 0) reply.array(0)
  else if (count < 0) replyDraws(call, -count, -count, () => replyOne(call, ref))
  else if (!hasCount) replyOne(call, ref)
  else if (count >= setLength(space, ref)) {
    reply.array(setLength(space, ref))
    replyMembers(call, ref)
  } else {
    reply.array(count)
    eachChosen(call, ref, count, (bytes, start, end) => reply.bulk(bytes, start, end))
  }
}

function replyOne(call: Call, ref: number): void {
  pick(call, ref)
  call.reply.bulk(member.bytes, member.start, member.end)
}

function replyMembers(call: Call, ref: number): void {
  const { space, reply } = call
  setEach(space, ref, (bytes, start, end) => reply.bulk(bytes, start, end))
}

/** Points `member` at any one member. */
function pick(call: Call, ref: number): void {
  const { space, node } = call
  const random = node.ports.random32()
  if (isLargeSet(space, ref)) {
    const table = tableOf(space, ref)
    const element = table.sample(random)
    const start = table.nameStart(element)
    member.set(table.nameBuffer(element), start, start + table.nameLength(element))
    return
  }
  setAt(space, ref, indexFrom(random, setLength(space, ref)), member)
}

/** Visits `count` different members (fewer than there are). */
function eachChosen(
  call: Call,
  ref: number,
  count: number,
  visit: (bytes: Buffer, start: number, end: number) => void,
): void {
  const { space, node } = call
  const random = (): number => node.ports.random32()
  if (isLargeSet(space, ref)) {
    for (const element of chooseElements(random, tableOf(space, ref), count))
      visitMember(space, ref, element, visit)
    return
  }
  for (const index of chooseIndexes(random, setLength(space, ref), count)) {
    setAt(space, ref, index, member)
    visit(member.bytes, member.start, member.end)
  }
}

export const setRandomCommands: readonly Command[] = [
  {
    name: 'spop',
    arity: -2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'set',
    effect: 'declared',
    run: spop,
    summary: 'Takes random members out and answers them',
    since: '1.0.0',
    complexity: 'O(1) without a count, else O(N) where N is the count',
    syntax: 'key [count]',
  },
  {
    name: 'srandmember',
    arity: -2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'set',
    run: srandmember,
    summary: 'Answers members picked at random: different ones, or draws with repeats for a negative count',
    since: '1.0.0',
    complexity: 'O(1) without a count, else O(N) where N is the count',
    syntax: 'key [count]',
  },
]
