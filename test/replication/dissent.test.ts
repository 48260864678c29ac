// What becomes of promises that owners gave while they took each other for dead.

import assert from 'node:assert/strict'
import test from 'node:test'
import { verbs } from '../../src/mesh/verbs.ts'
import { type Three, three } from './owners-scenes.ts'
import { keyOf, OwnersWorld, slotOfKey } from './owners-world.ts'

const SIDES: readonly (readonly [number, number])[] = [
  [0, 3],
  [0, 4],
  [1, 3],
  [1, 4],
]

/** Two sides that hear each other through the third node only, until each has claimed what the other acts for; then all is well. */
function afterBridge(): OwnersWorld {
  const world = OwnersWorld.settled(5, 5)
  bury(world)
  world.run(1000)
  for (const node of world.nodes) node.buried.clear()
  world.mend()
  world.refresh(false)
  return world
}

function bury(world: OwnersWorld): void {
  for (const [a, b] of SIDES) {
    world.cut(a, b)
    world.nodes[a]!.buried.add(`n${b}`)
    world.nodes[b]!.buried.add(`n${a}`)
  }
  world.refresh(false)
}

/** Slots that somebody has promised to another than who acts, under a higher term than his. */
function overtakenCount({ nodes, table }: OwnersWorld): number {
  let count = 0
  for (let slot = 0; slot < 16384; slot++) {
    const acting = nodes[table.owners[slot * table.copies]!]!
    const term = acting.space.terms[slot]!
    if (nodes.some(({ claims }) => claims.termOf(slot) > term)) count++
  }
  return count
}

test('after two sides took each other for dead every slot is claimed above what was promised, though nobody asks for a key', () => {
  const world = afterBridge()
  assert.ok(overtakenCount(world) > 5000, `${overtakenCount(world)} slots are promised away`)
  world.run(1000)
  assert.equal(overtakenCount(world), 0)
  for (const { settling } of world.nodes) assert.equal(settling.pendingCount, 0)
})

test('who acts learns of some slots at a time, so that most of them are served all the while', () => {
  const world = afterBridge()
  for (const { dissent } of world.nodes) dissent.limits.slotsPerTick = 64
  const [first] = world.nodes
  const owned = first!.roles.roles.filter((role) => role !== 0).length
  // What had no quorum in the split is settled first.
  world.run(20)
  let servedMin = owned
  for (let ms = 0; ms < 3000; ms++) {
    world.run(1)
    servedMin = Math.min(servedMin, first!.roles.roles.filter((role) => role === 1).length)
  }
  assert.ok(servedMin > owned * 0.8, `${servedMin} of ${owned}`)
  assert.equal(overtakenCount(world), 0)
})

test('who could not be told is told again, and who has been told is not', () => {
  const world = OwnersWorld.settled(3)
  const [first, , third] = world.nodes as Three
  const slot = slotOfKey(keyOf(world, 0))
  world.cut(0, 2)
  third.claims.promise(slot, third.id, 7)
  world.refresh(false)
  world.run(2000)
  assert.ok(first.claims.termOf(slot) < 7)
  assert.ok(third.countAsked('dissent') > 0)
  world.mend()
  world.run(2000)
  assert.deepEqual([first.claims.termOf(slot), third.claims.termOf(slot)], [8, 8])
  assert.deepEqual([third.claims.holderOf(slot), first.serves(keyOf(world, 0))], [first.id, true])
  third.claims.promise(slot, third.id, 5)
  world.refresh(false)
  world.run(100)
  const told = third.countAsked('dissent')
  for (let i = 0; i < 10; i++) {
    world.refresh(false)
    world.run(100)
  }
  assert.equal(third.countAsked('dissent'), told)
})

test('where promises and beliefs agree nobody is told anything', () => {
  const { world, nodes } = three()
  world.kill(0)
  world.run(1000)
  world.revive(0)
  world.run(1000)
  for (const node of nodes) node.asked.length = 0
  world.refresh(false)
  world.run(1000)
  for (const node of nodes) assert.equal(node.countAsked('dissent'), 0)
})

test('who sees another placement is not heeded, nor are terms that cannot be read or cannot be', () => {
  const { nodes, world, key } = three()
  const [first, second] = nodes
  const slot = slotOfKey(key)
  const term = first.claims.termOf(slot)
  const tell = (bytes: readonly number[], fingerprint = world.fingerprint): string[] => {
    const outcomes: string[] = []
    const body = Buffer.from(bytes)
    second.ask(first.id, verbs.dissent, [fingerprint], body, 200, (outcome) => outcomes.push(outcome.kind))
    world.run(10)
    return outcomes
  }
  const low = slot & 255
  const high = slot >> 8
  assert.deepEqual(tell([low]), ['failed'])
  assert.deepEqual(tell([0xff, 0xff, 9, 0, 0, 0]), ['failed'])
  assert.deepEqual(tell([low, high, 0xff, 0xff, 0xff, 0xff]), ['answer'])
  assert.deepEqual(tell([low, high, 9, 0, 0, 0], world.fingerprint + 1), ['failed'], 'of another placement')
  assert.deepEqual([first.claims.termOf(slot), first.serves(key)], [term, true])
})
