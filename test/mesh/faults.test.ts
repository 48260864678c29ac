/* Faults: late, cut off, broken or dropped - per peer, switchable while it runs, and gone without a trace. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { verbs } from '../../src/mesh/verbs.ts'
import { MeshWorld } from './mesh-world.ts'

const body = Buffer.from('x'.repeat(100))

function worldOfThree() {
  const world = new MeshWorld()
  const [a, b, c] = ['a', 'b', 'c'].map((id) => world.node(id)) as [
    ReturnType<MeshWorld['node']>,
    never,
    never,
  ]
  const nodes = { a, b: b as typeof a, c: c as typeof a }
  const got: Record<string, number[]> = { a: [], b: [], c: [] }
  for (const node of [nodes.a, nodes.b, nodes.c])
    node.verbs.bind('publish', (_from, { fields }) => got[node.id]!.push(fields[0] as number))
  world.meet()
  for (const id of ['b', 'c']) nodes.a.pool.to(id)
  world.run(10)
  let count = 0
  const say = (from: typeof a, to: string) => from.pool.send(to, verbs.publish, [count++], body)
  return { world, ...nodes, got, say }
}

test('a delay makes frames late and keeps their order', () => {
  const { world, a, got, say } = worldOfThree()
  a.faults.set('b:7000', { delayMsMin: 20, delayMsMax: 60 })
  for (let at = 0; at < 20; at++) {
    say(a, 'b')
    world.run(1)
  }
  assert.equal(got.b!.length, 0)
  say(a, 'c')
  world.run(1)
  assert.equal(got.c!.length, 1, 'only the named peer')
  world.run(80)
  assert.deepEqual(
    got.b,
    Array.from({ length: 20 }, (_, at) => at),
  )
  a.faults.heal()
  say(a, 'b')
  world.run(1)
  assert.equal(got.b!.length, 21)
})

test('what is cut off for a moment arrives afterwards', () => {
  const { world, a, b, got, say } = worldOfThree()
  a.faults.set('b:7000', { isCutOut: true })
  say(a, 'b')
  say(b, 'a')
  world.run(500)
  assert.deepEqual([got.a!.length, got.b!.length], [1, 0], 'one way only')
  a.faults.heal()
  world.run(10)
  assert.equal(got.b!.length, 1)
  a.faults.set('b:7000', { isCutIn: true })
  say(b, 'a')
  world.run(500)
  assert.equal(got.a!.length, 1)
  a.faults.heal()
  world.run(10)
  assert.equal(got.a!.length, 2)
  assert.equal(a.pool.room.counters.linksClosed, 0)
})

test('a partition is noticed by both sides, and healed by both', () => {
  const { world, a, b, c } = worldOfThree()
  a.faults.partition(['b:7000', 'c:7000'])
  world.run(6000)
  assert.deepEqual(
    [a.pool.isUp('b'), b.pool.isUp('a'), a.pool.isUp('c'), c.pool.isUp('a')],
    [false, false, false, false],
  )
  world.run(30000)
  assert.ok(a.pool.linksCount <= 4, 'dials do not pile up')
  assert.ok(a.faults.wires.size <= 8, `${a.faults.wires.size}`)
  a.faults.heal()
  world.run(8000)
  assert.ok(a.pool.isUp('b') && b.pool.isUp('a') && a.pool.isUp('c') && c.pool.isUp('a'))
  assert.equal(a.faults.isOn, false)
})

test('a paused node goes on where it was', () => {
  const { world, a, b, got, say } = worldOfThree()
  a.faults.pause(true)
  say(a, 'b')
  say(b, 'a')
  world.run(1500)
  assert.deepEqual([got.a!.length, got.b!.length], [0, 0])
  a.faults.pause(false)
  world.run(20)
  assert.deepEqual([got.a!.length, got.b!.length], [1, 1])
  assert.equal(a.faults.isOn, false)
  assert.equal(a.pool.room.counters.linksClosed, 0)
})

test('dropping withholds whole frames, and the rest of the stream stays readable', () => {
  const { world, a, b, got, say } = worldOfThree()
  a.faults.set('b:7000', { dropShare: 0.3 })
  const outcomes: Record<string, number> = { answer: 0, failed: 0 }
  b.verbs.bind('forward', (from, { correlation }) => from.answer(correlation, []))
  for (let at = 0; at < 300; at++) {
    say(a, 'b')
    a.pool.ask('b', verbs.forward, [1], body, 500, (outcome) => outcomes[outcome.kind]!++)
    if (at % 7 === 0) world.run(1)
  }
  world.run(1000)
  assert.equal(b.pool.room.counters.badFrames, 0)
  assert.ok(got.b!.length > 170 && got.b!.length < 250, `${got.b!.length}`)
  assert.ok(outcomes.failed! > 50 && outcomes.failed! < 130, `${outcomes.failed}`)
  assert.equal(outcomes.answer! + outcomes.failed!, 300)
})

test('a connection that breaks is made again', () => {
  const { world, a, say, got } = worldOfThree()
  a.faults.set('b:7000', { breakShare: 0.05 })
  for (let at = 0; at < 300; at++) {
    say(a, 'b')
    world.run(10)
  }
  a.faults.heal()
  world.run(3000)
  assert.ok(a.faults.counters.wiresBroken > 3)
  assert.ok(a.pool.isUp('b'))
  assert.ok(a.events.includes('down b lost'))
  const sorted = [...got.b!].sort((x, y) => x - y)
  assert.deepEqual(got.b, sorted, 'in order all the same')
})

test('a flood through a slow wire is held back and comes through whole', () => {
  const { world, a, b } = worldOfThree()
  let bytes = 0
  b.verbs.bind('gossip', (_from, arrival) => {
    bytes += arrival.end - arrival.start
  })
  a.faults.set('b:7000', { delayMsMin: 5, delayMsMax: 10 })
  const chunk = Buffer.alloc(700000)
  for (let at = 0; at < 20; at++) {
    assert.ok(a.pool.send('b', verbs.gossip, [], chunk))
    world.run(1)
  }
  assert.ok(a.pool.to('b')!.queuedBytes > 0)
  world.run(1000)
  assert.equal(bytes, 20 * chunk.length)
  assert.equal(a.pool.to('b')!.queuedBytes, 0)
})
