/*
 * What a soak sees of its nodes every few seconds, and what follows from it: does memory grow, does anything pile up?
 *
 * The idea: a process that was started again begins anew, so each is compared with itself alone, its warm-up left out. What
 * waits for the collector, and room for the young, come and go by tens of megabytes: so the lowest sample of each minute is
 * taken, and of the slopes between any two of them the one in the middle. Samples taken right after a collection need less
 * patience: all that is left in them is kept. Parts of a process - the heap, buffers, the store - tell where a growth comes
 * from. Shape: rule (tests only).
 */

/** Bytes of a process: what the system says it takes, and what it says of itself. */
export const PARTS = ['resident', 'anonymous', 'heap', 'external', 'store'] as const
export type Part = (typeof PARTS)[number]

/** Something that has a limit. */
export interface Bounded {
  readonly now: number
  readonly most: number
  readonly shed: number
}

export interface Sample {
  /** Which process: a node that is started again begins another life. */
  readonly life: string
  readonly atMs: number
  /** Taken right after garbage was collected: nothing in it waits for that. */
  readonly isKept: boolean
  readonly bytes: Readonly<Record<Part, number>>
  readonly handles: number
  readonly gauges: ReadonlyMap<string, number>
  readonly limits: ReadonlyMap<string, Bounded>
}

export interface Slope {
  readonly perHour: number
  /** Its standard error: two in three true slopes lie no farther away. */
  readonly error: number
  /** Minutes it is read off. */
  readonly minutes: number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Of all lives (after Theil, Sen and Kendall); NaN when there is too little to say. */
export function slopeOf(samples: readonly Sample[], warmUpMs: number, part: Part = 'resident'): Slope {
  const slopes: number[] = []
  let [minutes, variance] = [0, 0]
  for (const life of livesOf(samples).values()) {
    const floors = floorsOf(life, part).filter(({ atMs }) => atMs - life[0]!.atMs >= warmUpMs)
    const count = floors.length
    minutes += count
    variance += (count * (count - 1) * (2 * count + 5)) / 18
    for (const [at, from] of floors.entries()) {
      for (const to of floors.slice(at + 1)) slopes.push(perHourBetween(from, to, part))
    }
  }
  slopes.sort((a, b) => a - b)
  const at = (rank: number): number =>
    slopes[Math.max(0, Math.min(slopes.length - 1, Math.round(rank)))] ?? NaN
  const [middle, spread] = [(slopes.length - 1) / 2, Math.sqrt(variance) / 2]
  const perHour = (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2
  return { perHour, error: (at(middle + spread) - at(middle - spread)) / 2, minutes }
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

/** The most of each thing that has a limit, in any node, and how often more was turned away by all their lives. */
export function peaksOf(samples: readonly Sample[]): Map<string, Bounded> {
  const peaks = new Map<string, Bounded>()
  for (const [name, { most }] of samples.flatMap(({ limits }) => [...limits])) {
    const seen = samples.map(({ limits }) => limits.get(name)?.now ?? 0)
    const shed = [...livesOf(samples).values()].map((life) => life.at(-1)!.limits.get(name)?.shed ?? 0)
    peaks.set(name, { now: Math.max(...seen), most, shed: shed.reduce((sum, one) => sum + one, 0) })
  }
  return peaks
}

/** The lowest megabytes of each minute of each life: for people who look for what grows. */
export function curvesOf(samples: readonly Sample[], part: Part = 'resident'): Record<string, number[]> {
  const curves: Record<string, number[]> = {}
  for (const [name, life] of livesOf(samples)) {
    curves[name] = floorsOf(life, part).map(({ bytes }) => Math.round(bytes[part] / 1e5) / 10)
  }
  return curves
}

function livesOf(samples: readonly Sample[]): Map<string, Sample[]> {
  const lives = new Map<string, Sample[]>()
  for (const sample of samples) lives.set(sample.life, [...(lives.get(sample.life) ?? []), sample])
  return lives
}

function minuteOf({ atMs }: Sample, life: readonly Sample[]): number {
  return Math.floor((atMs - life[0]!.atMs) / MINUTE_MS)
}

/** The lowest of each minute of a life. A minute that is not over says too little. */
function floorsOf(life: readonly Sample[], part: Part): Sample[] {
  const lowest = new Map<number, Sample>()
  for (const sample of life) {
    const minute = minuteOf(sample, life)
    const before = lowest.get(minute)
    if (before === undefined || sample.bytes[part] < before.bytes[part]) lowest.set(minute, sample)
  }
  lowest.delete(minuteOf(life.at(-1)!, life))
  return [...lowest.values()]
}

function perHourBetween(from: Sample, to: Sample, part: Part): number {
  return ((to.bytes[part] - from.bytes[part]) / (to.atMs - from.atMs)) * HOUR_MS
}
