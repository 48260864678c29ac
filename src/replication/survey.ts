/**
 * Survey [Machine]: asks the other owners of many slots for their summaries, one question per owner, and hands out
 * what each says as it comes; then says that it has ended. With the question goes the claim of those slots that the asker
 * is about to act for. It draws no conclusions.
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
  #asked = 0
  #failed = 0

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

  /** Ends at once when there is nobody to ask. */
  start(fingerprint: number): void {
    this.#asked = this.#places.size
    if (this.#asked === 0) return this.#events.onEnd(this, true)
    const { deadlineMs, peers, space } = this.#parts
    for (const [peerId, places] of this.#places) {
      const body = new ByteWriter()
      writeMarks(space, body)
      writeQuestion(this.slots, this.#claimTerms, places, body)
      const answered = (outcome: Outcome) => this.#onOutcome(peerId, places, outcome)
      peers.ask(peerId, verbs.digests, [fingerprint], body.bytes, deadlineMs(), answered, 0, body.length)
    }
  }

  #answerOf(peerId: string): OwnersSummaries | undefined {
    for (const answer of this.answers) if (answer.peerId === peerId) return answer
    return undefined
  }

  #placesOf(peerId: string): number[] {
    let places = this.#places.get(peerId)
    if (places === undefined) this.#places.set(peerId, (places = []))
    return places
  }

  #onOutcome(peerId: string, places: readonly number[], outcome: Outcome): void {
    const answer = outcome.kind === 'answer' ? this.#read(peerId, places, outcome) : undefined
    this.#asked--
    if (answer === undefined) this.#failed++
    else {
      this.answers.push(answer)
      this.#events.onAnswer(this, answer)
    }
    if (this.#asked === 0) this.#events.onEnd(this, this.#failed === 0)
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
