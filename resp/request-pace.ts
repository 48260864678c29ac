// Is an unfinished request still getting anywhere? The answer to slow-loris clients.
//
// The time allowed starts anew with every noticeable piece that arrives, so a huge value over a thin line is
// fine and a byte every ten seconds is not. Shape: machine.

import type { ConnectionLimits } from './limits.ts'

export class RequestPace {
  #sinceMs: number
  #sinceBytes: number

  constructor() {
    this.#sinceMs = -1
    this.#sinceBytes = 0
  }

  /** To be told after each piece of input; `isNew`: the request pending now began in this piece. */
  note(limits: ConnectionLimits, pendingBytes: number, isNew: boolean, bytesIn: number, nowMs: number): void {
    if (pendingBytes === 0) {
      this.#sinceMs = -1
      return
    }
    const grown = bytesIn - this.#sinceBytes
    if (!isNew && this.#sinceMs >= 0 && grown < limits.partialRequestBytes) return
    this.#sinceMs = nowMs
    this.#sinceBytes = bytesIn
  }

  isTooSlow(limits: ConnectionLimits, nowMs: number): boolean {
    return this.#sinceMs >= 0 && nowMs - this.#sinceMs > limits.partialRequestMs
  }
}
