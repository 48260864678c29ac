/**
 * Survey [Machine]: asks the other owners of many slots for their summaries, one question per owner, and hands out
 * what each says as it comes; then says that it has ended. With the question goes the claim of those slots that the asker
 * is about to act for. It draws no conclusions.
 *
 *   asked -> answered | failed -> over, when nobody is asked any more
 *     ^-- a moment later -- refused, while others are still asked
 *
 * Who refuses has perhaps yet to hear that the owners are others: nobody needs to wait for that until the slowest has spoken.
 */
import type { Answer, Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import type { ExchangeParts } from './slot-pull.ts'
import { OwnersSummaries, writeQuestion } from './slot-runs.ts'
import { takeMarks, writeMarks } from './slot-summary.ts'

export interface SurveyEvents {
  /** One owner has said all it had to say. */
  onAnswer(survey: Survey, answer: OwnersSummaries): void
  /** Nobody has more to say; `isWhole`: everybody has answered. */
  onEnd(survey: Survey, isWhole: boolean): void
}

/** What one owner is asked about. */
interface Part {
  readonly places: Uint16Array
  count: number
}

/** An owner that is asked, and may refuse. */
interface Refuser {
  readonly peerId: string
  readonly places: Uint16Array
  refusals: number
  dueMs: number
}

/** Before a refuser is asked again; twice as long each time. */
const AGAIN_MS = 20
const REFUSALS_MAX = 6

/** What is asked is copied when it is asked. */
const body = new ByteWriter()

export class Survey {
  /** By place; all of them once it has started. */
  slots: Uint16Array
  /** In the order they came. */
  readonly answers: OwnersSummaries[] = []
  readonly #claimTerms: Uint32Array
  /** Of each owner asked. */
  readonly #partOf = new Map<string, Part>()
  readonly #parts: ExchangeParts
  readonly #events: SurveyEvents
  readonly #slotsMax: number
  #count = 0
  /** Neighbours have the same owners. */
  #lastIds: readonly string[] = []
  #lastParts: Part[] = []
  readonly #refusers: Refuser[] = []
  #asked = 0
  #failed = 0
  #fingerprint = 0
  #endMs = 0

  /** Columns of so many slots, in one piece each: what grows is copied, and thousands are asked about at a time. */
  constructor(parts: ExchangeParts, events: SurveyEvents, slotsMax: number) {
    this.#parts = parts
    this.#events = events
    this.#slotsMax = slotsMax
    this.slots = new Uint16Array(slotsMax)
    this.#claimTerms = new Uint32Array(slotsMax)
  }

  get isFull(): boolean {
    return this.#count === this.#slotsMax
  }

  get isOver(): boolean {
    return this.#asked === 0
  }

  /** Owners that have answered about the slot, with all of these flags. */
  countOf(place: number, flags: number): number {
    let count = 0
    for (const answer of this.answers) if ((answer.flags[place]! & flags) === flags) count++
    return count
  }

  /** All that was said of the slot as one number; beyond six answers it is no safe integer, and says nothing. */
  wordOn(place: number): number {
    let word = 0
    for (const answer of this.answers) word = word * 256 + answer.flags[place]!
    return word
  }

  /** It has answered, whatever it had to say. */
  hasHeard(peerId: string): boolean {
    return this.#answerOf(peerId) !== undefined
  }

  /** What this one has said of the slot; 0: nothing that counts. */
  flagsOf(place: number, peerId: string): number {
    return this.#answerOf(peerId)?.flags[place] ?? 0
  }

  hasAnswered(place: number, peerId: string): boolean {
    return this.#answerOf(peerId)?.isOwner(place) ?? false
  }

  /** One more slot, asked of these; `claimTerm` 0: it is not claimed. Answers its place. */
  add(slot: number, claimTerm: number, peerIds: readonly string[]): number {
    const place = this.#count++
    this.slots[place] = slot
    this.#claimTerms[place] = claimTerm
    if (peerIds !== this.#lastIds) {
      this.#lastIds = peerIds
      this.#lastParts = peerIds.map((peerId) => this.#partFor(peerId))
    }
    for (const part of this.#lastParts) part.places[part.count++] = place
    return place
  }

  /** Ends at once when there is nobody to ask. `nowMs`: of the clock by which refusers are asked again, if they are. */
  start(fingerprint: number, nowMs = 0): void {
    this.slots = this.slots.subarray(0, this.#count)
    this.#fingerprint = fingerprint
    this.#endMs = nowMs + this.#parts.deadlineMs()
    this.#asked = this.#partOf.size
    if (this.#asked === 0) return this.#events.onEnd(this, true)
    for (const [peerId, { count, places }] of this.#partOf)
      this.#ask({ peerId, places: places.subarray(0, count), refusals: 0, dueMs: nowMs }, nowMs)
  }

  /** Refusers whose moment has come. Nobody is asked for longer than until the time of all is up. */
  askAgain(nowMs: number): void {
    if (this.isOver) return
    for (const refuser of this.#refusers) {
      if (refuser.dueMs > nowMs || nowMs >= this.#endMs) continue
      refuser.dueMs = Number.POSITIVE_INFINITY
      this.#asked++
      this.#failed--
      this.#ask(refuser, nowMs)
    }
  }

  #ask(owner: Refuser, nowMs: number): void {
    const { peers, space } = this.#parts
    body.clear()
    writeMarks(space, body)
    writeQuestion(this.slots, this.#claimTerms, owner.places, body)
    const answered = (outcome: Outcome) => this.#onOutcome(owner, nowMs, outcome)
    const deadlineMs = this.#endMs - nowMs
    const fields = [this.#fingerprint]
    peers.ask(owner.peerId, verbs.digests, fields, body.bytes, deadlineMs, answered, 0, body.length)
  }

  #answerOf(peerId: string): OwnersSummaries | undefined {
    for (const answer of this.answers) if (answer.peerId === peerId) return answer
    return undefined
  }

  #partFor(peerId: string): Part {
    let part = this.#partOf.get(peerId)
    if (part === undefined) {
      part = { places: new Uint16Array(this.#slotsMax), count: 0 }
      this.#partOf.set(peerId, part)
    }
    return part
  }

  #onOutcome(owner: Refuser, askedMs: number, outcome: Outcome): void {
    const { peerId, places } = owner
    const answer = outcome.kind === 'answer' ? this.#read(peerId, places, outcome) : undefined
    this.#asked--
    if (answer === undefined) this.#failed++
    else {
      this.answers.push(answer)
      this.#events.onAnswer(this, answer)
    }
    if (outcome.kind === 'failed' && outcome.reason === 'refused') this.#onRefusal(owner, askedMs)
    if (this.#asked === 0) this.#events.onEnd(this, this.#failed === 0)
  }

  #onRefusal(owner: Refuser, askedMs: number): void {
    if (++owner.refusals > REFUSALS_MAX) return
    if (owner.refusals === 1) this.#refusers.push(owner)
    owner.dueMs = askedMs + AGAIN_MS * 2 ** (owner.refusals - 1)
  }

  #read(peerId: string, places: Uint16Array, { bytes, start, end }: Answer): OwnersSummaries | undefined {
    const { replica, space, wallMs } = this.#parts
    const input = new ByteReader(bytes, start, end)
    const nowMs = wallMs()
    if (!takeMarks(input, space, (database, version) => replica.onFlush(database, version, nowMs)))
      return undefined
    const answer = new OwnersSummaries(peerId, this.slots.length)
    return answer.read(input, places) ? answer : undefined
  }
}
