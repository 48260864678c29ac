/**
 * Pending slots [Data]: the slots on their way to being settled, and how far each has come. A column a fact: a node that
 * starts has thousands of them at once, and makes no object for any.
 *
 *   RESTING -> DUE -> ASKED -> READY -> EXCHANGING -> (READY | gone)
 *
 * Whoever begins a slot anew forgets its survey, so that what still comes for it is ignored. It decides nothing.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Survey } from './survey.ts'

export const NOT_PENDING = 0
export const RESTING = 1
export const DUE = 2
export const ASKED = 3
export const READY = 4
/** A slot pull, or push, is under way. */
export const EXCHANGING = 5

/** Others hear of a change of owners a moment later: so often a slot rests for a moment only. */
const EARLY_ATTEMPTS = 5
/** By then a slot rests as long as it ever does. */
const ATTEMPTS_COUNTED = 24

export class PendingSlots {
  readonly phases = new Uint8Array(SLOT_COUNT)
  readonly isClaim = new Uint8Array(SLOT_COUNT)
  /** Of the claim, or 0. */
  readonly terms = new Uint32Array(SLOT_COUNT)
  readonly attempts = new Uint8Array(SLOT_COUNT)
  /** Whom this owner had promised the slot to: what it wrote last, and was not confirmed, is best known to itself. */
  readonly holders: string[] = new Array(SLOT_COUNT).fill('')
  readonly surveys: (Survey | null)[] = new Array(SLOT_COUNT).fill(null)
  /** In the survey. */
  readonly places = new Uint16Array(SLOT_COUNT)
  /** How many of the survey's answers have been dealt with. */
  readonly dealt = new Uint8Array(SLOT_COUNT)
  /** Pulls and pushes since the survey was sent. */
  readonly exchanges = new Uint8Array(SLOT_COUNT)
  /** Which owners it asks: the number of the change that made them so. */
  readonly changes = new Uint32Array(SLOT_COUNT)
  /** How many slots are in each phase. */
  readonly counts = new Uint16Array(EXCHANGING + 1).fill(SLOT_COUNT, 0, 1)
  /** No slot before this one is in the phase: who asks for the next one again and again does not begin at the first. */
  readonly #floors = new Uint16Array(EXCHANGING + 1)
  readonly #dueMs = new Float64Array(SLOT_COUNT)
  #nextDueMs = Number.POSITIVE_INFINITY

  get count(): number {
    return SLOT_COUNT - this.counts[NOT_PENDING]!
  }

  /** The first slot of this phase from here on, or -1. */
  next(phase: number, from: number): number {
    if (this.counts[phase] === 0) return -1
    const floor = this.#floors[phase]!
    // Mostly it is the very next one.
    const isNext = this.phases[from] === phase
    const found = isNext ? from : this.phases.indexOf(phase, Math.max(from, floor))
    if (from <= floor && found >= 0) this.#floors[phase] = found
    return found
  }

  has(slot: number): boolean {
    return this.phases[slot] !== NOT_PENDING
  }

  /** What was known of its way is forgotten. */
  begin(slot: number, isClaim: boolean, holder: string, change: number): void {
    this.drop(slot)
    this.changes[slot] = change
    this.isClaim[slot] = isClaim ? 1 : 0
    this.holders[slot] = holder
    this.terms[slot] = 0
    this.attempts[slot] = 0
    this.turnTo(slot, DUE)
  }

  drop(slot: number): void {
    if (this.phases[slot] === NOT_PENDING) return
    this.turnTo(slot, NOT_PENDING)
    this.surveys[slot] = null
  }

  turnTo(slot: number, phase: number): void {
    this.counts[this.phases[slot]!]!--
    this.counts[phase]!++
    this.phases[slot] = phase
    if (slot < this.#floors[phase]!) this.#floors[phase] = slot
  }

  ask(slot: number, survey: Survey, place: number): void {
    this.turnTo(slot, ASKED)
    this.surveys[slot] = survey
    this.places[slot] = place
    this.dealt[slot] = 0
    this.exchanges[slot] = 0
  }

  /** After a failure: the longer, the more there were. */
  rest(slot: number, nowMs: number, leastMs: number, mostMs: number): void {
    const doublings = Math.max(0, this.attempts[slot]! - EARLY_ATTEMPTS)
    if (this.attempts[slot]! < ATTEMPTS_COUNTED) this.attempts[slot]!++
    this.restUntil(slot, nowMs + Math.min(mostMs, leastMs * 2 ** doublings))
  }

  restUntil(slot: number, dueMs: number): void {
    this.turnTo(slot, RESTING)
    this.surveys[slot] = null
    this.#dueMs[slot] = dueMs
    if (dueMs < this.#nextDueMs) this.#nextDueMs = dueMs
  }

  onTick(nowMs: number): void {
    if (nowMs < this.#nextDueMs) return
    this.#nextDueMs = Number.POSITIVE_INFINITY
    for (let slot = this.next(RESTING, 0); slot >= 0; slot = this.next(RESTING, slot + 1)) {
      const dueMs = this.#dueMs[slot]!
      if (dueMs <= nowMs) this.turnTo(slot, DUE)
      else if (dueMs < this.#nextDueMs) this.#nextDueMs = dueMs
    }
  }
}
