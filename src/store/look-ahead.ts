/**
 * Look-ahead [Machine]: asks memory for the entries of many keys at once, before the first of them is needed.
 *
 * A lookup waits for two places far apart: the pair in the index, then the entry it leads to; in a store larger than
 * the caches each costs as much as running the command. Here all index places are read in one sweep and all entries
 * in the next, so that the waits overlap (a quarter off SET and GET in a store of a million keys: npm run bench).
 * What was computed on the way, slot and hash, is kept for the lookups that follow. Nothing is decided here: an entry
 * that has moved meanwhile is looked up as ever.
 */
import { type Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import type { HashIndex } from './hash-index.ts'
import { type HashSecret, hashOf, slotOf } from './hash-slot.ts'

export const LOOK_AHEAD_KEYS_MAX = 64
const CACHED_BYTES = 1 << 18

export class LookAhead {
  readonly #index: HashIndex
  readonly #arena: Arena
  readonly #secret: HashSecret
  /** The bytes the keys lie in; null when nothing is known. */
  #bytes: Uint8Array | null = null
  readonly #starts = new Int32Array(LOOK_AHEAD_KEYS_MAX)
  readonly #ends = new Int32Array(LOOK_AHEAD_KEYS_MAX)
  readonly #slots = new Uint16Array(LOOK_AHEAD_KEYS_MAX)
  readonly #hashes = new Uint32Array(LOOK_AHEAD_KEYS_MAX)
  readonly #refs = new Uint32Array(LOOK_AHEAD_KEYS_MAX)
  #count = 0
  #cursor = 0
  /** Takes what is read, so that no compiler may leave the reading out. Means nothing. */
  sink = 0
  /** Slot and hash of the key last asked for by `place`. */
  slot = 0
  hash = 0

  constructor(index: HashIndex, arena: Arena, secret: HashSecret) {
    this.#index = index
    this.#arena = arena
    this.#secret = secret
  }

  /** The keys bytes[starts[i], ends[i]), in ascending order, will be asked for in a moment. */
  expect(bytes: Uint8Array, starts: Int32Array, ends: Int32Array, count: number): void {
    // A store this small lies in the caches anyway.
    if (this.#arena.usedBytes < CACHED_BYTES) return
    this.#bytes = bytes
    this.#count = count
    this.#cursor = 0
    for (let i = 0; i < count; i++) {
      const start = starts[i]!
      const end = ends[i]!
      this.#starts[i] = start
      this.#ends[i] = end
      this.#slots[i] = slotOf(bytes, start, end)
      this.#hashes[i] = hashOf(this.#secret, bytes, start, end)
    }
    let sum = this.#index.seekAll(this.#slots, this.#hashes, this.#refs, count)
    const segments = this.#arena.u32
    for (let i = 0; i < count; i++) {
      const ref = this.#refs[i]!
      if (ref === 0) continue
      const words = segments[ref >>> SEGMENT_SHIFT]!
      const word = (ref & SEGMENT_MASK) << 2
      sum += words[word + 7]! + words[word + 12]!
    }
    this.sink = sum | 0
  }

  /** The bytes may change from now on. */
  forget(): void {
    this.#bytes = null
  }

  /** Sets `slot` and `hash` of a key. */
  place(key: Uint8Array, start: number, end: number): void {
    if (key === this.#bytes) {
      let at = this.#cursor
      while (at < this.#count && this.#starts[at]! < start) at++
      this.#cursor = at
      if (at < this.#count && this.#starts[at] === start && this.#ends[at] === end) {
        this.slot = this.#slots[at]!
        this.hash = this.#hashes[at]!
        return
      }
    }
    this.slot = slotOf(key, start, end)
    this.hash = hashOf(this.#secret, key, start, end)
  }
}
