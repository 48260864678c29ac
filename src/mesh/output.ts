/*
 * What a link has to say, until its wire has taken it.
 *
 * The idea: frames of one turn are written one behind the other into a shared slab and leave in one write; a long one
 * gets a buffer of its own. A parcel - what is written at once - always holds whole frames, so that whoever stands
 * between link and wire may withhold a frame without spoiling the stream. Once a wire has said no, nothing is
 * written before it has drained. It refuses to know verbs and limits. Shape: machine.
 */
import { Buffer } from 'node:buffer'
import { type SlabPool, slabBytes } from '../../resp/index.ts'
import { prefixBytes, writeFrameHead } from './frame.ts'
import type { Wire } from './wires.ts'

interface Parcel {
  bytes: Buffer
  length: number
  framesCount: number
}

export class Output {
  /** Not yet taken by the wire, what it holds included. */
  queuedBytes: number
  readonly #slabs: SlabPool
  /** Oldest first; the last one may still grow. */
  #parcels: Parcel[]
  /** The first parcel is with the wire, which has not drained. */
  #isBlocked: boolean

  constructor(slabs: SlabPool) {
    this.queuedBytes = 0
    this.#slabs = slabs
    this.#parcels = []
    this.#isBlocked = false
  }

  get isEmpty(): boolean {
    return this.queuedBytes === 0
  }

  get isBlocked(): boolean {
    return this.#isBlocked
  }

  /** Memory that is held for it. */
  get allocatedBytes(): number {
    let total = 0
    for (const parcel of this.#parcels) total += parcel.bytes.length
    return total
  }

  get framesCount(): number {
    let total = 0
    for (const parcel of this.#parcels) total += parcel.framesCount
    return total
  }

  /** Copies the frame; nothing is written yet. */
  append(header: Uint8Array, body: Uint8Array, start: number, end: number): void {
    const bytes = prefixBytes + header.length + end - start
    const parcel = this.#parcelFor(bytes)
    const bodyAt = writeFrameHead(parcel.bytes, parcel.length, header, end - start)
    if (end > start) copyBytes(body, start, end, parcel.bytes, bodyAt)
    parcel.length += bytes
    parcel.framesCount++
    this.queuedBytes += bytes
  }

  /** Writes ahead of everything queued: for the handshake, when nothing else may leave. `frame` is given away. */
  writeFirst(wire: Wire, frame: Buffer): void {
    this.queuedBytes += frame.length
    this.#parcels.unshift({ bytes: frame, length: frame.length, framesCount: 0 })
    if (wire.write(frame)) this.#finish(this.#parcels.shift()!)
    else this.#isBlocked = true
  }

  flush(wire: Wire): void {
    if (this.#isBlocked) return
    let taken = 0
    while (taken < this.#parcels.length && !this.#isBlocked) {
      const parcel = this.#parcels[taken]!
      const { bytes, length } = parcel
      if (wire.write(length === bytes.length ? bytes : bytes.subarray(0, length))) {
        this.#finish(parcel)
        taken++
      } else {
        this.#isBlocked = true
      }
    }
    this.#parcels.splice(0, taken)
  }

  /** The wire has let go of the first parcel; how many bytes that were. */
  onDrain(): number {
    if (!this.#isBlocked) return 0
    this.#isBlocked = false
    const parcel = this.#parcels.shift()!
    this.#finish(parcel)
    return parcel.length
  }

  /** Takes over what another output has queued and not begun to write, behind its own. */
  takeFrom(other: Output): void {
    const untouched = other.#parcels.splice(other.#isBlocked ? 1 : 0)
    for (const parcel of untouched) {
      this.#parcels.push(parcel)
      this.queuedBytes += parcel.length
      other.queuedBytes -= parcel.length
    }
  }

  /** Forgets everything; returns how many frames never left. What the wire may still hold is left to the collector. */
  drop(): number {
    const count = this.framesCount
    this.#parcels = []
    this.queuedBytes = 0
    this.#isBlocked = false
    return count
  }

  #parcelFor(bytes: number): Parcel {
    const last = this.#parcels[this.#parcels.length - 1]
    const isWithWire = this.#isBlocked && this.#parcels.length === 1
    if (last !== undefined && !isWithWire && last.bytes.length - last.length >= bytes) return last
    const fresh = bytes <= slabBytes ? this.#slabs.take() : Buffer.allocUnsafeSlow(bytes)
    const parcel: Parcel = { bytes: fresh, length: 0, framesCount: 0 }
    this.#parcels.push(parcel)
    return parcel
  }

  #finish(parcel: Parcel): void {
    this.queuedBytes -= parcel.length
    this.#slabs.give(parcel.bytes)
  }
}

function copyBytes(from: Uint8Array, start: number, end: number, into: Buffer, at: number): void {
  if (Buffer.isBuffer(from)) from.copy(into, at, start, end)
  else into.set(from.subarray(start, end), at)
}
