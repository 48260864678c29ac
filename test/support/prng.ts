/*
 * A small seeded random source for tests: one seed is one run.
 *
 * The idea: mulberry32, 32 bits of state, good enough to choose commands and bytes, and the same on
 * every machine. It refuses to know what it is used for. Shape: machine (state, no clock, no luck).
 */
export class Prng {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** The next 32 random bits as an unsigned integer. */
  bits(): number {
    this.state = (this.state + 0x6d2b79f5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return (mixed ^ (mixed >>> 14)) >>> 0
  }

  /** A number in [0, 1). */
  fraction(): number {
    return this.bits() / 4294967296
  }

  /** An integer in [0, limit). */
  below(limit: number): number {
    return Math.floor(this.fraction() * limit)
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length)
    for (let index = 0; index < length; index++) bytes[index] = this.bits() & 255
    return bytes
  }
}

/** The seed of this run: SEED from the environment, else a fresh one. Print it when a test fails. */
export function seedOfRun(): number {
  const given = process.env.SEED
  return given === undefined || given === '' ? Math.floor(Math.random() * 0xffffffff) : Number(given) >>> 0
}

/** A sequence's own seed, so that one failing sequence can be replayed without those before it. */
export function seedOf(seedOfAll: number, index: number): number {
  return (Math.imul(seedOfAll ^ 0x9e3779b9, 0x85ebca6b) + Math.imul(index, 0xc2b2ae35)) >>> 0
}
