// Bytes become requests: RESP multibulk and inline commands, as Redis 7.0.15 reads them.
//
// Requests are read in place; an argument is a pair of offsets. An unfinished request is continued where it
// stopped, never read again, so a million arguments in small chunks stay linear. Every length is checked when it
// is announced and memory grows only with bytes that arrived.
// It knows no command and never closes anything. Shape: machine.
//
// Oddities kept from Redis: a NUL byte ends the search for a line end (the line then never completes), and
// neither the byte behind a header's CR nor the two behind an argument are looked at.

import type { Buffer } from 'node:buffer'
import { Args } from './args.ts'
import { InputBuffer } from './input-buffer.ts'
import type { RequestScan } from './request-scan.ts'
import { splitInline } from './inline-request.ts'

export interface ParserLimits {
  argumentsMax: number
  bulkBytesMax: number
  /** Longest inline line and longest header line; Redis' PROTO_INLINE_MAX_SIZE. */
  inlineBytesMax: number
  /** Most bytes an unfinished request may hold; beyond it the connection is dropped without a reply. */
  queryBytesMax: number
  /** What somebody who has not authenticated yet may send (CVE-2021-32675). */
  unauthenticated: { argumentsMax: number; bulkBytesMax: number; queryBytesMax: number }
}

export function defaultParserLimits(): ParserLimits {
  return {
    argumentsMax: 1048576,
    bulkBytesMax: 536870912,
    inlineBytesMax: 65536,
    queryBytesMax: 1073741824,
    unauthenticated: { argumentsMax: 10, bulkBytesMax: 16384, queryBytesMax: 1048576 },
  }
}

export const READY = 0
export const NEED_MORE = 1
export const FAILED = 2
export type ParseResult = typeof READY | typeof NEED_MORE | typeof FAILED

const STAR = 42
const DOLLAR = 36
const CR = 13
const LF = 10
const digitsFastMax = 9

/** What `#readHeader` answers besides a length. */
const UNFINISHED = -1
const BROKEN = -2
const NOTHING = -3

export class RequestParser {
  /** After FAILED: the reply without its dash, or '' when the connection is to be dropped in silence. */
  error: string
  readonly #limits: ParserLimits
  readonly #input: InputBuffer
  /** Where parsing goes on; bytes before it belong to the unfinished request, from input.start. */
  #at: number
  /** Arguments announced and not read yet; 0 between requests. */
  #remaining: number
  /** Length of the argument being read, -1 while its header is outstanding. */
  #bulkLength: number
  /** How far the line that starts at #at has been searched for its end. */
  #searched: number
  /** The offsets of an unfinished request, kept here so that the caller's Args can serve others. */
  readonly #partial: Args

  constructor(limits: ParserLimits) {
    this.error = ''
    this.#limits = limits
    this.#input = new InputBuffer()
    this.#at = 0
    this.#remaining = 0
    this.#bulkLength = -1
    this.#searched = 0
    this.#partial = new Args()
  }

  /** Bytes received and not yet part of an answered request. */
  get pendingBytes(): number {
    return this.#input.end - this.#input.start
  }

  /** Memory held between chunks. */
  get bufferBytes(): number {
    return this.#input.ownBytes
  }

  feed(chunk: Buffer): void {
    // Only the last argument's announced end is the request's end; before it, doubling must do.
    const wanted =
      this.#remaining === 1 && this.#bulkLength >= 0 ? this.#at - this.#input.start + this.#bulkLength + 2 : 0
    this.#shift(this.#input.append(chunk, wanted))
  }

  /** To be called after the last `next` of a chunk: the chunk's memory is let go. */
  endOfChunk(): void {
    this.#shift(this.#input.settle())
  }

  /** Where the next request begins, while none is half read. */
  get position(): number {
    return this.#at
  }

  /** Fills `scan` with what comes next; false when there is too little to make it worth while. */
  lookAhead(scan: RequestScan): boolean {
    const input = this.#input
    if (this.#remaining > 0) return false
    scan.scan(input.bytes, this.#at, input.end)
    return scan.count > 1
  }

  next(args: Args, isAuthenticated: boolean): ParseResult {
    const input = this.#input
    args.reuse()
    while (true) {
      let result: ParseResult
      if (this.#remaining > 0) {
        args.swapOffsets(this.#partial)
        result = this.#readArguments(args, isAuthenticated)
      } else if (this.#at >= input.end) {
        return NEED_MORE
      } else if (input.bytes[this.#at] !== STAR) {
        result = this.#readInline(args)
      } else {
        const count = this.#readCount(isAuthenticated)
        if (count === NOTHING) continue
        if (count < 0) return count === BROKEN ? FAILED : this.#needMore(isAuthenticated)
        result = this.#readArguments(args, isAuthenticated)
      }
      if (result === NEED_MORE) return this.#needMore(isAuthenticated)
      // An empty line is read, and skipped.
      if (result === FAILED || args.count > 0) return result
    }
  }

  /** Reads `*count`; a count of zero or less is a request for nothing. */
  #readCount(isAuthenticated: boolean): number {
    const limits = this.#limits
    const bytes = this.#input.bytes
    const at = this.#at
    // The usual header, one digit, is read right here.
    const digit = bytes[at + 1]! - 48
    if (at + 3 < this.#input.end && digit > 0 && digit <= 9 && bytes[at + 2] === CR) {
      this.#at = at + 4
      this.#searched = at + 4
      this.#remaining = digit
      return digit
    }
    const count = this.#readHeader(STAR, 'too big mbulk count string')
    if (count === UNFINISHED || count === BROKEN) return count
    if (count === NOTHING || count === 0) {
      this.#input.start = this.#at
      return NOTHING
    }
    if (!(count <= limits.argumentsMax)) return this.#broken('invalid multibulk length')
    if (count > limits.unauthenticated.argumentsMax && !isAuthenticated) {
      return this.#broken('unauthenticated multibulk length')
    }
    this.#remaining = count
    return count
  }

  /** Reads arguments until the request is complete or the bytes run out. */
  #readArguments(args: Args, isAuthenticated: boolean): ParseResult {
    const input = this.#input
    const bytes = input.bytes
    const end = input.end
    const limits = this.#limits
    const bulkBytesMax = isAuthenticated
      ? limits.bulkBytesMax
      : Math.min(limits.bulkBytesMax, limits.unauthenticated.bulkBytesMax)
    let at = this.#at
    let remaining = this.#remaining
    let length = this.#bulkLength
    while (remaining > 0) {
      if (length < 0) {
        // The usual header, `$` and up to nine digits, is read right here.
        let cursor = at + 1
        let value = 0
        let digit = 0
        while (
          cursor < end &&
          (digit = bytes[cursor]! - 48) >= 0 &&
          digit <= 9 &&
          cursor - at <= digitsFastMax
        ) {
          value = value * 10 + digit
          cursor++
        }
        const isPlain =
          cursor + 1 < end &&
          bytes[cursor] === CR &&
          bytes[at] === DOLLAR &&
          (cursor - at === 2 || (cursor - at > 2 && bytes[at + 1] !== 48)) &&
          value <= bulkBytesMax
        if (isPlain) {
          length = value
          at = cursor + 2
        } else {
          this.#at = at
          this.#remaining = remaining
          length = this.#readBulkLength(isAuthenticated)
          if (length === BROKEN) return FAILED
          if (length === UNFINISHED) return this.#suspend(args, at, remaining, UNFINISHED)
          at = this.#at
        }
      }
      if (end - at < length + 2) return this.#suspend(args, at, remaining, length)
      args.push(at, at + length)
      at += length + 2
      length = -1
      remaining--
    }
    this.#remaining = 0
    this.#bulkLength = -1
    this.#finish(args, at)
    return READY
  }

  #suspend(args: Args, at: number, remaining: number, length: number): ParseResult {
    this.#at = at
    this.#remaining = remaining
    this.#bulkLength = length
    args.swapOffsets(this.#partial)
    return NEED_MORE
  }

  #readBulkLength(isAuthenticated: boolean): number {
    const limits = this.#limits
    const length = this.#readHeader(DOLLAR, 'too big bulk count string')
    if (length === UNFINISHED || length === BROKEN) return length
    if (length === NOTHING || !(length <= limits.bulkBytesMax)) return this.#broken('invalid bulk length')
    if (length > limits.unauthenticated.bulkBytesMax && !isAuthenticated) {
      return this.#broken('unauthenticated bulk length')
    }
    return length
  }

  /** Reads a header line at #at: a length, NaN for no number, or UNFINISHED, BROKEN, NOTHING (negative). */
  #readHeader(marker: number, tooLong: string): number {
    const bytes = this.#input.bytes
    const start = this.#at
    const lineEnd = this.#findLineEnd(CR)
    if (lineEnd === BROKEN) return this.#broken(tooLong)
    if (lineEnd === UNFINISHED || lineEnd + 1 >= this.#input.end) return UNFINISHED
    if (bytes[start] !== marker) return this.#broken(`expected '$', got '${printable(bytes[start]!)}'`)
    this.#at = lineEnd + 2
    this.#searched = this.#at
    return parseLength(bytes, start + 1, lineEnd)
  }

  #readInline(args: Args): ParseResult {
    const input = this.#input
    const start = this.#at
    const lineEnd = this.#findLineEnd(LF)
    if (lineEnd === UNFINISHED) return NEED_MORE
    if (lineEnd === BROKEN) {
      this.#broken('too big inline request')
      return FAILED
    }
    const hasReturn = lineEnd > start && input.bytes[lineEnd - 1] === CR
    this.#finish(args, lineEnd + 1)
    if (splitInline(args, input.bytes, start, hasReturn ? lineEnd - 1 : lineEnd)) return READY
    this.#broken('unbalanced quotes in request')
    return FAILED
  }

  /** Where the line at #at ends; UNFINISHED, or BROKEN when it is too long. Each byte is looked at once. */
  #findLineEnd(terminator: number): number {
    const bytes = this.#input.bytes
    const start = this.#at
    const longest = start + this.#limits.inlineBytesMax
    const stop = Math.min(this.#input.end, longest + 1)
    let cursor = Math.max(this.#searched, start)
    while (cursor < stop) {
      const byte = bytes[cursor]!
      if (byte === terminator) {
        this.#searched = cursor
        return cursor
      }
      if (byte === 0) break
      cursor++
    }
    this.#searched = cursor
    return this.#input.end > longest ? BROKEN : UNFINISHED
  }

  #finish(args: Args, at: number): void {
    args.bytes = this.#input.bytes
    args.requestStart = this.#input.start
    args.requestEnd = at
    this.#at = at
    this.#searched = at
    this.#input.start = at
  }

  #needMore(isAuthenticated: boolean): ParseResult {
    const { queryBytesMax, unauthenticated } = this.#limits
    const most = isAuthenticated ? queryBytesMax : Math.min(queryBytesMax, unauthenticated.queryBytesMax)
    if (this.pendingBytes <= most) return NEED_MORE
    this.error = ''
    return FAILED
  }

  #broken(text: string): number {
    this.error = `ERR Protocol error: ${text}`
    return BROKEN
  }

  #shift(distance: number): void {
    if (distance === 0) return
    this.#at -= distance
    this.#searched = Math.max(0, this.#searched - distance)
    if (this.#remaining > 0) this.#partial.shift(distance)
  }
}

/** Redis' string2ll: no sign but a minus, no leading zero. NOTHING if negative, NaN if it is no 64-bit number. */
function parseLength(bytes: Buffer, start: number, end: number): number {
  const isNegative = bytes[start] === 45
  const first = isNegative ? start + 1 : start
  const digits = end - first
  if (digits === 1 && bytes[first] === 48) return isNegative ? NaN : 0
  if (digits < 1 || digits > 19 || bytes[first] === 48) return NaN
  let value = 0
  for (let at = first; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  if (!isNegative) return value
  const isBelowInt64 = digits === 19 && bytes.toString('latin1', first, end) > '9223372036854775808'
  return isBelowInt64 ? NaN : NOTHING
}

/** The byte as it stands in an error reply: line breaks would end the reply. */
function printable(byte: number): string {
  return byte === CR || byte === LF ? ' ' : String.fromCharCode(byte)
}
