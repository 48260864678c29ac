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
import type { Claims } from './claims.ts'
import type { Repairs } from './repairs.ts'
import { type ExchangeParts, SlotPull } from './slot-pull.ts'
import { SERVING, type SlotRoles, UNSETTLED } from './slot-roles.ts'
import { SlotSummary } from './slot-summary.ts'
import { SettlingTask } from './settling-task.ts'
import { type SlotAnswer, Survey, type SurveyedSlot, type SurveyEvents } from './survey.ts'

export interface SettlingPorts {
  monotonicMs(): number
  fingerprint(): number
  /** Is this owner believed alive? */
  mayAnswer(peerId: string): boolean
  /** Slots that commands are waiting for: they come first. */
  waitingSlots(): Iterable<number>
  /** This node knows all that was confirmed in these slots it acts for, and nobody else can add to it. */
  onSettled(slots: readonly number[]): void
  /**
   * This node owns slots, and none is left of which it has no memory: it may say that it is ready. False: not yet, as it
   * is no member just now; it is asked again.
   */
  onWhole(): boolean
}

export interface SettlingLimits {
  /** Questions to all owners under way, and slots in one. An answer of 2048 slots takes them a few milliseconds. */
  surveysMax: number
  slotsPerSurvey: number
  /** Slots being pulled at the same time: each has at most one page, or its entries, on the way. */
  pullsMax: number
  /** How long a slot rests after a failure, doubling. */
  restMsMin: number
  restMsMax: number
  /**
   * A slot is claimed at most this often. Two owners that each take the other for dead claim in turn: slowly, and so
   * that each can serve for a while, until they have heard of each other.
   */
  reclaimMs: number
}

export interface SettlingParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly claims: Claims
  readonly repairs: Repairs
  readonly exchange: ExchangeParts
}

export class Settling implements SurveyEvents {
  limits: SettlingLimits = {
    surveysMax: 4,
    slotsPerSurvey: 2048,
    pullsMax: 32,
    restMsMin: 20,
    restMsMax: 500,
    reclaimMs: 100,
  }
  readonly counters = { surveys: 0, settled: 0, madeWhole: 0, pulls: 0, pullsFailed: 0, rests: 0 }
  readonly #parts: SettlingParts
  readonly #ports: SettlingPorts
  readonly #isOwned = new Uint8Array(SLOT_COUNT)
  readonly #isWhole = new Uint8Array(SLOT_COUNT)
  /** When each slot was last claimed, or lost to a claim. */
  readonly #claimedMs = new Float64Array(SLOT_COUNT).fill(Number.NEGATIVE_INFINITY)
  readonly #tasks = new Map<number, SettlingTask>()
  readonly #due = new Set<SettlingTask>()
  readonly #ready = new Set<SettlingTask>()
  readonly #resting = new Set<SettlingTask>()
  #surveysUnderWay = 0
  #pullsUnderWay = 0
  /** Owned slots of which this node has no memory. */
  #missing = 0
  #ownedCount = 0
  #hasToldWhole = false
  readonly #settled: number[] = []
  readonly #own = new SlotSummary()

  constructor(parts: SettlingParts, ports: SettlingPorts) {
    this.#parts = parts
    this.#ports = ports
  }

  /** Slots on their way. */
  get pendingCount(): number {
    return this.#tasks.size
  }

  get pullsUnderWay(): number {
    return this.#pullsUnderWay
  }
  /** Owned slots whose content this node cannot vouch for yet. */
  get missingCount(): number {
    return this.#missing
  }

  isWhole(slot: number): boolean {
    return this.#isWhole[slot] === 1
  }

  /** The owners have changed (after `SlotRoles.update`): slots that are new here have to be learnt. */
  onOwners(): void {
    const { claims, roles, selfId } = this.#parts
    this.#missing = 0
    this.#ownedCount = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const isOwned = roles.rankOf(slot, selfId) >= 0
      const isNew = isOwned && this.#isOwned[slot] === 0
      this.#isOwned[slot] = isOwned ? 1 : 0
      if (isOwned) this.#ownedCount++
      if (isNew || !isOwned) this.#isWhole[slot] = 0
      if (isOwned && this.#isWhole[slot] === 0) this.#missing++
      if (isNew || (isOwned && this.#tasks.has(slot))) this.#begin(slot, roles.roles[slot] === UNSETTLED)
      if (isOwned) continue
      claims.release(slot)
      this.#drop(slot)
    }
    this.#pump()
  }

  /** This node's memory counts for nothing any more: it has been out of the mesh. */
  forgetAll(): void {
    this.#missing = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (this.#isOwned[slot] === 0) continue
      this.#missing++
      this.#isWhole[slot] = 0
      this.#begin(slot, this.#parts.roles.roles[slot] === UNSETTLED)
    }
    this.#pump()
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
    for (const slot of slots) {
      if (this.#tasks.get(slot)?.isClaim !== true) continue
      if (this.#isOwned[slot] === 1 && this.#isWhole[slot] === 0) this.#begin(slot, false)
      else this.#drop(slot)
    }
    this.#pump()
  }

  onTick(nowMs: number): void {
    for (const task of this.#resting) {
      if (task.dueMs > nowMs) continue
      this.#resting.delete(task)
      this.#due.add(task)
    }
    this.#pump()
  }

  onAnswer(survey: Survey, slot: number, answer: SlotAnswer): void {
    const { claims, roles } = this.#parts
    // Under a lower term than some owner has promised this node may settle, but not write there: it claims again.
    if (claims.learn(slot, answer.promisedTerm)) roles.unsettle(slot)
    const task = this.#tasks.get(slot)
    if (task === undefined) return this.#onLate(slot, answer)
    if (task.survey !== survey) return
    if (task.isClaim && !answer.isGranted) return
    task.answers.push(answer)
    if (task.pull === null && this.#mayGoOn(task)) this.#ready.add(task)
  }

  /** The slot has settled without it: if the answerer lacks something it is brought to it. */
  #onLate(slot: number, { peerId, summary }: SlotAnswer): void {
    const { exchange, repairs, roles } = this.#parts
    if (roles.roles[slot] !== SERVING) return
    this.#own.measure(exchange.space, slot)
    if (!this.#own.isEqual(summary)) repairs.offer(peerId, slot)
  }

  onPeer(): void {
    this.#pump()
  }

  onEnd(survey: Survey): void {
    this.#surveysUnderWay--
    for (const { slot } of survey.slots) {
      const task = this.#tasks.get(slot)
      if (task?.survey !== survey || task.pull !== null) continue
      if (this.#hasEnough(task)) this.#ready.add(task)
      else this.#rest(task)
    }
    this.#pump()
  }

  #begin(slot: number, isClaim: boolean): void {
    this.#drop(slot)
    if (this.#peersOf(slot).length === 0) return this.#settleAlone(slot, isClaim)
    const dueMs = isClaim ? this.#claimedMs[slot]! + this.limits.reclaimMs : 0
    const task = new SettlingTask(slot, isClaim, this.#parts.claims.holderOf(slot), dueMs)
    this.#tasks.set(slot, task)
    if (dueMs > this.#ports.monotonicMs()) this.#resting.add(task)
    else this.#due.add(task)
  }

  #drop(slot: number): void {
    const task = this.#tasks.get(slot)
    if (task === undefined) return
    this.#tasks.delete(slot)
    this.#due.delete(task)
    this.#ready.delete(task)
    this.#resting.delete(task)
  }

  #rest(task: SettlingTask): void {
    const { restMsMax, restMsMin } = this.limits
    this.counters.rests++
    const restMs = Math.min(restMsMax, restMsMin * 2 ** Math.min(task.attempts, 16))
    task.dueMs = this.#ports.monotonicMs() + restMs
    task.attempts++
    task.survey = null
    task.answers = []
    task.at = 0
    this.#resting.add(task)
  }

  #peersOf(slot: number): readonly string[] {
    const { roles } = this.#parts
    return roles.groups[roles.groupOf[slot]!]?.peerIds ?? []
  }

  /**
   * Enough is enough to be right. Who acted before is waited for nevertheless, as long as it may answer: writes it has
   * run and nobody has confirmed yet are then confirmed here instead of left open.
   */
  #mayGoOn(task: SettlingTask): boolean {
    if (!this.#hasEnough(task)) return false
    const { answers, holder, isClaim, slot, survey } = task
    if (!isClaim || survey!.isOver || answers.some(({ peerId }) => peerId === holder)) return true
    return !this.#peersOf(slot).includes(holder) || !this.#ports.mayAnswer(holder)
  }

  #hasEnough({ answers, slot }: SettlingTask): boolean {
    const { roles } = this.#parts
    const { acksForQuorum, peerIds } = roles.groups[roles.groupOf[slot]!]!
    if (answers.length >= peerIds.length) return true
    // Without a memory: so many that any quorum this node may once have been part of has another member among them.
    const needed = this.isWhole(slot) ? acksForQuorum : peerIds.length - acksForQuorum + 1
    let whole = 0
    for (const { isWhole } of answers) if (isWhole) whole++
    return whole >= Math.max(acksForQuorum, needed)
  }

  /** Everything that can go on goes on. */
  #pump(): void {
    while (this.#surveysUnderWay < this.limits.surveysMax && this.#due.size > 0) this.#survey()
    this.#advanceReady()
    if (this.#settled.length > 0) this.#ports.onSettled(this.#settled.splice(0))
    if (this.#missing > 0 || this.#ownedCount === 0) this.#hasToldWhole = false
    else if (!this.#hasToldWhole) this.#hasToldWhole = this.#ports.onWhole()
  }

  #survey(): void {
    const slots: SurveyedSlot[] = []
    for (const slot of this.#ports.waitingSlots()) {
      const task = this.#tasks.get(slot)
      if (slots.length >= this.limits.slotsPerSurvey) break
      if (task !== undefined && this.#due.has(task)) this.#ask(task, slots)
    }
    for (const task of this.#due) {
      if (slots.length >= this.limits.slotsPerSurvey) break
      this.#ask(task, slots)
    }
    if (slots.length === 0) return
    const survey = new Survey(this.#parts.exchange, slots, this)
    for (const { slot } of slots) this.#tasks.get(slot)!.survey = survey
    this.#surveysUnderWay++
    this.counters.surveys++
    survey.start(this.#ports.fingerprint())
  }

  #ask(task: SettlingTask, slots: SurveyedSlot[]): void {
    const { isClaim, slot } = task
    this.#due.delete(task)
    if (isClaim) task.term = this.#claim(slot)
    slots.push({ slot, claimTerm: task.term, peerIds: this.#peersOf(slot) })
  }

  #claim(slot: number): number {
    const { claims, selfId } = this.#parts
    const term = claims.termOf(slot) + 1
    claims.promise(slot, selfId, term)
    this.#claimedMs[slot] = this.#ports.monotonicMs()
    return term
  }

  /** There is nobody to ask: what this node knows is all there is. */
  #settleAlone(slot: number, isClaim: boolean): void {
    this.#noteSettled(slot, isClaim ? this.#claim(slot) : 0)
  }

  #advanceReady(): void {
    const { pullsMax } = this.limits
    if (this.#ready.size === 0) return
    for (const slot of this.#ports.waitingSlots()) {
      const task = this.#tasks.get(slot)
      if (task !== undefined && this.#ready.has(task) && this.#pullsUnderWay < pullsMax) this.#advance(task)
    }
    for (const task of this.#ready) {
      if (this.#pullsUnderWay >= pullsMax) return
      this.#advance(task)
    }
  }

  /** Goes through the answers: those that differ from what is here by now are pulled first. */
  #advance(task: SettlingTask): void {
    this.#ready.delete(task)
    this.#own.measure(this.#parts.exchange.space, task.slot)
    while (task.at < task.answers.length) {
      const { peerId, summary } = task.answers[task.at]!
      if (!this.#own.isEqual(summary)) return this.#pull(task, peerId)
      task.at++
    }
    this.#finish(task)
  }

  #pull(task: SettlingTask, peerId: string): void {
    this.counters.pulls++
    this.#pullsUnderWay++
    const done = (isDone: boolean) => this.#onPulled(task, isDone)
    task.pull = new SlotPull(this.#parts.exchange, peerId, task.slot, done)
    task.pull.start()
  }

  #onPulled(task: SettlingTask, isDone: boolean): void {
    this.#pullsUnderWay--
    task.pull = null
    if (!isDone) this.counters.pullsFailed++
    if (this.#tasks.get(task.slot) === task) {
      if (isDone) task.at++
      else task.answers.splice(task.at, 1)
      if (this.#mayGoOn(task)) this.#ready.add(task)
      else if (task.survey!.isOver) this.#rest(task)
    }
    this.#pump()
  }

  #finish(task: SettlingTask): void {
    const { claims, exchange, repairs, selfId } = this.#parts
    const { answers, isClaim, slot, term } = task
    const isHeld = claims.holderOf(slot) === selfId && claims.termOf(slot) === term
    if (isClaim && !isHeld) return this.#rest(task)
    this.#drop(slot)
    this.#noteSettled(slot, term)
    this.#own.measure(exchange.space, slot)
    for (const { peerId, summary } of answers) if (!this.#own.isEqual(summary)) repairs.offer(peerId, slot)
  }

  /** `term`: of the claim, or 0. */
  #noteSettled(slot: number, term: number): void {
    if (this.#isWhole[slot] === 0) {
      this.#isWhole[slot] = 1
      this.counters.madeWhole++
      if (this.#isOwned[slot] === 1) this.#missing--
    }
    if (term === 0 || this.#parts.roles.roles[slot] !== UNSETTLED) return
    this.#parts.exchange.space.terms[slot] = term
    this.counters.settled++
    this.#settled.push(slot)
  }
}
