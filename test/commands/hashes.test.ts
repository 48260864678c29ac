/*
 * Hash rows: events, effects, and what only a keyspace seen from inside can tell. What they answer is compared with
 * Redis in test/conformance. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../support/prng.ts'
import { CollectionRows } from './collection-rows.ts'

test('random hash commands leave a replica equal and give all memory back', () => {
  for (const [seed, fields, longest] of [
    [1, 20, 20],
    [2, 300, 80],
    [3, 10, 50_000],
  ] as const) {
    const random = new Prng(seed)
    const rows = new CollectionRows()
    const field = (): string => `f${random.below(fields)}`
    const value = (): Buffer => random.bytes(random.below(longest))
    for (let i = 0; i < 1500; i++) {
      const key = random.pick(['h', 'g'])
      const roll = random.below(10)
      if (roll < 4) rows.run('HSET', key, field(), value(), field(), value())
      else if (roll < 5) rows.run('HSETNX', key, field(), value())
      else if (roll < 6) rows.run('HINCRBY', key, `n${random.below(fields)}`, random.between(-1000, 1000))
      else if (roll < 7) rows.run('HINCRBYFLOAT', key, `n${random.below(fields)}`, '1.25')
      else if (roll < 9) rows.run('HDEL', key, field(), field(), `n${random.below(fields)}`)
      else rows.assertReplicated(key)
    }
    for (const key of ['h', 'g']) {
      rows.assertReplicated(key)
      for (let i = 0; i < fields; i++) rows.run('HDEL', key, `f${i}`, `n${i}`)
      assert.equal(rows.has(key), false)
    }
    rows.assertNothingHeld()
  }
})

test('hash commands tell what happened, in the order of Redis', () => {
  const rows = new CollectionRows()
  rows.run('HSET', 'h', 'a', 1)
  rows.run('HMSET', 'h', 'b', 1)
  rows.run('HSETNX', 'h', 'b', 1)
  rows.run('HSETNX', 'h', 'c', 1)
  rows.run('HINCRBY', 'h', 'a', 1)
  rows.run('HINCRBYFLOAT', 'h', 'a', 1)
  rows.run('HDEL', 'h', 'none')
  rows.run('HDEL', 'h', 'a')
  rows.run('HDEL', 'h', 'b', 'c')
  assert.deepEqual(rows.takeEvents(), [
    'hset h',
    'hset h',
    'hset h',
    'hincrby h',
    'hincrbyfloat h',
    'hdel h',
    'hdel h',
    'del h',
  ])
})

test('HINCRBY is exact over all of int64', () => {
  const rows = new CollectionRows()
  rows.run('HSET', 'h', 'a', '9007199254740992')
  assert.equal(rows.run('HINCRBY', 'h', 'a', 1), ':9007199254740993\r\n')
  assert.equal(rows.run('HINCRBY', 'h', 'a', '-9007199254740994'), ':-1\r\n')
  assert.equal(rows.run('HINCRBY', 'h', 'a', '-9223372036854775807'), ':-9223372036854775808\r\n')
  assert.match(rows.run('HINCRBY', 'h', 'a', -1), /^-ERR increment or decrement would overflow/)
  assert.equal(rows.run('HINCRBY', 'h', 'a', '9223372036854775807'), ':-1\r\n')
})

test('HSCAN of a large hash visits every field that stays, once', () => {
  const rows = new CollectionRows()
  for (let i = 0; i < 3000; i++) rows.run('HSET', 'h', `f${i}`, i)
  const seen: string[] = []
  let cursor = '0'
  let round = 0
  do {
    const words = rows
      .run('HSCAN', 'h', cursor, 'COUNT', 100)
      .split('\r\n')
      .filter((line) => !/^[*$]/.test(line))
    cursor = words[0]!
    for (let i = 1; i + 1 < words.length; i += 2) seen.push(words[i]!)
    // Fields that come and go on the way must not disturb the others.
    rows.run('HSET', 'h', `x${round}`, 1)
    rows.run('HDEL', 'h', `x${round - 1}`)
    round++
  } while (cursor !== '0')
  const stayed = seen.filter((field) => field.startsWith('f'))
  assert.equal(stayed.length, 3000)
  assert.equal(new Set(stayed).size, 3000)
})

test('HRANDFIELD refuses draws without bound and draws every field in time', () => {
  const rows = new CollectionRows()
  for (let i = 0; i < 200; i++) {
    rows.run('HSET', 'h', `f${i}`, i)
    if (i < 5) rows.run('HSET', 'small', `f${i}`, i)
  }
  assert.equal(rows.run('HRANDFIELD', 'h', -1_000_000_000_000), '-ERR value is out of range\r\n')
  for (const [key, count] of [
    ['h', 200],
    ['small', 5],
  ] as const) {
    const drawn = new Set(rows.run('HRANDFIELD', key, -8000).match(/f\d+/g))
    assert.equal(drawn.size, count)
    for (const wanted of [1, 3, count - 1, count]) {
      const chosen = rows.run('HRANDFIELD', key, wanted, 'WITHVALUES').match(/f\d+/g)!
      assert.equal(chosen.length, wanted)
      assert.equal(new Set(chosen).size, wanted)
    }
  }
})
