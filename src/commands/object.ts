/**
 * Object [Table]: OBJECT and its sub-commands: what is known about a value beside the value. Nothing here counts as
 * use of the key.
 */
import { idleSeconds, lfuCounter, lruClock } from '../store/access.ts'
import { valueTypeOf } from '../store/entry-codec.ts'
import type { Call } from './call.ts'
import { type Command, LOADING, READONLY, STALE } from './command.ts'
import { writeHelp } from './help-lines.ts'
import { findUnnoticed } from './untouched-lookup.ts'

const SHARED_INTEGERS = 10_000
const SHARED_COUNT = 2147483647
const ADJUSTS =
  'Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.'

const HELP: readonly string[] = [
  'ENCODING <key>',
  '    Return the kind of internal representation used in order to store the value',
  '    associated with a <key>.',
  'FREQ <key>',
  '    Return the access frequency index of the <key>. The returned integer is',
  '    proportional to the logarithm of the recent access frequency of the key.',
  'IDLETIME <key>',
  '    Return the idle time of the <key>, that is the approximated number of',
  '    seconds elapsed since the last access to the key.',
  'REFCOUNT <key>',
  '    Return the number of references of the value associated with the specified',
  '    <key>.',
]

function help(call: Call): void {
  writeHelp(call.reply, 'OBJECT', HELP)
}

function encoding(call: Call): void {
  const ref = find(call)
  if (ref !== 0) call.reply.bulkText(valueTypeOf(call.space, ref).encoding(call.space, ref))
}

/** Redis keeps the integers below 10000 once for all keys, unless every value must know when it was used. */
function referenceCount(call: Call): void {
  const ref = find(call)
  if (ref === 0) return
  const { space, node } = call
  const usesAccess = /l[rf]u$/.test(policyOf(call)) && node.config.number('maxmemory') !== 0
  const isInteger = !usesAccess && valueTypeOf(space, ref).encoding(space, ref) === 'int'
  call.reply.integer(isInteger && isShared(call, ref) ? SHARED_COUNT : 1)
}

function isShared(call: Call, ref: number): boolean {
  const entries = call.space.entries
  const start = entries.valueStart(ref)
  const value = Number(entries.valueBuffer(ref).toString('latin1', start, start + entries.valueLength(ref)))
  return value >= 0 && value < SHARED_INTEGERS
}

function idleTime(call: Call): void {
  const ref = find(call)
  if (ref === 0) return
  if (policyOf(call).endsWith('lfu')) {
    call.reply.error(`ERR An LFU maxmemory policy is selected, idle time not tracked. ${ADJUSTS}`)
    return
  }
  call.reply.integer(idleSeconds(call.space.entries.accessOf(ref), lruClock(call.nowMs)))
}

function frequency(call: Call): void {
  const ref = find(call)
  if (ref === 0) return
  if (!policyOf(call).endsWith('lfu')) {
    call.reply.error(`ERR An LFU maxmemory policy is not selected, access frequency not tracked. ${ADJUSTS}`)
    return
  }
  const decayMinutes = call.node.config.number('lfu-decay-time')
  call.reply.integer(lfuCounter(call.space.entries.accessOf(ref), call.nowMs, decayMinutes))
}

/** The entry asked about, or 0 when nil has been replied. */
function find(call: Call): number {
  const ref = findUnnoticed(call, 2)
  if (ref === 0) call.reply.nil()
  return ref
}

function policyOf(call: Call): string {
  return call.node.config.text('maxmemory-policy')
}

const ASKING = {
  arity: 3,
  flags: READONLY,
  keys: { first: 2, last: 2, step: 1 },
  group: 'generic',
  categories: ['keyspace'],
  complexity: 'O(1)',
  syntax: 'key',
} as const

export const objectCommand: Command = {
  name: 'object',
  arity: -2,
  flags: 0,
  group: 'generic',
  since: '2.2.3',
  complexity: 'Depends on subcommand',
  summary: 'Asks about the inner side of a value',
  syntax: '',
  subcommands: [
    {
      ...ASKING,
      name: 'encoding',
      run: encoding,
      since: '2.2.3',
      summary: 'Answers how a value is represented',
    },
    {
      ...ASKING,
      name: 'refcount',
      run: referenceCount,
      since: '2.2.3',
      summary: 'Answers how many references a value has',
    },
    {
      ...ASKING,
      name: 'idletime',
      run: idleTime,
      since: '2.2.3',
      summary: 'Answers for how many seconds a key has not been used',
    },
    {
      ...ASKING,
      name: 'freq',
      run: frequency,
      since: '4.0.0',
      summary: 'Answers the logarithm of how often a key is used',
    },
    {
      name: 'help',
      arity: 2,
      flags: LOADING | STALE,
      group: 'generic',
      categories: ['keyspace'],
      serve: help,
      since: '6.2.0',
      complexity: 'O(1)',
      summary: 'Explains the sub-commands of OBJECT',
      syntax: '',
    },
  ],
}
