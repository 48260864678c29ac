/* The pool: who is dialled and when, who is out of reach, lives and strangers, leaving. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { backoffMs } from '../../src/mesh/backoff.ts'
import { Verbs, verbs } from '../../src/mesh/verbs.ts'
import { MeshWorld } from './mesh-world.ts'

const body = Buffer.from('hello')
const bOnly = [{ id: 'b', address: 'b:7000' }]

test('a member is dialled when it is wanted, not before, and what is said meanwhile waits', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  const got: string[] = []
  b.verbs.bind('gossip', (from, arrival) => got.push(`${from.peer.id} ${arrival.body}`))
  world.meet()
  world.run(500)
  assert.equal(a.pool.counters.dials, 0)
  assert.equal(a.pool.to('b'), undefined, 'not up yet')
  assert.ok(a.pool.send('b', verbs.gossip, [], body))
  world.run(10)
  assert.deepEqual(got, ['a hello'])
  assert.equal(a.pool.to('b')!.peer.id, 'b')
  assert.equal(a.pool.send('stranger', verbs.gossip, [], body), false)
  assert.deepEqual(
    a.pool.describe().map(({ id, address, direction }) => ({ id, address, direction })),
    [{ id: 'b', address: 'b:7000', direction: 'to' }],
  )
})

test('a lost member is dialled again, later and later, and asks fail at once meanwhile', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  world.node('b')
  world.meet()
  a.pool.to('b')
  world.run(10)
  world.kill('b')
  world.run(20000)
  const { dials } = a.pool.counters
  assert.ok(dials > 10 && dials < 30, `${dials} dials in 20 s`)
  assert.equal(a.pool.send('b', verbs.gossip, [], body), false)
  const outcomes: string[] = []
  a.pool.ask('b', verbs.forward, [1], body, 9999, (outcome) => outcomes.push(outcome.kind))
  world.run(0)
  assert.deepEqual(outcomes, ['failed'])
  world.node('b', { birth: 2 })
  world.run(2500)
  assert.equal(a.events.at(-1), 'up b')
  assert.ok(a.pool.isUp('b'))
})

test('back-off doubles up to its limit, and half of it is luck', () => {
  const limits = { firstMs: 50, maxMs: 2000 }
  assert.equal(backoffMs(0, limits, 0), 25)
  assert.equal(backoffMs(0, limits, 1), 50)
  assert.equal(backoffMs(3, limits, 0.5), 300)
  assert.equal(backoffMs(1000, limits, 1), 2000)
})

test('a later life of a peer takes the place of the former one, whose asks fail', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  b.verbs.bind('forward', () => {})
  world.meet()
  const outcomes: string[] = []
  a.pool.ask('b', verbs.forward, [1], body, 60000, (outcome) =>
    outcomes.push(outcome.kind === 'failed' ? outcome.detail : outcome.kind),
  )
  world.run(10)
  // The machine is gone without a word and comes back before anybody has noticed.
  world.network.vanish('b:7000')
  world.nodes.delete('b')
  const again = world.node('b', { birth: 2 })
  again.pool.onMembers([{ id: 'a', address: 'a:7000' }])
  again.pool.to('a')
  world.run(100)
  assert.deepEqual(outcomes, ['replaced'])
  assert.deepEqual(a.events, ['up b', 'down b', 'up b'])
  assert.equal(a.pool.to('b')!.peer.birth, 2)
  assert.equal(a.pool.linksCount, 1)
})

test('a former life of a peer that is up is not let in', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b', { birth: 2 })
  world.meet()
  b.pool.to('a')
  world.run(10)
  world.network.unlisten('b:7000')
  const ghost = world.node('b', { birth: 1 })
  ghost.pool.onMembers([{ id: 'a', address: 'a:7000' }])
  ghost.pool.to('a')
  world.run(200)
  assert.ok(a.pool.room.counters.refusals.identity > 0)
  assert.equal(a.pool.to('b')!.peer.birth, 2)
})

test('somebody else at the address of a member is not taken for it', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  world.node('b')
  a.pool.onMembers([{ id: 'c', address: 'b:7000' }])
  a.pool.to('c')
  world.run(40)
  assert.ok(a.events.length > 0)
  assert.ok(a.events.every((event) => event === 'unreachable b:7000 c refused'))
})

test('who is no longer a member loses its links; who never was one may stay a while', () => {
  const world = new MeshWorld()
  const a = world.node('a', { limits: { strangerMs: 5000 } })
  const b = world.node('b')
  world.meet()
  a.pool.to('b')
  world.run(10)
  b.pool.onMembers([])
  a.pool.onMembers([])
  world.run(1000)
  assert.equal(a.pool.linksCount + b.pool.linksCount, 0)
  assert.deepEqual(a.events, ['up b', 'down b'])
  b.pool.onMembers([{ id: 'a', address: 'a:7000' }])
  b.pool.to('a')
  world.run(1000)
  assert.ok(a.pool.isUp('b'), 'a stranger that proved itself is heard')
  a.pool.onMembers(bOnly)
  world.run(30000)
  assert.ok(a.pool.isUp('b'), 'and stays when it becomes a member')
  assert.equal(a.events.filter((event) => event === 'up b').length, 2)
})

test('somebody known by its address only is dialled, heard, and known by its id afterwards', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  const got: string[] = []
  b.verbs.bind('gossip', (from, arrival) => {
    got.push(arrival.body.toString())
    b.pool.sendToAddress(from.peer.address, verbs.gossip, [], Buffer.from('welcome'))
  })
  a.verbs.bind('gossip', (from, arrival) => got.push(`${from.peer.id} says ${arrival.body}`))
  assert.ok(a.pool.sendToAddress('b:7000', verbs.gossip, [], body))
  world.run(10)
  assert.deepEqual(got, ['hello', 'b says welcome'])
  assert.equal(a.pool.counters.dials + b.pool.counters.dials, 1, 'the answer came back on the same link')
  world.meet()
  assert.ok(a.pool.to('b')?.isUp)
  a.pool.sendToAddress('nobody:1', verbs.gossip, [], body)
  a.pool.sendToAddress('a:7000', verbs.gossip, [], body)
  world.run(100)
  assert.ok(a.events.includes('unreachable nobody:1  refused'))
  assert.ok(
    a.events.some((event) => event.startsWith('unreachable a:7000')),
    'a node is no peer of its own',
  )
  world.run(3000)
  assert.equal(a.pool.linksCount, 1)
})

test('a member that is also dialled by its address ends up with one link', () => {
  for (let seed = 1; seed <= 30; seed++) {
    const world = new MeshWorld({ latencyMs: () => world.random() * 3 }, seed)
    const a = world.node('a')
    const b = world.node('b')
    let gotCount = 0
    b.verbs.bind('publish', () => gotCount++)
    a.pool.sendToAddress('b:7000', verbs.publish, [1])
    a.pool.onMembers(bOnly)
    a.pool.send('b', verbs.publish, [2])
    b.pool.onMembers([{ id: 'a', address: 'a:7000' }])
    if (seed % 2 === 0) b.pool.to('a')
    world.run(200)
    assert.equal(gotCount, 2)
    assert.equal(a.pool.linksCount, 1)
    assert.equal(b.pool.linksCount, 1)
    assert.equal(a.pool.room.counters.framesDropped + b.pool.room.counters.framesDropped, 0)
  }
})

test('strangers and links are limited', () => {
  const world = new MeshWorld()
  const a = world.node('a', { limits: { strangersCountMax: 2, linksCountMax: 3 } })
  for (const id of ['b', 'c', 'd', 'e', 'f', 'g']) {
    const node = world.node(id)
    node.pool.onMembers([{ id: 'a', address: 'a:7000' }])
    node.pool.to('a')
  }
  world.run(40)
  assert.equal(a.pool.describe().length, 2)
  assert.ok(a.pool.room.counters.refusals.capacity > 0)
  assert.ok(a.pool.counters.turnedDown > 0)
  for (let at = 0; at < 10; at++) a.pool.sendToAddress(`x${at}:1`, verbs.gossip, [], body)
  assert.ok(a.pool.linksCount <= 3)
})

test('who leaves answers what is under way, starts nothing more, and is not dialled for a while', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  b.verbs.bind('forward', (from, { correlation }) =>
    world.clock.after(300, () => from.answer(correlation, [], body)),
  )
  world.meet()
  const outcomes: string[] = []
  a.pool.ask('b', verbs.forward, [1], body, 5000, (outcome) => outcomes.push(outcome.kind))
  world.run(10)
  b.pool.leave()
  world.run(100)
  assert.deepEqual(a.events, ['up b', 'down b'])
  assert.equal(a.pool.to('b'), undefined)
  assert.equal(b.pool.send('a', verbs.gossip, [], body), false)
  assert.equal(b.pool.linksCount, 1)
  world.run(300)
  assert.deepEqual(outcomes, ['answer'])
  assert.equal(b.pool.linksCount, 0)
  assert.equal(a.pool.linksCount, 0)
  assert.equal(a.pool.counters.dials, 1)
})

test('close ends everything, and every ask is told', () => {
  const world = new MeshWorld()
  const a = world.node('a')
  const b = world.node('b')
  b.verbs.bind('forward', () => {})
  world.meet()
  const outcomes: string[] = []
  a.pool.ask('b', verbs.forward, [1], body, 5000, (outcome) => outcomes.push(outcome.kind))
  world.run(10)
  a.pool.close()
  assert.deepEqual(outcomes, ['failed'])
  assert.equal(a.pool.linksCount, 0)
  world.run(100)
  assert.equal(b.pool.linksCount, 0)
})

test("verbs are declared once, and only those that are not the link's own can be bound, once", () => {
  const row = { number: 50, name: 'x', fields: [], bodyBytesMax: 0, answer: undefined }
  assert.throws(() => new Verbs([row, { ...row, name: 'y' }]), /twice/)
  assert.throws(() => new Verbs([row, { ...row, number: 51 }]), /twice/)
  assert.throws(() => new Verbs([{ ...row, number: 128 }]), /number/)
  const table = new Verbs()
  table.bind('gossip', () => {})
  assert.throws(() => table.bind('gossip', () => {}), /twice/)
  assert.throws(() => table.bind('hello', () => {}), /no verb/)
  assert.throws(() => table.bind('nonsense', () => {}), /no verb/)
})
