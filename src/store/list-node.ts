/**
 * List node [Data + rule]: one node of a large list, a run of elements (list-run.ts) somewhere in its room.
 *
 *   node  |....gap....|element|element|element|..gap..|      the room: a cell, or a buffer apart
 *         ^base       ^start                  ^end    ^limit
 *
 * The gap of a node made by pushes at the head is in front, so pushes and pops move no other element. Nothing here
 * takes or gives memory, or knows the chain beyond a node's two neighbours.
 */
import { runSeek } from './list-run.ts'

const NO_BYTES: Buffer = Buffer.alloc(0)

export interface ListNode {
  /** Cell, or 0 when the bytes are apart. */
  ref: number
  buffer: Buffer
  /** Bounds of the whole room, and of the run in it: absolute offsets in `buffer`. */
  base: number
  limit: number
  start: number
  end: number
  count: number
  previous: ListNode | null
  next: ListNode | null
}

/** A node yet to be given its room and told to its neighbours. */
export function roomlessNode(previous: ListNode | null, next: ListNode | null): ListNode {
  return { ref: 0, buffer: NO_BYTES, base: 0, limit: 0, start: 0, end: 0, count: 0, previous, next }
}

/** Offset of element number `index` (0..count) of the node. */
export function nodeSeek(node: ListNode, index: number): number {
  return runSeek(node.buffer, node.start, node.end, node.count, index)
}

/** Lets the run begin at `to`. */
export function moveRun(node: ListNode, to: number): void {
  if (to !== node.start) node.buffer.copyWithin(to, node.start, node.end)
  node.end += to - node.start
  node.start = to
}

/** Takes out the one element in [at, next), closing up from the side with less to move. */
export function cutOut(node: ListNode, at: number, next: number): void {
  if (next - node.start < node.end - at) {
    node.buffer.copyWithin(node.start + next - at, node.start, at)
    node.start += next - at
  } else {
    node.buffer.copyWithin(at, next, node.end)
    node.end -= next - at
  }
  node.count--
}

/** Copies a neighbour's elements before or behind those of a node whose room takes both. */
export function absorb(node: ListNode, neighbour: ListNode, isBefore: boolean): void {
  const size = neighbour.end - neighbour.start
  if (isBefore) {
    moveRun(node, node.limit - (node.end - node.start))
    node.start -= size
    neighbour.buffer.copy(node.buffer, node.start, neighbour.start, neighbour.end)
  } else {
    moveRun(node, node.base)
    neighbour.buffer.copy(node.buffer, node.end, neighbour.start, neighbour.end)
    node.end += size
  }
  node.count += neighbour.count
}
