/*
 * ioredis 5 and 6, RESP2 and RESP3, as an application uses them.
 *
 * The idea: one script, run by every version, and nothing in it is particular to us. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Redis as Redis6, type RedisOptions } from 'ioredis'
import { Redis as Redis5 } from 'ioredis5'
import { startOurNode } from '../support/our-node.ts'
import { attended, eventually } from './attended.ts'
import { Launched } from './launched.ts'

type Client = Redis6

interface Edition {
  readonly name: string
  open(port: number, options?: RedisOptions): Client
}

function edition(name: string, make: unknown, own: RedisOptions): Edition {
  const Make = make as new (options: RedisOptions) => Client
  return {
    name,
    open(port, options = {}) {
      const client = new Make({ port, host: '127.0.0.1', retryStrategy: () => 50, ...own, ...options })
      client.on('error', () => {})
      return client
    },
  }
}

const EDITIONS: readonly Edition[] = [
  edition('ioredis 5', Redis5, {}),
  edition('ioredis 6, RESP2', Redis6, { protocol: 2 }),
  edition('ioredis 6, RESP3', Redis6, { protocol: 3 }),
]

const BYTES = Buffer.from([...Array(256).keys()])

async function values(client: Client): Promise<void> {
  assert.equal(await client.set('binary', BYTES), 'OK')
  assert.deepEqual(await client.getBuffer('binary'), BYTES)
  assert.equal(await client.set('text', 'žluťoučký', 'EX', 100, 'NX'), 'OK')
  assert.equal(await client.get('text'), 'žluťoučký')
  assert.equal(await client.get('nothing'), null)
  assert.equal(await client.incrby('number', 41), 41)
  assert.equal(await client.incrbyfloat('number', 1.5), '42.5')
  assert.deepEqual(await client.mget('text', 'nothing'), ['žluťoučký', null])
  await client.hset('hash', { field: 'value', other: '2' })
  assert.deepEqual({ ...(await client.hgetall('hash')) }, { field: 'value', other: '2' })
  await client.sadd('set', 'a', 'b', 'c')
  assert.deepEqual((await client.smembers('set')).sort(), ['a', 'b', 'c'])
  await client.zadd('sorted', 1, 'one', 2.5, 'two')
  assert.deepEqual((await client.zrange('sorted', '0', '-1')).flat(), ['one', 'two'])
  assert.equal(Number(await client.zscore('sorted', 'two')), 2.5)
  await client.rpush('list', 'x', 'y')
  assert.deepEqual(await client.lrange('list', 0, -1), ['x', 'y'])
  assert.match(await client.info(), /redis_version:7/)
}

async function pipelinesAndTransactions(client: Client, other: Client): Promise<void> {
  const pipeline = client.pipeline()
  for (let index = 0; index < 1000; index++) pipeline.set(`many:${index}`, String(index))
  pipeline.lpush('text', 'wrong')
  const results = (await pipeline.exec())!
  assert.ok(
    results.length === 1001 && results.slice(0, 1000).every(([error, answer]) => !error && answer === 'OK'),
  )
  assert.match(String(results[1000]![0]), /WRONGTYPE/)
  assert.deepEqual(await client.multi().incr('count').get('count').exec(), [
    [null, 1],
    [null, '1'],
  ])
  await client.watch('count')
  await other.set('count', 'changed')
  assert.equal(await client.multi().set('count', 'lost').exec(), null)
  assert.equal(await client.get('count'), 'changed')
  await assert.rejects(client.lpush('text', 'x'), /WRONGTYPE/)
  await assert.rejects(client.call('NOSUCH', 'x'), /unknown command/)
}

async function scans(client: Client): Promise<void> {
  const keys = new Set<string>()
  for await (const portion of client.scanStream({ match: 'many:*', count: 100 })) {
    for (const key of portion as string[]) keys.add(key)
  }
  assert.equal(keys.size, 1000)
  const fields: string[] = []
  for await (const portion of client.hscanStream('hash')) fields.push(...(portion as string[]))
  assert.deepEqual(fields.sort(), ['2', 'field', 'other', 'value'])
}

async function messages(client: Client, listener: Client): Promise<void> {
  const heard: string[] = []
  listener.on('message', (channel, message) => heard.push(`${channel}=${message}`))
  listener.on('pmessage', (pattern, channel, message) => heard.push(`${pattern}:${channel}=${message}`))
  listener.on('smessage', (channel: string, message: string) => heard.push(`shard:${channel}=${message}`))
  assert.equal(await listener.subscribe('news', 'other'), 2)
  await listener.psubscribe('n*')
  await listener.ssubscribe('shard')
  assert.equal(await client.publish('news', 'hello'), 2)
  assert.equal(await client.spublish('shard', 'there'), 1)
  await eventually('all are heard', () => heard.length === 3)
  assert.deepEqual(heard.sort(), ['n*:news=hello', 'news=hello', 'shard:shard=there'])
  await listener.unsubscribe('news', 'other')
  await listener.sunsubscribe('shard')
  await listener.punsubscribe()
  assert.equal(await client.publish('news', 'nobody'), 0)
  assert.equal(await listener.ping(), 'PONG', 'it is an ordinary client again')
}

async function waiting(client: Client, other: Client): Promise<void> {
  const popped = other.blpop('queue', 10)
  await eventually('it waits', async () => /blocked_clients:1\r/.test(await client.info('clients')))
  await client.rpush('queue', 'job')
  assert.deepEqual(await popped, ['queue', 'job'])
  assert.equal(await other.blpop('queue', 0.01), null)
}

test('values, pipelines, transactions, scans, waiting and messages', { timeout: 60_000 }, async (context) => {
  await attended({}, async ({ server, witness }) => {
    for (const { name, open } of EDITIONS) {
      await context.test(name, { timeout: 20_000 }, async () => {
        await witness.call('FLUSHALL')
        const [client, other] = [open(server.port), open(server.port)]
        await values(client)
        await pipelinesAndTransactions(client, other)
        await scans(client)
        await waiting(client, other)
        await messages(client, other)
        assert.equal(await client.quit(), 'OK')
        other.disconnect()
      })
    }
  })
})

test("a password, a name, and a database of one's own", { timeout: 60_000 }, async (context) => {
  await attended({ password: 'secret' }, async ({ server }) => {
    for (const { name, open } of EDITIONS) {
      await context.test(name, { timeout: 20_000 }, async () => {
        const client = open(server.port, { password: 'secret', db: 3, connectionName: 'tester' })
        await client.set('key', 'value')
        assert.match(String(await client.client('LIST')), /name=tester .*db=3/)
        const lonely: RedisOptions = {
          retryStrategy: () => null,
          maxRetriesPerRequest: 0,
          enableReadyCheck: false,
        }
        const stranger = open(server.port, lonely)
        await assert.rejects(stranger.get('key'), /NOAUTH/)
        stranger.disconnect()
        client.disconnect()
      })
    }
  })
})

test('every edition comes back after the node was restarted', { timeout: 60_000 }, async () => {
  const first = await startOurNode()
  const clients = EDITIONS.map(({ open }) => open(first.port))
  for (const client of clients) assert.equal(await client.set('key', 'value'), 'OK')
  await first.stop()
  const again = clients.map((client) => client.get('key'))
  const second = new Launched(['start', '--port', String(first.port), '--bind', '127.0.0.1'])
  try {
    assert.deepEqual(
      await Promise.all(again),
      [null, null, null],
      'what was asked meanwhile is answered by the new node',
    )
    for (const client of clients) assert.equal(await client.set('key', 'new'), 'OK')
  } finally {
    for (const client of clients) client.disconnect()
    await second.kill()
  }
})
