/** Memory [Table]: MEMORY: what a key costs, where the node's memory is, and whether that is as it should be. */
import { DATABASE_COUNT } from '../store/keyspace.ts'
import { HEADER_BYTES } from '../store/entry.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, LOADING, READONLY, STALE } from './command.ts'
import { writeHelp } from './help-lines.ts'
import { type MemoryFigures, memoryFigures, ratio } from './memory-figures.ts'
import { findUnnoticed } from './untouched-lookup.ts'

/** Below this nothing that could be said about ratios would mean anything. */
const SMALL_BYTES = 5 * 1024 * 1024
const PEAK_RATIO_MAX = 1.5
const FRAGMENTATION_RATIO_MAX = 1.4
const CLIENT_SHARE_MAX = 0.2

const HELP: readonly string[] = [
  'DOCTOR',
  '    Return memory problems reports.',
  'MALLOC-STATS',
  '    Return internal statistics report from the memory allocator.',
  'PURGE',
  '    Attempt to purge dirty pages for reclamation by the allocator.',
  'STATS',
  '    Return information about the memory usage of the server.',
  'USAGE <key> [SAMPLES <count>]',
  '    Return memory in bytes used by <key> and its value. Nested values are',
  '    sampled up to <count> times (default: 5, 0 means sample all).',
]

/** Nothing has to be sampled: every value knows its bytes. */
function usage(call: Call): void {
  const { args, reply, space } = call
  for (let i = 3; i < args.count; i += 2) {
    if (!args.is(i, 'SAMPLES') || i + 1 === args.count) {
      reply.error(SYNTAX_ERROR)
      return
    }
    const samples = call.integer(i + 1)
    if (!(samples >= 0)) {
      reply.error(samples < 0 ? SYNTAX_ERROR : NOT_AN_INTEGER)
      return
    }
  }
  const ref = findUnnoticed(call, 2)
  if (ref === 0) reply.nil()
  else reply.integer(space.entries.bytesOf(ref))
}

function stats(call: Call): void {
  const { reply } = call
  const figures = memoryFigures(call.node)
  const before = pairsBefore(figures)
  const after = pairsAfter(figures)
  const databases: number[] = []
  for (let database = 0; database < DATABASE_COUNT; database++) {
    if (call.space.keyCount[call.space.databaseMap[database]!]! > 0) databases.push(database)
  }
  reply.map(before.length + databases.length + after.length)
  for (const pair of before) writePair(call, pair)
  for (const database of databases) writeDatabase(call, database, figures)
  for (const pair of after) writePair(call, pair)
}

type Pair = readonly [name: string, value: number, isShare?: boolean]

function pairsBefore(figures: MemoryFigures): Pair[] {
  return [
    ['peak.allocated', figures.peakBytes],
    ['total.allocated', figures.usedBytes],
    ['startup.allocated', 0],
    ['replication.backlog', 0],
    ['clients.slaves', 0],
    ['clients.normal', figures.clientBytes],
    ['cluster.links', 0],
    ['aof.buffer', 0],
    ['lua.caches', 0],
    ['functions.caches', 0],
  ]
}

function pairsAfter(figures: MemoryFigures): Pair[] {
  const { usedBytes, activeBytes, residentBytes, datasetBytes, keyCount } = figures
  return [
    ['overhead.total', figures.overheadBytes],
    ['keys.count', keyCount],
    ['keys.bytes-per-key', Math.floor(ratio(usedBytes, keyCount))],
    ['dataset.bytes', datasetBytes],
    ['dataset.percentage', ratio(datasetBytes, usedBytes) * 100, true],
    ['peak.percentage', ratio(usedBytes, figures.peakBytes) * 100, true],
    ['allocator.allocated', usedBytes],
    ['allocator.active', activeBytes],
    ['allocator.resident', residentBytes],
    ['allocator-fragmentation.ratio', ratio(activeBytes, usedBytes), true],
    ['allocator-fragmentation.bytes', activeBytes - usedBytes],
    ['allocator-rss.ratio', ratio(residentBytes, activeBytes), true],
    ['allocator-rss.bytes', residentBytes - activeBytes],
    ['rss-overhead.ratio', 1, true],
    ['rss-overhead.bytes', 0],
    ['fragmentation', ratio(residentBytes, usedBytes), true],
    ['fragmentation.bytes', residentBytes - usedBytes],
  ]
}

function writePair(call: Call, [name, value, isShare]: Pair): void {
  call.reply.bulkText(name)
  if (isShare === true) call.reply.double(value)
  else call.reply.integer(value)
}

/** All databases share one index: each is charged by its share of the keys. */
function writeDatabase(call: Call, database: number, figures: MemoryFigures): void {
  const { reply, space } = call
  const keys = space.keyCount[space.databaseMap[database]!]!
  const bytesPerKey = HEADER_BYTES + ratio(figures.indexBytes, figures.keyCount)
  reply.bulkText(`db.${database}`)
  reply.map(3)
  writePair(call, ['overhead.hashtable.main', Math.round(keys * bytesPerKey)])
  writePair(call, ['overhead.hashtable.expires', 0])
  writePair(call, ['overhead.hashtable.slot-to-keys', 0])
}

function doctor(call: Call): void {
  const figures = memoryFigures(call.node)
  const lines: string[] = []
  if (figures.usedBytes < SMALL_BYTES) lines.push('There is too little data to say anything about memory.')
  else {
    if (figures.peakBytes / figures.usedBytes > PEAK_RATIO_MAX) {
      lines.push(
        'There was far more data once than there is now, so the process may hold memory it does not need.',
      )
    }
    if (figures.activeBytes / figures.usedBytes > FRAGMENTATION_RATIO_MAX) {
      lines.push(
        'Pages are poorly filled: values of many sizes came and went. They fill up again with new data.',
      )
    }
    if (figures.clientBytes > figures.usedBytes * CLIENT_SHARE_MAX) {
      lines.push(
        'Clients that read slowly hold much memory: see CLIENT LIST, and client-output-buffer-limit.',
      )
    }
    if (lines.length === 0) lines.push('Memory is as it should be.')
  }
  call.reply.verbatim('txt', `${lines.join('\n')}\n`)
}

function allocatorStats(call: Call): void {
  const { space, node } = call
  const host = node.ports.readProcess()
  const lines = [
    `values: ${space.arena.usedBytes} bytes in cells, ${space.arena.pagesInUse} pages in use`,
    `index: ${space.index.arena.usedBytes} bytes in cells, ${space.index.arena.pagesInUse} pages in use`,
    `outside the arenas: ${space.entries.outsideBytes} bytes`,
    `V8 heap: ${host.heapUsedBytes} of ${host.heapTotalBytes} bytes used`,
    `resident: ${host.residentBytes} bytes`,
  ]
  call.reply.verbatim('txt', `${lines.join('\n')}\n`)
}

/** Empty pages of the store are common property at once; what is left to give back is garbage of the process. */
function purge(call: Call): void {
  call.node.ports.collectGarbage()
  call.reply.ok()
}

function help(call: Call): void {
  writeHelp(call.reply, 'MEMORY', HELP)
}

const COMMON = {
  flags: 0,
  group: 'server',
  since: '4.0.0',
  arity: 2,
  syntax: '',
  complexity: 'O(1)',
} as const

export const memoryCommand: Command = {
  ...COMMON,
  name: 'memory',
  arity: -2,
  complexity: 'Depends on subcommand',
  summary: 'Tells where memory is',
  subcommands: [
    { ...COMMON, name: 'doctor', serve: doctor, summary: 'Reports on problems with memory' },
    { ...COMMON, name: 'malloc-stats', serve: allocatorStats, summary: 'Answers figures of the allocators' },
    { ...COMMON, name: 'purge', serve: purge, summary: 'Gives unused memory back' },
    { ...COMMON, name: 'stats', serve: stats, summary: 'Answers what memory is used for' },
    {
      ...COMMON,
      name: 'usage',
      arity: -3,
      flags: READONLY,
      keys: { first: 2, last: 2, step: 1 },
      run: usage,
      syntax: 'key [SAMPLES count]',
      summary: 'Answers the bytes a key takes with its value',
    },
    {
      ...COMMON,
      name: 'help',
      flags: LOADING | STALE,
      serve: help,
      summary: 'Explains the sub-commands of MEMORY',
    },
  ],
}
