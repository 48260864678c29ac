/*
 * Who is let in: protected mode, passwords, and how many at a time.
 *
 * The idea: refusals are compared with the real server's words wherever it can be asked, and every refusal is
 * counted. Shape: test.
 */
import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import test from 'node:test'
import { freePort } from '../support/child-server.ts'
import { startOurNode } from '../support/our-node.ts'
import { hasRealRedis, startRealRedis } from '../support/real-redis.ts'
import { show } from '../support/reply.ts'
import { RespSocket } from '../support/resp-socket.ts'
import { attended, clientList, eventually, figure } from './attended.ts'
import { Launched } from './launched.ts'

/** An address of this machine that is not loopback, if it has one. */
const outside = Object.values(networkInterfaces())
  .flat()
  .find((one) => one !== undefined && !one.internal && one.family === 'IPv4')?.address

test('without a password only this machine is let in, and the refusal says what to do', async (context) => {
  if (outside === undefined) return context.skip('no address besides loopback')
  const port = await freePort()
  const launched = new Launched(['start', '--port', String(port), '--bind', '0.0.0.0'])
  try {
    const near = await launched.connect(port)
    const stranger = await RespSocket.connect(port, outside)
    const refusal = await stranger.next()
    assert.match(show(refusal), /^-DENIED Redis is running in protected mode/)
    assert.ok(await stranger.closed())
    assert.equal(await figure(near, 'rejected_connections'), 1)
    if (hasRealRedis()) {
      const real = await startRealRedis(['--bind', '0.0.0.0'])
      const theirs = await (await RespSocket.connect(real.port, outside)).next()
      await real.kill()
      assert.deepEqual(refusal, theirs)
    }
    assert.equal(show(await near.call('CONFIG', 'SET', 'requirepass', 'secret')), '+OK')
    const known = await RespSocket.connect(port, outside)
    assert.equal(show(await known.call('PING')), '-NOAUTH Authentication required.')
    assert.equal(show(await known.call('AUTH', 'secret')), '+OK')
    assert.equal(show(await known.call('PING')), '+PONG')
    await near.call('CONFIG', 'SET', 'requirepass', '', 'protected-mode', 'no')
    const anybody = await RespSocket.connect(port, outside)
    assert.equal(show(await anybody.call('PING')), '+PONG')
  } finally {
    await launched.kill()
  }
})

const STEPS: readonly (readonly string[])[] = [
  ['PING'],
  ['GET', 'key'],
  ['NOSUCH'],
  ['HELLO'],
  ['HELLO', '3'],
  ['AUTH'],
  ['AUTH', 'wrong'],
  ['AUTH', 'default', 'wrong'],
  ['AUTH', 'nobody', 'secret'],
  ['HELLO', '2', 'AUTH', 'default', 'wrong'],
  ['HELLO', '2', 'AUTH', 'default'],
  ['SUBSCRIBE', 'news'],
  ['MULTI'],
  ['RESET'],
  ['AUTH', 'secret'],
  ['PING'],
  ['CLIENT', 'GETNAME'],
  ['RESET'],
  ['PING'],
  ['AUTH', 'default', 'secret'],
  ['CLIENT', 'NO-EVICT', 'on'],
  ['CONFIG', 'SET', 'requirepass', 'changed'],
  ['PING'],
  ['AUTH', 'secret'],
  ['AUTH', 'changed'],
  ['CONFIG', 'SET', 'requirepass', 'secret'],
]

test('passwords are asked for in the words of Redis', async (context) => {
  if (!hasRealRedis()) return context.skip()
  const real = await startRealRedis(['--requirepass', 'secret'])
  try {
    await attended({ password: 'secret' }, async ({ server }) => {
      const [ours, theirs] = [await server.connect(), await real.connect()]
      for (const step of STEPS) {
        assert.equal(show(await ours.call(...step)), show(await theirs.call(...step)), step.join(' '))
      }
      const [mine, other] = [await server.connect(), await real.connect()]
      const hello = ['HELLO', '3', 'AUTH', 'default', 'secret', 'SETNAME', 'me']
      const [answer, expected] = [await mine.call(...hello), await other.call(...hello)]
      assert.equal(answer.type, expected.type)
      assert.equal(show(await mine.call('CLIENT', 'GETNAME')), '"me"')
      for (const client of [ours, theirs, mine, other]) client.destroy()
    })
  } finally {
    await real.kill()
  }
})

test('a password appears neither in the log nor in the slow log', async () => {
  await attended({ password: 'secret-word' }, async ({ server, witness }) => {
    await witness.call('CONFIG', 'SET', 'slowlog-log-slower-than', '0', 'requirepass', 'another-secret-word')
    await witness.call('AUTH', 'another-secret-word')
    await witness.call('HELLO', '2', 'AUTH', 'default', 'another-secret-word')
    await witness.call('CONFIG', 'SET', 'requirepass', 'secret-word')
    assert.doesNotMatch(show(await witness.call('SLOWLOG', 'GET', '-1'), 100_000), /secret-word/)
    assert.doesNotMatch(server.output, /secret-word/)
  })
})

test('one client too many is refused in the words of Redis, and there is room again when one leaves', async () => {
  await attended({ flags: ['--maxclients', '10'] }, async ({ server, witness }) => {
    const guests = await Promise.all(Array.from({ length: 9 }, () => server.connect()))
    await Promise.all(guests.map((guest) => guest.call('PING')))
    const late = await server.connect()
    assert.equal(show(await late.next()), '-ERR max number of clients reached')
    assert.ok(await late.closed())
    assert.equal(await figure(witness, 'rejected_connections'), 1)
    assert.equal(await figure(witness, 'connected_clients'), 10)
    guests.pop()!.destroy()
    await eventually('one left', async () => (await clientList(witness)).length === 9)
    const guest = await server.connect()
    assert.equal(show(await guest.call('PING')), '+PONG')
    for (const one of [...guests, guest]) one.destroy()
    await eventually('all left', async () => (await clientList(witness)).length === 1)
  })
})

test('a crowd beyond the limit is refused to the last, and the node keeps accepting', {
  timeout: 30_000,
}, async () => {
  const server = await startOurNode(['--maxclients', '50'])
  try {
    const witness = await server.connect()
    const crowd = await Promise.all(Array.from({ length: 300 }, () => server.connect()))
    await eventually('the rest is refused', () => crowd.filter((one) => one.isClosed).length === 300 - 49)
    assert.equal(await figure(witness, 'rejected_connections'), 300 - 49)
    for (const one of crowd) one.destroy()
    await eventually('they are gone', async () => (await clientList(witness)).length === 1)
    assert.equal(show(await (await server.connect()).call('PING')), '+PONG')
  } finally {
    await server.kill()
  }
})
