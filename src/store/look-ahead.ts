/**
 * Look-ahead [Machine]: asks memory for what many requests will need at once, before the first of them needs it.
 *
 * A lookup waits for two places far apart: the pair in the index, then the entry it leads to; in a store larger than
 * the caches each costs as much as running the command. Here all index places are read in one sweep and all entries
 * in the next, so that the waits overlap (a quarter off SET and GET in a store of a million keys: npm run bench).
 * Requests one behind the other on one large collection wait for its elements instead; those are asked for likewise.
 * What was computed on the way, slot and hash, is kept for the lookups that follow. Nothing is decided here: what
 * has moved meanwhile is looked up as ever.
 */
import { SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import type { ElementTable } from './element-table.ts'
import type { Entries } from './entries.ts'
import { STORAGE_OBJECT } from './entry.ts'
import { ExpectedSpans } from './expected-spans.ts'
import type { HashIndex } from './hash-index.ts'
import { type HashSecret, hashOf, placeAll, slotOf } from './hash-slot.ts'

const CACHED_BYTES = 1 << 18
/** The words of an entry that are read first: its meta word, and what lies behind a key of usual length. */
const ENTRY_WORD = 7
const ENTRY_VALUE_WORD = 12
/** The same of an element: the length of its name, and the end of a name of usual length. */
const ELEMENT_WORD = 2
const ELEMENT_END_WORD = 8

/** The first arguments of requests that will run in a moment, in ascending order, and the arguments behind them. */
export interface ExpectedRequests {
  readonly bytes: Uint8Array | null
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Where the argument behind lies; 0 and 0 when there is none. */
  readonly nextStarts: Int32Array
  readonly nextEnds: Int32Array
  readonly count: number
}

export class LookAhead {
  readonly #index: HashIndex
  readonly #entries: Entries
  readonly #secret: HashSecret
  /** The keys of the requests that follow. */
  readonly keys = new ExpectedSpans()
  readonly #elements = new ExpectedSpans()
  /** Takes what is read, so that no compiler may leave the reading out. Means nothing. */
  sink = 0
  /** Slot and hash of the key last asked for by `place`. */
  slot = 0
  hash = 0

  constructor(index: HashIndex, entries: Entries, secret: HashSecret) {
    this.#index = index
    this.#entries = entries
    this.#secret = secret
  }

  expect(requests: ExpectedRequests): void {
    // A store this small lies in the caches anyway.
    if (this.#entries.arena.usedBytes < CACHED_BYTES) return
    const { starts, ends, count } = requests
    const bytes = requests.bytes!
    const { keys } = this
    keys.begin(bytes, starts, ends, count)
    placeAll(this.#secret, bytes, keys.view, keys, count)
    const { hashes, slots, tables } = keys
    for (let i = 0; i < count; i++) tables[i] = this.#index.tableOf(slots[i]!, hashes[i]!)
    this.#read(keys, ENTRY_WORD, ENTRY_VALUE_WORD)
    if (count > 1 && keys.refs[0] !== 0 && keys.refs[0] === keys.refs[1]) this.#expectElements(requests)
  }

  /** The bytes may change from now on. */
  forget(): void {
    this.keys.forget()
    this.#elements.forget()
  }

  /** Sets `slot` and `hash` of a key. */
  place(key: Uint8Array, start: number, end: number): void {
    const { keys } = this
    const at = keys.indexOf(key, start, end)
    if (at !== -1) {
      this.slot = keys.slots[at]!
      this.hash = keys.hashes[at]!
      return
    }
    this.slot = slotOf(key, start, end)
    this.hash = hashOf(this.#secret, key, start, end)
  }

  /** The hash of an element's name. */
  hashOfName(name: Uint8Array, start: number, end: number): number {
    const at = this.#elements.indexOf(name, start, end)
    return at === -1 ? hashOf(this.#secret, name, start, end) : this.#elements.hashes[at]!
  }

  /** For the requests in front that are on one key: if it holds a large collection, the elements named behind it. */
  #expectElements({ bytes, nextStarts, nextEnds, count }: ExpectedRequests): void {
    const { refs } = this.keys
    const ref = refs[0]!
    if (this.#entries.storageOf(ref) !== STORAGE_OBJECT) return
    const table: ElementTable | null = this.#entries.objectOf(ref).elements
    if (table === null) return
    let named = 0
    while (named < count && refs[named] === ref && nextEnds[named] !== 0) named++
    const elements = this.#elements
    elements.begin(bytes!, nextStarts, nextEnds, named)
    for (let i = 0; i < named; i++) {
      const hash = hashOf(this.#secret, bytes!, nextStarts[i]!, nextEnds[i]!)
      elements.hashes[i] = hash
      elements.tables[i] = this.#index.tableOf(table.table, hash)
    }
    this.#read(elements, ELEMENT_WORD, ELEMENT_END_WORD)
  }

  /** Reads two words of the cell that each of them probably leads to. */
  #read(spans: ExpectedSpans, firstWord: number, lastWord: number): void {
    const { refs, count } = spans
    let sum = this.#index.seekAll(spans.tables, spans.hashes, refs, count)
    const segments = this.#entries.arena.u32
    for (let i = 0; i < count; i++) {
      const ref = refs[i]!
      if (ref === 0) continue
      const words = segments[ref >>> SEGMENT_SHIFT]!
      const word = (ref & SEGMENT_MASK) << 2
      sum += words[word + firstWord]! + words[word + lastWord]!
    }
    this.sink = sum | 0
  }
}
