// Has a client let too much output pile up? Redis' client-output-buffer-limit: at once above the hard
// limit, or after staying above the soft one for longer than its seconds.
//
// It remembers one thing: since when the soft limit has been exceeded. Shape: machine.

import type { OutputLimits } from './limits.ts'

export class OutputGauge {
  #softSinceMs: number

  constructor() {
    this.#softSinceMs = -1
  }

  isOver(limits: OutputLimits, queuedBytes: number, nowMs: number): boolean {
    if (limits.hardBytes > 0 && queuedBytes >= limits.hardBytes) return true
    if (limits.softBytes === 0 || queuedBytes < limits.softBytes) {
      this.#softSinceMs = -1
      return false
    }
    if (this.#softSinceMs < 0) this.#softSinceMs = nowMs
    return nowMs - this.#softSinceMs > limits.softSeconds * 1000
  }
}
