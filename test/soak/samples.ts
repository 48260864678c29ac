/*
 * What a soak sees of its nodes every few seconds, and what follows from it: does memory grow, does anything pile up?
 *
 * The idea: a process that was started again begins anew, so lines are fitted through the lives of all processes at once:
 * one slope, an offset for each life, the warm-up of each left out. Shape: rule (tests only).
 */

export interface Sample {
  /** Which process: a node that is started again begins another life. */
  readonly life: string
  readonly atMs: number
  readonly residentBytes: number
  readonly handles: number
  readonly gauges: ReadonlyMap<string, number>
}

export interface Slope {
  readonly perHour: number
  /** The standard error of it. */
  readonly error: number
  readonly samples: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Least squares over all lives; NaN when there is too little to say. */
export function slopeOf(samples: readonly Sample[], warmUpMs: number): Slope {
  const points = [...livesOf(samples).values()].flatMap((life) => centred(life, warmUpMs))
  const sum = (of: (point: Point) => number): number => points.reduce((total, point) => total + of(point), 0)
  const spread = sum(({ hours }) => hours * hours)
  const perHour = sum(({ bytes, hours }) => bytes * hours) / spread
  const rest = sum(({ bytes, hours }) => (bytes - perHour * hours) ** 2)
  const error = Math.sqrt(rest / Math.max(1, points.length - 2) / spread)
  return { perHour, error, samples: points.length }
}

/** The largest value of each gauge, and the one seen last in each life that is still going on. */
export function largestOf(samples: readonly Sample[]): Map<string, number> {
  const largest = new Map<string, number>()
  for (const { gauges, handles } of samples) {
    for (const [name, value] of [...gauges, ['handles', handles] as const]) {
      largest.set(name, Math.max(largest.get(name) ?? 0, value))
    }
  }
  return largest
}

/** Megabytes of each life, minute by minute: for people who look for what grows. */
export function curvesOf(samples: readonly Sample[]): Record<string, number[]> {
  const curves: Record<string, number[]> = {}
  for (const [name, life] of livesOf(samples)) {
    const bornMs = life[0]!.atMs
    const minutes = new Map(life.map((one) => [Math.floor((one.atMs - bornMs) / MINUTE_MS), one]))
    curves[name] = [...minutes.values()].map(({ residentBytes }) => Math.round(residentBytes / 1e6))
  }
  return curves
}

interface Point {
  readonly hours: number
  readonly bytes: number
}

function livesOf(samples: readonly Sample[]): Map<string, Sample[]> {
  const lives = new Map<string, Sample[]>()
  for (const sample of samples) lives.set(sample.life, [...(lives.get(sample.life) ?? []), sample])
  return lives
}

function centred(life: readonly Sample[], warmUpMs: number): Point[] {
  const bornMs = life[0]!.atMs
  const warm = life.filter(({ atMs }) => atMs - bornMs >= warmUpMs)
  const mean = (of: (sample: Sample) => number): number => {
    return warm.reduce((total, sample) => total + of(sample), 0) / warm.length
  }
  const [atMs, bytes] = [mean((one) => one.atMs), mean((one) => one.residentBytes)]
  return warm.map((one) => ({ hours: (one.atMs - atMs) / HOUR_MS, bytes: one.residentBytes - bytes }))
}
