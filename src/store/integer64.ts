/**
 * Integer64 [Data]: a signed 64-bit integer as two halves, exact where a JS number is not and without a BigInt per
 * value. Members of integer sets and hash counters are read, compared, added and printed with it.
 *
 * Text is accepted exactly as Redis' string2ll does: no plus, no spaces, no leading zeros, no minus zero.
 */
const HALF = 2 ** 32
/** Characters of the longest one, -9223372036854775808. */
export const INTEGER64_TEXT_MAX = 20

export class Integer64 {
  /** Signed upper half. */
  high = 0
  /** Unsigned lower half. */
  low = 0

  /** Reads decimal text; false when it is not the text of an int64 (the value is undefined then). */
  parse(bytes: Uint8Array, start: number, end: number): boolean {
    if (end - start > INTEGER64_TEXT_MAX || start === end) return false
    const isNegative = bytes[start] === 45
    let at = isNegative ? start + 1 : start
    if (at === end || end - at > 19) return false
    const first = bytes[at]!
    if (first === 48) {
      this.high = this.low = 0
      return end - start === 1
    }
    let high = 0
    let low = 0
    for (; at < end; at++) {
      const digit = bytes[at]! - 48
      if (digit < 0 || digit > 9) return false
      low = low * 10 + digit
      if (low >= HALF) {
        const carry = Math.floor(low / HALF)
        low -= carry * HALF
        high = high * 10 + carry
      } else if (high !== 0) high *= 10
    }
    if (high >= 2 ** 31 && !(isNegative && high === 2 ** 31 && low === 0)) return false
    this.high = high | 0
    this.low = low
    if (isNegative) this.#negate()
    return true
  }

  /** Writes decimal text at `at` (INTEGER64_TEXT_MAX bytes of room) and answers where it ends. */
  format(into: Uint8Array, at: number): number {
    let high = this.high
    let low = this.low
    if (high < 0) {
      into[at++] = 45
      low = low === 0 ? 0 : HALF - low
      high = (~high + (low === 0 ? 1 : 0)) >>> 0
    }
    let end = at
    do {
      // Long division by ten; digits come last first and are turned around below.
      const rest = high % 10
      high = (high - rest) / 10
      const whole = rest * HALF + low
      low = Math.floor(whole / 10)
      into[end++] = 48 + whole - low * 10
    } while (high !== 0 || low !== 0)
    for (let left = at, right = end - 1; left < right; left++, right--) {
      const kept = into[left]!
      into[left] = into[right]!
      into[right] = kept
    }
    return end
  }

  /** Negative, zero or positive as this is below, equal to or above the other. */
  compare(other: Integer64): number {
    return this.high !== other.high ? this.high - other.high : this.low - other.low
  }

  /** Adds; false when the sum is no int64 (the value stays as it was then). */
  add(other: Integer64): boolean {
    const low = this.low + other.low
    const high = this.high + other.high + (low >= HALF ? 1 : 0)
    if (high < -(2 ** 31) || high >= 2 ** 31) return false
    this.high = high
    this.low = low >= HALF ? low - HALF : low
    return true
  }

  /** Bytes it takes in an integer set: 2, 4 or 8. */
  get width(): number {
    const small = this.low | 0
    if (this.high !== small >> 31) return 8
    return small >= -32768 && small <= 32767 ? 2 : 4
  }

  get isSafe(): boolean {
    return this.high >= -(2 ** 21) && this.high < 2 ** 21
  }

  /** The value as a number: exact when `isSafe`. */
  get number(): number {
    return this.high * HALF + this.low
  }

  get bigInteger(): bigint {
    return (BigInt(this.high) << 32n) + BigInt(this.low)
  }

  #negate(): void {
    this.low = this.low === 0 ? 0 : HALF - this.low
    this.high = (~this.high + (this.low === 0 ? 1 : 0)) | 0
  }
}
