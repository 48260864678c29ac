/**
 * Latency monitor [Machine]: for each kind of event that can make clients wait, the latest samples above a threshold:
 * one a second at most, the worst of that second. It costs one comparison while the threshold is 0.
 *
 * Knows no clocks and no replies; what the samples mean is for the LATENCY rows to say.
 */
const SAMPLES_MAX = 160
/** Names are constants of this code, so there are few; an event beyond the limit is not kept. */
const EVENTS_MAX = 64

export interface LatencySample {
  readonly unixSeconds: number
  readonly ms: number
}

interface MutableSample {
  unixSeconds: number
  ms: number
}

export class LatencyEvent {
  readonly name: string
  /** The worst since the event was first seen. */
  maxMs = 0
  readonly #ring: MutableSample[] = []
  #newest = -1

  constructor(name: string) {
    this.name = name
  }

  add(ms: number, unixSeconds: number): void {
    if (ms > this.maxMs) this.maxMs = ms
    const newest = this.#ring[this.#newest]
    if (newest !== undefined && newest.unixSeconds === unixSeconds) {
      if (ms > newest.ms) newest.ms = ms
      return
    }
    this.#newest = (this.#newest + 1) % SAMPLES_MAX
    this.#ring[this.#newest] = { unixSeconds, ms }
  }

  get latest(): LatencySample {
    return this.#ring[this.#newest]!
  }

  /** Oldest first. */
  samples(): LatencySample[] {
    return [...this.#ring.slice(this.#newest + 1), ...this.#ring.slice(0, this.#newest + 1)]
  }
}

export class LatencyMonitor {
  /** 0: nothing is kept. */
  thresholdMs = 0
  readonly #events = new Map<string, LatencyEvent>()

  sample(event: string, ms: number, nowMs: number): void {
    if (this.thresholdMs === 0 || ms < this.thresholdMs) return
    let known = this.#events.get(event)
    if (known === undefined) {
      if (this.#events.size >= EVENTS_MAX) return
      known = new LatencyEvent(event)
      this.#events.set(event, known)
    }
    known.add(Math.floor(ms), Math.floor(nowMs / 1000))
  }

  get eventCount(): number {
    return this.#events.size
  }

  events(): IterableIterator<LatencyEvent> {
    return this.#events.values()
  }

  event(name: string): LatencyEvent | undefined {
    return this.#events.get(name)
  }

  /** Answers how many events were forgotten. */
  resetAll(): number {
    const count = this.#events.size
    this.#events.clear()
    return count
  }

  reset(name: string): boolean {
    return this.#events.delete(name)
  }
}
