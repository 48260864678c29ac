/**
 * Effect scan [Machine]: where the keys of the next effects of a frame lie, and the argument behind each, before any of
 * them is applied: memory can then be asked for all of them at once (look-ahead.ts). It decides nothing; bytes that
 * are no effects end it.
 */
import type { Buffer } from 'node:buffer'
import { argumentCountAt, EFFECT_HEADER_BYTES, keyArgumentOf } from './effect-header.ts'
import type { ExpectedRequests } from './look-ahead.ts'

const EFFECTS_MAX = 32
const ARGUMENTS_MAX = 64
const LENGTH_BYTES = 4

export class EffectScan implements ExpectedRequests {
  bytes: Buffer | null = null
  readonly starts = new Int32Array(EFFECTS_MAX)
  readonly ends = new Int32Array(EFFECTS_MAX)
  readonly nextStarts = new Int32Array(EFFECTS_MAX)
  readonly nextEnds = new Int32Array(EFFECTS_MAX)
  count = 0
  /** Effects that begin before this have been looked at. */
  until = 0

  /** Looks at the effects from `from` on, where one begins. */
  scan(bytes: Buffer, from: number): void {
    this.bytes = bytes
    this.count = 0
    let at = from
    while (this.count < EFFECTS_MAX && at >= 0 && at < bytes.length) {
      at = this.#effect(bytes, at)
    }
    this.until = at < 0 ? bytes.length : at
  }

  /** Where the effect behind the one at `at` begins, or -1 when the scan ends here. */
  #effect(bytes: Buffer, at: number): number {
    if (at + EFFECT_HEADER_BYTES > bytes.length) return -1
    const argumentCount = argumentCountAt(bytes, at)
    const keyArgument = keyArgumentOf(bytes[at]!)
    if (argumentCount <= keyArgument || argumentCount > ARGUMENTS_MAX) return -1
    at += EFFECT_HEADER_BYTES
    const effect = this.count
    this.nextStarts[effect] = 0
    this.nextEnds[effect] = 0
    for (let argument = 0; argument < argumentCount; argument++) {
      if (at + LENGTH_BYTES > bytes.length) return -1
      const start = at + LENGTH_BYTES
      at = start + bytes.readUInt32LE(at)
      if (at > bytes.length) return -1
      if (argument === keyArgument) {
        this.starts[effect] = start
        this.ends[effect] = at
      } else if (argument === keyArgument + 1) {
        this.nextStarts[effect] = start
        this.nextEnds[effect] = at
      }
    }
    this.count++
    return at
  }
}
