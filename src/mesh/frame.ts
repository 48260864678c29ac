/*
 * Frames on a stream: `u32 length | u16 header length | header | body`, big-endian; the first length counts what follows it.
 *
 * The idea: a frame that lies whole in a chunk is read in place; one that spans chunks is gathered into one buffer, so
 * its bytes are copied once. A length is believed only up to a limit, and memory follows the bytes that really came:
 * above `trustedBytes` the buffer grows fourfold at a time. It knows nothing of headers. Shape: machine and rule.
 */
import { Buffer } from 'node:buffer'
import { headerBytesMax } from './header.ts'

export const lengthBytes = 4
export const headerLengthBytes = 2
export const prefixBytes = lengthBytes + headerLengthBytes
export const bodyBytesMax = 64 * 1024 * 1024
/** Of verbs that carry values: one of 512 MiB, the longest that Redis takes, and what goes with it. */
export const longBodyBytesMax = 640 * 1024 * 1024
/** One value, and one request, leave room for what is sent with them. */
export const carriedBytesMax = longBodyBytesMax - 16 * 1024 * 1024
/** A long body is given the time it takes on a slow network: 10 MB/s. */
export const slowestBytesPerMs = 10_000
/** The longest frame, without its own length. */
export const frameBytesMax = headerLengthBytes + headerBytesMax + longBodyBytesMax

/** Is there room behind what waits already? What is longer than the limit by itself goes when all before it keeps the limit. */
export function hasRoomFor(bytes: number, waitingBytes: number, limitBytes: number): boolean {
  return waitingBytes + bytes <= limitBytes || (bytes > limitBytes && waitingBytes <= limitBytes)
}
/** A header is at least an array of two numbers. */
export const frameBytesMin = headerLengthBytes + 3

/** Claimed lengths up to this are given their memory at once. */
const trustedBytes = 1024 * 1024
/** A buffer up to this size is kept for the next frame that spans chunks. */
const keptBytesMax = 256 * 1024

/** Writes the two lengths and the header; the body goes behind it. Returns where that is. */
export function writeFrameHead(into: Buffer, at: number, header: Uint8Array, bodyBytes: number): number {
  into.writeUInt32BE(headerLengthBytes + header.length + bodyBytes, at)
  into.writeUInt16BE(header.length, at + lengthBytes)
  into.set(header, at + prefixBytes)
  return at + prefixBytes + header.length
}

export interface FrameSink {
  /** The frame without its length, valid during the call. False: whatever follows is of no interest. */
  onFrame(bytes: Buffer, start: number, end: number): boolean
}

export class FrameReader {
  /** May be changed at any time: a stranger is trusted with less than a peer. */
  bytesMax: number
  #partial: Buffer
  #filledBytes: number

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax
    this.#partial = Buffer.alloc(0)
    this.#filledBytes = 0
  }

  /** Bytes of an unfinished frame that are kept until it is whole. */
  get pendingBytes(): number {
    return this.#filledBytes
  }

  /** False when a length is impossible: the stream is lost, as nobody can say where the next frame begins. */
  onBytes(chunk: Buffer, sink: FrameSink): boolean {
    let at = 0
    if (this.#filledBytes > 0) {
      at = this.#gather(chunk, 0)
      if (at < 0) return false
      const endsAt = this.#wholeEnd()
      if (endsAt === 0) return true
      const whole = this.#partial
      this.#filledBytes = 0
      if (whole.length > keptBytesMax) this.#partial = Buffer.alloc(0)
      if (!sink.onFrame(whole, lengthBytes, endsAt)) return true
    }
    while (chunk.length - at >= lengthBytes) {
      const length = chunk.readUInt32BE(at)
      if (length < frameBytesMin || length > this.bytesMax) return false
      const endsAt = at + lengthBytes + length
      if (endsAt > chunk.length) break
      if (!sink.onFrame(chunk, at + lengthBytes, endsAt)) return true
      at = endsAt
    }
    return at === chunk.length || this.#gather(chunk, at) >= 0
  }

  /** The end of the gathered frame when it is whole, else 0. */
  #wholeEnd(): number {
    if (this.#filledBytes < lengthBytes) return 0
    const endsAt = lengthBytes + this.#partial.readUInt32BE(0)
    return this.#filledBytes === endsAt ? endsAt : 0
  }

  /** Copies from `at` up to the end of the frame that has begun; returns where it stopped, or -1 for a bad length. */
  #gather(chunk: Buffer, at: number): number {
    let from = at
    if (this.#filledBytes < lengthBytes) {
      from += this.#take(chunk, from, lengthBytes)
      if (this.#filledBytes < lengthBytes) return from
    }
    const length = this.#partial.readUInt32BE(0)
    if (length < frameBytesMin || length > this.bytesMax) return -1
    return from + this.#take(chunk, from, lengthBytes + length)
  }

  /** Copies so much that `untilBytes` are filled, or all there is. Returns how much. */
  #take(chunk: Buffer, from: number, untilBytes: number): number {
    const count = Math.min(untilBytes - this.#filledBytes, chunk.length - from)
    this.#grow(this.#filledBytes + count, untilBytes)
    chunk.copy(this.#partial, this.#filledBytes, from, from + count)
    this.#filledBytes += count
    return count
  }

  #grow(neededBytes: number, wholeBytes: number): void {
    if (this.#partial.length >= neededBytes) return
    const sizeBytes = Math.max(256, Math.min(wholeBytes, Math.max(trustedBytes, 4 * neededBytes)))
    const grown = Buffer.allocUnsafeSlow(sizeBytes)
    this.#partial.copy(grown, 0, 0, this.#filledBytes)
    this.#partial = grown
  }
}
