/**
 * Sorted set stretch [Machine]: the range a command names, by rank, score or member: read from its arguments first,
 * then worked out for a given set, where every spelling comes to a first rank and a number of elements.
 *
 * Plain fields, one instance for all commands, so that a range costs no memory. It does not know what is done with
 * the elements.
 */
import { Cut } from '../store/cut.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { countBelow, countMembers } from '../store/sorted-set.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { NOT_A_LEX_BOUND, NOT_A_SCORE_BOUND, readLexCut, readScoreCut } from './score-bounds.ts'

/** The options decide. */
export const ANY = -1
export const BY_RANK = 0
export const BY_SCORE = 1
export const BY_MEMBER = 2
export const FORWARD = 0
export const REVERSE = 1

export class SortedSetStretch {
  isReverse = false
  withScores = false
  /** What it comes to in the set of the last `resolve`: the rank to begin at and how many elements to go over. */
  firstRank = 0
  takenCount = 0
  kind = BY_RANK
  #offset = 0
  #limit = -1
  #startRank = 0
  #stopRank = 0
  readonly #low = new Cut()
  readonly #high = new Cut()

  /** Reads bounds from argument i on and the options behind them; false when the error has been replied. */
  read(call: Call, i: number, givenKind: number, direction: number, takesScores: boolean): boolean {
    const { args, reply } = call
    this.#begin(givenKind, direction)
    let isKindOpen = givenKind === ANY
    for (let at = i + 2; at < args.count; at++) {
      if (takesScores && args.is(at, 'WITHSCORES')) this.withScores = true
      else if (args.count - at > 2 && args.is(at, 'LIMIT')) {
        if (!this.#readLimit(call, at + 1)) return false
        at += 2
      } else if (direction === ANY && !this.isReverse && args.is(at, 'REV')) this.isReverse = true
      else if (isKindOpen && (args.is(at, 'BYLEX') || args.is(at, 'BYSCORE'))) {
        this.kind = args.length(at) === 5 ? BY_MEMBER : BY_SCORE
        isKindOpen = false
      } else {
        reply.error(SYNTAX_ERROR)
        return false
      }
    }
    if (this.#limit !== -1 && this.kind === BY_RANK) {
      reply.error('ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX')
    } else if (this.withScores && this.kind === BY_MEMBER) {
      reply.error('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
    } else if (this.isReverse && this.kind !== BY_RANK) return this.#readBoth(call, i + 1, i)
    else return this.#readBoth(call, i, i + 1)
    return false
  }

  /** Reads the bounds of a command without options, `key low high`; false when the error has been replied. */
  readBounds(call: Call, givenKind: number): boolean {
    this.#begin(givenKind, FORWARD)
    return this.#readBoth(call, 2, 3)
  }

  /** Works out what the range comes to in this set. */
  resolve(space: Keyspace, ref: number): void {
    if (this.kind === BY_RANK) {
      const count = countMembers(space, ref)
      const start = Math.max(0, this.#startRank < 0 ? this.#startRank + count : this.#startRank)
      const stop = Math.min(count - 1, this.#stopRank < 0 ? this.#stopRank + count : this.#stopRank)
      this.takenCount = Math.max(0, stop - start + 1)
      this.firstRank = this.isReverse ? count - 1 - start : start
      return
    }
    const from = countBelow(space, ref, this.#low)
    const to = countBelow(space, ref, this.#high)
    const left = this.#offset < 0 ? 0 : Math.max(0, to - from - this.#offset)
    this.takenCount = this.#limit < 0 ? left : Math.min(left, this.#limit)
    this.firstRank = this.isReverse ? to - 1 - this.#offset : from + this.#offset
  }

  #begin(givenKind: number, direction: number): void {
    this.kind = givenKind === ANY ? BY_RANK : givenKind
    this.isReverse = direction === REVERSE
    this.withScores = false
    this.#offset = 0
    this.#limit = -1
  }

  #readLimit(call: Call, i: number): boolean {
    this.#offset = call.integer(i)
    this.#limit = call.integer(i + 1)
    if (this.#offset === this.#offset && this.#limit === this.#limit) return true
    call.reply.error(NOT_AN_INTEGER)
    return false
  }

  #readBoth(call: Call, lower: number, upper: number): boolean {
    if (this.kind === BY_RANK) {
      this.#startRank = call.integer(lower)
      this.#stopRank = call.integer(upper)
      if (this.#startRank === this.#startRank && this.#stopRank === this.#stopRank) return true
      call.reply.error(NOT_AN_INTEGER)
      return false
    }
    const isByScore = this.kind === BY_SCORE
    const read = isByScore ? readScoreCut : readLexCut
    if (read(call, lower, true, this.#low) && read(call, upper, false, this.#high)) return true
    call.reply.error(isByScore ? NOT_A_SCORE_BOUND : NOT_A_LEX_BOUND)
    return false
  }
}
