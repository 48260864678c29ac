/**
 * Times to live [Table]: setting, asking and dropping the point in time at which a key vanishes. What is stored and
 * what travels to replicas is always absolute. A time that has passed already is a deletion.
 */
import { INT64_MAX } from './arguments.ts'
import { type Call, NOTIFY_GENERIC } from './call.ts'
import { type Command, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { EXPIRY_EX, EXPIRY_EXAT, EXPIRY_PX, EXPIRY_PXAT, readExpiry } from './expiry-arguments.ts'
import { findUntouched } from './untouched-lookup.ts'

const CONDITION_NX = 1
const CONDITION_XX = 2
const CONDITION_GT = 4
const CONDITION_LT = 8
const CONDITIONS_BROKEN = -1

const NO_KEY = -2
const NO_EXPIRY = -1

function expire(call: Call, word: number): void {
  const conditions = readConditions(call)
  if (conditions === CONDITIONS_BROKEN) return
  const expiryMs = readExpiry(call, 2, word, true)
  if (expiryMs !== expiryMs) return
  const { space, effects } = call
  const ref = call.findForWrite(1)
  if (ref === 0 || !isAllowed(conditions, space.entries.expiryOf(ref), expiryMs)) {
    call.reply.integer(0)
    return
  }
  if (expiryMs <= call.nowMs) call.removeEntry(ref, 1)
  else {
    space.setExpiry(ref, expiryMs)
    effects.expire(ref)
    call.notify(NOTIFY_GENERIC, 'expire', 1)
  }
  call.reply.integer(1)
}

function readConditions(call: Call): number {
  const args = call.args
  let conditions = 0
  for (let i = 3; i < args.count; i++) {
    if (args.is(i, 'NX')) conditions |= CONDITION_NX
    else if (args.is(i, 'XX')) conditions |= CONDITION_XX
    else if (args.is(i, 'GT')) conditions |= CONDITION_GT
    else if (args.is(i, 'LT')) conditions |= CONDITION_LT
    else {
      call.reply.error(`ERR Unsupported option ${args.text(i).split('\0', 1)[0]}`)
      return CONDITIONS_BROKEN
    }
  }
  if ((conditions & CONDITION_NX) !== 0 && conditions !== CONDITION_NX) {
    call.reply.error('ERR NX and XX, GT or LT options at the same time are not compatible')
    return CONDITIONS_BROKEN
  }
  if ((conditions & CONDITION_GT) !== 0 && (conditions & CONDITION_LT) !== 0) {
    call.reply.error('ERR GT and LT options at the same time are not compatible')
    return CONDITIONS_BROKEN
  }
  return conditions
}

/** A key that never expires (0) counts as expiring later than any other. */
function isAllowed(conditions: number, currentMs: number, wantedMs: number): boolean {
  if (conditions === 0) return true
  if ((conditions & CONDITION_NX) !== 0) return currentMs === 0
  if ((conditions & CONDITION_XX) !== 0 && currentMs === 0) return false
  if ((conditions & CONDITION_GT) !== 0) return currentMs !== 0 && wantedMs > currentMs
  if ((conditions & CONDITION_LT) !== 0) return currentMs === 0 || wantedMs < currentMs
  return true
}

function persist(call: Call): void {
  const { space } = call
  const ref = call.findForWrite(1)
  if (ref === 0 || space.entries.expiryOf(ref) === 0) {
    call.reply.integer(0)
    return
  }
  space.setExpiry(ref, 0)
  call.effects.expire(ref)
  call.notify(NOTIFY_GENERIC, 'persist', 1)
  call.reply.integer(1)
}

/** Answers the time (from now, or absolute) in the unit wanted; seconds are rounded to the nearest. */
function timeToLive(call: Call, isInSeconds: boolean, isAbsolute: boolean): void {
  const ref = findUntouched(call, 1)
  if (ref === 0) {
    call.reply.integer(NO_KEY)
    return
  }
  const expiryMs = call.space.entries.expiryOf(ref)
  if (expiryMs === 0) {
    call.reply.integer(NO_EXPIRY)
    return
  }
  const ms = isAbsolute ? expiryMs : Math.max(expiryMs - call.nowMs, 0)
  if (ms > Number.MAX_SAFE_INTEGER) replyBeyondExact(call, ms, isInSeconds)
  else call.reply.integer(isInSeconds ? Math.floor((ms + 500) / 1000) : ms)
}

/** Such far times are known to about a second only. */
function replyBeyondExact(call: Call, ms: number, isInSeconds: boolean): void {
  const exact = BigInt(ms) > INT64_MAX ? INT64_MAX : BigInt(ms)
  call.reply.integerBig(isInSeconds ? (exact + 500n) / 1000n : exact)
}

const COMMON = { group: 'generic', keys: FIRST_KEY, categories: ['keyspace'], complexity: 'O(1)' } as const
const SETTER = { ...COMMON, arity: -3, flags: WRITE | FAST, effect: 'declared' } as const
const GETTER = { ...COMMON, arity: 2, flags: READONLY | FAST, syntax: 'key' } as const
const CONDITIONS = '[NX|XX|GT|LT]'

export const timeToLiveCommands: readonly Command[] = [
  {
    ...SETTER,
    name: 'expire',
    run: (call) => expire(call, EXPIRY_EX),
    since: '1.0.0',
    summary: 'Lets a key vanish after a number of seconds',
    syntax: `key seconds ${CONDITIONS}`,
  },
  {
    ...SETTER,
    name: 'pexpire',
    run: (call) => expire(call, EXPIRY_PX),
    since: '2.6.0',
    summary: 'Lets a key vanish after a number of milliseconds',
    syntax: `key milliseconds ${CONDITIONS}`,
  },
  {
    ...SETTER,
    name: 'expireat',
    run: (call) => expire(call, EXPIRY_EXAT),
    since: '1.2.0',
    summary: 'Lets a key vanish at a Unix time in seconds',
    syntax: `key unix-time-seconds ${CONDITIONS}`,
  },
  {
    ...SETTER,
    name: 'pexpireat',
    run: (call) => expire(call, EXPIRY_PXAT),
    since: '2.6.0',
    summary: 'Lets a key vanish at a Unix time in milliseconds',
    syntax: `key unix-time-milliseconds ${CONDITIONS}`,
  },
  {
    ...COMMON,
    name: 'persist',
    arity: 2,
    flags: WRITE | FAST,
    effect: 'declared',
    run: persist,
    since: '2.2.0',
    summary: 'Lets a key stay for ever',
    syntax: 'key',
  },
  {
    ...GETTER,
    name: 'ttl',
    run: (call) => timeToLive(call, true, false),
    since: '1.0.0',
    summary: 'Answers in how many seconds a key vanishes',
  },
  {
    ...GETTER,
    name: 'pttl',
    run: (call) => timeToLive(call, false, false),
    since: '2.6.0',
    summary: 'Answers in how many milliseconds a key vanishes',
  },
  {
    ...GETTER,
    name: 'expiretime',
    run: (call) => timeToLive(call, true, true),
    since: '7.0.0',
    summary: 'Answers the Unix time in seconds at which a key vanishes',
  },
  {
    ...GETTER,
    name: 'pexpiretime',
    run: (call) => timeToLive(call, false, true),
    since: '7.0.0',
    summary: 'Answers the Unix time in milliseconds at which a key vanishes',
  },
]
