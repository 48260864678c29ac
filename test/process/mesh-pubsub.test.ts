/*
 * Publish and subscribe over three nodes, as clients meet it: who listens where, and who publishes where, makes no difference.
 *
 * The idea: subscribers count what they get; that nothing came twice is known once a later message is there. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Cluster, Redis } from 'ioredis'
import { createClient, createCluster } from 'redis'
import { figuresOf, type MeshProcesses, until, withMesh } from '../support/mesh-processes.ts'
import { hasRealRedis } from '../support/real-redis.ts'
import { type Reply, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { eventually } from './attended.ts'
import { preferCurrentBuild } from './current-build.ts'
import { run } from './redis-tool.ts'

preferCurrentBuild()

const HOST = '127.0.0.1'
const MESSAGES = 300
const SHARD_CHANNELS = Array.from({ length: 9 }, (_, i) => `shard:${i}`)

function connectAll(mesh: MeshProcesses): Promise<RespSocket[]> {
  return Promise.all(mesh.members.map((member) => member.connect()))
}

function wordsOf(reply: Reply): string[] {
  return (reply.value as readonly Reply[]).map(({ value }) => String(value))
}

async function everyListenerHearsEveryPublisher(mesh: MeshProcesses): Promise<void> {
  const listeners = await connectAll(mesh)
  const publishers = await connectAll(mesh)
  for (const listener of listeners) {
    await listener.call('SUBSCRIBE', 'news:0', 'news:1', 'news:2')
    await listener.take(2)
    await listener.call('PSUBSCRIBE', 'news:*')
  }
  for (const [by, publisher] of publishers.entries()) {
    for (let i = 0; i < MESSAGES; i++) publisher.command('PUBLISH', `news:${by}`, String(i))
  }
  for (const publisher of publishers) {
    const counts = new Set((await publisher.take(MESSAGES)).map((reply) => show(reply)))
    assert.deepEqual([...counts], [':2'], 'the listeners of the node, as Redis Cluster counts')
  }
  const expected = Array.from({ length: MESSAGES }, (_, i) => String(i))
  for (const listener of listeners) {
    const heard = (await listener.take(2 * publishers.length * MESSAGES)).map(wordsOf)
    for (const by of publishers.keys()) {
      for (const kind of ['message', 'pmessage']) {
        const words = heard.filter((one) => one[0] === kind && one.at(-2) === `news:${by}`)
        assert.equal(
          words.map((one) => one.at(-1)).join(' '),
          expected.join(' '),
          `${kind} of ${by}: all, in order`,
        )
      }
    }
  }
  await publishers[0]!.call('PUBLISH', 'news:0', 'last')
  for (const listener of listeners) {
    const next = (await listener.take(2)).map((reply) => wordsOf(reply).at(-1))
    assert.deepEqual(next, ['last', 'last'], 'none came twice')
  }
  for (const client of [...listeners, ...publishers]) client.destroy()
}

async function shardChannelsWorkFromAnyNode(mesh: MeshProcesses): Promise<void> {
  const listeners = await connectAll(mesh)
  const publishers = await connectAll(mesh)
  for (const listener of listeners) {
    listener.command('SSUBSCRIBE', ...SHARD_CHANNELS)
    const acknowledged = (await listener.take(SHARD_CHANNELS.length)).map((reply) => wordsOf(reply)[0])
    assert.deepEqual(new Set(acknowledged), new Set(['ssubscribe']))
  }
  for (const [by, publisher] of publishers.entries()) {
    for (const channel of SHARD_CHANNELS) {
      assert.equal(
        show(await publisher.call('SPUBLISH', channel, `by ${by}`)),
        ':3',
        'all, wherever they are',
      )
    }
    assert.equal(show(await publisher.call('PUBLISH', SHARD_CHANNELS[0]!, 'plain')), ':0')
  }
  for (const listener of listeners) {
    const heard = (await listener.take(SHARD_CHANNELS.length * 3)).map(wordsOf)
    for (const channel of SHARD_CHANNELS) {
      assert.deepEqual(
        heard.filter((one) => one[1] === channel).map((one) => `${one[0]} ${one[2]}`),
        ['smessage by 0', 'smessage by 1', 'smessage by 2'],
      )
    }
    const looking = publishers[listeners.indexOf(listener)]!
    assert.equal(wordsOf(await looking.call('PUBSUB', 'SHARDCHANNELS')).length, SHARD_CHANNELS.length)
    assert.equal(show(await looking.call('PUBSUB', 'SHARDNUMSUB', 'shard:0')), '["shard:0", :1]')
    listener.destroy()
  }
  await eventually('nobody listens any more', async () => {
    return show(await publishers[0]!.call('SPUBLISH', 'shard:0', 'lost')) === ':0'
  })
  for (const client of publishers) client.destroy()
}

async function ioredisHears(mesh: MeshProcesses): Promise<void> {
  const plain = mesh.members.map(({ port }) => new Redis({ host: HOST, port, protocol: 2 }))
  const cluster = new Cluster([{ host: HOST, port: mesh.at(0).port }], { shardedSubscribers: true })
  cluster.on('error', () => {})
  const heard: string[] = []
  try {
    plain[1]!.on('message', (channel, message) => heard.push(`plain ${channel} ${message}`))
    plain[1]!.on('pmessage', (_pattern, channel, message) => heard.push(`pattern ${channel} ${message}`))
    cluster.on('message', (channel, message) => heard.push(`cluster ${channel} ${message}`))
    cluster.on('smessage', (channel, message) => heard.push(`shard ${channel} ${message}`))
    await plain[1]!.subscribe('io')
    await plain[1]!.psubscribe('i?')
    await cluster.subscribe('io')
    await cluster.ssubscribe('io:a')
    await cluster.ssubscribe('io:b')
    await plain[2]!.publish('io', '1')
    await cluster.publish('io', '2')
    assert.equal(await cluster.spublish('io:a', '3'), 1)
    assert.equal(await plain[0]!.spublish('io:b', '4'), 1)
    await eventually('all is heard', () => heard.length >= 8)
    const expected = ['plain', 'pattern', 'cluster'].flatMap((who) => [`${who} io 1`, `${who} io 2`])
    assert.deepEqual(heard.sort(), [...expected, 'shard io:a 3', 'shard io:b 4'].sort())
  } finally {
    for (const client of [...plain, cluster]) client.disconnect()
  }
}

async function nodeRedisHears(mesh: MeshProcesses): Promise<void> {
  const rootNodes = [{ socket: { host: HOST, port: mesh.at(0).port } }]
  const cluster = createCluster({ rootNodes })
  const listener = createClient({ socket: { host: HOST, port: mesh.at(1).port } })
  const publisher = createClient({ socket: { host: HOST, port: mesh.at(2).port } })
  const clients = [cluster, listener, publisher]
  for (const client of clients) client.on('error', () => {})
  await Promise.all(clients.map((client) => client.connect()))
  const heard: string[] = []
  try {
    await listener.subscribe('node', (message, channel) => heard.push(`plain ${channel} ${message}`))
    await listener.pSubscribe('no*', (message, channel) => heard.push(`pattern ${channel} ${message}`))
    await listener.sSubscribe('node:a', (message) => heard.push(`plain shard a ${message}`))
    await cluster.subscribe('node', (message, channel) => heard.push(`cluster ${channel} ${message}`))
    for (const name of ['a', 'b', 'c']) {
      await cluster.sSubscribe(`node:${name}`, (message) => heard.push(`shard ${name} ${message}`))
    }
    await publisher.publish('node', '1')
    await cluster.publish('node', '2')
    const counts = []
    for (const name of ['a', 'b', 'c']) counts.push(await cluster.sPublish(`node:${name}`, '3'))
    assert.deepEqual(counts, [2, 1, 1])
    assert.equal(await publisher.sPublish('node:a', '4'), 2)
    await eventually('all is heard', () => heard.length >= 12)
    const expected = ['plain', 'pattern', 'cluster'].flatMap((who) => [`${who} node 1`, `${who} node 2`])
    const shards = ['a 3', 'b 3', 'c 3', 'a 4'].map((what) => `shard ${what}`)
    const own = ['plain shard a 3', 'plain shard a 4']
    assert.deepEqual(heard.sort(), [...expected, ...shards, ...own].sort())
  } finally {
    for (const client of clients) client.destroy()
  }
}

async function redisCliHears(mesh: MeshProcesses): Promise<void> {
  const publisher = await mesh.at(0).connect()
  const rows: [argv: string[], publish: string][] = [
    [['SUBSCRIBE', 'cli'], 'PUBLISH'],
    [['SSUBSCRIBE', 'cli'], 'SPUBLISH'],
  ]
  for (const [argv, publish] of rows) {
    const listening = run('redis-cli', mesh.at(2).port, argv, '', (out) => out.includes('over there'))
    let isHeard = false
    void listening.then(() => (isHeard = true))
    await eventually('it is heard', async () => {
      await publisher.call(publish, 'cli', 'over there')
      return isHeard
    })
    assert.match((await listening).out, /message\ncli\nover there\n/)
  }
  publisher.destroy()
}

async function messagesAreCounted(mesh: MeshProcesses): Promise<void> {
  for (const member of mesh.members) {
    const client = await member.connect()
    const figures = figuresOf(await client.call('MESH', 'INFO'))
    assert.equal(figures.get('mesh_messages_dropped'), '0')
    for (const name of ['mesh_messages_sent', 'mesh_messages_received']) {
      assert.ok(Number(figures.get(name)) >= MESSAGES, name)
    }
    assert.match(
      String((await client.call('CLUSTER', 'INFO')).value),
      /cluster_stats_messages_publish_sent:\d+/,
    )
    client.destroy()
  }
}

interface Told {
  readonly channel: string
  readonly event: string
  readonly node: string
  readonly name: string
  readonly status: string
  readonly liveness: string
  readonly birth: number
  readonly at: number
}

async function membersAreSeen(mesh: MeshProcesses): Promise<void> {
  const listeners = await connectAll(mesh)
  const told = listeners.map((): Told[] => [])
  const look = (): void => {
    for (const [at, listener] of listeners.entries()) {
      for (const reply of listener.replies.splice(0)) {
        const [kind, , channel, message] = wordsOf(reply)
        if (kind === 'pmessage')
          told[at]!.push({ ...(JSON.parse(message!) as Omit<Told, 'channel'>), channel: channel! })
      }
    }
  }
  for (const listener of listeners) await listener.call('PSUBSCRIBE', '__system.membership.*')
  const names = mesh.members.map(({ name }) => name)
  await eventually('every node tells of every heartbeat', () => {
    look()
    return told.every((ones) =>
      names.every((name) => ones.some((one) => one.event === 'heartbeat' && one.name === name)),
    )
  })
  for (const one of told.flat()) {
    assert.equal(one.channel, `__system.membership.hypercache.${one.node}`)
    assert.deepEqual([one.status, one.liveness], ['up', 'alive'])
    assert.ok(one.birth > 0 && one.at >= one.birth && Number.isInteger(one.at))
  }
  const gone = mesh.at(2)
  await gone.kill()
  const ends = ['peer_dead', 'member_downed', 'member_removed']
  await eventually(
    'the others tell of its end',
    () => {
      look()
      return told.slice(0, 2).every((ones) => {
        return ends.every((event) => ones.some((one) => one.event === event && one.name === gone.name))
      })
    },
    40_000,
  )
  for (const listener of listeners) listener.destroy()
}

test('what is published at any node of three is heard at every node', {
  timeout: 150_000,
}, async (context) => {
  await withMesh(3, [], async (mesh) => {
    await context.test('PUBLISH: once, in order, by channel and by pattern', () =>
      everyListenerHearsEveryPublisher(mesh),
    )
    await context.test('SPUBLISH: shard channels from any node', () => shardChannelsWorkFromAnyNode(mesh))
    await context.test('ioredis, plain and cluster', () => ioredisHears(mesh))
    await context.test('node-redis, plain and cluster', () => nodeRedisHears(mesh))
    if (hasRealRedis()) await context.test('redis-cli', () => redisCliHears(mesh))
    await context.test('messages are counted, and none was lost', () => messagesAreCounted(mesh))
    await context.test('heartbeats and events of members are messages', () => membersAreSeen(mesh))
  })
})

test('with --redirect moved shard channels are found by following it', { timeout: 90_000 }, async () => {
  await withMesh(2, ['--redirect', 'moved'], async (mesh) => {
    await until(mesh.at(0), ['CLUSTER', 'INFO'], ({ value }) => /cluster_state:ok/.test(String(value)))
    const client = await mesh.at(0).connect()
    const answers = new Map<string, string>()
    for (const channel of SHARD_CHANNELS) {
      answers.set(channel, show(await client.call('SPUBLISH', channel, 'x')))
    }
    const moved = [...answers.values()].filter((answer) => answer.startsWith('-MOVED '))
    assert.ok(moved.length > 0 && moved.length < SHARD_CHANNELS.length, [...answers].join('\n'))
    assert.ok(moved.every((answer) => answer.endsWith(`127.0.0.1:${mesh.at(1).port}`)))
    const far = [...answers].find(([, answer]) => answer.startsWith('-MOVED '))![0]
    assert.match(show(await client.call('SSUBSCRIBE', far)), /^-MOVED /)
    client.destroy()
    await nodeRedisFollows(mesh)
  })
})

async function nodeRedisFollows(mesh: MeshProcesses): Promise<void> {
  const cluster = createCluster({ rootNodes: [{ socket: { host: HOST, port: mesh.at(0).port } }] })
  cluster.on('error', () => {})
  await cluster.connect()
  const heard: string[] = []
  try {
    for (const channel of SHARD_CHANNELS) {
      await cluster.sSubscribe(channel, (message) => heard.push(`${channel} ${message}`))
    }
    for (const channel of SHARD_CHANNELS) assert.equal(await cluster.sPublish(channel, 'x'), 1)
    await eventually('all is heard', () => heard.length >= SHARD_CHANNELS.length)
    assert.deepEqual(
      heard.sort(),
      SHARD_CHANNELS.map((channel) => `${channel} x`),
    )
  } finally {
    cluster.destroy()
  }
}
