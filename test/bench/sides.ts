/*
 * What the bench of the mesh sets side by side: our three nodes, redis-server with two replicas, and three of our nodes
 * in one process.
 *
 * The idea: a side is what a client sees of it, the processor time all its processes have taken, and a way to wait until
 * they have nothing left to do, so that what one was given to do is not done on the time of the next.
 * Shape: door (bench only).
 */
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { HUGE_PAGES } from '../../src/huge-pages.ts'
import { ChildServer, freePort } from '../support/child-server.ts'
import { MeshProcesses } from '../support/mesh-processes.ts'
import { startRealRedis } from '../support/real-redis.ts'
import { RespSocket } from '../support/resp-socket.ts'
import { slotMapOf } from './lanes.ts'
import { loadKeys } from './load.ts'

export interface Side {
  readonly name: string
  /** Where clients may knock; those of redis-server at its primary only. */
  readonly ports: readonly number[]
  readonly cpuSeconds: number
  /** All that was confirmed to clients has reached all copies. */
  quiet(): Promise<void>
  kill(): Promise<void>
}

const COPIES = 3
const DEADLINE_MS = 30_000
const LOOK_MS = 50
/** Through these every node has written to every other. */
const PROBES = 64

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Three processes, as `npm start` runs them. */
export async function startMesh(): Promise<Side> {
  process.env.HYPERCACHE_NODE = 'dist'
  const mesh = await MeshProcesses.start(COPIES, [], 0, HUGE_PAGES)
  const servers = mesh.members.map(({ server }) => server)
  const ports = servers.map(({ port }) => port)
  return {
    name: 'mesh',
    ports,
    get cpuSeconds() {
      return cpuOf(servers)
    },
    quiet: () => quietMesh(ports),
    kill: () => mesh.kill(),
  }
}

/** Nothing on disk, on either side of the replication. */
export async function startRedis(): Promise<Side> {
  const primary = await startRealRedis(['--repl-diskless-sync', 'yes', '--repl-diskless-sync-delay', '0'])
  const follow = ['--replicaof', '127.0.0.1', String(primary.port), '--repl-diskless-load', 'swapdb']
  const replicas = await Promise.all(Array.from({ length: COPIES - 1 }, () => startRealRedis(follow)))
  const servers = [primary, ...replicas]
  await until(async () => {
    const client = await primary.connect()
    const info = String((await client.call('INFO', 'replication')).value)
    client.destroy()
    return info.match(/^slave\d+:.*state=online/gm)?.length === replicas.length
  }, 'the replicas of redis-server never came')
  return {
    name: 'redis',
    ports: [primary.port],
    get cpuSeconds() {
      return cpuOf(servers)
    },
    async quiet() {
      const client = await primary.connect()
      await client.call('SET', 'quiet', 'x')
      await client.call('WAIT', String(replicas.length), '0')
      client.destroy()
    },
    async kill() {
      await Promise.all(servers.map((server) => server.kill()))
    },
  }
}

/** The same nodes in one process, joined by src/mesh/inprocess.ts; built as they are. */
export async function startInProcess(): Promise<Side> {
  const script = buildInProcess()
  const others = [await freePort(), await freePort()]
  const server = await ChildServer.start(
    'in-process mesh',
    process.execPath,
    (port) => [script, ...[port, ...others].map(String)],
    { ...process.env, ...HUGE_PAGES },
  )
  const ports = [server.port, ...others]
  await until(async () => {
    const maps = await Promise.all(ports.map(slotMapOf))
    return maps.every((map) => new Set(map).size === ports.length)
  }, 'the nodes in one process never became one mesh')
  await quietMesh(ports)
  return {
    name: 'in-process mesh',
    ports,
    get cpuSeconds() {
      return server.cpuSeconds
    },
    quiet: () => quietMesh(ports),
    kill: () => server.kill(),
  }
}

function buildInProcess(): string {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  const outfile = `${root}node_modules/.cache/bench/in-process-mesh.js`
  const require = "import{createRequire as bundled}from'node:module';const require=bundled(import.meta.url);"
  buildSync({
    entryPoints: [`${root}test/bench/in-process-mesh.ts`],
    outfile,
    bundle: true,
    minifyWhitespace: true,
    minifySyntax: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['msgpackr-extract'],
    banner: { js: require },
    logLevel: 'warning',
  })
  return outfile
}

function cpuOf(servers: readonly ChildServer[]): number {
  return servers.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0)
}

/** Writes that every owner confirms come after all that was written before. */
async function quietMesh(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const client = await RespSocket.connect(port)
    await client.call('MESH', 'CONSISTENCY', 'WRITE', 'ALL')
    await until(async () => {
      for (let i = 0; i < PROBES; i++) client.command('SET', `quiet:${i}`, 'x')
      const refusal = (await client.take(PROBES)).find(({ type }) => type !== 'status')
      if (refusal !== undefined) throw new Error(String(refusal.value))
      return true
    }, `the mesh never confirms all writes at port ${port}:`)
    client.destroy()
  }
}

/** A throw is a no, until it is too late. */
async function until(claim: () => Promise<boolean>, complaint: string): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS
  for (let reason = ''; ; await pause(LOOK_MS)) {
    try {
      if (await claim()) return
    } catch (error) {
      reason = String(error)
    }
    if (performance.now() > deadlineMs) throw new Error(`${complaint} ${reason}`)
  }
}

/** Puts the keys there that the runs draw from. */
export async function fill({ ports }: Side, count: number, prefixes: readonly string[]): Promise<void> {
  for (const prefix of prefixes) await loadKeys(ports[0]!, count, 3, prefix)
}
