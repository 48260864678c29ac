/**
 * Slot tree [Machine]: the slots two owners share, as a tree of sums: equal nodes, equal contents of all slots below.
 * The leaves are the running digests of the slots, so the whole tree is one pass over 16384 numbers, and never kept:
 *
 *   level 0: all shared slots   1: parts of 512 slots   2: parts of 16   3: the slots, as summaries
 *
 * A slot only one of the two owns adds nothing: trees over all a node holds would always differ, and say nothing. Both
 * must count by the same placement, which questions name.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import type { SlotRoles } from './slot-roles.ts'

/** The slots below a node of a level, as a shift. */
const SHIFTS = [14, 9, 4, 0] as const
export const LEAF_LEVEL = 3

export function nodeCount(level: number): number {
  return SLOT_COUNT >>> SHIFTS[level]!
}

/** The first of a node's children, and how many it has; a root has no parent, and is its own only child. */
export function childrenOf(level: number, parent: number): { first: number; count: number } {
  if (level === 0) return { first: 0, count: 1 }
  const bits = SHIFTS[level - 1]! - SHIFTS[level]!
  return { first: parent << bits, count: 1 << bits }
}

export function leafParentOf(slot: number): number {
  return slot >>> SHIFTS[LEAF_LEVEL - 1]!
}

export class SlotTree {
  /** 1: both own the slot. */
  readonly isShared = new Uint8Array(SLOT_COUNT)
  sharedCount = 0
  /** Two sums a node, side by side, of the level measured last. */
  readonly sums = new Int32Array(2 * nodeCount(LEAF_LEVEL - 1))

  /** The slots shared with this owner. */
  share(roles: SlotRoles, peerId: string): void {
    const isIn = roles.groups.map(({ peerIds }) => (peerIds.includes(peerId) ? 1 : 0))
    this.sharedCount = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const shares = isIn[roles.groupOf[slot]!] ?? 0
      this.isShared[slot] = shares
      this.sharedCount += shares
    }
  }

  /** The sums of all nodes of a level above the leaves. */
  measure(space: Keyspace, level: number): void {
    const { isShared, sums } = this
    const digests = space.digest.sums
    const removals = space.tombstones?.sums ?? NO_REMOVALS
    const shift = SHIFTS[level]!
    sums.fill(0, 0, 2 * nodeCount(level))
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (isShared[slot] === 0) continue
      const at = (slot >>> shift) << 1
      let word = Math.imul(digests[slot << 1]! ^ Math.imul(slot + 1, 0x9e3779b1), 0x85ebca6b)
      word = Math.imul(word ^ (word >>> 13) ^ removals[slot]!, 0xc2b2ae35)
      word ^= word >>> 16
      sums[at] = (sums[at]! + word) | 0
      const second = Math.imul(digests[(slot << 1) + 1]! ^ word, 0x27d4eb2f)
      sums[at + 1] = (sums[at + 1]! + (second ^ (second >>> 15))) | 0
    }
  }
}

const NO_REMOVALS = new Uint32Array(SLOT_COUNT)
