/**
 * Settling [Machine]: makes sure that this node knows what was confirmed before it speaks for a slot.
 *
 *   due -> surveyed -> enough owners have answered -> what is newer there is pulled -> settled
 *    ^                      |  too few, or a pull failed
 *    +------- resting <-----+
 *
 * Two needs, one way. Who begins to act for a slot claims it (claims.ts) and needs a quorum of its owners, itself
 * counted. Who has no memory of a slot - it has just started, or became an owner - needs more: any write it may have
 * confirmed in an earlier life must be with one of those it hears, and its own word counts nowhere until then. Only owners
 * that are whole count, unless all owners answer: then there is nobody left who could know more.
 *
 * What others lack is pushed to them afterwards. It decides neither who acts nor who is ready to.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { Heritage } from './heritage.ts'
import { ASKED, DUE, EXCHANGING, PendingSlots, READY } from './pending-slots.ts'
import { Readiness } from './readiness.ts'
import type { SettlingLimits, SettlingParts, SettlingPorts } from './settling-ports.ts'
import { SlotExchanges } from './slot-exchanges.ts'
import { SERVING, UNSETTLED } from './slot-roles.ts'
import type { OwnersSummaries } from './slot-runs.ts'
import { GRANTED, SlotSummary } from './slot-summary.ts'
import { Survey, type SurveyEvents } from './survey.ts'
import { WholeSlots } from './whole-slots.ts'
import { Witnesses } from './witnesses.ts'

interface Exchange {
  isNeeded(): boolean
  readonly done: (isDone: boolean) => void
}

export class Settling implements SurveyEvents {
  limits: SettlingLimits = {
    surveysMax: 16,
    slotsPerSurvey: 512,
    pullsMax: SLOT_COUNT,
    formerAttemptsMax: 14,
    copyAttemptsMax: 2,
    restMsMin: 20,
    restMsMax: 500,
    reclaimMs: 100,
  }
  readonly counters = {
    surveys: 0,
    settled: 0,
    madeWhole: 0,
    pulls: 0,
    pushes: 0,
    exchangesFailed: 0,
    rests: 0,
  }
  readonly #parts: SettlingParts
  readonly #ports: SettlingPorts
  readonly #memory = new WholeSlots()
  /** When each slot was last claimed, or lost to a claim. */
  readonly #claimedMs = new Float64Array(SLOT_COUNT).fill(Number.NEGATIVE_INFINITY)
  readonly #pending = new PendingSlots()
  readonly #exchanges = new SlotExchanges()
  readonly #witnesses: Witnesses
  readonly #readiness: Readiness
  readonly #heritage = new Heritage()
  readonly #surveys = new Set<Survey>()
  #hasToldWhole = false
  #isAdvancing = false
  readonly #settled: number[] = []
  readonly #own = new SlotSummary()

  constructor(parts: SettlingParts, ports: SettlingPorts) {
    this.#parts = parts
    this.#ports = ports
    const { former, roles, selfId } = parts
    const mayAnswer = (peerId: string): boolean => ports.mayAnswer(peerId)
    this.#witnesses = new Witnesses({ selfId, roles, former, heritage: this.#heritage, mayAnswer })
    this.#readiness = new Readiness(this.#pending, this.#witnesses, (slot) => this.isWhole(slot))
  }

  /** Slots on their way. */
  get pendingCount(): number {
    return this.#pending.count
  }

  get exchangesUnderWay(): number {
    return this.#exchanges.underWay
  }

  /** Owned slots whose content this node cannot vouch for yet. */
  get missingCount(): number {
    return this.#memory.missing
  }

  /** Former owners have yet to be heard before this node, or anybody who relies on it, speaks for the slot. */
  isBereft(slot: number): boolean {
    return this.#heritage.isOwed(slot)
  }

  /** Had they yet to be heard when the owners changed last? */
  wasBereft(slot: number): boolean {
    this.#latestChange()
    return this.#heritage.wasOwed(slot)
  }

  isWhole(slot: number): boolean {
    return this.#memory.isWhole(slot)
  }

  /** The owners have changed (after `SlotRoles.update`): slots that are new here have to be learnt. */
  onOwners(): void {
    const { claims, roles } = this.#parts
    const change = this.#latestChange()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const isOwned = roles.owns(slot)
      const isNew = this.#memory.own(slot, isOwned)
      // What began when the roles followed the change asks these owners already.
      const isPending = this.#pending.has(slot)
      const isOpen = isNew || this.#heritage.isOwed(slot)
      const isStale = isPending ? this.#pending.changes[slot] !== change : isOpen
      if (isOwned && isStale) this.#begin(slot, roles.roles[slot] === UNSETTLED)
      if (isOwned) continue
      claims.release(slot)
      this.#pending.drop(slot)
    }
    this.#pump()
  }

  /** This node's memory counts for nothing any more: it has been out of the mesh. */
  forgetAll(): void {
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (!this.#memory.isOwned(slot)) continue
      this.#memory.forget(slot)
      this.#begin(slot, this.#parts.roles.roles[slot] === UNSETTLED)
    }
    this.#pump()
  }

  /** This one has left in good order, or its data is given up: its word is not waited for. False: nobody waits for it. */
  excuse(id: string): boolean {
    return this.#heritage.excuse(id)
  }

  /** This node begins to act for these slots, or has been contradicted there. */
  onUnsettled(slots: readonly number[]): void {
    for (const slot of slots) this.#begin(slot, true)
    this.#pump()
  }

  /** It has granted another owner's claim of slots it acts for: if it still does, it claims them back, but not at once. */
  onOutclaimed(slots: readonly number[]): void {
    const nowMs = this.#ports.monotonicMs()
    for (const slot of slots) {
      this.#claimedMs[slot] = nowMs
      this.#parts.roles.unsettle(slot)
    }
  }

  /** It acts for them no longer. */
  onLost(slots: readonly number[]): void {
    const pending = this.#pending
    for (const slot of slots) {
      if (!pending.has(slot) || pending.isClaim[slot] === 0) continue
      if (this.#memory.isMissing(slot) || this.#heritage.isOwed(slot)) this.#begin(slot, false)
      else pending.drop(slot)
    }
    this.#pump()
  }

  onTick(nowMs: number): void {
    this.#pending.onTick(nowMs)
    for (const survey of this.#surveys) survey.askAgain(nowMs)
    this.#pump()
  }

  onAnswer(survey: Survey, answer: OwnersSummaries): void {
    const { claims, former, roles } = this.#parts
    const { isClaim, phases, surveys } = this.#pending
    for (let place = 0; place < survey.slots.length; place++) {
      const slot = survey.slots[place]!
      const isOwner = answer.isOwner(place)
      if (!isOwner && former.of(slot).length === 0 && !this.#heritage.isOwed(slot)) continue
      // Under a lower term than some owner has promised this node may settle, but not write there: it claims again.
      if (isOwner && claims.learn(slot, answer.promisedTerms[place]!)) roles.unsettle(slot)
      if (isOwner && !this.#pending.has(slot)) this.#onLate(slot, answer, place)
      if (surveys[slot] !== survey) continue
      // Who grants nothing has not answered a claim.
      if (isOwner && isClaim[slot] === 1 && (answer.flags[place]! & GRANTED) === 0) answer.flags[place] = 0
      else if (phases[slot] === ASKED && this.#mayGoOn(slot)) this.#pending.turnTo(slot, READY)
    }
    if (!survey.isOver) this.#pump()
  }

  /** The slot has settled without it: if the answerer lacks something it is brought to it. */
  #onLate(slot: number, answer: OwnersSummaries, place: number): void {
    const { exchange, repairs, roles } = this.#parts
    if (roles.roles[slot] !== SERVING) return
    this.#own.measure(exchange.space, slot)
    if (answer.isWholeOwner(place) && !answer.isEqual(place, this.#own)) repairs.offer(answer.peerId, slot)
  }

  onEnd(survey: Survey): void {
    this.#surveys.delete(survey)
    const { phases, surveys } = this.#pending
    const nowMs = this.#ports.monotonicMs()
    for (const slot of survey.slots) {
      if (surveys[slot] !== survey || phases[slot] !== ASKED) continue
      if (this.#mayGoOn(slot)) this.#pending.turnTo(slot, READY)
      else this.#rest(slot, nowMs)
    }
    this.#pump()
  }

  #begin(slot: number, isClaim: boolean): void {
    this.#pending.drop(slot)
    const change = this.#latestChange()
    const isAlone = this.#witnesses.areNone(slot)
    const isHeard = isAlone && this.#witnesses.isHeritageHeard(slot, this.isWhole(slot), null, 0)
    const nowMs = this.#ports.monotonicMs()
    // There is nobody to ask: what this node knows is all there is.
    if (isHeard) return this.#noteSettled(slot, isClaim ? this.#claim(slot, nowMs) : 0)
    const dueMs = isClaim ? this.#claimedMs[slot]! + this.limits.reclaimMs : 0
    this.#pending.begin(slot, isClaim, this.#parts.claims.holderOf(slot), change)
    if (isAlone) this.#rest(slot, nowMs)
    else if (dueMs > nowMs) this.#pending.restUntil(slot, dueMs)
  }

  #rest(slot: number, nowMs = this.#ports.monotonicMs()): void {
    const { restMsMax, restMsMin } = this.limits
    this.counters.rests++
    this.#pending.rest(slot, nowMs, restMsMin, restMsMax)
  }

  /** Of the owners slots begin to be settled with. */
  #latestChange(): number {
    return this.#heritage.follow(this.#parts.roles.table)
  }

  #mayGoOn(slot: number): boolean {
    return this.#readiness.mayGoOn(slot, this.limits.formerAttemptsMax)
  }

  /** Everything that can go on goes on. */
  #pump(): void {
    // An exchange that has nothing to ask ends within the call: the loop it was begun in goes on with it.
    if (this.#isAdvancing) return
    while (this.#surveys.size < this.limits.surveysMax && this.#pending.counts[DUE]! > 0) this.#survey()
    this.#isAdvancing = true
    this.#advanceReady()
    this.#isAdvancing = false
    this.#parts.intake.pump()
    if (this.#settled.length > 0) this.#ports.onSettled(this.#settled.splice(0))
    const { missing, ownedCount } = this.#memory
    if (missing > 0 || ownedCount === 0) this.#hasToldWhole = false
    else if (!this.#hasToldWhole) this.#hasToldWhole = this.#ports.onWhole()
    this.#witnesses.forget()
    this.#readiness.forget()
  }

  #survey(): void {
    const { counts, phases } = this.#pending
    const slotsMax = Math.min(this.limits.slotsPerSurvey, counts[DUE]!)
    const survey = new Survey(this.#parts.exchange, this, slotsMax)
    const nowMs = this.#ports.monotonicMs()
    for (const slot of this.#ports.waitingSlots()) {
      if (survey.isFull) break
      if (phases[slot] === DUE) this.#ask(slot, survey, nowMs)
    }
    for (let slot = this.#pending.next(DUE, 0); slot >= 0; slot = this.#pending.next(DUE, slot + 1)) {
      if (survey.isFull) break
      this.#ask(slot, survey, nowMs)
    }
    this.#surveys.add(survey)
    this.counters.surveys++
    survey.start(this.#ports.fingerprint(), nowMs)
  }

  #ask(slot: number, survey: Survey, nowMs: number): void {
    const { attempts, isClaim, terms } = this.#pending
    if (isClaim[slot] === 1) terms[slot] = this.#claim(slot, nowMs)
    const witnesses = this.#witnesses.of(slot, attempts[slot]! > 0)
    this.#pending.ask(slot, survey, survey.add(slot, terms[slot]!, witnesses))
  }

  #claim(slot: number, nowMs: number): number {
    const { claims, selfId } = this.#parts
    const term = claims.termOf(slot) + 1
    claims.promise(slot, selfId, term)
    this.#claimedMs[slot] = nowMs
    return term
  }

  #advanceReady(): void {
    const { pullsMax } = this.limits
    const { counts, phases } = this.#pending
    if (counts[READY] === 0) return
    for (const slot of this.#ports.waitingSlots()) {
      if (phases[slot] === READY && this.exchangesUnderWay < pullsMax) this.#advance(slot, true)
    }
    for (let slot = this.#pending.next(READY, 0); slot >= 0; slot = this.#pending.next(READY, slot)) {
      if (this.exchangesUnderWay >= pullsMax) return
      this.#advance(slot, false)
    }
  }

  /** Goes through the answers: what is newer there than what is here by now is pulled first. Hot: requests wait for it. */
  #advance(slot: number, isHot: boolean): void {
    const { dealt, isClaim, places, surveys } = this.#pending
    const { answers } = surveys[slot]!
    const place = places[slot]!
    this.#own.measure(this.#parts.exchange.space, slot)
    for (; dealt[slot]! < answers.length; dealt[slot]!++) {
      const answer = answers[dealt[slot]!]!
      if (answer.hasNews(place, this.#own)) return this.#pull(slot, answer)
    }
    const isActing = isClaim[slot] === 1
    const behind = isActing ? this.#witnesses.firstBehind(slot, surveys[slot]!, place, this.#own) : undefined
    if (behind === undefined) this.#finish(slot)
    else if (behind.isWholeOwner(place) || !this.#isCopyAwaited(slot, isHot)) this.#push(slot, behind)
    else if (surveys[slot]!.isOver) this.#rest(slot)
    else this.#pending.turnTo(slot, ASKED)
  }

  /** Who has yet to learn the slot fetches all of it: that is not brought to it beside that for want of one owner's word. */
  #isCopyAwaited(slot: number, isHot: boolean): boolean {
    const survey = this.#pending.surveys[slot]!
    const isPatient = this.#pending.attempts[slot]! < this.limits.copyAttemptsMax
    return isPatient && !(isHot && survey.isOver) && this.#witnesses.isOwnerAwaited(slot, survey)
  }

  #pull(slot: number, answer: OwnersSummaries): void {
    this.counters.pulls++
    const { attempts, dealt, exchanges, isClaim } = this.#pending
    const isNew = attempts[slot] === 0 && exchanges[slot] === 0 && !this.isWhole(slot)
    const { done, isNeeded } = this.#exchange(slot, answer, () => dealt[slot]!++)
    const { peerId } = answer
    this.#parts.intake.want({ slot, peerId, isClaim: isClaim[slot] === 1, isNew, isNeeded, done })
  }

  #push(slot: number, answer: OwnersSummaries): void {
    this.counters.pushes++
    const { done } = this.#exchange(slot, answer, () => answer.noteHoldsAll(this.#pending.places[slot]!))
    this.#parts.repairs.bring(answer.peerId, slot, done)
  }

  /** Notes that an exchange begins; answers whether it still is to, and what is to be called at its end. */
  #exchange(slot: number, answer: OwnersSummaries, onDone: () => void): Exchange {
    const { exchanges, phases } = this.#pending
    const number = this.#exchanges.begin(slot)
    exchanges[slot]!++
    this.#pending.turnTo(slot, EXCHANGING)
    const isNeeded = () => this.#exchanges.isLatest(slot, number) && phases[slot] === EXCHANGING
    const done = (isDone: boolean): void => {
      if (!isDone) this.counters.exchangesFailed++
      if (isNeeded()) this.#onExchanged(slot, answer, isDone, onDone)
      this.#exchanges.end(slot, number)
      this.#pump()
    }
    return { isNeeded, done }
  }

  #onExchanged(slot: number, answer: OwnersSummaries, isDone: boolean, onDone: () => void): void {
    const { places, surveys } = this.#pending
    if (isDone) onDone()
    else answer.flags[places[slot]!] = 0
    if (this.#mayGoOn(slot)) this.#pending.turnTo(slot, READY)
    else if (surveys[slot]!.isOver) this.#rest(slot)
    else this.#pending.turnTo(slot, ASKED)
  }

  #finish(slot: number): void {
    const { claims, exchange, repairs, selfId } = this.#parts
    const { isClaim, places, surveys, terms } = this.#pending
    const term = terms[slot]!
    const place = places[slot]!
    const { answers } = surveys[slot]!
    const isHeld = claims.holderOf(slot) === selfId && claims.termOf(slot) === term
    if (isClaim[slot] === 1 && !isHeld) return this.#rest(slot)
    const wasWhole = this.isWhole(slot)
    this.#pending.drop(slot)
    this.#noteSettled(slot, term)
    // Who has just learnt the slot has nothing to tell those it learnt it from.
    if (!wasWhole && isClaim[slot] === 0) return
    this.#own.measure(exchange.space, slot)
    for (const answer of answers) {
      if (answer.isWholeOwner(place) && !answer.isEqual(place, this.#own)) repairs.offer(answer.peerId, slot)
    }
  }

  /** `term`: of the claim, or 0. */
  #noteSettled(slot: number, term: number): void {
    this.#parts.former.forgetSlot(slot)
    if (this.#memory.learn(slot)) this.counters.madeWhole++
    this.#heritage.resolve(slot)
    if (term === 0 || this.#parts.roles.roles[slot] !== UNSETTLED) return
    this.#parts.exchange.space.terms[slot] = term
    this.counters.settled++
    this.#settled.push(slot)
  }
}
