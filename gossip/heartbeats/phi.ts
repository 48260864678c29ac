/*
 * How suspicious a silence is, on a scale that fits every link: Hayashibara's phi accrual failure detector, with
 * Akka's approximation of the normal distribution.
 *
 * The idea: the gaps between the beats so far say how long the next one should take; phi is the negative decimal
 * logarithm of the chance that a beat comes even later than now. Phi 8 is wrong once in a hundred million times. The
 * decision is left to a threshold. Time is an argument. Shape: rule and machine.
 */

export interface PhiConfig {
  /** Above this the peer counts as unavailable. Lower is quicker and wrong more often. */
  readonly threshold: number
  /** How many gaps are remembered. */
  readonly samplesCountMax: number
  /** A floor, so that very even beats do not make a slightly late one suspicious. */
  readonly stdDeviationMsMin: number
  /** A silence that is no reason to doubt: a collection of garbage, a lost beat or two. */
  readonly acceptablePauseMs: number
  /** The gap that is expected before the first one was seen: the time between two beats. */
  readonly firstEstimateMs: number
}

export const PHI_DEFAULTS: PhiConfig = {
  threshold: 8,
  samplesCountMax: 1000,
  stdDeviationMsMin: 100,
  acceptablePauseMs: 3000,
  firstEstimateMs: 1000,
}

/** Of the first estimate, its standard deviation. */
const FIRST_DEVIATION_SHARE = 0.25

/** What is wrong with a configuration, in words; undefined when nothing is. */
export function phiProblem(config: PhiConfig): string | undefined {
  if (!(config.threshold > 0)) return 'threshold must be above 0'
  if (!Number.isSafeInteger(config.samplesCountMax) || config.samplesCountMax < 1)
    return 'samplesCountMax must be a whole number from 1'
  if (!(config.stdDeviationMsMin > 0)) return 'stdDeviationMsMin must be above 0'
  if (!(config.acceptablePauseMs >= 0)) return 'acceptablePauseMs must not be below 0'
  if (!(config.firstEstimateMs > 0)) return 'firstEstimateMs must be above 0'
  return undefined
}

/**
 * `meanMs` includes the acceptable pause. The logistic curve stands in for the normal distribution (error below
 * 0.01 %); the two branches are one formula, each written so that it keeps its digits where it is used.
 */
export function phi(elapsedMs: number, meanMs: number, stdDeviationMs: number): number {
  const y = (elapsedMs - meanMs) / stdDeviationMs
  const e = Math.exp(-y * (1.5976 + 0.070566 * y * y))
  return elapsedMs > meanMs ? -Math.log10(e / (1 + e)) : -Math.log10(1 - 1 / (1 + e))
}

/** The last gaps, with their mean and deviation always at hand. */
export class GapHistory {
  private readonly gaps: number[] = []
  private readonly countMax: number
  private oldestAt = 0
  private sum = 0
  private sumOfSquares = 0

  constructor(countMax: number) {
    this.countMax = countMax
  }

  get count(): number {
    return this.gaps.length
  }

  get meanMs(): number {
    return this.sum / this.gaps.length
  }

  get stdDeviationMs(): number {
    const mean = this.meanMs
    // Rounding may leave a hair below zero.
    return Math.sqrt(Math.max(0, this.sumOfSquares / this.gaps.length - mean * mean))
  }

  add(gapMs: number): void {
    if (this.gaps.length < this.countMax) this.gaps.push(gapMs)
    else {
      const oldest = this.gaps[this.oldestAt]!
      this.sum -= oldest
      this.sumOfSquares -= oldest * oldest
      this.gaps[this.oldestAt] = gapMs
      this.oldestAt = (this.oldestAt + 1) % this.countMax
    }
    this.sum += gapMs
    this.sumOfSquares += gapMs * gapMs
  }
}

/** The suspicion towards one peer. */
export class PhiDetector {
  private readonly config: PhiConfig
  private readonly history: GapHistory
  /** The last beat, or since when the first one is expected. */
  private sinceMs: number | undefined = undefined
  private hasBeaten = false

  /** `config` has no phiProblem. */
  constructor(config: PhiConfig = PHI_DEFAULTS) {
    const problem = phiProblem(config)
    if (problem !== undefined) throw new Error(problem)
    this.config = config
    this.history = new GapHistory(config.samplesCountMax)
  }

  get samplesCount(): number {
    return this.history.count
  }

  /** From now on the first beat is expected, so a peer that never beats is found out too. */
  expect(nowMs: number): void {
    this.sinceMs ??= nowMs
  }

  onBeat(nowMs: number): void {
    // The gap that a failure leaves says nothing about the beats: it is not learnt from.
    if (this.hasBeaten && this.isAvailable(nowMs)) this.history.add(Math.max(0, nowMs - this.sinceMs!))
    this.hasBeaten = true
    this.sinceMs = nowMs
  }

  /** 0 while no beat is expected: nobody waits for it. */
  phi(nowMs: number): number {
    if (this.sinceMs === undefined) return 0
    const { firstEstimateMs, acceptablePauseMs, stdDeviationMsMin } = this.config
    const isUnknown = this.history.count === 0
    const meanMs = isUnknown ? firstEstimateMs : this.history.meanMs
    const deviationMs = isUnknown ? FIRST_DEVIATION_SHARE * firstEstimateMs : this.history.stdDeviationMs
    const elapsedMs = Math.max(0, nowMs - this.sinceMs)
    return phi(elapsedMs, meanMs + acceptablePauseMs, Math.max(deviationMs, stdDeviationMsMin))
  }

  isAvailable(nowMs: number): boolean {
    return this.phi(nowMs) < this.config.threshold
  }
}
