/*
 * Clients of a mesh that ask at a steady rate, whatever happens to its nodes, through all of them.
 *
 * The idea: the rate follows the clock, not the answers: what could not be sent is counted by its reason, not made up
 * for. They write at QUORUM and read at QUORUM, so that what they are told is exact; the ledger judges it.
 * Shape: door (tests only).
 */
import type { Ledger, Request } from './ledger.ts'
import { Line } from './line.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

const LINES_EACH = 4
const TURN_MS = 5
/** What a turn that comes late makes up for at most. */
const ARREARS_MS_MAX = 1000
const GREETING = ['MESH', 'CONSISTENCY', 'READ', 'quorum']
const FINAL_MS = 60_000
const RETRY_MS = 100

/** What the clock asked for is what was sent and the reasons why more was not. */
export interface Sending {
  sent: number
  /** No node took it: all connections were down, full, or held up. */
  unsentNoLine: number
  /** Each key that was looked at had a request under way. */
  unsentNoKey: number
  /** The clients themselves were too late. */
  unsentLate: number
}

export function wantedOf({ sent, unsentLate, unsentNoKey, unsentNoLine }: Sending): number {
  return sent + unsentLate + unsentNoKey + unsentNoLine
}

export class Workload {
  readonly ledger: Ledger
  readonly sending: Sending = { sent: 0, unsentNoLine: 0, unsentNoKey: 0, unsentLate: 0 }
  readonly #lines: readonly Line[]
  readonly #places: readonly Place[]
  readonly #perMs: number
  #turns: NodeJS.Timeout | undefined
  #sentUntilMs = 0
  #at = 0

  constructor(ledger: Ledger, places: readonly Place[], ratePerSecond: number) {
    this.ledger = ledger
    this.#places = places
    this.#perMs = ratePerSecond / 1000
    this.#lines = places.flatMap(({ host, port }) => {
      return Array.from({ length: LINES_EACH }, () => new Line(host, port, GREETING))
    })
  }

  start(): void {
    this.#sentUntilMs = performance.now()
    this.#turns = setInterval(() => this.#turn(), TURN_MS)
  }

  /** No more is sent; answers once everything under way has ended. */
  async stop(): Promise<void> {
    clearInterval(this.#turns)
    while (this.#lines.some(({ underWayCount }) => underWayCount > 0)) await pause(TURN_MS)
  }

  end(): void {
    clearInterval(this.#turns)
    for (const line of this.#lines) line.end()
  }

  /** Reads every key through every node; answers how many of the reads told nothing. All should be well by then. */
  async readAll(): Promise<number> {
    const { openCount, refusedCount } = this.ledger
    let unread = -openCount - refusedCount
    for (const place of this.#places) unread += await this.#readAllAt(place)
    return unread + this.ledger.openCount + this.ledger.refusedCount
  }

  async #readAllAt({ host, port }: Place): Promise<number> {
    const line = new Line(host, port, GREETING)
    const deadlineMs = performance.now() + FINAL_MS
    let unasked = 0
    const now = (): number => performance.now()
    for (const request of this.ledger.readsOfAll(now)) {
      while (!line.isUsable && now() < deadlineMs) await pause(TURN_MS)
      if (line.isUsable) this.#ask(line, request)
      else unasked++
    }
    while (line.underWayCount > 0) await pause(RETRY_MS)
    line.end()
    return unasked
  }

  #turn(): void {
    const { sending } = this
    const nowMs = performance.now()
    const missed = Math.floor((nowMs - this.#sentUntilMs - ARREARS_MS_MAX) * this.#perMs)
    if (missed > 0) {
      sending.unsentLate += missed
      this.#sentUntilMs += missed / this.#perMs
    }
    const count = Math.floor((nowMs - this.#sentUntilMs) * this.#perMs)
    this.#sentUntilMs += count / this.#perMs
    for (let i = 0; i < count; i++) {
      const line = this.#usable()
      const request = line === undefined ? undefined : this.ledger.next(nowMs)
      if (line === undefined) sending.unsentNoLine++
      else if (request === undefined) sending.unsentNoKey++
      else {
        sending.sent++
        this.#ask(line, request)
      }
    }
  }

  #ask(line: Line, request: Request): void {
    line.send(request.operation.words, {
      sentMs: request.operation.invokedMs,
      answered: (reply) => this.ledger.answered(request, reply, performance.now()),
      unanswered: () => this.ledger.unanswered(request, performance.now()),
    })
  }

  #usable(): Line | undefined {
    for (let tries = 0; tries < this.#lines.length; tries++) {
      const line = this.#lines[this.#at++ % this.#lines.length]!
      if (line.isUsable) return line
    }
    return undefined
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
