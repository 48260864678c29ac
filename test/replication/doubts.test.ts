// Writes that too few owners confirmed at first: which of them are confirmed after all, and which never are.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Barrier } from '../../src/replication/barrier.ts'
import { keyOf, OwnersWorld, slotOfKey, type WorldNode } from './owners-world.ts'

type Three = [WorldNode, WorldNode, WorldNode]

/** Three nodes that have settled everything, and a key whose slot is the first one's, then the second's. */
function three(): { world: OwnersWorld; nodes: Three; key: string } {
  const world = OwnersWorld.settled(3)
  return { world, nodes: world.nodes as Three, key: keyOf(world, 0) }
}

/** A write whose batch has failed: what becomes of it within two seconds. */
function doubt(node: WorldNode, bytes: Buffer, wantsAll = false): { is: string } {
  const outcome = { is: 'waiting' }
  const barrier = new Barrier(wantsAll, {
    onConfirmed: () => void (outcome.is = 'confirmed'),
    onUnconfirmed: () => void (outcome.is = 'open'),
  })
  barrier.expectOneMore()
  barrier.seal()
  node.doubts.open([barrier], bytes, bytes.length, node.world.clock.nowMs + 2000)
  return outcome
}

/** The second owner takes the slot over although the first is alive and knows it. */
function handOver(world: OwnersWorld, nodes: readonly WorldNode[]): void {
  nodes[0]!.isReady = false
  world.refresh(false)
}

test('a write is confirmed when who acts next has pulled it', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const bytes = first.effectsOf(`INCR ${key}`)
  handOver(world, nodes)
  assert.equal(second.take(first.id, bytes).refusals.length, 1)
  const outcome = doubt(first, bytes)
  world.run(200)
  assert.equal(outcome.is, 'confirmed')
  assert.equal(second.serves(key), true)
  assert.equal(second.get(key), '1')
  world.kill(1)
  third.isReady = true
  first.isReady = true
  world.refresh(false)
  world.run(200)
  assert.equal(third.get(key), '1')
  assert.deepEqual([first.doubts.size, first.doubts.counters.confirmed], [0, 1])
})

test('it is open when somebody who did not know of it had replaced it before it was in doubt', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  handOver(world, nodes)
  world.run(100)
  const bytes = first.effectsOf(`INCR ${key}`)
  const other = second.effectsOf(`SET ${key} other`)
  for (const node of [first, third]) assert.deepEqual(node.take(second.id, other).refusals, [])
  assert.equal(first.get(key), 'other')
  const outcome = doubt(first, bytes)
  world.run(200)
  assert.equal(outcome.is, 'open')
  assert.deepEqual([first.doubts.size, first.doubts.counters.overwritten], [0, 1])
})

test('it is confirmed when the new primary has built on it meanwhile', () => {
  const { world, nodes, key } = three()
  const [first, second] = nodes
  const bytes = first.effectsOf(`INCR ${key}`)
  handOver(world, nodes)
  world.run(100)
  const later = second.effectsOf(`INCR ${key}`)
  const outcome = doubt(first, bytes)
  assert.deepEqual(first.take(second.id, later).refusals, [])
  world.run(200)
  assert.equal(outcome.is, 'confirmed')
  assert.equal(second.get(key), '2')
})

test('it is open when time is up and the new primary has not learnt of it', () => {
  const { world, nodes, key } = three()
  const [first, second] = nodes
  world.cut(0, 1)
  world.cut(0, 2)
  const bytes = first.effectsOf(`INCR ${key}`)
  handOver(world, nodes)
  const outcome = doubt(first, bytes)
  world.run(1900)
  assert.equal(outcome.is, 'waiting')
  assert.equal(second.serves(key), true)
  world.run(200)
  assert.equal(outcome.is, 'open')
  assert.equal(first.doubts.counters.leftOpen, 1)
  assert.equal(second.has(key), false)
})

test('it is open at once when somebody who did not know it has replaced the key', () => {
  const { world, nodes, key } = three()
  const [first, second] = nodes
  world.cut(0, 1)
  world.cut(0, 2)
  const bytes = first.effectsOf(`INCR ${key}`)
  handOver(world, nodes)
  world.run(300)
  const other = second.effectsOf(`SET ${key} other`)
  const outcome = doubt(first, bytes)
  first.claims.promise(slotOfKey(key), second.id, second.space.terms[slotOfKey(key)]!)
  assert.deepEqual(first.take(second.id, other).refusals, [])
  assert.equal(outcome.is, 'open')
  assert.equal(first.doubts.counters.overwritten, 1)
})

test('a write that all owners must hold is confirmed when the last of them does', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const bytes = first.effectsOf(`SET ${key} v`)
  second.take(first.id, bytes)
  const outcome = doubt(first, bytes, true)
  world.run(100)
  assert.equal(outcome.is, 'waiting')
  third.take(first.id, bytes)
  world.run(100)
  assert.equal(outcome.is, 'confirmed')
})

test('who has promised the slot to somebody else does not count, though it holds the write', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const bytes = first.effectsOf(`SET ${key} v`)
  for (const node of [second, third]) {
    node.take(first.id, bytes)
    node.claims.promise(slotOfKey(key), 'n9', 9)
  }
  const outcome = doubt(first, bytes)
  world.run(500)
  assert.equal(outcome.is, 'waiting')
  second.claims.promise(slotOfKey(key), first.id, 10)
  world.run(100)
  assert.equal(outcome.is, 'confirmed')
})

test('what it wrote under a former term is said once more before it is confirmed: who acted between may not know of it', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const slot = slotOfKey(key)
  const term = first.space.terms[slot]!
  world.cut(0, 2)
  // The third has claimed the slot, of the second, and heard nothing of what the first writes now.
  second.claims.promise(slot, third.id, term + 1)
  third.claims.promise(slot, third.id, term + 1)
  third.space.terms[slot] = term + 1
  const bytes = first.effectsOf(`INCR ${key}`)
  assert.deepEqual(
    second.take(first.id, bytes).refusals.map(({ reason }) => reason),
    ['outranked'],
  )
  const outcome = doubt(first, bytes)
  first.transfers.send(second.id, [{ database: 0, key: Buffer.from(key) }], () => {})
  first.roles.unsettle(slot)
  world.run(300)
  assert.equal(first.space.terms[slot]! > term + 1, true)
  assert.equal(outcome.is, 'confirmed')
  assert.equal(second.get(key), '1')
  third.effectsOf(`SET ${key} other`)
  third.transfers.send(second.id, [{ database: 0, key: Buffer.from(key) }], () => {})
  world.run(100)
  assert.equal(second.get(key), '1', 'what is confirmed stays')
})

test('beyond the limit of keys the outcome is open at once', () => {
  const { nodes, key } = three()
  const [first] = nodes
  first.doubts.limits = { ...first.doubts.limits, keysMax: 1 }
  const waits = doubt(first, first.effectsOf(`SET ${key} 1`))
  const dropped = doubt(first, first.effectsOf(`SET ${key} 2`))
  assert.deepEqual([waits.is, dropped.is], ['waiting', 'open'])
  assert.equal(first.doubts.counters.dropped, 1)
})

test('a doubt of many keys is judged once for each answer, not once for each key of it', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const keys = Array.from({ length: 200 }, (_, i) => `{${key}}:${i}`)
  const bytes = first.effectsOf(`MSET ${keys.map((one) => `${one} v`).join(' ')}`)
  for (const node of [second, third]) node.take(first.id, bytes)
  const ownersOf = first.roles.ownersOf.bind(first.roles)
  let looks = 0
  first.roles.ownersOf = (slot) => {
    looks++
    return ownersOf(slot)
  }
  const outcome = doubt(first, bytes, true)
  world.run(100)
  assert.equal(outcome.is, 'confirmed')
  assert.ok(looks < 10 * keys.length, `${looks} looks`)
})
