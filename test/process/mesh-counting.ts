/*
 * Clients that count: each raises a counter of its own through one node, over and over, and remembers what it was told.
 *
 * The idea: a counter may show what was acknowledged, and besides what was sent and never answered with a clear no;
 * anything else is a write lost or a write made up. Shape: machine (tests only).
 */
import assert from 'node:assert/strict'
import { Redis } from 'ioredis'
import type { MeshMember } from '../support/mesh-processes.ts'

const BREATH_MS = 1
const ANSWER_MS = 15_000
/** Refused before anything was touched. */
const CLEAR_NO = /^(NOREPLICAS|CLUSTERDOWN|TRYAGAIN)/

export class Counting {
  readonly keys: readonly string[]
  successCount = 0
  failureCount = 0
  readonly failures = new Map<string, number>()
  readonly #acknowledged: number[]
  readonly #uncertain: number[]
  readonly #successMs: number[][]
  readonly #client: Redis
  readonly #workers: Promise<void>[]
  #isStopped = false

  constructor(member: MeshMember, keyCount: number, prefix = 'counter') {
    this.keys = Array.from({ length: keyCount }, (_, i) => `${prefix}:${i}`)
    this.#acknowledged = this.keys.map(() => 0)
    this.#uncertain = this.keys.map(() => 0)
    this.#successMs = this.keys.map(() => [])
    this.#client = new Redis({ port: member.port, host: '127.0.0.1', commandTimeout: ANSWER_MS })
    this.#client.on('error', () => {})
    this.#workers = this.keys.map((_, i) => this.#count(i))
  }

  async #count(index: number): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#client.incr(this.keys[index]!)
        this.successCount++
        this.#acknowledged[index]!++
        this.#successMs[index]!.push(performance.now())
      } catch (error) {
        const { message } = error as Error
        this.failureCount++
        this.failures.set(message, (this.failures.get(message) ?? 0) + 1)
        if (!CLEAR_NO.test(message)) this.#uncertain[index]!++
      }
      await new Promise((resolve) => setTimeout(resolve, BREATH_MS))
    }
  }

  /** Until so many more were acknowledged on every one of these counters. */
  async progress(count: number, keys = this.keys, deadlineMs = 15_000): Promise<void> {
    const indexes = keys.map((key) => this.keys.indexOf(key))
    const goals = indexes.map((index) => this.#acknowledged[index]! + count)
    const deadline = performance.now() + deadlineMs
    while (!indexes.every((index, i) => this.#acknowledged[index]! >= goals[i]!)) {
      assert.ok(performance.now() < deadline, `no progress within ${deadlineMs} ms: ${this.describe()}`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    await Promise.all(this.#workers)
    this.#client.disconnect()
  }

  /** From that moment to the first success on any of these counters. */
  firstSuccessAfterMs(momentMs: number, keys: readonly string[]): number {
    const firsts = keys.map((key) => {
      const first = this.#successMs[this.keys.indexOf(key)]!.find((ms) => ms > momentMs)
      return first === undefined ? Number.POSITIVE_INFINITY : first - momentMs
    })
    return Math.min(...firsts)
  }

  /**
   * The longest that any of these counters went without a success since that moment; a reply that was on its way then ends
   * nothing. Ask once each has gone on.
   */
  longestGapMs(sinceMs: number, keys: readonly string[]): number {
    const gaps = keys.flatMap((key) => {
      const successes = this.#successMs[this.keys.indexOf(key)]!
      const from = Math.max(
        1,
        successes.findIndex((ms) => ms > sinceMs),
      )
      return successes.slice(from).map((ms, i) => ms - Math.max(sinceMs, successes[from + i - 1]!))
    })
    return Math.max(...gaps)
  }

  get failedShare(): number {
    return this.failureCount / (this.failureCount + this.successCount)
  }

  describe(): string {
    return `${this.successCount} done, ${this.failureCount} failed ${JSON.stringify([...this.failures])}`
  }

  /** Asks this node for every counter. */
  async assertAllCounted(member: MeshMember): Promise<void> {
    const client = await member.connect()
    for (const [i, key] of this.keys.entries()) {
      const { value } = await client.call('GET', key)
      const [low, high] = [this.#acknowledged[i]!, this.#acknowledged[i]! + this.#uncertain[i]!]
      const isCounted = Number(value) >= low && Number(value) <= high
      assert.ok(isCounted, `${member.name}: ${key} is ${value}, not ${low} to ${high} (${this.describe()})`)
    }
    client.destroy()
  }
}
