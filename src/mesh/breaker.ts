/*
 * Whether a peer that is heard, but no longer answers what it is asked, is asked at all.
 *
 * The idea: a link that falls silent is closed; here is the other sickness. After several deadlines in a row, with no
 * answer of any kind for a while, the circuit opens: asks fail at once, so that nobody waits in full for what will not come,
 * except one in a while, later each time, which finds out. Any answer closes it. It asks nobody itself. Shape: machine.
 */
import { type BackoffLimits, backoffMs } from './backoff.ts'

export interface BreakerLimits {
  /** Deadlines in a row that open the circuit. */
  readonly deadlinesMax: number
  /** Not before nothing was answered for this long: a burst that was lost together is one mishap. */
  readonly quietMs: number
  /** Between two asks while it is open. */
  readonly backoff: BackoffLimits
}

/** `probing`: open, and one ask is on its way. */
export type Circuit = 'closed' | 'open' | 'probing'

export class Breaker {
  circuit: Circuit = 'closed'
  readonly #limits: BreakerLimits
  readonly #random: () => number
  #deadlinesCount = 0
  #opensCount = 0
  #answeredAtMs: number
  #probeAtMs = 0

  constructor(limits: BreakerLimits, random: () => number, nowMs: number) {
    this.#limits = limits
    this.#random = random
    this.#answeredAtMs = nowMs
  }

  /** May something be asked now? While the circuit is open, a yes is the one ask that finds out. */
  admits(nowMs: number): boolean {
    if (this.circuit === 'closed') return true
    if (nowMs < this.#probeAtMs) return false
    this.circuit = 'probing'
    this.#waitFrom(nowMs)
    return true
  }

  /** The peer has answered something, if only that it will not. */
  onAnswer(nowMs: number): void {
    this.#answeredAtMs = nowMs
    this.#deadlinesCount = 0
    this.#opensCount = 0
    this.circuit = 'closed'
  }

  /** An answer did not come in time. True: the circuit has just opened. */
  onDeadline(nowMs: number): boolean {
    this.#deadlinesCount++
    if (this.circuit === 'probing') this.circuit = 'open'
    if (this.circuit === 'open') return false
    const isQuiet = nowMs - this.#answeredAtMs >= this.#limits.quietMs
    if (this.#deadlinesCount < this.#limits.deadlinesMax || !isQuiet) return false
    this.circuit = 'open'
    this.#waitFrom(nowMs)
    return true
  }

  #waitFrom(nowMs: number): void {
    this.#probeAtMs = nowMs + backoffMs(this.#opensCount++, this.#limits.backoff, this.#random())
  }
}
