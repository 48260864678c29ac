import assert from 'node:assert/strict'
import test from 'node:test'
import { EFFECT_HEADER_BYTES } from '../../src/store/effect-header.ts'
import { GENERATORS } from '../fuzz/generators.ts'
import { GRAMMAR } from '../fuzz/grammar.ts'
import { compile, type Template } from '../fuzz/template.ts'
import { Prng, seedOfRun } from '../support/prng.ts'
import type { Argument } from '../support/reply.ts'
import { dump, EffectPair } from './effect-pair.ts'

const RUN_BY_EVERY_NODE = /^(flushall|flushdb|swapdb)$/i
const REQUESTS = 4000
/** What the grammar of the fuzzer leaves out: luck that decides what is stored, and short lives. */
const MORE = [
  'SPOP :set (1|2|3)',
  'SPOP :set',
  'PEXPIRE :key (3|10|40)',
  'SET :str :value PX (3|20)',
  'GETEX :str PX (5|30)',
  'HINCRBYFLOAT :hash :field :float',
  'MSETNX :strPairs',
  'GETDEL :key',
  'SORT :list ALPHA STORE :list',
  'RPUSH :list :manyMembers :manyMembers :manyMembers',
  'SADD :set :manyMembers :manyMembers',
].map((text) => compile(text, GENERATORS))

const totalWeight = GRAMMAR.reduce((sum, row) => sum + row.weight, 0)

function draw(random: Prng): Argument[] {
  if (random.chance(0.12)) return random.pick(MORE).draw(random)
  let left = random.fraction() * totalWeight
  let template: Template = GRAMMAR[0]!.template
  for (const row of GRAMMAR) {
    template = row.template
    left -= row.weight
    if (left < 0) break
  }
  return template.draw(random)
}

function bytesOf(argv: readonly Argument[]): (string | Buffer)[] {
  return argv.map((word) => (typeof word === 'string' || Buffer.isBuffer(word) ? word : String(word)))
}

function shrinkLimits(pair: EffectPair): void {
  for (const { space } of [pair.a, pair.b]) {
    Object.assign(space.limits, {
      hashListpackEntries: 4,
      hashListpackValueBytes: 8,
      setIntsetEntries: 6,
      sortedSetListpackEntries: 4,
      sortedSetListpackValueBytes: 8,
      listListpackSize: 8,
    })
  }
}

function digestsOf(pair: EffectPair): Int32Array[] {
  return [pair.a, pair.b].map(({ space }) => space.digest.sums)
}

for (const hasSmallLimits of [false, true]) {
  const limits = hasSmallLimits ? 'tiny' : 'default'
  test(`whatever is run, its effects make another store equal (${limits} encoding limits)`, () => {
    const seed = seedOfRun()
    const random = new Prng(seed)
    const pair = new EffectPair(seed)
    if (hasSmallLimits) shrinkLimits(pair)
    const recent: string[] = []
    const told = (): string => `SEED=${seed}\n${recent.slice(-8).join('\n')}`
    for (let i = 0; i < REQUESTS; i++) {
      const argv = bytesOf(draw(random))
      const isForAll = RUN_BY_EVERY_NODE.test(String(argv[0]))
      if (isForAll && pair.session.transaction !== null) continue
      recent.push(argv.map((word) => JSON.stringify(word.toString('latin1' as never))).join(' '))
      pair.nowMs += random.below(4)
      pair.run(...argv)
      if (isForAll) pair.runOnB(...argv)
      const outcomes = pair.replay(pair.takeEffects())
      assert.ok(
        outcomes.every((outcome) => outcome === 'applied'),
        `${outcomes.join()} ${told()}`,
      )
      if (random.chance(0.02)) pair.b.expiry.run(pair.nowMs, 1e9)
      if (i % 50 !== 0) continue
      pair.expireAll()
      assert.deepEqual(dump(pair.b.space), dump(pair.a.space), told())
    }
    pair.expireAll()
    assert.deepEqual(dump(pair.b.space), dump(pair.a.space), told())
    const [ofA, ofB] = digestsOf(pair)
    assert.deepEqual(ofB, ofA, told())
    assert.deepEqual([...pair.b.space.keyCount], [...pair.a.space.keyCount])
    assert.deepEqual([...pair.b.space.expiries.perDatabase], [...pair.a.space.expiries.perDatabase])
  })
}

test('an effect that was applied before is applied again without a change', () => {
  const pair = new EffectPair(1)
  pair.run('SET', 'k', 'v', 'EX', '100')
  pair.run('INCR', 'n')
  pair.run('RPUSH', 'l', 'a')
  const bytes = pair.takeEffects()
  assert.deepEqual(pair.replay(bytes), ['applied', 'applied', 'applied'])
  const before = dump(pair.b.space)
  assert.deepEqual(pair.replay(bytes), ['applied', 'applied', 'applied'])
  assert.deepEqual(dump(pair.b.space), before)
})

test('a request that builds on a version this store does not have is refused, until the whole entry comes', () => {
  const pair = new EffectPair(2)
  pair.run('RPUSH', 'l', 'a')
  pair.takeEffects()
  pair.run('RPUSH', 'l', 'b')
  assert.deepEqual(pair.replay(pair.takeEffects()), ['base-mismatch'])
  pair.run('EXPIRE', 'l', '100')
  assert.deepEqual(pair.replay(pair.takeEffects()), ['base-mismatch'])
  assert.deepEqual(dump(pair.b.space), [])
  pair.run('COPY', 'l', 'm')
  pair.run('RENAME', 'm', 'l')
  assert.deepEqual(pair.replay(pair.takeEffects()), ['applied', 'applied', 'applied'])
  assert.deepEqual(dump(pair.b.space), dump(pair.a.space))
})

test('what is older than the entry that is there neither replaces nor removes it', () => {
  const pair = new EffectPair(3)
  pair.run('SET', 'k', 'old')
  const put = pair.takeEffects()
  pair.run('DEL', 'k')
  const remove = pair.takeEffects()
  pair.run('SET', 'k', 'new')
  assert.deepEqual(pair.replay(pair.takeEffects()), ['applied'])
  assert.deepEqual(pair.replay(put), ['base-mismatch'])
  assert.deepEqual(pair.replay(remove), ['base-mismatch'])
  assert.deepEqual(dump(pair.b.space), dump(pair.a.space))
})

test('a key that was over on the first store does not stand in the way on the second', () => {
  const pair = new EffectPair(4)
  pair.run('SET', 'n', '5', 'PX', '10')
  pair.replay(pair.takeEffects())
  pair.nowMs += 20
  pair.run('INCR', 'n')
  assert.deepEqual(pair.replay(pair.takeEffects()), ['applied'])
  assert.deepEqual(dump(pair.b.space), dump(pair.a.space))
})

test('the name SORT gives to a sorted set goes with its copy, here and on the second store', () => {
  const pair = new EffectPair(10)
  pair.run('ZADD', 'z', '1', 'a', '2', 'b')
  pair.run('SORT', 'z', 'ALPHA')
  pair.run('COPY', 'z', 'copy')
  pair.run('RENAME', 'z', 'renamed')
  assert.ok(pair.replay(pair.takeEffects()).every((outcome) => outcome === 'applied'))
  for (const key of ['copy', 'renamed']) {
    assert.equal(pair.run('OBJECT', 'ENCODING', key), '$8\r\nskiplist\r\n')
    assert.equal(pair.runOnB('OBJECT', 'ENCODING', key), '$8\r\nskiplist\r\n')
  }
  assert.deepEqual(dump(pair.b.space), dump(pair.a.space))
})

test('replaying answers, announces, counts and touches nothing', () => {
  const pair = new EffectPair(5)
  const events: string[] = []
  pair.b.state.notifyFlags = -1
  pair.b.state.notifyKeyspace = (_class, event) => events.push(event)
  pair.run('RPUSH', 'l', 'a')
  pair.run('RPUSH', 'l', 'b')
  pair.run('DEL', 'l')
  const { hits, misses } = pair.b.space.stats
  assert.deepEqual(pair.replay(pair.takeEffects()), ['applied', 'applied', 'applied'])
  assert.deepEqual(events, [])
  assert.deepEqual([pair.b.space.stats.hits, pair.b.space.stats.misses], [hits, misses])
  assert.equal(pair.b.effects.out.length, 0)
  assert.equal(pair.b.state.notifyFlags, -1)
})

test('bytes cut short or changed are refused without harm', () => {
  const pair = new EffectPair(6)
  const requests = [
    'SET s value EX 100',
    'APPEND s x',
    'RPUSH l a b',
    'LPOP l',
    'HSET h f v',
    'SADD t 1 2',
    'SADD t x',
    'SPOP t',
    'ZADD z 1 a',
    'EXPIRE z 100',
    'COPY t u',
    'DEL s',
    'SUNIONSTORE v u t',
  ]
  const random = new Prng(7)
  const victim = new EffectPair(8)
  for (const request of requests) {
    pair.run(...request.split(' '))
    const bytes = pair.takeEffects()
    const before = dump(pair.b.space)
    for (let length = 1; length < Math.min(bytes.length, 40); length++) {
      assert.equal(pair.replay(bytes.subarray(0, length)).at(-1), 'broken', `${request} cut at ${length}`)
      assert.deepEqual(dump(pair.b.space), before)
    }
    assert.ok(
      pair.replay(bytes).every((outcome) => outcome === 'applied'),
      request,
    )
    for (let round = 0; round < 200; round++) {
      const changed = Buffer.from(bytes)
      changed[random.below(changed.length)]! ^= 1 << random.below(8)
      victim.replay(changed)
      victim.replay(random.bytes(random.below(80)))
    }
  }
})

test('a value that is broken inside leaves the entry it would have replaced', () => {
  for (const request of ['RPUSH k a b', 'HSET k f v', 'SADD k 1 2', 'ZADD k 1 a', 'SET k v']) {
    const pair = new EffectPair(9)
    pair.run('SET', 'other', 'x')
    pair.run('RENAME', 'other', 'k')
    pair.replay(pair.takeEffects())
    pair.run('DEL', 'k')
    pair.takeEffects()
    pair.run(...request.split(' '))
    pair.run('RENAME', 'k', 'j')
    pair.run('RENAME', 'j', 'k')
    const effects = pair.takeEffects()
    const before = dump(pair.b.space)
    const put = effects.subarray(effects.length - lengthOfLastPut(effects))
    for (const spoilt of spoilings(put)) {
      assert.deepEqual(pair.replay(spoilt), ['broken'], request)
      assert.deepEqual(dump(pair.b.space), before)
    }
    assert.deepEqual(pair.replay(put), ['applied'])
    assert.deepEqual(dump(pair.b.space), dump(pair.a.space))
  }
})

/** A PUT of key `k`: header, the key with its length, the body with its length. */
function lengthOfLastPut(effects: Buffer): number {
  const at = effects.lastIndexOf(Buffer.from([1, 0, 0, 0, 0x6b]))
  return effects.length - at + EFFECT_HEADER_BYTES
}

/** The same effect with a body of another type's number, one byte too long, or one too short. */
function spoilings(put: Buffer): Buffer[] {
  const bodyAt = EFFECT_HEADER_BYTES + 5 + 4
  const wrongType = Buffer.from(put)
  wrongType[bodyAt] = 9
  const longer = Buffer.concat([put, Buffer.from([0])])
  longer.writeUInt32LE(put.length - bodyAt + 1, bodyAt - 4)
  const shorter = Buffer.from(put.subarray(0, -1))
  shorter.writeUInt32LE(put.length - bodyAt - 1, bodyAt - 4)
  return [wrongType, longer, shorter]
}
