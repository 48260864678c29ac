/*
 * How many datagrams are looked at: per source address, from strangers together, and altogether.
 *
 * The idea: token buckets. A source that floods spends its own bucket; a flood from ever new addresses spends what
 * strangers share, which is less than the whole, so that known members are still heard. A bucket that has refilled says
 * no more than no bucket, so sources are remembered only that long. Shape: machine.
 */
import { Generations } from './generations.ts'

export interface RateLimits {
  readonly perSourcePerSecond: number
  /** What a source may send at once after a silence. */
  readonly perSourceBurst: number
  readonly perSecond: number
  /** Must be below `perSecond`, or a flood of strangers leaves nothing to the members. */
  readonly strangersPerSecond: number
  /** Beyond it the least lately heard half is forgotten, and starts with a full bucket. */
  readonly sourcesCountMax: number
}

export const RATE_LIMITS: RateLimits = {
  perSourcePerSecond: 200,
  perSourceBurst: 400,
  perSecond: 20_000,
  strangersPerSecond: 15_000,
  sourcesCountMax: 16_384,
}

class Bucket {
  readonly #perSecond: number
  readonly #burst: number
  #tokens: number
  #atMs: number

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond
    this.#burst = burst
    this.#tokens = burst
    this.#atMs = nowMs
  }

  hasToken(nowMs: number): boolean {
    if (nowMs > this.#atMs) {
      this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) * this.#perSecond) / 1000)
      this.#atMs = nowMs
    }
    return this.#tokens >= 1
  }

  take(): void {
    this.#tokens--
  }
}

export class RateLimit {
  readonly #limits: RateLimits
  readonly #all: Bucket
  readonly #strangers: Bucket
  readonly #sources: Generations<Bucket>
  readonly counters: { refusedAll: number; refusedStrangers: number; refusedSource: number }

  constructor(limits: RateLimits, nowMs: number) {
    this.#limits = limits
    this.#all = new Bucket(limits.perSecond, limits.perSecond, nowMs)
    this.#strangers = new Bucket(limits.strangersPerSecond, limits.strangersPerSecond, nowMs)
    const refillMs = (limits.perSourceBurst / limits.perSourcePerSecond) * 1000
    this.#sources = new Generations(refillMs, limits.sourcesCountMax)
    this.counters = { refusedAll: 0, refusedStrangers: 0, refusedSource: 0 }
  }

  get sourcesCount(): number {
    return this.#sources.count
  }

  get sourcesForgottenEarlyCount(): number {
    return this.#sources.forgottenEarlyCount
  }

  admit(source: string, isKnown: boolean, nowMs: number): boolean {
    if (!this.#all.hasToken(nowMs)) {
      this.counters.refusedAll++
      return false
    }
    if (!isKnown && !this.#strangers.hasToken(nowMs)) {
      this.counters.refusedStrangers++
      return false
    }
    let bucket = this.#sources.get(source, nowMs)
    if (bucket === undefined) {
      bucket = new Bucket(this.#limits.perSourcePerSecond, this.#limits.perSourceBurst, nowMs)
      this.#sources.set(source, bucket, nowMs)
    }
    if (!bucket.hasToken(nowMs)) {
      this.counters.refusedSource++
      return false
    }
    bucket.take()
    this.#all.take()
    if (!isKnown) this.#strangers.take()
    return true
  }
}
