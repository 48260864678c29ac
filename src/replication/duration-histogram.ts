/**
 * Duration histogram [Machine]: how often something took how long, by doublings of a millisecond, as LATENCY HISTOGRAM
 * tells it of commands: each step holds those before it, and steps that add nothing are left out.
 */
const STEPS = 24

export interface DurationStep {
  readonly upToMs: number
  readonly count: number
}

export class DurationHistogram {
  readonly #counts = new Float64Array(STEPS)

  add(ms: number): void {
    const step = Math.min(STEPS - 1, Math.max(0, Math.ceil(Math.log2(Math.max(ms, 1)))))
    this.#counts[step]!++
  }

  steps(): DurationStep[] {
    const steps: DurationStep[] = []
    let count = 0
    for (let step = 0; step < STEPS; step++) {
      if (this.#counts[step] === 0) continue
      count += this.#counts[step]!
      steps.push({ upToMs: 2 ** step, count })
    }
    return steps
  }
}
