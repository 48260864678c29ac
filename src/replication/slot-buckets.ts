/**
 * Slot buckets [Machine + codec]: some slots, each cut into its own number of buckets (slot-sketch.ts), as one row of
 * numbered buckets: their sums on the one hand, which of them are chosen on the other.
 *
 *   { u16 slot | u8 bits }*                                 the question for sums; answer: { i32 | i32 }* a bucket
 *   u16 count | { u16 slot | u8 bits | u32 count | { u16 bucket }* }*                          the chosen buckets
 */
import type { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import type { Entries } from '../store/entries.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { addToSketch, BITS_MAX, bucketOf, keyHash } from './slot-sketch.ts'

/** Of one question: half a megabyte of sums. */
export const BUCKETS_MAX = 1 << BITS_MAX

export class SlotBuckets {
  readonly slots: number[] = []
  /** Buckets, of all slots. */
  count = 0
  readonly #bits: number[] = []
  readonly #firsts: number[] = []
  /** Two a bucket. */
  #sums = new Int32Array(0)
  #isChosen = new Uint8Array(0)

  /** False: there would be too many buckets. */
  add(slot: number, bits: number): boolean {
    if (this.count + (1 << bits) > BUCKETS_MAX) return false
    this.slots.push(slot)
    this.#bits.push(bits)
    this.#firsts.push(this.count)
    this.count += 1 << bits
    return true
  }

  beginSums(): void {
    this.#sums = new Int32Array(2 * this.count)
  }

  addUp(at: number, entries: Entries, ref: number, isEntry: boolean): void {
    addToSketch(this.#sums, this.#firsts[at]!, this.#bits[at]!, entries, ref, isEntry)
  }

  isChosen(at: number, entries: Entries, ref: number): boolean {
    return this.#isChosen[this.#firsts[at]! + bucketOf(keyHash(entries, ref), this.#bits[at]!)] === 1
  }

  writeQuestion(out: ByteWriter): void {
    for (const [at, slot] of this.slots.entries()) {
      out.u16(slot)
      out.u8(this.#bits[at]!)
    }
  }

  writeSums(out: ByteWriter): void {
    for (const sum of this.#sums) out.u32(sum)
  }

  /** Of another owner: chooses the buckets whose sums differ; answers how many, or -1 when these are no sums. */
  choose(input: ByteReader): number {
    this.#isChosen = new Uint8Array(this.count)
    let chosen = 0
    for (let bucket = 0; bucket < this.count; bucket++) {
      const isFirst = (input.u32() | 0) === this.#sums[bucket << 1]
      const isSecond = (input.u32() | 0) === this.#sums[(bucket << 1) + 1]
      if (isFirst && isSecond) continue
      this.#isChosen[bucket] = 1
      chosen++
    }
    return input.isBroken ? -1 : chosen
  }

  writeChosen(out: ByteWriter): void {
    const slots = this.slots.flatMap((_, at) => {
      const buckets = this.#chosenOf(at)
      return buckets.length === 0 ? [] : [{ at, buckets }]
    })
    out.u16(slots.length)
    for (const { at, buckets } of slots) {
      out.u16(this.slots[at]!)
      out.u8(this.#bits[at]!)
      out.u32(buckets.length)
      for (const bucket of buckets) out.u16(bucket)
    }
  }

  #chosenOf(at: number): number[] {
    const buckets: number[] = []
    for (let bucket = 0; bucket < 1 << this.#bits[at]!; bucket++)
      if (this.#isChosen[this.#firsts[at]! + bucket] === 1) buckets.push(bucket)
    return buckets
  }

  /** All slots until the end of the input; undefined: this is no question. */
  static readQuestion(input: ByteReader): SlotBuckets | undefined {
    const buckets = new SlotBuckets()
    while (!input.isAtEnd) if (!buckets.#readSlot(input)) return undefined
    return buckets
  }

  static readChosen(input: ByteReader): SlotBuckets | undefined {
    const buckets = new SlotBuckets()
    const numbers: number[] = []
    const slotCount = input.u16()
    for (let at = 0; at < slotCount; at++) {
      if (!buckets.#readSlot(input)) return undefined
      const first = buckets.#firsts[at]!
      const width = 1 << buckets.#bits[at]!
      const count = input.u32()
      if (count > width) return undefined
      for (let i = 0; i < count; i++) {
        const bucket = input.u16()
        if (bucket >= width) return undefined
        numbers.push(first + bucket)
      }
    }
    buckets.#isChosen = new Uint8Array(buckets.count)
    for (const number of numbers) buckets.#isChosen[number] = 1
    return input.isBroken ? undefined : buckets
  }

  #readSlot(input: ByteReader): boolean {
    const slot = input.u16()
    const bits = input.u8()
    return !input.isBroken && slot < SLOT_COUNT && bits <= BITS_MAX && this.add(slot, bits)
  }
}
