/*
 * Cluster-aware clients and tools at a node that stands alone: each finds a cluster of one that has every slot.
 *
 * The idea: the tools look the cluster over as they do before they trust it, then read and write through what they
 * have learned. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Cluster as Cluster6 } from 'ioredis'
import { Cluster as Cluster5 } from 'ioredis5'
import { createCluster as createCluster6 } from 'redis'
import { createCluster as createCluster5 } from 'redis5'
import { hasRealRedis, startRealCluster } from '../support/real-redis.ts'
import { attended, eventually, figure } from './attended.ts'
import { cli, run } from './redis-tool.ts'
import { LAST_OF_FIRST, type Primary, withTwoPrimaries } from './two-primaries.ts'

const KEYS = Array.from({ length: 200 }, (_, index) => `key:${index}`)

test('redis-cli --cluster check and info find nothing amiss', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await attended({}, async ({ server, witness }) => {
    await witness.call('SET', 'key', 'value')
    const there = `127.0.0.1:${server.port}`
    const check = await cli(server, ['--cluster', 'check', there])
    assert.equal(check.code, 0, check.out)
    assert.match(check.out, /\[OK\] 1 keys in 1 masters/)
    assert.match(check.out, /slots:\[0-16383\] \(16384 slots\) master/)
    assert.match(check.out, /\[OK\] All nodes agree about slots configuration/)
    assert.match(check.out, /\[OK\] All 16384 slots covered/)
    const info = await cli(server, ['--cluster', 'info', there])
    assert.equal(info.code, 0, info.out)
    assert.match(info.out, new RegExp(`^${there} \\(.*\\) -> 1 keys \\| 16384 slots \\| 0 slaves`, 'm'))
    const call = await cli(server, ['--cluster', 'call', there, 'GET', 'key'])
    assert.match(call.out, new RegExp(`${there}: value`))
  })
})

test('redis-cli --cluster does not get to place slots by hand', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await attended({}, async ({ server, witness }) => {
    assert.match((await cli(server, ['CLUSTER', 'ADDSLOTS', '1'])).out, /ring .*places slots/)
    assert.equal(
      (await cli(server, ['--cluster', 'fix', `127.0.0.1:${server.port}`])).code,
      0,
      'nothing needs fixing',
    )
    assert.equal((await witness.call('CLUSTER', 'COUNTKEYSINSLOT', '1')).value, '0')
  })
})

test('redis-cli -c reads and writes, with databases and keys of many slots', {
  timeout: 60_000,
}, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await attended({}, async ({ server }) => {
    const typed = [
      'SET a 1',
      'SET b 2',
      'MGET a b',
      'SELECT 3',
      'SET a 3',
      'DBSIZE',
      'CLUSTER KEYSLOT a',
      '',
    ].join('\n')
    assert.equal((await cli(server, ['-c'], typed)).out, 'OK\nOK\n1\n2\nOK\nOK\n1\n15495\n')
  })
})

test('redis-benchmark --cluster refuses a cluster of one, whoever that is', {
  timeout: 60_000,
}, async (context) => {
  if (!hasRealRedis()) return context.skip()
  const real = await startRealCluster()
  try {
    await attended({}, async ({ server }) => {
      for (const { port } of [real, server]) {
        const outcome = await run('redis-benchmark', port, ['--cluster', '-t', 'set', '-n', '10'])
        assert.deepEqual([outcome.code, outcome.errors.trim()], [1, 'Invalid cluster: 1 node(s).'])
      }
    })
  } finally {
    await real.kill()
  }
})

test('redis-benchmark --cluster sends each key to its primary', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await withTwoPrimaries(async (primaries) => {
    const argv = ['--cluster', '-t', 'set,get', '-n', '2000', '-r', '1000', '-P', '8', '-c', '8', '--csv']
    const outcome = await run('redis-benchmark', primaries[0]!.port, argv)
    assert.equal(outcome.code, 0, outcome.errors)
    assert.match(outcome.out, /^"SET","\d/m)
    assert.match(outcome.out, /^"GET","\d/m)
    assert.doesNotMatch(outcome.out + outcome.errors, /error|moved/i)
    assertAtHome(primaries)
  })
})

test('redis-cli --cluster check agrees with several primaries', { timeout: 60_000 }, async (context) => {
  if (!hasRealRedis()) return context.skip()
  await withTwoPrimaries(async ([first]) => {
    const check = await run('redis-cli', first!.port, ['--cluster', 'check', `127.0.0.1:${first!.port}`])
    assert.equal(check.code, 0, check.out)
    assert.match(check.out, /slots:\[0-8000\] \(8001 slots\) master/)
    assert.match(check.out, /slots:\[8001-16383\] \(8383 slots\) master/)
    assert.match(check.out, /\[OK\] All nodes agree about slots configuration/)
  })
})

/** Both nodes have keys, and each only keys of its own slots. */
function assertAtHome(primaries: readonly Primary[]): void {
  for (const [i, { node }] of primaries.entries()) {
    let [ours, strange] = [0, 0]
    for (let slot = 0; slot < 16384; slot++) {
      const count = node.space.index.countOf(slot)
      if (slot <= LAST_OF_FIRST === (i === 0)) ours += count
      else strange += count
    }
    assert.ok(ours > 0 && strange === 0, `node ${i}: ${ours} of its own, ${strange} of others`)
  }
}

interface ClusterClient {
  set(key: string, value: string): Promise<unknown>
  get(key: string): Promise<string | null>
  primaryCount(): number
  end(): void
}

interface Edition {
  readonly name: string
  open(port: number): Promise<ClusterClient>
}

function ofIoredis(name: string, make: unknown): Edition {
  const Make = make as new (
    ...options: ConstructorParameters<typeof Cluster6>
  ) => InstanceType<typeof Cluster6>
  return {
    name,
    async open(port) {
      const cluster = new Make([{ host: '127.0.0.1', port }], { scaleReads: 'all' })
      cluster.on('error', () => {})
      return {
        set: (key, value) => cluster.set(key, value),
        get: (key) => cluster.get(key),
        primaryCount: () => cluster.nodes('master').length,
        end: () => cluster.disconnect(),
      }
    },
  }
}

function ofNodeRedis(name: string, make: unknown, RESP: 2 | 3): Edition {
  const create = make as typeof createCluster6
  return {
    name,
    async open(port) {
      const rootNodes = [{ socket: { host: '127.0.0.1', port } }]
      const cluster = create({ rootNodes, RESP, useReplicas: true } as never)
      cluster.on('error', () => {})
      await cluster.connect()
      return {
        set: (key, value) => cluster.set(key, value),
        get: async (key) => (await cluster.get(key)) as string | null,
        primaryCount: () => cluster.masters.length,
        end: () => cluster.destroy(),
      }
    },
  }
}

const EDITIONS: readonly Edition[] = [
  ofIoredis('ioredis 5', Cluster5),
  ofIoredis('ioredis 6', Cluster6),
  ofNodeRedis('node-redis 5, RESP2', createCluster5, 2),
  ofNodeRedis('node-redis 6, RESP2', createCluster6, 2),
  ofNodeRedis('node-redis 6, RESP3', createCluster6, 3),
]

async function usesCluster(edition: Edition, port: number, primaryCount: number): Promise<void> {
  const client = await edition.open(port)
  try {
    await Promise.all(KEYS.map((key) => client.set(key, `of ${key}`)))
    const values = await Promise.all(KEYS.map((key) => client.get(key)))
    assert.deepEqual(
      values,
      KEYS.map((key) => `of ${key}`),
    )
    assert.equal(client.primaryCount(), primaryCount)
  } finally {
    client.end()
  }
}

test('clients in cluster mode find a cluster of one', { timeout: 60_000 }, async (context) => {
  await attended({}, async ({ server, witness }) => {
    for (const edition of EDITIONS) {
      await context.test(edition.name, { timeout: 20_000 }, async () => {
        await witness.call('FLUSHALL')
        await usesCluster(edition, server.port, 1)
      })
    }
    await eventually('all are gone', async () => (await figure(witness, 'connected_clients')) === 1)
  })
})

test('clients in cluster mode go to the primary of each key', { timeout: 60_000 }, async (context) => {
  for (const edition of EDITIONS) {
    await context.test(edition.name, { timeout: 20_000 }, async () => {
      await withTwoPrimaries(async (primaries) => {
        await usesCluster(edition, primaries[1]!.port, 2)
        assertAtHome(primaries)
      })
    })
  }
})

test('a plain client does not mind that the mode is cluster', { timeout: 60_000 }, async () => {
  await attended({}, async ({ witness }) => {
    assert.equal(await figure(witness, 'cluster_enabled'), 1)
    assert.equal((await witness.call('SELECT', '5')).value, 'OK')
    assert.equal((await witness.call('MSET', 'a', '1', 'b', '2')).value, 'OK')
    assert.equal((await witness.call('DBSIZE')).value, '2')
    assert.equal((await witness.call('SELECT', '0')).value, 'OK')
  })
})
