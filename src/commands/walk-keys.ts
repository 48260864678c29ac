/**
 * Walk keys [Table]: commands that go over the keys of a database: KEYS over all at once, SCAN in portions, RANDOMKEY
 * to a single one.
 *
 * A cursor of SCAN is a place in the walk from slot to slot, hash by hash: slot * 2^32 + hash to go on from. No
 * growth of a table disturbs that order, so whoever is there from start to end is seen. It is at most 2^46.
 * In a mesh the walk passes only slots served here, and SCAN hands back the cursor of the first that is not.
 */
import { TYPE_NAMES } from '../store/entry.ts'
import { matchesAll, matchesGlob } from '../store/glob.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { randomIndex } from '../store/random-choice.ts'
import type { Call } from './call.ts'
import { type Command, READONLY } from './command.ts'
import { ElementScan } from './element-scan.ts'
import { countAll, isServed, servedKeyCount } from './served-slots.ts'

const HASH_RANGE = 2 ** 32
/** A call of SCAN passes this many entries at least, also those of other databases, before it rests. */
const VISITS_MIN = 1000
const VISITS_PER_COUNT = 10
/** Blind draws of RANDOMKEY before it looks for the few keys of its database among the many of others. */
const DRAWS_MAX = 64

const options = new ElementScan()
const portion: number[] = []
const piece: number[] = []

function scan(call: Call): void {
  if (!options.readCursor(call, 1) || !options.readOptions(call, 2, true)) return
  const type = options.typeArgument === 0 ? ANY_TYPE : typeNamed(call, options.typeArgument)
  const next = gather(call, options.cursor, options.count)
  const { space, reply } = call
  const entries = space.entries
  options.begin(call, next)
  for (const ref of portion) {
    const buffer = entries.keyBuffer(ref)
    const start = entries.keyStart(ref)
    const end = start + entries.keyLength(ref)
    if (!options.admits(call, buffer, start, end)) continue
    if (type !== ANY_TYPE && entries.typeOf(ref) !== type) continue
    if (isOver(call, ref)) space.vanish(ref, 'expired')
    else {
      reply.bulk(buffer, start, end)
      options.took(1)
    }
  }
  options.end(call)
}

const ANY_TYPE = -1
const NO_TYPE = -2

function typeNamed(call: Call, i: number): number {
  for (let type = 0; type < TYPE_NAMES.length; type++) {
    if (call.args.is(i, TYPE_NAMES[type]!.toUpperCase())) return type
  }
  return NO_TYPE
}

/** Fills `portion` with about `count` entries of the database from the cursor on; answers the next cursor. */
function gather(call: Call, cursor: number, count: number): number {
  const { index, entries } = call.space
  const { database, node } = call
  const { servedSlots } = node
  let slot = Math.floor(cursor / HASH_RANGE)
  let hash = cursor % HASH_RANGE
  let visitsLeft = Math.max(count * VISITS_PER_COUNT, VISITS_MIN)
  portion.length = 0
  while (slot < SLOT_COUNT) {
    if (!isServed(servedSlots, slot)) return slot * HASH_RANGE + hash
    if (index.countOf(slot) !== 0) {
      if (portion.length >= count || visitsLeft <= 0) return slot * HASH_RANGE + hash
      piece.length = 0
      hash = index.walk(slot, hash, Math.min(count - portion.length, visitsLeft), piece)
      visitsLeft -= piece.length
      for (const ref of piece) if (entries.databaseOf(ref) === database) portion.push(ref)
      if (hash !== 0) continue
    }
    slot++
    hash = 0
  }
  return 0
}

function isOver(call: Call, ref: number): boolean {
  const expiryMs = call.space.entries.expiryOf(ref)
  return expiryMs !== 0 && expiryMs <= call.nowMs
}

function keys(call: Call): void {
  const { args, space, reply, database } = call
  const { servedSlots } = call.node
  const { index, entries } = space
  const pattern = args.bytes
  const patternStart = args.starts[1]!
  const patternEnd = args.ends[1]!
  const takesAll = matchesAll(pattern, patternStart, patternEnd)
  const mark = reply.mark()
  let count = 0
  const visit = (_hash: number, ref: number): void => {
    if (entries.databaseOf(ref) !== database) return
    const buffer = entries.keyBuffer(ref)
    const start = entries.keyStart(ref)
    const end = start + entries.keyLength(ref)
    if (!takesAll && !matchesGlob(pattern, patternStart, patternEnd, buffer, start, end, false)) return
    if (isOver(call, ref)) return
    reply.bulk(buffer, start, end)
    count++
  }
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    if (index.countOf(slot) !== 0 && isServed(servedSlots, slot)) index.each(slot, visit)
  }
  reply.insertArray(mark, count)
}

function randomKey(call: Call): void {
  const { space } = call
  const entries = space.entries
  while (servedKeyCount(call) !== 0) {
    const ref = randomEntry(call)
    if (isOver(call, ref)) {
      space.vanish(ref, 'expired')
      continue
    }
    const start = entries.keyStart(ref)
    call.reply.bulk(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
    return
  }
  call.reply.nil()
}

/** An entry of the database, which has some in served slots; each has the same chance. */
function randomEntry(call: Call): number {
  const { node, space, database } = call
  const { index, entries } = space
  const { servedSlots } = node
  const random = node.ports.random32
  const total = countAll(space, servedSlots)
  for (let draw = 0; draw < DRAWS_MAX; draw++) {
    let left = randomIndex(random, total)
    let slot = 0
    for (; ; slot++) {
      const count = isServed(servedSlots, slot) ? index.countOf(slot) : 0
      if (left < count) break
      left -= count
    }
    const ref = index.sample(slot, random())
    if (entries.databaseOf(ref) === database) return ref
  }
  return searchFrom(call, randomIndex(random, SLOT_COUNT))
}

/** One of the entries of the database in the first slot from `first` on that has any. */
function searchFrom(call: Call, first: number): number {
  const { index, entries } = call.space
  const database = call.database
  portion.length = 0
  const visit = (_hash: number, ref: number): void => {
    if (entries.databaseOf(ref) === database) portion.push(ref)
  }
  const { servedSlots } = call.node
  for (let slot = first; portion.length === 0; slot = (slot + 1) % SLOT_COUNT) {
    if (index.countOf(slot) !== 0 && isServed(servedSlots, slot)) index.each(slot, visit)
  }
  return portion[randomIndex(call.node.ports.random32, portion.length)]!
}

const COMMON = { group: 'generic', flags: READONLY, spread: 'all-nodes' } as const

export const walkKeysCommands: readonly Command[] = [
  {
    ...COMMON,
    name: 'scan',
    arity: -2,
    gather: 'cursor',
    run: scan,
    since: '2.8.0',
    categories: ['keyspace'],
    summary: 'Goes over the keys of the database in portions',
    complexity: 'O(1) for every call, O(N) for a complete walk over N keys',
    syntax: 'cursor [MATCH pattern] [COUNT count] [TYPE type]',
  },
  {
    ...COMMON,
    name: 'keys',
    arity: 2,
    gather: 'concat',
    run: keys,
    since: '1.0.0',
    categories: ['keyspace', 'dangerous'],
    summary: 'Answers all keys that match a pattern',
    complexity: 'O(N) for N keys in the database',
    syntax: 'pattern',
  },
  {
    ...COMMON,
    name: 'randomkey',
    arity: 1,
    gather: 'any',
    run: randomKey,
    since: '1.0.0',
    categories: ['keyspace'],
    summary: 'Answers a key picked at random',
    complexity: 'O(1)',
    syntax: '',
  },
]
