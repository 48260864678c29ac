/**
 * Set [Machine without state of its own]: members inside one entry, in one of three forms.
 *
 *   integers   all members are integers: a sorted run in the cell (FLAG_INTEGERS)     `intset` in Redis' words
 *   packed     a few short members, packed in the cell                                `hashtable`
 *   table      an element table                                                       `hashtable`
 *
 * Forms only go downwards in this list, as in Redis. Functions take (space, ref) and answer the ref that is valid
 * afterwards; they neither stamp changes nor remove empty sets: the caller does.
 */
import type { ByteReader, ByteWriter } from './byte-writer.ts'
import { FLAG_INTEGERS, STORAGE_OBJECT, TYPE_SET } from './entry.ts'
import * as I from './integer-set.ts'
import { Integer64 } from './integer64.ts'
import type { Keyspace } from './keyspace.ts'
import { LargeTable, tableOf } from './large-table.ts'
import {
  packedBody,
  packedCount,
  packedFind,
  packedLength,
  packedNext,
  packedPut,
  packedSeek,
  packedShift,
  packedSize,
} from './packed.ts'
import type { Span } from './span.ts'
import type { ValueType } from './value-type.ts'

/** Redis knows no packed sets, so this limit is ours: up to here a walk is cheaper than a table. */
const PACKED_COUNT_MAX = 128
const PACKED_MEMBER_BYTES_MAX = 64
/** Longer runs cost more to keep sorted than a table does, whatever set-max-intset-entries allows. */
const INTEGER_COUNT_MAX = 1 << 16
/** Members a walk that may end early fetches at once. */
const PORTION_COUNT = 4096
const FORM_INTEGERS = 0
const FORM_PLAIN = 1

const wanted = new Integer64()
const seen = new Integer64()
const text = Buffer.alloc(32)

/** The bytes are valid during the visit only. */
export type MemberVisitor = (bytes: Buffer, start: number, end: number) => void

export function isLargeSet(space: Keyspace, ref: number): boolean {
  return space.entries.storageOf(ref) === STORAGE_OBJECT
}

function holdsIntegers(space: Keyspace, ref: number): boolean {
  return (space.entries.flagsOf(ref) & FLAG_INTEGERS) !== 0
}

export function setLength(space: Keyspace, ref: number): number {
  if (isLargeSet(space, ref)) return tableOf(space, ref).count
  const entries = space.entries
  const count = holdsIntegers(space, ref) ? I.integerCount : packedCount
  return count(entries.valueBuffer(ref), entries.valueStart(ref), entries.valueLength(ref))
}

export function isEmptySet(space: Keyspace, ref: number): boolean {
  if (isLargeSet(space, ref)) return tableOf(space, ref).count === 0
  return space.entries.valueLength(ref) <= (holdsIntegers(space, ref) ? 1 : 0)
}

export function setHas(
  space: Keyspace,
  ref: number,
  member: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (isLargeSet(space, ref)) return tableOf(space, ref).find(member, start, end) !== 0
  const buffer = space.entries.valueBuffer(ref)
  const from = space.entries.valueStart(ref)
  const length = space.entries.valueLength(ref)
  if (!holdsIntegers(space, ref)) return packedFind(buffer, from, length, 1, member, start, end) !== -1
  return wanted.parse(member, start, end) && I.integerSearch(buffer, from, length, wanted) >= 0
}

/** Adds a member; 0 when it was there already. The bytes may not lie in this entry. */
export function setAdd(space: Keyspace, ref: number, member: Uint8Array, start: number, end: number): number {
  const entries = space.entries
  if (isLargeSet(space, ref)) return addToTable(space, ref, member, start, end)
  if (holdsIntegers(space, ref)) {
    if (wanted.parse(member, start, end)) return addInteger(space, ref)
    ref = leaveIntegers(space, ref)
  } else if (entries.valueLength(ref) === 0 && wanted.parse(member, start, end)) {
    entries.setFlags(ref, FLAG_INTEGERS)
    return addInteger(space, ref)
  }
  return addPlain(space, ref, member, start, end)
}

/** Takes a member out; 0 when it was not there. The set may be empty afterwards. */
export function setRemove(
  space: Keyspace,
  ref: number,
  member: Uint8Array,
  start: number,
  end: number,
): number {
  if (isLargeSet(space, ref)) {
    const table = tableOf(space, ref)
    const element = table.find(member, start, end)
    if (element === 0) return 0
    table.remove(element)
    return ref
  }
  const entries = space.entries
  const buffer = entries.valueBuffer(ref)
  const from = entries.valueStart(ref)
  const length = entries.valueLength(ref)
  if (holdsIntegers(space, ref)) {
    if (!wanted.parse(member, start, end)) return 0
    const index = I.integerSearch(buffer, from, length, wanted)
    if (index < 0) return 0
    return space.resizeValue(ref, I.integerRemove(buffer, from, length, index), 0)
  }
  const at = packedFind(buffer, from, length, 1, member, start, end)
  if (at === -1) return 0
  const removed = packedNext(buffer, from + at) - from - at
  packedShift(buffer, from + at, from + length, -removed)
  return space.resizeValue(ref, length - removed, 0)
}

/** The visitor must not change the set. */
export function setEach(space: Keyspace, ref: number, visit: MemberVisitor): void {
  if (isLargeSet(space, ref)) {
    const table = tableOf(space, ref)
    table.each((element) => visitMember(space, ref, element, visit))
    return
  }
  const buffer = space.entries.valueBuffer(ref)
  let at = space.entries.valueStart(ref)
  if (holdsIntegers(space, ref)) {
    const count = I.integerCount(buffer, at, space.entries.valueLength(ref))
    for (let index = 0; index < count; index++) {
      I.integerAt(buffer, at, index, seen)
      visit(text, 0, seen.format(text, 0))
    }
    return
  }
  const end = at + space.entries.valueLength(ref)
  for (; at < end; at = packedNext(buffer, at)) {
    const body = packedBody(buffer, at)
    visit(buffer, body, body + packedLength(buffer, at))
  }
}

/** As `setEach`, but ends when `visit` answers true. */
export function setSome(
  space: Keyspace,
  ref: number,
  visit: (bytes: Buffer, start: number, end: number) => boolean,
): void {
  if (!isLargeSet(space, ref)) {
    let isDone = false
    setEach(space, ref, (bytes, start, end) => {
      if (!isDone) isDone = visit(bytes, start, end)
    })
    return
  }
  const table = tableOf(space, ref)
  const elements: number[] = []
  let fromHash = 0
  do {
    elements.length = 0
    fromHash = table.walk(fromHash, PORTION_COUNT, elements)
    for (const element of elements) {
      const start = table.nameStart(element)
      if (visit(table.nameBuffer(element), start, start + table.nameLength(element))) return
    }
  } while (fromHash !== 0)
}

/** Visits one member of a large set by the ref its table knows it by. */
export function visitMember(space: Keyspace, ref: number, element: number, visit: MemberVisitor): void {
  const table = tableOf(space, ref)
  const start = table.nameStart(element)
  visit(table.nameBuffer(element), start, start + table.nameLength(element))
}

/** Points `into` at member number `index` of a small set. An integer's text is valid until the next look. */
export function setAt(space: Keyspace, ref: number, index: number, into: Span): void {
  const buffer = space.entries.valueBuffer(ref)
  const from = space.entries.valueStart(ref)
  if (holdsIntegers(space, ref)) {
    I.integerAt(buffer, from, index, seen)
    into.set(text, 0, seen.format(text, 0))
    return
  }
  const at = from + packedSeek(buffer, from, space.entries.valueLength(ref), index)
  const body = packedBody(buffer, at)
  into.set(buffer, body, body + packedLength(buffer, at))
}

/** Fills an empty set entry with what was gathered in `large`, which is the entry's (or gone) from then on. */
export function setFill(space: Keyspace, ref: number, large: LargeTable): number {
  const table = large.table
  const count = table.count
  let areIntegers = count <= integersMax(space)
  let areShort = count <= PACKED_COUNT_MAX
  if (areIntegers || areShort) {
    table.each((element) => {
      const start = table.nameStart(element)
      const end = start + table.nameLength(element)
      if (end - start > PACKED_MEMBER_BYTES_MAX) areShort = false
      if (areIntegers && !wanted.parse(table.nameBuffer(element), start, end)) areIntegers = false
    })
  }
  if (!areIntegers && !areShort) return space.becomeObject(ref, large)
  const add = areIntegers ? setAdd : addPlain
  table.each((element) => {
    const start = table.nameStart(element)
    ref = add(space, ref, table.nameBuffer(element), start, start + table.nameLength(element))
  })
  large.release()
  return ref
}

function integersMax(space: Keyspace): number {
  return Math.min(space.limits.setIntsetEntries, INTEGER_COUNT_MAX)
}

/** Adds `wanted` to a set of integers. */
function addInteger(space: Keyspace, ref: number): number {
  const entries = space.entries
  const length = entries.valueLength(ref)
  const index = -1 - I.integerSearch(entries.valueBuffer(ref), entries.valueStart(ref), length, wanted)
  if (index < 0) return 0
  const needed = I.integerLengthWith(entries.valueBuffer(ref), entries.valueStart(ref), length, wanted.width)
  ref = space.resizeValue(ref, needed, length >>> 3)
  I.integerInsert(entries.valueBuffer(ref), entries.valueStart(ref), length, index, wanted)
  return needed >>> 1 > integersMax(space) && setLength(space, ref) > integersMax(space)
    ? leaveIntegers(space, ref)
    : ref
}

function addPlain(space: Keyspace, ref: number, member: Uint8Array, start: number, end: number): number {
  const entries = space.entries
  if (isLargeSet(space, ref)) return addToTable(space, ref, member, start, end)
  const length = entries.valueLength(ref)
  if (packedFind(entries.valueBuffer(ref), entries.valueStart(ref), length, 1, member, start, end) !== -1)
    return 0
  // A member takes one byte at least, so most sets need not be counted.
  const isFull = length >= PACKED_COUNT_MAX && setLength(space, ref) >= PACKED_COUNT_MAX
  if (isFull || end - start > PACKED_MEMBER_BYTES_MAX) {
    return addToTable(space, becomeTable(space, ref), member, start, end)
  }
  ref = space.resizeValue(ref, length + packedSize(end - start), length >>> 3)
  packedPut(entries.valueBuffer(ref), entries.valueStart(ref) + length, member, start, end)
  return ref
}

function addToTable(space: Keyspace, ref: number, member: Uint8Array, start: number, end: number): number {
  const table = tableOf(space, ref)
  if (table.find(member, start, end) !== 0) return 0
  table.insert(member, start, end, member, end, end, 0)
  return ref
}

function becomeTable(space: Keyspace, ref: number): number {
  const large = new LargeTable(space)
  setEach(space, ref, (bytes, start, end) => large.table.insert(bytes, start, end, bytes, end, end, 0))
  space.entries.setFlags(ref, 0)
  return space.becomeObject(ref, large)
}

/** From integers to one of the plain forms. */
function leaveIntegers(space: Keyspace, ref: number): number {
  if (setLength(space, ref) > PACKED_COUNT_MAX) return becomeTable(space, ref)
  const packed = Buffer.allocUnsafe(PACKED_COUNT_MAX * text.length)
  let length = 0
  setEach(space, ref, (bytes, start, end) => {
    length = packedPut(packed, length, bytes, start, end)
  })
  space.entries.setFlags(ref, 0)
  ref = space.resizeValue(ref, length, length >>> 3)
  space.entries.valueBuffer(ref).set(packed.subarray(0, length), space.entries.valueStart(ref))
  return ref
}

function write(space: Keyspace, ref: number, out: ByteWriter): void {
  out.u8(holdsIntegers(space, ref) ? FORM_INTEGERS : FORM_PLAIN)
  out.u32(setLength(space, ref))
  setEach(space, ref, (bytes, start, end) => out.sized(bytes, start, end))
}

function read(
  space: Keyspace,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  input: ByteReader,
): number {
  const form = input.u8()
  const count = input.u32()
  const first = input.position
  for (let i = 0; i < count && !input.isBroken; i++) input.sized()
  if (input.isBroken || count === 0 || form > FORM_PLAIN) return 0
  input.position = first
  let ref = space.create(database, TYPE_SET, key, start, end, 0)
  const add = form === FORM_INTEGERS ? setAdd : addPlain
  for (let i = 0; i < count; i++) {
    input.sized()
    const added = add(space, ref, input.bytes, input.start, input.stop)
    if (added !== 0) ref = added
  }
  return ref
}

export const setValueType: ValueType = {
  type: TYPE_SET,
  write,
  read,
  length: setLength,
  encoding: (space, ref) => (holdsIntegers(space, ref) ? 'intset' : 'hashtable'),
}
