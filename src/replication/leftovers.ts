/**
 * Leftovers [Machine]: slots this node has lost and still holds. What it has there is dropped only when the new owners have
 * it: their word is asked for, what one of them lacks is brought to it, and then memory is given back, a little at a time.
 *
 *   lost -> asked -> every owner is whole and has what is here -> dropping -> gone
 *    ^        |  one lacks something: pushed, then it has it
 *    +-- rest +  one is not whole yet, or silent
 *
 * An owner that is gone is not waited for where a quorum has everything: then it is as safe as any confirmed write. Until a
 * slot is dropped this node's word on it still counts with those who settle there (former-owners.ts). It decides neither
 * who owns what nor who is alive.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { ExchangeParts } from './slot-pull.ts'
import { SlotPush } from './slot-push.ts'
import type { SlotRoles } from './slot-roles.ts'
import { SlotSummary } from './slot-summary.ts'
import type { OwnersSummaries } from './slot-runs.ts'
import { Survey } from './survey.ts'
import type { Transfers } from './transfers.ts'

export interface LeftoverParts {
  readonly roles: SlotRoles
  readonly transfers: Transfers
  readonly exchange: ExchangeParts
}

export interface LeftoverPorts {
  monotonicMs(): number
  monotonicUs(): number
  fingerprint(): number
  mayAnswer(peerId: string): boolean
  after(delayMs: number, run: () => void): void
}

export interface LeftoverLimits {
  surveysMax: number
  slotsPerSurvey: number
  pushesMax: number
  /** How long a slot rests before it is asked about again, doubling. */
  restMsMin: number
  restMsMax: number
  /** Slots that are not owned and hold something all the same - a late entry - are looked for this often. */
  sweepMs: number
  /** For giving memory back, in one go: requests wait meanwhile. */
  dropBudgetUs: number
  /** Between two goes. */
  dropPauseMs: number
}

/** One slot on its way out. */
interface Leftover {
  readonly slot: number
  /** What is here as it was asked about. */
  readonly own: SlotSummary
  readonly agreed: Set<string>
  /** Owners that lack something, one after the other. */
  behind: string[]
  survey: Survey | null
  attempts: number
  dueMs: number
}

const DROP_STEP_KEYS = 64
/** Up to here a slot is dropped in one go, which is cheaper than key by key: a tenth of a millisecond. */
const DROP_WHOLE_KEYS_MAX = 256

export class Leftovers {
  limits: LeftoverLimits = {
    surveysMax: 2,
    slotsPerSurvey: 512,
    pushesMax: 8,
    restMsMin: 50,
    restMsMax: 2000,
    sweepMs: 5000,
    dropBudgetUs: 500,
    dropPauseMs: 10,
  }
  readonly counters = {
    lost: 0,
    surveys: 0,
    pushes: 0,
    pushesFailed: 0,
    retries: 0,
    dropped: 0,
    keysDropped: 0,
  }
  readonly #parts: LeftoverParts
  readonly #ports: LeftoverPorts
  readonly #wasWhole = new Uint8Array(SLOT_COUNT)
  readonly #wasBereft = new Uint8Array(SLOT_COUNT)
  readonly #all = new Map<number, Leftover>()
  readonly #due = new Set<Leftover>()
  readonly #resting = new Set<Leftover>()
  readonly #pushable = new Set<Leftover>()
  /** Slots whose owners have everything. */
  readonly #dropping = new Map<number, SlotSummary>()
  #dropped = -1
  #isDropDue = false
  #surveysUnderWay = 0
  #pushesUnderWay = 0
  #sweptMs = Number.NEGATIVE_INFINITY
  readonly #now = new SlotSummary()
  readonly #refs: number[] = []

  constructor(parts: LeftoverParts, ports: LeftoverPorts) {
    this.#parts = parts
    this.#ports = ports
  }

  /** Slots whose new owners may lack something that is here. */
  get pendingCount(): number {
    return this.#all.size
  }

  get droppingCount(): number {
    return this.#dropping.size
  }

  /** Not owned here any more, and as well known as when it was. */
  isHeld(slot: number): boolean {
    return this.#wasWhole[slot] === 1
  }

  /** As it was lost, those who had owned it before were still to be heard. */
  wasBereft(slot: number): boolean {
    return this.#wasBereft[slot] === 1
  }

  /** Its content, if there is any, is still to be handed over or dropped. */
  holds(slot: number): boolean {
    return this.#all.has(slot) || this.#dropping.has(slot)
  }

  /** The owners are others now; `wasWhole`: did this node know all of a slot before? `wasBereft`: all but what was older? */
  onOwners(wasWhole: (slot: number) => boolean, wasBereft: (slot: number) => boolean): void {
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (this.#parts.roles.owns(slot)) {
        this.#forget(slot)
        continue
      }
      if (wasWhole(slot)) {
        this.#wasWhole[slot] = 1
        this.#wasBereft[slot] = wasBereft(slot) ? 1 : 0
      }
      // Whoever owned it a moment ago may not any more: all are asked again.
      if (this.#all.has(slot) || this.#dropping.has(slot) || this.isHeld(slot) || this.#hasContent(slot))
        this.#add(slot)
    }
    this.#pump()
  }

  onTick(nowMs: number): void {
    for (const leftover of this.#resting) {
      if (leftover.dueMs > nowMs) continue
      this.#resting.delete(leftover)
      this.#due.add(leftover)
    }
    if (nowMs - this.#sweptMs >= this.limits.sweepMs) this.#sweep(nowMs)
    this.#pump()
    if (!this.#isDropDue) this.#drop()
  }

  #sweep(nowMs: number): void {
    this.#sweptMs = nowMs
    const { roles } = this.#parts
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const isKnown = this.#all.has(slot) || this.#dropping.has(slot)
      if (!isKnown && !roles.owns(slot) && this.#hasContent(slot)) this.#add(slot)
    }
  }

  #hasContent(slot: number): boolean {
    const { index, tombstones } = this.#parts.exchange.space
    return index.countOf(slot) > 0 || (tombstones !== null && tombstones.countIn(slot) > 0)
  }

  #add(slot: number): void {
    this.#take(slot)
    // Nobody keeps data just now: there is nobody to hand over to, and it may be ours again.
    if (this.#parts.roles.ownersOf(slot).length === 0) return
    this.counters.lost++
    const own = new SlotSummary()
    // Whoever has just come to own it has nothing yet: it is asked in a moment.
    const dueMs = this.#ports.monotonicMs() + this.limits.restMsMin
    const leftover = { slot, own, agreed: new Set<string>(), behind: [], survey: null, attempts: 0, dueMs }
    this.#all.set(slot, leftover)
    this.#resting.add(leftover)
  }

  /** Out of every queue. */
  #take(slot: number): void {
    this.#dropping.delete(slot)
    if (this.#dropped === slot) this.#dropped = -1
    const leftover = this.#all.get(slot)
    if (leftover === undefined) return
    this.#all.delete(slot)
    this.#due.delete(leftover)
    this.#resting.delete(leftover)
    this.#pushable.delete(leftover)
  }

  #forget(slot: number): void {
    this.#wasWhole[slot] = 0
    this.#take(slot)
  }

  #rest(leftover: Leftover): void {
    const { restMsMax, restMsMin } = this.limits
    const restMs = Math.min(restMsMax, restMsMin * 2 ** Math.min(leftover.attempts, 16))
    leftover.attempts++
    leftover.survey = null
    leftover.dueMs = this.#ports.monotonicMs() + restMs
    this.counters.retries++
    this.#resting.add(leftover)
  }

  #pump(): void {
    while (this.#surveysUnderWay < this.limits.surveysMax && this.#due.size > 0) this.#survey()
    for (const leftover of this.#pushable) {
      if (this.#pushesUnderWay >= this.limits.pushesMax) return
      this.#pushable.delete(leftover)
      this.#push(leftover)
    }
  }

  #survey(): void {
    const { exchange, roles } = this.#parts
    const events = {
      onAnswer: (from: Survey, answer: OwnersSummaries) => {
        for (let place = 0; place < from.slots.length; place++) this.#onAnswer(from, place, answer)
      },
      onEnd: (from: Survey) => {
        this.#surveysUnderWay--
        for (const slot of from.slots) this.#onSurveyed(from, slot)
        this.#pump()
      },
    }
    const survey = new Survey(exchange, events, Math.min(this.limits.slotsPerSurvey, this.#due.size))
    for (const leftover of this.#due) {
      if (survey.isFull) break
      const { slot } = leftover
      this.#due.delete(leftover)
      leftover.own.measure(exchange.space, slot)
      leftover.agreed.clear()
      leftover.behind = []
      leftover.survey = survey
      survey.add(slot, 0, roles.ownersOf(slot))
    }
    this.#surveysUnderWay++
    this.counters.surveys++
    survey.start(this.#ports.fingerprint())
  }

  #onAnswer(survey: Survey, place: number, answer: OwnersSummaries): void {
    const leftover = this.#all.get(survey.slots[place]!)
    // Who is not whole yet is still fetching it.
    if (leftover?.survey !== survey || !answer.isWholeOwner(place)) return
    const { agreed, behind, own } = leftover
    if (own.isNothing || answer.isEqual(place, own)) agreed.add(answer.peerId)
    else behind.push(answer.peerId)
  }

  #onSurveyed(survey: Survey, slot: number): void {
    const leftover = this.#all.get(slot)
    if (leftover?.survey !== survey) return
    // Nothing is dropped before all are whole, and by then there may be more to bring: it is looked at once, not twice.
    if (leftover.behind.length > 0 && this.#haveAllSaid(leftover)) this.#pushable.add(leftover)
    else this.#conclude(leftover)
  }

  #haveAllSaid({ agreed, behind, slot }: Leftover): boolean {
    const owners = this.#parts.roles.ownersOf(slot)
    return owners.every((id) => agreed.has(id) || behind.includes(id) || !this.#ports.mayAnswer(id))
  }

  #push(leftover: Leftover): void {
    const peerId = leftover.behind.shift()!
    const { exchange, transfers } = this.#parts
    this.#pushesUnderWay++
    this.counters.pushes++
    const push: SlotPush = new SlotPush(exchange, transfers, peerId, leftover.slot, (isDone) => {
      this.#pushesUnderWay--
      const isComplete = isDone && push.refused === 0
      if (isComplete) leftover.agreed.add(peerId)
      else this.counters.pushesFailed++
      if (this.#all.get(leftover.slot) === leftover) {
        if (leftover.behind.length > 0) this.#pushable.add(leftover)
        else this.#conclude(leftover)
      }
      this.#pump()
    })
    push.start()
  }

  #conclude(leftover: Leftover): void {
    const { roles } = this.#parts
    const { agreed, own, slot } = leftover
    const owners = roles.ownersOf(slot)
    const isSafe =
      agreed.size > owners.length >> 1 &&
      owners.every((id) => agreed.has(id) || !this.#ports.mayAnswer(id)) &&
      this.#isUnchanged(slot, own)
    if (!isSafe) return this.#rest(leftover)
    this.#take(slot)
    this.#dropping.set(slot, own)
  }

  /** Nothing has come since its owners were asked. */
  #isUnchanged(slot: number, own: SlotSummary): boolean {
    this.#now.measure(this.#parts.exchange.space, slot)
    return this.#now.isEqual(own)
  }

  /** As long as the budget lasts; the rest a moment later. */
  #drop(): void {
    const { dropBudgetUs, dropPauseMs } = this.limits
    const endUs = this.#ports.monotonicUs() + dropBudgetUs
    for (const [slot, own] of this.#dropping) {
      if (slot === this.#dropped || this.#isUnchanged(slot, own)) this.#dropPart(slot)
      else this.#add(slot)
      if (this.#ports.monotonicUs() >= endUs) break
    }
    this.#isDropDue = this.#dropping.size > 0
    if (!this.#isDropDue) return
    this.#ports.after(dropPauseMs, () => this.#drop())
  }

  #dropPart(slot: number): void {
    const isOver = !this.#dropSome(slot)
    this.#dropped = isOver ? -1 : slot
    if (!isOver) return
    this.#dropping.delete(slot)
    this.#wasWhole[slot] = 0
    this.counters.dropped++
  }

  /** A few entries of the slot; false: there are no more. */
  #dropSome(slot: number): boolean {
    const { space } = this.#parts.exchange
    const refs = this.#refs
    const count = space.index.countOf(slot)
    refs.length = 0
    if (count <= DROP_WHOLE_KEYS_MAX) space.clearSlot(slot, -1, 'moved')
    else space.index.walk(slot, 0, DROP_STEP_KEYS, refs)
    for (const ref of refs) space.vanish(ref, 'moved')
    this.counters.keysDropped += refs.length > 0 ? refs.length : count
    if (refs.length > 0) return true
    space.tombstones?.dropSlot(slot)
    return false
  }
}
