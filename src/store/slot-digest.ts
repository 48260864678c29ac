/**
 * Slot digest [Machine]: a running 64-bit sum per slot over (version, origin) of its entries. A version with its
 * origin names one write of one key, so equal sums mean equal sets of last writes. A change subtracts the old
 * term and adds the new one: the digest is always current and never rebuilt. Terms are mixed from the two words
 * of the version's float64, the same on every node.
 */
import { SLOT_COUNT } from './hash-slot.ts'

export class SlotDigest {
  readonly low = new Int32Array(SLOT_COUNT)
  readonly high = new Int32Array(SLOT_COUNT)

  reset(): void {
    this.low.fill(0)
    this.high.fill(0)
  }

  add(slot: number, versionLow: number, versionHigh: number, origin: number): void {
    const term = mix(versionLow ^ Math.imul(origin, 0x27d4eb2f), versionHigh)
    this.low[slot] = (this.low[slot]! + term) | 0
    this.high[slot] = (this.high[slot]! + mix(term, versionLow)) | 0
  }

  subtract(slot: number, versionLow: number, versionHigh: number, origin: number): void {
    const term = mix(versionLow ^ Math.imul(origin, 0x27d4eb2f), versionHigh)
    this.low[slot] = (this.low[slot]! - term) | 0
    this.high[slot] = (this.high[slot]! - mix(term, versionLow)) | 0
  }
}

function mix(a: number, b: number): number {
  let hash = Math.imul(a ^ (b >>> 15), 0x85ebca6b) ^ Math.imul(b, 0x9e3779b1)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}
