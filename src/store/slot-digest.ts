/**
 * Slot digest [Machine]: a running 64-bit sum per slot over (version, origin) of its entries. A version with its
 * origin names one write of one key, so equal sums mean equal sets of last writes. A change subtracts the old
 * term and adds the new one: the digest is always current and never rebuilt. Terms are mixed from the two words
 * of the version's float64, the same on every node.
 */
import { SLOT_COUNT } from './hash-slot.ts'

export class SlotDigest {
  /** Two 32-bit sums per slot, side by side. */
  readonly sums = new Int32Array(SLOT_COUNT * 2)

  reset(): void {
    this.sums.fill(0)
  }

  add(slot: number, versionLow: number, versionHigh: number, origin: number): void {
    const term = mix(versionLow, versionHigh, origin)
    const at = slot << 1
    this.sums[at] = (this.sums[at]! + term) | 0
    this.sums[at + 1] = (this.sums[at + 1]! + second(term, versionLow)) | 0
  }

  subtract(slot: number, versionLow: number, versionHigh: number, origin: number): void {
    const term = mix(versionLow, versionHigh, origin)
    const at = slot << 1
    this.sums[at] = (this.sums[at]! - term) | 0
    this.sums[at + 1] = (this.sums[at + 1]! - second(term, versionLow)) | 0
  }
}

function mix(versionLow: number, versionHigh: number, origin: number): number {
  const own = versionLow ^ Math.imul(origin, 0x165667b1)
  let hash = Math.imul(own ^ (versionHigh >>> 11), 0x85ebca6b) ^ Math.imul(versionHigh, 0x9e3779b1)
  hash ^= hash >>> 15
  return Math.imul(hash, 0xc2b2ae35)
}

function second(term: number, versionLow: number): number {
  return Math.imul(term ^ (term >>> 13), 0x27d4eb2f) ^ versionLow
}
