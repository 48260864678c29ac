/**
 * Value type [Table]: what every type of value must be able to do, so that COPY, effects, repair, OBJECT and the
 * conversions need no knowledge of any one type. Each type's home file (list.ts, hash.ts ...) ends with its row.
 */
import type { ByteReader, ByteWriter } from './byte-writer.ts'
import type { Keyspace } from './keyspace.ts'

export interface ValueType {
  readonly type: number
  /** Writes the value so that `read` makes an equal one, whatever its representation here or there. */
  write(space: Keyspace, ref: number, out: ByteWriter): void
  /**
   * Makes the entry of a key that has none from what `write` wrote. Answers 0 (and makes nothing) when the bytes are
   * not a value of this type. Does not call `changed`.
   */
  read(
    space: Keyspace,
    database: number,
    key: Uint8Array,
    start: number,
    end: number,
    input: ByteReader,
  ): number
  /** Number of elements (bytes for strings). */
  length(space: Keyspace, ref: number): number
  /** OBJECT ENCODING's word. */
  encoding(space: Keyspace, ref: number): string
}

/** Where Redis switches representation; CONFIG feeds it, type homes read it. */
export interface EncodingLimits {
  hashListpackEntries: number
  hashListpackValueBytes: number
  setIntsetEntries: number
  sortedSetListpackEntries: number
  sortedSetListpackValueBytes: number
  /** Positive: entries per node; -1..-5: 4, 8, 16, 32, 64 KiB per node. */
  listListpackSize: number
}

export function defaultEncodingLimits(): EncodingLimits {
  return {
    hashListpackEntries: 128,
    hashListpackValueBytes: 64,
    setIntsetEntries: 512,
    sortedSetListpackEntries: 128,
    sortedSetListpackValueBytes: 64,
    listListpackSize: -2,
  }
}
