/*
 * A soak: three nodes, a workload at a steady rate over every kind of key, faults one after the other, for as long as
 * wished; then: was anything lost, did anything come back, does memory grow, did anything pile up?
 *
 * The idea: it only sees to it that all this happens; what that means is for the report to say. Shape: door (tests only).
 */
import { type MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import { Prng } from '../support/prng.ts'
import { ALL_FAULTS, type FaultKind, Faults, type PhaseName } from './faults.ts'
import { Ledger } from './ledger.ts'
import { curvesOf, largestOf, PARTS, type Part, peaksOf, type Sample, slopeOf } from './samples.ts'
import { Phases } from './phases.ts'
import type { SoakReport } from './report.ts'
import { look } from './watch.ts'
import { pause, type Sending, wantedOf, Workload } from './workload.ts'

export interface SoakOptions {
  readonly minutes: number
  readonly ratePerSecond: number
  readonly seed: number
  readonly kinds?: readonly FaultKind[]
  readonly say?: (line: string) => void
}

/** More than can be under way at once when a node is gone for some seconds. */
const KEYS = 40_000
/** Of three nodes two live from the beginning to the end: a process that has hardly warmed up tells nothing of its slope. */
const FIRST_MORTAL = 2
const SAMPLE_MS = 2000
/** So often garbage is collected before a sample is taken: what is left is what grows, if anything does. */
const KEPT_MS = 60_000
const CALM_MS = 60_000
/**
 * Of memory: V8 compiles what is run rarely for ten minutes, and by then every kind of fault has been met, so that buffers
 * are as many as a fault wants. No more than a share of a short run.
 */
const WARM_UP_MS_MAX = 600_000
const WARM_UP_SHARE = 1 / 3
const SLACK = 8
/** Not queues: they are as many as there are nodes, or as keys were removed of late. */
const KEPT = /^(?:links|gossip_members|tombstones|tombstone_bytes)$/
const SLACK_BYTES = 64 * 1024

export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { kinds = ALL_FAULTS, minutes, ratePerSecond, say = () => {}, seed } = options
  const mesh = await MeshProcesses.start(3, ['--enable-debug-command', 'local'])
  const workload = new Workload(new Ledger(new Prng(seed), KEYS), mesh.members, ratePerSecond)
  const watch = new Watch(mesh)
  try {
    const startMs = performance.now()
    const phases = new Phases('calm', startMs, () => figuresOf(workload))
    const enter = (phase: PhaseName): void => phases.enter(phase, performance.now())
    const faults = new Faults(mesh, new Prng(seed + 1), say, enter, FIRST_MORTAL)
    const first = await watch.all()
    const cpuBefore = process.cpuUsage()
    workload.start()
    watch.start()
    await faults.run(startMs + minutes * 60_000, kinds)
    await watch.stop()
    await workload.stop()
    enter('calm')
    const seconds = (performance.now() - startMs) / 1000
    const { system, user } = process.cpuUsage(cpuBefore)
    const clientCpuShare = (system + user) / 1e6 / seconds
    const leftOver = await watch.calm(first)
    const { done, open, refused } = figuresOf(workload)
    const failures = Object.fromEntries(workload.ledger.failures)
    workload.ledger.failures.clear()
    const unread = await workload.readAll()
    const ending = { clientCpuShare, faults, leftOver, seconds, failures, unread, done, open, refused }
    return reportOf(options, workload, watch.samples, { ...ending, phases: phases.all() })
  } finally {
    workload.end()
    await watch.stop()
    await mesh.kill()
  }
}

function figuresOf({ ledger, sending }: Workload): Progress {
  const { doneCount: done, openCount: open, refusedCount: refused } = ledger
  return { wanted: wantedOf(sending), ...sending, done, refused, open }
}

/** Samples of all nodes, over and over. */
class Watch {
  readonly samples: Sample[] = []
  readonly #mesh: MeshProcesses
  /** When each node last answered with its garbage collected. */
  readonly #keptMs = new Map<string, number>()
  #isOver = true
  #loop: Promise<void> | undefined

  constructor(mesh: MeshProcesses) {
    this.#mesh = mesh
  }

  async all(): Promise<Sample[]> {
    const seen = await Promise.all(this.#mesh.members.map((member) => this.#look(member)))
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

  async #look(member: MeshMember): Promise<Sample | undefined> {
    const nowMs = performance.now()
    const isDue = nowMs - (this.#keptMs.get(member.name) ?? Number.NEGATIVE_INFINITY) >= KEPT_MS
    const sample = await look(member, isDue)
    if (sample?.isKept) this.#keptMs.set(member.name, nowMs)
    return sample
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
  const before = new Map([
    ...largestOf(first),
    ...[...peaksOf(first)].map(([name, { now }]) => [name, now] as const),
  ])
  for (const { gauges, handles, life, limits } of last) {
    const bounded = [...limits].map(([name, { now }]) => [name, now] as const)
    for (const [name, value] of [...gauges, ...bounded, ['handles', handles] as const]) {
      const slack = name.includes('bytes') ? SLACK_BYTES : SLACK
      const was = before.get(name) ?? 0
      if (value > was + slack && !KEPT.test(name)) left.push(`${life} ${name} ${was} ${value}`)
    }
  }
  return left
}

/** What grows while clients are at work. */
interface Progress extends Record<string, number>, Sending {
  readonly wanted: number
  readonly done: number
  readonly refused: number
  readonly open: number
}

interface Ending
  extends Pick<
    SoakReport,
    'clientCpuShare' | 'done' | 'failures' | 'leftOver' | 'open' | 'phases' | 'refused' | 'unread'
  > {
  readonly faults: Faults
  readonly seconds: number
}

function reportOf(
  { minutes, seed }: SoakOptions,
  { ledger, sending }: Workload,
  samples: readonly Sample[],
  { faults, seconds, ...ending }: Ending,
): SoakReport {
  const warmUpMs = Math.min(WARM_UP_MS_MAX, minutes * 60_000 * WARM_UP_SHARE)
  const kept = samples.filter(({ isKept }) => isKept)
  const slopes = byPart((part) => slopeOf(kept, warmUpMs, part))
  const { done, open, refused } = ending
  const wanted = wantedOf(sending)
  return {
    ...ending,
    minutes,
    seed,
    faults: Object.fromEntries(faults.counts),
    wanted,
    sending,
    wantedPerSecond: wanted / seconds,
    donePerSecond: done / seconds,
    failedShare: (refused + open) / Math.max(1, done + refused + open),
    lost: ledger.lostCount,
    resurrected: ledger.resurrectedCount,
    slopeMegabytesPerHour: slopes.resident.perHour / 1e6,
    slopeError: slopes.resident.error / 1e6,
    slopeOfAll: slopeOf(samples, warmUpMs),
    slopes,
    residentMegabytesMax: Math.max(...samples.map(({ bytes }) => bytes.resident)) / 1e6,
    megabytes: byPart((part) => curvesOf(kept, part)),
    limits: Object.fromEntries(peaksOf(samples)),
    largest: Object.fromEntries(largestOf(samples)),
    failuresAtTheEnd: Object.fromEntries(ledger.failures),
    complaints: ledger.complaints,
  }
}

function byPart<T>(of: (part: Part) => T): Record<Part, T> {
  return Object.fromEntries(PARTS.map((part) => [part, of(part)])) as Record<Part, T>
}
