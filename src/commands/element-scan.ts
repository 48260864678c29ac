/**
 * Element scan [Machine]: what HSCAN, SSCAN and ZSCAN share (and SCAN in part): reading cursor, MATCH and COUNT in
 * Redis' order of checks, and the reply of a cursor with a list whose length is known only at its end.
 *
 * A cursor is the hash to go on from, 0 at both ends; small collections are answered whole. The pattern stays
 * where it is, in the request's bytes. It does not know what an element looks like.
 */
import { matchesAll, matchesGlob } from '../store/glob.ts'
import { NOT_AN_INTEGER, readInteger, SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'

const COUNT_DEFAULT = 10
const UINT64_LIMIT = 2n ** 64n

export class ElementScan {
  /** As the client sent it; beyond 2^53 the nearest double. */
  cursor = 0
  count = COUNT_DEFAULT
  /** Argument number of the pattern, 0 when every element is wanted. */
  patternArgument = 0
  /** Argument number of TYPE's word, 0 without one (SCAN only). */
  typeArgument = 0
  #mark = 0
  #taken = 0

  /** The hash to walk a large collection from. */
  get fromHash(): number {
    return this.cursor % 2 ** 32
  }

  /** Reads the cursor at argument i; false when the error has been replied. */
  readCursor(call: Call, i: number): boolean {
    this.cursor = readCursor(call.args.bytes, call.args.starts[i]!, call.args.ends[i]!)
    if (this.cursor === this.cursor) return true
    call.reply.error('ERR invalid cursor')
    return false
  }

  /** Reads the options from argument i on; false when the error has been replied. */
  readOptions(call: Call, i: number, takesType: boolean): boolean {
    const args = call.args
    this.count = COUNT_DEFAULT
    this.patternArgument = 0
    this.typeArgument = 0
    for (; i < args.count; i += 2) {
      const hasMore = i + 1 < args.count
      if (hasMore && args.is(i, 'COUNT')) {
        this.count = call.integer(i + 1)
        if (this.count !== this.count) return refuse(call, NOT_AN_INTEGER)
        if (this.count < 1) return refuse(call, SYNTAX_ERROR)
      } else if (hasMore && args.is(i, 'MATCH')) {
        this.patternArgument = matchesAll(args.bytes, args.starts[i + 1]!, args.ends[i + 1]!) ? 0 : i + 1
      } else if (hasMore && takesType && args.is(i, 'TYPE')) this.typeArgument = i + 1
      else return refuse(call, SYNTAX_ERROR)
    }
    return true
  }

  /** Does MATCH want this name? */
  admits(call: Call, bytes: Uint8Array, start: number, end: number): boolean {
    const i = this.patternArgument
    if (i === 0) return true
    const args = call.args
    return matchesGlob(args.bytes, args.starts[i]!, args.ends[i]!, bytes, start, end, false)
  }

  /** Writes the reply's head; the caller then writes elements, telling `took` how many, and calls `end`. */
  begin(call: Call, nextCursor: number): void {
    call.reply.array(2)
    call.reply.bulkText(String(nextCursor))
    this.#mark = call.reply.mark()
    this.#taken = 0
  }

  took(count: number): void {
    this.#taken += count
  }

  end(call: Call): void {
    call.reply.insertArray(this.#mark, this.#taken)
  }

  /** The answer for a key that is not there. */
  replyEmpty(call: Call): void {
    call.reply.array(2)
    call.reply.bulkText('0')
    call.reply.array(0)
  }
}

/** A cursor as strtoul reads it: signs and leading zeros pass, no text is 0; NaN when it is none. */
export function readCursor(bytes: Uint8Array, start: number, end: number): number {
  const plain = readInteger(bytes, start, end)
  if (plain >= 0 && plain <= Number.MAX_SAFE_INTEGER) return plain
  const text = Buffer.from(bytes.subarray(start, end)).toString('latin1')
  const parts = /^(?:([+-]?)(\d+))?(?:\0.*)?$/s.exec(text)
  if (parts === null) return Number.NaN
  const value = BigInt(parts[2] ?? 0)
  if (value >= UINT64_LIMIT) return Number.NaN
  return Number(parts[1] === '-' ? BigInt.asUintN(64, -value) : value)
}

function refuse(call: Call, error: string): false {
  call.reply.error(error)
  return false
}
