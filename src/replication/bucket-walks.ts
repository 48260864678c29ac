/**
 * Bucket walks [Rule]: what a comparison looks for while it walks slots: the sums of their buckets, and the versions in
 * the chosen ones, as of a moment (slot-sketch.ts says what counts).
 */
import { ByteWriter } from '../store/byte-writer.ts'
import type { Entries } from '../store/entries.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { listOne } from './entry-transfer.ts'
import type { SlotBuckets } from './slot-buckets.ts'
import { countsEntry, countsRemoval, isOldEnough } from './slot-sketch.ts'
import type { Walk } from './slot-walks.ts'
import { TOMBSTONE_TTL_MS } from './tombstone-age.ts'

/** What one list of versions may hold; what is over is found again once these have been exchanged. */
export const LIST_BYTES_MAX = 4 * 1024 * 1024

/** Older removals may have been forgotten by one of the two already. */
function oldestRemovalMs(asOfMs: number): number {
  return asOfMs - TOMBSTONE_TTL_MS
}

export function sketchOf(space: Keyspace, buckets: SlotBuckets, asOfMs: number, done: () => void): Walk {
  const fromMs = oldestRemovalMs(asOfMs)
  buckets.beginSums()
  return {
    slots: buckets.slots,
    visit: (at: number, entries: Entries, ref: number, isEntry: boolean) => {
      const counts = isEntry
        ? countsEntry(entries, ref, asOfMs)
        : countsRemoval(space.tombstones!, ref, asOfMs, fromMs)
      if (counts) buckets.addUp(at, entries, ref, isEntry)
    },
    done,
  }
}

/** The versions in the chosen buckets, expiring ones included as long as they live. */
export class BucketList {
  readonly out = new ByteWriter()
  /** There are more. */
  isCut = false
  readonly #space: Keyspace
  readonly #buckets: SlotBuckets
  readonly #asOfMs: number
  readonly #nowMs: number

  constructor(space: Keyspace, buckets: SlotBuckets, asOfMs: number, nowMs: number) {
    this.#space = space
    this.#buckets = buckets
    this.#asOfMs = asOfMs
    this.#nowMs = nowMs
  }

  walk(done: () => void): Walk {
    return {
      slots: this.#buckets.slots,
      visit: (at, entries, ref, isEntry) => {
        if (!this.#buckets.isChosen(at, entries, ref) || !this.#isListed(entries, ref, isEntry)) return
        if (this.out.length >= LIST_BYTES_MAX) this.isCut = true
        else listOne(entries, ref, isEntry, this.out)
      },
      done,
    }
  }

  #isListed(entries: Entries, ref: number, isEntry: boolean): boolean {
    const asOfMs = this.#asOfMs
    if (!isEntry) return countsRemoval(this.#space.tombstones!, ref, asOfMs, oldestRemovalMs(asOfMs))
    const expiryMs = entries.expiryOf(ref)
    if (expiryMs !== 0 && expiryMs <= this.#nowMs) return false
    return isOldEnough(entries.versionOf(ref), asOfMs)
  }
}
