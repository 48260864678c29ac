/**
 * Lists [Table + handlers]: pushing, popping and reading lists at their ends and by position. Searching and
 * editing inside a list is in list-edits.ts, moving between lists and waiting for them in list-blocking.ts.
 */
import { TYPE_LIST } from '../store/entry.ts'
import { ListCursor, listCreate, listDrop, listLength, listPush } from '../store/list.ts'
import { MUST_BE_POSITIVE, NOT_AN_INTEGER } from './arguments.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_LIST, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { listBlockingCommands } from './list-blocking.ts'
import { listEditCommands } from './list-edits.ts'
import { takeFromEnd } from './list-ends.ts'

const cursor = new ListCursor()

function lpush(call: Call): void {
  push(call, true, true)
}
function rpush(call: Call): void {
  push(call, false, true)
}
function lpushx(call: Call): void {
  push(call, true, false)
}
function rpushx(call: Call): void {
  push(call, false, false)
}

function push(call: Call, atHead: boolean, makesKey: boolean): void {
  const args = call.args
  const space = call.space
  const bytes = args.bytes
  let ref = call.findTypedForWrite(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  let i = 2
  if (ref === 0) {
    if (!makesKey) return call.reply.integer(0)
    ref = listCreate(
      space,
      call.database,
      bytes,
      args.starts[1]!,
      args.ends[1]!,
      bytes,
      args.starts[2]!,
      args.ends[2]!,
    )
    i = 3
  }
  for (; i < args.count; i++) ref = listPush(space, ref, atHead, bytes, args.starts[i]!, args.ends[i]!)
  space.changed(ref)
  call.notify(NOTIFY_LIST, atHead ? 'lpush' : 'rpush', 1)
  call.reply.integer(listLength(space, ref))
}

function lpop(call: Call): void {
  pop(call, true)
}
function rpop(call: Call): void {
  pop(call, false)
}

function pop(call: Call, atHead: boolean): void {
  const hasCount = call.args.count > 2
  if (call.args.count > 3) {
    return call.reply.error(`ERR wrong number of arguments for '${call.row.name}' command`)
  }
  const wanted = hasCount ? call.integer(2) : 1
  if (!(wanted >= 0)) return call.reply.error(MUST_BE_POSITIVE)
  const ref = call.findTypedForWrite(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) return hasCount ? call.reply.nilArray() : call.reply.nil()
  const count = Math.min(wanted, listLength(call.space, ref))
  if (hasCount) call.reply.array(count)
  if (count > 0) takeFromEnd(call, ref, 1, atHead, count)
}

function llen(call: Call): void {
  const ref = call.findTyped(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  call.reply.integer(ref === 0 ? 0 : listLength(call.space, ref))
}

function lindex(call: Call): void {
  const ref = call.findTyped(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) return call.reply.nil()
  let index = call.integer(2)
  if (index !== index) return call.reply.error(NOT_AN_INTEGER)
  const length = listLength(call.space, ref)
  if (index < 0) index += length
  if (index < 0 || index >= length) return call.reply.nil()
  cursor.seek(call.space, ref, index)
  call.reply.bulk(cursor.buffer, cursor.start, cursor.end)
  cursor.rest()
}

function lrange(call: Call): void {
  let first = call.integer(2)
  let last = call.integer(3)
  if (first !== first || last !== last) return call.reply.error(NOT_AN_INTEGER)
  const ref = call.findTyped(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  const reply = call.reply
  const length = ref === 0 ? 0 : listLength(call.space, ref)
  if (first < 0) first = Math.max(first + length, 0)
  last = Math.min(last < 0 ? last + length : last, length - 1)
  if (first > last) return reply.array(0)
  let left = last - first + 1
  reply.array(left)
  cursor.seek(call.space, ref, first)
  for (; left > 0; left--) {
    reply.bulk(cursor.buffer, cursor.start, cursor.end)
    cursor.next()
  }
  cursor.rest()
}

function ltrim(call: Call): void {
  let first = call.integer(2)
  let last = call.integer(3)
  if (first !== first || last !== last) return call.reply.error(NOT_AN_INTEGER)
  let ref = call.findTypedForWrite(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) return call.reply.ok()
  const space = call.space
  const length = listLength(space, ref)
  if (first < 0) first = Math.max(first + length, 0)
  last = Math.min(last < 0 ? last + length : last, length - 1)
  call.notify(NOTIFY_LIST, 'ltrim', 1)
  if (first > last) {
    space.remove(ref)
    call.notify(NOTIFY_GENERIC, 'del', 1)
    return call.reply.ok()
  }
  if (first > 0) ref = listDrop(space, ref, true, first)
  if (last < length - 1) ref = listDrop(space, ref, false, length - 1 - last)
  // Redis counts even a trim that takes nothing as a change of the key (WATCH).
  space.changed(ref)
  call.reply.ok()
}

const endCommands: readonly Command[] = [
  {
    name: 'lpush',
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: lpush,
    summary: 'Puts elements before the first of a list, making the list if need be',
    since: '1.0.0',
    complexity: 'O(1) for each element added',
    syntax: 'key element [element ...]',
  },
  {
    name: 'rpush',
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: rpush,
    summary: 'Puts elements behind the last of a list, making the list if need be',
    since: '1.0.0',
    complexity: 'O(1) for each element added',
    syntax: 'key element [element ...]',
  },
  {
    name: 'lpushx',
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: lpushx,
    summary: 'Puts elements before the first of a list that exists',
    since: '2.2.0',
    complexity: 'O(1) for each element added',
    syntax: 'key element [element ...]',
  },
  {
    name: 'rpushx',
    arity: -3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: rpushx,
    summary: 'Puts elements behind the last of a list that exists',
    since: '2.2.0',
    complexity: 'O(1) for each element added',
    syntax: 'key element [element ...]',
  },
  {
    name: 'lpop',
    arity: -2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: lpop,
    summary: 'Takes the first element, or several, from a list',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of elements taken',
    syntax: 'key [count]',
  },
  {
    name: 'rpop',
    arity: -2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: rpop,
    summary: 'Takes the last element, or several, from a list',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of elements taken',
    syntax: 'key [count]',
  },
  {
    name: 'llen',
    arity: 2,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'list',
    run: llen,
    summary: 'Answers how many elements a list has',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'lindex',
    arity: 3,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'list',
    run: lindex,
    summary: 'Answers the element at a position, counted from either end',
    since: '1.0.0',
    complexity: 'O(N) where N is the distance to the nearer end, full nodes being skipped',
    syntax: 'key index',
  },
  {
    name: 'lrange',
    arity: 4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'list',
    run: lrange,
    summary: 'Answers the elements between two positions',
    since: '1.0.0',
    complexity: 'O(S+N) where S is the distance of start from the nearer end and N how many are answered',
    syntax: 'key start stop',
  },
  {
    name: 'ltrim',
    arity: 4,
    flags: WRITE,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: ltrim,
    summary: 'Keeps only the elements between two positions',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of elements dropped',
    syntax: 'key start stop',
  },
]

export const listCommands: readonly Command[] = [...endCommands, ...listEditCommands, ...listBlockingCommands]
