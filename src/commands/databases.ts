/**
 * Databases [Table]: commands on whole databases: how many keys one has, emptying one or all, and swapping two. They
 * run on every node, each on what it holds, so they name no effects.
 */
import type { Args } from '../../resp/index.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, FAST, READONLY, WRITE } from './command.ts'
import { servedKeyCount } from './served-slots.ts'

const ALL_DATABASES = -1
const NO_INDEX = Number.NEGATIVE_INFINITY

function size(call: Call): void {
  call.reply.integer(servedKeyCount(call))
}

function flushDatabase(call: Call): void {
  flush(call, call.session.database, call.database)
}

function flushAll(call: Call): void {
  flush(call, ALL_DATABASES, ALL_DATABASES)
}

export function isFlushMode(args: Args): boolean {
  return args.count === 1 || (args.count === 2 && (args.is(1, 'ASYNC') || args.is(1, 'SYNC')))
}

/** ASYNC and SYNC come to the same: emptying is quick. */
function flush(call: Call, logical: number, physical: number): void {
  const { args, node, space } = call
  if (!isFlushMode(args)) {
    call.reply.error(SYNTAX_ERROR)
    return
  }
  node.watches.onClearing(logical)
  space.clear(physical)
  call.reply.ok()
}

function swap(call: Call): void {
  const first = readIndex(call, 1, 'first')
  if (first === NO_INDEX) return
  const second = readIndex(call, 2, 'second')
  if (second === NO_INDEX) return
  const isKnown = Math.min(first, second) >= 0 && Math.max(first, second) < DATABASE_COUNT
  if (!isKnown) {
    call.reply.error('ERR DB index is out of range')
    return
  }
  const { node, space } = call
  if (first !== second) {
    space.swapDatabases(first, second)
    node.watches.onSwapped(first, second)
    node.waiters.onDatabasesSwapped(space.databaseMap[first]!, space.databaseMap[second]!)
  }
  call.reply.ok()
}

function readIndex(call: Call, i: number, which: string): number {
  const index = call.integer(i)
  if (index >= -(2 ** 31) && index < 2 ** 31) return index
  call.reply.error(`ERR invalid ${which} DB index`)
  return NO_INDEX
}

const FLUSHING = {
  arity: -1,
  flags: WRITE,
  group: 'server',
  categories: ['keyspace', 'dangerous'],
  effect: 'declared',
  spread: 'all-nodes',
  gather: 'all-ok',
  syntax: '[ASYNC|SYNC]',
  since: '1.0.0',
} as const

export const databaseCommands: readonly Command[] = [
  {
    name: 'dbsize',
    arity: 1,
    flags: READONLY | FAST,
    group: 'server',
    categories: ['keyspace'],
    run: size,
    spread: 'all-nodes',
    gather: 'sum',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: '',
    summary: 'Counts the keys of the database',
  },
  {
    ...FLUSHING,
    name: 'flushdb',
    run: flushDatabase,
    summary: 'Removes all keys of the database',
    complexity: 'O(N) for N keys in the database',
  },
  {
    ...FLUSHING,
    name: 'flushall',
    run: flushAll,
    summary: 'Removes all keys of all databases',
    complexity: 'O(N) for N keys in all databases',
  },
  {
    name: 'swapdb',
    arity: 3,
    flags: WRITE | FAST,
    group: 'server',
    categories: ['keyspace', 'dangerous'],
    effect: 'declared',
    spread: 'all-nodes',
    gather: 'all-ok',
    run: swap,
    since: '4.0.0',
    complexity: 'O(N) for N clients that watch or wait for keys',
    syntax: 'index1 index2',
    summary: 'Lets two databases change places',
  },
]
