/**
 * Hash [Machine without state of its own]: fields with values inside one entry. Small ones are packed in the cell
 * (field, value, field, value ...), which is what Redis calls `listpack`; large ones are an element table, which
 * it calls `hashtable`. A hash that grew large stays so.
 *
 * Functions take (space, ref) and answer the ref that is valid afterwards; they neither stamp changes nor remove
 * empty hashes: the caller does.
 */
import type { ByteReader, ByteWriter } from './byte-writer.ts'
import { STORAGE_OBJECT, TYPE_HASH } from './entry.ts'
import type { Keyspace } from './keyspace.ts'
import { LargeTable, tableOf } from './large-table.ts'
import {
  packedBody,
  packedCount,
  packedFind,
  packedLength,
  packedNext,
  packedPut,
  packedShift,
  packedSize,
} from './packed.ts'
import type { Span } from './span.ts'
import type { ValueType } from './value-type.ts'

/** Beyond this a table is the smaller work, whatever the configured limits allow. */
const PACKED_BYTES_MAX = 1 << 20
const FORM_PACKED = 0
const FORM_TABLE = 1

/** Called with the buffer both lie in, the bounds of the field and those of the value. */
export type HashVisitor = (
  bytes: Buffer,
  fieldStart: number,
  fieldEnd: number,
  valueStart: number,
  valueEnd: number,
) => void

export function isLargeHash(space: Keyspace, ref: number): boolean {
  return space.entries.storageOf(ref) === STORAGE_OBJECT
}

export function hashLength(space: Keyspace, ref: number): number {
  if (isLargeHash(space, ref)) return tableOf(space, ref).count
  const entries = space.entries
  return packedCount(entries.valueBuffer(ref), entries.valueStart(ref), entries.valueLength(ref)) >>> 1
}

export function isEmptyHash(space: Keyspace, ref: number): boolean {
  if (isLargeHash(space, ref)) return tableOf(space, ref).count === 0
  return space.entries.valueLength(ref) === 0
}

/** Points `into` at the field's value; false when there is no such field. */
export function hashGet(
  space: Keyspace,
  ref: number,
  field: Uint8Array,
  start: number,
  end: number,
  into: Span,
): boolean {
  if (isLargeHash(space, ref)) {
    const table = tableOf(space, ref)
    const element = table.find(field, start, end)
    if (element === 0) return false
    const from = table.valueStart(element)
    into.set(table.nameBuffer(element), from, from + table.valueLength(element))
    return true
  }
  const buffer = space.entries.valueBuffer(ref)
  const from = space.entries.valueStart(ref)
  const at = packedFind(buffer, from, space.entries.valueLength(ref), 2, field, start, end)
  if (at === -1) return false
  const value = packedNext(buffer, from + at)
  const body = packedBody(buffer, value)
  into.set(buffer, body, body + packedLength(buffer, value))
  return true
}

/** What `hashPut` tells beside the ref. */
export interface PutOutcome {
  isNew: boolean
}

/** Sets a field. Neither field nor value may lie in this entry. */
export function hashPut(
  space: Keyspace,
  ref: number,
  field: Uint8Array,
  fieldStart: number,
  fieldEnd: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  outcome: PutOutcome,
): number {
  const entries = space.entries
  if (!isLargeHash(space, ref)) {
    const bytesMax = space.limits.hashListpackValueBytes
    const fieldLength = fieldEnd - fieldStart
    const valueLength = valueEnd - valueStart
    const isShort = fieldLength <= bytesMax && valueLength <= bytesMax
    if (isShort && entries.valueLength(ref) + fieldLength + valueLength <= PACKED_BYTES_MAX) {
      const put = putPacked(space, ref, field, fieldStart, fieldEnd, value, valueStart, valueEnd, outcome)
      return isTooMany(space, put) ? becomeTable(space, put) : put
    }
    ref = becomeTable(space, ref)
  }
  const table = tableOf(space, ref)
  const element = table.find(field, fieldStart, fieldEnd)
  outcome.isNew = element === 0
  if (element !== 0) table.setValue(element, value, valueStart, valueEnd)
  else table.insert(field, fieldStart, fieldEnd, value, valueStart, valueEnd, 0)
  return ref
}

/** Takes a field out; 0 when it was not there. The hash may be empty afterwards. */
export function hashRemove(
  space: Keyspace,
  ref: number,
  field: Uint8Array,
  start: number,
  end: number,
): number {
  if (isLargeHash(space, ref)) {
    const table = tableOf(space, ref)
    const element = table.find(field, start, end)
    if (element === 0) return 0
    table.remove(element)
    return ref
  }
  const entries = space.entries
  const buffer = entries.valueBuffer(ref)
  const from = entries.valueStart(ref)
  const length = entries.valueLength(ref)
  const at = packedFind(buffer, from, length, 2, field, start, end)
  if (at === -1) return 0
  const removed = packedNext(buffer, packedNext(buffer, from + at)) - from - at
  packedShift(buffer, from + at, from + length, -removed)
  return space.resizeValue(ref, length - removed, 0)
}

/** The visitor must not change the hash. */
export function hashEach(space: Keyspace, ref: number, visit: HashVisitor): void {
  if (isLargeHash(space, ref)) {
    const table = tableOf(space, ref)
    table.each((element) => visitElement(space, ref, element, visit))
    return
  }
  const buffer = space.entries.valueBuffer(ref)
  let at = space.entries.valueStart(ref)
  const end = at + space.entries.valueLength(ref)
  while (at < end) at = visitPacked(buffer, at, visit)
}

/** Visits one field of a large hash by the ref its table knows it by. */
export function visitElement(space: Keyspace, ref: number, element: number, visit: HashVisitor): void {
  const table = tableOf(space, ref)
  const start = table.nameStart(element)
  const middle = table.valueStart(element)
  visit(table.nameBuffer(element), start, middle, middle, middle + table.valueLength(element))
}

/** Visits the fields with these numbers (ascending) of a small hash. */
export function hashAt(space: Keyspace, ref: number, indexes: readonly number[], visit: HashVisitor): void {
  const buffer = space.entries.valueBuffer(ref)
  let at = space.entries.valueStart(ref)
  let number = 0
  for (const index of indexes) {
    for (; number < index; number++) at = packedNext(buffer, packedNext(buffer, at))
    visitPacked(buffer, at, visit)
  }
}

function visitPacked(buffer: Buffer, field: number, visit: HashVisitor): number {
  const value = packedNext(buffer, field)
  const fieldStart = packedBody(buffer, field)
  const valueStart = packedBody(buffer, value)
  const valueEnd = valueStart + packedLength(buffer, value)
  visit(buffer, fieldStart, fieldStart + packedLength(buffer, field), valueStart, valueEnd)
  return valueEnd
}

function putPacked(
  space: Keyspace,
  ref: number,
  field: Uint8Array,
  fieldStart: number,
  fieldEnd: number,
  value: Uint8Array,
  valueStart: number,
  valueEnd: number,
  outcome: PutOutcome,
): number {
  const entries = space.entries
  const length = entries.valueLength(ref)
  let from = entries.valueStart(ref)
  let at = packedFind(entries.valueBuffer(ref), from, length, 2, field, fieldStart, fieldEnd)
  outcome.isNew = at === -1
  const newSize = packedSize(valueEnd - valueStart)
  if (at === -1) {
    const fieldSize = packedSize(fieldEnd - fieldStart)
    ref = space.resizeValue(ref, length + fieldSize + newSize, length >>> 3)
    const buffer = entries.valueBuffer(ref)
    const end = packedPut(buffer, entries.valueStart(ref) + length, field, fieldStart, fieldEnd)
    packedPut(buffer, end, value, valueStart, valueEnd)
    return ref
  }
  at = packedNext(entries.valueBuffer(ref), from + at) - from
  const grows = newSize - packedSize(packedLength(entries.valueBuffer(ref), from + at))
  if (grows < 0) packedShift(entries.valueBuffer(ref), from + at, from + length, grows)
  if (grows !== 0) {
    ref = space.resizeValue(ref, length + grows, 0)
    from = entries.valueStart(ref)
  }
  if (grows > 0) packedShift(entries.valueBuffer(ref), from + at, from + length, grows)
  packedPut(entries.valueBuffer(ref), from + at, value, valueStart, valueEnd)
  return ref
}

/** A pair takes two bytes at least, so most hashes need not be counted. */
function isTooMany(space: Keyspace, ref: number): boolean {
  const entriesMax = space.limits.hashListpackEntries
  return space.entries.valueLength(ref) >>> 1 > entriesMax && hashLength(space, ref) > entriesMax
}

function becomeTable(space: Keyspace, ref: number): number {
  const large = new LargeTable(space)
  hashEach(space, ref, (bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
    large.table.insert(bytes, fieldStart, fieldEnd, bytes, valueStart, valueEnd, 0)
  })
  return space.becomeObject(ref, large)
}

function write(space: Keyspace, ref: number, out: ByteWriter): void {
  out.u8(isLargeHash(space, ref) ? FORM_TABLE : FORM_PACKED)
  out.u32(hashLength(space, ref))
  hashEach(space, ref, (bytes, fieldStart, fieldEnd, valueStart, valueEnd) => {
    out.sized(bytes, fieldStart, fieldEnd)
    out.sized(bytes, valueStart, valueEnd)
  })
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
  for (let i = 0; i < count * 2 && !input.isBroken; i++) input.sized()
  if (input.isBroken || count === 0 || form > FORM_TABLE) return 0
  input.position = first
  let ref = space.create(database, TYPE_HASH, key, start, end, 0)
  if (form === FORM_TABLE) ref = becomeTable(space, ref)
  const outcome: PutOutcome = { isNew: false }
  for (let i = 0; i < count; i++) {
    input.sized()
    const fieldStart = input.start
    const fieldEnd = input.stop
    input.sized()
    ref = hashPut(
      space,
      ref,
      input.bytes,
      fieldStart,
      fieldEnd,
      input.bytes,
      input.start,
      input.stop,
      outcome,
    )
  }
  return ref
}

export const hashValueType: ValueType = {
  type: TYPE_HASH,
  write,
  read,
  length: hashLength,
  encoding: (space, ref) => (isLargeHash(space, ref) ? 'hashtable' : 'listpack'),
}
