/*
 * The machine's own sense of time: whole milliseconds, timers that end all at once, and a nose for
 * pauses.
 *
 * The idea: a timer that runs far too late means that the whole process stood still (SIGSTOP, a sleeping
 * laptop, a frozen function). That is told once, before the first late timer runs; timers that fell due in
 * the same pause are merely late. Shape: machine.
 */
import type { Timing } from '../ports.ts'

export class Timers {
  readonly #ports: Timing
  readonly #onPause: (lateMs: number) => void
  #pauseMs: number
  #isOver = false
  #resumedMs = Number.NEGATIVE_INFINITY

  constructor(ports: Timing, pauseMs: number, onPause: (lateMs: number) => void) {
    this.#ports = ports
    this.#pauseMs = pauseMs
    this.#onPause = onPause
  }

  set pauseMs(pauseMs: number) {
    this.#pauseMs = pauseMs
  }

  nowMs(): number {
    return Math.floor(this.#ports.monotonicMs())
  }

  after(delayMs: number, run: () => void): void {
    if (this.#isOver) return
    const wholeMs = Math.ceil(delayMs)
    const dueMs = this.nowMs() + wholeMs
    this.#ports.after(wholeMs, () => {
      if (this.#isOver) return
      this.#judgeLateness(dueMs)
      if (!this.#isOver) run()
    })
  }

  /** For good: nothing that was set will run, nothing more can be set. */
  end(): void {
    this.#isOver = true
  }

  #judgeLateness(dueMs: number): void {
    const nowMs = this.nowMs()
    if (nowMs - dueMs <= this.#pauseMs || dueMs <= this.#resumedMs) return
    this.#resumedMs = nowMs
    this.#onPause(nowMs - dueMs)
  }
}
