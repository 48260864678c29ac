/**
 * Pressure [Machine]: how far this process is behind, and therefore how much of its time may go to work that nobody waits
 * for: repair, rebalancing, expiry, defragmentation. A cycle that comes later than it was asked for says that something
 * held the event loop, or the machine; the lag jumps up with the worst and halves with each cycle that is on time.
 *
 *   lag <= 5 ms: all of a budget | above: 5 ms / lag of it | never less than a sixteenth, so that all work ends
 *
 * Everybody who works in the background asks here, and nowhere else; what peers may be accused of is gossip's to say,
 * which hears of each lag. It knows no clock and no work.
 */

/** What a busy but healthy loop is late: a turn of every connection, a small collection of garbage. */
const CALM_MS = 5
/** A longer one - the process was frozen - counts as this, so that it is not held against the work after it for long. */
const LAG_MS_MAX = 1000
const SHARE_MIN = 1 / 16

export class Pressure {
  readonly counters = { lateCycles: 0, budgetsCut: 0 }
  /** The worst cycle since the start, as it was. */
  lagMsMax = 0
  /** Hears of every lag, the small ones too. */
  onLag: ((lagMs: number) => void) | null = null
  #lagMs = 0
  #dueMs = Number.POSITIVE_INFINITY

  /** How late the loop is by now, in milliseconds: the worst of late, fading. */
  get lagMs(): number {
    return this.#lagMs
  }

  /** Background work gives way. */
  get isHigh(): boolean {
    return this.#lagMs > CALM_MS
  }

  /** Of a budget of time, bytes or keys, the share that background work may use now. */
  get share(): number {
    return this.isHigh ? Math.max(SHARE_MIN, CALM_MS / this.#lagMs) : 1
  }

  /** What is left of a budget now: never 0, so that whoever spends it always gets on. */
  of(budget: number): number {
    if (!this.isHigh) return budget
    this.counters.budgetsCut++
    return Math.max(1, Math.floor(budget * this.share))
  }

  /** A cycle begins. */
  onCycle(nowMs: number): void {
    const lagMs = Math.max(0, nowMs - this.#dueMs)
    if (lagMs > this.lagMsMax) this.lagMsMax = lagMs
    if (lagMs > CALM_MS) this.counters.lateCycles++
    this.#lagMs = Math.max(Math.min(lagMs, LAG_MS_MAX), this.#lagMs / 2)
    this.onLag?.(lagMs)
  }

  /** The next one should begin then: what this one took is its own affair. */
  expectCycle(dueMs: number): void {
    this.#dueMs = dueMs
  }
}
