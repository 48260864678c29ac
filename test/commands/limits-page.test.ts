/*
 * docs/limits.md is what the code says, and every limit in it is reached by a test that is named there.
 *
 * The idea: the rows of a mesh node are read off a real one; what every node has, and what gossip has, is listed here with
 * its constant. `UPDATE_DOCS=1` writes the page.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import { SEEDS_MAX } from '../../gossip/swim/push-pull.ts'
import { LAN_CONFIG } from '../../gossip/swim/config.ts'
import { defaultConnectionLimits } from '../../resp/limits.ts'
import { defaultPoolLimits } from '../../src/mesh/pool-ports.ts'
import { limitsOf } from '../../src/mesh-limits.ts'
import { SUBSCRIPTIONS_MAX } from '../../src/session/channels.ts'
import { SlowLog } from '../../src/session/slow-log.ts'
import { DataMesh } from '../simulation/data-mesh.ts'

const PAGE = new URL('../../docs/limits.md', import.meta.url)
const MARKS = ['<!-- limits -->', '<!-- end of limits -->'] as const
const ROOT = new URL('../../', import.meta.url)

type Reached = readonly [file: string, title: string]

/** The test that reaches each limit of MESH LIMITS. */
const REACHED: Readonly<Record<string, Reached>> = {
  'parked-requests': [
    'routing/parking',
    'who finds no place is refused and counted, and a place that becomes free is taken',
  ],
  forwards: [
    'routing/forwards',
    'requests on their way are counted until they are answered, and beyond the limit there is no room',
  ],
  'forward-bytes': ['routing/forwards', 'so are their bytes, and those that rest before another try'],
  'waits-elsewhere': ['routing/waits', 'more waits than there is room for are refused, here and there'],
  'waits-served-per-peer': ['routing/waits', 'more waits than there is room for are refused, here and there'],
  'link-output-bytes': ['mesh/link', 'a peer that does not read is owed no more than the limit'],
  'link-asks': ['mesh/link', 'the number and the bytes of waiting asks are limited'],
  links: ['mesh/pool', 'strangers and links are limited'],
  strangers: ['mesh/pool', 'strangers and links are limited'],
  'unconfirmed-bytes-per-peer': [
    'replication/batches',
    'a peer that confirms nothing gets hints instead of more bytes',
  ],
  hints: ['replication/hints', 'so are those beyond the limits of all owners together'],
  'hint-bytes': ['replication/hints', 'so are those beyond the limits of all owners together'],
  pulls: ['replication/replica', 'beyond its limits the replica refuses, or tells of whole batches as lost'],
  'effects-waiting-for-pulls': [
    'replication/replica',
    'beyond its limits the replica refuses, or tells of whole batches as lost',
  ],
  'keys-being-confirmed': [
    'replication/confirming',
    'more keys than the limit are unavailable at once, and room comes back',
  ],
  'keys-in-doubt': ['replication/doubts', 'beyond the limit of keys the outcome is open at once'],
  'repair-queue': [
    'replication/settling',
    'pushes wait in a queue with an end, and a repair that did not fit has failed',
  ],
  tombstones: ['store/tombstones', 'beyond the limit of count or bytes the oldest are forgotten and counted'],
  'tombstone-bytes': [
    'store/tombstones',
    'beyond the limit of count or bytes the oldest are forgotten and counted',
  ],
  'gossip-members': [
    'gossip/swim-limits',
    'a full list refuses newcomers and counts them; an eviction makes room',
  ],
  'gossip-rumours': ['gossip/swim-limits', 'the queue of broadcasts is bounded and counts what it drops'],
}

const CONNECTION = defaultConnectionLimits()

/** What grows in every node, or beside the rows of MESH LIMITS. */
const OTHERS: readonly (readonly [name: string, most: number | string, beyond: string, ...Reached])[] = [
  [
    'clients',
    '`maxclients`',
    'told so and closed',
    'resp/server',
    'one client too many is told so and the next one after a departure is let in',
  ],
  [
    'output of a client',
    '`client-output-buffer-limit`',
    'closed',
    'resp/server',
    'clients that never read cost no more than the output limit',
  ],
  [
    'output of a client that may still grow while it is served',
    CONNECTION.outputPauseBytes,
    'its requests wait',
    'resp/connection',
    'output nobody takes stops the connection, and draining starts it again',
  ],
  [
    'subscriptions of a client',
    SUBSCRIPTIONS_MAX,
    'refused',
    'session/pub-sub',
    'one client cannot subscribe without limit',
  ],
  [
    'queue of a transaction',
    '`client-query-buffer-limit`',
    'refused, and EXEC says so',
    'session/transaction',
    'a transaction larger than the limit is refused, and EXEC says so',
  ],
  [
    'slow log',
    new SlowLog().entriesMax,
    'the oldest goes',
    'session/slow-log',
    'a smaller limit takes hold with the next entry',
  ],
  ['kinds of latency events', 64, 'not kept', 'session/latency-monitor', 'the number of events is limited'],
  [
    'kinds of errors counted apart',
    128,
    'counted together',
    'session/statistics',
    'the kinds of errors that are counted apart are limited',
  ],
  [
    'read repairs under way',
    4096,
    'left to the next read',
    'replication/confirming',
    'read repairs have a limit: beyond it the stale owner waits for the next read',
  ],
  [
    'hints for one owner',
    1_000_000,
    'dropped: its slots are compared when it is back',
    'replication/hints',
    'beyond the limits of one owner hints are dropped, counted, and made good by a repair',
  ],
  [
    'exceptions told to one sender',
    1024,
    'told more coarsely, never left out',
    'replication/replica',
    'exceptions beyond the limit are told more coarsely, never left out',
  ],
  [
    'asks of a peer that are owed an answer',
    8192,
    'refused as not done',
    'mesh/link',
    'asks beyond what a node will owe, and answers that nobody reads, become failures',
  ],
  [
    'links that have not said who they are',
    defaultPoolLimits().greetingsCountMax,
    'not accepted',
    'mesh/pool',
    'strangers and links are limited',
  ],
  [
    'members that have left, remembered',
    LAN_CONFIG.departedMax,
    'the oldest is forgotten',
    'gossip/swim-limits',
    'the memory of the departed is bounded and counts what it forgets',
  ],
  [
    'probes in flight',
    LAN_CONFIG.probesMax,
    'not begun',
    'gossip/swim-limits',
    'probes in flight are bounded',
  ],
  [
    'pings on behalf of others',
    LAN_CONFIG.relaysMax,
    'refused',
    'gossip/swim-limits',
    'pings on behalf of others are bounded, and their places become free again',
  ],
  ['seeds', SEEDS_MAX, 'ignored', 'gossip/swim-limits', 'seeds are bounded'],
]

function figure(most: number | string): string {
  return typeof most === 'string' ? most : most.toLocaleString('en-US')
}

function rowOf(name: string, most: number | string, beyond: string, [file, title]: Reached): string {
  return `| ${name} | ${figure(most)} | ${beyond} | [${file}](../test/${file}.test.ts): ${title} |`
}

function table(): string {
  const { nodes } = new DataMesh({ seed: 1, size: 1, replicationFactor: 3, areDatagramsBlocked: false })
  const bounds = limitsOf(nodes[0]!.mesh)
  assert.deepEqual(bounds.map(({ name }) => name).sort(), Object.keys(REACHED).sort())
  const rows = [
    ...bounds.map(({ beyond, most, name }) => rowOf(`\`${name}\``, most, beyond, REACHED[name]!)),
    ...OTHERS.map(([name, most, beyond, ...reached]) => rowOf(name, most, beyond, reached)),
  ]
  return `| what | at most | what becomes of more | reached by |\n|---|---|---|---|\n${rows.join('\n')}`
}

function pageOf(page: string): string {
  const [before, after] = [page.indexOf(MARKS[0]) + MARKS[0].length, page.indexOf(MARKS[1])]
  return `${page.slice(0, before)}\n${table()}\n${page.slice(after)}`
}

test('docs/limits.md is what the code says (UPDATE_DOCS=1 writes it)', () => {
  const page = readFileSync(PAGE, 'utf8')
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, pageOf(page))
  assert.equal(readFileSync(PAGE, 'utf8'), pageOf(page))
})

test('the tests that reach the limits are there', () => {
  const reached = [...Object.values(REACHED), ...OTHERS.map(([, , , file, title]) => [file, title] as const)]
  for (const [file, title] of reached) {
    const source = readFileSync(new URL(`test/${file}.test.ts`, ROOT), 'utf8')
    assert.ok(source.includes(title), `${file}: ${title}`)
  }
})

test('a node that has done nothing is within all of its limits, and has turned nobody away', () => {
  const { nodes } = new DataMesh({ seed: 1, size: 1, replicationFactor: 3, areDatagramsBlocked: false })
  for (const { most, name, now, shed } of limitsOf(nodes[0]!.mesh)) {
    assert.ok(now >= 0 && now <= most && Number.isSafeInteger(most) && shed === 0, name)
  }
})
