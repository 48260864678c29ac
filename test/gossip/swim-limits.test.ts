/*
 * Every limit of SWIM is reached, and hostile messages neither throw nor do what only a member itself may do.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { LAN_CONFIG, problemsOf } from '../../gossip/swim/config.ts'
import { BUCKET_COUNT } from '../../gossip/swim/digest.ts'
import { ACK, NACK, PING, PUSH_PULL, RELAY, SUSPECT, SWIM_ROWS, SYNC } from '../../gossip/swim/messages.ts'
import { SEEDS_MAX } from '../../gossip/swim/push-pull.ts'
import type { Message } from '../../gossip/messages.ts'
import { Prng } from '../support/prng.ts'
import { isWellFormed, recordOf, Stage } from './swim-stage.ts'

test('a full list refuses newcomers and counts them; an eviction makes room', () => {
  const stage = Stage.among(5, { membersMax: 4 })
  assert.equal(stage.swim.size, 4)
  assert.equal(stage.swim.counters.membersRefused, 2)
  stage.swim.assume([recordOf('n8')])
  assert.equal(stage.swim.counters.membersRefused, 3)
  stage.swim.evict('n1')
  stage.hearAlive(recordOf('n9'))
  assert.equal(stage.livenessOf('n9'), 'alive')
})

test('the memory of the departed is bounded and counts what it forgets', () => {
  const stage = Stage.among(3, { departedMax: 2 })
  for (const id of ['n1', 'n2', 'n3']) stage.swim.evict(id)
  assert.equal(stage.swim.departedCount, 2)
  assert.equal(stage.swim.counters.departedForgotten, 1)
})

test('the queue of broadcasts is bounded and counts what it drops', () => {
  const stage = Stage.among(0, { broadcastsMax: 3 })
  for (let each = 1; each <= 5; each++) stage.hearAlive(recordOf(`n${each}`))
  assert.equal(stage.swim.broadcastsWaiting, 3)
  assert.equal(stage.swim.counters.broadcastsDropped, 2)
})

test('probes in flight are bounded', () => {
  const stage = Stage.among(5, { probesMax: 2 })
  for (const id of ['n1', 'n2', 'n3']) stage.swim.onLinkDown(id)
  assert.equal(stage.swim.probesInFlight, 2)
  assert.equal(stage.swim.counters.probesRefused, 1)
})

test('pings on behalf of others are bounded, and their places become free again', () => {
  const stage = Stage.among(3, { relaysMax: 2 })
  for (let sequence = 0; sequence < 5; sequence++) stage.hear('n1', [RELAY, sequence, 'n2'])
  assert.equal(stage.sent(PING).length, 2)
  assert.equal(stage.swim.counters.relaysRefused, 3)
  stage.pass(1000)
  stage.hear('n1', [RELAY, 9, 'n2'])
  assert.equal(stage.swim.counters.relaysServed, 3)
})

test('answers to differing digests are bounded per second', () => {
  const stage = Stage.among(1, { syncAnswersPerSecond: 2 })
  const sums = new Array<number>(BUCKET_COUNT).fill(0)
  for (let each = 0; each < 5; each++) stage.hear('n1', [SYNC, false, sums], true)
  assert.equal(stage.sent(PUSH_PULL).length, 2)
  assert.equal(stage.swim.counters.syncsRefused, 3)
  stage.pass(1000)
  stage.forget()
  stage.hear('n1', [SYNC, false, sums], true)
  assert.equal(stage.sent(PUSH_PULL).length, 1)
})

test('seeds are bounded', () => {
  const stage = Stage.among(0)
  stage.swim.join(Array.from({ length: 100 }, (_, at) => `10.1.0.1:${1000 + at}`))
  assert.equal(stage.sent(SYNC).length, SEEDS_MAX)
})

test('a list is sent in messages of a bounded number of records, each bucket whole', () => {
  const stage = Stage.among(2000)
  stage.hear('n1', [SYNC, true, new Array<number>(BUCKET_COUNT).fill(0)], true)
  const messages = stage.sent(PUSH_PULL).map(({ message }) => message)
  assert.ok(messages.length >= 3)
  const counts = messages.map((message) => (message[4] as unknown[]).length)
  assert.ok(Math.max(...counts) < 700, `${counts}`)
  assert.equal(
    counts.reduce((sum, count) => sum + count),
    2001,
  )
  const buckets = messages.flatMap((message) => message[3] as number[])
  assert.deepEqual(
    buckets,
    Array.from({ length: BUCKET_COUNT }, (_, at) => at),
  )
})

test('the incarnations of a forger are refused however high, and the member stays as it is', () => {
  const stage = Stage.among(2)
  for (const incarnation of [2 ** 21, 2 ** 31, 2 ** 32 - 1]) {
    stage.hear('n2', [7, 'n1', 1000, incarnation, 'n2'])
    stage.hear('n2', [6, 'n1', 1000, incarnation, 'n2'])
  }
  assert.equal(stage.livenessOf('n1'), 'alive')
  assert.equal(stage.swim.counters.jumpsRefused, 6)
})

test('a config is changed as a whole or not at all, and is in force at once', () => {
  const stage = Stage.among(5)
  assert.match(stage.swim.configure({ probeIntervalMs: 400 })[0]!, /pingTimeoutMs must be below/)
  assert.equal(stage.swim.config.probeIntervalMs, 1000)
  assert.deepEqual(stage.swim.configure({ pingTimeoutMs: 100, relayCount: 1, membersMax: 6 }), [])
  const ping = stage.passUntilSent(PING)
  stage.pass(100)
  assert.equal(stage.sent(RELAY).length, 1)
  stage.hear(ping.message[2] as string, [ACK, ping.message[1]])
  stage.hearAlive(recordOf('n9'))
  assert.equal(stage.swim.counters.membersRefused, 1)
  assert.throws(() => new Stage({ gossipFanOut: 0 }), /gossipFanOut/)
  assert.deepEqual(problemsOf({ ...LAN_CONFIG, evictAfterMs: 10_000 }), [])
})

/** Any well-formed message whatever, about few members, with numbers near each other and near the limits. */
function anyMessage(prng: Prng): Message {
  const id = (): string => `n${prng.below(8)}`
  const birth = (): number => prng.pick([0, 999, 1000, 1001, 2000, 2 ** 52 - 1, 2 ** 52])
  const incarnation = (): number => prng.pick([0, 1, 2, 3, 2 ** 20, 2 ** 21, 2 ** 32 - 1])
  const sequence = (): number => prng.pick([0, 1, prng.bits(), 2 ** 32 - 1])
  const record = (): unknown[] => [
    id(),
    birth(),
    incarnation(),
    prng.pick([recordOf(id()).address, '[::1]:1', 'host.example:65535']),
    prng.pick([[], ['a'], ['a', 'dc-b']]),
    prng.bytes(prng.pick([0, 1, 512])),
  ]
  switch (prng.between(1, 9)) {
    case PING:
      return [PING, sequence(), id(), birth()]
    case ACK:
      return [ACK, sequence()]
    case RELAY:
      return [RELAY, sequence(), id()]
    case NACK:
      return [NACK, sequence()]
    case 5:
      return [5, ...record()]
    case SUSPECT:
      return [SUSPECT, id(), birth(), incarnation(), id()]
    case 7:
      return [7, id(), birth(), incarnation(), id()]
    case SYNC:
      return [SYNC, prng.chance(0.5), Array.from({ length: BUCKET_COUNT }, () => prng.bits())]
    default: {
      const entries = Array.from({ length: prng.below(6) }, () => [...record(), prng.below(4)])
      return [PUSH_PULL, prng.chance(0.5), prng.chance(0.5), [prng.below(BUCKET_COUNT)], entries]
    }
  }
}

test('a hundred thousand hostile messages: nothing throws, all limits hold, what is sent is well formed', () => {
  const prng = new Prng(99)
  const stage = Stage.among(4, {
    membersMax: 6,
    broadcastsMax: 5,
    relaysMax: 10,
    departedMax: 3,
    evictAfterMs: 5000,
  })
  let birth = 0
  for (let each = 0; each < 100_000; each++) {
    const message = anyMessage(prng)
    assert.ok(isWellFormed(message), JSON.stringify(message))
    const sender = {
      id: `n${prng.below(9)}`,
      address: recordOf(`n${prng.below(9)}`).address,
      isStream: prng.chance(0.5),
    }
    stage.swim.onMessage(sender, message)
    if (prng.chance(0.01)) stage.pass(prng.below(500))
    if (prng.chance(0.001)) stage.swim.evict(`n${prng.below(8)}`)
    if (stage.letters.length > 1000) stage.forget()
    const { swim } = stage
    assert.ok(swim.size <= 6 && swim.broadcastsWaiting <= 5 && swim.departedCount <= 3)
    assert.ok(swim.suspicionCount <= swim.size && swim.self.birth >= birth)
    birth = swim.self.birth
  }
  assert.equal(stage.swim.self.id, 'n0')
  assert.equal(stage.swim.self.address, recordOf('n0').address)
  assert.ok(stage.swim.counters.jumpsRefused > 0)
})

test('kinds of other areas are counted and ignored', () => {
  const stage = Stage.among(1)
  for (const kind of [0, 10, 20, 59, -1]) stage.hear('n1', [kind, 'whatever'])
  assert.equal(stage.swim.counters.messagesUnknown, 5)
  assert.deepEqual(stage.letters, [])
  assert.equal(SWIM_ROWS.length, 9)
})
