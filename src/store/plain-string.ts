/**
 * Plain string [Rule]: the two most common commands of all in one breath: reading a plain string (inline, without
 * flags), and replacing one by another of the same length. What `Keyspace` and `Entries` would do for it in a dozen
 * small steps happens here on views loaded once, which takes two thirds of the time (npm run bench -- --only set,get).
 * What another node wrote is taken in likewise. Whatever is out of the ordinary is declined, untouched, and goes the
 * long way.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import { supersedes } from '../replication/resolve.ts'
import { SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import { HEADER_BYTES, KEY_INLINE_MAX, META_DATABASE_SHIFT, TYPE_STRING } from './entry.ts'
import type { Keyspace } from './keyspace.ts'

const VALUE_BYTES_MAX = 4096
const LOOP_BYTES_MAX = 96
/** Of what is written into a fresh cell: up to here a loop is faster than a view and a call. */
const BORN_LOOP_BYTES_MAX = 256
const HEADER_WORDS = HEADER_BYTES >>> 2

/**
 * The plain string under a key that never expires, or 0. Slot and hash stay in `space.ahead`. Whoever gets it loads its
 * views anew, from the caches.
 */
function findPlain(space: Keyspace, database: number, key: Uint8Array, start: number, end: number): number {
  if (end - start > KEY_INLINE_MAX) return 0
  const ahead = space.ahead
  ahead.place(key, start, end)
  const ref = space.index.seek(ahead.slot, ahead.hash)
  if (ref === 0) return 0
  const arena = space.arena
  const segment = ref >>> SEGMENT_SHIFT
  const units = ref & SEGMENT_MASK
  // Type string, storage inline and flags are all zero bits: the whole word is known beforehand.
  const words = arena.u32[segment]!
  if (words[(units << 2) + 7] !== end - start + (database << META_DATABASE_SHIFT)) return 0
  if (arena.f64[segment]![(units << 1) + 1] !== 0) return 0
  let word = (units << 2) + HEADER_WORDS
  let from = start
  if (ahead.keys.shows(key)) {
    const { view } = ahead.keys
    for (; from + 3 < end; from += 4) if (words[word++] !== view.getUint32(from, true)) return 0
  }
  const bytes = arena.bytes[segment]!
  for (let at = word << 2; from < end; from++) if (bytes[at++] !== key[from]) return 0
  return ref
}

/** Gives an entry that `findPlain` has found another version: the digest and what is told of the change follow. */
function restamp(space: Keyspace, ref: number, version: number, term: number): void {
  const slot = space.ahead.slot
  const words = space.arena.u32[ref >>> SEGMENT_SHIFT]!
  const doubles = space.arena.f64[ref >>> SEGMENT_SHIFT]!
  const word = (ref & SEGMENT_MASK) << 2
  space.baseVersion = doubles[word >> 1]!
  space.baseTerm = words[word + 4]!
  space.digest.subtract(slot, words, word)
  doubles[word >> 1] = version
  words[word + 4] = term
  space.digest.add(slot, words, word)
  space.newVersion = version
  space.newTerm = term
  space.newSlot = slot
  space.changes++
}

/** Replies the value and counts the hit; false when the key is not there or not a plain string that never expires. */
export function replyPlain(
  space: Keyspace,
  reply: ReplyWriter,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (space.accessRule !== null) return false
  const ref = findPlain(space, database, key, start, end)
  if (ref === 0) return false
  const words = space.arena.u32[ref >>> SEGMENT_SHIFT]!
  const word = (ref & SEGMENT_MASK) << 2
  // Most reads fall into the second of the last one: the line is then not dirtied.
  if (space.touchesAccess && words[word + 5] !== space.accessClock) words[word + 5] = space.accessClock
  space.stats.hits++
  const at = ((ref & SEGMENT_MASK) << 4) + HEADER_BYTES + end - start
  reply.bulk(space.arena.bytes[ref >>> SEGMENT_SHIFT]!, at, at + words[word + 6]!)
  return true
}

/** Overwrites and stamps; answers the ref, or 0. */
export function overwritePlain(
  space: Keyspace,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
): number {
  const length = valueEnd - valueStart
  if (length > VALUE_BYTES_MAX || space.forcedVersion !== 0) return 0
  if (space.attention !== 0 || space.accessRule !== null) return 0
  const ref = findPlain(space, database, key, start, end)
  if (ref === 0) return 0
  const words = space.arena.u32[ref >>> SEGMENT_SHIFT]!
  const word = (ref & SEGMENT_MASK) << 2
  if (words[word + 6] !== length) return 0
  const bytes = space.arena.bytes[ref >>> SEGMENT_SHIFT]!
  let at = (word << 2) + HEADER_BYTES + end - start
  if (length <= LOOP_BYTES_MAX) for (let i = valueStart; i < valueEnd; i++) bytes[at++] = value[i]!
  else bytes.set(value.subarray(valueStart, valueEnd), at)
  if (space.touchesAccess) words[word + 5] = space.accessClock
  const version = space.hlc.next(space.nowMs, space.arena.f64[ref >>> SEGMENT_SHIFT]![word >> 1]!)
  restamp(space, ref, version, space.terms[space.ahead.slot]!)
  return ref
}

/** An effect that says what a string is from now on, as another node made it. */
export interface PlainPut {
  readonly database: number
  readonly version: number
  readonly term: number
  readonly keyStart: number
  readonly keyEnd: number
}

/**
 * The same for what another node wrote: the plain string at value[valueStart, valueEnd) replaces one of the same length,
 * if it is newer. Answers whether it did; `space.baseVersion` and `baseTerm` are what was there.
 */
export function takePlain(
  space: Keyspace,
  put: PlainPut,
  bytes: Uint8Array,
  valueStart: number,
  valueEnd: number,
): boolean {
  const { database, keyEnd, keyStart, term, version } = put
  const length = valueEnd - valueStart
  if (length > LOOP_BYTES_MAX || space.attention !== 0) return false
  const ref = findPlain(space, database, bytes, keyStart, keyEnd)
  if (ref === 0) return false
  const words = space.arena.u32[ref >>> SEGMENT_SHIFT]!
  const word = (ref & SEGMENT_MASK) << 2
  const hereVersion = space.arena.f64[ref >>> SEGMENT_SHIFT]![word >> 1]!
  const flushed = space.tombstones === null ? 0 : space.tombstones.flushVersion[database]!
  const isNewer = version > flushed && supersedes(version, term, hereVersion, words[word + 4]!)
  if (!isNewer || words[word + 6] !== length) return false
  const target = space.arena.bytes[ref >>> SEGMENT_SHIFT]!
  let at = (word << 2) + HEADER_BYTES + keyEnd - keyStart
  for (let i = valueStart; i < valueEnd; i++) target[at++] = bytes[i]!
  restamp(space, ref, version, term)
  return true
}

/**
 * The same for a key of which nothing is known here, neither an entry nor a removal: it is there from now on. False:
 * something is known, or it is out of the ordinary.
 */
export function bearPlain(
  space: Keyspace,
  put: PlainPut,
  bytes: Uint8Array,
  valueStart: number,
  valueEnd: number,
): boolean {
  const { database, keyEnd, keyStart, term, version } = put
  const { ahead, entries, tombstones } = space
  const length = valueEnd - valueStart
  if (keyEnd - keyStart > KEY_INLINE_MAX || length > VALUE_BYTES_MAX || space.attention !== 0) return false
  ahead.place(bytes, keyStart, keyEnd)
  const { hash, slot } = ahead
  if (space.index.seek(slot, hash) !== 0) return false
  if (tombstones !== null && tombstones.countIn(slot) !== 0) return false
  if (tombstones !== null && version <= tombstones.flushVersion[database]!) return false
  const ref = entries.create(database, TYPE_STRING, bytes, keyStart, keyEnd, length)
  const segment = ref >>> SEGMENT_SHIFT
  const words = entries.arena.u32[segment]!
  const word = (ref & SEGMENT_MASK) << 2
  const target = entries.arena.bytes[segment]!
  let at = (word << 2) + HEADER_BYTES + keyEnd - keyStart
  if (length <= BORN_LOOP_BYTES_MAX) for (let i = valueStart; i < valueEnd; i++) target[at++] = bytes[i]!
  else target.set(bytes.subarray(valueStart, valueEnd), at)
  entries.arena.f64[segment]![word >> 1] = version
  words[word + 4] = term
  words[word + 5] = space.accessRule === null ? space.accessClock : space.accessRule(-1)
  space.index.insert(slot, hash, ref)
  space.keyCount[database]!++
  space.digest.add(slot, words, word)
  space.baseVersion = 0
  space.baseTerm = 0
  space.newVersion = version
  space.newTerm = term
  space.newSlot = slot
  space.changes++
  return true
}
