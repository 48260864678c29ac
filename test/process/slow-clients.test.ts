/*
 * Clients that take their time (table B-6): strangers who say nothing whole, clients who say nothing at all.
 *
 * The idea: the waiting is real, so the cases wait side by side. How long half a request may take (30 s) is tested
 * with a clock of its own in test/resp; the shorter limit for strangers shows that the same sweep is wired. Shape: test.
 */
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { show } from '../support/reply.ts'
import { attended, clientList, figure } from './attended.ts'

const PATIENCE_MS = 20_000
const DRIP_MS = 500

describe('time', { concurrency: true, timeout: 60_000 }, () => {
  test('a stranger who says nothing whole is closed in time and counted', async () => {
    await attended({ password: 'secret' }, async ({ server, witness }) => {
      const [silent, dripping, known] = [await server.connect(), await server.connect(), await server.connect()]
      dripping.send(Buffer.from('*2\r\n$4\r\nAUTH\r\n$6000\r\n'))
      const drip = setInterval(() => dripping.send(Buffer.from('x')), DRIP_MS)
      const started = Date.now()
      assert.equal(show(await known.call('AUTH', 'secret')), '+OK')
      assert.ok((await silent.closed(PATIENCE_MS)) && (await dripping.closed(PATIENCE_MS)), 'closed')
      clearInterval(drip)
      assert.ok(Date.now() - started > 5000, 'but not at once')
      assert.equal(await figure(witness, 'slow_request_disconnections'), 2)
      assert.equal(show(await known.call('PING')), '+PONG', 'who is known may be silent')
      known.destroy()
    })
  })

  test('timeout closes the idle and spares subscribers and the blocked', async () => {
    await attended({}, async ({ server, witness }) => {
      const [idle, listening, waiting] = [await server.connect(), await server.connect(), await server.connect()]
      await idle.call('PING')
      listening.command('SUBSCRIBE', 'news')
      waiting.command('BLPOP', 'queue', '0')
      const nagging = setInterval(() => void witness.call('PING'), DRIP_MS)
      await witness.call('CONFIG', 'SET', 'timeout', '1')
      assert.ok(await idle.closed(PATIENCE_MS))
      clearInterval(nagging)
      await witness.call('CONFIG', 'SET', 'timeout', '0')
      assert.equal(await figure(witness, 'idle_disconnections'), 1)
      assert.equal((await clientList(witness)).length, 3)
      assert.equal(show(await witness.call('RPUSH', 'queue', 'job')), ':1')
      assert.equal(show(await waiting.next()), '["queue", "job"]')
      for (const client of [listening, waiting]) client.destroy()
    })
  })
})
