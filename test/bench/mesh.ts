/*
 * npm run bench -- --mesh [--quick] [--only set,wait,get,latency] [--rounds 3] [--json file]: three of our nodes (three
 * copies, quorum writes) and redis-server with two replicas, in turn, in one run.
 *
 * The idea: each comparison uses one client program for both, with the same words, as many connections and as many keys.
 * With two cores and four processes the processor is what everybody waits for, so its time is a row of its own. What
 * the targets are is written here and nowhere else. Shape: door (bench only).
 */
import type { Reply } from '../support/reply.ts'
import { RespSocket } from '../support/resp-socket.ts'
import { percentile, runLanes } from './closed-loop.ts'
import { type Contestant, contest, type Figures } from './contest.ts'
import { type Asking, lanesOf, type Manner, type SlotMap, slotMapOf } from './lanes.ts'
import { CONNECTIONS, KEY_SPACE, redisBenchmark } from './load.ts'
import type { Report, Row } from './report.ts'
import { fill, type Side, startInProcess, startMesh, startRedis } from './sides.ts'

export interface MeshBenchOptions {
  readonly isQuick: boolean
  readonly rounds: number
  readonly isWanted: (name: string) => boolean
}

const NODES = 3
/** Sent word by word by redis-benchmark, which knows what to put in place of {tag} when it is aware of the cluster. */
const TAGGED = 'key:{tag}:'
/** Of each of the three slots. */
const TAGGED_KEYS = Math.floor(KEY_SPACE / NODES)
const TAGGED_KEY = `${TAGGED}__rand_int__`
const TAGGED_COMMANDS = { SET: ['SET', TAGGED_KEY, 'xxx'], GET: ['GET', TAGGED_KEY] }
/** A lane to each node: what the nodes take is seen, not how long the lines before them are. */
const LATENCY_CONNECTIONS = NODES
const QUICK_SHARE = 0.25
const ASYNC = 'SET of redis-server, unconfirmed'
const UNCONFIRMED: Readonly<Record<number, number | undefined>> = { 16: 1, 64: 1 }
const CONFIRMED: Readonly<Record<number, number>> = { 1: 1.2, 16: 3 }
const PLAIN_SHARE = 0.6
const GET_SHARE = 0.9
const CPU_SHARE = 1.1
const IN_PROCESS_SET_SHARE = 3
const IN_PROCESS_GET_SHARE = 2
const DIRECT_SHARE = 0.85

/** For runs of one or two seconds. */
const SET_REQUESTS: Readonly<Record<number, number>> = { 1: 60_000, 16: 500_000, 64: 700_000 }
const GET_REQUESTS: Readonly<Record<number, number>> = { 1: 80_000, 16: 800_000 }
const WAIT_REQUESTS: Readonly<Record<number, number>> = { 1: 40_000, 16: 80_000 }
const LATENCY_REQUESTS = 10_000

export async function measureMesh(report: Report, options: MeshBenchOptions): Promise<void> {
  const [mesh, redis] = [await startMesh(), await startRedis()]
  try {
    const bench = new MeshBench(report, options, mesh, redis, await slotMapOf(mesh.ports[0]!))
    await bench.prepare()
    if (options.isWanted('set')) await bench.sets()
    if (options.isWanted('wait')) await bench.confirmedSets()
    if (options.isWanted('get')) await bench.gets()
    if (options.isWanted('latency')) await bench.latencies()
  } finally {
    await Promise.all([mesh.kill(), redis.kill()])
  }
}

class MeshBench {
  readonly #report: Report
  readonly #options: MeshBenchOptions
  readonly #mesh: Side
  readonly #redis: Side
  readonly #map: SlotMap

  constructor(report: Report, options: MeshBenchOptions, mesh: Side, redis: Side, map: SlotMap) {
    this.#report = report
    this.#options = options
    this.#mesh = mesh
    this.#redis = redis
    this.#map = map
  }

  /** As many keys on both sides: those without a tag, and as many with the tags that redis-benchmark chooses. */
  async prepare(): Promise<void> {
    await this.#aware('SET', 16).run(10_000)
    const tagged = await tagsChosen(this.#mesh.ports[0]!)
    if (tagged.length !== NODES) throw new Error(`redis-benchmark --cluster chose ${tagged.join()}`)
    await fill(this.#mesh, TAGGED_KEYS, tagged)
    await fill(this.#mesh, KEY_SPACE, ['key:'])
    await fill(this.#redis, KEY_SPACE, ['key:', TAGGED])
  }

  async sets(): Promise<void> {
    for (const pipeline of [1, 16, 64]) {
      const what = `SET 3 B, pipeline ${pipeline}`
      const contestants = [this.#aware('SET', pipeline), this.#plainRedis('SET', pipeline)]
      if (pipeline === 16) contestants.push(this.#oneNode('SET', pipeline))
      const [ours, theirs, plain] = await this.#contest(contestants, SET_REQUESTS[pipeline]!)
      this.#rate(what, ours!, theirs!, ASYNC, UNCONFIRMED[pipeline])
      this.#cpu(what, ours!, theirs!, ASYNC, pipeline === 16 ? CPU_SHARE : undefined)
      if (plain !== undefined) this.#plain(what, plain, ours!, theirs!)
    }
  }

  async confirmedSets(): Promise<void> {
    for (const pipeline of [1, 16]) {
      const what = `SET 3 B, pipeline ${pipeline}, confirmed`
      const asking = { command: 'SET', connections: CONNECTIONS, pipeline } as const
      const ours = this.#lanes(this.#mesh, { ...asking, manner: 'direct' })
      const each = this.#lanes(this.#redis, { ...asking, manner: 'any', waitEvery: 1 })
      const last = this.#lanes(this.#redis, { ...asking, manner: 'any', waitEvery: pipeline })
      const contestants = pipeline === 1 ? [ours, each] : [ours, each, last]
      const [a, b, c] = await this.#contest(contestants, WAIT_REQUESTS[pipeline]!)
      this.#rate(what, a!, b!, 'SET, WAIT 1 of redis-server', CONFIRMED[pipeline])
      this.#cpu(what, a!, b!, 'SET, WAIT 1 of redis-server')
      if (c !== undefined) this.#rate(what, a!, c, `${pipeline} SETs, one WAIT 1 of redis-server`)
    }
  }

  async gets(): Promise<void> {
    for (const pipeline of [1, 16]) {
      const what = `GET 3 B, pipeline ${pipeline}`
      const contestants = [this.#aware('GET', pipeline), this.#plainRedis('GET', pipeline)]
      if (pipeline === 16) contestants.push(this.#oneNode('GET', pipeline))
      const [ours, theirs, plain] = await this.#contest(contestants, GET_REQUESTS[pipeline]!)
      this.#rate(what, ours!, theirs!, 'GET of redis-server', GET_SHARE)
      this.#cpu(what, ours!, theirs!, 'GET of redis-server')
      if (plain !== undefined) this.#plain(what, plain, ours!, theirs!)
    }
  }

  async latencies(): Promise<void> {
    const inProcess = await startInProcess()
    try {
      await fill(inProcess, KEY_SPACE, ['key:'])
      const map = await slotMapOf(inProcess.ports[0]!)
      for (const command of ['SET', 'GET'] as const) {
        const ours = this.#one(this.#mesh, command, 'direct')
        const theirs = this.#one(inProcess, command, 'direct', map)
        const [a, b] = await this.#contest([ours, theirs], LATENCY_REQUESTS)
        const what = `${command} at QUORUM, one request per node on its way`
        const target = command === 'SET' ? IN_PROCESS_SET_SHARE : IN_PROCESS_GET_SHARE
        this.#latency(what, 'p50', a!, b!, 'the same nodes in one process')
        this.#latency(what, 'p95', a!, b!, 'the same nodes in one process', target)
      }
    } finally {
      await inProcess.kill()
    }
    for (const command of ['SET', 'GET'] as const) {
      const contestants = (['direct', 'proxied'] as const).map((manner) => {
        return this.#lanes(this.#mesh, {
          command,
          connections: LATENCY_CONNECTIONS,
          pipeline: 1,
          manner,
        })
      })
      const [direct, proxied] = await this.#contest(contestants, LATENCY_REQUESTS)
      const what = `${command} asked of the node that acts for its key`
      this.#latency(what, 'p50', direct!, proxied!, 'asked of another node', DIRECT_SHARE)
      this.#latency(what, 'p95', direct!, proxied!, 'asked of another node', DIRECT_SHARE)
    }
  }

  #contest(contestants: readonly Contestant[], requests: number): Promise<Figures[]> {
    const { isQuick, rounds } = this.#options
    return contest(contestants, Math.ceil(requests * (isQuick ? QUICK_SHARE : 1)), rounds)
  }

  // Who takes part

  /** redis-benchmark, aware of the cluster: it draws from a slot of each node. */
  #aware(command: 'SET' | 'GET', pipeline: number): Contestant {
    const flags = { P: pipeline, r: TAGGED_KEYS }
    return redisBenchmarkOf(this.#mesh, flags, ['--cluster', ...TAGGED_COMMANDS[command]])
  }

  #plainRedis(command: 'SET' | 'GET', pipeline: number): Contestant {
    return redisBenchmarkOf(this.#redis, { P: pipeline, r: KEY_SPACE }, TAGGED_COMMANDS[command])
  }

  /** redis-benchmark as it asks any server: two thirds of the keys are acted for elsewhere. */
  #oneNode(command: 'SET' | 'GET', pipeline: number): Contestant {
    const flags = { P: pipeline, r: KEY_SPACE }
    return redisBenchmarkOf(this.#mesh, flags, ['-t', command.toLowerCase()])
  }

  /** Levels are QUORUM for both. */
  #one(side: Side, command: 'SET' | 'GET', manner: Manner, map = this.#map): Contestant {
    const greeting = ['MESH', 'CONSISTENCY', 'READ', 'QUORUM', 'WRITE', 'QUORUM']
    const asking = { command, connections: LATENCY_CONNECTIONS, pipeline: 1, manner, greeting }
    return this.#lanes(side, asking, map)
  }

  #lanes(side: Side, asking: Asking, map = this.#map): Contestant {
    const lanes = lanesOf(side.ports, map, asking)
    return {
      side,
      async run(requests) {
        const { seconds, waitsMs } = await runLanes(lanes, Math.ceil(requests / asking.pipeline))
        return {
          perSecond: requests / seconds,
          p50: percentile(waitsMs, 0.5),
          p95: percentile(waitsMs, 0.95),
        }
      },
    }
  }

  // What is reported

  #rate(what: string, a: Figures, b: Figures, against: string, target?: number): void {
    this.#add({
      ...{ what, against, target, unit: 'requests/s', isRate: true },
      ...{ ours: a.perSecond!, theirs: b.perSecond! },
    })
  }

  #cpu(what: string, a: Figures, b: Figures, against: string, target?: number): void {
    this.#add({
      ...{ what: `${what}: CPU of all three`, against, target, unit: 's per million', isRate: false },
      ...{ ours: a.cpuPerMillion!, theirs: b.cpuPerMillion! },
    })
  }

  #plain(what: string, plain: Figures, aware: Figures, redis: Figures): void {
    this.#rate(`${what}, plain client`, plain, aware, 'our cluster-aware client', PLAIN_SHARE)
    this.#rate(`${what}, plain client`, plain, redis, 'redis-server')
    this.#cpu(`${what}, plain client`, plain, redis, 'redis-server')
  }

  #latency(
    what: string,
    which: 'p50' | 'p95',
    a: Figures,
    b: Figures,
    against: string,
    target?: number,
  ): void {
    this.#add({
      ...{ what: `${what}: ${which}`, against, target, unit: 'ms', isRate: false },
      ...{ ours: a[which]!, theirs: b[which]! },
    })
  }

  #add(row: Row): void {
    this.#report.add(row)
  }
}

/** One thread: with more of them the client would take the cores from the servers. */
function redisBenchmarkOf(
  side: Side,
  flags: Readonly<Record<string, number>>,
  what: readonly string[],
): Contestant {
  return {
    side,
    async run(requests) {
      const words = ['--threads', '1', ...what]
      return { perSecond: await redisBenchmark(side.ports[0]!, requests, flags, words) }
    },
  }
}

/** What keys begin with that redis-benchmark writes when it is aware of the cluster. */
async function tagsChosen(port: number): Promise<string[]> {
  const client = await RespSocket.connect(port)
  const { value } = await client.call('KEYS', `${TAGGED.replace('tag', '???')}*`)
  client.destroy()
  const keys = (value as readonly Reply[]).map((key) => String(key.value))
  return [...new Set(keys.map((key) => key.slice(0, TAGGED.length)))]
}
