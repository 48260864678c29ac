/**
 * List nodes [Machine]: a large list as a chain of nodes (list-node.ts), which hold its elements.
 *
 * A full node at an end gets a neighbour, one in the middle splits; nodes count their elements, so reaching an index
 * skips whole nodes. Here is which node takes what, and where its room comes from: a cell up to
 * list-max-listpack-size, or a buffer apart for an element too large for a cell.
 */
import { type Arena, CELL_BYTES_MAX, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import type { LargeValue } from './entries.ts'
import { absorb, cutOut, type ListNode, moveRun, nodeSeek, roomlessNode } from './list-node.ts'
import { eraseFromHead, eraseFromTail, runNext, runPrevious, runPut, runSize } from './list-run.ts'

/** What a node costs on the heap, and a chain without nodes. */
const NODE_OVERHEAD_BYTES = 120
const CHAIN_OVERHEAD_BYTES = 160
/** A lone node begins this small and doubles: many middle-sized lists must not cost a full node each. */
const CELL_BYTES_FIRST = 512

export class ListNodes implements LargeValue {
  readonly elements = null
  head: ListNode | null = null
  tail: ListNode | null = null
  count = 0
  bytes = CHAIN_OVERHEAD_BYTES
  arenaBytes = 0
  /** Index of the first element of the node `nodeAt` answered last. */
  nodeIndex = 0
  readonly #arena: Arena
  readonly #nodeBytesMax: number
  readonly #nodeCountMax: number

  /** `nodeSize` as list-max-listpack-size: positive elements per node, or -1..-5 for 4 to 64 KiB. */
  constructor(arena: Arena, nodeSize: number) {
    this.#arena = arena
    const bytesMax = nodeSize >= 0 ? 8192 : 2048 << Math.min(-nodeSize, 5)
    this.#nodeBytesMax = Math.min(bytesMax, CELL_BYTES_MAX)
    this.#nodeCountMax = nodeSize >= 0 ? Math.max(nodeSize, 1) : Number.POSITIVE_INFINITY
  }

  /** Takes over a run as the first node; bytes are copied. */
  adopt(buffer: Uint8Array, start: number, end: number, count: number): void {
    const node = this.#insertAfter(null, (end - start) * 2)
    node.buffer.set(buffer.subarray(start, end), node.base)
    node.end = node.base + end - start
    node.count = count
    this.count = count
  }

  pushHead(bytes: Uint8Array, start: number, end: number): void {
    const size = runSize(end - start)
    let node = this.head
    if (node === null || !this.#admits(node, size)) node = this.#insertAfter(null, this.#roomFor(size))
    else if (node.start - node.base < size && !this.#makeGap(node, size, true)) {
      node = this.#insertAfter(null, this.#roomFor(size))
    }
    if (node.count === 0) node.start = node.end = node.limit
    node.start -= size
    runPut(node.buffer, node.start, bytes, start, end)
    node.count++
    this.count++
  }

  pushTail(bytes: Uint8Array, start: number, end: number): void {
    const size = runSize(end - start)
    let node = this.tail
    if (node === null || !this.#admits(node, size)) node = this.#insertAfter(node, this.#roomFor(size))
    else if (node.limit - node.end < size && !this.#makeGap(node, size, false)) {
      node = this.#insertAfter(node, this.#roomFor(size))
    }
    node.end = runPut(node.buffer, node.end, bytes, start, end)
    node.count++
    this.count++
  }

  /** Drops `count` (at most all) elements from the head. */
  dropHead(count: number): void {
    this.count -= count
    while (count > 0) {
      const node = this.head!
      if (count >= node.count) {
        count -= node.count
        this.#unlink(node)
        continue
      }
      node.start = count === 1 ? runNext(node.buffer, node.start) : nodeSeek(node, count)
      node.count -= count
      count = 0
    }
    this.#slim()
  }

  dropTail(count: number): void {
    this.count -= count
    while (count > 0) {
      const node = this.tail!
      if (count >= node.count) {
        count -= node.count
        this.#unlink(node)
        continue
      }
      node.end = count === 1 ? runPrevious(node.buffer, node.end) : nodeSeek(node, node.count - count)
      node.count -= count
      count = 0
    }
    this.#slim()
  }

  /** Puts an element before the one at `index` (0..count: behind the last). */
  insert(index: number, bytes: Uint8Array, start: number, end: number): void {
    if (index === 0) return this.pushHead(bytes, start, end)
    if (index === this.count) return this.pushTail(bytes, start, end)
    const size = runSize(end - start)
    let node = this.head!
    while (index > node.count) {
      index -= node.count
      node = node.next!
    }
    let at = nodeSeek(node, index)
    if (!this.#admits(node, size)) {
      if (index < node.count) this.#split(node, at, index)
      const isLeftFull = !this.#admits(node, size)
      const goesRight = isLeftFull && node.next !== null && this.#admits(node.next, size)
      if (goesRight) node = node.next!
      else if (isLeftFull) node = this.#insertAfter(node, this.#roomFor(size))
      at = goesRight ? node.start : node.end
    }
    const to = this.#openGap(node, at, size)
    runPut(node.buffer, to, bytes, start, end)
    node.count++
    this.count++
  }

  /** Replaces the element at `index`. */
  set(index: number, bytes: Uint8Array, start: number, end: number): void {
    const node = this.nodeAt(index)
    const at = nodeSeek(node, index - this.nodeIndex)
    const next = runNext(node.buffer, at)
    if (next - at === runSize(end - start)) {
      runPut(node.buffer, at, bytes, start, end)
      return
    }
    cutOut(node, at, next)
    this.count--
    if (node.count === 0) this.#unlink(node)
    this.insert(index, bytes, start, end)
  }

  /** Takes out up to `countMax` elements equal to the bytes, from one end on; answers how many. */
  erase(fromTail: boolean, countMax: number, bytes: Uint8Array, start: number, end: number): number {
    const size = runSize(end - start)
    let erased = 0
    let node = fromTail ? this.tail : this.head
    while (node !== null && erased < countMax) {
      const following: ListNode | null = fromTail ? node.previous : node.next
      const before = node.end - node.start
      const most = countMax - erased
      if (fromTail) node.start = eraseFromTail(node.buffer, node.start, node.end, most, bytes, start, end)
      else node.end = eraseFromHead(node.buffer, node.start, node.end, most, bytes, start, end)
      const gone = (before - (node.end - node.start)) / size
      if (gone > 0) {
        node.count -= gone
        erased += gone
        if (node.count === 0) this.#unlink(node)
        else this.#mergeWith(fromTail ? node.next : node.previous, node)
      }
      node = following
    }
    this.count -= erased
    this.#slim()
    return erased
  }

  /** The node that holds element `index`, sought from the nearer end. */
  nodeAt(index: number): ListNode {
    if (index < this.count >> 1) {
      let node = this.head!
      let first = 0
      while (index - first >= node.count) {
        first += node.count
        node = node.next!
      }
      this.nodeIndex = first
      return node
    }
    let node = this.tail!
    let first = this.count - node.count
    while (index < first) {
      node = node.previous!
      first -= node.count
    }
    this.nodeIndex = first
    return node
  }

  release(): void {
    for (let node = this.head; node !== null; node = node.next)
      this.#giveBytes(node.ref, node.buffer, node.limit - node.base)
    this.head = this.tail = null
    this.count = 0
  }

  /** May the node take one more element of this size, wherever its gap is? */
  #admits(node: ListNode, size: number): boolean {
    return node.end - node.start + size <= this.#nodeBytesMax && node.count < this.#nodeCountMax
  }

  /** Bytes a new node should have for an element of `size`. */
  #roomFor(size: number): number {
    if (size > this.#nodeBytesMax) return size
    if (this.head === null || this.#nodeCountMax < 512) return Math.max(size, CELL_BYTES_FIRST)
    return this.#nodeBytesMax
  }

  /**
   * Makes a gap of `size` at an end of the node by moving the run within its cell or into a larger one.
   * Answers false when that would cost too much for what it frees: a new node is due.
   */
  #makeGap(node: ListNode, size: number, atHead: boolean): boolean {
    const used = node.end - node.start
    const room = node.limit - node.base
    if (used + size > (room >> 2) * 3) {
      if (room >= this.#nodeBytesMax) return false
      this.#enlarge(node, used + size)
    }
    const gap = node.limit - node.base - used
    const isAlone = node.previous === node.next
    let front = atHead ? gap : 0
    if (isAlone) front = atHead ? Math.max(gap >> 1, size) : Math.min(gap >> 1, gap - size)
    moveRun(node, node.base + front)
    return true
  }

  /** Opens a gap of `size` at offset `at` of a node that admits it; answers where the gap begins. */
  #openGap(node: ListNode, at: number, size: number): number {
    const used = node.end - node.start
    if (node.limit - node.base - used < size) {
      const offset = at - node.start
      this.#enlarge(node, used + size)
      at = node.start + offset
    }
    if (at - node.start < node.end - at && node.start - node.base >= size) {
      node.buffer.copyWithin(node.start - size, node.start, at)
      node.start -= size
      return at - size
    }
    if (node.limit - node.end < size) {
      const offset = at - node.start
      moveRun(node, node.base)
      at = node.start + offset
    }
    node.buffer.copyWithin(at + size, at, node.end)
    node.end += size
    return at
  }

  /** A larger cell for the node, at least double. */
  #enlarge(node: ListNode, needed: number): void {
    const doubled = Math.min((node.limit - node.base) * 2, this.#nodeBytesMax)
    this.#rehouse(node, Math.max(doubled, needed))
  }

  #rehouse(node: ListNode, room: number): void {
    const { ref, buffer, start, end } = node
    const oldRoom = node.limit - node.base
    this.#takeRoom(node, room)
    buffer.copy(node.buffer, node.base, start, end)
    node.start = node.base
    node.end = node.base + end - start
    this.#giveBytes(ref, buffer, oldRoom)
  }

  /** Everything from `at` (element number `index` of the node) on goes to a node of its own behind it. */
  #split(node: ListNode, at: number, index: number): void {
    const right = this.#insertAfter(node, this.#nodeBytesMax)
    node.buffer.copy(right.buffer, right.base, at, node.end)
    right.end = right.base + node.end - at
    right.count = node.count - index
    node.end = at
    node.count = index
  }

  /** Joins two neighbours when both together fill less than half a node. */
  #mergeWith(neighbour: ListNode | null, node: ListNode): void {
    if (neighbour === null) return
    const used = node.end - node.start + neighbour.end - neighbour.start
    if (used > this.#nodeBytesMax >> 1 || node.count + neighbour.count > this.#nodeCountMax) return
    const isBefore = neighbour.next === node
    if (node.limit - node.base < used) this.#rehouse(node, used)
    absorb(node, neighbour, isBefore)
    this.#unlink(neighbour)
  }

  /** The last node left gives up a cell it fills to less than a quarter. */
  #slim(): void {
    const node = this.head
    if (node === null || node !== this.tail) return
    const used = node.end - node.start
    const room = node.limit - node.base
    if (room > CELL_BYTES_FIRST && used * 4 < room) this.#rehouse(node, Math.max(used * 2, CELL_BYTES_FIRST))
  }

  /** A new empty node behind `previous` (null: as the head). */
  #insertAfter(previous: ListNode | null, room: number): ListNode {
    const next = previous === null ? this.head : previous.next
    const node = roomlessNode(previous, next)
    this.#takeRoom(node, room)
    this.bytes += NODE_OVERHEAD_BYTES
    if (previous === null) this.head = node
    else previous.next = node
    if (next === null) this.tail = node
    else next.previous = node
    return node
  }

  #unlink(node: ListNode): void {
    if (node.previous === null) this.head = node.next
    else node.previous.next = node.next
    if (node.next === null) this.tail = node.previous
    else node.next.previous = node.previous
    this.bytes -= NODE_OVERHEAD_BYTES
    this.#giveBytes(node.ref, node.buffer, node.limit - node.base)
  }

  #takeRoom(node: ListNode, room: number): void {
    if (room > CELL_BYTES_MAX) {
      node.ref = 0
      node.buffer = Buffer.allocUnsafeSlow(room)
      node.base = 0
      node.limit = room
      this.bytes += room
    } else {
      const ref = this.#arena.allocate(room)
      const capacity = this.#arena.capacityOf(ref)
      node.ref = ref
      node.buffer = this.#arena.bytes[ref >>> SEGMENT_SHIFT]!
      node.base = (ref & SEGMENT_MASK) << 4
      node.limit = node.base + capacity
      this.arenaBytes += capacity
    }
    node.start = node.end = node.base
  }

  #giveBytes(ref: number, buffer: Buffer, room: number): void {
    if (ref === 0) this.bytes -= buffer.length
    else {
      this.arenaBytes -= room
      this.#arena.free(ref)
    }
  }
}
