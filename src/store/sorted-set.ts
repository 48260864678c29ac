/**
 * Sorted set [Machine + table row]: one face for both representations, packed in the entry's cell while small, a
 * large sorted set behind a handle once it is not. It becomes large where Redis leaves its listpack and stays so.
 *
 * Elements are named by a number that is valid until the set's next change: the position when packed, the element's
 * ref when large; 0 is "not there". Changing functions answer the entry's ref, which may be a new one, and leave
 * `space.changed` to the caller. An emptied set is for the caller to remove.
 */
import type { ByteReader, ByteWriter } from './byte-writer.ts'
import { Cut } from './cut.ts'
import { STORAGE_OBJECT, TYPE_SORTED_SET } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import { LargeSortedSet } from './large-sorted-set.ts'
import { packedShift } from './packed.ts'
import * as packed from './packed-sorted-set.ts'
import { SortedSetWalk } from './sorted-set-walk.ts'
import type { ValueType } from './value-type.ts'

const SLACK_BYTES_MAX = 512
/** The least an element takes in `write`'s form: score and length. */
const WRITTEN_ELEMENT_BYTES = 12

const ownCut = new Cut()
const ownWalk = new SortedSetWalk()
let moving: Buffer = Buffer.allocUnsafeSlow(256)

export function isLarge(space: Keyspace, ref: number): boolean {
  return space.entries.storageOf(ref) === STORAGE_OBJECT
}

export function largeOf(space: Keyspace, ref: number): LargeSortedSet {
  return space.entries.objectOf(ref) as LargeSortedSet
}

/** Value bytes to ask for when creating the entry that `makeEmpty` then turns into an empty sorted set. */
export const EMPTY_BYTES: number = packed.HEAD_BYTES

/** Makes a fresh entry of EMPTY_BYTES an empty set, in the representation its first member calls for. */
export function makeEmpty(space: Keyspace, ref: number, memberBytes: number): number {
  const limits = space.limits
  if (limits.sortedSetListpackEntries === 0 || memberBytes > limits.sortedSetListpackValueBytes) {
    return space.becomeObject(ref, new LargeSortedSet(space))
  }
  packed.setElementCount(space.entries.valueBuffer(ref), space.entries.valueStart(ref), 0)
  return ref
}

export function countMembers(space: Keyspace, ref: number): number {
  if (isLarge(space, ref)) return largeOf(space, ref).count
  return packed.elementCount(space.entries.valueBuffer(ref), space.entries.valueStart(ref))
}

/** The member's element, or 0. */
export function findMember(
  space: Keyspace,
  ref: number,
  member: Uint8Array,
  start: number,
  end: number,
): number {
  if (isLarge(space, ref)) return largeOf(space, ref).find(member, start, end)
  const entries = space.entries
  return packed.findElement(
    entries.valueBuffer(ref),
    entries.valueStart(ref),
    entries.valueLength(ref),
    member,
    start,
    end,
  )
}

export function scoreOf(space: Keyspace, ref: number, element: number): number {
  if (isLarge(space, ref)) return largeOf(space, ref).elements.scoreOf(element)
  return packed.scoreAt(space.entries.valueBuffer(ref), space.entries.valueStart(ref) + element)
}

export function rankOf(space: Keyspace, ref: number, element: number): number {
  if (isLarge(space, ref)) return largeOf(space, ref).tree.rankOf(element)
  return packed.rankOfElement(space.entries.valueBuffer(ref), space.entries.valueStart(ref), element)
}

/** How many members lie below the cut. */
export function countBelow(space: Keyspace, ref: number, cut: Cut): number {
  if (isLarge(space, ref)) return largeOf(space, ref).tree.countBelow(cut)
  const entries = space.entries
  const buffer = entries.valueBuffer(ref)
  const start = entries.valueStart(ref)
  return packed.rankOfElement(buffer, start, packed.seekCut(buffer, start, entries.valueLength(ref), cut))
}

/** Adds a member that is not in. */
export function addMember(
  space: Keyspace,
  ref: number,
  score: number,
  member: Uint8Array,
  start: number,
  end: number,
): number {
  if (!isLarge(space, ref)) {
    const limits = space.limits
    const isRoomy = countMembers(space, ref) < limits.sortedSetListpackEntries
    if (isRoomy && end - start <= limits.sortedSetListpackValueBytes) {
      return addPacked(space, ref, score, member, start, end)
    }
    ref = becomeLarge(space, ref)
  }
  largeOf(space, ref).add(score, member, start, end)
  return ref
}

/** Gives a member that is in another score. */
export function rescore(space: Keyspace, ref: number, element: number, score: number): number {
  if (isLarge(space, ref)) largeOf(space, ref).tree.rescore(element, score)
  else rescorePacked(space, ref, element, score)
  return ref
}

export function removeMember(space: Keyspace, ref: number, element: number): number {
  if (!isLarge(space, ref)) return removePacked(space, ref, element, 1)
  largeOf(space, ref).remove(element)
  return ref
}

/** Removes `count` members from rank `from` on. */
export function removeRange(space: Keyspace, ref: number, from: number, count: number): number {
  if (isLarge(space, ref)) {
    const large = largeOf(space, ref)
    for (let i = 0; i < count; i++) large.remove(large.tree.refAt(from))
    return ref
  }
  const entries = space.entries
  const buffer = entries.valueBuffer(ref)
  const position = packed.seekElement(buffer, entries.valueStart(ref), entries.valueLength(ref), from)
  return removePacked(space, ref, position, count)
}

/**
 * Turns an entry of any type into a sorted set of these elements, which it takes over; the expiry goes. There must
 * be one element at least.
 */
export function makeSortedSet(space: Keyspace, ref: number, content: LargeSortedSet): number {
  ref = space.makeString(ref, 0, false)
  space.entries.setTypeAndFlags(ref, TYPE_SORTED_SET, 0)
  ref = space.becomeObject(ref, content)
  return fitsPacked(space, content) ? becomePacked(space, ref) : ref
}

function addPacked(
  space: Keyspace,
  ref: number,
  score: number,
  member: Uint8Array,
  start: number,
  end: number,
): number {
  const entries = space.entries
  const length = entries.valueLength(ref)
  ownCut.atElement(score, member, start, end, false)
  const position = packed.seekCut(entries.valueBuffer(ref), entries.valueStart(ref), length, ownCut)
  const size = packed.elementSize(end - start)
  const moved = space.resizeValue(ref, length + size, Math.min(length >>> 2, SLACK_BYTES_MAX))
  const buffer = entries.valueBuffer(moved)
  const from = entries.valueStart(moved)
  packedShift(buffer, from + position, from + length, size)
  packed.putElement(buffer, from + position, score, member, start, end)
  packed.setElementCount(buffer, from, packed.elementCount(buffer, from) + 1)
  return moved
}

function removePacked(space: Keyspace, ref: number, position: number, count: number): number {
  const entries = space.entries
  const buffer = entries.valueBuffer(ref)
  const start = entries.valueStart(ref)
  const length = entries.valueLength(ref)
  let at = start + position
  for (let i = 0; i < count; i++) at = packed.nextElement(buffer, at)
  const size = at - start - position
  packedShift(buffer, start + position, start + length, -size)
  packed.setElementCount(buffer, start, packed.elementCount(buffer, start) - count)
  return space.resizeValue(ref, length - size, 0)
}

/** Moves the element to its new place; the run keeps its length. */
function rescorePacked(space: Keyspace, ref: number, position: number, score: number): void {
  const entries = space.entries
  const buffer = entries.valueBuffer(ref)
  const start = entries.valueStart(ref)
  const length = entries.valueLength(ref)
  const at = start + position
  const next = packed.nextElement(buffer, at)
  const size = next - at
  if (moving.length < size) moving = Buffer.allocUnsafeSlow(size * 2)
  buffer.copy(moving, 0, at, next)
  packed.setScoreAt(moving, 0, score)
  packedShift(buffer, at, start + length, -size)
  const member = packed.memberStart(moving, 0)
  ownCut.atElement(score, moving, member, size, false)
  const target = start + packed.seekCut(buffer, start, length - size, ownCut)
  packedShift(buffer, target, start + length - size, size)
  moving.copy(buffer, target, 0, size)
}

/** The large form, whatever the limits say; Redis sorts only that one and SORT leaves the set so. */
export function makeLarge(space: Keyspace, ref: number): number {
  return isLarge(space, ref) ? ref : becomeLarge(space, ref)
}

function becomeLarge(space: Keyspace, ref: number): number {
  const large = new LargeSortedSet(space)
  const walk = ownWalk
  walk.open(space, ref, 0, countMembers(space, ref), false)
  while (walk.next()) large.add(walk.score, walk.buffer, walk.start, walk.end)
  return space.becomeObject(ref, large)
}

function fitsPacked(space: Keyspace, content: LargeSortedSet): boolean {
  const limits = space.limits
  if (content.count > limits.sortedSetListpackEntries) return false
  const tree = content.tree
  for (let rank = 0; rank < content.count; rank++) {
    if (content.elements.nameLength(tree.refAt(rank)) > limits.sortedSetListpackValueBytes) return false
  }
  return true
}

function becomePacked(space: Keyspace, ref: number): number {
  const content = largeOf(space, ref)
  const { elements, tree, count } = content
  let length = packed.HEAD_BYTES
  for (let rank = 0; rank < count; rank++) length += packed.elementSize(elements.nameLength(tree.refAt(rank)))
  const run = Buffer.allocUnsafeSlow(length)
  packed.setElementCount(run, 0, count)
  let at = packed.HEAD_BYTES
  for (let rank = 0; rank < count; rank++) {
    const element = tree.refAt(rank)
    const start = elements.nameStart(element)
    const end = start + elements.nameLength(element)
    at = packed.putElement(run, at, elements.scoreOf(element), elements.nameBuffer(element), start, end)
  }
  const moved = space.becomeInline(ref, length)
  run.copy(space.entries.valueBuffer(moved), space.entries.valueStart(moved))
  return moved
}

function write(space: Keyspace, ref: number, out: ByteWriter): void {
  const count = countMembers(space, ref)
  out.u8(isLarge(space, ref) ? 1 : 0)
  out.u32(count)
  ownWalk.open(space, ref, 0, count, false)
  while (ownWalk.next()) {
    out.f64(ownWalk.score)
    out.sized(ownWalk.buffer, ownWalk.start, ownWalk.end)
  }
}

function read(
  space: Keyspace,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  input: ByteReader,
): number {
  const wasLarge = input.u8()
  const count = input.u32()
  if (wasLarge > 1 || count === 0 || count * WRITTEN_ELEMENT_BYTES > input.end - input.position) return 0
  const content = new LargeSortedSet(space)
  for (let i = 0; i < count; i++) {
    const score = input.f64()
    input.sized()
    const isSound =
      !input.isBroken && score === score && content.find(input.bytes, input.start, input.stop) === 0
    if (!isSound) {
      content.release()
      return 0
    }
    content.add(score, input.bytes, input.start, input.stop)
  }
  const ref = space.create(database, TYPE_SORTED_SET, key, start, end, 0)
  const made = space.becomeObject(ref, content)
  return wasLarge === 0 && fitsPacked(space, content) ? becomePacked(space, made) : made
}

export const sortedSetValueType: ValueType = {
  type: TYPE_SORTED_SET,
  write,
  read,
  length: countMembers,
  encoding: (space, ref) => (isLarge(space, ref) ? 'skiplist' : 'listpack'),
}
