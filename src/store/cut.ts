/**
 * Cut [Data]: a place between two elements of a sorted set, named by a score, by member bytes, by both, or by
 * neither (front and back). Every range command comes down to two cuts, and a cut to "how many elements lie below".
 *
 * An element equal to what the cut names lies below it only when the cut is inclusive. A cut borrows the bytes it
 * names; it is made, used and made anew, never kept.
 */
const nothing: Uint8Array = new Uint8Array(0)

export class Cut {
  usesScore = false
  score = 0
  usesName = false
  bytes: Uint8Array = nothing
  start = 0
  end = 0
  isInclusive = false

  atFront(): void {
    this.#set(false, 0, false, nothing, 0, 0, false)
  }

  atBack(): void {
    this.#set(false, 0, false, nothing, 0, 0, true)
  }

  atScore(score: number, isInclusive: boolean): void {
    this.#set(true, score, false, nothing, 0, 0, isInclusive)
  }

  /** Meaningful where all scores are equal. */
  atName(bytes: Uint8Array, start: number, end: number, isInclusive: boolean): void {
    this.#set(false, 0, true, bytes, start, end, isInclusive)
  }

  atElement(score: number, bytes: Uint8Array, start: number, end: number, isInclusive: boolean): void {
    this.#set(true, score, true, bytes, start, end, isInclusive)
  }

  /** Does the element lie below the cut? */
  isAbove(score: number, bytes: Uint8Array, start: number, length: number): boolean {
    if (this.usesScore && score !== this.score) return score < this.score
    if (!this.usesName) return this.isInclusive
    return this.isAboveName(bytes, start, length)
  }

  /** The same when the score does not decide: members compare as bytes, a prefix comes first. */
  isAboveName(bytes: Uint8Array, start: number, length: number): boolean {
    const mine = this.bytes
    const from = this.start
    const ownLength = this.end - from
    const shared = Math.min(length, ownLength)
    for (let i = 0; i < shared; i++) {
      const difference = bytes[start + i]! - mine[from + i]!
      if (difference !== 0) return difference < 0
    }
    return length === ownLength ? this.isInclusive : length < ownLength
  }

  #set(
    usesScore: boolean,
    score: number,
    usesName: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    isInclusive: boolean,
  ): void {
    this.usesScore = usesScore
    this.score = score
    this.usesName = usesName
    this.bytes = bytes
    this.start = start
    this.end = end
    this.isInclusive = isInclusive
  }
}
