/*
 * The asks of one link that wait for an answer.
 *
 * The idea: an ask is known by a number that is unique among all links of a node, so it can move to another link with
 * the frame that carries it. Deadlines are looked at on ticks, and only when the earliest one may have come, so there is no
 * timer per ask. It refuses to know what was asked. Shape: machine.
 */
import type { Answered } from './link-ports.ts'
import type { VerbRow } from './verbs.ts'

export interface Ask {
  readonly correlation: number
  readonly verb: VerbRow
  readonly bytes: number
  readonly sentAtMs: number
  /** A point in time; Infinity for an ask that may wait as long as the link lives. */
  readonly deadlineAtMs: number
  readonly answered: Answered
}

/** The numbers of asks: 1 to 2^32 - 1, over and over. */
export class Correlations {
  #last: number

  constructor(last = 0) {
    this.#last = last
  }

  next(): number {
    this.#last = this.#last === 0xffffffff ? 1 : this.#last + 1
    return this.#last
  }
}

export class Asks {
  bytes: number
  readonly #waiting: Map<number, Ask>
  /** No deadline is earlier than this. */
  #earliestAtMs: number

  constructor() {
    this.bytes = 0
    this.#waiting = new Map()
    this.#earliestAtMs = Number.POSITIVE_INFINITY
  }

  get count(): number {
    return this.#waiting.size
  }

  has(correlation: number): boolean {
    return this.#waiting.has(correlation)
  }

  add(ask: Ask): void {
    this.#waiting.set(ask.correlation, ask)
    this.bytes += ask.bytes
    if (ask.deadlineAtMs < this.#earliestAtMs) this.#earliestAtMs = ask.deadlineAtMs
  }

  take(correlation: number): Ask | undefined {
    const ask = this.#waiting.get(correlation)
    if (ask === undefined) return undefined
    this.#waiting.delete(correlation)
    this.bytes -= ask.bytes
    return ask
  }

  /** Takes out those whose deadline has come. */
  takeExpired(nowMs: number, into: (ask: Ask) => void): void {
    if (nowMs < this.#earliestAtMs) return
    let earliestAtMs = Number.POSITIVE_INFINITY
    for (const ask of this.#waiting.values()) {
      if (ask.deadlineAtMs <= nowMs) {
        this.take(ask.correlation)
        into(ask)
      } else if (ask.deadlineAtMs < earliestAtMs) {
        earliestAtMs = ask.deadlineAtMs
      }
    }
    this.#earliestAtMs = earliestAtMs
  }

  takeAll(into: (ask: Ask) => void): void {
    for (const ask of this.#waiting.values()) into(ask)
    this.#waiting.clear()
    this.bytes = 0
    this.#earliestAtMs = Number.POSITIVE_INFINITY
  }
}
