/*
 * node-redis 5 and 6, RESP2 and RESP3, as an application uses them.
 *
 * The idea: one script, run by every version, and nothing in it is particular to us. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { createClient as createClient6, RESP_TYPES, WatchError } from 'redis'
import { createClient as createClient5, RESP_TYPES as RESP_TYPES_5, WatchError as WatchError5 } from 'redis5'
import { startOurNode } from '../support/our-node.ts'
import { attended, eventually } from './attended.ts'
import { Launched } from './launched.ts'

type Client = ReturnType<typeof createClient6>

interface Edition {
  readonly name: string
  readonly bulk: typeof RESP_TYPES.BLOB_STRING
  readonly watchError: typeof WatchError
  open(port: number, options?: object): Promise<Client>
}

function edition(
  name: string,
  create: typeof createClient6,
  protocol: 2 | 3,
  others: Pick<Edition, 'bulk' | 'watchError'>,
): Edition {
  return {
    name: `${name}, RESP${protocol}`,
    ...others,
    async open(port, options = {}) {
      const socket = { port, host: '127.0.0.1', reconnectStrategy: () => 50 }
      const client = create({ RESP: protocol, socket, ...options } as never) as unknown as Client
      client.on('error', () => {})
      await client.connect()
      return client
    },
  }
}

const FIVE = createClient5 as unknown as typeof createClient6
const OF_FIVE = { bulk: RESP_TYPES_5.BLOB_STRING, watchError: WatchError5 as unknown as typeof WatchError }
const OF_SIX = { bulk: RESP_TYPES.BLOB_STRING, watchError: WatchError }
const EDITIONS: readonly Edition[] = [
  edition('node-redis 5', FIVE, 2, OF_FIVE),
  edition('node-redis 5', FIVE, 3, OF_FIVE),
  edition('node-redis 6', createClient6, 2, OF_SIX),
  edition('node-redis 6', createClient6, 3, OF_SIX),
]

const BYTES = Buffer.from([...Array(256).keys()])

async function values(client: Client, bulk: Edition['bulk']): Promise<void> {
  assert.equal(await client.set('binary', BYTES), 'OK')
  assert.deepEqual(await client.withTypeMapping({ [bulk]: Buffer } as never).get('binary'), BYTES)
  assert.equal(await client.set('text', 'žluťoučký', { EX: 100, NX: true } as never), 'OK')
  assert.equal(await client.get('text'), 'žluťoučký')
  assert.equal(await client.get('nothing'), null)
  assert.equal(await client.incrBy('number', 41), 41)
  assert.equal(Number(await client.incrByFloat('number', 1.5)), 42.5)
  assert.deepEqual(await client.mGet(['text', 'nothing']), ['žluťoučký', null])
  await client.hSet('hash', { field: 'value', other: '2' })
  assert.deepEqual({ ...(await client.hGetAll('hash')) }, { field: 'value', other: '2' })
  await client.sAdd('set', ['a', 'b', 'c'])
  assert.deepEqual([...(await client.sMembers('set'))].sort(), ['a', 'b', 'c'])
  await client.zAdd('sorted', [
    { score: 1, value: 'one' },
    { score: 2.5, value: 'two' },
  ])
  const scores = (await client.zRangeWithScores('sorted', 0, -1)).map((pair) => ({ ...pair }))
  assert.deepEqual(scores, [
    { value: 'one', score: 1 },
    { value: 'two', score: 2.5 },
  ])
  await client.rPush('list', ['x', 'y'])
  assert.deepEqual(await client.lRange('list', 0, -1), ['x', 'y'])
}

async function pipelinesAndTransactions(
  client: Client,
  other: Client,
  watchError: Edition['watchError'],
): Promise<void> {
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) => client.set(`many:${index}`, String(index))),
  )
  assert.ok(answers.every((answer) => answer === 'OK'))
  assert.deepEqual(await client.multi().incr('count').get('count').exec(), [1, '1'])
  await client.watch('count')
  await other.set('count', 'changed')
  await assert.rejects(client.multi().set('count', 'lost').exec(), watchError)
  assert.equal(await client.get('count'), 'changed')
  await assert.rejects(client.lPush('text', 'x'), /WRONGTYPE/)
  await assert.rejects(client.sendCommand(['NOSUCH', 'x']), /unknown command/)
}

async function scans(client: Client): Promise<void> {
  const keys = new Set<string>()
  for await (const portion of client.scanIterator({ MATCH: 'many:*', COUNT: 100 })) {
    for (const key of portion) keys.add(key)
  }
  assert.equal(keys.size, 1000)
  const fields: string[] = []
  for await (const portion of client.hScanIterator('hash'))
    for (const { field } of portion) fields.push(String(field))
  assert.deepEqual(fields.sort(), ['field', 'other'])
}

async function messages(client: Client, listener: Client): Promise<void> {
  const heard: string[] = []
  const hear = (message: string, channel: string): void => void heard.push(`${channel}=${message}`)
  await listener.subscribe(['news', 'other'], hear)
  await listener.pSubscribe('n*', hear)
  await listener.sSubscribe('shard', hear)
  assert.equal(await client.publish('news', 'hello'), 2)
  assert.equal(await client.sPublish('shard', 'there'), 1)
  await eventually('all are heard', () => heard.length === 3)
  assert.deepEqual(heard.sort(), ['news=hello', 'news=hello', 'shard=there'])
  await listener.unsubscribe(['news', 'other'])
  await listener.pUnsubscribe('n*')
  await listener.sUnsubscribe('shard')
  assert.equal(await client.publish('news', 'nobody'), 0)
  assert.equal(String(await listener.ping()), 'PONG', 'it is an ordinary client again')
}

async function waiting(client: Client, other: Client): Promise<void> {
  const popped = other.blPop('queue', 10)
  await eventually('it waits', async () => /blocked_clients:1\r/.test(String(await client.info('clients'))))
  await client.rPush('queue', 'job')
  assert.deepEqual({ ...(await popped) }, { key: 'queue', element: 'job' })
  assert.equal(await other.blPop('queue', 0.01), null)
}

test('values, pipelines, transactions, scans, waiting and messages', { timeout: 60_000 }, async (context) => {
  await attended({}, async ({ server, witness }) => {
    for (const { name, bulk, watchError, open } of EDITIONS) {
      await context.test(name, { timeout: 20_000 }, async () => {
        await witness.call('FLUSHALL')
        const [client, other] = [await open(server.port), await open(server.port)]
        await values(client, bulk)
        await pipelinesAndTransactions(client, other, watchError)
        await scans(client)
        await waiting(client, other)
        await messages(client, other)
        await client.close()
        other.destroy()
      })
    }
  })
})

test("a password, a name, and a database of one's own", { timeout: 60_000 }, async (context) => {
  await attended({ password: 'secret' }, async ({ server }) => {
    for (const { name, open } of EDITIONS) {
      await context.test(name, { timeout: 20_000 }, async () => {
        const client = await open(server.port, { password: 'secret', database: 3, name: 'tester' })
        await client.set('key', 'value')
        assert.match(String(await client.sendCommand(['CLIENT', 'LIST'])), /name=tester .*db=3/)
        client.destroy()
      })
    }
  })
})

test('every edition comes back after the node was restarted', { timeout: 60_000 }, async () => {
  const first = await startOurNode()
  const clients = await Promise.all(EDITIONS.map(({ open }) => open(first.port)))
  for (const client of clients) assert.equal(await client.set('key', 'value'), 'OK')
  await first.stop()
  const again = clients.map((client) => client.get('key'))
  const second = new Launched(['start', '--port', String(first.port), '--bind', '127.0.0.1'])
  try {
    assert.deepEqual(
      await Promise.all(again),
      [null, null, null, null],
      'what was asked meanwhile is answered later',
    )
    for (const client of clients) assert.equal(await client.set('key', 'new'), 'OK')
  } finally {
    for (const client of clients) client.destroy()
    await second.kill()
  }
})
