/**
 * Hash index [Machine]: many hash tables of (hash, ref) pairs inside one arena.
 *
 * A table (one per hash slot, one per large collection) is a region of 2^bits pairs with linear probing; it grows
 * alone, so no growth touches more than REGION_BITS_MAX pairs. A table that needs more becomes a directory of
 * child tables, chosen by the top bits of the hash and split one by one (extendible hashing), so even one slot
 * with twenty million keys never stalls the node:
 *
 *   table -> region [h r|h r|..]            small
 *   table -> directory [0 0 1 2] -> child tables -> regions      large
 *
 * It compares hashes only; callers compare keys (`seek`, then `seekNext` while the candidate is not theirs).
 * Walking goes by ascending hash, which no growth disturbs: that is what makes scan cursors stable.
 * Hash 0 marks an empty pair; callers never pass it.
 */
import { type Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'

const REGION_BITS_MIN = 3
const REGION_BITS_MAX = 12
const DIRECTORY = 255

interface Directory {
  depth: number
  children: Uint32Array
}

export class HashIndex {
  readonly arena: Arena
  #base: Uint32Array
  #bits: Uint8Array
  #count: Uint32Array
  #localDepth: Uint8Array
  readonly #directories = new Map<number, Directory>()
  readonly #freeTables: number[] = []
  readonly #tablesAtStart: number
  #tablesTotal: number
  // What the last seek found: the table asked for, the table (child) that holds the pair, the pair's number.
  #root = 0
  #table = 0
  #pair = 0
  #hash = 0

  constructor(arena: Arena, tableCount: number) {
    this.arena = arena
    const room = tableCount * 2
    this.#base = new Uint32Array(room)
    this.#bits = new Uint8Array(room)
    this.#count = new Uint32Array(room)
    this.#localDepth = new Uint8Array(room)
    this.#tablesAtStart = tableCount
    this.#tablesTotal = tableCount
  }

  countOf(table: number): number {
    return this.#count[table]!
  }

  createTable(): number {
    const reused = this.#freeTables.pop()
    if (reused !== undefined) return reused
    if (this.#tablesTotal === this.#base.length) this.#growTableList()
    return this.#tablesTotal++
  }

  /** Forgets every pair; the refs are the caller's to free. The table number itself stays usable. */
  clear(table: number): void {
    const directory = this.#directories.get(table)
    if (directory) {
      for (const child of new Set(directory.children)) this.dropTable(child)
      this.#directories.delete(table)
    } else if (this.#base[table] !== 0) this.arena.free(this.#base[table]!)
    this.#base[table] = 0
    this.#bits[table] = 0
    this.#count[table] = 0
  }

  /** Forgets every pair of every table, and every table made by `createTable`. */
  reset(): void {
    this.arena.reset()
    this.#base.fill(0)
    this.#bits.fill(0)
    this.#count.fill(0)
    this.#localDepth.fill(0)
    this.#directories.clear()
    this.#freeTables.length = 0
    this.#tablesTotal = this.#tablesAtStart
  }

  dropTable(table: number): void {
    this.clear(table)
    this.#localDepth[table] = 0
    this.#freeTables.push(table)
  }

  /** The first ref stored under `hash`, or 0. */
  seek(table: number, hash: number): number {
    this.#root = table
    this.#hash = hash
    if (this.#bits[table] === DIRECTORY) table = this.#childOf(table, hash)
    this.#table = table
    const base = this.#base[table]!
    if (base === 0) return 0
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    const mask = (1 << this.#bits[table]!) - 1
    let pair = hash & mask
    for (;;) {
      const seen = words[start + pair * 2]!
      if (seen === hash) {
        this.#pair = pair
        return words[start + pair * 2 + 1]!
      }
      if (seen === 0) return 0
      pair = (pair + 1) & mask
    }
  }

  /** The next ref under the same hash after a `seek` whose candidate had another key, or 0. */
  seekNext(): number {
    const base = this.#base[this.#table]!
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    const mask = (1 << this.#bits[this.#table]!) - 1
    let pair = (this.#pair + 1) & mask
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

  /** Positions on the pair (hash, ref), which must be there; `moveFound` and `removeFound` act on it. */
  locate(table: number, hash: number, ref: number): void {
    let candidate = this.seek(table, hash)
    while (candidate !== ref) {
      if (candidate === 0) throw new Error('hash index: a stored ref is not in its table')
      candidate = this.seekNext()
    }
  }

  /** Points the found pair at another cell (its entry moved). */
  moveFound(ref: number): void {
    const base = this.#base[this.#table]!
    this.arena.u32[base >>> SEGMENT_SHIFT]![((base & SEGMENT_MASK) << 2) + this.#pair * 2 + 1] = ref
  }

  /** Takes the found pair out, closing the gap so that probing needs no tombstones. */
  removeFound(): void {
    const table = this.#table
    const base = this.#base[table]!
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    const mask = (1 << this.#bits[table]!) - 1
    let hole = this.#pair
    let probe = hole
    for (;;) {
      probe = (probe + 1) & mask
      const hash = words[start + probe * 2]!
      if (hash === 0) break
      // The pair at `probe` may fill the hole only if its home does not lie cyclically in (hole, probe].
      if (((probe - (hash & mask)) & mask) < ((probe - hole) & mask)) continue
      words[start + hole * 2] = hash
      words[start + hole * 2 + 1] = words[start + probe * 2 + 1]!
      hole = probe
    }
    words[start + hole * 2] = 0
    words[start + hole * 2 + 1] = 0
    const left = --this.#count[table]!
    if (table !== this.#root && --this.#count[this.#root]! === 0) this.clear(this.#root)
    else if (left === 0) this.#release(table)
    else if (left * 8 <= mask && this.#bits[table]! > REGION_BITS_MIN) this.#resize(table, this.#bits[table]! - 1)
  }

  insert(root: number, hash: number, ref: number): void {
    let table = this.#bits[root] === DIRECTORY ? this.#childOf(root, hash) : root
    const bits = this.#bits[table]!
    const count = this.#count[table]!
    if (this.#base[table] === 0) this.#resize(table, REGION_BITS_MIN)
    else if ((count + 1) * 4 > 3 << bits) {
      if (bits < REGION_BITS_MAX) this.#resize(table, bits + 1)
      else {
        table = this.#split(root, table, hash)
        if ((this.#count[table]! + 1) * 4 > 3 << this.#bits[table]!) this.#resize(table, this.#bits[table]! + 1)
      }
    }
    this.#place(table, hash, ref)
    this.#count[table]!++
    if (table !== root) this.#count[root]!++
  }

  /** Calls `visit(hash, ref)` for every pair of the table. The visitor must not change this table. */
  each(table: number, visit: (hash: number, ref: number) => void): void {
    const directory = this.#directories.get(table)
    if (directory) {
      for (const child of new Set(directory.children)) this.each(child, visit)
      return
    }
    const base = this.#base[table]!
    if (base === 0) return
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    const end = start + (2 << this.#bits[table]!)
    for (let at = start; at < end; at += 2) if (words[at] !== 0) visit(words[at]!, words[at + 1]!)
  }

  /**
   * Appends to `into` about `count` refs with hash >= fromHash in ascending hash order and returns the hash to
   * continue from, or 0 when the table is exhausted. Pairs of equal hash are never torn apart.
   */
  walk(table: number, fromHash: number, count: number, into: number[]): number {
    let taken = 0
    let from = fromHash
    for (;;) {
      const child = this.#bits[table] === DIRECTORY ? this.#childOf(table, from) : table
      const lastHash = this.#lastHashOf(table, child, from)
      const pairs = this.#pairsFrom(child, from)
      for (let i = 0; i < pairs.length; i += 2) {
        if (taken >= count && pairs[i] !== pairs[i - 2]) return pairs[i]!
        into.push(pairs[i + 1]!)
        taken++
      }
      if (lastHash === 0xffffffff) return 0
      from = lastHash + 1
      if (taken >= count) return from
    }
  }

  /** A ref picked by `random` (a 32-bit number) in constant expected time, or 0 when the table is empty. */
  sample(table: number, random: number): number {
    if (this.#count[table] === 0) return 0
    const directory = this.#directories.get(table)
    if (directory) {
      const children = directory.children
      let at = Math.imul(random, 0x9e3779b1) >>> (32 - directory.depth)
      while (this.#count[children[at]!] === 0) at = (at + 1) % children.length
      table = children[at]!
    }
    const base = this.#base[table]!
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    const mask = (1 << this.#bits[table]!) - 1
    // Every pair has the same chance: probe at random places rather than walk to the next neighbour.
    let state = random | 1
    for (let tries = 0; tries < 64; tries++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0
      const pair = (state >>> 8) & mask
      if (words[start + pair * 2] !== 0) return words[start + pair * 2 + 1]!
    }
    let pair = state & mask
    while (words[start + pair * 2] === 0) pair = (pair + 1) & mask
    return words[start + pair * 2 + 1]!
  }

  #childOf(table: number, hash: number): number {
    const directory = this.#directories.get(table)!
    return directory.children[hash >>> (32 - directory.depth)]!
  }

  #lastHashOf(root: number, child: number, hash: number): number {
    if (root === child) return 0xffffffff
    const span = 2 ** (32 - this.#localDepth[child]!)
    return Math.floor(hash / span) * span + span - 1
  }

  #pairsFrom(table: number, fromHash: number): number[] {
    const found: [number, number][] = []
    this.each(table, (hash, ref) => {
      if (hash >= fromHash) found.push([hash, ref])
    })
    found.sort((a, b) => a[0] - b[0] || a[1] - b[1])
    return found.flat()
  }

  #place(table: number, hash: number, ref: number): void {
    const base = this.#base[table]!
    const words = this.arena.u32[base >>> SEGMENT_SHIFT]!
    const start = (base & SEGMENT_MASK) << 2
    const mask = (1 << this.#bits[table]!) - 1
    let pair = hash & mask
    while (words[start + pair * 2] !== 0) pair = (pair + 1) & mask
    words[start + pair * 2] = hash
    words[start + pair * 2 + 1] = ref
  }

  #resize(table: number, bits: number): void {
    const oldBase = this.#base[table]!
    const oldBits = this.#bits[table]!
    const base = this.arena.allocate(8 << bits)
    const start = (base & SEGMENT_MASK) << 2
    this.arena.u32[base >>> SEGMENT_SHIFT]!.fill(0, start, start + (2 << bits))
    this.#base[table] = base
    this.#bits[table] = bits
    if (oldBase === 0) return
    const words = this.arena.u32[oldBase >>> SEGMENT_SHIFT]!
    const oldStart = (oldBase & SEGMENT_MASK) << 2
    const oldEnd = oldStart + (2 << oldBits)
    for (let at = oldStart; at < oldEnd; at += 2) {
      if (words[at] !== 0) this.#place(table, words[at]!, words[at + 1]!)
    }
    this.arena.free(oldBase)
  }

  #release(table: number): void {
    this.arena.free(this.#base[table]!)
    this.#base[table] = 0
    this.#bits[table] = 0
  }

  /** Splits the full child of `root` that holds `hash` and returns the half that holds it now. */
  #split(root: number, full: number, hash: number): number {
    let child = full
    if (child === root) child = this.#becomeDirectory(root)
    const directory = this.#directories.get(root)!
    const depth = this.#localDepth[child]!
    if (depth === directory.depth) doubleDirectory(directory)
    const sibling = this.createTable()
    const bit = 1 << (31 - depth)
    this.#localDepth[child] = depth + 1
    this.#localDepth[sibling] = depth + 1
    const moving: number[] = []
    const staying: number[] = []
    this.each(child, (pairHash, ref) => ((pairHash & bit) !== 0 ? moving : staying).push(pairHash, ref))
    this.#refill(child, staying)
    this.#refill(sibling, moving)
    const span = 2 ** (directory.depth - depth)
    const first = Math.floor((hash >>> (32 - directory.depth)) / span) * span
    for (let at = first + span / 2; at < first + span; at++) directory.children[at] = sibling
    const target = this.#childOf(root, hash)
    // All pairs may share the deciding bit: split again, which must end as hashes differ (or the region stays over-full).
    if (this.#count[target]! * 4 > 3 << REGION_BITS_MAX && depth < 30) return this.#split(root, target, hash)
    return target
  }

  #refill(table: number, pairs: number[]): void {
    if (this.#base[table] !== 0) this.#release(table)
    const count = pairs.length / 2
    let bits = REGION_BITS_MIN
    while ((count + 1) * 4 > 3 << bits) bits++
    this.#count[table] = count
    if (count === 0) return
    this.#resize(table, bits)
    for (let i = 0; i < pairs.length; i += 2) this.#place(table, pairs[i]!, pairs[i + 1]!)
  }

  #becomeDirectory(root: number): number {
    const child = this.createTable()
    this.#base[child] = this.#base[root]!
    this.#bits[child] = this.#bits[root]!
    this.#count[child] = this.#count[root]!
    this.#localDepth[child] = 0
    this.#base[root] = 0
    this.#bits[root] = DIRECTORY
    this.#directories.set(root, { depth: 1, children: Uint32Array.of(child, child) })
    return child
  }

  #growTableList(): void {
    const room = this.#base.length * 2
    this.#base = widened(this.#base, new Uint32Array(room))
    this.#count = widened(this.#count, new Uint32Array(room))
    this.#bits = widened(this.#bits, new Uint8Array(room))
    this.#localDepth = widened(this.#localDepth, new Uint8Array(room))
  }
}

function widened<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from)
  return to
}

function doubleDirectory(directory: Directory): void {
  const doubled = new Uint32Array(directory.children.length * 2)
  for (let at = 0; at < doubled.length; at++) doubled[at] = directory.children[at >>> 1]!
  directory.children = doubled
  directory.depth++
}
