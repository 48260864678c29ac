/**
 * List edits [Table + handlers]: replacing, inserting, removing and finding elements anywhere in a list.
 */
import { TYPE_LIST } from '../store/entry.ts'
import { ListCursor, listErase, listInsert, listLength, listSet } from '../store/list.ts'
import { INT64_MIN, NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_LIST, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FIRST_KEY, READONLY, WRITE } from './command.ts'

const RANK_IS_ZERO =
  "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
  'or use negative to start from the end of the list'

const INT64_LOWEST = Number(INT64_MIN)

const cursor = new ListCursor()

function lset(call: Call): void {
  const args = call.args
  const ref = call.findTypedForWrite(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) return call.reply.error(NO_SUCH_KEY)
  let index = call.integer(2)
  if (index !== index) return call.reply.error(NOT_AN_INTEGER)
  const length = listLength(call.space, ref)
  if (index < 0) index += length
  if (index < 0 || index >= length) return call.reply.error('ERR index out of range')
  call.space.changed(listSet(call.space, ref, index, args.bytes, args.starts[3]!, args.ends[3]!))
  call.notify(NOTIFY_LIST, 'lset', 1)
  call.reply.ok()
}

function linsert(call: Call): void {
  const args = call.args
  const isAfter = args.is(2, 'AFTER')
  if (!isAfter && !args.is(2, 'BEFORE')) return call.reply.error(SYNTAX_ERROR)
  const ref = call.findTypedForWrite(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) return call.reply.integer(0)
  const pivot = indexOf(call, ref, 3)
  if (pivot < 0) return call.reply.integer(-1)
  const index = isAfter ? pivot + 1 : pivot
  const grown = listInsert(call.space, ref, index, args.bytes, args.starts[4]!, args.ends[4]!)
  call.space.changed(grown)
  call.notify(NOTIFY_LIST, 'linsert', 1)
  call.reply.integer(listLength(call.space, grown))
}

/** Index of the first element equal to argument i, or -1. */
function indexOf(call: Call, ref: number, i: number): number {
  const args = call.args
  let index = 0
  cursor.seek(call.space, ref, 0)
  while (!cursor.isEqual(args.bytes, args.starts[i]!, args.ends[i]!)) {
    if (!cursor.next()) {
      cursor.rest()
      return -1
    }
    index++
  }
  cursor.rest()
  return index
}

function lrem(call: Call): void {
  const args = call.args
  const space = call.space
  const wanted = call.integer(2)
  if (wanted !== wanted) return call.reply.error(NOT_AN_INTEGER)
  const ref = call.findTypedForWrite(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) return call.reply.integer(0)
  const before = listLength(space, ref)
  const countMax = wanted === 0 ? before : Math.abs(wanted)
  const left = listErase(space, ref, wanted < 0, countMax, args.bytes, args.starts[3]!, args.ends[3]!)
  const erased = before - listLength(space, left)
  if (erased > 0) {
    call.notify(NOTIFY_LIST, 'lrem', 1)
    if (erased < before) space.changed(left)
    else {
      space.remove(left)
      call.notify(NOTIFY_GENERIC, 'del', 1)
    }
  }
  call.reply.integer(erased)
}

/** Options of LPOS; one record serves every call. */
const search = { rank: 1, count: -1, compareMax: 0 }

function lpos(call: Call): void {
  if (!readSearch(call)) return
  const ref = call.findTyped(1, TYPE_LIST)
  if (ref === WRONG_TYPE_REF) return
  const reply = call.reply
  const hasCount = search.count >= 0
  if (ref === 0) return hasCount ? reply.array(0) : reply.nil()
  const mark = reply.mark()
  const allMax = hasCount ? Number.POSITIVE_INFINITY : 1
  const found = replyMatches(call, ref, search.count > 0 ? search.count : allMax)
  if (hasCount) reply.insertArray(mark, found)
  else if (found === 0) reply.nil()
}

/** Writes the indexes of up to `countMax` matches as the options ask; answers how many. */
function replyMatches(call: Call, ref: number, countMax: number): number {
  const args = call.args
  const start = args.starts[2]!
  const end = args.ends[2]!
  const length = listLength(call.space, ref)
  const fromTail = search.rank < 0
  let skipped = Math.abs(search.rank) - 1
  let left = search.compareMax === 0 ? length : Math.min(search.compareMax, length)
  let index = fromTail ? length - 1 : 0
  let found = 0
  cursor.seek(call.space, ref, index)
  for (; left > 0 && found < countMax; left--) {
    if (cursor.isEqual(args.bytes, start, end) && skipped-- <= 0) {
      call.reply.integer(index)
      found++
    }
    index += fromTail ? -1 : 1
    if (fromTail) cursor.previous()
    else cursor.next()
  }
  cursor.rest()
  return found
}

function readSearch(call: Call): boolean {
  const args = call.args
  search.rank = 1
  search.count = -1
  search.compareMax = 0
  for (let i = 3; i < args.count; i += 2) {
    const value = i + 1 < args.count ? call.integer(i + 1) : Number.NaN
    let refusal = ''
    if (i + 1 === args.count) refusal = SYNTAX_ERROR
    else if (args.is(i, 'RANK')) {
      // Redis negates the lowest integer in 64 bits, which leaves it negative: any match is beyond it.
      search.rank = value <= INT64_LOWEST && call.bigInteger(i + 1) === INT64_MIN ? -1 : value
      if (value !== value) refusal = NOT_AN_INTEGER
      else if (value === 0) refusal = RANK_IS_ZERO
    } else if (args.is(i, 'COUNT')) {
      search.count = value
      if (!(value >= 0)) refusal = "ERR COUNT can't be negative"
    } else if (args.is(i, 'MAXLEN')) {
      search.compareMax = value
      if (!(value >= 0)) refusal = "ERR MAXLEN can't be negative"
    } else refusal = SYNTAX_ERROR
    if (refusal !== '') {
      call.reply.error(refusal)
      return false
    }
  }
  return true
}

export const listEditCommands: readonly Command[] = [
  {
    name: 'lset',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: lset,
    summary: 'Replaces the element at a position',
    since: '1.0.0',
    complexity: 'O(N) where N is the distance to the nearer end',
    syntax: 'key index element',
  },
  {
    name: 'linsert',
    arity: 5,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: linsert,
    summary: 'Puts an element before or behind the first one that equals another',
    since: '2.2.0',
    complexity: 'O(N) where N is the number of elements before the pivot',
    syntax: 'key BEFORE|AFTER pivot element',
  },
  {
    name: 'lrem',
    arity: 4,
    flags: WRITE,
    keys: FIRST_KEY,
    group: 'list',
    effect: 'self',
    run: lrem,
    summary: 'Removes elements that equal a value: all, or the first or last few',
    since: '1.0.0',
    complexity: 'O(N) where N is the length of the list',
    syntax: 'key count element',
  },
  {
    name: 'lpos',
    arity: -3,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'list',
    run: lpos,
    summary: 'Answers where in a list a value is',
    since: '6.0.6',
    complexity: 'O(N) where N is the number of elements compared',
    syntax: 'key element [RANK rank] [COUNT num-matches] [MAXLEN len]',
  },
]
