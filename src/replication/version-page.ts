/**
 * Version page [Rule]: one page of a slot's list of versions (entry-transfer.ts), entries first, then removals, and
 * the cursor of the next. The cursor is a hash of the lister's own, above 2^32 among the removals; 0 begins, and 0 says
 * that there is no more. A page is small enough to be sent whatever the keys are, down to a single key.
 */
import type { ByteWriter } from '../store/byte-writer.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { listEntries, listRemovals } from './entry-transfer.ts'

/** A page takes about a millisecond to write. */
export const PAGE_KEYS = 1024
export const PAGE_BYTES = 1024 * 1024
/** A key longer than this is listed nowhere: no frame could carry it. */
const LISTED_BYTES_MAX = 48 * 1024 * 1024
const REMOVALS = 0x100000000

export function writePage(
  space: Keyspace,
  slot: number,
  cursor: number,
  nowMs: number,
  out: ByteWriter,
): number {
  let next = cursor
  let count = PAGE_KEYS
  do {
    const start = out.length
    const following = writePart(space, slot, next, count, nowMs, out)
    const bytes = out.length - start
    if (bytes > PAGE_BYTES && count > 1) {
      out.length = start
      count >>= 2
      continue
    }
    if (bytes > LISTED_BYTES_MAX) out.length = start
    next = following
    if (out.length > 0) return next
  } while (next !== 0)
  return next
}

function writePart(
  space: Keyspace,
  slot: number,
  cursor: number,
  count: number,
  nowMs: number,
  out: ByteWriter,
): number {
  if (cursor < REMOVALS) return listEntries(space, slot, cursor, count, nowMs, out) || REMOVALS
  const next = listRemovals(space, slot, cursor - REMOVALS, count, out)
  return next === 0 ? 0 : next + REMOVALS
}
