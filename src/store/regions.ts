/**
 * Regions [Machine]: the regions (region.ts) of one hash index in its arena, told by (base, bits): the ref of the memory
 * and the power of two of its pairs. It makes and frees them, pours one into another and walks one in the order of
 * hashes. It does not know which table a region belongs to; looking up, which is done per command, stays with the index.
 */
import { type Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import { HashOrder } from './hash-order.ts'
import { countWithBit, pourPairs, samplePair } from './region.ts'

/** Larger ones, of tables that cannot be split, get a run of memory apart instead of a cell. */
export const REGION_BITS_MAX = 12

export class Regions {
  readonly #arena: Arena
  readonly #order = new HashOrder()

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** An empty region. */
  open(bits: number): number {
    const byteCount = 8 << bits
    const base =
      bits <= REGION_BITS_MAX ? this.#arena.allocate(byteCount) : this.#arena.allocateRun(byteCount)
    const start = startOf(base)
    this.#wordsOf(base).fill(0, start, start + (2 << bits))
    return base
  }

  free(base: number, bits: number): void {
    if (bits <= REGION_BITS_MAX) this.#arena.free(base)
    else this.#arena.freeRun(base, 8 << bits)
  }

  /** Copies the pairs whose hash, masked by `bit`, is `wanted` into another region with room for them. */
  pour(base: number, bits: number, into: number, intoBits: number, bit: number, wanted: number): void {
    const to = this.#wordsOf(into)
    pourPairs(this.#wordsOf(base), startOf(base), bits, to, startOf(into), intoBits, bit, wanted)
  }

  countWithBit(base: number, bits: number, bit: number): number {
    return countWithBit(this.#wordsOf(base), startOf(base), bits, bit)
  }

  /** A ref picked by `random` out of a region that is not empty. */
  sample(base: number, bits: number, random: number): number {
    return samplePair(this.#wordsOf(base), startOf(base), bits, random)
  }

  each(base: number, bits: number, visit: (hash: number, ref: number) => void): void {
    const words = this.#wordsOf(base)
    const start = startOf(base)
    const end = start + (2 << bits)
    for (let at = start; at < end; at += 2) if (words[at] !== 0) visit(words[at]!, words[at + 1]!)
  }

  /** Appends about `count` refs from `fromHash` on by ascending hash; answers the hash to go on from, or 0. */
  walk(base: number, bits: number, fromHash: number, count: number, into: number[]): number {
    const start = startOf(base)
    return this.#order.take(this.#wordsOf(base), start, start + (2 << bits), fromHash, count, into)
  }

  #wordsOf(base: number): Uint32Array {
    return this.#arena.u32[base >>> SEGMENT_SHIFT]!
  }
}

/** The first word of a region in its segment. */
function startOf(base: number): number {
  return (base & SEGMENT_MASK) << 2
}
