/**
 * Strings [Table]: whole values set and read: SET with its options and its older forms, GET and those that change
 * the key on the way, and the commands over many keys. Counters, ranges and LCS have files of their own and join
 * the table here. What is written travels as the whole entry, so that replicas never depend on the old value.
 */
import { TYPE_STRING } from '../store/entry.ts'
import { replyPlain } from '../store/plain-string.ts'
import { writeString } from '../store/string.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import { type Call, NOTIFY_GENERIC, NOTIFY_STRING, WRONG_TYPE_REF } from './call.ts'
import { ALL_KEYS, type Command, DENYOOM, FAST, FIRST_KEY, PAIRS, READONLY, WRITE } from './command.ts'
import { counterCommands } from './counters.ts'
import { EXPIRY_EX, EXPIRY_PX, readExpiry } from './expiry-arguments.ts'
import { lcsCommands } from './lcs.ts'
import {
  expiryArgumentOf,
  expiryOf,
  OPTION_GET,
  OPTION_KEEPTTL,
  OPTION_NX,
  OPTION_PERSIST,
  OPTION_XX,
  OPTIONS_BROKEN,
  readGetexOptions,
  readSetOptions,
} from './string-options.ts'
import { stringRangeCommands } from './string-ranges.ts'

function replyValue(call: Call, ref: number): void {
  const entries = call.space.entries
  const start = entries.valueStart(ref)
  call.reply.bulk(entries.valueBuffer(ref), start, start + entries.valueLength(ref))
}

/** Replies the string at argument 1 or nil; answers its ref, 0 or WRONG_TYPE_REF (error replied). */
function replyCurrent(call: Call): number {
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === 0) call.reply.nil()
  else if (ref !== WRONG_TYPE_REF) replyValue(call, ref)
  return ref
}

/** Sets the key at argument `key` to argument `key + 1`, without expiry; says nothing to the client. */
function store(call: Call, key: number): void {
  const args = call.args
  const starts = args.starts
  const ends = args.ends
  const bytes = args.bytes
  const value = key + 1
  const ref = call.space.setString(
    call.database,
    bytes,
    starts[key]!,
    ends[key]!,
    bytes,
    starts[value]!,
    ends[value]!,
    false,
  )
  call.notify(NOTIFY_STRING, 'set', key)
  call.effects.put(ref)
}

/** Sets the key at argument 1, whose entry is `ref` (0: none), to argument `value`; expiry 0 is none. */
function storeAt(call: Call, ref: number, value: number, expiryMs: number, keepsExpiry: boolean): void {
  const args = call.args
  const space = call.space
  const length = args.length(value)
  if (ref === 0) ref = call.create(1, TYPE_STRING, length)
  else ref = space.makeString(ref, length, keepsExpiry)
  writeString(space, ref, 0, args.bytes, args.starts[value]!, args.ends[value]!)
  if (expiryMs !== 0) space.setExpiryUnstamped(ref, expiryMs)
  space.changed(ref)
  call.notify(NOTIFY_STRING, 'set', 1)
  if (expiryMs !== 0) call.notify(NOTIFY_GENERIC, 'expire', 1)
  call.effects.put(ref)
}

function set(call: Call): void {
  if (call.args.count > 3) {
    setWithOptions(call)
    return
  }
  store(call, 1)
  call.reply.ok()
}

function setWithOptions(call: Call): void {
  const options = readSetOptions(call.args)
  if (options === OPTIONS_BROKEN) {
    call.reply.error(SYNTAX_ERROR)
    return
  }
  const word = expiryOf(options)
  const expiryMs = word === 0 ? 0 : readExpiry(call, expiryArgumentOf(options), word, false)
  if (Number.isNaN(expiryMs)) return
  const isGet = (options & OPTION_GET) !== 0
  if (isGet && replyCurrent(call) === WRONG_TYPE_REF) return
  const ref = call.findForWrite(1)
  const isRefused = ref === 0 ? (options & OPTION_XX) !== 0 : (options & OPTION_NX) !== 0
  if (!isRefused) storeAt(call, ref, 2, expiryMs, (options & OPTION_KEEPTTL) !== 0)
  if (isGet) return
  if (isRefused) call.reply.nil()
  else call.reply.ok()
}

function get(call: Call): void {
  const args = call.args
  const { space, reply, database } = call
  if (!replyPlain(space, reply, database, args.bytes, args.starts[1]!, args.ends[1]!)) replyCurrent(call)
}

function getset(call: Call): void {
  if (replyCurrent(call) !== WRONG_TYPE_REF) store(call, 1)
}

function getdel(call: Call): void {
  const ref = replyCurrent(call)
  if (ref !== 0 && ref !== WRONG_TYPE_REF) call.removeEntry(ref, 1)
}

function getex(call: Call): void {
  const options = readGetexOptions(call.args)
  if (options === OPTIONS_BROKEN) {
    call.reply.error(SYNTAX_ERROR)
    return
  }
  const ref = call.findTyped(1, TYPE_STRING)
  if (ref === WRONG_TYPE_REF) return
  if (ref === 0) {
    call.reply.nil()
    return
  }
  const word = expiryOf(options)
  const expiryMs = word === 0 ? 0 : readExpiry(call, expiryArgumentOf(options), word, false)
  if (Number.isNaN(expiryMs)) return
  replyValue(call, ref)
  if (word !== 0) {
    if (expiryMs <= call.nowMs) call.removeEntry(ref, 1)
    else changeExpiry(call, ref, expiryMs, 'expire')
  } else if ((options & OPTION_PERSIST) !== 0 && call.space.entries.expiryOf(ref) !== 0) {
    changeExpiry(call, ref, 0, 'persist')
  }
}

function changeExpiry(call: Call, ref: number, expiryMs: number, event: string): void {
  call.space.setExpiry(ref, expiryMs)
  call.notify(NOTIFY_GENERIC, event, 1)
  call.effects.expire(ref)
}

function setnx(call: Call): void {
  const isNew = call.findForWrite(1) === 0
  if (isNew) storeAt(call, 0, 2, 0, false)
  call.reply.integer(isNew ? 1 : 0)
}

function setex(call: Call): void {
  setExpiring(call, EXPIRY_EX)
}

function psetex(call: Call): void {
  setExpiring(call, EXPIRY_PX)
}

function setExpiring(call: Call, word: number): void {
  const expiryMs = readExpiry(call, 2, word, false)
  if (Number.isNaN(expiryMs)) return
  storeAt(call, call.findForWrite(1), 3, expiryMs, false)
  call.reply.ok()
}

function mget(call: Call): void {
  const count = call.args.count
  const entries = call.space.entries
  call.reply.array(count - 1)
  for (let i = 1; i < count; i++) {
    const ref = call.find(i)
    if (ref !== 0 && entries.typeOf(ref) === TYPE_STRING) replyValue(call, ref)
    else call.reply.nil()
  }
}

function hasOddPair(call: Call): boolean {
  if ((call.args.count & 1) === 1) return false
  call.reply.error(`ERR wrong number of arguments for '${call.row.name}' command`)
  return true
}

function storePairs(call: Call): void {
  const count = call.args.count
  for (let i = 1; i < count; i += 2) store(call, i)
}

function mset(call: Call): void {
  if (hasOddPair(call)) return
  storePairs(call)
  call.reply.ok()
}

function msetnx(call: Call): void {
  if (hasOddPair(call)) return
  const count = call.args.count
  for (let i = 1; i < count; i += 2) {
    if (call.findForWrite(i) === 0) continue
    call.reply.integer(0)
    return
  }
  storePairs(call)
  call.reply.integer(1)
}

const wholeValueCommands: readonly Command[] = [
  {
    name: 'set',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: set,
    summary: 'Sets a key to a string, whatever it held before',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax:
      'key value [NX|XX] [GET] [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|KEEPTTL]',
  },
  {
    name: 'get',
    arity: 2,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'string',
    run: get,
    summary: 'Answers the string a key holds',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'getset',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: getset,
    summary: 'Sets a key to a string and answers the one it held',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key value',
  },
  {
    name: 'getdel',
    arity: 2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: getdel,
    summary: 'Answers the string a key holds and removes the key',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: 'key',
  },
  {
    name: 'getex',
    arity: -2,
    flags: WRITE | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: getex,
    summary: 'Answers the string a key holds and may change its time to live',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: 'key [EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]',
  },
  {
    name: 'setnx',
    arity: 3,
    flags: WRITE | DENYOOM | FAST,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: setnx,
    summary: 'Sets a key to a string if there is no such key',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'key value',
  },
  {
    name: 'setex',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: setex,
    summary: 'Sets a key to a string that expires after some seconds',
    since: '2.0.0',
    complexity: 'O(1)',
    syntax: 'key seconds value',
  },
  {
    name: 'psetex',
    arity: 4,
    flags: WRITE | DENYOOM,
    keys: FIRST_KEY,
    group: 'string',
    effect: 'declared',
    run: psetex,
    summary: 'Sets a key to a string that expires after some milliseconds',
    since: '2.6.0',
    complexity: 'O(1)',
    syntax: 'key milliseconds value',
  },
  {
    name: 'mget',
    arity: -2,
    flags: READONLY | FAST,
    keys: ALL_KEYS,
    group: 'string',
    spread: 'by-slot',
    gather: 'in-order',
    run: mget,
    summary: 'Answers the strings of several keys, nil where there is none',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of keys to retrieve.',
    syntax: 'key [key ...]',
  },
  {
    name: 'mset',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: PAIRS,
    group: 'string',
    effect: 'declared',
    spread: 'by-slot',
    gather: 'all-ok',
    run: mset,
    summary: 'Sets several keys to strings',
    since: '1.0.1',
    complexity: 'O(N) where N is the number of keys to set.',
    syntax: 'key value [key value ...]',
  },
  {
    name: 'msetnx',
    arity: -3,
    flags: WRITE | DENYOOM,
    keys: PAIRS,
    group: 'string',
    effect: 'declared',
    run: msetnx,
    summary: 'Sets several keys to strings if none of them exists',
    since: '1.0.1',
    complexity: 'O(N) where N is the number of keys to set.',
    syntax: 'key value [key value ...]',
  },
]

export const stringCommands: readonly Command[] = [
  ...wholeValueCommands,
  ...counterCommands,
  ...stringRangeCommands,
  ...lcsCommands,
]
