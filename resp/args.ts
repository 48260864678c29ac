// The arguments of one request, as offsets into the bytes they arrived in.
//
// One Args serves every request of a connection (or of the whole node): the parser refills it, the
// command reads it, nothing is allocated in between. The bytes belong to somebody else and are only
// valid until the command returns; whoever keeps an argument takes `copy`.
// It knows nothing of commands, arity or keys. Shape: data.

import { Buffer } from 'node:buffer'

// Typed arrays of 64 bytes lie in the heap of V8: whoever keeps many requests costs no memory outside of it.
const offsetsMin = 16
const offsetsKeptMax = 4096
const nothing: Buffer = Buffer.alloc(0)

export class Args {
  bytes: Buffer
  count: number
  starts: Int32Array
  ends: Int32Array
  /** The request as it came over the wire is bytes[requestStart, requestEnd). */
  requestStart: number
  requestEnd: number

  constructor() {
    this.bytes = nothing
    this.count = 0
    this.starts = new Int32Array(offsetsMin)
    this.ends = new Int32Array(offsetsMin)
    this.requestStart = 0
    this.requestEnd = 0
  }

  /** Builds a request of its own, encoded as a client would send it. */
  static from(...parts: (string | Buffer | number)[]): Args {
    const args = new Args()
    const pieces: Buffer[] = [Buffer.from(`*${parts.length}\r\n`, 'latin1')]
    let at = pieces[0]!.length
    for (const part of parts) {
      const body = typeof part === 'object' ? part : Buffer.from(String(part), 'latin1')
      const header = Buffer.from(`$${body.length}\r\n`, 'latin1')
      pieces.push(header, body, lineEnd)
      at += header.length
      args.push(at, at + body.length)
      at += body.length + 2
    }
    args.bytes = Buffer.concat(pieces)
    args.requestEnd = at
    return args
  }

  length(i: number): number {
    return this.ends[i]! - this.starts[i]!
  }

  /** Is argument i this word? The word is given in upper case, the argument may be in any. */
  is(i: number, word: string): boolean {
    const start = this.starts[i]!
    const length = this.ends[i]! - start
    if (length !== word.length) return false
    const bytes = this.bytes
    for (let k = 0; k < length; k++) {
      let byte = bytes[start + k]!
      if (byte >= 97 && byte <= 122) byte -= 32
      if (byte !== word.charCodeAt(k)) return false
    }
    return true
  }

  equals(i: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = this.starts[i]!
    const length = this.ends[i]! - from
    if (length !== end - start) return false
    const mine = this.bytes
    for (let k = 0; k < length; k++) {
      if (mine[from + k] !== bytes[start + k]) return false
    }
    return true
  }

  /** Argument i as a latin1 string: one character a byte. */
  text(i: number): string {
    return this.bytes.toString('latin1', this.starts[i]!, this.ends[i]!)
  }

  /** Argument i in memory of its own, free to outlive the request. */
  copy(i: number): Buffer {
    const start = this.starts[i]!
    const length = this.ends[i]! - start
    const own = Buffer.allocUnsafeSlow(length)
    this.bytes.copy(own, 0, start, start + length)
    return own
  }

  push(start: number, end: number): void {
    const count = this.count
    if (count === this.starts.length) this.#grow()
    this.starts[count] = start
    this.ends[count] = end
    this.count = count + 1
  }

  /** Forgets the request: the bytes are let go, and so are offsets grown by an unusually long one. */
  clear(): void {
    this.bytes = nothing
    this.count = 0
    if (this.starts.length > offsetsKeptMax) {
      this.starts = new Int32Array(offsetsMin)
      this.ends = new Int32Array(offsetsMin)
    }
  }

  /** Ready for the next request, which nearly always lies in the same bytes: they are kept until `clear`. */
  reuse(): void {
    this.count = 0
    if (this.starts.length > offsetsKeptMax) this.clear()
  }

  /** Trades offsets with another Args without copying them; bytes and request bounds stay. */
  swapOffsets(other: Args): void {
    const { starts, ends, count } = this
    this.starts = other.starts
    this.ends = other.ends
    this.count = other.count
    other.starts = starts
    other.ends = ends
    other.count = count
  }

  /** The bytes were moved towards the front by `distance`. */
  shift(distance: number): void {
    const starts = this.starts
    const ends = this.ends
    for (let i = 0; i < this.count; i++) {
      starts[i] = starts[i]! - distance
      ends[i] = ends[i]! - distance
    }
  }

  #grow(): void {
    const starts = new Int32Array(this.starts.length * 2)
    const ends = new Int32Array(this.ends.length * 2)
    starts.set(this.starts)
    ends.set(this.ends)
    this.starts = starts
    this.ends = ends
  }
}

const lineEnd: Buffer = Buffer.from('\r\n', 'latin1')
