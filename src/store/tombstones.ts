/**
 * Tombstones [Machine]: the keys that were removed, each with the version of its removal, so that an older value that
 * some other node still holds cannot come back. Only in a mesh: a keyspace without them pays one test of a field.
 *
 * A tombstone is an entry without a value in an arena of its own (not held against maxmemory: evicting makes
 * tombstones), found by slot and hash like a key, and linked from the oldest to the newest:
 *
 *    0 f64 version | 8 f64 removed ms | 16 u32 term | 20 u32 newer | 24 u32 older | 28 u32 meta | key bytes
 *
 * A key has an entry or a tombstone, never both. A flush leaves one mark per database instead of tombstones: all
 * versions up to it are dead. What is over a limit is forgotten, the oldest first, and counted. `forgottenUpTo` is the
 * newest version of all that was forgotten: below it, that nothing is known of a key does not mean that it was never
 * removed. It knows nothing of peers; `mayForget` says when everybody has heard.
 */
import { wallMsOf } from '../hlc.ts'
import { supersedes } from '../replication/resolve.ts'
import { Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import { Entries } from './entries.ts'
import { TYPE_TOMBSTONE } from './entry.ts'
import { HashIndex } from './hash-index.ts'
import { type HashSecret, hashOf, SLOT_COUNT, slotOf } from './hash-slot.ts'
import { DATABASE_COUNT, type Keyspace } from './keyspace.ts'
import type { RemoveReason } from './keyspace-observer.ts'

const NEWER_WORD = 5
const OLDER_WORD = 6
/** `collect` begins to go through all tombstones at most this often. */
const ROUND_PAUSE_MS = 10_000
const VISITS_PER_CLOCK_READING = 128
/** Whoever misses something for longer than this is known to be away. */
const EXPIRED_TTL_MS = 30_000

/** Has everybody who may hold an older value heard of this removal, or of this expiry? */
export type MayForget = (slot: number, removedMs: number, hasExpired: boolean) => boolean

export interface TombstoneLimits {
  countMax: number
  bytesMax: number
}

export class Tombstones {
  /**
   * Expired entries leave tombstones too, of their own version: an owner that missed the last writes may hold an older
   * value that never expires, and nobody knows yet that it did. They are short-lived.
   */
  keepsExpired = false
  count = 0
  readonly limits: TombstoneLimits = { countMax: 4_194_304, bytesMax: 256 * 1024 * 1024 }
  readonly counters = { buried: 0, superseded: 0, collected: 0, dropped: 0 }
  /** Per physical database: everything up to this version is gone. */
  readonly flushVersion = new Float64Array(DATABASE_COUNT)
  /** Per slot: a running sum over its removals, without those of what expired and those a flush covers. */
  readonly sums = new Uint32Array(SLOT_COUNT)
  /** Removals up to this version may have been forgotten. */
  forgottenUpTo = 0
  /** What `look` found. */
  version = 0
  term = 0
  readonly entries: Entries
  readonly #arena = new Arena()
  readonly #index: HashIndex
  readonly #secret: HashSecret
  readonly #monotonicUs: () => number
  #oldest = 0
  #newest = 0
  /** The highest version any tombstone had since there were none. */
  #versionMax = 0
  /** Where `collect` goes on, 0 between two rounds. */
  #cursor = 0
  #roundEndedMs = Number.NEGATIVE_INFINITY

  constructor(secret: HashSecret, monotonicUs: () => number) {
    this.#secret = secret
    this.#monotonicUs = monotonicUs
    this.entries = new Entries(this.#arena)
    this.#index = new HashIndex(this.#arena, SLOT_COUNT)
  }

  usedBytes(): number {
    return this.#arena.usedBytes + this.entries.outsideBytes
  }

  removedMsOf(ref: number): number {
    return this.entries.expiryOf(ref)
  }

  /** What was removed was so by its version; what expired was so later. */
  hasExpired(ref: number): boolean {
    return this.removedMsOf(ref) > wallMsOf(this.entries.versionOf(ref))
  }

  /** Sets `version` and `term` of the key's removal; false: none is known. What a flush says of it is not looked at. */
  look(database: number, key: Uint8Array, start: number, end: number): boolean {
    const ref = this.find(database, key, start, end)
    if (ref === 0) return false
    this.version = this.entries.versionOf(ref)
    this.term = this.entries.termOf(ref)
    return true
  }

  /** The key's tombstone, or 0. Valid until the next change of any tombstone. */
  find(database: number, key: Uint8Array, start: number, end: number): number {
    if (this.count === 0) return 0
    const slot = slotOf(key, start, end)
    if (this.countIn(slot) === 0) return 0
    return this.#find(slot, hashOf(this.#secret, key, start, end), database, key, start, end)
  }

  /** A key that has no entry was removed, as we hear from elsewhere. An older tombstone moves on to this version. */
  bury(
    database: number,
    key: Uint8Array,
    start: number,
    end: number,
    version: number,
    term: number,
    removedMs: number,
  ): void {
    if (version <= this.flushVersion[database]!) return
    const slot = slotOf(key, start, end)
    const hash = hashOf(this.#secret, key, start, end)
    let ref = this.#find(slot, hash, database, key, start, end)
    if (ref !== 0 && !supersedes(version, term, this.entries.versionOf(ref), this.entries.termOf(ref))) return
    if (ref !== 0) {
      this.sums[slot]! -= this.#addendOf(ref)
      this.#unlink(ref)
    } else {
      ref = this.entries.create(database, TYPE_TOMBSTONE, key, start, end, 0)
      this.#index.insert(slot, hash, ref)
      this.count++
      this.counters.buried++
    }
    this.#write(ref, version, term, removedMs)
    this.sums[slot]! += this.#addendOf(ref)
    this.#link(ref)
    while (this.count > this.limits.countMax || (this.count > 0 && this.usedBytes() > this.limits.bytesMax)) {
      this.counters.dropped++
      this.noteForgotten(this.entries.versionOf(this.#oldest))
      this.#remove(this.#oldest)
    }
  }

  /** The keyspace removes an entry; called while it is still readable. */
  onVanish(space: Keyspace, ref: number, reason: RemoveReason): void {
    const entries = space.entries
    const own = entries.versionOf(ref)
    // What never had a version was never seen by anybody, and what has moved is not gone.
    if (own === 0 || reason === 'moved') return
    const isExpired = reason === 'expired'
    if (isExpired && !this.keepsExpired) return
    const version = isExpired ? own : space.newVersion
    const term = isExpired ? entries.termOf(ref) : space.newTerm
    const removedMs = isExpired ? entries.expiryOf(ref) : wallMsOf(version)
    const start = entries.keyStart(ref)
    const end = start + entries.keyLength(ref)
    this.bury(entries.databaseOf(ref), entries.keyBuffer(ref), start, end, version, term, removedMs)
  }

  /** An entry got its first version: what was known of the key's removal is over. */
  onBorn(space: Keyspace, ref: number): void {
    if (this.count === 0) return
    const entries = space.entries
    const start = entries.keyStart(ref)
    const end = start + entries.keyLength(ref)
    const found = this.find(entries.databaseOf(ref), entries.keyBuffer(ref), start, end)
    if (found === 0) return
    this.counters.superseded++
    this.#remove(found)
  }

  /** Removals up to this version are forgotten, here or where what is known here comes from. */
  noteForgotten(version: number): void {
    if (version > this.forgottenUpTo) this.forgottenUpTo = version
  }

  /** Everything in a physical database (-1: in all) up to this version is gone. */
  onFlush(database: number, version: number): void {
    const marks = this.flushVersion
    for (let other = 0; other < DATABASE_COUNT; other++)
      if ((database === -1 || database === other) && version > marks[other]!) marks[other] = version
    // The marks cover every tombstone at once; otherwise `collect` finds out which they cover.
    if (database === -1 && version >= this.#versionMax) this.#reset()
    else this.#sumAnew()
  }

  countIn(slot: number): number {
    return this.#index.countOf(slot)
  }

  /** Others keep this slot's tombstones from now on. */
  dropSlot(slot: number): void {
    const refs: number[] = []
    this.each(slot, (ref) => void refs.push(ref))
    for (const ref of refs) this.#remove(ref)
  }

  each(slot: number, visit: (ref: number) => void): void {
    this.#index.each(slot, (_hash, ref) => visit(ref))
  }

  /** See HashIndex.walk: appends refs, answers the hash to continue from or 0. */
  walk(slot: number, fromHash: number, count: number, into: number[]): number {
    return this.#index.walk(slot, fromHash, count, into)
  }

  /**
   * Forgets tombstones older than `ttlMs` of slots whose owners all know of them, for at most `budgetUs`; the next
   * call goes on where this one stopped. Answers how many went.
   */
  collect(nowMs: number, ttlMs: number, budgetUs: number, mayForget: MayForget): number {
    if (this.count === 0) return 0
    if (this.#cursor === 0) {
      if (Math.abs(nowMs - this.#roundEndedMs) < ROUND_PAUSE_MS) return 0
      this.#cursor = this.#oldest
    }
    const startUs = this.#monotonicUs()
    const before = this.counters.collected
    for (let visits = 1; this.#cursor !== 0; visits++) {
      const ref = this.#cursor
      this.#cursor = this.#words(ref)[at(ref, NEWER_WORD)]!
      if (this.isFlushed(ref)) this.#forget(ref)
      else if (this.#isOver(ref, nowMs, nowMs - ttlMs, mayForget)) {
        if (!this.hasExpired(ref)) this.noteForgotten(this.entries.versionOf(ref))
        this.#forget(ref)
      }
      if (visits % VISITS_PER_CLOCK_READING === 0 && this.#monotonicUs() - startUs > budgetUs) break
    }
    if (this.#cursor === 0) this.#roundEndedMs = nowMs
    return this.counters.collected - before
  }

  slotOfRef(ref: number): number {
    const start = this.entries.keyStart(ref)
    return slotOf(this.entries.keyBuffer(ref), start, start + this.entries.keyLength(ref))
  }

  /** A mark says as much as this tombstone. */
  isFlushed(ref: number): boolean {
    return this.entries.versionOf(ref) <= this.flushVersion[this.entries.databaseOf(ref)]!
  }

  #isOver(ref: number, nowMs: number, untilMs: number, mayForget: MayForget): boolean {
    const removedMs = this.removedMsOf(ref)
    const hasExpired = this.hasExpired(ref)
    const isOld = removedMs <= untilMs || (hasExpired && removedMs <= nowMs - EXPIRED_TTL_MS)
    return isOld && mayForget(this.slotOfRef(ref), removedMs, hasExpired)
  }

  #forget(ref: number): void {
    this.counters.collected++
    this.#remove(ref)
  }

  /** What a tombstone adds to the sum of its slot. */
  #addendOf(ref: number): number {
    if (this.isFlushed(ref) || this.hasExpired(ref)) return 0
    const version = this.entries.versionOf(ref)
    const word = Math.imul((version % 0x100000000) ^ this.entries.termOf(ref), 0x9e3779b1)
    return (Math.imul(word ^ (word >>> 15), 0x85ebca6b) + Math.floor(version / 0x100000000)) >>> 0
  }

  #sumAnew(): void {
    this.sums.fill(0)
    for (let ref = this.#oldest; ref !== 0; ref = this.#words(ref)[at(ref, NEWER_WORD)]!)
      this.sums[this.slotOfRef(ref)]! += this.#addendOf(ref)
  }

  #find(slot: number, hash: number, database: number, key: Uint8Array, start: number, end: number): number {
    let ref = this.#index.seek(slot, hash)
    while (ref !== 0 && !this.#holds(ref, database, key, start, end)) ref = this.#index.seekNext()
    return ref
  }

  #holds(ref: number, database: number, key: Uint8Array, start: number, end: number): boolean {
    const { entries } = this
    if (entries.databaseOf(ref) !== database || entries.keyLength(ref) !== end - start) return false
    const from = entries.keyStart(ref)
    return entries.keyBuffer(ref).compare(key, start, end, from, from + end - start) === 0
  }

  #write(ref: number, version: number, term: number, removedMs: number): void {
    const doubles = this.#arena.f64[ref >>> SEGMENT_SHIFT]!
    const double = (ref & SEGMENT_MASK) << 1
    doubles[double] = version
    doubles[double + 1] = removedMs
    this.#words(ref)[at(ref, 4)] = term
    if (version > this.#versionMax) this.#versionMax = version
  }

  #remove(ref: number): void {
    const start = this.entries.keyStart(ref)
    const end = start + this.entries.keyLength(ref)
    const key = this.entries.keyBuffer(ref)
    const slot = slotOf(key, start, end)
    this.sums[slot]! -= this.#addendOf(ref)
    this.#unlink(ref)
    this.#index.locate(slot, hashOf(this.#secret, key, start, end), ref)
    this.#index.removeFound()
    this.entries.free(ref)
    this.count--
  }

  /** As the newest. */
  #link(ref: number): void {
    const newest = this.#newest
    this.#words(ref)[at(ref, NEWER_WORD)] = 0
    this.#words(ref)[at(ref, OLDER_WORD)] = newest
    if (newest !== 0) this.#words(newest)[at(newest, NEWER_WORD)] = ref
    else this.#oldest = ref
    this.#newest = ref
  }

  #unlink(ref: number): void {
    const newer = this.#words(ref)[at(ref, NEWER_WORD)]!
    const older = this.#words(ref)[at(ref, OLDER_WORD)]!
    if (newer !== 0) this.#words(newer)[at(newer, OLDER_WORD)] = older
    else this.#newest = older
    if (older !== 0) this.#words(older)[at(older, NEWER_WORD)] = newer
    else this.#oldest = newer
    if (ref === this.#cursor) this.#cursor = newer
  }

  #reset(): void {
    this.entries.reset()
    this.#index.reset()
    this.sums.fill(0)
    this.count = 0
    this.#oldest = 0
    this.#newest = 0
    this.#cursor = 0
    this.#versionMax = 0
  }

  #words(ref: number): Uint32Array {
    return this.#arena.u32[ref >>> SEGMENT_SHIFT]!
  }
}

function at(ref: number, word: number): number {
  return ((ref & SEGMENT_MASK) << 2) + word
}
