/**
 * Departure [Machine]: how a node leaves without taking anything with it. It gives up its slots at once and stays within reach
 * until their new owners have what it holds; only then, or when its time is up, does it let itself be forgotten.
 *
 *   staying -> handing over -> gone
 *
 * It decides neither who owns what nor when a slot has been handed over.
 */
export interface DeparturePorts {
  monotonicMs(): number
  /** Gives up what is owned, and waits to be let go. */
  leave(): void
  go(): void
  /** Does anybody take this node for an owner, as far as it knows? */
  isOwner(): boolean
  /** Slots whose new owners may lack something that is here. */
  pendingCount(): number
}

export class Departure {
  state: 'staying' | 'handing-over' | 'gone' = 'staying'
  /** What was left to hand over when its time was up. */
  abandonedCount = 0
  readonly #ports: DeparturePorts
  #deadlineMs = 0

  constructor(ports: DeparturePorts) {
    this.#ports = ports
  }

  begin(patienceMs: number): void {
    if (this.state !== 'staying') return
    this.state = 'handing-over'
    this.#deadlineMs = this.#ports.monotonicMs() + patienceMs
    this.#ports.leave()
  }

  onTick(nowMs: number): void {
    if (this.state !== 'handing-over') return
    const { go, isOwner, pendingCount } = this.#ports
    const isOver = !isOwner() && pendingCount() === 0
    if (!isOver && nowMs < this.#deadlineMs) return
    this.abandonedCount = pendingCount()
    this.state = 'gone'
    go()
  }
}
