/*
 * When removals may be forgotten, and what becomes of values that may have been removed before. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { CLOCK_SLACK_MS, RepairedSlots } from '../../src/replication/repaired-slots.ts'
import { TOMBSTONE_TTL_MS } from '../../src/replication/tombstone-age.ts'
import { OwnersWorld, slotOfKey, type WorldNode } from './owners-world.ts'

const CALM_MS = 10_000

/** Of a world whose clock leaps: nobody needs to live through the hours. */
function leap(world: OwnersWorld, ms: number): void {
  for (const node of world.nodes) node.skewMs += ms
  world.run(100)
}

function repairBy(world: OwnersWorld, ...nodes: readonly WorldNode[]): void {
  for (const node of nodes) node.repair.antiEntropy.order(-1)
  world.run(3000)
}

function lose(node: WorldNode, key: string): void {
  node.space.vanish(node.look(key).ref, 'moved')
}

/** A key of the first node's slots that all three owners have, or had. */
function keyIn(world: OwnersWorld, requests: readonly string[], missedBy: readonly WorldNode[] = []): string {
  const [first] = world.nodes as [WorldNode]
  const key = Array.from({ length: 100 }, (_, i) => `k${i}`).find(
    (one) => world.firstOwner(slotOfKey(one)) === 0,
  )!
  for (const [at, request] of requests.entries()) {
    const bytes = first.effectsOf(request.replace('KEY', key))
    for (const node of world.nodes)
      if (node !== first && (at === 0 || !missedBy.includes(node))) node.take(first.id, bytes)
  }
  world.run(CALM_MS)
  return key
}

test('a slot is repaired once it has been with each of its owners, after the versions in question', () => {
  const repaired = new RepairedSlots()
  const roles = { groups: [{ peerIds: ['a', 'b'] }], groupOf: new Uint16Array(16_384) }
  const isSince = (slot: number, ms: number): boolean => repaired.isSince(slot, ms, roles as never)
  const all = new Uint8Array(16_384).fill(1)
  repaired.note('a', 1_000_000, all, new Set())
  assert.equal(isSince(1, 0), false, 'not with b yet')
  repaired.note('b', 2_000_000, all, new Set([7]))
  assert.equal(isSince(1, 1_000_000 - CLOCK_SLACK_MS), true)
  assert.equal(isSince(1, 1_000_001 - CLOCK_SLACK_MS), false, 'not with a since')
  assert.equal(isSince(7, 0), false, 'left open')
  repaired.forget('b')
  assert.equal(isSince(1, 0), false)
})

test('a removal is forgotten only once every owner has been compared with since, however old it is', () => {
  const world = OwnersWorld.settled(3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const key = keyIn(world, ['SET KEY v', 'DEL KEY'], [third])
  assert.deepEqual([first.look(key).here, third.look(key).here], ['tombstone', 'entry'])
  leap(world, TOMBSTONE_TTL_MS + 60_000)
  world.run(30_000)
  assert.equal(first.look(key).here, 'tombstone', 'nobody has been compared with')
  world.cut(0, 2)
  world.cut(1, 2)
  repairBy(world, first, second)
  world.run(60_000)
  assert.equal(first.look(key).here, 'tombstone', 'not with the third')
  world.mend()
  repairBy(world, first, second, third)
  assert.equal(third.has(key), false, 'it has heard of the removal, old as it is')
  world.run(30_000)
  for (const node of world.nodes) assert.equal(node.look(key).here, 'nothing', node.id)
  assert.ok(first.tombstones.forgottenUpTo > 0)
  repairBy(world, first, second, third)
  for (const node of world.nodes)
    assert.equal(node.look(key).here, 'nothing', 'nobody gives it to another again')
})

test('a hint from before the horizon is refused and counted, and whoever holds the value gives it up', () => {
  const world = OwnersWorld.settled(3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const key = keyIn(world, ['SET KEY v', 'DEL KEY'], [third])
  // Two have forgotten it: there was no room.
  for (const node of [first, second]) {
    node.tombstones.limits.countMax = 0
    node.effectsOf('SET other v')
    node.effectsOf('DEL other')
    assert.equal(node.look(key).here, 'nothing')
  }
  third.hints.rememberKey('n0', 0, Buffer.from(key))
  third.hints.onPeerUp('n0')
  world.run(1000)
  assert.equal(first.replica.counters.refused.late, 1)
  assert.equal(first.has(key), false)
  repairBy(world, third)
  for (const node of world.nodes) assert.equal(node.has(key), false, node.id)
  assert.equal(third.repair.lateKeys.counters.removed, 1)
})

test('a value as old as forgotten removals is taken when a quorum holds it', () => {
  const world = OwnersWorld.settled(3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const key = keyIn(world, ['SET KEY v'])
  lose(third, key)
  for (const { tombstones, space } of world.nodes) tombstones.noteForgotten(space.hlc.last)
  repairBy(world, first)
  assert.deepEqual([first.has(key), second.has(key), third.has(key)], [true, true, true])
  assert.equal(first.repair.lateKeys.counters.confirmed, 1)
})

test('while owners that may know more are silent, a late value is neither given away nor given up', () => {
  const world = OwnersWorld.settled(3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const key = keyIn(world, ['SET KEY v'])
  lose(third, key)
  for (const { tombstones, space } of world.nodes) tombstones.noteForgotten(space.hlc.last)
  world.cut(0, 1)
  first.repair.antiEntropy.order(-1)
  world.run(60_000)
  assert.deepEqual([first.has(key), third.has(key)], [true, false])
  assert.equal(first.repair.lateKeys.counters.undecided, 1)
  world.mend()
  repairBy(world, first, second)
  assert.ok(third.has(key))
})

test('who has lost its memory takes late values: it has forgotten nothing, it knows nothing yet', () => {
  const world = OwnersWorld.settled(3)
  const [first] = world.nodes as [WorldNode]
  const key = keyIn(world, ['SET KEY v'])
  first.tombstones.noteForgotten(first.space.hlc.last)
  world.kill(2)
  const third = world.restart(2)
  world.run(3000)
  assert.ok(third.has(key))
})
