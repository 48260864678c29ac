/**
 * Slot summary [Rule + reader]: what owners compare of their slots before they compare keys. Equal summaries mean the
 * same entries with the same last writes, and the same tombstones. How they travel is slot-runs.ts.
 *
 *   i32 low | i32 high | u32 removals; before the first of a letter 16 f64 flush marks
 *
 * Tombstones below a flush mark do not count: the mark says as much. Nor do those of what expired: each owner sees to
 * that. They are collected at different times in different places, so summaries may differ although nobody missed
 * anything; that costs a list of versions. A flush leaves a mark instead of tombstones: marks travel along.
 */
import type { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { DATABASE_COUNT, type Keyspace } from '../store/keyspace.ts'

/** The answerer is an owner of the slot. */
export const OWNED = 1
/** It has seen all that was confirmed there. */
export const WHOLE = 2
/** It has yet to hear of those who were owners before, or had when it was one. */
export const BEREFT = 32
/** It takes effects under no lower term than the asker's any more. */
export const GRANTED = 4
/** It owned the slot before and still holds it; WHOLE: as it was then, nothing missing. */
export const HELD = 16

const NO_MARKS = new Float64Array(DATABASE_COUNT)

export class SlotSummary {
  low = 0
  high = 0
  removals = 0

  /** Of this node's own slot. */
  measure(space: Keyspace, slot: number): void {
    this.low = space.digest.sums[slot << 1]!
    this.high = space.digest.sums[(slot << 1) + 1]!
    this.removals = space.tombstones?.sums[slot] ?? 0
  }

  /** No entry, and no removal that anybody might have missed. */
  get isNothing(): boolean {
    return this.low === 0 && this.high === 0 && this.removals === 0
  }

  isEqual(other: SlotSummary): boolean {
    return this.low === other.low && this.high === other.high && this.removals === other.removals
  }

  write(out: ByteWriter): void {
    out.u32(this.low)
    out.u32(this.high)
    out.u32(this.removals)
  }

  read(input: ByteReader): void {
    this.low = input.u32() | 0
    this.high = input.u32() | 0
    this.removals = input.u32()
  }
}

export function writeMarks(space: Keyspace, out: ByteWriter): void {
  const marks = space.tombstones?.flushVersion ?? NO_MARKS
  for (const mark of marks) out.f64(mark)
}

/** Brings the flushes another owner knows of to this one; false: some mark is impossible. */
export function takeMarks(
  input: ByteReader,
  space: Keyspace,
  flush: (database: number, version: number) => boolean,
): boolean {
  let isSound = true
  for (let database = 0; database < DATABASE_COUNT; database++) {
    const mark = input.f64()
    const own = space.tombstones?.flushVersion[database] ?? Number.POSITIVE_INFINITY
    if (!Number.isSafeInteger(mark) || (mark > own && !flush(database, mark))) isSound = false
  }
  return isSound && !input.isBroken
}
