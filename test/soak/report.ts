/*
 * What a soak found: the figures, whether they are good enough, and one line for people.
 *
 * The idea: whoever doubts the verdict finds all it rests on in the report. Shape: data and rule (tests only).
 */
import type { Phase } from './phases.ts'
import { type Bounded, PARTS, type Part, type Slope } from './samples.ts'
import type { Sending } from './workload.ts'

const SLOPE_MEGABYTES_MAX = 2
/** A slope that is not known better than this proves nothing. */
const SLOPE_ERROR_MEGABYTES_MAX = 2
/** Of a shorter soak, which is all warm-up, it says nothing. */
const SLOPE_MINUTES_MIN = 15
/** While a fault lasts some of what is asked for cannot be sent; a load of which more is missing is another load. */
const SENT_SHARE_MIN = 0.8

export interface SoakReport {
  readonly minutes: number
  readonly seed: number
  readonly faults: Readonly<Record<string, number>>
  /** What the clock asked for; what of it was sent, and why the rest was not. */
  readonly wanted: number
  readonly sending: Sending
  /** What became of what was sent. */
  readonly done: number
  readonly refused: number
  readonly open: number
  readonly wantedPerSecond: number
  readonly donePerSecond: number
  /** Of what was answered or lost: refused or left open. */
  readonly failedShare: number
  /** The same by what went on meanwhile. */
  readonly phases: Readonly<Record<string, Phase>>
  /** What clients were told instead, and how often. */
  readonly failures: Readonly<Record<string, number>>
  /** The same of those who read everything at the end, when all should be well. */
  readonly failuresAtTheEnd: Readonly<Record<string, number>>
  /** Of one core, by the clients. */
  readonly clientCpuShare: number
  readonly lost: number
  readonly resurrected: number
  readonly unread: number
  readonly slopeMegabytesPerHour: number
  readonly slopeError: number
  /** The same of all memory, with what waited for the collector. */
  readonly slopeOfAll: Slope
  /** In bytes, of what each part of the processes kept once its garbage was collected. */
  readonly slopes: Readonly<Record<Part, Slope>>
  readonly residentMegabytesMax: number
  /** Of each process, what it kept, minute by minute. */
  readonly megabytes: Readonly<Record<Part, Readonly<Record<string, readonly number[]>>>>
  /** The most there was of everything that has a limit. */
  readonly limits: Readonly<Record<string, Bounded>>
  readonly largest: Readonly<Record<string, number>>
  /** What had not gone back to what it was, once all was calm: `node name before after`. */
  readonly leftOver: readonly string[]
  readonly complaints: readonly string[]
}

export function holds(report: SoakReport): boolean {
  const { slopeError, slopeMegabytesPerHour } = report
  const isLoaded = report.sending.sent >= report.wanted * SENT_SHARE_MIN
  const isBounded = Object.values(report.limits).every(({ most, now }) => now < most)
  const isLevel = slopeMegabytesPerHour < SLOPE_MEGABYTES_MAX && slopeError < SLOPE_ERROR_MEGABYTES_MAX
  const isSteady = report.minutes < SLOPE_MINUTES_MIN || isLevel
  const isAsTold = report.complaints.length === 0 && report.unread === 0
  return isAsTold && report.leftOver.length === 0 && isLoaded && isBounded && isSteady
}

export function lineOf(report: SoakReport): string {
  const { sending } = report
  const phases = Object.entries(report.phases).map(([name, { figures, seconds }]) => {
    return `${name} ${(figures.done! / seconds).toFixed(0)} (${seconds.toFixed(0)} s)`
  })
  const queues = Object.entries(report.largest).map(([name, value]) => `${name} ${value}`)
  const slopes = PARTS.map((part) => `${part} ${megabytesPerHour(report.slopes[part])}`)
  const limits = Object.entries(report.limits)
    .filter(({ 1: { now, shed } }) => now > 0 || shed > 0)
    .map(
      ([name, { most, now, shed }]) => `${name} ${now} of ${most}${shed > 0 ? `, ${shed} turned away` : ''}`,
    )
  const faults = Object.entries(report.faults).map(([kind, count]) => `${count} ${kind}`)
  return [
    holds(report) ? 'holds' : 'FAILS',
    `${report.minutes} min, seed ${report.seed}: ${report.wanted} operations wanted (${report.wantedPerSecond.toFixed(0)}/s)`,
    `${report.done} done (${report.donePerSecond.toFixed(0)}/s), ${report.refused} refused, ${report.open} left open: ${(report.failedShare * 100).toFixed(3)} % failed`,
    `unsent ${sending.unsentNoLine} without a connection, ${sending.unsentNoKey} without a key, ${sending.unsentLate} too late (clients took ${(report.clientCpuShare * 100).toFixed(0)} % of a core)`,
    `done/s ${phases.join(', ')}`,
    `told instead: ${countsOf(report.failures)}; at the end: ${countsOf(report.failuresAtTheEnd)}`,
    `lost ${report.lost}, resurrected ${report.resurrected}, unread ${report.unread}`,
    `RSS ${report.slopeMegabytesPerHour.toFixed(1)} +- ${report.slopeError.toFixed(1)} MB/h, at most ${report.residentMegabytesMax.toFixed(0)} MB`,
    `faults: ${faults.join(', ')}`,
    `slopes in MB/h: ${slopes.join(', ')}, of ${report.slopes.resident.minutes} minutes; with garbage ${megabytesPerHour(report.slopeOfAll)}`,
    `largest: ${queues.join(', ')}`,
    `limits: ${limits.join(', ')}`,
    `left over: ${report.leftOver.join(', ') || 'nothing'}`,
  ].join('; ')
}

function countsOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([text, count]) => `${count} x ${text}`)
    .join(', ')
}

function megabytesPerHour({ error, perHour }: Slope): string {
  return `${(perHour / 1e6).toFixed(1)} +- ${(error / 1e6).toFixed(1)}`
}
