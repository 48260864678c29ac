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

/** An owner that has refused. */
interface Refuser {
  readonly peerId: string
  readonly places: readonly number[]
  refusals: number
  dueMs: number
}

/** Before a refuser is asked again; twice as long each time. */
const AGAIN_MS = 20
const REFUSALS_MAX = 6

/** What is asked is copied when it is asked. */
const body = new ByteWriter()

export class Survey {
  /** By place. */
  readonly slots: number[] = []
  /** In the order they came. */
  readonly answers: OwnersSummaries[] = []
  readonly #claimTerms: number[] = []
  /** Of each owner asked. */
  readonly #places = new Map<string, number[]>()
  readonly #parts: ExchangeParts
  readonly #events: SurveyEvents
  /** Neighbours have the same owners. */
  #lastIds: readonly string[] = []
  #lastPlaces: number[][] = []
  readonly #refusers: Refuser[] = []
  #asked = 0
  #failed = 0
  #fingerprint = 0
  #endMs = 0

  constructor(parts: ExchangeParts, events: SurveyEvents) {
    this.#parts = parts
    this.#events = events
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

  /** It has answered, whatever it had to say. */
  hasHeard(peerId: string): boolean {
    return this.answers.some((answer) => answer.peerId === peerId)
  }

  /** What this one has said of the slot; 0: nothing that counts. */
  flagsOf(place: number, peerId: string): number {
    for (const answer of this.answers) if (answer.peerId === peerId) return answer.flags[place]!
    return 0
  }

  hasAnswered(place: number, peerId: string): boolean {
    return this.answers.some((answer) => answer.peerId === peerId && answer.isOwner(place))
  }

  /** One more slot, asked of these; `claimTerm` 0: it is not claimed. Answers its place. */
  add(slot: number, claimTerm: number, peerIds: readonly string[]): number {
    const place = this.slots.length
    this.slots.push(slot)
    this.#claimTerms.push(claimTerm)
    if (peerIds !== this.#lastIds) {
      this.#lastIds = peerIds
      this.#lastPlaces = peerIds.map((peerId) => this.#placesOf(peerId))
    }
    for (const places of this.#lastPlaces) places.push(place)
    return place
  }

  /** Ends at once when there is nobody to ask. `nowMs`: of the clock by which refusers are asked again, if they are. */
  start(fingerprint: number, nowMs = 0): void {
    this.#fingerprint = fingerprint
    this.#endMs = nowMs + this.#parts.deadlineMs()
    this.#asked = this.#places.size
    if (this.#asked === 0) return this.#events.onEnd(this, true)
    for (const [peerId, places] of this.#places)
      this.#ask({ peerId, places, refusals: 0, dueMs: nowMs }, nowMs)
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

  #placesOf(peerId: string): number[] {
    let places = this.#places.get(peerId)
    if (places === undefined) this.#places.set(peerId, (places = []))
    return places
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

  #read(
    peerId: string,
    places: readonly number[],
    { bytes, start, end }: Answer,
  ): OwnersSummaries | undefined {
    const { replica, space, wallMs } = this.#parts
    const input = new ByteReader(bytes, start, end)
    const nowMs = wallMs()
    if (!takeMarks(input, space, (database, version) => replica.onFlush(database, version, nowMs)))
      return undefined
    const answer = new OwnersSummaries(peerId, this.slots.length)
    return answer.read(input, places) ? answer : undefined
  }
}
