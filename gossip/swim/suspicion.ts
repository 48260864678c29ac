/*
 * One suspicion: since when, by whom, and how long it may still last.
 *
 * The idea: Lifeguard 4.2. A lone accuser may itself be sick, so a suspicion begins at its longest; every
 * other member that finds the same on its own shortens it, down to the minimum. Each confirmer counts once,
 * and only so many count. It knows no timer: its owner asks what is due, and when the next thing is. Shape:
 * machine.
 */
import { suspicionMs } from './lifeguard.ts'

/** Times the suspect is asked at the end, the first time by every way: its refutation may have passed us by. */
const LAST_CALLS = 6

export class Suspicion {
  readonly accuserId: string
  readonly #wanted: number
  readonly #minMs: number
  readonly #maxMs: number
  #startMs: number
  readonly #confirmerIds: string[] = []
  #callsLeft = LAST_CALLS
  /** The earliest moment for which the owner has set a timer. */
  armedMs = Number.POSITIVE_INFINITY

  constructor(accuserId: string, confirmationsWanted: number, minMs: number, maxMs: number, nowMs: number) {
    this.accuserId = accuserId
    this.#wanted = confirmationsWanted
    this.#minMs = minMs
    this.#maxMs = maxMs
    this.#startMs = nowMs
  }

  get deadlineMs(): number {
    return this.#startMs + suspicionMs(this.#confirmerIds.length, this.#wanted, this.#minMs, this.#maxMs)
  }

  /** The next last call, `gapMs` before the following one or the deadline; else the deadline. */
  nextMs(gapMs: number): number {
    return this.deadlineMs - this.#callsLeft * gapMs
  }

  /** The last calls have begun. */
  get isCalled(): boolean {
    return this.#callsLeft < LAST_CALLS
  }

  /** Takes one of the last calls. What a shortened suspicion has no time for is left out. */
  call(nowMs: number, gapMs: number): void {
    while (this.#callsLeft > 0 && this.nextMs(gapMs) <= nowMs) this.#callsLeft--
  }

  /** Whether this was news worth telling others. */
  confirm(accuserId: string): boolean {
    if (this.#confirmerIds.length >= this.#wanted) return false
    if (accuserId === this.accuserId || this.#confirmerIds.includes(accuserId)) return false
    this.#confirmerIds.push(accuserId)
    return true
  }

  /** The accused has answered us: the doubt is no older than that. */
  restart(nowMs: number): void {
    this.#startMs = nowMs
    this.#callsLeft = LAST_CALLS
  }

  /** Time in which the accused could not be heard, through our own fault, does not count. */
  extend(byMs: number): void {
    this.#startMs += byMs
  }
}
