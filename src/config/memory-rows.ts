/**
 * Memory rows [Table]: how much is kept, what goes first, when it expires, and in which form it lies in memory.
 *
 * Names, ranges and defaults are those of Redis 7.0. Knows only rows.
 */
import { type Directive, INT_MAX, INT64_MAX } from './directive.ts'

const lazyFree = {
  type: 'bool',
  default: 'no',
  isMutable: true,
} as const

const entriesMax = { type: 'int', min: 0, max: INT64_MAX, isMutable: true } as const
const valueBytesMax = { type: 'bytes', min: 0, max: INT64_MAX, isMutable: true } as const

const wastePercent = { type: 'int', min: 0, max: 1000, unit: 'percent', isMutable: true } as const
const effortPercent = { type: 'int', min: 1, max: 99, unit: 'percent', isMutable: true } as const

export const memoryRows = [
  {
    name: 'maxmemory',
    type: 'bytes',
    default: '0',
    isMutable: true,
    doc:
      'Bytes of keys and values to keep; above it maxmemory-policy decides. 0 is no limit. Leave a quarter of the machine for ' +
      'client buffers and the process itself. In a mesh copies count too, but only keys this node acts for are evicted; their ' +
      'removal reaches the other copies. At 1.25 times the limit no more copies are taken in.',
  },
  {
    name: 'maxmemory-policy',
    type: 'enum',
    default: 'noeviction',
    values: [
      'volatile-lru',
      'volatile-lfu',
      'volatile-random',
      'volatile-ttl',
      'allkeys-lru',
      'allkeys-lfu',
      'allkeys-random',
      'noeviction',
    ],
    isMutable: true,
    doc:
      'What to remove when maxmemory is reached: the least recently or least frequently used, a random one, or the one that expires soonest; ' +
      'among all keys or only those with a TTL. noeviction answers writes with an error instead. A pure cache wants allkeys-lru or allkeys-lfu.',
  },
  {
    name: 'maxmemory-samples',
    type: 'int',
    default: '5',
    min: 1,
    max: INT_MAX,
    isMutable: true,
    doc: 'How many keys are looked at to find one to evict. More is a better choice and more work; 10 comes close to true LRU.',
  },
  {
    name: 'maxmemory-eviction-tenacity',
    type: 'int',
    default: '10',
    min: 0,
    max: 100,
    isMutable: true,
    doc: 'How long eviction may work at a stretch, from 0 (least delay) to 100 (without regard to delay).',
  },
  {
    name: 'lfu-log-factor',
    type: 'int',
    default: '10',
    min: 0,
    max: INT_MAX,
    isMutable: true,
    doc: 'How slowly the LFU counter grows: with 10 a key needs about a million hits to reach its top.',
  },
  {
    name: 'lfu-decay-time',
    type: 'int',
    default: '1',
    min: 0,
    max: INT_MAX,
    unit: 'minutes',
    isMutable: true,
    doc: 'Minutes after which an unused LFU counter loses one. 0 never forgets.',
  },
  {
    ...lazyFree,
    name: 'lazyfree-lazy-eviction',
    doc: 'Free evicted values a piece at a time instead of at once.',
  },
  {
    ...lazyFree,
    name: 'lazyfree-lazy-expire',
    doc: 'Free expired values a piece at a time instead of at once.',
  },
  {
    ...lazyFree,
    name: 'lazyfree-lazy-server-del',
    doc: 'Free values replaced by another command (RENAME, SET ...) a piece at a time instead of at once.',
  },
  { ...lazyFree, name: 'lazyfree-lazy-user-del', doc: 'Make DEL behave as UNLINK does.' },
  {
    ...lazyFree,
    name: 'lazyfree-lazy-user-flush',
    doc: 'Make FLUSHALL and FLUSHDB behave as with ASYNC when they say neither.',
  },
  {
    name: 'active-expire-effort',
    type: 'int',
    default: '1',
    min: 1,
    max: 10,
    isMutable: true,
    doc: 'How much work is spent on finding expired keys nobody asks for, from 1 to 10. Higher frees memory earlier and takes more CPU.',
  },
  {
    name: 'hz',
    type: 'int',
    default: '10',
    min: 0,
    max: INT_MAX,
    clamp: [1, 500],
    isMutable: true,
    doc: 'How often a second the background work (expiry, timeouts) runs. Values outside 1 to 500 are moved to the nearer end.',
  },
  {
    name: 'dynamic-hz',
    type: 'bool',
    default: 'yes',
    isMutable: true,
    doc: 'Run the background work more often while many clients are connected.',
  },
  {
    name: 'activerehashing',
    type: 'bool',
    default: 'yes',
    isMutable: true,
    doc: 'Let tables shrink in the background when they have become too large for what they hold.',
  },
  {
    name: 'activedefrag',
    type: 'bool',
    default: 'yes',
    isMutable: true,
    doc:
      'Move keys together when memory lies in half-empty pages, so that resident memory follows the data. On by default, unlike in Redis: ' +
      'a page serves values of one size, so without it memory kept for one size is of no use to another.',
  },
  {
    name: 'active-defrag-ignore-bytes',
    type: 'bytes',
    default: '16777216',
    min: 1,
    max: INT64_MAX,
    isMutable: true,
    doc:
      'Waste below which nothing is moved. Less than the 100mb of Redis, as moving costs only what it gains: half-empty pages are ' +
      'known, and no keys are searched for what lies in them.',
  },
  {
    ...wastePercent,
    name: 'active-defrag-threshold-lower',
    default: '10',
    doc: 'Waste, in percent of the memory used for values, that starts defragmentation.',
  },
  {
    ...wastePercent,
    name: 'active-defrag-threshold-upper',
    default: '25',
    doc:
      'Waste at which defragmentation makes its greatest effort. Less than the 100 of Redis, for memory that is not given back in time ' +
      'must be taken from the system: so resident memory stays within a third of maxmemory even while all values change in size.',
  },
  {
    ...effortPercent,
    name: 'active-defrag-cycle-min',
    default: '1',
    doc: 'Share of the CPU that defragmentation takes at the lower threshold.',
  },
  {
    ...effortPercent,
    name: 'active-defrag-cycle-max',
    default: '25',
    doc: 'Share of the CPU that defragmentation takes at the upper threshold.',
  },
  {
    ...entriesMax,
    name: 'hash-max-listpack-entries',
    default: '512',
    aliases: ['hash-max-ziplist-entries'],
    doc: 'Hashes with more fields leave the compact form.',
  },
  {
    ...valueBytesMax,
    name: 'hash-max-listpack-value',
    default: '64',
    aliases: ['hash-max-ziplist-value'],
    doc: 'Hashes with a longer field or value leave the compact form.',
  },
  {
    name: 'list-max-listpack-size',
    type: 'int',
    default: '-2',
    min: -INT_MAX - 1,
    max: INT_MAX,
    isMutable: true,
    aliases: ['list-max-ziplist-size'],
    doc: 'The largest compact piece of a list: a count of elements, or -1 to -5 for 4, 8, 16, 32 and 64 KB.',
  },
  {
    name: 'list-compress-depth',
    type: 'int',
    default: '0',
    min: 0,
    max: INT_MAX,
    isMutable: true,
    doc: 'How many pieces at each end of a list are never compressed. 0 compresses nothing.',
    notice: 'lists are never compressed',
  },
  {
    ...entriesMax,
    name: 'set-max-intset-entries',
    default: '512',
    doc: 'Sets of integers with more members leave the compact form.',
  },
  {
    ...entriesMax,
    name: 'zset-max-listpack-entries',
    default: '128',
    aliases: ['zset-max-ziplist-entries'],
    doc: 'Sorted sets with more members leave the compact form.',
  },
  {
    ...valueBytesMax,
    name: 'zset-max-listpack-value',
    default: '64',
    aliases: ['zset-max-ziplist-value'],
    doc: 'Sorted sets with a longer member leave the compact form.',
  },
  {
    ...valueBytesMax,
    name: 'hll-sparse-max-bytes',
    default: '3000',
    doc: 'HyperLogLogs above this size leave their sparse form.',
  },
  {
    ...valueBytesMax,
    name: 'stream-node-max-bytes',
    default: '4096',
    doc: 'The largest piece of a stream, in bytes. 0 is no limit.',
  },
  {
    ...entriesMax,
    name: 'stream-node-max-entries',
    default: '100',
    doc: 'The largest piece of a stream, in entries. 0 is no limit.',
  },
  {
    name: 'tracking-table-max-keys',
    type: 'int',
    default: '1000000',
    min: 0,
    max: INT64_MAX,
    isMutable: true,
    doc: 'How many keys CLIENT TRACKING remembers; above it some clients are told to forget keys that did not change. 0 is no limit.',
  },
] as const satisfies readonly Directive[]
