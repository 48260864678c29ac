/*
 * npm run bench [-- --quick] [--only set,get,memory] [--json file]: ours and redis-server in turn, in one
 * run, on this machine. Prints Markdown. With --mesh three nodes are measured instead (mesh.ts).
 *
 * The idea: a figure means something only next to redis-server's, taken in the same minute. Both are
 * up, only one is under load; the order changes every round; medians of rounds are compared.
 * Shape: door (bench only).
 */
import { cpus, totalmem } from 'node:os'
import { HUGE_PAGES } from '../../src/huge-pages.ts'
import { ChildServer } from '../support/child-server.ts'
import { nodeCommand } from '../support/our-node.ts'
import { startRealRedis } from '../support/real-redis.ts'
import { benchmark, prepare } from './load.ts'
import {
  bytesPerKey,
  idleResidentBytes,
  median,
  type Starter,
  stallWhileLoading,
  startMs,
} from './measures.ts'
import { measureMesh } from './mesh.ts'
import { Report } from './report.ts'
import { type Run, requestsOf, runsOf } from './workloads.ts'

/** Before the first round, so that neither server is measured while it warms up. */
const WARM_UP_SHARE = 0.3

interface Sample {
  readonly perSecond: number
  readonly cpuPerMillion: number
}

const words = process.argv.slice(2)
const isQuick = words.includes('--quick')
const isMesh = words.includes('--mesh')
const wordAfter = (flag: string): string | undefined =>
  words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined
const only = (wordAfter('--only') ?? '').split(',').filter((name) => name !== '')
const rounds = Number(wordAfter('--rounds') ?? 3)
const isWanted = (name: string): boolean => only.length === 0 || only.includes(name)

const startOurs: Starter = () =>
  ChildServer.start(
    'hypercache',
    process.execPath,
    (port) => [...nodeCommand(true), 'start', '--port', String(port), '--bind', '127.0.0.1'],
    { ...HUGE_PAGES, ...process.env },
  )
const startTheirs: Starter = () => startRealRedis()

function add(what: string, unit: string, ours: number, theirs: number, isRate = false): void {
  report.add({ what, unit, ours, theirs, isRate })
}

async function sample(server: ChildServer, run: Run): Promise<Sample> {
  const requests = requestsOf(run, isQuick)
  const before = server.cpuSeconds
  const perSecond = await benchmark(server, run, requests)
  return { perSecond, cpuPerMillion: ((server.cpuSeconds - before) / requests) * 1e6 }
}

async function compareThroughput(ours: ChildServer, theirs: ChildServer, run: Run): Promise<void> {
  for (const server of [ours, theirs]) {
    const socket = await server.connect()
    await socket.call('FLUSHALL')
    socket.destroy()
    await prepare(server, run)
    await benchmark(server, run, Math.ceil(requestsOf(run, isQuick) * WARM_UP_SHARE))
  }
  const samples = { ours: [] as Sample[], theirs: [] as Sample[] }
  for (let round = 0; round < rounds; round++) {
    const order = [
      { server: ours, into: samples.ours },
      { server: theirs, into: samples.theirs },
    ]
    if (round % 2 === 1) order.reverse()
    for (const { server, into } of order) into.push(await sample(server, run))
  }
  const what = `${run.workload.name.toUpperCase()} ${run.valueSize} B, pipeline ${run.pipeline}`
  const rate = (list: readonly Sample[]): number => median(list.map((one) => one.perSecond))
  const cpu = (list: readonly Sample[]): number => median(list.map((one) => one.cpuPerMillion))
  add(what, 'requests/s', rate(samples.ours), rate(samples.theirs), true)
  add(`${what}: CPU`, 's per million', cpu(samples.ours), cpu(samples.theirs))
}

async function throughput(): Promise<void> {
  const runs = runsOf(isQuick, only)
  if (runs.length === 0) return
  const [ours, theirs] = [await startOurs(), await startTheirs()]
  try {
    for (const run of runs) await compareThroughput(ours, theirs, run)
  } finally {
    await Promise.all([ours.kill(), theirs.kill()])
  }
}

/** The same measure of ours and theirs in turn, `times` times; the medians. */
async function inTurn<T>(
  times: number,
  measure: (start: Starter) => Promise<T>,
): Promise<{ ours: T[]; theirs: T[] }> {
  const found = { ours: [] as T[], theirs: [] as T[] }
  for (let round = 0; round < times; round++) {
    found.ours.push(await measure(startOurs))
    found.theirs.push(await measure(startTheirs))
  }
  return found
}

async function others(): Promise<void> {
  if (isWanted('startup')) {
    const { ours, theirs } = await inTurn(5, startMs)
    add('start to first PONG', 'ms', median(ours), median(theirs))
  }
  if (isWanted('idle')) {
    const { ours, theirs } = await inTurn(1, idleResidentBytes)
    add('idle resident memory', 'MB', ours[0]! / 1e6, theirs[0]! / 1e6)
  }
  if (isWanted('memory') && (!isQuick || only.includes('memory'))) {
    const count = isQuick ? 200_000 : 1_000_000
    const { ours, theirs } = await inTurn(1, (start) => bytesPerKey(start, count))
    const what = `${count.toLocaleString('en-US')} keys of 16+100 B`
    add(`${what}: resident`, 'bytes per key', ours[0]!.resident, theirs[0]!.resident)
    add(`${what}: used_memory`, 'bytes per key', ours[0]!.used, theirs[0]!.used)
  }
  if (isWanted('stall') && (!isQuick || only.includes('stall'))) {
    const count = isQuick ? 500_000 : 2_000_000
    const { ours, theirs } = await inTurn(isQuick ? 1 : 3, (start) => stallWhileLoading(start, count))
    const what = `PING while ${count.toLocaleString('en-US')} keys load`
    const pick = (
      name: 'longestMs' | 'p999Ms' | 'p99Ms' | 'ownLatenessMs' | 'loadSeconds',
      unit = 'ms',
    ): void => {
      const of = (list: typeof ours): number => median(list.map((one) => one[name]))
      add(`${what}: ${name}`, unit, of(ours), of(theirs))
    }
    pick('longestMs')
    pick('p999Ms')
    pick('p99Ms')
    pick('ownLatenessMs', 'ms (noise of the prober itself)')
    pick('loadSeconds', 's')
  }
}

// On the way out all servers are killed, so also on this way.
process.once('SIGTERM', () => process.exit(143))
const version = process.version
console.log(
  `${cpus().length} cores, ${Math.round(totalmem() / 1e9)} GB, Node ${version}, ${rounds} rounds, medians\n`,
)
const report = new Report(isMesh ? 'ours and targets' : 'ours and redis')
if (isMesh) await measureMesh(report, { isQuick, rounds, isWanted })
else {
  await throughput()
  await others()
}
const json = wordAfter('--json')
if (json !== undefined) report.write(json, { node: version, rounds, isQuick })
