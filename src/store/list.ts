/**
 * List [Rule + table]: what a list entry is and how it is read and changed, whichever of its two forms it
 * has.
 *
 *   small   u16 count | run of elements (list-run.ts) in the entry's cell, up to 128 elements and 1 KiB
 *   large   a chain of nodes behind a handle (list-nodes.ts)
 *
 * Functions that change a list answer its ref, which may be a new one, and leave `changed` to the caller. A
 * list must not stay empty: the caller removes the entry. Redis' name for both forms is quicklist.
 */
import { ByteReader, type ByteWriter } from './byte-writer.ts'
import { STORAGE_OBJECT, TYPE_LIST } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import { type ListNode, nodeSeek } from './list-node.ts'
import { ListNodes } from './list-nodes.ts'
import {
  eraseFromHead,
  eraseFromTail,
  runBody,
  runEquals,
  runLength,
  runNext,
  runPrevious,
  runPut,
  runSeek,
  runSize,
} from './list-run.ts'
import type { ValueType } from './value-type.ts'

export const SMALL_COUNT_MAX = 128
export const SMALL_BYTES_MAX = 1024
/**
 * A large list this small again becomes a small one: far below the other limits, so that it does not flap.
 */
const SHRINK_COUNT_MAX = 48
const SHRINK_BYTES_MAX = 320
const HEAD_BYTES = 2
const SLACK_BYTES_MAX = 256

const NO_BYTES: Buffer = Buffer.alloc(0)
const scratch: Buffer = Buffer.alloc(SHRINK_BYTES_MAX)

/** Makes the list of a key that has none, with its first element. */
export function listCreate(
  space: Keyspace,
  database: number,
  key: Uint8Array,
  keyStart: number,
  keyEnd: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const size = runSize(end - start)
  const isSmall = HEAD_BYTES + size <= SMALL_BYTES_MAX
  const length = isSmall ? HEAD_BYTES + size : HEAD_BYTES
  const ref = space.create(database, TYPE_LIST, key, keyStart, keyEnd, length)
  setSmallCount(space, ref, isSmall ? 1 : 0)
  if (!isSmall) return listPush(space, ref, false, bytes, start, end)
  runPut(space.entries.valueBuffer(ref), space.entries.valueStart(ref) + HEAD_BYTES, bytes, start, end)
  return ref
}

export function listLength(space: Keyspace, ref: number): number {
  return isLarge(space, ref) ? nodesOf(space, ref).count : smallCount(space, ref)
}

export function listPush(
  space: Keyspace,
  ref: number,
  atHead: boolean,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (!isLarge(space, ref)) {
    const size = runSize(end - start)
    if (fitsSmall(space, ref, size)) {
      const length = space.entries.valueLength(ref)
      const grown = growSmall(space, ref, atHead ? HEAD_BYTES : length, size)
      const at = space.entries.valueStart(grown) + (atHead ? HEAD_BYTES : length)
      runPut(space.entries.valueBuffer(grown), at, bytes, start, end)
      return grown
    }
    ref = becomeLarge(space, ref)
  }
  const nodes = nodesOf(space, ref)
  if (atHead) nodes.pushHead(bytes, start, end)
  else nodes.pushTail(bytes, start, end)
  return ref
}

/** Drops `count` elements (not more than there are) from one end. */
export function listDrop(space: Keyspace, ref: number, atHead: boolean, count: number): number {
  if (isLarge(space, ref)) {
    const nodes = nodesOf(space, ref)
    if (atHead) nodes.dropHead(count)
    else nodes.dropTail(count)
    return settled(space, ref, nodes)
  }
  const buffer = space.entries.valueBuffer(ref)
  const start = space.entries.valueStart(ref) + HEAD_BYTES
  const end = start + space.entries.valueLength(ref) - HEAD_BYTES
  const total = smallCount(space, ref)
  const cut = runSeek(buffer, start, end, total, atHead ? count : total - count)
  if (atHead) buffer.copyWithin(start, cut, end)
  setSmallCount(space, ref, total - count)
  return space.resizeValue(ref, HEAD_BYTES + (atHead ? end - cut : cut - start), 0)
}

/** Puts an element before the one at `index` (0..length). */
export function listInsert(
  space: Keyspace,
  ref: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (!isLarge(space, ref)) {
    const size = runSize(end - start)
    if (fitsSmall(space, ref, size)) {
      const offset = smallSeek(space, ref, index)
      const grown = growSmall(space, ref, offset, size)
      runPut(space.entries.valueBuffer(grown), space.entries.valueStart(grown) + offset, bytes, start, end)
      return grown
    }
    ref = becomeLarge(space, ref)
  }
  nodesOf(space, ref).insert(index, bytes, start, end)
  return ref
}

/** Replaces the element at `index`. */
export function listSet(
  space: Keyspace,
  ref: number,
  index: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (!isLarge(space, ref)) {
    const buffer = space.entries.valueBuffer(ref)
    const base = space.entries.valueStart(ref)
    const length = space.entries.valueLength(ref)
    const offset = smallSeek(space, ref, index)
    const next = runNext(buffer, base + offset)
    const grows = runSize(end - start) - (next - base - offset)
    if (length + grows <= SMALL_BYTES_MAX) {
      // Growing makes room first, shrinking gives it back last: the bytes behind the element move in between.
      const from = next - base
      if (grows > 0) ref = space.resizeValue(ref, length + grows, 0)
      const now = space.entries.valueBuffer(ref)
      const at = space.entries.valueStart(ref)
      if (grows !== 0) now.copyWithin(at + from + grows, at + from, at + length)
      runPut(now, at + offset, bytes, start, end)
      return grows < 0 ? space.resizeValue(ref, length + grows, 0) : ref
    }
    ref = becomeLarge(space, ref)
  }
  nodesOf(space, ref).set(index, bytes, start, end)
  return ref
}

/**
 * Takes out up to `countMax` elements equal to the bytes, beginning at one end. The length tells how many.
 */
export function listErase(
  space: Keyspace,
  ref: number,
  fromTail: boolean,
  countMax: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (isLarge(space, ref)) {
    const nodes = nodesOf(space, ref)
    nodes.erase(fromTail, countMax, bytes, start, end)
    return settled(space, ref, nodes)
  }
  const buffer = space.entries.valueBuffer(ref)
  const first = space.entries.valueStart(ref) + HEAD_BYTES
  const length = space.entries.valueLength(ref) - HEAD_BYTES
  let left: number
  if (fromTail) {
    const from = eraseFromTail(buffer, first, first + length, countMax, bytes, start, end)
    left = first + length - from
    if (left < length) buffer.copyWithin(first, from, first + length)
  } else left = eraseFromHead(buffer, first, first + length, countMax, bytes, start, end) - first
  if (left === length) return ref
  setSmallCount(space, ref, smallCount(space, ref) - (length - left) / runSize(end - start))
  return space.resizeValue(ref, HEAD_BYTES + left, 0)
}

/**
 * A place in a list: the bytes of its element are `buffer` from `start` to `end`. Any change of the list
 * ends it.
 */
export class ListCursor {
  buffer: Buffer = NO_BYTES
  start = 0
  end = 0
  #at = 0
  #runStart = 0
  #runEnd = 0
  #node: ListNode | null = null

  /** Goes to the element at `index`, which must be there. */
  seek(space: Keyspace, ref: number, index: number): void {
    if (isLarge(space, ref)) {
      const nodes = nodesOf(space, ref)
      const node = nodes.nodeAt(index)
      this.#enter(node)
      this.#land(nodeSeek(node, index - nodes.nodeIndex))
      return
    }
    const entries = space.entries
    const base = entries.valueStart(ref)
    this.#node = null
    this.buffer = entries.valueBuffer(ref)
    this.#runStart = base + HEAD_BYTES
    this.#runEnd = base + entries.valueLength(ref)
    this.#land(base + smallSeek(space, ref, index))
  }

  /** False (and the place stays) at the end of the list. */
  next(): boolean {
    // Both lengths of an element take the same room.
    const at = this.end + this.start - this.#at
    if (at < this.#runEnd) return this.#land(at)
    const node = this.#node === null ? null : this.#node.next
    if (node === null) return false
    this.#enter(node)
    return this.#land(node.start)
  }

  previous(): boolean {
    if (this.#at > this.#runStart) return this.#land(runPrevious(this.buffer, this.#at))
    const node = this.#node === null ? null : this.#node.previous
    if (node === null) return false
    this.#enter(node)
    return this.#land(runPrevious(node.buffer, node.end))
  }

  isEqual(bytes: Uint8Array, start: number, end: number): boolean {
    return runEquals(this.buffer, this.#at, bytes, start, end)
  }

  /** Lets go of the list, so that a cursor that is kept does not keep a list that is not. */
  rest(): void {
    this.#node = null
    this.buffer = NO_BYTES
  }

  #enter(node: ListNode): void {
    this.#node = node
    this.buffer = node.buffer
    this.#runStart = node.start
    this.#runEnd = node.end
  }

  #land(at: number): true {
    this.#at = at
    this.start = runBody(this.buffer, at)
    this.end = this.start + runLength(this.buffer, at)
    return true
  }
}

function isLarge(space: Keyspace, ref: number): boolean {
  return space.entries.storageOf(ref) === STORAGE_OBJECT
}

function nodesOf(space: Keyspace, ref: number): ListNodes {
  return space.entries.objectOf(ref) as ListNodes
}

function smallCount(space: Keyspace, ref: number): number {
  const buffer = space.entries.valueBuffer(ref)
  const at = space.entries.valueStart(ref)
  return buffer[at]! | (buffer[at + 1]! << 8)
}

function setSmallCount(space: Keyspace, ref: number, count: number): void {
  const buffer = space.entries.valueBuffer(ref)
  const at = space.entries.valueStart(ref)
  buffer[at] = count
  buffer[at + 1] = count >>> 8
}

/** Offset in the value of element number `index` (0..count). */
function smallSeek(space: Keyspace, ref: number, index: number): number {
  const base = space.entries.valueStart(ref)
  const end = base + space.entries.valueLength(ref)
  return runSeek(space.entries.valueBuffer(ref), base + HEAD_BYTES, end, smallCount(space, ref), index) - base
}

function fitsSmall(space: Keyspace, ref: number, size: number): boolean {
  return space.entries.valueLength(ref) + size <= SMALL_BYTES_MAX && smallCount(space, ref) < SMALL_COUNT_MAX
}

/** Opens a gap of `size` at an offset of the value and counts one element more. */
function growSmall(space: Keyspace, ref: number, offset: number, size: number): number {
  const length = space.entries.valueLength(ref)
  const count = smallCount(space, ref)
  const grown = space.resizeValue(ref, length + size, Math.min(length, SLACK_BYTES_MAX))
  if (offset < length) {
    const at = space.entries.valueStart(grown)
    space.entries.valueBuffer(grown).copyWithin(at + offset + size, at + offset, at + length)
  }
  setSmallCount(space, grown, count + 1)
  return grown
}

function becomeLarge(space: Keyspace, ref: number): number {
  const nodes = new ListNodes(space.arena, space.limits.listListpackSize)
  const count = smallCount(space, ref)
  const start = space.entries.valueStart(ref)
  const end = start + space.entries.valueLength(ref)
  if (count > 0) nodes.adopt(space.entries.valueBuffer(ref), start + HEAD_BYTES, end, count)
  return space.becomeObject(ref, nodes)
}

/** A large list after elements went: small again if little is left. */
function settled(space: Keyspace, ref: number, nodes: ListNodes): number {
  const node = nodes.head
  if (node === null || node !== nodes.tail || node.count > SHRINK_COUNT_MAX) return ref
  const length = node.end - node.start
  if (length > SHRINK_BYTES_MAX) return ref
  const count = node.count
  node.buffer.copy(scratch, 0, node.start, node.end)
  const small = space.becomeInline(ref, HEAD_BYTES + length)
  setSmallCount(space, small, count)
  scratch.copy(space.entries.valueBuffer(small), space.entries.valueStart(small) + HEAD_BYTES, 0, length)
  return small
}

const written = new ListCursor()

export const listValueType: ValueType = {
  type: TYPE_LIST,
  /** u32 count | { u32 length | bytes }* */
  write(space: Keyspace, ref: number, out: ByteWriter): void {
    const count = listLength(space, ref)
    out.u32(count)
    written.seek(space, ref, 0)
    for (let i = 0; i < count; i++) {
      out.sized(written.buffer, written.start, written.end)
      written.next()
    }
    written.rest()
  },
  read(space, database, key, start, end, input): number {
    const count = input.u32()
    const proof = new ByteReader(input.bytes, input.position, input.end)
    for (let i = 0; i < count && !proof.isBroken; i++) proof.sized()
    if (count === 0 || proof.isBroken || input.isBroken) return 0
    input.sized()
    let ref = listCreate(space, database, key, start, end, input.bytes, input.start, input.stop)
    for (let i = 1; i < count; i++) {
      input.sized()
      ref = listPush(space, ref, false, input.bytes, input.start, input.stop)
    }
    return ref
  },
  length: listLength,
  encoding: () => 'quicklist',
}
