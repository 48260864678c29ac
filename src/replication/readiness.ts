/**
 * Readiness [Rule, with the memory of one verdict]: may a slot that has been asked about go on with what was said of it?
 *
 * Enough is enough to be right (witnesses.ts). Who acted or owned the slot before is waited for nevertheless, as long as it
 * may answer: writes it has run and nobody has confirmed yet are then confirmed here instead of left open.
 *
 * Neighbours mostly are alike - the same owners, now and before, of whom the same was said - and what was found of the one
 * before is true of the next: a node that starts asks about thousands of slots at once. It asks nobody.
 */
import type { PendingSlots } from './pending-slots.ts'
import type { Survey } from './survey.ts'
import type { Witnesses } from './witnesses.ts'

export class Readiness {
  readonly #pending: PendingSlots
  readonly #witnesses: Witnesses
  readonly #isWhole: (slot: number) => boolean
  // The slot judged last, all that was known of it, and the verdict.
  #slot = -1
  #survey: Survey | null = null
  #answers = 0
  #said = 0
  #wasWhole = false
  #wasPatient = false
  #verdict = false

  constructor(pending: PendingSlots, witnesses: Witnesses, isWhole: (slot: number) => boolean) {
    this.#pending = pending
    this.#witnesses = witnesses
    this.#isWhole = isWhole
  }

  /** What the verdict followed from may be otherwise by now. */
  forget(): void {
    this.#survey = null
  }

  /** `attemptsMax`: how often former owners are asked that do not answer. */
  mayGoOn(slot: number, attemptsMax: number): boolean {
    const { attempts, places, surveys } = this.#pending
    const survey = surveys[slot]!
    const said = survey.wordOn(places[slot]!)
    const isWhole = this.#isWhole(slot)
    const isPatient = attempts[slot]! < attemptsMax
    const isKnown =
      survey === this.#survey &&
      survey.answers.length === this.#answers &&
      said === this.#said &&
      isWhole === this.#wasWhole &&
      isPatient === this.#wasPatient &&
      this.#isLikeLast(slot)
    if (!isKnown) this.#verdict = this.#judge(slot, survey, isWhole, isPatient)
    this.#slot = slot
    this.#survey = Number.isSafeInteger(said) ? survey : null
    this.#answers = survey.answers.length
    this.#said = said
    this.#wasWhole = isWhole
    this.#wasPatient = isPatient
    return this.#verdict
  }

  #isLikeLast(slot: number): boolean {
    const { holders, isClaim, surveys } = this.#pending
    const last = this.#slot
    // What has settled since, or begun anew, is not any more what was judged.
    if (surveys[last] !== surveys[slot]) return false
    if (isClaim[slot] !== isClaim[last]) return false
    return holders[slot] === holders[last] && this.#witnesses.areAlike(slot, last)
  }

  #judge(slot: number, survey: Survey, isWhole: boolean, isPatient: boolean): boolean {
    const { holders, isClaim, places } = this.#pending
    const place = places[slot]!
    const witnesses = this.#witnesses
    if (!witnesses.haveSaidEnough(slot, isWhole, survey, place)) return false
    if (isPatient && witnesses.isFormerAwaited(slot, survey)) return false
    return isClaim[slot] === 0 || !witnesses.isHolderAwaited(slot, holders[slot]!, survey, place)
  }
}
