/* A peer that no longer answers is not waited for again and again, and one that does is never kept out. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import type { Outcome } from '../../src/mesh/link-ports.ts'
import { Breaker } from '../../src/mesh/breaker.ts'
import { verbs } from '../../src/mesh/verbs.ts'
import { MeshWorld } from './mesh-world.ts'

const LIMITS = { deadlinesMax: 5, quietMs: 2000, backoff: { firstMs: 400, maxMs: 3200 } }

function breaker(): Breaker {
  return new Breaker(LIMITS, () => 1, 0)
}

function opened(nowMs = 3000): Breaker {
  const one = breaker()
  for (let i = 0; i < LIMITS.deadlinesMax; i++) one.onDeadline(nowMs)
  assert.equal(one.circuit, 'open')
  return one
}

test('the circuit opens with the last of several deadlines in a row, and says so once', () => {
  const one = breaker()
  const opens = Array.from({ length: 7 }, () => one.onDeadline(3000))
  assert.deepEqual(opens, [false, false, false, false, true, false, false])
  assert.equal(one.admits(3000), false)
})

test('an answer in between, of whatever kind, starts the count anew', () => {
  const one = breaker()
  for (let i = 0; i < 40; i++) {
    one.onDeadline(3000 + i * 1000)
    if (i % 4 === 3) one.onAnswer(3000 + i * 1000)
  }
  assert.equal(one.circuit, 'closed')
})

test('deadlines that come together shortly after an answer are one mishap', () => {
  const one = breaker()
  one.onAnswer(2500)
  for (let i = 0; i < 100; i++) one.onDeadline(4000)
  assert.equal(one.circuit, 'closed')
  one.onDeadline(4500)
  assert.equal(one.circuit, 'open')
})

test('while it is open one ask goes through, the next one twice as long after, up to a limit', () => {
  const one = opened(3000)
  const admitted: number[] = []
  for (let nowMs = 3000; nowMs < 20_000; nowMs += 100) {
    if (!one.admits(nowMs)) continue
    admitted.push(nowMs - 3000)
    assert.equal(one.admits(nowMs), false)
    one.onDeadline(nowMs)
  }
  assert.deepEqual(admitted, [400, 1200, 2800, 6000, 9200, 12_400, 15_600])
})

test('the first answer closes it, and it waits no longer than at first when it opens again', () => {
  const one = opened(3000)
  for (const nowMs of [3400, 4200, 5800]) assert.equal(one.admits(nowMs), true)
  one.onAnswer(5900)
  assert.deepEqual([one.circuit, one.admits(5900)], ['closed', true])
  for (let i = 0; i < LIMITS.deadlinesMax; i++) one.onDeadline(8000)
  assert.deepEqual([one.admits(8399), one.admits(8400)], [false, true])
})

test('a peer that answers pings and nothing else is asked once in a while, and again by all once it answers', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  world.meet()
  a.pool.to('b')
  world.run(10)
  let [isDeaf, heard] = [true, 0]
  b.verbs.bind('forward', (from, { correlation }) => {
    heard++
    if (!isDeaf) from.answer(correlation, [])
  })
  const outcomes: string[] = []
  const note = (outcome: Outcome) =>
    outcomes.push(outcome.kind === 'answer' ? 'answer' : `${outcome.reason}: ${outcome.detail}`)
  const ask = () => a.pool.ask('b', verbs.forward, [1], Buffer.alloc(1), 500, note)
  for (let second = 0; second < 20; second++) {
    for (let i = 0; i < 10; i++) ask()
    world.run(1000)
  }
  assert.ok(a.pool.isUp('b'), 'pings are answered')
  assert.equal(outcomes.length, 200)
  assert.ok(heard < 50, `${heard} of 200 were sent`)
  assert.equal(outcomes.at(-1), 'overload: the peer does not answer')
  assert.deepEqual([a.pool.room.counters.circuitsOpened, a.pool.manners('b')?.circuit], [1, 'open'])
  isDeaf = false
  for (let i = 0; i < 11; i++) {
    ask()
    world.run(1000)
  }
  assert.equal(outcomes.at(-1), 'answer')
  assert.equal(a.pool.manners('b')?.circuit, 'closed')
})

test('what may wait as long as the link lives is asked whatever the circuit', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  world.meet()
  a.pool.to('b')
  world.run(10)
  let heard = 0
  b.verbs.bind('forward', () => void heard++)
  const ask = (deadlineMs: number) =>
    a.pool.ask('b', verbs.forward, [1], Buffer.alloc(1), deadlineMs, () => {})
  for (let i = 0; i < 30; i++) {
    ask(200)
    world.run(100)
  }
  assert.equal(a.pool.manners('b')?.circuit, 'open')
  const before = heard
  ask(Number.POSITIVE_INFINITY)
  world.run(10)
  assert.equal(heard, before + 1)
})
