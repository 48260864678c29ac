/**
 * Witnesses [Rule]: who is asked about a slot, and whether they have said enough to know all that was confirmed there.
 *
 * A confirmed write is with a quorum of the owners of its time. So a quorum of today's owners who are whole knows it; or
 * all of them, whole or not, as then nobody is left who could know more; or, after a change of owners that has not been
 * settled here yet, a majority of those before it who are whole, with a quorum of today's beside them for what came since.
 * Former owners that may answer are waited for in any case; and those under whom the slot was served last until enough of
 * them have been heard (heritage.ts). It refuses to know for how long, and asks nobody itself.
 */
import type { FormerOwners } from './former-owners.ts'
import { HEARD, HEARD_SETTLED, HEARD_WHOLE, type Heritage, UNHEARD } from './heritage.ts'
import type { SlotRoles } from './slot-roles.ts'
import type { OwnersSummaries } from './slot-runs.ts'
import { BEREFT, OWNED, type SlotSummary, WHOLE } from './slot-summary.ts'
import type { Survey } from './survey.ts'

const NOBODY: readonly string[] = []

export interface WitnessParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly former: FormerOwners
  readonly heritage: Heritage
  readonly mayAnswer: (peerId: string) => boolean
}

/** Neighbours mostly have the same owners, now and before: then the same are asked. */
interface Asked {
  readonly owners: readonly string[]
  readonly lost: readonly string[]
  readonly heirs: readonly string[]
  readonly joined: readonly string[]
}

export class Witnesses {
  readonly #parts: WitnessParts
  /** Who was asked last, and for whose sake. */
  #known: Asked | null = null

  constructor(parts: WitnessParts) {
    this.#parts = parts
  }

  /** Whom this node believes to be alive may have changed. */
  forget(): void {
    this.#known = null
  }

  /** The other owners of today. */
  ownersOf(slot: number): readonly string[] {
    const { roles } = this.#parts
    return roles.groups[roles.groupOf[slot]!]?.peerIds ?? NOBODY
  }

  /**
   * The same, and those former ones that may answer, of several generations the last one, or `all`: the very same list for
   * neighbours of whom this is true.
   */
  of(slot: number, all = true): readonly string[] {
    const { former, heritage } = this.#parts
    const owners = this.ownersOf(slot)
    const lost = former.of(slot)
    if (lost.length === 0 && !heritage.isOwed(slot)) return owners
    const heirs = heritage.ownersOf(slot, all)
    const known = this.#known
    if (known !== null && known.owners === owners && known.lost === lost && known.heirs === heirs)
      return known.joined
    const joined = this.#joined(owners, [...lost, ...heirs])
    this.#known = { owners, lost, heirs, joined }
    return joined
  }

  /** Are both slots owned by the same, now and before, so that what is enough for one is for the other? */
  areAlike(slot: number, other: number): boolean {
    const { former, heritage, roles } = this.#parts
    return (
      roles.groupOf[slot] === roles.groupOf[other] &&
      former.of(slot) === former.of(other) &&
      former.electorateOf(slot) === former.electorateOf(other) &&
      heritage.areAlike(slot, other)
    )
  }

  #joined(owners: readonly string[], former: readonly string[]): readonly string[] {
    const { mayAnswer, selfId } = this.#parts
    const others = new Set(former.filter(mayAnswer))
    others.delete(selfId)
    for (const id of owners) others.delete(id)
    return others.size === 0 ? owners : [...owners, ...others]
  }

  areNone(slot: number): boolean {
    return this.ownersOf(slot).length === 0 && this.of(slot).length === 0
  }

  /** `isWhole`: this node has a memory of the slot. */
  haveSaidEnough(slot: number, isWhole: boolean, survey: Survey, place: number): boolean {
    const { roles } = this.#parts
    const { acksForQuorum, peerIds } = roles.groups[roles.groupOf[slot]!]!
    if (!this.isHeritageHeard(slot, isWhole, survey, place)) return false
    const owners = this.#witnessesOf(slot, survey, place, OWNED)
    if (owners >= peerIds.length) return true
    // Without a memory: so many that any quorum this node may once have been part of has another member among them.
    const needed = isWhole ? acksForQuorum : peerIds.length - acksForQuorum + 1
    if (this.#witnessesOf(slot, survey, place, OWNED | WHOLE) >= Math.max(acksForQuorum, needed)) return true
    return owners >= acksForQuorum && this.#knowWhatWasBefore(slot, isWhole, survey, place)
  }

  /**
   * Who waits for former owners is no witness, whole or not, except to those who wait themselves: else two would vouch for
   * each other, each on the strength of the other's word.
   */
  #witnessesOf(slot: number, survey: Survey, place: number, flags: number): number {
    const bereft = this.#parts.heritage.isOwed(slot) ? 0 : survey.countOf(place, flags | BEREFT)
    return survey.countOf(place, flags) - bereft
  }

  /** Of those under whom the slot was served last, enough have been heard, or somebody says that he has heard them. */
  isHeritageHeard(slot: number, isWhole: boolean, survey: Survey | null, place: number): boolean {
    const { heritage, selfId } = this.#parts
    if (!heritage.isOwed(slot)) return true
    const whole = survey === null ? 0 : survey.countOf(place, OWNED | WHOLE)
    if (survey !== null && whole > survey.countOf(place, OWNED | WHOLE | BEREFT)) return true
    const wordOf = (id: string): number => {
      if (id === selfId) return isWhole ? HEARD_WHOLE : HEARD
      const flags = survey?.flagsOf(place, id) ?? 0
      if (flags === 0) return UNHEARD
      if ((flags & WHOLE) === 0) return HEARD
      return (flags & BEREFT) === 0 ? HEARD_SETTLED : HEARD_WHOLE
    }
    return heritage.isHeard(slot, wordOf, selfId)
  }

  #knowWhatWasBefore(slot: number, isWhole: boolean, survey: Survey, place: number): boolean {
    const before = this.#parts.former.electorateOf(slot)
    if (before.length === 0) return false
    let whole = isWhole && before.includes(this.#parts.selfId) ? 1 : 0
    const bereft = this.#parts.heritage.isOwed(slot) ? 0 : BEREFT
    for (const { flags, peerId } of survey.answers)
      if ((flags[place]! & (WHOLE | bereft)) === WHOLE && before.includes(peerId)) whole++
    return whole > before.length >> 1
  }

  /**
   * What was confirmed is with enough owners; what was not, and is here all the same, has yet to be brought to them: who
   * acts answers from its own copy, and what it has told must outlive it. Undefined: enough have it. Who lacks least comes
   * first: one that knows the slot.
   */
  firstBehind(
    slot: number,
    { answers }: Survey,
    place: number,
    own: SlotSummary,
  ): OwnersSummaries | undefined {
    const { roles } = this.#parts
    const { acksForQuorum } = roles.groups[roles.groupOf[slot]!]!
    let holding = 0
    let behind: OwnersSummaries | undefined
    for (const answer of answers) {
      if (!answer.isOwner(place)) continue
      if (own.isNothing || answer.holdsAll(place) || answer.isEqual(place, own)) holding++
      else if (behind === undefined || (answer.isWholeOwner(place) && !behind.isWholeOwner(place)))
        behind = answer
    }
    return holding >= acksForQuorum ? undefined : behind
  }

  /** An owner that may answer has not. */
  isOwnerAwaited(slot: number, survey: Survey): boolean {
    return this.ownersOf(slot).some((id) => this.#parts.mayAnswer(id) && !survey.hasHeard(id))
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
