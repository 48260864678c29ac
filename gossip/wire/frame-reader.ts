/*
 * A byte stream cut into frames: a length of four bytes, big-endian, then as many bytes.
 *
 * The idea: a length is a claim. One above the limit ends the stream at once, and one below it gets memory only as its
 * bytes really come, doubling, so that a peer cannot make us hold more than twice what it has sent. Shape: machine.
 */
import { Buffer } from 'node:buffer'

export const LENGTH_BYTES = 4
const FIRST_BYTES = 4096

export class FrameReader {
  /** The largest frame that is let in; raised by the owner when the peer has said who it is. */
  frameBytesMax: number
  readonly #length: Buffer
  #lengthFilled: number
  #frame: Buffer
  #filled: number
  #wanted: number

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax
    this.#length = Buffer.alloc(LENGTH_BYTES)
    this.#lengthFilled = 0
    this.#frame = Buffer.alloc(0)
    this.#filled = 0
    this.#wanted = -1
  }

  /** Memory held for a frame that is not complete. */
  get heldBytes(): number {
    return this.#frame.length
  }

  get hasHalfFrame(): boolean {
    return this.#lengthFilled > 0 || this.#wanted >= 0
  }

  /**
   * Hands on every frame that is complete now; its bytes are good during the call only. False when the stream is not
   * worth reading on: a length beyond the limit or of nothing, or `onFrame` said so.
   */
  onBytes(chunk: Buffer, onFrame: (frame: Buffer) => boolean): boolean {
    let at = 0
    while (at < chunk.length) {
      if (this.#wanted < 0) {
        at = this.#readLength(chunk, at)
        if (this.#lengthFilled < LENGTH_BYTES) return true
        this.#lengthFilled = 0
        this.#wanted = this.#length.readUInt32BE(0)
        if (this.#wanted === 0 || this.#wanted > this.frameBytesMax) return false
      }
      const missing = this.#wanted - this.#filled
      const taken = Math.min(missing, chunk.length - at)
      const isWhole = taken === missing
      if (isWhole && this.#filled === 0) {
        this.#wanted = -1
        if (!onFrame(chunk.subarray(at, at + taken))) return false
      } else {
        this.#keep(chunk, at, taken)
        if (isWhole && !onFrame(this.#takeFrame())) return false
      }
      at += taken
    }
    return true
  }

  #readLength(chunk: Buffer, from: number): number {
    let at = from
    while (at < chunk.length && this.#lengthFilled < LENGTH_BYTES) {
      this.#length[this.#lengthFilled++] = chunk[at++]!
    }
    return at
  }

  #keep(chunk: Buffer, at: number, count: number): void {
    const needed = this.#filled + count
    if (needed > this.#frame.length) {
      const size = Math.min(this.#wanted, Math.max(FIRST_BYTES, needed, this.#frame.length * 2))
      const larger = Buffer.allocUnsafeSlow(size)
      this.#frame.copy(larger, 0, 0, this.#filled)
      this.#frame = larger
    }
    chunk.copy(this.#frame, this.#filled, at, at + count)
    this.#filled = needed
  }

  #takeFrame(): Buffer {
    const frame = this.#frame.subarray(0, this.#wanted)
    this.#frame = Buffer.alloc(0)
    this.#filled = 0
    this.#wanted = -1
    return frame
  }
}

/** A frame as it goes out, in memory of its own. */
export function framed(bytes: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafeSlow(LENGTH_BYTES + bytes.length)
  frame.writeUInt32BE(bytes.length, 0)
  frame.set(bytes, LENGTH_BYTES)
  return frame
}
