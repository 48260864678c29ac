/*
 * Set rows: events, effects, and what only a keyspace seen from inside can tell. What they answer is compared with
 * Redis in test/conformance. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../support/prng.ts'
import { CollectionRows } from './collection-rows.ts'

const KEYS = ['a', 'b', 'c', 'd']

test('random set commands leave a replica equal and give all memory back', () => {
  for (const [seed, spread] of [
    [1, 20],
    [2, 250],
    [3, 1200],
  ] as const) {
    const random = new Prng(seed)
    const rows = new CollectionRows()
    const member = (): string => (random.chance(0.9) ? '' : 'word') + String(random.below(spread) * 1_000_003)
    const members = (): string[] => Array.from({ length: random.between(1, spread / 8) }, member)
    for (let i = 0; i < 1500; i++) {
      const key = random.pick(KEYS)
      const roll = random.below(20)
      if (roll < 6) rows.run('SADD', key, ...members())
      else if (roll < 9) rows.run('SREM', key, ...members())
      else if (roll < 11) rows.run('SPOP', key)
      else if (roll < 12) rows.run('SPOP', key, random.below(spread / 3))
      else if (roll < 15) rows.run('SMOVE', key, random.pick(KEYS), member())
      else if (roll < 16) rows.run('SUNIONSTORE', random.pick(KEYS), key, random.pick(KEYS))
      else if (roll < 17) rows.run('SINTERSTORE', random.pick(KEYS), key, random.pick(KEYS))
      else if (roll < 18) rows.run('SDIFFSTORE', random.pick(KEYS), key, random.pick(KEYS))
      else rows.assertReplicated(key)
    }
    for (const key of KEYS) {
      rows.assertReplicated(key)
      rows.run('SPOP', key, 100_000)
      assert.equal(rows.has(key), false)
    }
    rows.assertNothingHeld()
  }
})

test('set commands tell what happened, in the order of Redis', () => {
  const rows = new CollectionRows()
  rows.run('SADD', 's', 'a', 'b', 'c', 'd')
  rows.run('SADD', 's', 'a')
  rows.run('SREM', 's', 'none')
  rows.run('SREM', 's', 'a')
  rows.run('SPOP', 's')
  rows.run('SUNIONSTORE', 'u', 's')
  rows.run('SINTERSTORE', 'u', 's', 'none')
  rows.run('SPOP', 's', 10)
  rows.run('SADD', 's', 'x')
  rows.run('SMOVE', 's', 't', 'x')
  rows.run('SREM', 't', 'x')
  assert.deepEqual(rows.takeEvents(), [
    'sadd s',
    'srem s',
    'spop s',
    'sunionstore u',
    'keymiss none',
    'del u',
    'spop s',
    'del s',
    'sadd s',
    'srem s',
    'del s',
    'sadd t',
    'srem t',
    'del t',
  ])
})

test('a stored result replaces any value and its time to live', () => {
  const rows = new CollectionRows()
  const key = Buffer.from('u')
  rows.run('SADD', 's', 1, 2)
  const ref = rows.space.setString(0, key, 0, 1, Buffer.alloc(100_000), 0, 100_000, false)
  rows.space.setExpiry(ref, 1e15)
  assert.equal(rows.run('SUNIONSTORE', 'u', 's'), ':2\r\n')
  assert.equal(rows.space.entries.expiryOf(rows.space.peek(0, key, 0, 1)), 0)
  assert.equal(rows.encoding('u'), 'intset')
  rows.assertReplicated('u')
  rows.run('SPOP', 'u', 2)
  rows.run('SPOP', 's', 2)
  rows.assertNothingHeld()
})

test('SPOP of more members than an effect can name travels as the set that is left', () => {
  const rows = new CollectionRows()
  for (let i = 0; i < 70_000; i += 1000)
    rows.run('SADD', 's', ...Array.from({ length: 1000 }, (_, k) => `m${i + k}`))
  rows.run('SPOP', 's', 65_000)
  assert.equal(rows.run('SCARD', 's'), ':5000\r\n')
  rows.assertReplicated('s')
})

test('SSCAN of a large set visits every member that stays, once', () => {
  const rows = new CollectionRows()
  for (let i = 0; i < 3000; i++) rows.run('SADD', 's', `m${i}`)
  const seen: string[] = []
  let cursor = '0'
  do {
    const words = rows
      .run('SSCAN', 's', cursor, 'COUNT', 37)
      .split('\r\n')
      .filter((line) => !/^[*$]/.test(line))
    cursor = words[0]!
    seen.push(...words.slice(1, -1))
  } while (cursor !== '0')
  assert.equal(seen.length, 3000)
  assert.equal(new Set(seen).size, 3000)
})

test('SRANDMEMBER refuses draws without bound and draws every member in time', () => {
  const rows = new CollectionRows()
  for (let i = 0; i < 200; i++) {
    rows.run('SADD', 'packed', `m${i % 100}`)
    rows.run('SADD', 'integers', i)
    rows.run('SADD', 'table', `m${i}`)
  }
  assert.equal(rows.run('SRANDMEMBER', 'table', -1_000_000_000_000), '-ERR value is out of range\r\n')
  for (const [key, count] of [
    ['packed', 100],
    ['integers', 200],
    ['table', 200],
  ] as const) {
    const drawn = (reply: string): string[] => reply.split('\r\n').filter((line) => /^m?\d+$/.test(line))
    assert.equal(new Set(drawn(rows.run('SRANDMEMBER', key, -8000))).size, count)
    for (const wanted of [1, 3, count - 1, count]) {
      const chosen = drawn(rows.run('SRANDMEMBER', key, wanted))
      assert.equal(chosen.length, wanted)
      assert.equal(new Set(chosen).size, wanted)
    }
  }
})
