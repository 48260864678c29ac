import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { Prng } from '../support/prng.ts'
import { type Reply, ReplyParser } from '../support/reply.ts'
import { EffectPair } from './effect-pair.ts'

function reply(pair: EffectPair, ...parts: (string | Buffer | number)[]): unknown {
  const parser = new ReplyParser()
  parser.feed(Buffer.from(pair.run(...parts), 'latin1'))
  return plain(parser.next())
}

function plain(value: Reply | undefined): unknown {
  if (value === undefined || value.type === 'nil') return null
  if (value.type === 'integer') return Number(value.value)
  return Array.isArray(value.value) ? value.value.map(plain) : value.value
}

function node(seed = 1): EffectPair {
  const pair = new EffectPair(seed)
  pair.a.effects.isOn = false
  return pair
}

/** Walks with SCAN to the end; `between` runs after each call. */
function scanAll(
  pair: EffectPair,
  options: string[],
  between: () => void,
): { keys: string[]; calls: number } {
  const keys: string[] = []
  let cursor = '0'
  let calls = 0
  do {
    const [next, some] = reply(pair, 'SCAN', cursor, ...options) as [string, string[]]
    assert.ok(Number(next) <= Number.MAX_SAFE_INTEGER)
    cursor = String(next)
    keys.push(...some)
    calls++
    between()
  } while (cursor !== '0')
  return { keys, calls }
}

test('SCAN answers every key that is there from start to end, while others come and go', () => {
  for (const count of ['1', '10', '500']) {
    const pair = node()
    for (let i = 0; i < 2000; i++) pair.run('SET', i % 2 ? `{one slot}${i}` : `k${i}`, 'v')
    let added = 0
    const { keys } = scanAll(pair, ['COUNT', count], () => {
      pair.run('MSET', `new${added}`, 'v', `{one slot}new${added}`, 'v')
      if (added > 3) pair.run('DEL', `new${added - 3}`)
      added++
    })
    const seen = new Set(keys)
    for (let i = 0; i < 2000; i++) assert.ok(seen.has(i % 2 ? `{one slot}${i}` : `k${i}`))
    assert.equal(seen.size, keys.length)
  }
})

test('SCAN answers about COUNT keys a call and rests early where other databases crowd', () => {
  const pair = node()
  for (let i = 0; i < 10_000; i++) pair.run('SET', `k${i}`, 'v')
  const whole = scanAll(pair, ['COUNT', '100'], () => {})
  assert.equal(whole.keys.length, 10_000)
  assert.ok(whole.calls >= 90 && whole.calls <= 101, `${whole.calls} calls`)
  pair.run('SELECT', '3')
  pair.run('MSET', 'a', '1', 'b', '2')
  const sparse = scanAll(pair, ['COUNT', '10'], () => {})
  assert.deepEqual(sparse.keys.sort(), ['a', 'b'])
  assert.ok(sparse.calls > 5, `${sparse.calls} calls`)
  assert.equal(scanAll(pair, ['COUNT', '100000'], () => {}).calls, 1)
})

test('SCAN and KEYS neither show what has expired nor other types than asked for', () => {
  const pair = node()
  pair.run('SET', 'gone', 'v', 'PX', '5')
  pair.run('RPUSH', 'l', 'a')
  pair.run('SADD', 't', 'a')
  pair.nowMs += 5
  assert.deepEqual((reply(pair, 'KEYS', '*') as string[]).sort(), ['l', 't'])
  assert.deepEqual(reply(pair, 'SCAN', '0', 'TYPE', 'LiSt'), ['0', ['l']])
  assert.deepEqual(reply(pair, 'SCAN', '0', 'TYPE', 'string'), ['0', []])
  assert.equal(pair.a.space.stats.expired, 1)
})

test('a cursor nobody was given ends the walk or goes on from there', () => {
  const pair = node()
  pair.run('SET', 'k', 'v')
  for (const cursor of ['9007199254740991', '18446744073709551615', '70368744177664']) {
    assert.deepEqual(reply(pair, 'SCAN', cursor), ['0', []])
  }
})

test('RANDOMKEY gives every key of the database the same chance, however slots and databases are filled', () => {
  const pair = node(5)
  for (let i = 0; i < 8; i++) pair.run('SET', `{crowd}${i}`, 'v')
  pair.run('SET', 'lonely', 'v')
  pair.run('SELECT', '1')
  for (let i = 0; i < 100; i++) pair.run('SET', `other${i}`, 'v')
  pair.run('SELECT', '0')
  const counts = new Map<string, number>()
  for (let i = 0; i < 4500; i++) {
    const key = String(reply(pair, 'RANDOMKEY'))
    counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  assert.equal(counts.size, 9)
  for (const [key, count] of counts) assert.ok(count > 350 && count < 650, `${key} ${count}`)
})

test('RANDOMKEY finds the one key among many of other databases and none when all have expired', () => {
  const pair = node()
  for (let i = 0; i < 3000; i++) pair.run('SET', `k${i}`, 'v')
  pair.run('SELECT', '9')
  pair.run('SET', 'needle', 'v', 'PX', '10')
  assert.equal(reply(pair, 'RANDOMKEY'), 'needle')
  pair.nowMs += 10
  assert.equal(reply(pair, 'RANDOMKEY'), null)
  assert.equal(reply(pair, 'DBSIZE'), 0)
})

test('flushing gives all memory back, whatever kinds of values there were, and the store works on', () => {
  const pair = node()
  const { space } = pair.a
  const fill = (): void => {
    for (let i = 0; i < 600; i++) {
      pair.run('SET', `s${i}`, 'v'.repeat(i * 40), 'EX', '100')
      pair.run('RPUSH', `l${i % 9}`, 'x'.repeat(i * 9), `${i}`)
      pair.run('HSET', `h${i % 9}`, `f${i}`, 'x'.repeat(i))
      pair.run('SADD', `t${i % 9}`, `m${i}`, 'y'.repeat(i))
      pair.run('ZADD', `z${i % 9}`, i, `m${i}`)
    }
    pair.run('SET', 'k'.repeat(20_000), 'long key')
  }
  for (let round = 0; round < 2; round++) {
    fill()
    pair.run('SELECT', '1')
    fill()
    pair.run('SELECT', '0')
    assert.ok(space.expiries.perDatabase[0]! > 0)
    const bytes = space.usedBytes()
    const expiring = space.expiries.perDatabase[1]!
    pair.run('FLUSHDB')
    assert.deepEqual([space.keyCount[0], space.expiries.perDatabase[0]], [0, 0])
    assert.deepEqual([space.keyCount[1], space.expiries.perDatabase[1]], [637, expiring])
    assert.ok(space.usedBytes() < bytes * 0.6)
    pair.run('SELECT', '1')
    assert.equal(reply(pair, 'GET', 's3'), 'v'.repeat(120))
    assert.equal(reply(pair, 'ZSCORE', 'z3', 'm3'), '3')
    fill()
    pair.run(round === 0 ? 'FLUSHALL' : 'FLUSHDB')
    assert.equal(space.arena.usedBytes + space.index.arena.usedBytes + space.entries.outsideBytes, 0)
    assert.deepEqual(
      [space.keyCount[1], space.expiries.perDatabase[1], reply(pair, 'EXISTS', 's3')],
      [0, 0, 0],
    )
    assert.ok(space.digest.sums.every((sum) => sum === 0))
    assert.ok(space.expiries.perSlot.every((count) => count === 0))
    pair.run('SELECT', '0')
  }
})

test('a far expiry is kept, asked for and compared without losing its size', () => {
  const pair = node()
  pair.run('SET', 'k', 'v')
  assert.equal(reply(pair, 'PEXPIREAT', 'k', '9007199254740991'), 1)
  assert.equal(reply(pair, 'PEXPIRETIME', 'k'), 9007199254740991)
  assert.equal(reply(pair, 'EXPIREAT', 'k', '9007199254741', 'GT'), 1)
  assert.equal(reply(pair, 'PEXPIREAT', 'k', '9007199254740991', 'GT'), 0)
})

test('SORT agrees with sorting the elements by hand', () => {
  const random = new Prng(11)
  for (let round = 0; round < 60; round++) {
    const pair = node(round + 1)
    const numbers = Array.from({ length: random.between(1, 300) }, () => random.between(-500, 500) / 4)
    const words = numbers.map(String)
    pair.run('RPUSH', 'l', ...words)
    const byNumber = [...words].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1))
    const byText = [...words].sort()
    const offset = random.below(20)
    const count = random.below(40)
    assert.deepEqual(reply(pair, 'SORT', 'l'), byNumber)
    assert.deepEqual(reply(pair, 'SORT', 'l', 'DESC'), [...byNumber].reverse())
    assert.deepEqual(reply(pair, 'SORT', 'l', 'ALPHA'), byText)
    const limited = reply(pair, 'SORT', 'l', 'ALPHA', 'LIMIT', offset, count)
    assert.deepEqual(limited, byText.slice(offset, offset + count))
    assert.equal(reply(pair, 'SORT', 'l', 'STORE', 'l'), words.length)
    assert.deepEqual(reply(pair, 'LRANGE', 'l', 0, -1), byNumber)
  }
})

test('SORT takes elements and weights of any bytes and any length', () => {
  const pair = node()
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))
  const long = all.repeat(300)
  const binary = (text: string): Buffer => Buffer.from(text, 'latin1')
  pair.run('RPUSH', 'l', binary(`b${long}`), binary(`a${long}`), binary('\xff'))
  pair.run('SET', binary(`w_a${long}_w`), binary(long))
  pair.run('HSET', binary('w_\xff_w'), 'f', '1')
  assert.deepEqual(reply(pair, 'SORT', 'l', 'ALPHA'), [`a${long}`, `b${long}`, '\xff'])
  assert.deepEqual(reply(pair, 'SORT', 'l', 'BY', 'x', 'GET', 'w_*_w', 'LIMIT', '1', '1'), [long])
  assert.deepEqual(reply(pair, 'SORT', 'l', 'BY', 'w_*_w->f', 'DESC', 'LIMIT', '0', '1'), ['\xff'])
})

test('SORT with several STOREs names the last one as its second key', () => {
  const pair = node()
  const { table, executor } = pair.a
  const keysOf = (...words: string[]): number[] => {
    const into: number[] = []
    executor.call.args = Args.from(...words)
    table.named('sort')!.findKeys!(executor.call, into)
    return into
  }
  assert.deepEqual(keysOf('SORT', 'l', 'STORE', 'a', 'STORE', 'b'), [1, 5])
  assert.deepEqual(keysOf('SORT', 'l', 'BY', 'STORE', 'GET', 'store', 'LIMIT', '0', '1'), [1])
  assert.deepEqual(keysOf('SORT', 'l'), [1])
})
