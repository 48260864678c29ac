/*
 * Runs simulations that are too long for the tests, and prints what they measured as Markdown tables.
 *
 *   npm run sim -- membership [--sizes 10,100,1000,5000] [--seed 1] [--runs 20] [--topics size,loss,pause]
 *   npm run sim -- data [--from 1] [--seeds 20] [--size 3] [--copies 3] [--chaos 20] [--kinds split,clock]
 *                       [--scenario swizzle-clog] [--brief] [--json]
 *
 * The idea: each measurement has a process of its own, so that none pays for another's garbage and a mesh of thousands
 * gets the memory it needs; the seed stands in every table. Shape: door (tests only).
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type RunReport, runData } from './data.ts'
import { HEAD, lineOfRun, recordOf, sentenceOf, story, summaryOf } from './data-report.ts'
import {
  measureLoss,
  measurePause,
  measureSize,
  type SizeFigures,
  type TroubleFigures,
} from './membership.ts'
import { isScenario } from './scenarios.ts'
import { isTroubleKind } from './troubles.ts'

/** A list of 5,000 in each of 5,000 members. */
const HEAP_MEGABYTES_MAX = 14_000
const LOSS_SIZE = 100
const LOSS_MINUTES = 10
const PAUSE_MS = 5000

const MEASURES = { size: measureSize, loss: measureLoss, pause: measurePause }

function measured<Name extends keyof typeof MEASURES>(
  name: Name,
  ...args: Parameters<(typeof MEASURES)[Name]>
): ReturnType<(typeof MEASURES)[Name]> {
  const file = fileURLToPath(import.meta.url)
  const flags = [`--max-old-space-size=${HEAP_MEGABYTES_MAX}`, '--import', 'tsx']
  const output = execFileSync(process.execPath, [...flags, file, 'measure', name, ...args.map(String)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  // JSON knows no Infinity: what never happened comes as null.
  return JSON.parse(output, (_, value) => value ?? Number.POSITIVE_INFINITY)
}

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}

function row(...cells: readonly (string | number)[]): string {
  return `| ${cells.join(' | ')} |`
}

function head(...cells: readonly string[]): void {
  print('', row(...cells), row(...cells.map(() => '---')))
}

const seconds = (ms: number): string => (Number.isFinite(ms) ? `${(ms / 1000).toFixed(1)} s` : 'never')

function printSizes(sizes: readonly number[], seed: number): void {
  print('', `### By size (seed ${seed})`)
  const times = ['crash: dead at all', 'removed at all', 'join: alive at all', 'up at all']
  const costs = ['datagram B/s', 'stream B/s', 'datagrams/s', 'virtual s per real s', 'heap']
  head('members', ...times, ...costs)
  for (const size of sizes) {
    const figures: SizeFigures = measured('size', size, seed)
    const { crashKnownMs, crashRemovedMs, joinKnownMs, joinUpMs } = figures
    print(
      row(
        size.toLocaleString('en'),
        ...[crashKnownMs, crashRemovedMs, joinKnownMs, joinUpMs].map(seconds),
        figures.datagramBytesPerSecond.toFixed(0),
        figures.streamBytesPerSecond.toFixed(1),
        figures.datagramsPerSecond.toFixed(2),
        figures.speed < 10 ? figures.speed.toFixed(1) : figures.speed.toFixed(0),
        `${figures.heapMegabytes.toFixed(0)} MB`,
      ),
    )
  }
}

function printTroubles(title: string, name: string, runs: readonly TroubleFigures[]): void {
  const total = (pick: (run: TroubleFigures) => number): number =>
    runs.reduce((sum, one) => sum + pick(one), 0)
  const worst = Math.max(...runs.map((one) => one.suspicionMsMax))
  const bad = runs.filter((one) => one.falseDeaths + one.falseEvictions > 0).map((one) => one.seed)
  print(
    row(
      title,
      name,
      total((one) => one.probesFailed),
      total((one) => one.refutations),
      seconds(worst),
      total((one) => one.falseDeaths),
      total((one) => one.falseEvictions),
      bad.length === 0 ? 'none' : bad.join(' '),
    ),
  )
}

function printTroubleTable(topics: readonly string[], seed: number, runsCount: number): void {
  const seeds = Array.from({ length: runsCount }, (_, run) => seed + run)
  const range = `${seeds[0]}-${seeds.at(-1)}`
  print('', `### Loss and pauses (${LOSS_SIZE} members)`)
  const failures = ['probes failed', 'refutations', 'longest doubt', 'false deaths', 'false evictions']
  head('trouble', 'seeds', ...failures, 'seeds with either')
  if (topics.includes('loss')) {
    for (const lossRate of [0.1, 0.3]) {
      const runs = seeds.map((each) => measured('loss', LOSS_SIZE, lossRate, LOSS_MINUTES, each))
      printTroubles(`${lossRate * 100} % loss for ${LOSS_MINUTES} minutes`, range, runs)
    }
  }
  if (topics.includes('pause')) {
    const runs = seeds.map((each) => measured('pause', LOSS_SIZE, PAUSE_MS, each))
    printTroubles(`one process stands still for ${PAUSE_MS / 1000} s`, range, runs)
  }
}

function runMembership(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sizes: { type: 'string', default: '10,100,1000,5000' },
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '20' },
      topics: { type: 'string', default: 'size,loss,pause' },
    },
  })
  const topics = values.topics.split(',')
  const seed = Number(values.seed)
  if (topics.includes('size')) printSizes(values.sizes.split(',').map(Number), seed)
  if (topics.includes('loss') || topics.includes('pause')) {
    printTroubleTable(topics, seed, Number(values.runs))
  }
}

/** One line a run, or one record; of a run that failed the whole story. */
function runDataMany(args: readonly string[]): void {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string', default: '1' },
      runs: { type: 'string', default: '20' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      kinds: { type: 'string' },
      size: { type: 'string' },
      copies: { type: 'string' },
      chaos: { type: 'string', default: '20' },
      scenario: { type: 'string' },
      json: { type: 'boolean', default: false },
      brief: { type: 'boolean', default: false },
    },
  })
  const { copies, json, size } = values
  // A long run goes on where it stopped: --from.
  const first = Number(values.from ?? values.seed)
  const runsCount = Number(values.seeds ?? values.runs)
  const kinds = values.kinds?.split(',').filter(isTroubleKind)
  const startMs = performance.now()
  const runs: RunReport[] = []
  if (!json) print(HEAD)
  for (let run = 0; run < runsCount; run++) {
    const report = runData({
      seed: first + run,
      chaosMs: Number(values.chaos) * 1000,
      ...(size === undefined ? {} : { size: Number(size) }),
      ...(kinds === undefined ? {} : { kinds }),
      ...(isScenario(values.scenario) ? { scenario: values.scenario } : {}),
      ...(copies === undefined ? {} : { replicationFactor: Number(copies) }),
    })
    if (!values.brief || report.complaints.length > 0) print(json ? recordOf(report) : lineOfRun(report))
    if (!json && report.complaints.length > 0) print(story(report))
    runs.push({ ...report, history: [] })
  }
  const summary = summaryOf(runs, performance.now() - startMs)
  if (!json) print(sentenceOf(summary, first))
  print(JSON.stringify(summary))
  if (summary.failedSeeds.length > 0) process.exitCode = 1
}

const [what, ...args] = process.argv.slice(2)
if (what === 'membership') runMembership(args)
else if (what === 'data') runDataMany(args)
else if (what === 'measure') {
  const [name, ...figures] = args
  const measure = MEASURES[name as keyof typeof MEASURES] as (...args: number[]) => unknown
  print(JSON.stringify(measure(...figures.map(Number))))
} else {
  print(
    'npm run sim -- membership [--sizes 10,100,1000,5000] [--seed 1] [--runs 20] [--topics size,loss,pause]\n' +
      'npm run sim -- data [--from 1] [--seeds 20] [--size 3] [--copies 3] [--chaos 20] [--kinds split,clock]\n' +
      '                      [--scenario swizzle-clog] [--brief] [--json]',
  )
  process.exitCode = 1
}
