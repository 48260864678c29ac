// The unread bytes of one connection.
//
// A chunk is read where it lies; only what is left of it when its turn ends is copied, so that a few bytes never
// pin a whole socket chunk. Copying stays linear: room doubles, and bytes move to the front
// only when at least as many in front of them were consumed.
// It knows nothing of requests. Shape: machine.

import { Buffer } from 'node:buffer'

const nothing: Buffer = Buffer.alloc(0)
/** A connection with nothing unread keeps at most this much. */
const idleBytesMax = 16384
const shrinkBytesMin = 262144
const ownBytesMin = 1024

export class InputBuffer {
  bytes: Buffer
  /** bytes[start, end) is unread. */
  start: number
  end: number
  #own: Buffer

  constructor() {
    this.bytes = nothing
    this.start = 0
    this.end = 0
    this.#own = nothing
  }

  /** Memory this buffer holds of its own. */
  get ownBytes(): number {
    return this.#own.length
  }

  /**
   * Adds a chunk and answers by how much the unread bytes moved towards the front.
   * `wantedBytes` is how long the unread bytes will become at least, when that is known, else 0.
   */
  append(chunk: Buffer, wantedBytes: number): number {
    if (this.start === this.end) {
      const moved = this.start
      this.bytes = chunk
      this.start = 0
      this.end = chunk.length
      return moved
    }
    const moved = this.#makeRoom(chunk.length, wantedBytes)
    chunk.copy(this.bytes, this.end)
    this.end += chunk.length
    return moved
  }

  /** The turn is over: lets go of the chunk, and of memory no longer needed. Answers as `append` does. */
  settle(): number {
    const live = this.end - this.start
    if (live === 0) {
      if (this.#own.length > idleBytesMax) this.#own = nothing
      const moved = this.start
      this.bytes = nothing
      this.start = 0
      this.end = 0
      return moved
    }
    if (this.bytes !== this.#own) return this.#makeRoom(0, 0)
    if (this.#own.length > shrinkBytesMin && live * 4 < this.#own.length) {
      return this.#moveTo(Math.max(live * 2, ownBytesMin))
    }
    return 0
  }

  #makeRoom(extra: number, wantedBytes: number): number {
    const live = this.end - this.start
    const needed = live + extra
    const isOwn = this.bytes === this.#own
    if (isOwn && this.end + extra <= this.#own.length) return 0
    if (needed <= this.#own.length && (!isOwn || this.start >= live)) return this.#moveInto(this.#own)
    // An announced length is trusted only as far as bytes have arrived to back it.
    const plausible = Math.max(needed * 2, ownBytesMin)
    return this.#moveTo(wantedBytes >= needed && wantedBytes <= plausible ? wantedBytes : plausible)
  }

  #moveTo(size: number): number {
    return this.#moveInto(Buffer.allocUnsafeSlow(size))
  }

  #moveInto(target: Buffer): number {
    const moved = this.start
    this.bytes.copy(target, 0, this.start, this.end)
    this.#own = target
    this.bytes = target
    this.end -= moved
    this.start = 0
    return moved
  }
}
