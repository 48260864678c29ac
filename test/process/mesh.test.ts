/*
 * Three nodes as a user meets them: any node answers for all, tools and clients work as with Redis, strangers do no harm,
 * and one command starts and ends them all.
 *
 * The idea: everything is seen from outside, through clients, exit codes and what is printed; nodes that die are in
 * mesh-failures.test.ts. Shape: test.
 */
import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import net from 'node:net'
import test from 'node:test'
import { Cluster } from 'ioredis'
import { createCluster } from 'redis'
import { freePorts } from '../support/child-server.ts'
import { knownNodes, type MeshProcesses, until, withMesh } from '../support/mesh-processes.ts'
import { startBrokeredSubject } from '../support/mesh-subject.ts'
import { Prng } from '../support/prng.ts'
import { hasRealRedis } from '../support/real-redis.ts'
import { type Reply, show } from '../support/reply.ts'
import { eventually } from './attended.ts'
import { Launched } from './launched.ts'
import { run } from './redis-tool.ts'

const KEYS = Array.from({ length: 100 }, (_, i) => `key:${i}`)
const DATAGRAM_BYTES_MAX = 1400

async function anyNodeAnswers(mesh: MeshProcesses, prefix: string): Promise<void> {
  const clients = await Promise.all(mesh.members.map((member) => member.connect()))
  for (const [i, key] of KEYS.entries()) {
    const [one, other, third] = [clients[i % 3]!, clients[(i + 1) % 3]!, clients[(i + 2) % 3]!]
    assert.equal(show(await one.call('SET', key, `of ${i}`)), '+OK')
    assert.equal(show(await other.call('GET', key)), `"of ${i}"`)
    for (const [by, client] of clients.entries()) {
      assert.equal(show(await client.call('INCR', `${prefix}:${i}`)), `:${by + 1}`)
    }
    assert.equal(show(await third.call('DEL', key)), ':1')
    assert.equal(show(await one.call('GET', key)), '(nil)')
    assert.equal(show(await other.call('EXISTS', key)), ':0')
  }
  for (const client of clients) client.destroy()
}

async function levelsCanBeChosen(mesh: MeshProcesses): Promise<void> {
  const client = await mesh.at(0).connect()
  for (const level of ['one', 'quorum', 'all']) {
    const chosen = await client.call('MESH', 'CONSISTENCY', 'WRITE', level, 'READ', level)
    assert.equal(show(chosen), '+OK')
    for (const key of KEYS.slice(0, 20)) {
      assert.equal(show(await client.call('SET', key, level)), '+OK')
      assert.equal(show(await client.call('GET', key)), `"${level}"`)
      assert.equal(show(await client.call('GET', `none:${key}`)), '(nil)')
    }
  }
  client.destroy()
}

async function toolsFindThreePrimaries(mesh: MeshProcesses): Promise<void> {
  const { port } = mesh.at(1)
  const there = `127.0.0.1:${port}`
  await eventually('check is content', async () => {
    const { code, out } = await run('redis-cli', port, ['--cluster', 'check', there])
    return code === 0 && /in 3 masters/.test(out) && /\[OK\] All 16384 slots covered/.test(out)
  })
  const info = await run('redis-cli', port, ['--cluster', 'info', there])
  assert.equal(info.code, 0, info.out)
  for (const member of mesh.members)
    assert.match(info.out, new RegExp(`^127\\.0\\.0\\.1:${member.port} `, 'm'))
  const typed = 'SET a 1\nSET b 2\nGET a\nGET b\n'
  assert.equal((await run('redis-cli', port, ['-c'], typed)).out, 'OK\nOK\n1\n2\n')
}

async function benchmarkUsesAllNodes(mesh: MeshProcesses): Promise<void> {
  const argv = ['--cluster', '-t', 'set,get,incr', '-n', '6000', '-r', '1000', '-P', '8', '-c', '12', '--csv']
  const outcome = await run('redis-benchmark', mesh.at(2).port, argv)
  assert.equal(outcome.code, 0, outcome.errors)
  for (const name of ['SET', 'GET', 'INCR']) assert.match(outcome.out, new RegExp(`^"${name}","\\d`, 'm'))
  assert.doesNotMatch(outcome.out + outcome.errors, /error|moved/i)
}

async function ioredisClusterWorks(mesh: MeshProcesses): Promise<void> {
  const cluster = new Cluster([{ host: '127.0.0.1', port: mesh.at(0).port }])
  cluster.on('error', () => {})
  try {
    await Promise.all(KEYS.map((key) => cluster.set(key, `of ${key}`)))
    const values = await Promise.all(KEYS.map((key) => cluster.get(key)))
    assert.deepEqual(
      values,
      KEYS.map((key) => `of ${key}`),
    )
    assert.equal(cluster.nodes('master').length, 3)
    const results = await cluster.multi().set('{t}a', '1').incr('{t}a').exec()
    assert.deepEqual(results?.at(-1), [null, 2])
  } finally {
    cluster.disconnect()
  }
}

async function nodeRedisClusterWorks(mesh: MeshProcesses): Promise<void> {
  const rootNodes = [{ socket: { host: '127.0.0.1', port: mesh.at(0).port } }]
  const cluster = createCluster({ rootNodes, RESP: 3 })
  cluster.on('error', () => {})
  await cluster.connect()
  try {
    await Promise.all(KEYS.map((key) => cluster.set(key, `at ${key}`)))
    const values = await Promise.all(KEYS.map((key) => cluster.get(key)))
    assert.deepEqual(
      values,
      KEYS.map((key) => `at ${key}`),
    )
    assert.equal(cluster.masters.length, 3)
  } finally {
    cluster.destroy()
  }
}

/** Random bytes, alone and behind a length that a frame may have, to UDP and TCP of the bus. */
async function junkAtTheBusHarmsNothing(mesh: MeshProcesses): Promise<void> {
  const { busPort } = mesh.at(0)
  const prng = new Prng(4)
  const bytes = (count: number): Buffer => Buffer.from(Array.from({ length: count }, () => prng.below(256)))
  const socket = dgram.createSocket('udp4')
  for (let i = 0; i < 300; i++) {
    const datagram = bytes(prng.below(DATAGRAM_BYTES_MAX))
    await new Promise((resolve) => socket.send(datagram, busPort, '127.0.0.1', resolve))
  }
  socket.close()
  const framed = (count: number): Buffer => Buffer.concat([Buffer.from([0, 0, 0, count]), bytes(count)])
  const tries = [
    bytes(1000),
    framed(200),
    Buffer.alloc(5000),
    Buffer.from('GET / HTTP/1.1\r\n\r\n'),
    framed(1),
  ]
  await Promise.all(tries.map((junk) => hangsUp(busPort, Buffer.concat([junk, Buffer.alloc(70_000, 0xff)]))))
  await mesh.formed(3)
  await anyNodeAnswers(mesh, 'afterwards')
}

/** Sends the bytes and waits until the other side has had enough. */
function hangsUp(port: number, bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.on('data', () => {})
    socket.on('error', () => {})
    socket.on('close', () => resolve())
  })
}

test('three nodes that know one seed answer for each other', { timeout: 60_000 }, async (context) => {
  await withMesh(3, [], async (mesh) => {
    await context.test('SET, GET, INCR and DEL at any node', () => anyNodeAnswers(mesh, 'n'))
    await context.test('a connection chooses its levels', () => levelsCanBeChosen(mesh))
    if (hasRealRedis()) {
      await context.test('redis-cli --cluster check, info and -c', () => toolsFindThreePrimaries(mesh))
      await context.test('redis-benchmark --cluster', () => benchmarkUsesAllNodes(mesh))
    }
    await context.test('ioredis in cluster mode', () => ioredisClusterWorks(mesh))
    await context.test('node-redis in cluster mode', () => nodeRedisClusterWorks(mesh))
    await context.test('junk at the bus port harms nothing', () => junkAtTheBusHarmsNothing(mesh))
  })
})

test('nodes that own nothing, and nodes that hold the only copy, answer for each other', {
  timeout: 90_000,
}, async () => {
  const broker = await startBrokeredSubject()
  await broker.kill()
  await withMesh(3, ['--replication-factor', '1'], (mesh) => anyNodeAnswers(mesh, 'only'))
})

const SECRET = 'the right one'

test('nodes with one secret form a mesh; a node with another, or none, stays outside', {
  timeout: 60_000,
}, async () => {
  await withMesh(2, ['--mesh-secret', SECRET], async (mesh) => {
    for (const flags of [['--mesh-secret', 'a wrong one'], []]) {
      const stranger = new Launched(['start', ...(await outsider(mesh, flags))], { HYPERCACHE_MESH: 'yes' })
      await eventually('somebody says why', () => {
        return /secret/.test(stranger.stdout + mesh.members.map(({ server }) => server.output).join(''))
      })
      await until(mesh.at(0), ['CLUSTER', 'INFO'], ({ value }) => knownNodes(String(value)) === 2)
      await stranger.kill()
    }
    const client = await mesh.at(1).connect()
    assert.equal(show(await client.call('SET', 'k', 'v')), '+OK')
    for (const { server } of mesh.members) assert.doesNotMatch(server.output, new RegExp(SECRET))
  })
})

async function outsider(mesh: MeshProcesses, flags: readonly string[]): Promise<string[]> {
  const port = await freePorts(1)
  return ['--port', String(port), '--bind', '127.0.0.1', '--seeds', mesh.at(0).bus, ...flags]
}

test('a bus port in use is an error that says so, and exit code 1', { timeout: 30_000 }, async () => {
  const taken = net.createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => taken.once('listening', resolve))
  const bus = String((taken.address() as net.AddressInfo).port)
  const port = String(await freePorts(1))
  const argv = ['start', '--port', port, '--bind', '127.0.0.1', '--mesh', 'yes', '--bus-port', bus]
  const launched = new Launched(argv)
  assert.equal(await launched.exited, 1)
  assert.match(launched.stderr, new RegExp(`port in use: .*${bus}.*--bus-port`))
  taken.close()
})

function clusterInfoSays(nodes: number): (reply: Reply) => boolean {
  return ({ value }) => /cluster_state:ok/.test(String(value)) && knownNodes(String(value)) === nodes
}

/** What a node said when it began to listen. */
function pidOf(launched: Launched, name: string): number {
  const lines = launched.stdout.split('\n').filter((line) => line.startsWith(`[${name}] `))
  const pids = lines.map((line) => /"pid":(\d+)/.exec(line)?.[1]).filter((pid) => pid !== undefined)
  return Number(pids.at(-1))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('hypercache mesh runs three nodes, starts one again that was killed, and ends all on SIGTERM', {
  timeout: 60_000,
}, async () => {
  const port = await freePorts(3)
  const launched = new Launched(['mesh', '--port', String(port), '--bind', '127.0.0.1', '--maxmemory=50mb'])
  try {
    await eventually('it is ready', () => /the mesh is ready: 3 nodes on ports/.test(launched.stdout), 20_000)
    const clients = await Promise.all([0, 1, 2].map((i) => launched.connect(port + i)))
    assert.equal(show(await clients[0]!.call('SET', 'k', 'v')), '+OK')
    assert.equal(show(await clients[1]!.call('GET', 'k')), '"v"')
    assert.match(
      show(await clients[2]!.call('CONFIG', 'GET', 'maxmemory')),
      /52428800/,
      'flags are handed on',
    )
    const killed = pidOf(launched, 'node-2')
    process.kill(killed, 'SIGKILL')
    await eventually('it is back', () => pidOf(launched, 'node-2') !== killed, 20_000)
    assert.match(launched.stderr, /node-2 ended unexpectedly \(SIGKILL\)/)
    const back = await launched.connect(port + 1)
    await eventually('all are together', async () => {
      return clusterInfoSays(3)(await back.call('CLUSTER', 'INFO'))
    })
    assert.equal(show(await clients[2]!.call('GET', 'k')), '"v"')
    const pids = ['node-1', 'node-2', 'node-3'].map((name) => pidOf(launched, name))
    launched.signal('SIGTERM')
    assert.equal(await launched.exited, 0, launched.stderr)
    assert.deepEqual(pids.filter(isAlive), [])
  } finally {
    launched.signal('SIGTERM')
    await launched.exited
  }
})

test('hypercache mesh ends its nodes with it, however it ends itself', { timeout: 60_000 }, async () => {
  const port = await freePorts(2)
  const argv = ['mesh', '--nodes', '2', '--port', String(port), '--bind', '127.0.0.1']
  const launched = new Launched(argv)
  await eventually('both have started', () => [1, 2].every((i) => pidOf(launched, `node-${i}`) > 0), 20_000)
  const pids = [1, 2].map((i) => pidOf(launched, `node-${i}`))
  launched.signal('SIGKILL')
  await eventually('both are gone', () => !pids.some(isAlive), 20_000)
})

test('hypercache mesh says what it cannot do', { timeout: 60_000 }, async () => {
  const taken = net.createServer()
  const port = await freePorts(3)
  await new Promise<void>((resolve) => taken.listen(port + 1, '127.0.0.1', resolve))
  const rows: [argv: string[], code: number, says: RegExp][] = [
    [
      ['--port', String(port), '--bind', '127.0.0.1'],
      1,
      /\[node-2\] .*port in use: .*node-2 could not start/s,
    ],
    [['--nodes', '0'], 2, /--nodes: argument must be a number from 1 to 64/],
    [['--nodes', 'three'], 2, /--nodes/],
    [['--port', '65535'], 2, /--port: 65535 to 65537/],
    [['--bus-port', '6380'], 2, /same ports/],
    [['--replication-factor', 'many'], 2, /replication-factor/],
  ]
  for (const [argv, code, says] of rows) {
    const launched = new Launched(['mesh', ...argv])
    assert.equal(await launched.exited, code, argv.join(' '))
    assert.match(launched.stderr, says)
  }
  taken.close()
  const help = new Launched(['mesh', '--help'])
  assert.equal(await help.exited, 0)
  assert.match(help.stdout, /Usage: hypercache mesh[\s\S]*--nodes[\s\S]*--seeds/)
})
