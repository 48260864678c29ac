/*
 * Requests that are not requests (tables B-1, B-2, B-4): garbage down a few long-lived sockets, requests cut
 * at every byte, headers that promise what never comes, one at a time and from 200 connections at once.
 * SEED=... replays the garbage, INPUTS=... makes it longer. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { garbage } from '../fuzz/garbage.ts'
import type { ChildServer } from '../support/child-server.ts'
import { Prng, seedOf, seedOfRun } from '../support/prng.ts'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import { encodeRequest, type Reply, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { attended, clientList, eventually, figure, grownBy, MEBIBYTE } from './attended.ts'

const INPUTS = Number(process.env.INPUTS ?? 50_000)
const THROWERS = 4
const INPUTS_PER_WRITE = 50
const CROWD = 200

type Fate = 'refused' | 'kept' | 'answered'

interface Lie {
  readonly bytes: string
  /** What becomes of the connection: an error and the end, nothing (more is awaited), or PONG to a PING behind it. */
  readonly fate: Fate
  /** Redis 7.0.15 has a higher limit here; it would go on waiting. */
  readonly isOurOwnLimit?: boolean
}

const LIES: readonly Lie[] = [
  { bytes: '*2147483647\r\n', fate: 'refused', isOurOwnLimit: true },
  { bytes: '*2147483648\r\n', fate: 'refused' },
  { bytes: '*33554431\r\n', fate: 'refused', isOurOwnLimit: true },
  { bytes: '*99999999999999999999\r\n', fate: 'refused' },
  { bytes: '*1048576\r\n', fate: 'kept' },
  { bytes: '*2\r\n$99999999999\r\n', fate: 'refused' },
  { bytes: '*2\r\n$536870913\r\n', fate: 'refused' },
  { bytes: '*2\r\n$536870912\r\nabc', fate: 'kept' },
  { bytes: '*-1\r\n', fate: 'answered' },
  { bytes: '*0\r\n', fate: 'answered' },
  { bytes: '*-9223372036854775808\r\n', fate: 'answered' },
  { bytes: '*1\r\n$-1\r\n', fate: 'refused' },
  { bytes: '*1\r\n*1\r\n$4\r\nPING\r\n', fate: 'refused' },
  { bytes: '*1\r\n:1\r\n', fate: 'refused' },
  { bytes: '*abc\r\n', fate: 'refused' },
  { bytes: '*1\r\n$abc\r\n', fate: 'refused' },
  { bytes: 'SET k "unbalanced\r\n', fate: 'refused' },
  { bytes: 'a'.repeat(MEBIBYTE), fate: 'refused' },
  { bytes: `*${'1'.repeat(MEBIBYTE)}`, fate: 'refused' },
  { bytes: '\0\0\0\r\n\0', fate: 'kept' },
  { bytes: '\r\n\r\n', fate: 'answered' },
]

const PING = encodeRequest(['PING'])

function shorten(lie: Lie): string {
  return JSON.stringify(lie.bytes.slice(0, 40))
}

test('each lying header is refused, ignored or waited for, and costs next to nothing', async () => {
  await attended({}, async ({ server, witness }) => {
    const errorsBefore = await figure(witness, 'total_error_replies')
    const before = server.residentBytes
    for (const lie of LIES) assert.equal(await fateOf(server, lie), lie.fate, shorten(lie))
    assert.ok(grownBy(server, before) < 48 * MEBIBYTE, `grown by ${grownBy(server, before)}`)
    const refused = LIES.filter((lie) => lie.fate === 'refused').length
    assert.ok((await figure(witness, 'total_error_replies')) - errorsBefore >= refused, 'INFO counts them')
  })
})

async function fateOf(server: ChildServer, lie: Lie): Promise<Fate> {
  const client = await server.connect()
  client.send(Buffer.from(lie.bytes, 'latin1'))
  if (lie.fate === 'answered') client.send(PING)
  const reply = await client.next(lie.fate === 'kept' ? 100 : 5000)
  const isRefusal = reply.type === 'error' && String(reply.value).startsWith('ERR Protocol error')
  const fate = isRefusal && (await client.closed()) ? 'refused' : reply.value === 'PONG' ? 'answered' : 'kept'
  client.destroy()
  return fate
}

test('lies are refused in the words of Redis', async (context) => {
  if (!hasRealRedis()) return context.skip()
  const real = await startRealRedis()
  try {
    await attended({}, async ({ server }) => {
      for (const lie of LIES) {
        if (lie.fate !== 'refused' || lie.isOurOwnLimit) continue
        const [ours, theirs] = [await answersTo(server, lie), await answersTo(real, lie)]
        assert.equal(
          ours.map((reply) => show(reply)).join(),
          theirs.map((reply) => show(reply)).join(),
          shorten(lie),
        )
      }
    })
  } finally {
    await real.kill()
  }
})

async function answersTo(server: ChildServer, lie: Lie): Promise<Reply[]> {
  const client = await server.connect()
  client.send(Buffer.from(lie.bytes, 'latin1'))
  await client.closed(5000)
  client.destroy()
  return client.replies
}

test('two hundred connections that lie at once cost less than a megabyte each and end alone', async () => {
  await attended({}, async ({ server, witness }) => {
    const before = server.residentBytes
    for (const lie of LIES) {
      const crowd = await Promise.all(Array.from({ length: CROWD }, () => server.connect()))
      const isLong = lie.bytes.length > 1000
      for (const client of isLong ? crowd.slice(0, CROWD / 10) : crowd)
        client.send(Buffer.from(lie.bytes, 'latin1'))
      assert.equal(show(await witness.call('PING')), '+PONG')
      if (lie.fate === 'refused' && !isLong) {
        await Promise.all(crowd.map((client) => client.closed()))
      } else {
        await assertSmall(witness)
      }
      assert.ok(
        grownBy(server, before) < (CROWD * MEBIBYTE) / 2,
        `${shorten(lie)}: grown by ${grownBy(server, before)}`,
      )
      for (const client of crowd) client.destroy()
      await eventually('they are gone', async () => (await clientList(witness)).length === 1)
    }
  })
})

async function assertSmall(witness: RespSocket): Promise<void> {
  for (const line of await clientList(witness)) {
    assert.ok(Number(line['tot-mem']) < MEBIBYTE, `a connection holds ${line['tot-mem']} bytes`)
  }
}

test('garbage down a few sockets, whole, broken and cut short, is survived', async () => {
  const seed = seedOfRun()
  await attended({}, async ({ server, witness }) => {
    const throwers = [...Array(THROWERS).keys()]
    await Promise.all(throwers.map((index) => throwGarbage(server, seedOf(seed, -1 - index), 500)))
    const before = server.residentBytes
    const [errorsBefore, metBefore] = [
      await figure(witness, 'total_error_replies'),
      await figure(witness, 'total_connections_received'),
    ]
    const sockets = await Promise.all(
      throwers.map((index) => throwGarbage(server, seedOf(seed, index), INPUTS / THROWERS)),
    )
    const used = sockets.reduce((sum, count) => sum + count, 0)
    assert.ok(
      (await figure(witness, 'total_error_replies')) > errorsBefore,
      `SEED=${seed}: errors are counted`,
    )
    assert.equal(await figure(witness, 'total_connections_received'), metBefore + used, `SEED=${seed}`)
    assert.ok(grownBy(server, before) < 64 * MEBIBYTE, `SEED=${seed}: grown by ${grownBy(server, before)}`)
  })
})

/** Garbage until the server has had enough, then on with a new socket. Answers how many sockets that took. */
async function throwGarbage(server: ChildServer, seed: number, inputs: number): Promise<number> {
  const random = new Prng(seed)
  let sockets = 0
  for (let left = inputs; left > 0; left -= INPUTS_PER_WRITE) {
    const socket = await server.connect()
    sockets++
    socket.send(Buffer.concat(Array.from({ length: INPUTS_PER_WRITE }, () => garbage(random))))
    socket.end()
    assert.ok(await socket.closed(), `seed ${seed}: not closed after our end`)
    assert.equal(socket.failure, '', `seed ${seed}`)
    socket.destroy()
  }
  return sockets
}

const CONVERSATION: readonly (readonly string[])[] = [
  ['SET', 'split', 'a\r\nb\0c'],
  ['GET', 'split'],
  ['HSET', 'split:h', 'field', 'value'],
  ['LPUSH', 'split:l', 'x', ''],
  ['LRANGE', 'split:l', '0', '-1'],
  ['NOPE', 'nope'],
  ['DEL', 'split', 'split:h', 'split:l'],
]

test('a conversation cut at every byte is answered as if it had come whole', async () => {
  await attended({}, async ({ server }) => {
    const client = await server.connect()
    const inline = Buffer.from('SET "spl\\x69t" \'v\'\r\nGET split\r\n')
    const whole = Buffer.concat([...CONVERSATION.map((argv) => encodeRequest(argv)), inline])
    const count = CONVERSATION.length + 2
    client.send(whole)
    const expected = (await client.take(count)).map((reply) => show(reply))
    assert.equal(expected.length, count)
    for (let at = 1; at < whole.length; at++) {
      client.send(whole.subarray(0, at))
      await arrival(client)
      client.send(whole.subarray(at))
      const replies = (await client.take(count)).map((reply) => show(reply))
      assert.deepEqual(replies, expected, `cut at ${at}`)
    }
    for (const byte of whole) {
      client.send(Buffer.from([byte]))
      await arrival(client)
    }
    assert.deepEqual(
      (await client.take(count)).map((reply) => show(reply)),
      expected,
      'byte by byte',
    )
  })
})

/** Lets the bytes written so far leave as a packet of their own. */
async function arrival(client: RespSocket): Promise<void> {
  assert.ok(!client.isClosed)
  await new Promise((resolve) => setImmediate(resolve))
}
