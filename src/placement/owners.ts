/**
 * Owners [Machine]: who acts for each slot, as one node believes: the acting primary is the first owner believed alive.
 *
 * Everything a command needs is read from tables by slot, rebuilt when the placement or the belief changes. Dead
 * owners still count when a quorum is asked for, so that a minority never becomes one by burying the others.
 * It refuses to know how liveness is found out. Inputs: onView.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { Placement } from './placement.ts'

export type Level = 'one' | 'quorum' | 'all'

/** A member number that is nobody's, and a rank that nobody has. */
export const NOBODY = 0xffff
const NO_RANK = 0xff

/** How many of `ownerCount` owners a level asks for. */
export function quorumOf(ownerCount: number, level: Level): number {
  if (level === 'one') return 1
  return level === 'all' ? Math.max(1, ownerCount) : (ownerCount >>> 1) + 1
}

/** One owner of a slot, for people to read. */
export interface OwnerNote {
  readonly id: string
  readonly rank: number
  readonly isAlive: boolean
  readonly isActing: boolean
}

export class Owners {
  placement = new Placement([], 0, new Uint16Array(0))
  /** This node's number, -1 when it holds no data. */
  self = -1
  /** By slot: the member that acts as primary, NOBODY when every owner is believed dead. */
  readonly acting = new Uint16Array(SLOT_COUNT).fill(NOBODY)
  /** By slot: how many owners are believed alive. */
  readonly liveCounts = new Uint8Array(SLOT_COUNT)
  /** Slots this node acts for, and slots nobody acts for. */
  actingCount = 0
  orphanCount = SLOT_COUNT
  readonly #actingRanks = new Uint8Array(SLOT_COUNT).fill(NO_RANK)
  readonly #selfRanks = new Int8Array(SLOT_COUNT).fill(-1)
  /** By member number. */
  #isAlive = new Uint8Array(0)

  onView(placement: Placement, isAlive: (id: string) => boolean, selfId: string): void {
    this.placement = placement
    this.self = placement.numberOf(selfId)
    this.#isAlive = Uint8Array.from(placement.members, (id) => (isAlive(id) ? 1 : 0))
    this.actingCount = 0
    this.orphanCount = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.#rebuild(slot)
  }

  #rebuild(slot: number): void {
    const { owners, copies } = this.placement
    let actingRank = NO_RANK
    let liveCount = 0
    let selfRank = -1
    for (let rank = 0; rank < copies; rank++) {
      const member = owners[slot * copies + rank]!
      if (member === this.self) selfRank = rank
      if (this.#isAlive[member] !== 1) continue
      liveCount++
      if (actingRank === NO_RANK) actingRank = rank
    }
    const acting = actingRank === NO_RANK ? NOBODY : owners[slot * copies + actingRank]!
    this.acting[slot] = acting
    this.#actingRanks[slot] = actingRank
    this.liveCounts[slot] = liveCount
    this.#selfRanks[slot] = selfRank
    if (acting === NOBODY) this.orphanCount++
    else if (acting === this.self) this.actingCount++
  }

  isAlive(member: number): boolean {
    return this.#isAlive[member] === 1
  }

  isActing(slot: number): boolean {
    return this.acting[slot] === this.self && this.self >= 0
  }

  /** This node's rank in the slot, -1 when it owns no copy. */
  selfRank(slot: number): number {
    return this.#selfRanks[slot]!
  }

  /** True when enough owners are believed alive; without any owners nothing can be met. */
  canMeet(slot: number, level: Level): boolean {
    return this.liveCounts[slot]! >= quorumOf(this.placement.copies, level)
  }

  /**
   * Whether to take effects from this member: it is an owner, and no owner ranked before it is heard from. A member
   * believed dead that speaks up may be right; two acting primaries still cannot both gather a quorum.
   */
  mayAct(slot: number, member: number): boolean {
    const rank = this.placement.rankOf(slot, member)
    return rank >= 0 && rank <= this.#actingRanks[slot]!
  }

  /** In rank order. Allocates. */
  notes(slot: number): OwnerNote[] {
    return Array.from(this.placement.ownersOf(slot), (member, rank) => ({
      id: this.placement.members[member]!,
      rank,
      isAlive: this.isAlive(member),
      isActing: this.acting[slot] === member,
    }))
  }
}
