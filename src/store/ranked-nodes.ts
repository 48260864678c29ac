/**
 * Ranked nodes [Machine]: the nodes of a ranked tree as cells of the arena, and the moves of entries inside and
 * between them. A leaf is level 0; an inner node of any level has two columns more.
 *
 *   leaf   f64 score[63] | u32 ref[63] | u32 count | u32 previous | u32 next
 *   inner  f64 score[63] | u32 ref[63] | u32 child[63] | u32 elements[63] | u32 count
 *
 * It knows nothing of order: where an entry belongs is the tree's business.
 */
import { type Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'

/** Entries of a node. */
export const CAPACITY = 63

const LEAF_BYTES = 768
const INNER_BYTES = 1280

// Word numbers inside a node's cell.
const REFS = 126
const LEAF_COUNT = 189
const LEAF_PREVIOUS = 190
const LEAF_NEXT = 191
const CHILDREN = 189
const ELEMENTS = 252
const INNER_COUNT = 315

export class RankedNodes {
  /** Bytes of the nodes' cells. */
  cellBytes = 0
  readonly #arena: Arena

  constructor(arena: Arena) {
    this.#arena = arena
  }

  score(node: number, entry: number): number {
    return this.#scores(node)[half(node) + entry]!
  }
  ref(node: number, entry: number): number {
    return this.#words(node)[at(node) + REFS + entry]!
  }
  setElement(node: number, entry: number, score: number, ref: number): void {
    this.#scores(node)[half(node) + entry] = score
    this.#words(node)[at(node) + REFS + entry] = ref
  }

  count(node: number, level: number): number {
    return this.#words(node)[at(node) + (level === 0 ? LEAF_COUNT : INNER_COUNT)]!
  }
  setCount(node: number, level: number, count: number): void {
    this.#words(node)[at(node) + (level === 0 ? LEAF_COUNT : INNER_COUNT)] = count
  }

  child(inner: number, entry: number): number {
    return this.#words(inner)[at(inner) + CHILDREN + entry]!
  }
  /** How many elements lie under the entry's child. */
  elements(inner: number, entry: number): number {
    return this.#words(inner)[at(inner) + ELEMENTS + entry]!
  }
  setChild(inner: number, entry: number, child: number, elements: number): void {
    this.#words(inner)[at(inner) + CHILDREN + entry] = child
    this.#words(inner)[at(inner) + ELEMENTS + entry] = elements
  }
  addElements(inner: number, entry: number, by: number): void {
    this.#words(inner)[at(inner) + ELEMENTS + entry]! += by
  }
  /** Elements under the first `count` entries. */
  elementsBefore(inner: number, count: number): number {
    const words = this.#words(inner)
    const first = at(inner) + ELEMENTS
    let total = 0
    for (let i = 0; i < count; i++) total += words[first + i]!
    return total
  }

  next(leaf: number): number {
    return this.#words(leaf)[at(leaf) + LEAF_NEXT]!
  }
  previous(leaf: number): number {
    return this.#words(leaf)[at(leaf) + LEAF_PREVIOUS]!
  }
  /** Puts the leaf `right` behind `left` in the chain of leaves. */
  link(left: number, right: number): void {
    const next = this.next(left)
    this.#words(right)[at(right) + LEAF_PREVIOUS] = left
    this.#words(right)[at(right) + LEAF_NEXT] = next
    this.#words(left)[at(left) + LEAF_NEXT] = right
    if (next !== 0) this.#words(next)[at(next) + LEAF_PREVIOUS] = right
  }
  unlink(leaf: number): void {
    const previous = this.previous(leaf)
    const next = this.next(leaf)
    if (previous !== 0) this.#words(previous)[at(previous) + LEAF_NEXT] = next
    if (next !== 0) this.#words(next)[at(next) + LEAF_PREVIOUS] = previous
  }

  /** Moves the entries from..count of a node by one place, up (1) or down (-1). */
  shift(node: number, from: number, count: number, by: 1 | -1, level: number): void {
    if (from >= count) return
    const scores = half(node)
    this.#scores(node).copyWithin(scores + from + by, scores + from, scores + count)
    const words = this.#words(node)
    const last = level === 0 ? REFS : ELEMENTS
    for (let column = REFS; column <= last; column += CAPACITY) {
      const first = at(node) + column
      words.copyWithin(first + from + by, first + from, first + count)
    }
  }

  copyEntries(source: number, from: number, target: number, to: number, count: number, level: number): void {
    const sourceScores = this.#scores(source)
    const targetScores = this.#scores(target)
    for (let i = 0; i < count; i++)
      targetScores[half(target) + to + i] = sourceScores[half(source) + from + i]!
    const sourceWords = this.#words(source)
    const targetWords = this.#words(target)
    const last = level === 0 ? REFS : ELEMENTS
    for (let column = REFS; column <= last; column += CAPACITY) {
      const first = at(source) + column + from
      const put = at(target) + column + to
      for (let i = 0; i < count; i++) targetWords[put + i] = sourceWords[first + i]!
    }
  }

  makeLeaf(): number {
    const leaf = this.#arena.allocate(LEAF_BYTES)
    this.cellBytes += LEAF_BYTES
    this.#words(leaf).fill(0, at(leaf) + LEAF_COUNT, at(leaf) + LEAF_NEXT + 1)
    return leaf
  }

  makeInner(): number {
    const inner = this.#arena.allocate(INNER_BYTES)
    this.cellBytes += INNER_BYTES
    this.#words(inner)[at(inner) + INNER_COUNT] = 0
    return inner
  }

  free(node: number): void {
    this.cellBytes -= this.#arena.capacityOf(node)
    this.#arena.free(node)
  }

  #words(node: number): Uint32Array {
    return this.#arena.u32[node >>> SEGMENT_SHIFT]!
  }
  #scores(node: number): Float64Array {
    return this.#arena.f64[node >>> SEGMENT_SHIFT]!
  }
}

/** Number of a node's first word, and of its first double, inside their segment. */
function at(node: number): number {
  return (node & SEGMENT_MASK) << 2
}
function half(node: number): number {
  return (node & SEGMENT_MASK) << 1
}
