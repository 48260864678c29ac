/**
 * Keys [Table]: commands on keys whatever their values are: removing, counting, touching and naming them. Times to
 * live, renaming, walking, sorting, OBJECT and whole databases have files of their own and join the table here.
 */
import { TYPE_NAMES } from '../store/entry.ts'
import type { Call } from './call.ts'
import { ALL_KEYS, type Command, FAST, FIRST_KEY, READONLY, WRITE } from './command.ts'
import { databaseCommands } from './databases.ts'
import { objectCommand } from './object.ts'
import { renameCommands } from './rename.ts'
import { sortCommands } from './sort.ts'
import { timeToLiveCommands } from './times-to-live.ts'
import { findUntouched } from './untouched-lookup.ts'
import { walkKeysCommands } from './walk-keys.ts'

function remove(call: Call): void {
  let removed = 0
  for (let i = 1; i < call.args.count; i++) {
    const ref = call.peek(i)
    if (ref === 0) continue
    call.removeEntry(ref, i)
    removed++
  }
  call.reply.integer(removed)
}

function exists(call: Call): void {
  let found = 0
  for (let i = 1; i < call.args.count; i++) if (findUntouched(call, i) !== 0) found++
  call.reply.integer(found)
}

function touch(call: Call): void {
  let found = 0
  for (let i = 1; i < call.args.count; i++) if (call.find(i) !== 0) found++
  call.reply.integer(found)
}

function type(call: Call): void {
  const ref = findUntouched(call, 1)
  call.reply.status(ref === 0 ? 'none' : TYPE_NAMES[call.space.entries.typeOf(ref)]!)
}

const MANY = {
  arity: -2,
  keys: ALL_KEYS,
  group: 'generic',
  categories: ['keyspace'],
  spread: 'by-slot',
  gather: 'sum',
  complexity: 'O(N) for N keys',
  syntax: 'key [key ...]',
} as const

const plainCommands: readonly Command[] = [
  {
    ...MANY,
    name: 'del',
    flags: WRITE,
    effect: 'declared',
    run: remove,
    since: '1.0.0',
    summary: 'Removes keys',
  },
  {
    ...MANY,
    name: 'unlink',
    flags: WRITE | FAST,
    effect: 'declared',
    run: remove,
    since: '4.0.0',
    summary: 'Removes keys',
  },
  {
    ...MANY,
    name: 'exists',
    flags: READONLY | FAST,
    run: exists,
    since: '1.0.0',
    summary: 'Counts how many of the keys exist',
  },
  {
    ...MANY,
    name: 'touch',
    flags: READONLY | FAST,
    run: touch,
    since: '3.2.1',
    summary: 'Marks keys as used now and counts those that exist',
  },
  {
    name: 'type',
    arity: 2,
    flags: READONLY | FAST,
    keys: FIRST_KEY,
    group: 'generic',
    categories: ['keyspace'],
    run: type,
    since: '1.0.0',
    summary: 'Answers the type of a value',
    complexity: 'O(1)',
    syntax: 'key',
  },
]

export const keyCommands: readonly Command[] = [
  ...plainCommands,
  ...timeToLiveCommands,
  ...renameCommands,
  ...walkKeysCommands,
  ...sortCommands,
  objectCommand,
  ...databaseCommands,
]
