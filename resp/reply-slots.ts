// Replies that are not known yet keep their place in line.
//
// A command that must wait (for a quorum, for another node) opens a slot and the commands behind it run on,
// writing into the connection's writer as always. A slot is a position in that stream of bytes; output up to
// the first slot still open may leave, filled slots are woven in, everything else waits its turn.
// It knows neither what the replies say nor when they are sent. Shape: machine.

import { Buffer } from 'node:buffer'
import { replyEnd } from './reply-span.ts'
import { ReplyWriter } from './reply-writer.ts'
import type { SlabPool } from './slab-pool.ts'

const ringMin = 16
const compactBytesMin = 65536

export class ReplySlots {
  /** Open and filled slots that have not left yet. */
  count: number
  /** Those of them that are still open. */
  openCount: number
  /** Bytes of filled slots that wait behind an open one. */
  waitingBytes: number
  /** What may leave, in order. */
  readonly output: ReplyWriter
  readonly #writer: ReplyWriter
  /** Slot s sits at s & (capacity - 1): its place in the stream, and once there is one its reply, from start to end. */
  #places: number[]
  #replies: (Buffer | null)[]
  #starts: number[]
  #ends: number[]
  #first: number
  /** Place in the stream of the writer's first byte, and of the first byte that has not left. */
  #base: number
  #left: number

  constructor(writer: ReplyWriter, slabs: SlabPool) {
    this.count = 0
    this.openCount = 0
    this.waitingBytes = 0
    this.output = new ReplyWriter(slabs)
    this.#writer = writer
    this.#places = []
    this.#replies = []
    this.#starts = []
    this.#ends = []
    this.#first = 0
    this.#base = 0
    this.#left = 0
  }

  /** False as long as the writer may be sent just as it is. */
  get isInUse(): boolean {
    return this.count > 0 || this.output.length > 0
  }

  /** What the writer holds up to here stands in front of a slot and can no longer be taken back. */
  get fixedLength(): number {
    if (this.count === 0) return 0
    return this.#places[(this.#first + this.count - 1) & (this.#places.length - 1)]! - this.#base
  }

  /** Reserves the next reply's place, or the one of a reply just written from `length` on. */
  open(length = this.#writer.length): number {
    if (this.count === this.#places.length) this.#grow()
    if (this.count === 0 && this.output.length === 0) {
      this.#base = 0
      this.#left = 0
    }
    const slot = this.#first + this.count
    const index = slot & (this.#places.length - 1)
    this.#places[index] = this.#base + length
    this.#replies[index] = null
    this.count++
    this.openCount++
    return slot
  }

  /** Gives a slot its reply. The bytes are kept as they are until they leave: they must not change. */
  fill(slot: number, reply: Buffer, start = 0, end = reply.length): void {
    const index = slot & (this.#places.length - 1)
    const isOpen = slot >= this.#first && slot < this.#first + this.count && this.#replies[index] === null
    if (!isOpen) throw new Error(`reply slot ${slot} is not open`)
    this.openCount--
    this.#replies[index] = reply
    this.#starts[index] = start
    this.#ends[index] = end
    this.waitingBytes += end - start
  }

  /** How far behind an open slot the reply begins that the writer holds from `length` on: this never changes. */
  distanceFrom(slot: number, length = this.#writer.length): number {
    return this.#base + length - this.#placeOf(slot)
  }

  /**
   * Puts `error` in place of each reply that begins at one of these distances behind an open slot, in ascending order.
   * Slots behind a reply that changed its length move with what they stand in.
   */
  replace(openSlot: number, distances: readonly number[], error: Buffer): void {
    const writer = this.#writer
    const from = this.#placeOf(openSlot)
    const places = distances.map((distance) => from + distance)
    const start = places[0]! - this.#base
    const tail = Buffer.from(writer.bytes.subarray(start, writer.length))
    const tailPlace = places[0]!
    const mask = this.#places.length - 1
    let slot = this.#first
    let read = 0
    writer.truncate(start)
    const copyUpTo = (place: number): void => {
      for (; slot < this.#first + this.count; slot++) {
        const slotPlace = this.#places[slot & mask]!
        if (slotPlace > place) break
        if (slotPlace <= tailPlace) continue
        writer.raw(tail, read, slotPlace - tailPlace)
        read = slotPlace - tailPlace
        this.#places[slot & mask] = this.#base + writer.length
      }
      writer.raw(tail, read, place - tailPlace)
      read = place - tailPlace
    }
    for (const place of places) {
      copyUpTo(place)
      read = replyEnd(tail, read)
      writer.raw(error, 0, error.length)
    }
    copyUpTo(tailPlace + tail.length)
  }

  #placeOf(slot: number): number {
    return this.#places[slot & (this.#places.length - 1)]!
  }

  /** Moves everything that may leave to `output`. */
  release(): void {
    const writer = this.#writer
    const mask = this.#places.length - 1
    while (this.count > 0) {
      const index = this.#first & mask
      this.#releaseUpTo(this.#places[index]!)
      const reply = this.#replies[index]
      if (!reply) break
      const start = this.#starts[index]!
      const end = this.#ends[index]!
      this.output.raw(reply, start, end)
      this.waitingBytes -= end - start
      this.#replies[index] = null
      this.#first++
      this.count--
    }
    if (this.count === 0) {
      this.#releaseUpTo(this.#base + writer.length)
      writer.reset(true)
      this.#base = this.#left
      return
    }
    const gone = this.#left - this.#base
    if (gone < compactBytesMin || gone * 2 < writer.length) return
    writer.dropFront(gone)
    this.#base = this.#left
  }

  #releaseUpTo(place: number): void {
    if (place === this.#left) return
    this.output.raw(this.#writer.bytes, this.#left - this.#base, place - this.#base)
    this.#left = place
  }

  #grow(): void {
    const old = this.#places.length
    const size = old === 0 ? ringMin : old * 2
    const places = new Array<number>(size).fill(0)
    const replies = new Array<Buffer | null>(size).fill(null)
    const starts = new Array<number>(size).fill(0)
    const ends = new Array<number>(size).fill(0)
    for (let slot = this.#first; slot < this.#first + this.count; slot++) {
      places[slot & (size - 1)] = this.#places[slot & (old - 1)]!
      replies[slot & (size - 1)] = this.#replies[slot & (old - 1)]!
      starts[slot & (size - 1)] = this.#starts[slot & (old - 1)]!
      ends[slot & (size - 1)] = this.#ends[slot & (old - 1)]!
    }
    this.#places = places
    this.#replies = replies
    this.#starts = starts
    this.#ends = ends
  }
}
