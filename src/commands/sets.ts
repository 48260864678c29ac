/**
 * Sets [Table]: the S commands over one set, and SMOVE. The rows of random members and of set algebra come from
 * files of their own. How members lie in memory is store/set.ts' business.
 */
import { TYPE_SET } from '../store/entry.ts'
import { tableOf } from '../store/large-table.ts'
import {
  isEmptySet,
  isLargeSet,
  setAdd,
  setEach,
  setHas,
  setLength,
  setRemove,
  visitMember,
} from '../store/set.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_SET, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, TWO_KEYS, WRITE } from './command.ts'
import { ElementScan } from './element-scan.ts'
import { setAlgebraCommands } from './set-algebra.ts'
import { setRandomCommands } from './set-random.ts'

const scan = new ElementScan()

function sadd(call: Call): void {
  const { args, space, reply } = call
  let ref = call.findTypedForWrite(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) ref = createSet(call, 1, args.ends[2]! - args.starts[2]!)
  let added = 0
  for (let i = 2; i < args.count; i++) {
    const after = setAdd(space, ref, args.bytes, args.starts[i]!, args.ends[i]!)
    if (after === 0) continue
    ref = after
    added++
  }
  if (added > 0) {
    space.changed(ref)
    call.notify(NOTIFY_SET, 'sadd', 1)
  }
  reply.integer(added)
}

/** An empty set whose cell has room for the first member (or integer), so that it need not move at once. */
function createSet(call: Call, i: number, memberLength: number): number {
  const room = Math.min(Math.max(memberLength + 1, 9), 32 + call.args.length(i))
  return call.space.resizeValue(call.create(i, TYPE_SET, room), 0, 0)
}

function srem(call: Call): void {
  const { args, space, reply } = call
  let ref = call.findTypedForWrite(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  let removed = 0
  let isEmpty = false
  for (let i = 2; ref !== 0 && i < args.count && !isEmpty; i++) {
    const after = setRemove(space, ref, args.bytes, args.starts[i]!, args.ends[i]!)
    if (after === 0) continue
    ref = after
    removed++
    isEmpty = isEmptySet(space, ref)
  }
  if (removed > 0) {
    if (isEmpty) space.remove(ref)
    else space.changed(ref)
    call.notify(NOTIFY_SET, 'srem', 1)
    if (isEmpty) call.notify(NOTIFY_GENERIC, 'del', 1)
  }
  reply.integer(removed)
}

function smove(call: Call): void {
  const { args, space, reply } = call
  const source = call.findTypedForWrite(1, TYPE_SET)
  if (source === WRONG_TYPE_REF) return
  // Without a source the target's type does not matter.
  if (source === 0) {
    reply.integer(0)
    return
  }
  const target = call.findTypedForWrite(2, TYPE_SET)
  if (target === WRONG_TYPE_REF) return
  const start = args.starts[3]!
  const end = args.ends[3]!
  if (source === target || !setHas(space, source, args.bytes, start, end)) {
    reply.integer(source === target && setHas(space, source, args.bytes, start, end) ? 1 : 0)
    return
  }
  moveOut(call, setRemove(space, source, args.bytes, start, end))
  moveIn(call, target)
  reply.integer(1)
}

function moveOut(call: Call, source: number): void {
  const { args, space, effects } = call
  const isEmpty = isEmptySet(space, source)
  if (!isEmpty) {
    space.changed(source)
    if (effects.isOn) effects.run(call.database, 'SREM', args.copy(1), args.copy(3))
  }
  call.notify(NOTIFY_SET, 'srem', 1)
  if (isEmpty) call.removeEntry(source, 1)
}

function moveIn(call: Call, target: number): void {
  const { args, space, effects } = call
  if (target === 0) target = createSet(call, 2, args.length(3))
  const after = setAdd(space, target, args.bytes, args.starts[3]!, args.ends[3]!)
  if (after === 0) return
  space.changed(after)
  if (effects.isOn) effects.run(call.database, 'SADD', args.copy(2), args.copy(3))
  call.notify(NOTIFY_SET, 'sadd', 2)
}

function smembers(call: Call): void {
  const { space, reply } = call
  const ref = call.findTyped(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  reply.set(ref === 0 ? 0 : setLength(space, ref))
  if (ref !== 0) setEach(space, ref, (bytes, start, end) => reply.bulk(bytes, start, end))
}

function sismember(call: Call): void {
  const ref = call.findTyped(1, TYPE_SET)
  if (ref !== WRONG_TYPE_REF) call.reply.integer(hasMember(call, ref, 2) ? 1 : 0)
}

function smismember(call: Call): void {
  const ref = call.findTyped(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  const count = call.args.count
  call.reply.array(count - 2)
  for (let i = 2; i < count; i++) call.reply.integer(hasMember(call, ref, i) ? 1 : 0)
}

function hasMember(call: Call, ref: number, i: number): boolean {
  const args = call.args
  return ref !== 0 && setHas(call.space, ref, args.bytes, args.starts[i]!, args.ends[i]!)
}

function scard(call: Call): void {
  const ref = call.findTyped(1, TYPE_SET)
  if (ref !== WRONG_TYPE_REF) call.reply.integer(ref === 0 ? 0 : setLength(call.space, ref))
}

function sscan(call: Call): void {
  const { space, reply } = call
  if (!scan.readCursor(call, 2)) return
  const ref = call.findTyped(1, TYPE_SET)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    scan.replyEmpty(call)
    return
  }
  if (!scan.readOptions(call, 3, false)) return
  const elements: number[] = []
  const isLarge = isLargeSet(space, ref)
  scan.begin(call, isLarge ? tableOf(space, ref).walk(scan.fromHash, scan.count, elements) : 0)
  const visit = (bytes: Buffer, start: number, end: number): void => {
    if (!scan.admits(call, bytes, start, end)) return
    reply.bulk(bytes, start, end)
    scan.took(1)
  }
  if (isLarge) for (const element of elements) visitMember(space, ref, element, visit)
  else setEach(space, ref, visit)
  scan.end(call)
}

const FAST_READ = READONLY | FAST

export const setCommands: readonly Command[] = [
  {
    name: 'sadd',
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'set',
    effect: 'self',
    run: sadd,
    summary: 'Adds members and answers how many are new',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of members to be added',
    syntax: 'key member [member ...]',
  },
  {
    name: 'srem',
    arity: -3,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'set',
    effect: 'self',
    run: srem,
    summary: 'Removes members, and the set with its last one',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of members to be removed',
    syntax: 'key member [member ...]',
  },
  {
    name: 'smove',
    arity: 4,
    flags: WRITE | FAST,
    keys: TWO_KEYS,
    group: 'set',
    effect: 'declared',
    spread: 'element',
    run: smove,
    summary: 'Moves a member from one set to another',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'source destination member',
  },
  {
    name: 'smembers',
    arity: 2,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'set',
    run: smembers,
    summary: 'Answers all members',
    since: '1.0.0',
    complexity: 'O(N) where N is the size of the set',
    syntax: 'key',
  },
  {
    name: 'sismember',
    arity: 3,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'set',
    run: sismember,
    summary: 'Tells whether a member is there',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key member',
  },
  {
    name: 'smismember',
    arity: -3,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'set',
    run: smismember,
    summary: 'Tells of each member whether it is there',
    since: '6.2.0',
    complexity: 'O(N) where N is the number of members asked for',
    syntax: 'key member [member ...]',
  },
  {
    name: 'scard',
    arity: 2,
    flags: FAST_READ,
    keys: FIRST_KEY,
    group: 'set',
    run: scard,
    summary: 'Answers the number of members',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'sscan',
    arity: -3,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'set',
    run: sscan,
    summary: 'Walks the members of a set a portion at a time',
    since: '2.8.0',
    complexity: 'O(1) for every call, O(N) for a whole walk',
    syntax: 'key cursor [MATCH pattern] [COUNT count]',
  },
  ...setAlgebraCommands,
  ...setRandomCommands,
]
