/**
 * Set algebra [Table]: intersections, unions and differences, answered or stored. Results that must be kept, or
 * freed of repeats, are gathered in a table of their own before anything is changed: the target may be a source.
 */
import { TYPE_SET } from '../store/entry.ts'
import { LargeTable } from '../store/large-table.ts'
import { type MemberVisitor, setEach, setFill, setHas, setLength, setSome } from '../store/set.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_SET, WRONG_TYPE_REF } from './call.ts'
import { ALL_KEYS, type Command, DENYOOM, MOVABLE_KEYS, READONLY, WRITE } from './command.ts'

/** Calls `visit` for each member of the result; refs hold 0 for sets that are not there. */
type Operation = (call: Call, refs: number[], visit: MemberVisitor) => void

function intersect(call: Call, refs: number[], visit: MemberVisitor): void {
  intersectUpTo(call, refs, Number.POSITIVE_INFINITY, visit)
}

function intersectUpTo(call: Call, refs: number[], limit: number, visit: MemberVisitor): void {
  const space = call.space
  if (refs.includes(0)) return
  const bySize = refs.slice().sort((a, b) => setLength(space, a) - setLength(space, b))
  const others = bySize.slice(1)
  let found = 0
  setSome(space, bySize[0]!, (bytes, start, end) => {
    for (const other of others) if (!setHas(space, other, bytes, start, end)) return false
    visit(bytes, start, end)
    return ++found >= limit
  })
}

function subtract(call: Call, refs: number[], visit: MemberVisitor): void {
  const space = call.space
  const first = refs[0]!
  const others = refs.slice(1).filter((ref) => ref !== 0)
  if (first === 0 || others.includes(first)) return
  // The largest is the likeliest to hold a member, which then needs no further look.
  others.sort((a, b) => setLength(space, b) - setLength(space, a))
  setEach(space, first, (bytes, start, end) => {
    for (const other of others) if (setHas(space, other, bytes, start, end)) return
    visit(bytes, start, end)
  })
}

/** Members that several sets hold are visited several times. */
function unite(call: Call, refs: number[], visit: MemberVisitor): void {
  for (const ref of refs) if (ref !== 0) setEach(call.space, ref, visit)
}

/** The refs of the sets at arguments first..last, or null when an error has been replied. */
function findSets(call: Call, first: number, last: number): number[] | null {
  const refs: number[] = []
  for (let i = first; i <= last; i++) {
    const ref = call.findTyped(i, TYPE_SET)
    if (ref === WRONG_TYPE_REF) return null
    refs.push(ref)
  }
  return refs
}

function answer(operation: Operation): (call: Call) => void {
  return (call) => {
    const reply = call.reply
    const refs = findSets(call, 1, call.args.count - 1)
    if (refs === null) return
    const mark = reply.mark()
    let count = 0
    operation(call, refs, (bytes, start, end) => {
      reply.bulk(bytes, start, end)
      count++
    })
    reply.insertSet(mark, count)
  }
}

function sunion(call: Call): void {
  const reply = call.reply
  const refs = findSets(call, 1, call.args.count - 1)
  if (refs === null) return
  const result = gather(call, refs, unite)
  const table = result.table
  reply.set(table.count)
  table.each((element) => {
    const start = table.nameStart(element)
    reply.bulk(table.nameBuffer(element), start, start + table.nameLength(element))
  })
  result.release()
}

function gather(call: Call, refs: number[], operation: Operation): LargeTable {
  const result = new LargeTable(call.space)
  const table = result.table
  operation(call, refs, (bytes, start, end) => {
    if (table.find(bytes, start, end) === 0) table.insert(bytes, start, end, bytes, end, end, 0)
  })
  return result
}

function store(operation: Operation, event: string): (call: Call) => void {
  return (call) => {
    const { space, effects, reply } = call
    const refs = findSets(call, 2, call.args.count - 1)
    if (refs === null) return
    const result = gather(call, refs, operation)
    const count = result.table.count
    let target = call.findForWrite(1)
    if (count === 0) {
      result.release()
      if (target !== 0) call.removeEntry(target, 1)
      reply.integer(0)
      return
    }
    if (target === 0) target = call.create(1, TYPE_SET, 0)
    else {
      target = space.makeString(target, 0, false)
      space.entries.setTypeAndFlags(target, TYPE_SET, 0)
    }
    target = setFill(space, target, result)
    space.changed(target)
    effects.put(target)
    call.notify(NOTIFY_SET, event, 1)
    reply.integer(count)
  }
}

function sintercard(call: Call): void {
  const { args, reply } = call
  const keyCount = call.integer(1)
  if (!(keyCount > 0)) {
    reply.error('ERR numkeys should be greater than 0')
    return
  }
  if (keyCount > args.count - 2) {
    reply.error("ERR Number of keys can't be greater than number of args")
    return
  }
  let limit = 0
  for (let i = 2 + keyCount; i < args.count; i += 2) {
    if (!args.is(i, 'LIMIT') || i + 1 === args.count) {
      reply.error(SYNTAX_ERROR)
      return
    }
    limit = call.integer(i + 1)
    if (!(limit >= 0)) {
      reply.error("ERR LIMIT can't be negative")
      return
    }
  }
  const refs = findSets(call, 2, 1 + keyCount)
  if (refs === null) return
  let count = 0
  intersectUpTo(call, refs, limit === 0 ? Number.POSITIVE_INFINITY : limit, () => {
    count++
  })
  reply.integer(count)
}

function findSintercardKeys(call: Call, into: number[]): void {
  const keyCount = call.integer(1)
  if (!(keyCount > 0) || keyCount > call.args.count - 2) return
  for (let i = 2; i < 2 + keyCount; i++) into.push(i)
}

const STORES = WRITE | DENYOOM
const INTERSECTING = 'O(N*M) where N is the size of the smallest set and M the number of sets'
const ALL_MEMBERS = 'O(N) where N is the number of members of all the sets'

export const setAlgebraCommands: readonly Command[] = [
  {
    name: 'sinter',
    arity: -2,
    flags: READONLY,
    keys: ALL_KEYS,
    group: 'set',
    run: answer(intersect),
    summary: 'Answers the members all the sets have',
    since: '1.0.0',
    complexity: INTERSECTING,
    syntax: 'key [key ...]',
  },
  {
    name: 'sintercard',
    arity: -3,
    flags: READONLY | MOVABLE_KEYS,
    findKeys: findSintercardKeys,
    group: 'set',
    run: sintercard,
    summary: 'Counts the members all the sets have, up to a limit',
    since: '7.0.0',
    complexity: INTERSECTING,
    syntax: 'numkeys key [key ...] [LIMIT limit]',
  },
  {
    name: 'sinterstore',
    arity: -3,
    flags: STORES,
    keys: ALL_KEYS,
    group: 'set',
    effect: 'declared',
    spread: 'to-first',
    run: store(intersect, 'sinterstore'),
    summary: 'Stores the members all the sets have',
    since: '1.0.0',
    complexity: INTERSECTING,
    syntax: 'destination key [key ...]',
  },
  {
    name: 'sunion',
    arity: -2,
    flags: READONLY,
    keys: ALL_KEYS,
    group: 'set',
    run: sunion,
    summary: 'Answers the members any of the sets has',
    since: '1.0.0',
    complexity: ALL_MEMBERS,
    syntax: 'key [key ...]',
  },
  {
    name: 'sunionstore',
    arity: -3,
    flags: STORES,
    keys: ALL_KEYS,
    group: 'set',
    effect: 'declared',
    spread: 'to-first',
    run: store(unite, 'sunionstore'),
    summary: 'Stores the members any of the sets has',
    since: '1.0.0',
    complexity: ALL_MEMBERS,
    syntax: 'destination key [key ...]',
  },
  {
    name: 'sdiff',
    arity: -2,
    flags: READONLY,
    keys: ALL_KEYS,
    group: 'set',
    run: answer(subtract),
    summary: 'Answers the members only the first of the sets has',
    since: '1.0.0',
    complexity: ALL_MEMBERS,
    syntax: 'key [key ...]',
  },
  {
    name: 'sdiffstore',
    arity: -3,
    flags: STORES,
    keys: ALL_KEYS,
    group: 'set',
    effect: 'declared',
    spread: 'to-first',
    run: store(subtract, 'sdiffstore'),
    summary: 'Stores the members only the first of the sets has',
    since: '1.0.0',
    complexity: ALL_MEMBERS,
    syntax: 'destination key [key ...]',
  },
]
