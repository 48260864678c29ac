/**
 * Entry codec [Table + rule]: whole entries as bytes, for effects, repair, COPY and RENAME across databases. The
 * body names its type, so the reader needs only this table of value types.
 *
 *   u8 type | f64 expiry | value as its type's `write` left it
 */
import type { ByteReader, ByteWriter } from './byte-writer.ts'
import { hashValueType } from './hash.ts'
import type { Keyspace } from './keyspace.ts'
import { listValueType } from './list.ts'
import { setValueType } from './set.ts'
import { sortedSetValueType } from './sorted-set.ts'
import { stringValueType } from './string.ts'
import type { ValueType } from './value-type.ts'

const ALL: readonly ValueType[] = [
  stringValueType,
  listValueType,
  setValueType,
  sortedSetValueType,
  hashValueType,
]

const byNumber: (ValueType | undefined)[] = []
for (const valueType of ALL) byNumber[valueType.type] = valueType

/** The row of a stored entry's type. */
export function valueTypeOf(space: Keyspace, ref: number): ValueType {
  return byNumber[space.entries.typeOf(ref)]!
}

export function writeEntry(space: Keyspace, ref: number, out: ByteWriter): void {
  const valueType = valueTypeOf(space, ref)
  out.u8(valueType.type)
  out.f64(space.entries.expiryOf(ref))
  valueType.write(space, ref, out)
}

/**
 * Makes the entry of a key that has none; answers its ref, or 0 when the bytes are no entry. The caller calls
 * `changed`.
 */
export function readEntry(
  space: Keyspace,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  input: ByteReader,
): number {
  const valueType = byNumber[input.u8()]
  const expiryMs = input.f64()
  if (valueType === undefined || input.isBroken) return 0
  const ref = valueType.read(space, database, key, start, end, input)
  if (ref !== 0 && expiryMs !== 0) space.setExpiryUnstamped(ref, expiryMs)
  return ref
}
