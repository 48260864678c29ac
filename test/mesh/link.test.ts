/* What a link promises once it is up: order, one answer per ask, limits, and an end for every kind of nonsense. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import type { LinkLimits, Outcome } from '../../src/mesh/link-ports.ts'
import { verbs } from '../../src/mesh/verbs.ts'
import { MeshWorld } from './mesh-world.ts'
import { Stranger } from './stranger.ts'

const body = Buffer.from('hello')

function textOf(outcome: Outcome): string {
  return outcome.kind === 'answer'
    ? `answer ${outcome.body.toString('latin1')}`
    : `${outcome.reason}: ${outcome.detail}`
}

function pairOf(linkLimits: Partial<LinkLimits> = {}) {
  const world = new MeshWorld()
  const a = world.node('a', { linkLimits })
  const b = world.node('b', { linkLimits })
  world.meet()
  a.pool.to('b')
  world.run(10)
  assert.ok(a.pool.isUp('b') && b.pool.isUp('a'))
  const outcomes: string[] = []
  const ask = (text: string, deadlineMs = 1000) =>
    a.pool.ask('b', verbs.forward, [1], Buffer.from(text), deadlineMs, (outcome) =>
      outcomes.push(`${text.slice(0, 8)} ${textOf(outcome)}`),
    )
  return { world, a, b, outcomes, ask }
}

test('one-way frames arrive in order with their bodies', () => {
  const { world, a, b } = pairOf()
  const got: string[] = []
  b.verbs.bind('publish', (from, arrival) => {
    got.push(`${from.peer.id} ${arrival.fields[0]} ${arrival.body.toString()} ${arrival.correlation}`)
  })
  for (let at = 0; at < 3; at++) assert.ok(a.pool.send('b', verbs.publish, [at], body, at))
  assert.deepEqual(got, [], 'nothing leaves before the end of the turn')
  world.run(1)
  assert.deepEqual(got, ['a 0 hello 0', 'a 1 ello 0', 'a 2 llo 0'])
})

test('asks are answered out of order, later, and each exactly once', () => {
  const { world, a, b, outcomes, ask } = pairOf()
  b.verbs.bind('forward', (from, arrival) => {
    const { correlation } = arrival
    const text = arrival.body.toString()
    const delayMs = Number(text)
    if (delayMs === 0) from.answer(correlation, [], Buffer.from('at once'))
    else world.clock.after(delayMs, () => from.answer(correlation, [], Buffer.from(`after ${text}`)))
  })
  for (const delayMs of ['30', '10', '0', '20']) ask(delayMs)
  assert.deepEqual(outcomes, [])
  world.run(40)
  assert.deepEqual(outcomes, [
    '0 answer at once',
    '10 answer after 10',
    '20 answer after 20',
    '30 answer after 30',
  ])
  assert.equal(a.pool.to('b')!.waitingCount, 0)
  assert.equal(b.pool.to('a')!.owedCount, 0)
})

test('a refusal, an unknown verb and an unbound verb are failures and leave the link alone', () => {
  const { world, a, b, outcomes, ask } = pairOf()
  ask('unbound')
  world.run(5)
  b.verbs.bind('forward', (from, arrival) => from.fail(arrival.correlation, 'not the primary'))
  ask('bound')
  const unknown = {
    number: 99,
    name: 'tomorrow',
    fields: [],
    bodyBytesMax: 10,
    answer: { fields: [], bodyBytesMax: 0 },
  }
  const link = a.pool.to('b')!
  link.ask(unknown, [], body, 1000, (outcome) => outcomes.push(`tomorrow ${textOf(outcome)}`))
  link.send({ ...unknown, answer: undefined }, [], body)
  world.run(5)
  assert.deepEqual(outcomes, [
    'unbound refused: unknown verb',
    'bound refused: not the primary',
    'tomorrow refused: unknown verb',
  ])
  assert.equal(b.pool.room.counters.unknownVerbs, 3)
  assert.ok(a.pool.isUp('b'))
})

test('an ask fails at its deadline, and an answer that comes later is only counted', () => {
  const { world, a, b, outcomes, ask } = pairOf()
  b.verbs.bind('forward', (from, { correlation }) =>
    world.clock.after(300, () => from.answer(correlation, [], body)),
  )
  ask('short', 100)
  ask('long', 1000)
  world.run(99)
  assert.deepEqual(outcomes, [])
  world.run(60)
  assert.deepEqual(outcomes, ['short deadline: no answer in time'])
  world.run(300)
  assert.equal(outcomes[1], 'long answer hello')
  assert.equal(a.pool.room.counters.lateAnswers, 1)
  assert.equal(a.pool.room.counters.asksFailed.deadline, 1)
})

test('every ask that waits when the link ends is told so, once', () => {
  const { world, a, b, outcomes, ask } = pairOf()
  b.verbs.bind('forward', () => {})
  ask('one', Number.POSITIVE_INFINITY)
  ask('two')
  world.run(5)
  world.kill('b')
  ask('three')
  world.run(5)
  assert.deepEqual(outcomes, ['one closed: reset', 'two closed: reset', 'three closed: reset'])
  ask('four')
  assert.equal(outcomes.length, 3, 'never inside the call')
  world.run(3000)
  assert.deepEqual(outcomes[3], 'four closed: the peer is out of reach')
  assert.equal(outcomes.length, 4)
  assert.deepEqual(a.events.slice(0, 3), ['up b', 'down b lost', 'unreachable b:7000 b refused'])
})

test('the number and the bytes of waiting asks are limited', () => {
  const { world, a, b, outcomes, ask } = pairOf({ asksCountMax: 3, asksBytesMax: 1000 })
  b.verbs.bind('forward', (from, { correlation }) =>
    world.clock.after(5, () => from.answer(correlation, [], body)),
  )
  for (const text of ['1', '2', '3', '4']) ask(text)
  world.run(10)
  assert.deepEqual(outcomes.splice(0), [
    '4 overload: too many asks are waiting',
    '1 answer hello',
    '2 answer hello',
    '3 answer hello',
  ])
  ask('x'.repeat(5000))
  ask('y'.repeat(500))
  world.run(10)
  assert.deepEqual(outcomes.splice(0), [
    'yyyyyyyy overload: too many bytes are waiting',
    'xxxxxxxx answer hello',
  ])
  assert.equal(a.pool.room.counters.asksFailed.overload, 2)
})

test('an ask longer than all that may wait goes when those before it keep the limit, and is given time by its length', () => {
  const { world, b, outcomes, ask } = pairOf({ asksBytesMax: 1000 })
  b.verbs.bind('forward', (from, { correlation }) =>
    world.clock.after(150, () => from.answer(correlation, [], body)),
  )
  ask('1', 1000)
  ask('x'.repeat(1_000_000), 100)
  ask('y'.repeat(5000), 1000)
  world.run(400)
  assert.deepEqual(outcomes.splice(0), [
    'yyyyyyyy overload: too many bytes are waiting',
    '1 answer hello',
    'xxxxxxxx answer hello',
  ])
})

test('a peer that does not read is owed no more than the limit', () => {
  const { world, a, b, outcomes, ask } = pairOf({ outputBytesMax: 3000000 })
  b.verbs.bind('publish', () => {})
  a.faults.set('b:7000', { isCutOut: true })
  const chunk = Buffer.alloc(1000000)
  let sentCount = 0
  for (let turn = 0; turn < 10; turn++) {
    if (a.pool.send('b', verbs.publish, [0], chunk)) sentCount++
    world.run(1)
  }
  ask('x')
  world.run(1)
  assert.ok(sentCount >= 3 && sentCount <= 5, `${sentCount}`)
  assert.equal(a.pool.room.counters.framesDropped, 10 - sentCount)
  assert.ok(a.pool.to('b')!.queuedBytes <= 3000000 + 100)
  a.faults.heal()
  world.run(100)
  assert.equal(a.pool.to('b')!.queuedBytes, 0)
  assert.equal(outcomes.length, 1)
})

test('asks beyond what a node will owe, and answers that nobody reads, become failures', () => {
  const { world, a, b, outcomes, ask } = pairOf({ owedCountMax: 2, answersBytesMax: 2500000 })
  const owed: (() => void)[] = []
  b.verbs.bind('forward', (from, { correlation }) =>
    owed.push(() => from.answer(correlation, [], Buffer.alloc(2000000))),
  )
  for (const text of ['1', '2', '3']) ask(text)
  world.run(5)
  assert.deepEqual(outcomes.splice(0), ['3 overload: too much is waiting'])
  assert.equal(b.pool.room.counters.asksRefused, 1)
  for (const answer of owed) answer()
  world.run(5)
  assert.equal(outcomes.length, 2)
  assert.ok(outcomes.includes('2 unanswered: answers are not read'))
  assert.equal(b.pool.room.counters.answersWithheld, 1)
  assert.ok(a.pool.isUp('b'))
})

test('an idle link is pinged and stays; one that has gone silent is given up while something waits', () => {
  const { world, a, b, outcomes, ask } = pairOf()
  world.run(20000)
  assert.ok(a.pool.isUp('b') && b.pool.isUp('a'))
  assert.equal(a.pool.room.counters.linksReady, 1)
  b.verbs.bind('forward', () => {})
  ask('blocking', Number.POSITIVE_INFINITY)
  world.run(20000)
  assert.deepEqual(outcomes, [], 'a peer that answers pings may take its time')
  world.network.vanish('b:7000')
  world.nodes.delete('b')
  world.run(4000)
  assert.deepEqual(outcomes, ['blocking closed: silent'])
  assert.equal(a.pool.room.counters.silentLinks, 1)
  assert.ok(a.events.includes('down b lost'))
  ask('after')
  world.run(100)
  assert.deepEqual(outcomes[1], 'after closed: the peer is out of reach', 'nothing waits for who was silent')
})

test('after a pause of its own a node does not hold the silence against its peers', () => {
  const { world, a, ask, b, outcomes } = pairOf()
  b.verbs.bind('forward', (from, { correlation }) => from.answer(correlation, [], body))
  ask('x', 100000)
  const link = a.pool.to('b')!
  world.clock.nowMs += 60000
  link.onTick(world.clock.nowMs)
  assert.ok(link.isUp)
  world.run(100)
  assert.deepEqual(outcomes, ['x answer hello'])
})

test('a handler that throws costs its link and nothing else', () => {
  const { world, a, b } = pairOf()
  b.verbs.bind('publish', () => {
    throw new Error('impossible')
  })
  a.pool.send('b', verbs.publish, [0], body)
  world.run(200)
  assert.equal((b.faultsSeen[0] as Error).message, 'impossible')
  assert.equal(b.pool.room.counters.faults, 1)
  assert.deepEqual(a.events.slice(0, 2), ['up b', 'down b'])
  assert.ok(a.pool.isUp('b'), 'it was dialled again')
})

test('frames that are no frames of a known verb close the link and are counted', () => {
  const cases: [string, (stranger: Stranger) => void][] = [
    ['wrong arity', (s) => s.say(verbs.publish.number, 0, [])],
    ['wrong type', (s) => s.say(verbs.publish.number, 0, ['x'])],
    ['an ask without a number', (s) => s.say(verbs.forward.number, 0, [1])],
    ['a statement with a number', (s) => s.say(verbs.publish.number, 5, [1])],
    ['a body where none may be', (s) => s.say(verbs.ping.number, 5, [], body)],
    ['a second hello', (s) => s.say(verbs.hello.number, 0, s.introduction())],
    ['a number that is in use', (s) => s.say(verbs.forward.number, 8, [1], body, 2)],
    ['a header beyond its frame', (s) => s.write(Buffer.from([0, 0, 0, 5, 0, 90, 0x92, 1, 0]))],
    ['a header that is none', (s) => s.write(Buffer.from([0, 0, 0, 5, 0, 3, 0x91, 0x91, 0x91]))],
    ['a length beyond all bounds', (s) => s.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0]))],
  ]
  for (const [name, act] of cases) {
    const world = new MeshWorld()
    const node = world.node('a')
    node.verbs.bind('publish', () => {})
    node.verbs.bind('forward', () => {})
    const stranger = new Stranger(world, 'a')
    world.run(10)
    assert.ok(stranger.isUp, name)
    act(stranger)
    world.run(10)
    assert.ok(stranger.isClosed, name)
    assert.equal(node.pool.room.counters.badFrames, 1, name)
  }
})

test('answers to nothing are only counted', () => {
  const world = new MeshWorld()
  const node = world.node('a')
  const stranger = new Stranger(world, 'a')
  world.run(10)
  stranger.say(verbs.answer.number, 12345, [], body)
  stranger.say(verbs.failure.number, 12345, [0, 'so there'])
  world.run(10)
  assert.equal(node.pool.room.counters.lateAnswers, 2)
  assert.ok(!stranger.isClosed)
})

test('no garbage after the handshake does more than close the link', () => {
  for (let seed = 1; seed <= 150; seed++) {
    const world = new MeshWorld(undefined, seed)
    const node = world.node('a')
    for (const name of ['publish', 'effects', 'gossip']) node.verbs.bind(name, () => {})
    node.verbs.bind('forward', (from, { correlation }) => from.answer(correlation, []))
    const stranger = new Stranger(world, 'a')
    world.run(5)
    assert.ok(stranger.isUp)
    for (let count = 0; count < 20; count++) {
      const frame = stranger.frameOf(
        1 + Math.floor(world.random() * 30),
        count,
        [1, 0, 0].slice(count % 4),
        body,
      )
      if (world.random() < 0.5)
        frame[Math.floor(world.random() * frame.length)] = Math.floor(world.random() * 256)
      stranger.write(
        frame.subarray(0, world.random() < 0.1 ? Math.floor(world.random() * frame.length) : undefined),
      )
    }
    world.run(100)
    assert.deepEqual(node.faultsSeen, [])
  }
})
