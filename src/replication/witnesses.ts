/**
 * Witnesses [Rule]: who is asked about a slot, and whether they have said enough to know all that was confirmed there.
 *
 * A confirmed write is with a quorum of the owners of its time. So a quorum of today's owners who are whole knows it; or
 * all of them, whole or not, as then nobody is left who could know more; or, after a change of owners that has not been
 * settled here yet, a majority of those before it who are whole, with a quorum of today's beside them for what came since.
 * Former owners that may answer are waited for in any case. It refuses to know for how long, and asks nobody itself.
 */
import type { FormerOwners } from './former-owners.ts'
import type { SlotRoles } from './slot-roles.ts'
import { OWNED, WHOLE } from './slot-summary.ts'
import type { Survey } from './survey.ts'

export interface WitnessParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly former: FormerOwners
  readonly mayAnswer: (peerId: string) => boolean
}

export class Witnesses {
  readonly #parts: WitnessParts

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** The other owners of today. */
  ownersOf(slot: number): readonly string[] {
    const { roles } = this.#parts
    return roles.groups[roles.groupOf[slot]!]?.peerIds ?? []
  }

  /** The same, and those former ones that may answer. */
  of(slot: number): readonly string[] {
    const former = this.#parts.former.of(slot)
    if (former.length === 0) return this.ownersOf(slot)
    return [...this.ownersOf(slot), ...former.filter((id) => this.#parts.mayAnswer(id))]
  }

  /** `isWhole`: this node has a memory of the slot. */
  haveSaidEnough(slot: number, isWhole: boolean, survey: Survey, place: number): boolean {
    const { roles } = this.#parts
    const { acksForQuorum, peerIds } = roles.groups[roles.groupOf[slot]!]!
    const owners = survey.countOf(place, OWNED)
    if (owners >= peerIds.length) return true
    // Without a memory: so many that any quorum this node may once have been part of has another member among them.
    const needed = isWhole ? acksForQuorum : peerIds.length - acksForQuorum + 1
    if (survey.countOf(place, OWNED | WHOLE) >= Math.max(acksForQuorum, needed)) return true
    return owners >= acksForQuorum && this.#knowWhatWasBefore(slot, isWhole, survey, place)
  }

  #knowWhatWasBefore(slot: number, isWhole: boolean, survey: Survey, place: number): boolean {
    const before = this.#parts.former.electorateOf(slot)
    if (before.length === 0) return false
    let whole = isWhole && before.includes(this.#parts.selfId) ? 1 : 0
    for (const { flags, peerId } of survey.answers)
      if ((flags[place]! & WHOLE) !== 0 && before.includes(peerId)) whole++
    return whole > before.length >> 1
  }

  /** A former owner that may answer has not: perhaps it has yet to hear that the owners are others. */
  isFormerAwaited(slot: number, survey: Survey): boolean {
    const former = this.#parts.former.of(slot)
    if (former.length === 0) return false
    return former.some((id) => this.#parts.mayAnswer(id) && !survey.hasHeard(id))
  }

  /** Somebody else's word may yet come that it would be better to have: who acted before, and may answer. */
  isHolderAwaited(slot: number, holder: string, survey: Survey, place: number): boolean {
    if (survey.isOver || survey.hasAnswered(place, holder)) return false
    return this.ownersOf(slot).includes(holder) && this.#parts.mayAnswer(holder)
  }
}
