/**
 * Ranked tree [Machine]: elements of a large sorted set in the order (score, member bytes), countable: a counted
 * B+tree whose nodes are cells of the arena, so a set of ten million members is no work for the collector.
 *
 * Score and ref of an inner node's entry are those of the least element below it; it also counts those elements.
 * Full nodes are split on the way down, sparse ones joined on the way up. Scores lie in the nodes, so member bytes
 * are read only where scores are equal. It owns neither elements nor their table.
 */
import type { Arena } from './arena.ts'
import { Cut } from './cut.ts'
import type { ElementTable } from './element-table.ts'
import { CAPACITY, RankedNodes } from './ranked-nodes.ts'

const SPARSE = 16
const JOINED_MAX = 48
const LEVELS_MAX = 16

// The way from the root to a leaf, shared by all trees: no call leaves it half used.
const pathNode = new Uint32Array(LEVELS_MAX)
const pathEntry = new Uint32Array(LEVELS_MAX)
const ownCut = new Cut()

export class RankedTree {
  count = 0
  /** Where in the leaf the rank asked of `leafAt` lies. */
  position = 0
  readonly #nodes: RankedNodes
  readonly #elements: ElementTable
  #root = 0
  /** Levels of inner nodes; 0 when the root is a leaf. */
  #height = 0

  constructor(arena: Arena, elements: ElementTable) {
    this.#nodes = new RankedNodes(arena)
    this.#elements = elements
  }

  get cellBytes(): number {
    return this.#nodes.cellBytes
  }

  /** Adds an element under the score its cell holds. */
  insert(ref: number): void {
    const nodes = this.#nodes
    const score = this.#elements.scoreOf(ref)
    if (this.#root === 0) this.#root = nodes.makeLeaf()
    this.#cutAt(score, ref, false)
    if (nodes.count(this.#root, this.#height) === CAPACITY) this.#raise()
    let node = this.#root
    let isLast = true
    for (let level = this.#height; level > 0; level--) {
      const count = nodes.count(node, level)
      const below = this.#below(node, count, ownCut)
      let entry = below === 0 ? 0 : below - 1
      isLast &&= entry === count - 1
      const child = nodes.child(node, entry)
      if (nodes.count(child, level - 1) === CAPACITY) {
        // Ascending inserts leave full nodes behind them instead of halves.
        const isAppend = isLast && this.#below(child, CAPACITY, ownCut) === CAPACITY
        this.#split(node, entry, level, isAppend ? CAPACITY - 1 : (CAPACITY + 1) >>> 1)
        if (this.#isBelow(ownCut, node, entry + 1)) entry++
      }
      nodes.addElements(node, entry, 1)
      if (below === 0) nodes.setElement(node, 0, score, ref)
      node = nodes.child(node, entry)
    }
    const count = nodes.count(node, 0)
    const place = this.#below(node, count, ownCut)
    nodes.shift(node, place, count, 1, 0)
    nodes.setElement(node, place, score, ref)
    nodes.setCount(node, 0, count + 1)
    this.count++
  }

  /** Takes out an element that is in; its cell still holds the score it was put in under. */
  remove(ref: number): void {
    const leaf = this.#locate(ref)
    this.#removeHere(leaf, this.position)
  }

  /** Gives an element that is in another score, which is also written to its cell. */
  rescore(ref: number, score: number): void {
    const leaf = this.#locate(ref)
    const place = this.position
    if (place > 0 && place < this.#nodes.count(leaf, 0) - 1) {
      this.#cutAt(score, ref, false)
      if (this.#isBelow(ownCut, leaf, place - 1) && !this.#isBelow(ownCut, leaf, place + 1)) {
        this.#nodes.setElement(leaf, place, score, ref)
        this.#elements.setScore(ref, score)
        return
      }
    }
    this.#removeHere(leaf, place)
    this.#elements.setScore(ref, score)
    this.insert(ref)
  }

  rankOf(ref: number): number {
    this.#cutAt(this.#elements.scoreOf(ref), ref, true)
    return this.countBelow(ownCut) - 1
  }

  /** How many elements lie below the cut: the rank of the first that does not. */
  countBelow(cut: Cut): number {
    if (this.#root === 0) return 0
    const nodes = this.#nodes
    let node = this.#root
    let rank = 0
    for (let level = this.#height; level > 0; level--) {
      const below = this.#below(node, nodes.count(node, level), cut)
      const entry = below === 0 ? 0 : below - 1
      rank += nodes.elementsBefore(node, entry)
      node = nodes.child(node, entry)
    }
    return rank + this.#below(node, nodes.count(node, 0), cut)
  }

  /** The leaf that holds the element of this rank (0..count-1); its place there is left in `position`. */
  leafAt(rank: number): number {
    const nodes = this.#nodes
    let node = this.#root
    for (let level = this.#height; level > 0; level--) {
      let entry = 0
      let elements = nodes.elements(node, 0)
      while (rank >= elements) {
        rank -= elements
        elements = nodes.elements(node, ++entry)
      }
      node = nodes.child(node, entry)
    }
    this.position = rank
    return node
  }

  refAt(rank: number): number {
    const leaf = this.leafAt(rank)
    return this.#nodes.ref(leaf, this.position)
  }

  refIn(leaf: number, place: number): number {
    return this.#nodes.ref(leaf, place)
  }
  scoreIn(leaf: number, place: number): number {
    return this.#nodes.score(leaf, place)
  }
  countIn(leaf: number): number {
    return this.#nodes.count(leaf, 0)
  }
  nextLeaf(leaf: number): number {
    return this.#nodes.next(leaf)
  }
  previousLeaf(leaf: number): number {
    return this.#nodes.previous(leaf)
  }

  /** Gives every node back. */
  release(): void {
    if (this.#root !== 0) this.#releaseNode(this.#root, this.#height)
    this.#root = 0
    this.#height = 0
    this.count = 0
  }

  #releaseNode(node: number, level: number): void {
    const count = level === 0 ? 0 : this.#nodes.count(node, level)
    for (let entry = 0; entry < count; entry++) this.#releaseNode(this.#nodes.child(node, entry), level - 1)
    this.#nodes.free(node)
  }

  /** Walks down to an element that must be in; leaves the path, and its place in the leaf in `position`. */
  #locate(ref: number): number {
    const nodes = this.#nodes
    this.#cutAt(this.#elements.scoreOf(ref), ref, true)
    let node = this.#root
    for (let level = this.#height; level > 0; level--) {
      const below = this.#below(node, nodes.count(node, level), ownCut)
      const entry = below === 0 ? 0 : below - 1
      pathNode[level] = node
      pathEntry[level] = entry
      node = nodes.child(node, entry)
    }
    this.position = node === 0 ? -1 : this.#below(node, nodes.count(node, 0), ownCut) - 1
    if (this.position < 0 || nodes.ref(node, this.position) !== ref) {
      throw new Error('ranked tree: an element is not where its score and name say')
    }
    return node
  }

  /** Takes the located element out and tidies the path above it. */
  #removeHere(leaf: number, place: number): void {
    const nodes = this.#nodes
    let count = nodes.count(leaf, 0)
    nodes.shift(leaf, place + 1, count, -1, 0)
    nodes.setCount(leaf, 0, --count)
    this.count--
    let child = leaf
    for (let level = 1; level <= this.#height; level++) {
      const node = pathNode[level]!
      const entry = pathEntry[level]!
      nodes.addElements(node, entry, -1)
      if (count === 0) this.#dropChild(node, entry, level)
      else {
        nodes.setElement(node, entry, nodes.score(child, 0), nodes.ref(child, 0))
        if (count < SPARSE) this.#join(node, entry, level)
      }
      child = node
      count = nodes.count(node, level)
    }
    this.#lower()
  }

  /** A root without choice goes: its only child, or nothing, takes its place. */
  #lower(): void {
    const nodes = this.#nodes
    while (this.#root !== 0) {
      const root = this.#root
      const count = nodes.count(root, this.#height)
      if (count > 1 || (this.#height === 0 && count === 1)) return
      this.#root = count === 1 ? nodes.child(root, 0) : 0
      this.#height = count === 1 ? this.#height - 1 : 0
      nodes.free(root)
    }
  }

  /** Puts a new root above a full one. */
  #raise(): void {
    const nodes = this.#nodes
    const old = this.#root
    this.#root = nodes.makeInner()
    this.#height++
    nodes.setChild(this.#root, 0, old, this.count)
    nodes.setElement(this.#root, 0, nodes.score(old, 0), nodes.ref(old, 0))
    nodes.setCount(this.#root, this.#height, 1)
  }

  /** Splits the full child at `entry` of `node`: the first `kept` entries stay, the others go to a new neighbour. */
  #split(node: number, entry: number, level: number, kept: number): void {
    const nodes = this.#nodes
    const left = nodes.child(node, entry)
    const right = level === 1 ? nodes.makeLeaf() : nodes.makeInner()
    const moved = CAPACITY - kept
    nodes.copyEntries(left, kept, right, 0, moved, level - 1)
    nodes.setCount(left, level - 1, kept)
    nodes.setCount(right, level - 1, moved)
    if (level === 1) nodes.link(left, right)
    const elements = level === 1 ? moved : nodes.elementsBefore(right, moved)
    const count = nodes.count(node, level)
    nodes.shift(node, entry + 1, count, 1, level)
    nodes.addElements(node, entry, -elements)
    nodes.setChild(node, entry + 1, right, elements)
    nodes.setElement(node, entry + 1, nodes.score(right, 0), nodes.ref(right, 0))
    nodes.setCount(node, level, count + 1)
  }

  /** Joins the sparse child at `entry` with a neighbour when both fit well into one node. */
  #join(node: number, entry: number, level: number): void {
    const nodes = this.#nodes
    const count = nodes.count(node, level)
    if (count < 2) return
    const first = entry + 1 < count ? entry : entry - 1
    const left = nodes.child(node, first)
    const right = nodes.child(node, first + 1)
    const leftCount = nodes.count(left, level - 1)
    const rightCount = nodes.count(right, level - 1)
    if (leftCount + rightCount > JOINED_MAX) return
    nodes.copyEntries(right, 0, left, leftCount, rightCount, level - 1)
    nodes.setCount(left, level - 1, leftCount + rightCount)
    nodes.addElements(node, first, nodes.elements(node, first + 1))
    this.#dropChild(node, first + 1, level)
  }

  #dropChild(node: number, entry: number, level: number): void {
    const nodes = this.#nodes
    const child = nodes.child(node, entry)
    if (level === 1) nodes.unlink(child)
    nodes.free(child)
    const count = nodes.count(node, level)
    nodes.shift(node, entry + 1, count, -1, level)
    nodes.setCount(node, level, count - 1)
  }

  /** How many of the node's first `count` entries lie below the cut. */
  #below(node: number, count: number, cut: Cut): number {
    let low = 0
    let high = count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#isBelow(cut, node, middle)) low = middle + 1
      else high = middle
    }
    return low
  }

  #isBelow(cut: Cut, node: number, entry: number): boolean {
    const score = this.#nodes.score(node, entry)
    if (cut.usesScore && score !== cut.score) return score < cut.score
    if (!cut.usesName) return cut.isInclusive
    const elements = this.#elements
    const ref = this.#nodes.ref(node, entry)
    return cut.isAboveName(elements.nameBuffer(ref), elements.nameStart(ref), elements.nameLength(ref))
  }

  #cutAt(score: number, ref: number, isInclusive: boolean): void {
    const elements = this.#elements
    const start = elements.nameStart(ref)
    ownCut.atElement(score, elements.nameBuffer(ref), start, start + elements.nameLength(ref), isInclusive)
  }
}
