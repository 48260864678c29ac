/*
 * Clients of a mesh that ask at a steady rate, whatever happens to its nodes, through all of them.
 *
 * The idea: the rate does not follow the answers: what could not be sent because no node took it is counted, not made
 * up for. They write at QUORUM and read at QUORUM, so that what they are told is exact; the ledger judges it.
 * Shape: door (tests only).
 */
import type { Ledger, Request } from './ledger.ts'
import { Line } from './line.ts'

export interface Place {
  readonly host: string
  readonly port: number
}

const LINES_EACH = 2
const TURN_MS = 5
/** What a turn that comes late makes up for at most. */
const ARREARS_MS_MAX = 200
const GREETING = ['MESH', 'CONSISTENCY', 'READ', 'quorum']
const FINAL_MS = 60_000
const RETRY_MS = 100

export class Workload {
  readonly ledger: Ledger
  /** Wanted, but no node took it. */
  unsentCount = 0
  sentCount = 0
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
    const nowMs = performance.now()
    this.#sentUntilMs = Math.max(this.#sentUntilMs, nowMs - ARREARS_MS_MAX)
    const count = Math.floor((nowMs - this.#sentUntilMs) * this.#perMs)
    this.#sentUntilMs += count / this.#perMs
    for (let i = 0; i < count; i++) {
      const line = this.#usable()
      const request = line === undefined ? undefined : this.ledger.next(nowMs)
      if (request === undefined) this.unsentCount++
      else this.#ask(line!, request)
    }
  }

  #ask(line: Line, request: Request): void {
    this.sentCount++
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
