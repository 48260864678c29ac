/**
 * Throttle [Machine]: how much may be moved by now, at so many bytes a second. What comes is known only when it is here,
 * so the account may be overdrawn by what is under way; nothing new begins before it is even again. Idle time is not
 * saved up beyond a moment.
 */

/** Of the rate: what may be moved at once after a pause. */
const SAVED_MS = 100

export class Throttle {
  /** 0: no limit. */
  bytesPerSecond = 0
  /** How long something waited for the account to be even. */
  waitedMs = 0
  #balance = 0
  #lastMs = Number.NEGATIVE_INFINITY

  mayBegin(nowMs: number): boolean {
    if (this.bytesPerSecond === 0) return true
    const savedMax = (this.bytesPerSecond * SAVED_MS) / 1000
    const earned = ((nowMs - this.#lastMs) * this.bytesPerSecond) / 1000
    const wasOverdrawn = this.#balance < 0
    if (wasOverdrawn && Number.isFinite(earned)) this.waitedMs += nowMs - this.#lastMs
    this.#balance = Math.min(savedMax, this.#balance + earned)
    this.#lastMs = nowMs
    return this.#balance >= 0
  }

  onMoved(bytes: number): void {
    if (this.bytesPerSecond !== 0) this.#balance -= bytes
  }
}
