/**
 * Hash index [Machine]: many hash tables of (hash, ref) pairs inside one arena.
 *
 * A table (one per hash slot, one per large collection) is a region of 2^bits pairs with linear probing; it grows
 * and shrinks alone, so no step touches more than REGION_BITS_MAX pairs. A table that needs more becomes a directory
 * of child tables, chosen by the top bits of the hash, split and merged one by one (extendible hashing), so even one
 * slot with twenty million keys never stalls the node:
 *
 *   table -> region [h r|h r|..]            small
 *   table -> directory [0 0 1 2] -> child tables -> regions      large
 *
 * It compares hashes only; callers compare keys (`seek`, then `seekNext` while the candidate is not theirs).
 * Walking goes by ascending hash, which no growth disturbs: that is what makes scan cursors stable.
 * Hash 0 marks an empty pair; callers never pass it.
 */
import { type Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import { Directory } from './directory.ts'
import { bitsFor, placePair, REGION_BITS_MIN, removePair } from './region.ts'
import { REGION_BITS_MAX, Regions } from './regions.ts'

/** Splitting ends here; a child whose hashes agree in so many bits (somebody crafted them) grows as a whole instead. */
const DEPTH_MAX = 20
const REGION_BITS_LIMIT = 21
/** Siblings with no more pairs than this together become one child again: a third of what makes them split. */
const MERGED_PAIRS_MAX = 1024
const DIRECTORY = 255

export class HashIndex {
  readonly arena: Arena
  /** Two words per table, side by side for the cache's sake: ref of its region (or number of its directory), bits. */
  #heads: Uint32Array
  #count: Uint32Array
  readonly #directories: (Directory | undefined)[] = []
  readonly #freeDirectories: number[] = []
  readonly #freeTables: number[] = []
  readonly #regions: Regions
  readonly #tablesAtStart: number
  #tablesTotal: number
  // What the last seek found: the table asked for, the table (child) that holds the pair, the pair's number.
  #root = 0
  #table = 0
  #pair = 0
  #hash = 0

  constructor(arena: Arena, tableCount: number) {
    this.arena = arena
    this.#regions = new Regions(arena)
    const room = tableCount * 2
    this.#heads = new Uint32Array(room * 2)
    this.#count = new Uint32Array(room)
    this.#tablesAtStart = tableCount
    this.#tablesTotal = tableCount
  }

  countOf(table: number): number {
    return this.#count[table]!
  }

  createTable(): number {
    const reused = this.#freeTables.pop()
    if (reused !== undefined) return reused
    if (this.#tablesTotal === this.#count.length) this.#growTableList()
    return this.#tablesTotal++
  }

  /** Forgets every pair; the refs are the caller's to free. The table number itself stays usable. */
  clear(table: number): void {
    if (this.#heads[table * 2 + 1] === DIRECTORY) {
      const directory = this.#directoryOf(table)
      for (let at = 0; at < directory.positions; at = directory.behind(at))
        this.dropTable(directory.childAt(at))
      this.#dropDirectory(table)
    } else if (this.#heads[table * 2] !== 0)
      this.#regions.free(this.#heads[table * 2]!, this.#heads[table * 2 + 1]!)
    this.#heads[table * 2] = 0
    this.#heads[table * 2 + 1] = 0
    this.#count[table] = 0
  }

  /** Forgets every pair of every table, and every table made by `createTable`. */
  reset(): void {
    this.arena.reset()
    this.#heads.fill(0)
    this.#count.fill(0)
    this.#directories.length = 0
    this.#freeDirectories.length = 0
    this.#freeTables.length = 0
    this.#tablesTotal = this.#tablesAtStart
  }

  dropTable(table: number): void {
    this.clear(table)
    this.#freeTables.push(table)
  }

  /** The table of its own, or the child of its directory, in which a hash lies. */
  tableOf(root: number, hash: number): number {
    return this.#heads[root * 2 + 1] === DIRECTORY ? this.#directoryOf(root).childOf(hash) : root
  }

  /** The first ref stored under `hash`, or 0. */
  seek(table: number, hash: number): number {
    this.#root = table
    this.#hash = hash
    table = this.tableOf(table, hash)
    this.#table = table
    const base = this.#heads[table * 2]!
    if (base === 0) return 0
    const mask = (1 << this.#heads[table * 2 + 1]!) - 1
    return this.#probe(base, mask, hash & mask)
  }

  /**
   * For many tables at once: the ref most likely meant by each hash, or 0. No position is kept. All home places are
   * read before any of them is judged: a branch on one would wait for it, and the next read behind it.
   */
  seekAll(tables: Uint32Array, hashes: Uint32Array, refs: Uint32Array, count: number): number {
    const heads = this.#heads
    const segments = this.arena.u32
    let sum = 0
    for (let i = 0; i < count; i++) {
      const base = heads[tables[i]! * 2]!
      const bits = heads[tables[i]! * 2 + 1]!
      refs[i] = 0
      if (base === 0 || bits === DIRECTORY) continue
      // Until the second round, the place of the pair.
      const home = ((base & SEGMENT_MASK) << 2) + (hashes[i]! & ((1 << bits) - 1)) * 2
      refs[i] = home
      sum += segments[base >>> SEGMENT_SHIFT]![home]!
    }
    for (let i = 0; i < count; i++) {
      const home = refs[i]!
      if (home === 0) continue
      const words = segments[heads[tables[i]! * 2]! >>> SEGMENT_SHIFT]!
      const hash = hashes[i]!
      // Two places are looked at; who lies further on, or at the other end, is not worth a loop.
      if (words[home] === hash) refs[i] = words[home + 1]!
      else refs[i] = words[home + 2] === hash ? words[home + 3]! : 0
    }
    return sum
  }

  /** The next ref under the same hash after a `seek` whose candidate had another key, or 0. */
  seekNext(): number {
    const mask = (1 << this.#heads[this.#table * 2 + 1]!) - 1
    return this.#probe(this.#heads[this.#table * 2]!, mask, (this.#pair + 1) & mask)
  }

  /** From a place on: the first pair of the hash that is sought. */
  #probe(base: number, mask: number, pair: number): number {
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    for (;;) {
      const seen = words[start + pair * 2]!
      if (seen === this.#hash) {
        this.#pair = pair
        return words[start + pair * 2 + 1]!
      }
      if (seen === 0) return 0
      pair = (pair + 1) & mask
    }
  }

  /** Positions on the pair (hash, ref) if there is one; `moveFound` and `removeFound` act on it. */
  has(table: number, hash: number, ref: number): boolean {
    let candidate = this.seek(table, hash)
    while (candidate !== ref && candidate !== 0) candidate = this.seekNext()
    return candidate === ref
  }

  /** The same for a pair that must be there. */
  locate(table: number, hash: number, ref: number): void {
    if (!this.has(table, hash, ref)) throw new Error('hash index: a stored ref is not in its table')
  }

  /** Points the found pair at another cell (its entry moved). */
  moveFound(ref: number): void {
    const base = this.#heads[this.#table * 2]!
    this.arena.u32[base >>> SEGMENT_SHIFT]![((base & SEGMENT_MASK) << 2) + this.#pair * 2 + 1] = ref
  }

  /** Takes the found pair out. */
  removeFound(): void {
    const table = this.#table
    const base = this.#heads[table * 2]!
    const bits = this.#heads[table * 2 + 1]!
    removePair(this.arena.u32[base >>> SEGMENT_SHIFT]!, (base & SEGMENT_MASK) << 2, bits, this.#pair)
    const left = --this.#count[table]!
    if (table !== this.#root && --this.#count[this.#root]! === 0) this.clear(this.#root)
    else if (left * 8 < 1 << bits) this.#shrink(table)
  }

  insert(root: number, hash: number, ref: number): void {
    let table = this.tableOf(root, hash)
    if (this.#heads[table * 2] === 0) this.#resize(table, REGION_BITS_MIN)
    else if (this.#isFull(table)) table = this.#widen(root, table, hash)
    const base = this.#heads[table * 2]!
    placePair(
      this.arena.u32[base >>> SEGMENT_SHIFT]!,
      (base & SEGMENT_MASK) << 2,
      this.#heads[table * 2 + 1]!,
      hash,
      ref,
    )
    this.#count[table]!++
    if (table !== root) this.#count[root]!++
  }

  /** Calls `visit(hash, ref)` for every pair of the table. The visitor must not change this table. */
  each(table: number, visit: (hash: number, ref: number) => void): void {
    if (this.#heads[table * 2 + 1] === DIRECTORY) {
      const directory = this.#directoryOf(table)
      for (let at = 0; at < directory.positions; at = directory.behind(at))
        this.each(directory.childAt(at), visit)
      return
    }
    const base = this.#heads[table * 2]!
    if (base !== 0) this.#regions.each(base, this.#heads[table * 2 + 1]!, visit)
  }

  /**
   * Appends to `into` about `count` refs with hash >= fromHash in ascending hash order and returns the hash to
   * continue from, or 0 when the table is exhausted. Pairs of equal hash are never torn apart.
   */
  walk(table: number, fromHash: number, count: number, into: number[]): number {
    if (this.#heads[table * 2 + 1] !== DIRECTORY) return this.#walkRegion(table, fromHash, count, into)
    const directory = this.#directoryOf(table)
    const enough = into.length + count
    let from = fromHash
    for (;;) {
      const next = this.#walkRegion(directory.childOf(from), from, enough - into.length, into)
      if (next !== 0) return next
      const last = directory.lastHashOf(from)
      if (last === 0xffffffff) return 0
      from = last + 1
      if (into.length >= enough) return from
    }
  }

  /** A ref picked by `random` (a 32-bit number) in constant expected time, or 0 when the table is empty. */
  sample(table: number, random: number): number {
    if (this.#count[table] === 0) return 0
    if (this.#heads[table * 2 + 1] === DIRECTORY) {
      const directory = this.#directoryOf(table)
      let hash = Math.imul(random, 0x9e3779b1) >>> 0
      while (this.#count[directory.childOf(hash)] === 0) hash = (directory.lastHashOf(hash) + 1) >>> 0
      table = directory.childOf(hash)
    }
    return this.#regions.sample(this.#heads[table * 2]!, this.#heads[table * 2 + 1]!, random)
  }

  #walkRegion(table: number, fromHash: number, count: number, into: number[]): number {
    const base = this.#heads[table * 2]!
    return base === 0 ? 0 : this.#regions.walk(base, this.#heads[table * 2 + 1]!, fromHash, count, into)
  }

  #directoryOf(table: number): Directory {
    return this.#directories[this.#heads[table * 2]!]!
  }

  /** Would one more pair fill the region beyond three quarters? */
  #isFull(table: number): boolean {
    return (this.#count[table]! + 1) * 4 > 3 << this.#heads[table * 2 + 1]!
  }

  #resize(table: number, bits: number): void {
    const base = this.#heads[table * 2]!
    const oldBits = this.#heads[table * 2 + 1]!
    this.#openRegion(table, bits)
    this.#pourAndFree(base, oldBits, table)
  }

  /** Gives the table an empty region; the one it had is the caller's to empty and free. */
  #openRegion(table: number, bits: number): void {
    this.#heads[table * 2] = this.#regions.open(bits)
    this.#heads[table * 2 + 1] = bits
  }

  /** Copies pairs of a region into a table with room for them: those whose hash masked by `bit` is `wanted`. */
  #pour(base: number, bits: number, table: number, bit: number, wanted: number): void {
    this.#regions.pour(base, bits, this.#heads[table * 2]!, this.#heads[table * 2 + 1]!, bit, wanted)
  }

  #pourAndFree(base: number, bits: number, into: number): void {
    if (base === 0) return
    this.#pour(base, bits, into, 0, 0)
    this.#regions.free(base, bits)
  }

  /** Makes room for one more pair under `hash` in a full table of `root`; answers the table to put it into. */
  #widen(root: number, table: number, hash: number): number {
    while (this.#isFull(table)) {
      const bits = this.#heads[table * 2 + 1]!
      if (bits < REGION_BITS_MAX) this.#resize(table, bits + 1)
      else if (table === root) table = this.#becomeDirectory(root)
      else if (this.#directoryOf(root).depthOf(hash) < DEPTH_MAX) table = this.#split(root, table, hash)
      else if (bits < REGION_BITS_LIMIT) this.#resize(table, bits + 1)
      else throw new Error('hash index: a million hashes that hardly differ')
    }
    return table
  }

  /** Splits the child of `root` that holds `hash`; answers the half that holds it now. */
  #split(root: number, child: number, hash: number): number {
    const sibling = this.createTable()
    const directory = this.#directoryOf(root)
    const bit = 1 << (31 - directory.depthOf(hash))
    directory.split(hash, sibling)
    const base = this.#heads[child * 2]!
    const bits = this.#heads[child * 2 + 1]!
    const count = this.#count[child]!
    const moving = this.#regions.countWithBit(base, bits, bit)
    this.#count[child] = count - moving
    this.#count[sibling] = moving
    this.#openRegion(child, bitsFor(count - moving))
    this.#openRegion(sibling, bitsFor(moving))
    this.#pour(base, bits, child, bit, 0)
    this.#pour(base, bits, sibling, bit, bit)
    this.#regions.free(base, bits)
    return directory.childOf(hash)
  }

  #becomeDirectory(root: number): number {
    const child = this.createTable()
    this.#heads[child * 2] = this.#heads[root * 2]!
    this.#heads[child * 2 + 1] = this.#heads[root * 2 + 1]!
    this.#count[child] = this.#count[root]!
    const number = this.#freeDirectories.pop() ?? this.#directories.length
    this.#directories[number] = new Directory(child)
    this.#heads[root * 2] = number
    this.#heads[root * 2 + 1] = DIRECTORY
    return child
  }

  #dropDirectory(root: number): void {
    this.#freeDirectories.push(this.#heads[root * 2]!)
    this.#directories[this.#heads[root * 2]!] = undefined
  }

  /** After a removal left the table nearly empty. */
  #shrink(table: number): void {
    const bits = this.#heads[table * 2 + 1]!
    if (table !== this.#root && this.#merge(this.#root, this.#hash)) return
    if (this.#count[table] !== 0) this.#resize(table, bits - 1)
    else {
      this.#regions.free(this.#heads[table * 2]!, bits)
      this.#heads[table * 2] = 0
      this.#heads[table * 2 + 1] = 0
    }
  }

  /** Joins the child that holds `hash` with its sibling as long as both are small; false: they are not. */
  #merge(root: number, hash: number): boolean {
    const directory = this.#directoryOf(root)
    let isMerged = false
    for (;;) {
      const kept = directory.childOf(hash)
      const other = directory.siblingOf(hash)
      if (other === -1) break
      const count = this.#count[kept]! + this.#count[other]!
      if (count > MERGED_PAIRS_MAX) return isMerged
      const base = this.#heads[kept * 2]!
      const bits = this.#heads[kept * 2 + 1]!
      this.#openRegion(kept, bitsFor(count))
      this.#pourAndFree(base, bits, kept)
      this.#pourAndFree(this.#heads[other * 2]!, this.#heads[other * 2 + 1]!, kept)
      this.#heads[other * 2] = 0
      this.dropTable(other)
      this.#count[kept] = count
      directory.merge(hash)
      isMerged = true
    }
    if (directory.depthOf(hash) === 0) this.#becomePlain(root, directory.childOf(hash))
    return isMerged
  }

  /** The only child's region is the whole table again. */
  #becomePlain(root: number, child: number): void {
    this.#dropDirectory(root)
    this.#heads[root * 2] = this.#heads[child * 2]!
    this.#heads[root * 2 + 1] = this.#heads[child * 2 + 1]!
    this.#heads[child * 2] = 0
    this.dropTable(child)
  }

  #growTableList(): void {
    const room = this.#count.length * 2
    this.#heads = widened(this.#heads, new Uint32Array(room * 2))
    this.#count = widened(this.#count, new Uint32Array(room))
  }
}

function widened(from: Uint32Array, to: Uint32Array): Uint32Array {
  to.set(from)
  return to
}
