/**
 * Slot digest [Machine]: a running 64-bit sum per slot over (version, term) of its entries. A version with its
 * term names one write of one key, so equal sums mean equal sets of last writes. A change subtracts what the old
 * one added and adds the new one: the digest is always current and never rebuilt. What is added is mixed from the two words
 * of the version's float64, the same on every node. They are read here, as signed numbers, because what does not fit
 * into 31 bits costs an object whenever it is handed to a function.
 */
import { SLOT_COUNT } from './hash-slot.ts'

/** Where an entry's header holds the term; the version fills the two words at its beginning (entry.ts). */
const TERM_WORD = 4

export class SlotDigest {
  /** Two 32-bit sums per slot, side by side. */
  readonly sums = new Int32Array(SLOT_COUNT * 2)

  reset(): void {
    this.sums.fill(0)
  }

  /** The entry whose header begins at words[word] is there from now on. */
  add(slot: number, words: Uint32Array, word: number): void {
    const versionLow = words[word]! | 0
    const addend = mix(versionLow, words[word + 1]! | 0, words[word + TERM_WORD]! | 0)
    const at = slot << 1
    this.sums[at] = (this.sums[at]! + addend) | 0
    this.sums[at + 1] = (this.sums[at + 1]! + second(addend, versionLow)) | 0
  }

  /** It is about to go, or to change its version. */
  subtract(slot: number, words: Uint32Array, word: number): void {
    const versionLow = words[word]! | 0
    const addend = mix(versionLow, words[word + 1]! | 0, words[word + TERM_WORD]! | 0)
    const at = slot << 1
    this.sums[at] = (this.sums[at]! - addend) | 0
    this.sums[at + 1] = (this.sums[at + 1]! - second(addend, versionLow)) | 0
  }
}

function mix(versionLow: number, versionHigh: number, term: number): number {
  const own = versionLow ^ Math.imul(term, 0x165667b1)
  let hash = Math.imul(own ^ (versionHigh >>> 11), 0x85ebca6b) ^ Math.imul(versionHigh, 0x9e3779b1)
  hash ^= hash >>> 15
  return Math.imul(hash, 0xc2b2ae35)
}

function second(addend: number, versionLow: number): number {
  return Math.imul(addend ^ (addend >>> 13), 0x27d4eb2f) ^ versionLow
}
