/**
 * Slot runs [Rule + reader]: how a survey and its answers travel. Slots come in runs - a fresh mesh is one, a loaded one
 * some hundreds - so what neighbours have in common is said once, and of empty slots nothing else.
 *
 *   question  { u16 first slot, the top bit: the asker claims them | u16 count | u32 term, of a claim }*
 *   answer    { u16 count | u8 OWNED, WHOLE, GRANTED, EMPTY, HELD, BEREFT | u32 promised term | unless EMPTY: a summary of each }*
 *
 * The answer goes through the questioned slots in their order; its runs need not be those of the question. It compares
 * nothing.
 */
import type { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { HELD, OWNED, SlotSummary, WHOLE } from './slot-summary.ts'

/** Nothing is there: the summaries are left out. */
const EMPTY = 8
/** Never told: noted by who asked. */
const HOLDS_ALL = 0x80
const CLAIM = 0x8000
const WORDS = 3

/** Writes these places of a survey. Its slots differ, so a run never ends where it began. */
export function writeQuestion(
  slots: ArrayLike<number>,
  claimTerms: ArrayLike<number>,
  places: ArrayLike<number>,
  out: ByteWriter,
): void {
  for (let at = 0; at < places.length; ) {
    const first = slots[places[at]!]!
    const term = claimTerms[places[at]!]!
    let count = 1
    for (; at + count < places.length; count++) {
      const place = places[at + count]!
      if (slots[place] !== first + count || claimTerms[place] !== term) break
    }
    out.u16(term === 0 ? first : first | CLAIM)
    out.u16(count)
    if (term !== 0) out.u32(term)
    at += count
  }
}

/** `next` turns to one questioned slot after the other. */
export class QuestionReader {
  slot = 0
  /** 0: it is not claimed. */
  claimTerm = 0
  readonly #input: ByteReader
  #left = 0

  constructor(input: ByteReader) {
    this.#input = input
  }

  get isBroken(): boolean {
    return this.#input.isBroken
  }

  next(): boolean {
    const input = this.#input
    if (this.#left === 0) {
      if (input.isAtEnd) return false
      const word = input.u16()
      this.#left = input.u16()
      this.slot = (word & (SLOT_COUNT - 1)) - 1
      this.claimTerm = (word & CLAIM) === 0 ? 0 : input.u32()
      const isSound = this.#left > 0 && this.slot + this.#left < SLOT_COUNT
      if (!isSound) input.isBroken = true
      if (input.isBroken) return false
    }
    this.#left--
    this.slot++
    return true
  }
}

export class AnswerWriter {
  readonly #out: ByteWriter
  /** Where the count of the run under way stands; -1: there is none. */
  #mark = -1
  #count = 0
  #flags = 0
  #term = 0

  constructor(out: ByteWriter) {
    this.#out = out
  }

  add(flags: number, promisedTerm: number, summary: SlotSummary): void {
    const all = summary.isNothing ? flags | EMPTY : flags
    if (this.#mark < 0 || all !== this.#flags || promisedTerm !== this.#term) this.#begin(all, promisedTerm)
    this.#count++
    if ((all & EMPTY) === 0) summary.write(this.#out)
  }

  end(): void {
    if (this.#mark >= 0) this.#out.bytes.writeUInt16LE(this.#count, this.#mark)
    this.#mark = -1
  }

  #begin(flags: number, term: number): void {
    this.end()
    this.#mark = this.#out.length
    this.#count = 0
    this.#flags = flags
    this.#term = term
    this.#out.u16(0)
    this.#out.u8(flags)
    this.#out.u32(term)
  }
}

/** What one owner has said of the slots of a survey, by their places in it. */
export class OwnersSummaries {
  readonly peerId: string
  /** Of slot-summary.ts; 0: it has said nothing that counts. */
  readonly flags: Uint8Array
  /** The highest term the owner has promised each slot under. */
  readonly promisedTerms: Uint32Array
  /** Null as long as it has nothing anywhere. */
  #sums: Int32Array | null = null

  constructor(peerId: string, count: number) {
    this.peerId = peerId
    this.flags = new Uint8Array(count)
    this.promisedTerms = new Uint32Array(count)
  }

  isOwner(place: number): boolean {
    return (this.flags[place]! & OWNED) !== 0
  }

  isWholeOwner(place: number): boolean {
    return (this.flags[place]! & (OWNED | WHOLE)) === (OWNED | WHOLE)
  }

  /**
   * It owns the slot, or did and still holds it, and there is something that is not here. What expired does not count in a
   * summary: where all is gone although something is here, that may be the news.
   */
  hasNews(place: number, own: SlotSummary): boolean {
    if ((this.flags[place]! & (OWNED | HELD)) === 0 || this.isEqual(place, own)) return false
    if ((this.flags[place]! & WHOLE) !== 0) return true
    const at = place * WORDS
    const sums = this.#sums
    return sums !== null && (sums[at] !== 0 || sums[at + 1] !== 0 || sums[at + 2] !== 0)
  }

  /** The owner has been brought all that is here. */
  noteHoldsAll(place: number): void {
    this.flags[place]! |= HOLDS_ALL
  }

  holdsAll(place: number): boolean {
    return (this.flags[place]! & HOLDS_ALL) !== 0
  }

  isEqual(place: number, own: SlotSummary): boolean {
    const at = place * WORDS
    const sums = this.#sums
    if (sums === null) return own.isNothing
    return sums[at] === own.low && sums[at + 1] === own.high && sums[at + 2] === (own.removals | 0)
  }

  /** The answer to a question about these places; false: it is not one. */
  read(input: ByteReader, places: ArrayLike<number>): boolean {
    const summary = new SlotSummary()
    let at = 0
    while (!input.isAtEnd) {
      const count = input.u16()
      const flags = input.u8()
      const term = input.u32()
      if (count === 0 || at + count > places.length) return false
      for (const end = at + count; at < end; at++) {
        const place = places[at]!
        this.flags[place] = flags & ~(EMPTY | HOLDS_ALL)
        this.promisedTerms[place] = term
        if ((flags & EMPTY) !== 0) continue
        summary.read(input)
        this.#note(place, summary)
      }
    }
    return at === places.length && !input.isBroken
  }

  #note(place: number, { high, low, removals }: SlotSummary): void {
    this.#sums ??= new Int32Array(this.flags.length * WORDS)
    const word = place * WORDS
    this.#sums[word] = low
    this.#sums[word + 1] = high
    this.#sums[word + 2] = removals | 0
  }
}
