/*
 * Luck from a seed: sfc32, fast and good enough for networks of thousands.
 *
 * The idea: everyone in a simulation has a stream of its own, told apart by salts, so that one more draw here
 * does not change what happens there, and one seed is still one run. Shape: machine.
 */
export class SimulatedLuck {
  private a: number
  private b: number
  private c: number
  private counter = 1

  constructor(seed: number, firstSalt = 0, secondSalt = 0) {
    this.a = seed | 0
    this.b = firstSalt | 0
    this.c = secondSalt | 0
    // sfc32 asks for a dozen rounds before its first number depends on all of the seed.
    for (let round = 0; round < 15; round++) this.bits()
  }

  /** The next 32 random bits, as a signed integer. */
  bits(): number {
    const sum = (this.a + this.b + this.counter) | 0
    this.counter = (this.counter + 1) | 0
    this.a = this.b ^ (this.b >>> 9)
    this.b = (this.c + (this.c << 3)) | 0
    this.c = (((this.c << 21) | (this.c >>> 11)) + sum) | 0
    return sum
  }

  /** A number in 0 <= x < 1. */
  random(): number {
    return (this.bits() >>> 0) / 4294967296
  }

  /** A whole number in 0 <= x < limit. */
  below(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  between(low: number, high: number): number {
    return low + this.random() * (high - low)
  }

  chance(rate: number): boolean {
    return rate > 0 && this.random() < rate
  }

  randomBytes(count: number): Uint8Array {
    const bytes = Buffer.allocUnsafe(count)
    let word = 0
    for (let at = 0; at < count; at++) {
      if ((at & 3) === 0) word = this.bits()
      bytes[at] = word
      word >>>= 8
    }
    return bytes
  }
}
