/**
 * Keyspace [Machine]: all keys of this node. Finds, makes, changes and removes entries by (database, key bytes),
 * lets expired ones vanish on sight, stamps every change with a version and keeps each slot's digest current.
 *
 * The caller sets `nowMs` once per command. Every change of an entry ends in exactly one of `changed`, `remove` or
 * `setExpiry`; these stamp the version and remember what was replaced (`baseVersion` -> `newVersion`), which is what
 * an effect names. Refs are valid until the next call that may move or remove that entry.
 * It knows nothing of commands, clients or replicas; who wants to hear of changes sets `observer`.
 */
import { Hlc } from '../hlc.ts'
import { Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import { Entries, type LargeValue } from './entries.ts'
import * as E from './entry.ts'
import { HashIndex } from './hash-index.ts'
import { type HashSecret, SLOT_COUNT, slotOf } from './hash-slot.ts'
import type { KeyspaceObserver, RemoveReason } from './keyspace-observer.ts'
import { freshKeyspaceStats } from './keyspace-stats.ts'
import { LookAhead } from './look-ahead.ts'
import { overwritePlain } from './plain-string.ts'
import { SlotDigest } from './slot-digest.ts'
import { SlotExpiries } from './slot-expiries.ts'
import type { Tombstones } from './tombstones.ts'
import { defaultEncodingLimits, type EncodingLimits } from './value-type.ts'

export const DATABASE_COUNT = 16
/** Per-slot arrays: table heads (twice, to grow), digest, expiry count and bound, term. */
const FIXED_BYTES = SLOT_COUNT * (2 * 16 + 8 + 4 + 8 + 4)

export class Keyspace {
  readonly entries: Entries
  readonly index: HashIndex
  readonly arena: Arena
  readonly secret: HashSecret
  readonly digest = new SlotDigest()
  readonly hlc = new Hlc()
  readonly stats = freshKeyspaceStats()
  readonly keyCount = new Float64Array(DATABASE_COUNT)
  readonly expiries = new SlotExpiries(DATABASE_COUNT)
  readonly ahead: LookAhead
  /** Logical database (SELECT) -> physical database (stored in entries). SWAPDB changes only this. */
  readonly databaseMap = Uint8Array.from({ length: DATABASE_COUNT }, (_, database) => database)
  readonly limits: EncodingLimits = defaultEncodingLimits()
  observer: KeyspaceObserver | null = null
  /** In a mesh: the keys that were removed. */
  tombstones: Tombstones | null = null
  /** How many watched keys and waiting clients there are: while it is 0, changes are not told to the observer. */
  attention = 0
  /** Wall time of the running command. */
  nowMs = 0
  /** What `lookupRead`/`lookupWrite` stamp into entries; the eviction clock sets it (LRU seconds). */
  accessClock = 0
  /** Set by the eviction policy when it counts frequency instead: (old access word) -> new access word. */
  accessRule: ((access: number) => number) | null = null
  /** False for clients in NO-TOUCH mode and for replayed effects. */
  touchesAccess = true
  /** In a mesh: the term under which this node acts for each slot, stored with the versions it makes there. */
  readonly terms = new Uint32Array(SLOT_COUNT)
  /** Changes since start; commands compare it before and after. */
  changes = 0
  /** The last change: what it replaced (0 = nothing), what it made, and where. */
  baseVersion = 0
  baseTerm = 0
  newVersion = 0
  newTerm = 0
  newSlot = 0
  /** While replaying an effect: the version to stamp instead of a fresh one. 0 = make a fresh one. */
  forcedVersion = 0
  forcedTerm = 0
  /** True while expired entries must stay readable (never for clients; replay of effects uses it). */
  ignoresExpiry = false
  #foundRef = 0
  #foundSlot = 0
  #foundHash = 0

  constructor(secret: HashSecret) {
    this.secret = secret
    this.arena = new Arena()
    this.entries = new Entries(this.arena)
    this.index = new HashIndex(new Arena(), SLOT_COUNT)
    this.ahead = new LookAhead(this.index, this.entries, secret)
  }

  /** What the store holds: never less than its own tables, so that a maxmemory smaller than those refuses writes. */
  usedBytes(): number {
    return FIXED_BYTES + this.arena.usedBytes + this.index.arena.usedBytes + this.entries.outsideBytes
  }

  /** The entry of a key, or 0. Expired entries are removed on sight. Neither statistics nor access clock move. */
  peek(database: number, key: Uint8Array, start: number, end: number): number {
    this.#place(key, start, end)
    let ref = this.index.seek(this.#foundSlot, this.#foundHash)
    while (ref !== 0 && !this.#holds(ref, database, key, start, end)) ref = this.index.seekNext()
    this.#foundRef = ref
    if (ref === 0) return 0
    const expiry = this.arena.f64[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 1) + 1]!
    if (expiry !== 0 && expiry <= this.nowMs && !this.ignoresExpiry) {
      this.vanish(ref, 'expired')
      return 0
    }
    return ref
  }

  /** For reading commands: counts a hit or a miss and stamps the access clock. */
  lookupRead(database: number, key: Uint8Array, start: number, end: number): number {
    const ref = this.peek(database, key, start, end)
    if (ref === 0) this.stats.misses++
    else {
      this.stats.hits++
      this.touch(ref)
    }
    return ref
  }

  /** For writing commands: stamps the access clock, leaves the statistics alone (as Redis does). */
  lookupWrite(database: number, key: Uint8Array, start: number, end: number): number {
    const ref = this.peek(database, key, start, end)
    if (ref !== 0) this.touch(ref)
    return ref
  }

  touch(ref: number): void {
    if (!this.touchesAccess) return
    const access = this.accessRule === null ? this.accessClock : this.accessRule(this.entries.accessOf(ref))
    this.entries.setAccess(ref, access)
  }

  /** Makes an entry for a key that has none (its last lookup answered 0). The caller fills the value and calls `changed`. */
  create(
    database: number,
    type: number,
    key: Uint8Array,
    start: number,
    end: number,
    valueLength: number,
  ): number {
    const ref = this.entries.create(database, type, key, start, end, valueLength)
    this.#enter(ref, database, key, start, end)
    return ref
  }

  /** Creates or overwrites a string. Keeps the expiry only when asked. Calls `changed` itself. */
  setString(
    database: number,
    key: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    keepsExpiry: boolean,
  ): number {
    const plain = overwritePlain(this, database, key, start, end, value, valueStart, valueEnd)
    if (plain !== 0) return plain
    let ref = this.lookupWrite(database, key, start, end)
    const length = valueEnd - valueStart
    if (ref === 0) ref = this.create(database, E.TYPE_STRING, key, start, end, length)
    else ref = this.makeString(ref, length, keepsExpiry)
    const target = this.entries.valueBuffer(ref)
    let to = this.entries.valueStart(ref)
    if (length <= 96) for (let at = valueStart; at < valueEnd; at++) target[to++] = value[at]!
    else target.set(value.subarray(valueStart, valueEnd), to)
    this.changed(ref)
    return ref
  }

  /** Turns an entry of any type into a string of `length` undefined bytes; flags are cleared. */
  makeString(ref: number, length: number, keepsExpiry: boolean): number {
    if (!keepsExpiry && this.entries.expiryOf(ref) !== 0) this.setExpiryUnstamped(ref, 0)
    if (this.entries.storageOf(ref) === E.STORAGE_OBJECT) {
      const inline = this.entries.becomeInline(ref, 0)
      if (inline !== ref) this.#moved(ref, inline)
      ref = inline
    }
    ref = this.resizeValue(ref, length, 0)
    this.entries.setTypeAndFlags(ref, E.TYPE_STRING, 0)
    return ref
  }

  /** Value length change that may move the entry; returns the ref that is valid from now on. */
  resizeValue(ref: number, length: number, slackBytes: number): number {
    const moved = this.entries.resizeValue(ref, length, slackBytes)
    if (moved !== ref) this.#moved(ref, moved)
    return moved
  }

  becomeObject(ref: number, object: LargeValue): number {
    const moved = this.entries.becomeObject(ref, object)
    if (moved !== ref) this.#moved(ref, moved)
    return moved
  }

  becomeInline(ref: number, length: number): number {
    const moved = this.entries.becomeInline(ref, length)
    if (moved !== ref) this.#moved(ref, moved)
    return moved
  }

  /**
   * Hands the value and expiry of `ref` to a key that has no entry (RENAME, MOVE); `ref` is left empty. The caller
   * then removes `ref` and calls `changed` for the answer.
   */
  transfer(ref: number, database: number, key: Uint8Array, start: number, end: number): number {
    const made = this.entries.transfer(ref, database, key, start, end)
    this.#enter(made, database, key, start, end)
    const expiryMs = this.entries.expiryOf(ref)
    if (expiryMs !== 0) this.setExpiryUnstamped(made, expiryMs)
    return made
  }

  /** Stamps the change just made to the entry. Once per key and command, after its last change. */
  changed(ref: number): void {
    const entries = this.entries
    if (entries.storageOf(ref) === E.STORAGE_OBJECT) entries.account(ref)
    this.#stamp(ref)
    this.changes++
    if (this.attention !== 0) this.observer!.onChanged(entries.databaseOf(ref), ref)
  }

  /** Removes by command. The removal is a change with a version of its own. */
  remove(ref: number): void {
    this.changes++
    this.#takeOut(ref, 'command')
  }

  /** Removes for memory's sake; counted, otherwise like `remove`. */
  evict(ref: number): void {
    this.#takeOut(ref, 'evicted')
  }

  /** Takes an entry out without a change of its key: its time has come, or other nodes keep it from now on. */
  vanish(ref: number, reason: RemoveReason): void {
    if (reason === 'expired') this.stats.expired++
    else if (reason === 'evicted') this.stats.evicted++
    if (this.tombstones !== null) this.tombstones.onVanish(this, ref, reason)
    this.#find(ref)
    this.index.locate(this.#foundSlot, this.#foundHash, ref)
    this.index.removeFound()
    this.#discard(this.#foundSlot, ref, reason)
  }

  /** Sets the absolute expiry (0 = never) and stamps the change. */
  setExpiry(ref: number, expiryMs: number): void {
    this.setExpiryUnstamped(ref, expiryMs)
    this.changed(ref)
  }

  /** Sets the expiry without a stamp, for commands that go on to call `changed` for the same key. */
  setExpiryUnstamped(ref: number, expiryMs: number): void {
    const f64 = this.arena.f64[ref >>> SEGMENT_SHIFT]!
    const at = ((ref & SEGMENT_MASK) << 1) + 1
    const slot = ref === this.#foundRef ? this.#foundSlot : this.slotOfRef(ref)
    this.expiries.onChanged(slot, this.entries.databaseOf(ref), f64[at]!, expiryMs)
    f64[at] = expiryMs
  }

  /** Moves the entry in this cell to another cell, which changes nothing else; false: the cell holds no entry. */
  relocate(ref: number): boolean {
    if (!this.entries.mayBeEntry(ref)) return false
    this.#find(ref)
    const isEntry = this.index.has(this.#foundSlot, this.#foundHash, ref)
    this.#foundRef = isEntry ? this.entries.relocate(ref) : 0
    if (isEntry) this.index.moveFound(this.#foundRef)
    return isEntry
  }

  /** Drops all keys of a database (all databases: -1). When no other has keys, all memory is taken back at once. */
  clear(database: number): void {
    const others = this.keyCount.reduce((sum, count, other) => (other === database ? sum : sum + count), 0)
    this.tombstones?.onFlush(database, this.forcedVersion || this.hlc.next(this.nowMs, 0))
    if (database === -1 || others === 0) this.#reset()
    else for (let slot = 0; slot < SLOT_COUNT; slot++) this.clearSlot(slot, database)
    this.changes++
  }

  /** The same for one slot. Its table is made anew from what stays, which beats taking pair after pair out. */
  clearSlot(slot: number, database: number, reason: RemoveReason = 'command'): void {
    const doomed: number[] = []
    const kept: number[] = []
    this.index.each(slot, (hash, ref) => {
      if (database === -1 || this.entries.databaseOf(ref) === database) doomed.push(ref)
      else kept.push(hash, ref)
    })
    if (doomed.length === 0) return
    for (const ref of doomed) this.#discard(slot, ref, reason)
    this.index.clear(slot)
    for (let i = 0; i < kept.length; i += 2) this.index.insert(slot, kept[i]!, kept[i + 1]!)
  }

  swapDatabases(a: number, b: number): void {
    const map = this.databaseMap
    ;[map[a], map[b]] = [map[b]!, map[a]!]
    this.changes++
  }

  /** The logical number of a physical database (events and INFO speak of logical ones). */
  logicalDatabase(physical: number): number {
    return this.databaseMap.indexOf(physical)
  }

  slotOfRef(ref: number): number {
    const start = this.entries.keyStart(ref)
    return slotOf(this.entries.keyBuffer(ref), start, start + this.entries.keyLength(ref))
  }

  #reset(): void {
    this.entries.reset()
    this.index.reset()
    this.digest.reset()
    this.keyCount.fill(0)
    this.expiries.reset()
    this.#foundRef = 0
  }

  #enter(ref: number, database: number, key: Uint8Array, start: number, end: number): void {
    this.#place(key, start, end)
    this.index.insert(this.#foundSlot, this.#foundHash, ref)
    this.keyCount[database]!++
    this.entries.setAccess(ref, this.accessRule === null ? this.accessClock : this.accessRule(-1))
    this.#foundRef = ref
    if (this.observer !== null && this.observer.onCreated !== null) this.observer.onCreated(database, ref)
  }

  #holds(ref: number, database: number, key: Uint8Array, start: number, end: number): boolean {
    const meta = this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 7]!
    if (((meta >>> E.META_DATABASE_SHIFT) & 15) !== database) return false
    const length = end - start
    if ((meta & 0xffff) !== length || length > E.KEY_INLINE_MAX)
      return this.entries.holdsLongKey(ref, meta, key, start, end)
    const bytes = this.arena.bytes[ref >>> SEGMENT_SHIFT]!
    let at = ((ref & SEGMENT_MASK) << 4) + E.HEADER_BYTES
    for (; start < end; start++) if (bytes[at++] !== key[start]) return false
    return true
  }

  #takeOut(ref: number, reason: RemoveReason): void {
    this.baseVersion = this.entries.versionOf(ref)
    this.baseTerm = this.entries.termOf(ref)
    this.newVersion = this.forcedVersion || this.hlc.next(this.nowMs, this.baseVersion)
    this.#find(ref)
    this.newTerm = this.forcedVersion !== 0 ? this.forcedTerm : this.terms[this.#foundSlot]!
    this.vanish(ref, reason)
  }

  #stamp(ref: number): void {
    const base = this.entries.versionOf(ref)
    const slot = ref === this.#foundRef ? this.#foundSlot : this.slotOfRef(ref)
    const version = this.forcedVersion !== 0 ? this.forcedVersion : this.hlc.next(this.nowMs, base)
    const term = this.forcedVersion !== 0 ? this.forcedTerm : this.terms[slot]!
    const u32 = this.arena.u32[ref >>> SEGMENT_SHIFT]!
    const word = (ref & SEGMENT_MASK) << 2
    this.baseVersion = base
    this.baseTerm = base === 0 ? 0 : u32[word + 4]!
    this.newVersion = version
    this.newTerm = term
    this.newSlot = slot
    if (base !== 0) this.digest.subtract(slot, u32, word)
    else if (this.tombstones !== null) this.tombstones.onBorn(this, ref)
    this.arena.f64[ref >>> SEGMENT_SHIFT]![word >> 1] = version
    u32[word + 4] = term
    this.digest.add(slot, u32, word)
  }

  /** Everything about a removal but the index. */
  #discard(slot: number, ref: number, reason: RemoveReason): void {
    const entries = this.entries
    const database = entries.databaseOf(ref)
    if (this.observer !== null) this.observer.onRemoved(database, ref, reason)
    if (entries.expiryOf(ref) !== 0) this.expiries.onGone(slot, database)
    const u32 = this.arena.u32[ref >>> SEGMENT_SHIFT]!
    const word = (ref & SEGMENT_MASK) << 2
    if (entries.versionOf(ref) !== 0) this.digest.subtract(slot, u32, word)
    this.keyCount[database]!--
    entries.free(ref)
    this.#foundRef = 0
  }

  #moved(from: number, to: number): void {
    if (from === this.#foundRef) this.#foundRef = to
    else this.#find(to)
    this.index.locate(this.#foundSlot, this.#foundHash, from)
    this.index.moveFound(to)
  }

  #find(ref: number): void {
    if (ref === this.#foundRef) return
    const start = this.entries.keyStart(ref)
    this.#foundRef = ref
    this.#place(this.entries.keyBuffer(ref), start, start + this.entries.keyLength(ref))
  }

  #place(key: Uint8Array, start: number, end: number): void {
    this.ahead.place(key, start, end)
    this.#foundSlot = this.ahead.slot
    this.#foundHash = this.ahead.hash
  }
}
