/**
 * Rename [Table]: values that change their key or their database (RENAME, RENAMENX, MOVE), and COPY. What moves is
 * handed over without copying; it travels to replicas as the removal of one key and the whole entry of the other.
 */
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { readEntry, writeEntry } from '../store/entry-codec.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'
import { NO_SUCH_KEY, NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_GENERIC } from './call.ts'
import { type Command, DENYOOM, FAST, FIRST_KEY, TWO_KEYS, WRITE } from './command.ts'

const INT32_MAX = 2147483647
const INT32_MIN = -2147483648
const SAME_OBJECT = 'ERR source and destination objects are the same'

function rename(call: Call): void {
  const outcome = renameKey(call, false)
  if (outcome !== REFUSED) call.reply.ok()
}

function renameUnlessThere(call: Call): void {
  const outcome = renameKey(call, true)
  if (outcome !== REFUSED) call.reply.integer(outcome)
}

const KEPT = 0
const RENAMED = 1
const REFUSED = -1

function renameKey(call: Call, keepsTarget: boolean): number {
  const { args, space, database } = call
  const bytes = args.bytes
  const source = call.findForWrite(1)
  if (source === 0) {
    call.reply.error(NO_SUCH_KEY)
    return REFUSED
  }
  if (args.equals(2, bytes, args.starts[1]!, args.ends[1]!)) return KEPT
  const target = call.findForWrite(2)
  if (target !== 0) {
    if (keepsTarget) return KEPT
    space.remove(target)
  }
  handOver(call, source, 1, database, 2)
  call.notify(NOTIFY_GENERIC, 'rename_from', 1)
  call.notify(NOTIFY_GENERIC, 'rename_to', 2)
  return RENAMED
}

/** The entry of the key at argument `from` becomes that of the key at argument `to`, which has none. */
function handOver(call: Call, source: number, from: number, toDatabase: number, to: number): void {
  const { args, space, effects } = call
  const made = space.transfer(source, toDatabase, args.bytes, args.starts[to]!, args.ends[to]!)
  space.remove(source)
  effects.remove(call.database, args.bytes, args.starts[from]!, args.ends[from]!)
  space.changed(made)
  effects.put(made)
}

function move(call: Call): void {
  const { args, space } = call
  const toDatabase = readDatabase(call, 2)
  if (toDatabase === NO_DATABASE) return
  if (toDatabase === call.database) {
    call.reply.error(SAME_OBJECT)
    return
  }
  const source = call.findForWrite(1)
  const isTaken =
    source === 0 || space.lookupWrite(toDatabase, args.bytes, args.starts[1]!, args.ends[1]!) !== 0
  if (isTaken) {
    call.reply.integer(0)
    return
  }
  handOver(call, source, 1, toDatabase, 1)
  call.notify(NOTIFY_GENERIC, 'move_from', 1)
  notifyIn(call, toDatabase, 'move_to', 1)
  call.reply.integer(1)
}

const copied = new ByteWriter()

function copy(call: Call): void {
  const { args, space } = call
  let replaces = false
  let toDatabase = call.database
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'REPLACE')) replaces = true
    else if (args.is(i, 'DB') && i + 1 < args.count) {
      toDatabase = readDatabase(call, ++i)
      if (toDatabase === NO_DATABASE) return
    } else {
      call.reply.error(SYNTAX_ERROR)
      return
    }
  }
  const start = args.starts[2]!
  const end = args.ends[2]!
  if (toDatabase === call.database && args.equals(1, args.bytes, start, end)) {
    call.reply.error(SAME_OBJECT)
    return
  }
  const source = call.find(1)
  const target = source === 0 ? 0 : space.lookupWrite(toDatabase, args.bytes, start, end)
  if (source === 0 || (target !== 0 && !replaces)) {
    call.reply.integer(0)
    return
  }
  writeEntry(space, source, copied)
  if (target !== 0) space.remove(target)
  const made = readEntry(
    space,
    toDatabase,
    args.bytes,
    start,
    end,
    new ByteReader(copied.bytes, 0, copied.length),
  )
  copied.clear()
  if (made === 0) throw new Error('copy: an entry could not be read back')
  space.changed(made)
  call.effects.put(made)
  notifyIn(call, toDatabase, 'copy_to', 2)
  call.reply.integer(1)
}

const NO_DATABASE = -1

/** The physical database whose number is argument i, or NO_DATABASE when the error has been replied. */
function readDatabase(call: Call, i: number): number {
  const logical = call.integer(i)
  if (logical !== logical) call.reply.error(NOT_AN_INTEGER)
  else if (logical < INT32_MIN || logical > INT32_MAX) {
    call.reply.error(`ERR value is out of range, value must between ${INT32_MIN} and ${INT32_MAX}`)
  } else if (logical < 0 || logical >= DATABASE_COUNT) call.reply.error('ERR DB index is out of range')
  else return call.space.databaseMap[logical]!
  return NO_DATABASE
}

function notifyIn(call: Call, database: number, event: string, i: number): void {
  const { node, args } = call
  if ((node.notifyFlags & NOTIFY_GENERIC) === 0) return
  node.notifyKeyspace(NOTIFY_GENERIC, event, database, args.bytes, args.starts[i]!, args.ends[i]!)
}

const COMMON = { group: 'generic', categories: ['keyspace'], effect: 'declared' } as const

export const renameCommands: readonly Command[] = [
  {
    ...COMMON,
    name: 'rename',
    arity: 3,
    flags: WRITE,
    keys: TWO_KEYS,
    spread: 'rename',
    run: rename,
    since: '1.0.0',
    summary: 'Gives a value another key',
    complexity: 'O(1)',
    syntax: 'key newkey',
  },
  {
    ...COMMON,
    name: 'renamenx',
    arity: 3,
    flags: WRITE | FAST,
    keys: TWO_KEYS,
    spread: 'rename',
    run: renameUnlessThere,
    since: '1.0.0',
    summary: 'Gives a value another key unless that one has a value',
    complexity: 'O(1)',
    syntax: 'key newkey',
  },
  {
    ...COMMON,
    name: 'copy',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: TWO_KEYS,
    spread: 'to-last',
    run: copy,
    since: '6.2.0',
    summary: 'Copies a value to another key',
    complexity: 'O(N) for N elements or bytes of the value',
    syntax: 'source destination [DB destination-db] [REPLACE]',
  },
  {
    ...COMMON,
    name: 'move',
    arity: 3,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    run: move,
    since: '1.0.0',
    summary: 'Moves a key to another database',
    complexity: 'O(1)',
    syntax: 'key db',
  },
]
