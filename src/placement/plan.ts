/**
 * Plan [Rule]: what changes hands between two placements: ranges of slots with their owners before and after, who gains a
 * copy and from whom it can be had, who may drop one. A change of rank alone is in the plan too: nothing is to be
 * copied, but another member may be the primary. Ids, not numbers, because a number means nothing across placements.
 * It refuses to know entries and how they travel.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Placement } from './placement.ts'

export interface PlanRange {
  readonly start: number
  /** The last slot of the range. */
  readonly end: number
  /** In rank order; those before are the candidates to copy from, best first. */
  readonly before: readonly string[]
  readonly after: readonly string[]
  /** Members that own the slots now and did not before. */
  readonly gained: readonly string[]
  /** Members that owned the slots before and do not now. */
  readonly lost: readonly string[]
  readonly hasNewPrimary: boolean
}

export interface Plan {
  /** Ascending; slots whose owners are the same in the same order are in none of them. */
  readonly ranges: readonly PlanRange[]
  /** (slot, owner) places that have to be filled. */
  readonly placesGained: number
  readonly placesLost: number
  readonly primariesChanged: number
}

export function planOf(before: Placement, after: Placement): Plan {
  const numbers = Int32Array.from(before.members, (id) => after.numberOf(id))
  const ranges: PlanRange[] = []
  let placesGained = 0
  let placesLost = 0
  let primariesChanged = 0
  for (let slot = 0, start = 0; slot < SLOT_COUNT; slot++) {
    const isLast = slot + 1 === SLOT_COUNT
    if (!isLast && hasSameRow(before, slot, slot + 1) && hasSameRow(after, slot, slot + 1)) continue
    if (!isUnchanged(before, after, slot, numbers)) {
      const range = rangeOf(before, after, start, slot)
      ranges.push(range)
      const slotCount = slot - start + 1
      placesGained += slotCount * range.gained.length
      placesLost += slotCount * range.lost.length
      if (range.hasNewPrimary) primariesChanged += slotCount
    }
    start = slot + 1
  }
  return { ranges, placesGained, placesLost, primariesChanged }
}

/** The ranges of a plan of which this member has copies to fetch. */
export function gainsOf(plan: Plan, id: string): PlanRange[] {
  return plan.ranges.filter(({ gained }) => gained.includes(id))
}

/** The ranges of a plan of which this member's copies are no longer wanted. */
export function lossesOf(plan: Plan, id: string): PlanRange[] {
  return plan.ranges.filter(({ lost }) => lost.includes(id))
}

function rangeOf(before: Placement, after: Placement, start: number, end: number): PlanRange {
  const ownersBefore = Array.from(before.ownersOf(start), (member) => before.members[member]!)
  const ownersAfter = Array.from(after.ownersOf(start), (member) => after.members[member]!)
  return {
    start,
    end,
    before: ownersBefore,
    after: ownersAfter,
    gained: ownersAfter.filter((id) => !ownersBefore.includes(id)),
    lost: ownersBefore.filter((id) => !ownersAfter.includes(id)),
    hasNewPrimary: ownersBefore[0] !== ownersAfter[0],
  }
}

function hasSameRow({ owners, copies }: Placement, slot: number, other: number): boolean {
  for (let rank = 0; rank < copies; rank++) {
    if (owners[slot * copies + rank] !== owners[other * copies + rank]) return false
  }
  return true
}

function isUnchanged(before: Placement, after: Placement, slot: number, numbers: Int32Array): boolean {
  const { copies } = after
  if (before.copies !== copies) return false
  for (let rank = 0; rank < copies; rank++) {
    if (numbers[before.owners[slot * copies + rank]!] !== after.owners[slot * copies + rank]) return false
  }
  return true
}
