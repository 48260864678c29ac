// Looks ahead: where the first key of each of the next requests lies, before any of them runs.
//
// A pipeline tells what comes next, and memory is slow to answer: whoever is told the keys of thirty requests at once
// can ask for them all together instead of waiting for one after the other. Only plainly written multibulk requests
// that have arrived whole are looked at; the scan ends at anything else. It decides nothing, and a request it
// misread would only be slower. Shape: machine.

import type { Buffer } from 'node:buffer'

const REQUESTS_MAX = 32
const ARGUMENTS_MAX = 64
const KEY_BYTES_MAX = 256
const STAR = 42
const DOLLAR = 36
const CR = 13

export class RequestScan {
  bytes: Buffer | null
  /** Argument 1 of each request seen is bytes[starts[i], ends[i]); requests without one are left out. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Argument 2 of the same requests, or 0 and 0. */
  readonly nextStarts: Int32Array
  readonly nextEnds: Int32Array
  count: number
  /** Requests that begin before this have been looked at. */
  until: number
  #end: number

  constructor() {
    this.bytes = null
    this.starts = new Int32Array(REQUESTS_MAX)
    this.ends = new Int32Array(REQUESTS_MAX)
    this.nextStarts = new Int32Array(REQUESTS_MAX)
    this.nextEnds = new Int32Array(REQUESTS_MAX)
    this.count = 0
    this.until = 0
    this.#end = 0
  }

  /** Looks at the requests from `from` on, where one begins. */
  scan(bytes: Buffer, from: number, end: number): void {
    this.bytes = bytes
    this.count = 0
    let at = from
    for (let seen = 0; seen < REQUESTS_MAX; seen++) {
      at = this.#request(bytes, at, end)
      if (at < 0) {
        this.until = end
        return
      }
    }
    this.until = at
  }

  /** Nothing is known any more. */
  forget(): void {
    this.bytes = null
    this.count = 0
    this.until = 0
  }

  /** Where the request behind the one at `at` begins, or -1 when the scan ends here. */
  #request(bytes: Buffer, at: number, end: number): number {
    if (at + 3 >= end || bytes[at] !== STAR) return -1
    let argumentCount = 0
    for (at++; at < end && bytes[at] !== CR; at++) argumentCount = argumentCount * 10 + bytes[at]! - 48
    if (!(argumentCount >= 1 && argumentCount <= ARGUMENTS_MAX)) return -1
    at += 2
    let isNoted = false
    for (let argument = 0; argument < argumentCount; argument++) {
      at = this.#argument(bytes, at, end)
      if (at < 0) return -1
      if (argument === 1) isNoted = this.#note(at)
      else if (argument === 2 && isNoted) this.#noteNext(at)
      at = this.#end + 2
    }
    return at <= end ? at : -1
  }

  /** Where the argument whose header is at `at` begins, or -1; `#end` is where it ends. */
  #argument(bytes: Buffer, at: number, end: number): number {
    if (at + 3 >= end || bytes[at] !== DOLLAR) return -1
    let length = bytes[at + 1]! - 48
    for (at += 2; at < end && bytes[at] !== CR; at++) length = length * 10 + bytes[at]! - 48
    this.#end = at + 2 + length
    return length >= 0 && this.#end <= end ? at + 2 : -1
  }

  #note(start: number): boolean {
    if (this.#end - start > KEY_BYTES_MAX) return false
    this.starts[this.count] = start
    this.ends[this.count] = this.#end
    this.nextStarts[this.count] = 0
    this.nextEnds[this.count++] = 0
    return true
  }

  #noteNext(start: number): void {
    if (this.#end - start > KEY_BYTES_MAX) return
    this.nextStarts[this.count - 1] = start
    this.nextEnds[this.count - 1] = this.#end
  }
}
