/*
 * A soak: three nodes, a workload at a steady rate over every kind of key, faults one after the other, for as long as
 * wished; then: was anything lost, did anything come back, does memory grow, did anything pile up?
 *
 * The idea: what holds is decided here, from figures that are all in the report. Shape: door (tests only).
 */
import { MeshProcesses } from '../support/mesh-processes.ts'
import { Prng } from '../support/prng.ts'
import { ALL_FAULTS, type FaultKind, Faults } from './faults.ts'
import { Ledger } from './ledger.ts'
import { curvesOf, largestOf, type Sample, slopeOf } from './samples.ts'
import { look } from './watch.ts'
import { pause, Workload } from './workload.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly ratePerSecond: number
  readonly seed: number
  readonly kinds?: readonly FaultKind[]
  readonly say?: (line: string) => void
}

export interface SoakReport {
  readonly minutes: number
  readonly seed: number
  readonly faults: Readonly<Record<string, number>>
  readonly operations: number
  readonly perSecond: number
  readonly failedShare: number
  readonly openCount: number
  readonly unsentCount: number
  readonly lost: number
  readonly resurrected: number
  readonly unread: number
  readonly slopeMegabytesPerHour: number
  readonly slopeError: number
  readonly residentMegabytesMax: number
  /** Of each process, one figure a minute. */
  readonly residentMegabytes: Readonly<Record<string, readonly number[]>>
  readonly largest: Readonly<Record<string, number>>
  /** What had not gone back to what it was, once all was calm: `node name before after`. */
  readonly leftOver: readonly string[]
  readonly complaints: readonly string[]
}

const KEYS = 10_000
const SAMPLE_MS = 5000
const CALM_MS = 60_000
/**
 * Of memory: V8 compiles what is run rarely for ten minutes, and by then every kind of fault has been met, so that buffers
 * are as many as a fault wants. No more than a share of a short run.
 */
const WARM_UP_MS_MAX = 600_000
const WARM_UP_SHARE = 1 / 3
const SLOPE_MEGABYTES_MAX = 2
/** A slope that is not known better than this proves nothing. */
const SLOPE_ERROR_MEGABYTES_MAX = 5
/** Below this a slope is mostly noise, and says nothing. */
const SLOPE_MINUTES_MIN = 15
const SLACK = 8
/** Not queues: they are as many as there are nodes, or as keys were removed of late. */
const KEPT = /^limit_(?:links|gossip_members|tombstones|tombstone_bytes)$/
const SLACK_BYTES = 64 * 1024

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { kinds = ALL_FAULTS, minutes, ratePerSecond, say = () => {}, seed } = options
  const mesh = await MeshProcesses.start(3, ['--enable-debug-command', 'local'])
  const workload = new Workload(new Ledger(new Prng(seed), KEYS), mesh.members, ratePerSecond)
  const faults = new Faults(mesh, new Prng(seed + 1), say)
  const watch = new Watch(mesh)
  try {
    const startMs = performance.now()
    const first = await watch.all()
    workload.start()
    watch.start()
    await faults.run(startMs + minutes * 60_000, kinds)
    const tookMs = performance.now() - startMs
    await watch.stop()
    await workload.stop()
    const perSecond = (workload.sentCount / tookMs) * 1000
    const leftOver = await watch.calm(first)
    const unread = await workload.readAll()
    return reportOf(options, workload, watch.samples, { faults, leftOver, perSecond, unread })
  } finally {
    workload.end()
    await watch.stop()
    await mesh.kill()
  }
}

export function holds(report: SoakReport): boolean {
  const { slopeError, slopeMegabytesPerHour } = report
  const isLevel = slopeMegabytesPerHour < SLOPE_MEGABYTES_MAX + slopeError
  const isSteady = report.minutes < SLOPE_MINUTES_MIN || (isLevel && slopeError < SLOPE_ERROR_MEGABYTES_MAX)
  return report.complaints.length === 0 && report.unread === 0 && report.leftOver.length === 0 && isSteady
}

export function lineOf(report: SoakReport): string {
  const queues = Object.entries(report.largest).map(([name, value]) => `${name} ${value}`)
  const faults = Object.entries(report.faults).map(([kind, count]) => `${count} ${kind}`)
  return [
    holds(report) ? 'holds' : 'FAILS',
    `${report.minutes} min, seed ${report.seed}: ${report.operations} operations (${report.perSecond.toFixed(0)}/s)`,
    `${(report.failedShare * 100).toFixed(3)} % failed, ${report.openCount} left open`,
    `lost ${report.lost}, resurrected ${report.resurrected}, unread ${report.unread}`,
    `RSS ${report.slopeMegabytesPerHour.toFixed(1)} +- ${report.slopeError.toFixed(1)} MB/h, at most ${report.residentMegabytesMax.toFixed(0)} MB`,
    `faults: ${faults.join(', ')}`,
    `largest: ${queues.join(', ')}`,
    `left over: ${report.leftOver.join(', ') || 'nothing'}`,
  ].join('; ')
}

/** Samples of all nodes, over and over. */
class Watch {
  readonly samples: Sample[] = []
  readonly #mesh: MeshProcesses
  #isOver = true
  #loop: Promise<void> | undefined

  constructor(mesh: MeshProcesses) {
    this.#mesh = mesh
  }

  async all(): Promise<Sample[]> {
    const seen = await Promise.all(this.#mesh.members.map(look))
    return seen.filter((sample) => sample !== undefined)
  }

  start(): void {
    this.#isOver = false
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#loop
  }

  /** Until what is queued is as it was; else what is not. */
  async calm(first: readonly Sample[]): Promise<string[]> {
    const deadlineMs = performance.now() + CALM_MS
    for (;;) {
      const left = leftOver(first, await this.all())
      if (left.length === 0 || performance.now() > deadlineMs) return left
      await pause(SAMPLE_MS / 5)
    }
  }

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.samples.push(...(await this.all()))
      for (let waitedMs = 0; waitedMs < SAMPLE_MS && !this.#isOver; waitedMs += 100) await pause(100)
    }
  }
}

function leftOver(first: readonly Sample[], last: readonly Sample[]): string[] {
  const left = first.length === last.length ? [] : [`${first.length - last.length} nodes do not answer`]
  const before = largestOf(first)
  for (const { gauges, handles, life } of last) {
    for (const [name, value] of [...gauges, ['handles', handles] as const]) {
      const slack = name.includes('bytes') ? SLACK_BYTES : SLACK
      const was = before.get(name) ?? 0
      if (value > was + slack && !KEPT.test(name)) left.push(`${life} ${name} ${was} ${value}`)
    }
  }
  return left
}

interface Ending {
  readonly faults: Faults
  readonly leftOver: readonly string[]
  readonly perSecond: number
  readonly unread: number
}

function reportOf(
  { minutes, seed }: SoakOptions,
  { ledger, unsentCount }: Workload,
  samples: readonly Sample[],
  { faults, leftOver, perSecond, unread }: Ending,
): SoakReport {
  const slope = slopeOf(samples, Math.min(WARM_UP_MS_MAX, minutes * 60_000 * WARM_UP_SHARE))
  const operations = ledger.doneCount + ledger.refusedCount + ledger.openCount
  return {
    minutes,
    seed,
    faults: Object.fromEntries(faults.counts),
    operations,
    perSecond,
    failedShare: ledger.failedShare,
    openCount: ledger.openCount,
    unsentCount,
    lost: ledger.lostCount,
    resurrected: ledger.resurrectedCount,
    unread,
    slopeMegabytesPerHour: slope.perHour / 1e6,
    slopeError: slope.error / 1e6,
    residentMegabytesMax: Math.max(...samples.map(({ residentBytes }) => residentBytes)) / 1e6,
    residentMegabytes: curvesOf(samples),
    largest: Object.fromEntries(largestOf(samples)),
    leftOver,
    complaints: ledger.complaints,
  }
}
