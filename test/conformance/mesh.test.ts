/*
 * The scripts that one node passes, asked of a mesh, at a node that owns nothing of any key. Twice: once where two other
 * nodes act for half of the keys each, and once where one has them all, so that transactions and clients that wait for
 * several keys are not refused. What a mesh refuses, and what it answers otherwise, is written here and nowhere else.
 * Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type Subject, startBrokeredSubject, startDividedSubject } from '../support/mesh-subject.ts'
import { hasRealRedis, startRealCluster } from '../support/real-redis.ts'
import { conformance } from './runner.ts'
import type { Case } from './script.ts'
import { cases as arity } from './scripts/arity.ts'
import { cases as binary } from './scripts/binary.ts'
import { cases as bits } from './scripts/bits.ts'
import { cases as blocking } from './scripts/blocking.ts'
import { cases as cluster } from './scripts/cluster.ts'
import { cases as commands } from './scripts/commands.ts'
import { cases as connection } from './scripts/connection.ts'
import { cases as encodings } from './scripts/encodings.ts'
import { cases as hashes } from './scripts/hashes.ts'
import { cases as keys } from './scripts/keys.ts'
import { cases as keyspaceEvents } from './scripts/keyspace-events.ts'
import { cases as lists } from './scripts/lists.ts'
import { cases as pubSub } from './scripts/pub-sub.ts'
import { cases as server } from './scripts/server.ts'
import { cases as sets } from './scripts/sets.ts'
import { cases as sortedSetRanges } from './scripts/sorted-set-ranges.ts'
import { cases as sortedSets } from './scripts/sorted-sets.ts'
import { cases as strings } from './scripts/strings.ts'
import { cases as transactions } from './scripts/transactions.ts'
import { cases as wrongTypes } from './scripts/wrong-types.ts'

/** What would have to see keys of several nodes in one moment is refused as by Redis Cluster (-CROSSSLOT). */
const REFUSED = [
  'BLMOVE',
  'BLMPOP',
  'BLPOP',
  'BRPOP',
  'BRPOPLPUSH',
  'BZPOPMAX',
  'MSETNX',
  // One that is queued has been answered: MULTI takes keys of one node.
  'MULTI',
]

/** Cases that are not the same in a mesh, each with its reason. */
const DIFFERENT: readonly (readonly [pattern: RegExp, why: string])[] = [
  [
    /WAIT (answers at once without|without) replicas/,
    'WAIT counts the owners that have confirmed the writes',
  ],
  [/introspection|DEBUG (has the parts|DIGEST)/, 'DEBUG tells of the node it is asked of'],
  [
    /INFO (counts|keyspace)|SLOWLOG shortens|LATENCY answers/,
    'INFO, SLOWLOG and LATENCY tell of what has run at the node they are asked of',
  ],
  [/over several keys when memory is full/, 'what turns out to keep nothing needs no room'],
  [
    /inside a transaction when memory is full/,
    'who queues does not know whether there is room where EXEC runs',
  ],
]

/** Where nobody keeps a copy no removal is remembered: a watched key that came and went was never there. */
const WITHOUT_COPIES = /WATCH notices what a woken client took/

/** Cases about the node's own part of the cluster; its shape is in test/process/cluster-face.test.ts. */
const OF_ONE_NODE = /INFO, NODES, SLOTS|the mode is|KEYSINSLOT|still lies|FAILOVER and RESET|in a transaction/

function casesOf(families: Readonly<Record<string, readonly Case[]>>): Case[] {
  return Object.entries(families).flatMap(([family, cases]) => {
    const alike = cases.filter(({ name }) => !DIFFERENT.some(([pattern]) => pattern.test(name)))
    return alike.map((one): Case => ({ ...one, name: `${family}: ${one.name}` }))
  })
}

/** Answered before anybody asks where a key is: one case for all, as most of a case's time is its beginning. */
function inOne(name: string, cases: readonly Case[]): Case {
  return { name, run: cases.flatMap(({ run }) => run) }
}

const refused = new Set<string>()
let divided: Promise<Subject> | undefined
const startDivided = (flags: readonly string[]): Promise<Subject> => {
  divided ??= startDividedSubject(flags)
  return divided
}

conformance(
  'through a mesh that divides the keys',
  [
    inOne('arity', arity),
    inOne('commands', commands),
    ...casesOf({
      binary,
      bits,
      blocking,
      connection,
      encodings,
      hashes,
      keys,
      'keyspace events': keyspaceEvents,
      lists,
      'pub/sub': pubSub,
      server,
      sets,
      'sorted set ranges': sortedSetRanges,
      'sorted sets': sortedSets,
      strings,
      'wrong types': wrongTypes,
    }),
  ],
  {
    startOurs: startDivided,
    meantToDiffer: { error: /^CROSSSLOT /, onMet: (command) => refused.add(command) },
  },
)
conformance(
  'through a mesh: cluster',
  cluster.filter(({ name }) => !OF_ONE_NODE.test(name)),
  { startOracle: startRealCluster, startOurs: startDivided },
)
conformance(
  'through a mesh that passes all keys on',
  casesOf({ transactions, blocking }).filter(({ name }) => !WITHOUT_COPIES.test(name)),
  { startOurs: startBrokeredSubject },
)

test('what is refused because its keys lie with several nodes is what is written here', () => {
  if (hasRealRedis()) assert.deepEqual([...refused].sort(), REFUSED)
})
