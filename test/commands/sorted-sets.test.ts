/*
 * Sorted set rows on a keyspace of their own: what travels to replicas, which events are told, what is held in the
 * end. What they answer is compared with redis-server in test/conformance. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../support/prng.ts'
import { SortedSetRows } from './sorted-set-rows.ts'

test('random requests leave the replica with the same members, scores and versions', () => {
  for (let seed = 0; seed < 6; seed++) {
    const random = new Prng(seed)
    const rows = new SortedSetRows()
    rows.space.limits.sortedSetListpackEntries = [128, 4, 0][seed % 3]!
    const key = (): string => random.pick(['a', 'b', 'c'])
    const member = (): string => `m${random.below(40)}`
    const score = (): string => random.pick(['1', '-2.5', '1e10', 'inf', '0', `${random.below(9)}`])
    const requests: (() => string)[] = [
      () => `zadd ${key()} ${score()} ${member()} ${score()} ${member()} ${score()} ${member()}`,
      () =>
        `zadd ${key()} ${random.pick(['nx', 'xx', 'gt', 'lt', 'ch'])} ${score()} ${member()} ${score()} ${member()}`,
      () => `zadd ${key()} incr ${score()} ${member()}`,
      () => `zincrby ${key()} ${score()} ${member()}`,
      () => `zrem ${key()} ${member()} ${member()}`,
      () => `zpopmin ${key()} ${random.below(3)}`,
      () => `zpopmax ${key()}`,
      () => `zmpop 2 ${key()} ${key()} max count 2`,
      () => `bzpopmin ${key()} ${key()} 0`,
      () => `bzmpop 0 1 ${key()} min count 3`,
      () => `zremrangebyrank ${key()} ${random.between(-9, 9)} ${random.between(-9, 9)}`,
      () => `zremrangebyscore ${key()} (${score()} ${score()}`,
      () => `zremrangebylex ${key()} [${member()} [${member()}`,
      () => `zunionstore ${key()} 2 ${key()} ${key()} weights 1 2`,
      () => `zinterstore ${key()} 2 ${key()} ${key()} aggregate max`,
      () => `zdiffstore ${key()} 2 ${key()} ${key()}`,
      () => `zrangestore ${key()} ${key()} -5 -1`,
    ]
    for (let i = 0; i < 1500; i++) {
      const request = random.chance(0.4) ? requests[0]!() : random.pick(requests)()
      const reply = rows.line(request)
      assert.ok(!reply.startsWith('-') || reply.includes('NaN'), `${request}: ${reply}`)
      for (const name of ['a', 'b', 'c']) rows.assertReplicated(name)
    }
    for (const name of ['a', 'b', 'c']) rows.line(`zremrangebyrank ${name} 0 -1`)
    rows.assertNothingHeld()
  }
})

test('a request that changes nothing makes no version and tells nothing', () => {
  const rows = new SortedSetRows()
  rows.line('zadd z 1 a 2 b')
  rows.takeEvents()
  const before = rows.space.changes
  for (const request of [
    'zadd z 1 a',
    'zadd z nx 5 a',
    'zadd z xx 5 c',
    'zadd z gt 0 a',
    'zadd none xx 1 a',
    'zincrby z 0 a',
    'zrem z c',
    'zpopmin z 0',
    'zpopmin none',
    'zremrangebyscore z 5 9',
    'zremrangebyrank none 0 -1',
    'zdiffstore none 1 empty',
    'zrange z 0 -1',
    'zrandmember z 5',
    'zscan z 0',
    'zmpop 1 none min',
  ])
    rows.line(request)
  assert.equal(rows.space.changes, before)
  assert.deepEqual(rows.takeEvents(), [])
})

test('each change tells its event, and del follows when the last member goes', () => {
  const rows = new SortedSetRows()
  const eventsOf = (request: string): string[] => {
    rows.line(request)
    return rows.takeEvents()
  }
  assert.deepEqual(eventsOf('zadd z 1 a 2 b 3 c 4 d 5 e 6 f 7 g'), ['zadd z'])
  assert.deepEqual(eventsOf('zadd z incr 1 a'), ['zincr z'])
  assert.deepEqual(eventsOf('zincrby z 1 a'), ['zincr z'])
  assert.deepEqual(eventsOf('zrem z a'), ['zrem z'])
  assert.deepEqual(eventsOf('zpopmin z'), ['zpopmin z'])
  assert.deepEqual(eventsOf('zmpop 2 none z max'), ['zpopmax z'])
  assert.deepEqual(eventsOf('zremrangebyrank z 0 0'), ['zremrangebyrank z'])
  assert.deepEqual(eventsOf('zunionstore u 1 z'), ['zunionstore u'])
  assert.deepEqual(eventsOf('zrangestore u z 0 0'), ['zrangestore u'])
  assert.deepEqual(eventsOf('zinterstore u 2 z none'), ['del u'])
  assert.deepEqual(eventsOf('zremrangebyscore z -inf +inf'), ['zremrangebyscore z', 'del z'])
  assert.deepEqual(eventsOf('zadd z 1 a'), ['zadd z'])
  assert.deepEqual(eventsOf('bzpopmax z 0'), ['zpopmax z', 'del z'])
  rows.assertNothingHeld()
})

test('scores that would not be numbers are refused and change nothing', () => {
  const rows = new SortedSetRows()
  rows.line('zadd z inf a')
  assert.equal(rows.line('zincrby z -inf a'), '-ERR resulting score is not a number (NaN)')
  assert.equal(rows.line('zadd z incr -inf a'), '-ERR resulting score is not a number (NaN)')
  assert.equal(rows.line('zadd z 1 b nan c'), '-ERR value is not a valid float')
  assert.equal(rows.line('zrange z 0 -1 withscores'), '*2 $1 a $3 inf')
  rows.line('zadd y -inf a')
  assert.equal(rows.line('zunion 2 z y withscores'), '*2 $1 a $1 0')
})

test('pops answer pairs in RESP3 only when a count was given', () => {
  const rows = new SortedSetRows()
  rows.useProtocol(3)
  rows.line('zadd z 1 a 2 b 3 c 4 d')
  assert.equal(rows.line('zpopmin z'), '*2 $1 a ,1')
  assert.equal(rows.line('zpopmin z 1'), '*1 *2 $1 b ,2')
  assert.equal(rows.line('bzpopmax z 0'), '*3 $1 z $1 d ,4')
  assert.equal(rows.line('zmpop 1 z min'), '*2 $1 z *1 *2 $1 c ,3')
  assert.equal(rows.line('zmpop 1 z min'), '_')
})

test('blocking pops wait only where they may', () => {
  const rows = new SortedSetRows()
  assert.equal(rows.line('bzpopmin z 0'), '(blocked)')
  assert.equal(rows.line('bzmpop 0 1 z min'), '(blocked)')
  assert.equal(rows.line('zmpop 1 z min'), '*-1')
  assert.equal(rows.line('bzpopmin z -1'), '-ERR timeout is negative')
})

test('random members are members, different ones unless repeats are asked for', () => {
  for (const count of [10, 500]) {
    const rows = new SortedSetRows()
    for (let i = 0; i < count; i++) rows.line(`zadd z ${i % 9} m${i}`)
    for (const wanted of [1, 3, 9, count, count * 2]) {
      const members = rows.line(`zrandmember z ${wanted}`).match(/m\d+/g)!
      assert.equal(members.length, Math.min(wanted, count))
      assert.equal(new Set(members).size, members.length)
      assert.equal(rows.line(`zrandmember z -${wanted}`).match(/m\d+/g)!.length, wanted)
    }
    assert.equal(rows.line('zrandmember z -4611686018427387903'), '-ERR value is out of range')
  }
})

test('a scan of a large sorted set meets every member that stays', () => {
  const rows = new SortedSetRows()
  const random = new Prng(5)
  for (let i = 0; i < 3000; i++) rows.line(`zadd z ${i} stays${i} ${i} goes${i}`)
  const seen = new Set<string>()
  let cursor = '0'
  do {
    const reply = rows.line(`zscan z ${cursor} count 50`)
    cursor = reply.split(' ')[2]!
    for (const [name] of reply.matchAll(/stays\d+/g)) seen.add(name)
    rows.line(`zrem z goes${random.below(3000)}`)
    rows.line(`zadd z 1 new${random.below(100_000)}`)
  } while (cursor !== '0')
  assert.equal(seen.size, 3000)
})

test('members are any bytes, of any length', () => {
  const rows = new SortedSetRows()
  const members = [Buffer.alloc(0), Buffer.from([0]), Buffer.from([255, 13, 10]), Buffer.alloc(100_000, 200)]
  for (const [score, member] of members.entries()) rows.run('zadd', 'z', score, member)
  for (const [score, member] of members.entries()) {
    assert.equal(rows.run('zscore', 'z', member).toString(), `$1\r\n${score}\r\n`)
    assert.equal(rows.run('zrank', 'z', member).toString(), `:${score}\r\n`)
  }
  assert.equal(rows.encoding('z'), 'skiplist')
  rows.assertReplicated('z')
  for (const member of members) rows.run('zrem', 'z', member)
  rows.assertNothingHeld()
})
