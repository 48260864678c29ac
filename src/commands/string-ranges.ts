/**
 * String ranges [Table]: parts of a string read, overwritten and appended, and its length. Strings changed here are
 * `raw` afterwards and keep spare room, so that appending byte by byte does not copy the value each time.
 */
import { TYPE_STRING } from '../store/entry.ts'
import { growString, writeString } from '../store/string.ts'
import { NOT_AN_INTEGER } from './arguments.ts'
import { type Call, NOTIFY_STRING, WRONG_TYPE_REF } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { refusesLength } from './string-limit.ts'

function strlen(call: Call): void {
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref !== WRONG_TYPE_REF) call.reply.integer(ref === 0 ? 0 : call.space.entries.valueLength(ref))
}

function getrange(call: Call): void {
  let first = call.integer(2)
  let last = call.integer(3)
  if (Number.isNaN(first) || Number.isNaN(last)) {
    call.reply.error(NOT_AN_INTEGER)
    return
  }
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const entries = call.space.entries
  const length = ref === 0 ? 0 : entries.valueLength(ref)
  const isBackwards = first < 0 && last < 0 && first > last
  if (first < 0) first = Math.max(0, length + first)
  if (last < 0) last = Math.max(0, length + last)
  if (last >= length) last = length - 1
  if (isBackwards || first > last) {
    call.reply.bulkText('')
    return
  }
  const start = entries.valueStart(ref)
  call.reply.bulk(entries.valueBuffer(ref), start + first, start + last + 1)
}

function setrange(call: Call): void {
  const args = call.args
  const offset = call.integer(2)
  if (Number.isNaN(offset) || offset < 0) {
    call.reply.error(offset < 0 ? 'ERR offset is out of range' : NOT_AN_INTEGER)
    return
  }
  const ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const oldLength = ref === 0 ? 0 : call.space.entries.valueLength(ref)
  const byteCount = args.length(3)
  if (byteCount === 0) {
    call.reply.integer(oldLength)
    return
  }
  if (refusesLength(call, offset + byteCount)) return
  const length = Math.max(oldLength, offset + byteCount)
  overwrite(call, ref, offset, 3, length, 'setrange')
}

function append(call: Call): void {
  const args = call.args
  const ref = call.findTypedForWrite(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  const added = args.length(2)
  if (ref === 0) {
    const made = call.create(1, TYPE_STRING, added)
    writeString(call.space, made, 0, args.bytes, args.starts[2]!, args.ends[2]!)
    call.space.changed(made)
    call.notify(NOTIFY_STRING, 'append', 1)
    call.reply.integer(added)
    return
  }
  const offset = call.space.entries.valueLength(ref)
  if (refusesLength(call, offset + added)) return
  overwrite(call, ref, offset, 2, offset + added, 'append')
}

/** Writes argument `value` at `offset` of a string that will be `length` bytes long; replies that length. */
function overwrite(
  call: Call,
  ref: number,
  offset: number,
  value: number,
  length: number,
  event: string,
): void {
  const args = call.args
  const space = call.space
  const grown = growString(space, ref === 0 ? call.create(1, TYPE_STRING, 0) : ref, length)
  writeString(space, grown, offset, args.bytes, args.starts[value]!, args.ends[value]!)
  space.changed(grown)
  call.notify(NOTIFY_STRING, event, 1)
  call.reply.integer(length)
}

export const stringRangeCommands: readonly Command[] = [
  {
    name: 'append',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'self',
    run: append,
    summary: 'Adds bytes to the end of a string, which it makes if there is none',
    since: '2.0.0',
    complexity: 'O(1) when appending little: room is made in proportion to the string.',
    syntax: 'key value',
  },
  {
    name: 'strlen',
    arity: 2,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'string',
    run: strlen,
    summary: 'Answers how many bytes a string has',
    since: '2.2.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'getrange',
    arity: 4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'string',
    run: getrange,
    summary: 'Answers part of a string',
    since: '2.4.0',
    complexity: 'O(N) where N is the length of the answer.',
    syntax: 'key start end',
  },
  {
    name: 'substr',
    arity: 4,
    flags: READONLY,
    keys: FIRST_KEY,
    group: 'string',
    run: getrange,
    summary: 'Answers part of a string; the old name of GETRANGE',
    since: '1.0.0',
    complexity: 'O(N) where N is the length of the answer.',
    syntax: 'key start end',
  },
  {
    name: 'setrange',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'self',
    run: setrange,
    summary: 'Overwrites part of a string from an offset on',
    since: '2.2.0',
    complexity: 'O(M) where M is the length of the value, plus the gap that is filled with zeros.',
    syntax: 'key offset value',
  },
]
