/*
 * Clients that misbehave in time rather than in bytes (tables B-5, B-7): floods before AUTH,
 * answers that are never read.
 *
 * The idea: each attack runs against its limit, the limit is what memory is measured by, and INFO tells afterwards
 * how many were shown the door. Shape: test.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import test from 'node:test'
import { fileURLToPath } from 'node:url'
import { encodeRequest, show } from '../support/reply.ts'
import type { RespSocket } from '../support/resp-socket.ts'
import { attended, clientList, eventually, figure, grownBy, MEBIBYTE } from './attended.ts'

const CROWD = 200
const CROWD_MS = 2000
const FEW = 8
const GREEDY_CLIENTS = 10
const GETS = 500
const OUTPUT_PAUSE_BYTES = 32 * MEBIBYTE

/** Lets a process of its own flood the node while `run` watches. */
async function underFlood(port: number, connections: number, run: () => Promise<void>): Promise<void> {
  const script = fileURLToPath(new URL('./flood.ts', import.meta.url))
  const flood = spawn(process.execPath, ['--import', 'tsx', script, String(port), String(connections)])
  process.once('exit', () => flood.kill('SIGKILL'))
  try {
    await run()
  } finally {
    flood.kill('SIGKILL')
  }
}

test('a flood from strangers who never read costs little and leaves the others served', {
  timeout: 60_000,
}, async () => {
  await attended({ password: 'secret' }, async ({ server, witness }) => {
    const before = server.residentBytes
    await underFlood(server.port, CROWD, async () => {
      await eventually('they came', async () => (await clientList(witness)).length === CROWD + 1)
      const until = Date.now() + CROWD_MS
      let served = 0
      for (let most = 0; Date.now() < until; served++) {
        assert.equal(show(await witness.call('PING')), '+PONG')
        most = Math.max(most, grownBy(server, before))
        assert.ok(most < 64 * MEBIBYTE, `grown by ${most}`)
      }
      assert.ok(served > 20, `the witness was served ${served} times`)
    })
    await eventually('they are gone', async () => (await clientList(witness)).length === 1)
  })
})

test('a stranger who never reads is cut off and counted', { timeout: 60_000 }, async () => {
  await attended({ password: 'secret' }, async ({ server, witness }) => {
    const before = server.residentBytes
    await underFlood(server.port, FEW, async () => {
      await eventually(
        'all are cut off',
        async () => {
          assert.ok(grownBy(server, before) < 64 * MEBIBYTE, `grown by ${grownBy(server, before)}`)
          return (await figure(witness, 'client_output_buffer_limit_disconnections')) === FEW
        },
        30_000,
      )
      assert.equal((await clientList(witness)).length, 1)
    })
  })
})

test('strangers may send neither long arguments nor many', async () => {
  await attended({ password: 'secret' }, async ({ server }) => {
    for (const [bytes, answer] of [
      ['*11\r\n', '-ERR Protocol error: unauthenticated multibulk length'],
      ['*2\r\n$16385\r\n', '-ERR Protocol error: unauthenticated bulk length'],
    ] as const) {
      const stranger = await server.connect()
      stranger.send(Buffer.from(bytes))
      assert.equal(show(await stranger.next()), answer)
      assert.ok(await stranger.closed())
    }
  })
})

async function greed(count: number, connect: () => Promise<RespSocket>): Promise<RespSocket[]> {
  const clients = await Promise.all(Array.from({ length: count }, connect))
  const requests = Buffer.concat(Array.from({ length: GETS }, () => encodeRequest(['GET', 'big'])))
  for (const client of clients) {
    client.pauseReading()
    client.send(requests)
  }
  return clients
}

test('clients who ask for gigabytes and never read hold no more than the limits say', {
  timeout: 60_000,
}, async () => {
  await attended({}, async ({ server, witness }) => {
    await witness.call('SET', 'big', 'x'.repeat(MEBIBYTE))
    const before = server.residentBytes
    const clients = await greed(GREEDY_CLIENTS, () => server.connect())
    const isStuck = (line: Record<string, string>) =>
      line.cmd === 'get' && Number(line.omem) > OUTPUT_PAUSE_BYTES / 2
    await eventually(
      'they are stuck',
      async () => (await clientList(witness)).filter(isStuck).length === GREEDY_CLIENTS,
    )
    assert.equal(show(await witness.call('PING')), '+PONG')
    const paused = grownBy(server, before)
    assert.ok(
      paused < GREEDY_CLIENTS * (OUTPUT_PAUSE_BYTES + 4 * MEBIBYTE) + 64 * MEBIBYTE,
      `grown by ${paused}`,
    )

    assert.equal(
      show(await witness.call('CONFIG', 'SET', 'client-output-buffer-limit', 'normal 8mb 4mb 1')),
      '+OK',
    )
    await eventually('they are gone', async () => (await clientList(witness)).length === 1)
    assert.equal(await figure(witness, 'client_output_buffer_limit_disconnections'), GREEDY_CLIENTS)

    const late = await greed(GREEDY_CLIENTS, () => server.connect())
    const cutOff = 'client_output_buffer_limit_disconnections'
    await eventually('these too', async () => (await figure(witness, cutOff)) === 2 * GREEDY_CLIENTS)
    for (const client of [...clients, ...late]) client.destroy()
  })
})

test('a subscriber who never reads is cut off at the limit for subscribers', {
  timeout: 60_000,
}, async () => {
  await attended(
    { flags: ['--client-output-buffer-limit', 'pubsub 2mb 1mb 1'] },
    async ({ server, witness }) => {
      const deaf = await server.connect()
      await deaf.call('SUBSCRIBE', 'news')
      deaf.pauseReading()
      const message = 'x'.repeat(64 * 1024)
      await eventually(
        'nobody listens',
        async () => (await witness.call('PUBLISH', 'news', message)).value === '0',
      )
      assert.equal(await figure(witness, 'client_output_buffer_limit_disconnections'), 1)
      deaf.destroy()
    },
  )
})

test('a slow reader gets every byte, and nobody waits for him', { timeout: 60_000 }, async () => {
  await attended({}, async ({ server, witness }) => {
    const value = Buffer.alloc(MEBIBYTE, 'slow')
    await witness.call('SET', 'big', value)
    const slow = await server.connect()
    slow.pauseReading()
    for (let index = 0; index < 40; index++) slow.command('GET', 'big')
    for (let index = 0; index < 100; index++) assert.equal(show(await witness.call('PING')), '+PONG')
    slow.resumeReading()
    const replies = await slow.take(40)
    const text = value.toString('latin1')
    assert.ok(replies.length === 40 && replies.every((reply) => reply.value === text))
    slow.destroy()
  })
})
