/**
 * Slot sketch [Rule]: a slot finer than its digest: its keys in buckets by a hash all nodes compute alike, a sum a
 * bucket. Two owners that differ in one key of a million list the handful in its bucket, not the million.
 *
 * Both count as of the same moment, which the question names, and leave out what is moving then, whichever of them has
 * seen it: versions so young that their effects may be on their way, entries whose time is about to come, removals old
 * enough to be forgotten. So clocks that differ by less than these margins make no differences.
 */
import { wallMsOf } from '../hlc.ts'
import type { Entries } from '../store/entries.ts'
import type { Tombstones } from '../store/tombstones.ts'

/** What was made so lately is left to its effect, or its hint. */
export const FRESH_MS = 2000
/** What expires so soon is left to its time. */
export const EXPIRING_MS = 5000
export const BITS_MAX = 16
const KEYS_PER_BUCKET = 4
const REMOVED = 0x2545f491

/** The buckets, as a power of two, for a slot of so many keys. */
export function bitsFor(keys: number): number {
  let bits = 0
  while (bits < BITS_MAX && KEYS_PER_BUCKET << bits < keys) bits++
  return bits
}

/** 32 bits, unsigned, of the key of an entry or a tombstone; the same on every node. */
export function keyHash(entries: Entries, ref: number): number {
  const bytes = entries.keyBuffer(ref)
  const start = entries.keyStart(ref)
  const end = start + entries.keyLength(ref)
  let hash = 0x811c9dc5 ^ entries.databaseOf(ref)
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}

export function bucketOf(hash: number, bits: number): number {
  return bits === 0 ? 0 : hash >>> (32 - bits)
}

/** Is the version old enough to be everywhere, if nothing was lost? */
export function isOldEnough(version: number, asOfMs: number): boolean {
  return wallMsOf(version) <= asOfMs - FRESH_MS
}

export function countsEntry(entries: Entries, ref: number, asOfMs: number): boolean {
  const expiryMs = entries.expiryOf(ref)
  if (expiryMs !== 0 && expiryMs <= asOfMs + EXPIRING_MS) return false
  return isOldEnough(entries.versionOf(ref), asOfMs)
}

/** Those of what expired are each owner's own, and those a flush covers say no more than its mark. */
export function countsRemoval(
  tombstones: Tombstones,
  ref: number,
  asOfMs: number,
  oldestRemovalMs: number,
): boolean {
  if (tombstones.hasExpired(ref) || tombstones.isFlushed(ref)) return false
  if (tombstones.removedMsOf(ref) <= oldestRemovalMs) return false
  return isOldEnough(tombstones.entries.versionOf(ref), asOfMs)
}

/** Adds an entry, or a removal, to the sums of its slot's buckets, two a bucket from `first` on. */
export function addToSketch(
  sums: Int32Array,
  first: number,
  bits: number,
  entries: Entries,
  ref: number,
  isEntry: boolean,
): void {
  const hash = keyHash(entries, ref)
  const version = entries.versionOf(ref)
  const own = (version % 0x100000000) ^ Math.imul(entries.termOf(ref), 0x165667b1) ^ (isEntry ? 0 : REMOVED)
  let word = Math.imul(own ^ hash, 0x85ebca6b) ^ Math.imul(Math.floor(version / 0x100000000), 0x9e3779b1)
  word = Math.imul(word ^ (word >>> 15), 0xc2b2ae35)
  const at = (first + bucketOf(hash, bits)) << 1
  sums[at] = (sums[at]! + word) | 0
  const second = Math.imul(word ^ (word >>> 13) ^ hash, 0x27d4eb2f)
  sums[at + 1] = (sums[at + 1]! + (second ^ (second >>> 16))) | 0
}
