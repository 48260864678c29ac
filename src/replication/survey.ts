/**
 * Survey [Machine]: asks the other owners of many slots for their summaries, one question per owner, and hands out
 * what they say slot by slot as it comes; then says that it has ended. With the question goes the claim of those slots
 * that the asker is about to act for. It draws no conclusions.
 */
import type { Answer, Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import type { ExchangeParts } from './slot-pull.ts'
import {
  GRANTED,
  OWNED,
  SlotSummary,
  readSlot,
  takeMarks,
  WHOLE,
  writeMarks,
  writeSlot,
} from './slot-summary.ts'

export interface SlotAnswer {
  readonly peerId: string
  readonly isWhole: boolean
  /** Of a claim; answers without one are not granted. */
  readonly isGranted: boolean
  /** The highest term the owner has promised the slot under. */
  readonly promisedTerm: number
  readonly summary: SlotSummary
}

export interface SurveyedSlot {
  readonly slot: number
  /** 0: no claim. */
  readonly claimTerm: number
  readonly peerIds: readonly string[]
}

export interface SurveyEvents {
  onAnswer(survey: Survey, slot: number, answer: SlotAnswer): void
  /** All that one owner had to say has been told. */
  onPeer(survey: Survey): void
  /** Nobody has more to say; `isWhole`: everybody has answered. */
  onEnd(survey: Survey, isWhole: boolean): void
}

export class Survey {
  readonly slots: readonly SurveyedSlot[]
  readonly #parts: ExchangeParts
  readonly #events: SurveyEvents
  #asked = 0
  #failed = 0

  constructor(parts: ExchangeParts, slots: readonly SurveyedSlot[], events: SurveyEvents) {
    this.slots = slots
    this.#parts = parts
    this.#events = events
  }

  get isOver(): boolean {
    return this.#asked === 0
  }

  /** There must be somebody to ask. */
  start(fingerprint: number): void {
    const bodies = new Map<string, ByteWriter>()
    for (const surveyed of this.slots) {
      for (const peerId of surveyed.peerIds) {
        let body = bodies.get(peerId)
        if (body === undefined) {
          body = new ByteWriter()
          writeMarks(this.#parts.space, body)
          bodies.set(peerId, body)
        }
        writeSlot(surveyed, body)
      }
    }
    this.#asked = bodies.size
    const { deadlineMs, peers } = this.#parts
    for (const [peerId, body] of bodies) {
      const question = body.copy()
      const answered = (outcome: Outcome) => this.#onOutcome(peerId, question, outcome)
      peers.ask(peerId, verbs.digests, [fingerprint], question, deadlineMs(), answered)
    }
  }

  #onOutcome(peerId: string, question: Buffer, outcome: Outcome): void {
    const isUseful = outcome.kind === 'answer' && this.#read(peerId, question, outcome)
    if (!isUseful) this.#failed++
    this.#asked--
    if (this.#asked > 0) this.#events.onPeer(this)
    else this.#events.onEnd(this, this.#failed === 0)
  }

  #read(peerId: string, question: Buffer, { bytes, start, end }: Answer): boolean {
    const { replica, space, wallMs } = this.#parts
    const input = new ByteReader(bytes, start, end)
    const nowMs = wallMs()
    if (!takeMarks(input, space, (database, version) => replica.onFlush(database, version, nowMs)))
      return false
    const asked = new ByteReader(question, 0, question.length)
    asked.position = input.position - start
    const answers: { slot: number; answer: SlotAnswer }[] = []
    while (!asked.isAtEnd) {
      const { slot } = readSlot(asked)
      const flags = input.u8()
      const summary = new SlotSummary()
      summary.read(input)
      const promisedTerm = input.u32()
      if ((flags & OWNED) === 0) continue
      const isWhole = (flags & WHOLE) !== 0
      const isGranted = (flags & GRANTED) !== 0
      answers.push({ slot, answer: { peerId, isWhole, isGranted, promisedTerm, summary } })
    }
    if (input.isBroken || !input.isAtEnd) return false
    for (const { slot, answer } of answers) this.#events.onAnswer(this, slot, answer)
    return true
  }
}
