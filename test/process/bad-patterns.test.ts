/*
 * Patterns and keys made to be slow (tables B-9, B-11): stars upon stars against a name of a megabyte, a thousand pattern
 * subscriptions, keys that look like small integers.
 *
 * The idea: work is bounded by the input's size, so each case simply has to end, and others are served
 * after it; no clock is asked. An exponential matcher would outlive the deadline. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { show } from '../support/reply.ts'
import { attended, figure, MEBIBYTE, pipeline } from './attended.ts'

const STARS = 10_000
const PATTERNS = 1000
const KEYS = 2 ** 17
const KEYS_PER_REQUEST = 1024

const SLOW_PATTERNS: readonly (readonly [pattern: string, matches: boolean])[] = [
  ['*a'.repeat(STARS), false],
  ['a*'.repeat(STARS), true],
  ['*'.repeat(STARS), true],
  ['?*'.repeat(STARS), true],
  [`${'*a'.repeat(STARS)}*`, true],
  [`${'*a'.repeat(50)}*c`, false],
  [`${'[ab]*'.repeat(STARS)}b`, true],
  [`${'[^b]*'.repeat(STARS)}c`, false],
  ['[', false],
  [`[${'a'.repeat(STARS)}`, false],
  ['\\'.repeat(STARS), false],
]

test('patterns of ten thousand stars end, against a name of a megabyte', { timeout: 60_000 }, async () => {
  await attended({}, async ({ server, witness }) => {
    const name = `${'a'.repeat(MEBIBYTE - 1)}b`
    await witness.call('SET', name, 'v')
    await witness.call('HSET', 'hash', name, 'v')
    const client = await server.connect()
    for (const [pattern, matches] of SLOW_PATTERNS) {
      client.command('KEYS', pattern)
      assert.equal(show(await witness.call('PING')), '+PONG', 'another is served')
      const found = (await client.next()).value
      assert.equal(
        found.length,
        matches ? (/^\*+$/.test(pattern) ? 2 : 1) : 0,
        `KEYS ${pattern.slice(0, 20)}`,
      )
    }
    for (const argv of [
      ['SCAN', '0', 'COUNT', '1000', 'MATCH', SLOW_PATTERNS[0]![0]],
      ['HSCAN', 'hash', '0', 'MATCH', SLOW_PATTERNS[0]![0]],
    ]) {
      assert.equal(show(await client.call(...argv)), '["0", []]')
    }
    client.destroy()
  })
})

test('a thousand pattern subscriptions hear each message once per match', { timeout: 60_000 }, async () => {
  await attended({}, async ({ server, witness }) => {
    const listener = await server.connect()
    await pipeline(listener, PATTERNS, (index) => ['PSUBSCRIBE', `${'*a'.repeat(20)}*${index}`])
    assert.equal(await figure(witness, 'pubsub_patterns'), PATTERNS)
    const channel = `${'a'.repeat(2000)}-7`
    assert.equal((await witness.call('PUBLISH', channel, 'hello')).value, '1')
    assert.equal(
      show(await listener.next()),
      show({
        type: 'array',
        value: ['pmessage', `${'*a'.repeat(20)}*7`, channel, 'hello'].map((value) => ({
          type: 'bulk',
          value,
        })),
      }),
    )
    await pipeline(witness, 200, (index) => ['PUBLISH', `${'a'.repeat(2000)}${index}x`, 'nobody'])
    listener.destroy()
  })
})

test('keys that look like array indexes cost what other keys cost', { timeout: 60_000 }, async () => {
  await attended({}, async ({ witness }) => {
    const stride = 2 ** 12
    await pipeline(witness, KEYS / KEYS_PER_REQUEST, (portion) => {
      const first = portion * KEYS_PER_REQUEST
      const keys = Array.from({ length: KEYS_PER_REQUEST }, (_, index) => String((first + index) * stride))
      return ['MSET', ...keys.flatMap((key) => [key, key])]
    })
    assert.equal((await witness.call('DBSIZE')).value, String(KEYS))
    for (const command of ['SADD', 'HSET', 'ZADD']) {
      await pipeline(witness, KEYS / KEYS_PER_REQUEST, (portion) => {
        const first = portion * KEYS_PER_REQUEST
        const names = Array.from({ length: KEYS_PER_REQUEST }, (_, index) => String((first + index) * stride))
        if (command === 'SADD') return [command, command, 'word', ...names]
        return [command, command, ...names.flatMap((name) => [name, name])]
      })
    }
    assert.equal((await witness.call('SCARD', 'SADD')).value, String(KEYS + 1))
    assert.equal((await witness.call('HGET', 'HSET', String(7 * stride))).value, String(7 * stride))
    assert.equal((await witness.call('ZRANK', 'ZADD', String(7 * stride))).value, '7')
    assert.equal((await witness.call('GET', String((KEYS - 1) * stride))).value, String((KEYS - 1) * stride))
  })
})
