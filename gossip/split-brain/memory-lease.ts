/*
 * A lease kept in memory: for tests, the simulator, and meshes that live within one process.
 *
 * The idea: all nodes of one world share one register; what a network does to questions and answers is
 * injected, so that a grant whose answer comes late or never can be tried out. Shape: machine.
 */
import type { Timing } from '../ports.ts'
import type { LeaseAnswer, LeasePort } from './lease.ts'

/** How the way to the register and back is, asked once for each question. */
export interface LeaseWeather {
  answerDelayMs(): number
  /** The question never arrives. */
  isQuestionLost(): boolean
  /** It arrives and counts, but nobody is told. */
  isAnswerLost(): boolean
}

export const FAIR_WEATHER: LeaseWeather = {
  answerDelayMs: () => 0,
  isQuestionLost: () => false,
  isAnswerLost: () => false,
}

export class MemoryLease implements LeasePort {
  readonly counters: { granted: number; denied: number; renewed: number; released: number; expired: number }

  private readonly timing: Pick<Timing, 'monotonicMs' | 'after'>
  private readonly weather: LeaseWeather
  private holderId: string | undefined
  private epoch: number
  private ttlMs: number
  private endsMs: number

  constructor(timing: Pick<Timing, 'monotonicMs' | 'after'>, weather: LeaseWeather = FAIR_WEATHER) {
    this.counters = { granted: 0, denied: 0, renewed: 0, released: 0, expired: 0 }
    this.timing = timing
    this.weather = weather
    this.holderId = undefined
    this.epoch = 0
    this.ttlMs = 0
    this.endsMs = 0
  }

  /** Who holds it now. */
  currentHolder(): string | undefined {
    if (this.holderId !== undefined && this.timing.monotonicMs() >= this.endsMs) {
      this.holderId = undefined
      this.counters.expired++
    }
    return this.holderId
  }

  acquire(holderId: string, ttlMs: number, answered: (answer: LeaseAnswer) => void): void {
    if (this.weather.isQuestionLost()) return
    const holder = this.currentHolder()
    const isHeld = holder === undefined || holder === holderId
    if (isHeld) {
      if (holder === undefined) this.epoch++
      this.holderId = holderId
      this.ttlMs = ttlMs
      this.endsMs = this.timing.monotonicMs() + ttlMs
      this.counters.granted++
    } else this.counters.denied++
    this.answer({ isHeld, epoch: this.epoch }, answered)
  }

  renew(epoch: number, answered: (answer: LeaseAnswer) => void): void {
    if (this.weather.isQuestionLost()) return
    const isHeld = this.currentHolder() !== undefined && epoch === this.epoch
    if (isHeld) {
      this.endsMs = this.timing.monotonicMs() + this.ttlMs
      this.counters.renewed++
    }
    this.answer({ isHeld, epoch: this.epoch }, answered)
  }

  release(epoch: number): void {
    if (this.weather.isQuestionLost()) return
    if (this.currentHolder() === undefined || epoch !== this.epoch) return
    this.holderId = undefined
    this.counters.released++
  }

  private answer(answer: LeaseAnswer, answered: (answer: LeaseAnswer) => void): void {
    if (this.weather.isAnswerLost()) return
    this.timing.after(this.weather.answerDelayMs(), () => answered(answer))
  }
}
