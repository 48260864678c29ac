/*
 * Cases that mostly wait, and so wait side by side: strangers who say nothing whole (table B-6), clients who say nothing at
 * all, one who will not take his answers when the node wants to stop, and the tools that measure.
 *
 * The idea: the waiting is real. How long half a request may take (30 s) is tested with a clock of its own in
 * test/resp; the shorter limit for strangers shows that the same sweep is wired. Shape: test.
 */
import assert from 'node:assert/strict'
import test, { describe } from 'node:test'
import { startOurNode } from '../support/our-node.ts'
import { hasRealRedis } from '../support/real-redis.ts'
import { show } from '../support/reply.ts'
import { attended, clientList, eventually, figure, MEBIBYTE } from './attended.ts'
import { run } from './redis-tool.ts'

const PATIENCE_MS = 20_000
const DRIP_MS = 500
const STAT_LINE = /^\d+ +\d.*$/gm
const BENCHMARKS = [
  ['-P', '1'],
  ['-P', '16', '-r', '1000', '-d', '100'],
]
/** The tests of redis-benchmark's own list. */
const BENCHMARK_COUNT = 20

describe('side by side', { concurrency: true, timeout: 60_000 }, () => {
  test('a stranger who says nothing whole is closed in time and counted', async () => {
    await attended({ password: 'secret' }, async ({ server, witness }) => {
      const [silent, dripping, known] = [
        await server.connect(),
        await server.connect(),
        await server.connect(),
      ]
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
      const [idle, listening, waiting] = [
        await server.connect(),
        await server.connect(),
        await server.connect(),
      ]
      await idle.call('PING')
      listening.command('SUBSCRIBE', 'news')
      waiting.command('BLPOP', 'queue', '0')
      await witness.call('CONFIG', 'SET', 'timeout', '1')
      await eventually('the idle one is closed, the busy one is not', async () => {
        assert.equal(show(await witness.call('PING')), '+PONG')
        return idle.isClosed
      })
      await witness.call('CONFIG', 'SET', 'timeout', '0')
      assert.equal(await figure(witness, 'idle_disconnections'), 1)
      assert.equal((await clientList(witness)).length, 3)
      assert.equal(show(await witness.call('RPUSH', 'queue', 'job')), ':1')
      assert.equal(show(await waiting.next()), '["queue", "job"]')
      for (const client of [listening, waiting]) client.destroy()
    })
  })

  test('a client who never reads cannot keep a stopping node alive', async () => {
    const server = await startOurNode()
    const [witness, deaf] = [await server.connect(), await server.connect()]
    await witness.call('SET', 'big', 'x'.repeat(MEBIBYTE))
    deaf.pauseReading()
    for (let index = 0; index < 20; index++) deaf.command('GET', 'big')
    await eventually('the answers wait', async () =>
      (await clientList(witness)).some((line) => Number(line.omem) > MEBIBYTE),
    )
    assert.equal(await server.stop(), 0)
    deaf.destroy()
  })

  test('redis-cli --stat prints a line a second', async (context) => {
    if (!hasRealRedis()) return context.skip()
    await attended({}, async ({ server }) => {
      const twoLines = (out: string) => (out.match(STAT_LINE)?.length ?? 0) >= 2
      assert.ok(twoLines((await run('redis-cli', server.port, ['--stat', '-i', '0.02'], '', twoLines)).out))
    })
  })

  test('redis-cli --latency measures round trips', async (context) => {
    if (!hasRealRedis()) return context.skip()
    await attended({}, async ({ server }) => {
      const { out } = await run('redis-cli', server.port, ['--raw', '--latency', '-i', '1'])
      assert.match(out, /^\d+ \d+ \d+\.\d+ \d+/)
    })
  })

  test('redis-benchmark runs its whole list without an error', async (context) => {
    if (!hasRealRedis()) return context.skip()
    await attended({}, async ({ server, witness }) => {
      const runs = BENCHMARKS.map((argv) =>
        run('redis-benchmark', server.port, ['-n', '2000', '-q', ...argv]),
      )
      for (const { code, out, errors } of await Promise.all(runs)) {
        assert.equal(code, 0, errors + out)
        assert.doesNotMatch(out + errors, /error|warning/i)
        const finished = out.match(/requests per second/g)?.length ?? 0
        assert.equal(finished, BENCHMARK_COUNT, out)
      }
      assert.match(String((await witness.call('INFO', 'errorstats')).value), /^# Errorstats\r\n$/)
    })
  })
})
