/**
 * Sorted set walk [Machine]: goes over the members of a sorted set by rank, in either direction, without making
 * anything per member. It borrows the store's bytes: the set must not change while a walk is on.
 */
import type { ElementTable } from './element-table.ts'
import { STORAGE_OBJECT } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import type { LargeSortedSet } from './large-sorted-set.ts'
import { memberLength, memberStart, nextElement, scoreAt, seekElement } from './packed-sorted-set.ts'
import type { RankedTree } from './ranked-tree.ts'

const OFFSETS_MIN = 128
const nothing: Buffer = Buffer.alloc(0)

export class SortedSetWalk {
  /** The member of the element `next` arrived at is buffer[start, end). */
  buffer: Buffer = nothing
  start = 0
  end = 0
  score = 0
  /** The element's ref (large sets only). */
  element = 0

  #left = 0
  #isReverse = false
  #tree: RankedTree | null = null
  #elements: ElementTable | null = null
  // Large: leaf and place in it. Packed: offset of the next element; backwards, of all of them in `#offsets`.
  #leaf = 0
  #place = 0
  #offsets = new Uint32Array(OFFSETS_MIN)

  /** Stands before the element of rank `rank`; `next` goes on for `count` elements, downwards when reverse. */
  open(space: Keyspace, ref: number, rank: number, count: number, isReverse: boolean): void {
    const entries = space.entries
    if (entries.storageOf(ref) === STORAGE_OBJECT) {
      this.openLarge(entries.objectOf(ref) as LargeSortedSet, rank, count, isReverse)
      return
    }
    this.#left = count
    this.#isReverse = isReverse
    this.#tree = null
    this.#elements = null
    this.element = 0
    if (count === 0) return
    this.buffer = entries.valueBuffer(ref)
    const start = entries.valueStart(ref)
    if (!isReverse) {
      this.#place = start + seekElement(this.buffer, start, entries.valueLength(ref), rank)
      return
    }
    const first = rank - count + 1
    if (this.#offsets.length < count) this.#offsets = new Uint32Array(count * 2)
    let at = start + seekElement(this.buffer, start, entries.valueLength(ref), first)
    for (let i = 0; i < count; i++) {
      this.#offsets[i] = at
      at = nextElement(this.buffer, at)
    }
  }

  openLarge(large: LargeSortedSet, rank: number, count: number, isReverse: boolean): void {
    this.#left = count
    this.#isReverse = isReverse
    this.#tree = large.tree
    this.#elements = large.elements
    if (count === 0) return
    this.#leaf = large.tree.leafAt(rank)
    this.#place = large.tree.position
  }

  /** Moves to the next element; false when there is none left. */
  next(): boolean {
    if (this.#left === 0) return false
    this.#left--
    if (this.#tree !== null) this.#nextLarge(this.#tree, this.#elements!)
    else this.#nextPacked()
    return true
  }

  #nextPacked(): void {
    const buffer = this.buffer
    const at = this.#isReverse ? this.#offsets[this.#left]! : this.#place
    this.score = scoreAt(buffer, at)
    this.start = memberStart(buffer, at)
    this.end = this.start + memberLength(buffer, at)
    this.#place = this.end
  }

  #nextLarge(tree: RankedTree, elements: ElementTable): void {
    const element = tree.refIn(this.#leaf, this.#place)
    this.element = element
    this.score = tree.scoreIn(this.#leaf, this.#place)
    this.buffer = elements.nameBuffer(element)
    this.start = elements.nameStart(element)
    this.end = this.start + elements.nameLength(element)
    if (this.#left === 0) return
    if (!this.#isReverse) {
      if (++this.#place < tree.countIn(this.#leaf)) return
      this.#leaf = tree.nextLeaf(this.#leaf)
      this.#place = 0
    } else if (--this.#place < 0) {
      this.#leaf = tree.previousLeaf(this.#leaf)
      this.#place = tree.countIn(this.#leaf) - 1
    }
  }
}
