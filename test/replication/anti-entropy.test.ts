/*
 * Owners that compare themselves: what differs is exchanged and nothing else, what is equal costs next to nothing, and
 * the pace follows what was found. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { OwnersWorld, slotOfKey, tableOf, type WorldNode } from './owners-world.ts'

const CALM_MS = 10_000

/** The key vanishes here as if it had never come. */
function lose(node: WorldNode, key: string): void {
  const { ref } = node.look(key)
  assert.notEqual(ref, 0, `${node.id} has ${key}`)
  node.space.vanish(ref, 'moved')
}

/** Writes where the key's slot is acted for, and tells all other owners but those left out. */
function write(world: OwnersWorld, request: string, leftOut: readonly WorldNode[] = []): void {
  const slot = slotOfKey(request.split(' ')[1]!)
  const primary = world.nodes[world.firstOwner(slot)]!
  const bytes = primary.effectsOf(request)
  for (const node of world.nodes)
    if (node !== primary && node.roles.owns(slot) && !leftOut.includes(node)) node.take(primary.id, bytes)
}

function repairAll(world: OwnersWorld, ms = 2000): void {
  for (const node of world.nodes) node.repair.antiEntropy.order(-1)
  world.run(ms)
}

function repaired(world: OwnersWorld): { pulled: number; pushed: number; bytes: number } {
  const sum = { pulled: 0, pushed: 0, bytes: 0 }
  for (const { repair } of world.nodes) {
    sum.pulled += repair.antiEntropy.counters.keysPulled
    sum.pushed += repair.antiEntropy.counters.keysPushed
    sum.bytes += repair.antiEntropy.counters.bytes
  }
  return sum
}

function areEqual(world: OwnersWorld): boolean {
  const [first, ...others] = world.nodes as [WorldNode, ...WorldNode[]]
  return others.every(({ space, tombstones }) => {
    return (
      space.digest.sums.every((sum, at) => sum === first.space.digest.sums[at]) &&
      tombstones.sums.every((sum, slot) => sum === first.tombstones.sums[slot])
    )
  })
}

test('two equal owners find that out by their roots, in less than a kilobyte', () => {
  const world = OwnersWorld.settled(2)
  for (let i = 0; i < 500; i++) write(world, `SET k${i} v`)
  write(world, 'DEL k7')
  const [first] = world.nodes as [WorldNode, WorldNode]
  assert.equal(first.repair.antiEntropy.order(-1), 1)
  world.run(200)
  const { counters } = first.repair.antiEntropy
  assert.deepEqual([counters.cycles, counters.clean, counters.slotsCompared], [1, 1, 16_384])
  assert.ok(counters.bytes < 1024, `${counters.bytes} bytes`)
  assert.equal(first.countAsked('tree'), 1, 'one question')
})

test('what differs is brought to both, entries and removals, and nothing else is sent', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  for (let i = 0; i < 3000; i++) write(world, `SET k${i} v${i}`)
  world.run(CALM_MS)
  for (let i = 0; i < 30; i++) lose(first, `k${i}`)
  for (let i = 30; i < 60; i++) lose(second, `k${i}`)
  for (let i = 60; i < 90; i++) write(world, `SET k${i} new`, [first, second])
  for (let i = 90; i < 120; i++) write(world, `DEL k${i}`, [first, second])
  world.run(CALM_MS)
  first.repair.antiEntropy.order(-1)
  world.run(2000)
  assert.ok(areEqual(world))
  const { pulled, pushed } = repaired(world)
  assert.equal(pulled + pushed, 120)
  for (const node of world.nodes) {
    for (const i of [0, 59]) assert.equal(node.get(`k${i}`), `v${i}`)
    assert.equal(node.get('k60'), 'new')
    assert.equal(node.has('k119'), false)
    assert.equal(node.look('k119').here, 'tombstone')
  }
  first.repair.antiEntropy.order(-1)
  world.run(2000)
  assert.equal(first.repair.antiEntropy.counters.clean, 1, 'nothing is left')
})

test('one key of many in a slot is found without listing the others', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  const requests = Array.from({ length: 5000 }, (_, i) => `SET {one}${i} v`)
  for (const request of requests) write(world, request)
  world.run(CALM_MS)
  lose(second, '{one}4711')
  first.repair.antiEntropy.order(-1)
  world.run(2000)
  const { counters } = first.repair.antiEntropy
  assert.deepEqual([counters.keysPushed, counters.keysPulled, counters.slotsDiffering], [1, 0, 1])
  assert.ok(counters.keysListed < 50, `${counters.keysListed} keys listed`)
  assert.ok(counters.bytes < 40_000, `${counters.bytes} bytes for 5000 keys`)
  assert.ok(second.has('{one}4711'))
})

test('defect 3: with more nodes than copies only shared slots are compared, and what a peer does not own is not removed', () => {
  const world = OwnersWorld.settled(5, 2)
  for (let i = 0; i < 1000; i++) write(world, `SET k${i} v`)
  world.run(CALM_MS)
  repairAll(world)
  const { pulled, pushed } = repaired(world)
  assert.equal(pulled + pushed, 0)
  for (const { repair, tombstones } of world.nodes) {
    const { counters } = repair.antiEntropy
    assert.deepEqual([counters.clean, counters.dirty, counters.failed], [2, 0, 0], 'two neighbours each')
    assert.equal(tombstones.count, 0)
  }
  // Trees over all a node has would differ: that is what the forerunner compares.
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  assert.ok(first.space.digest.sums.some((sum, at) => sum !== second.space.digest.sums[at]))
  // And a key the peer lacks is sent to it, not removed here.
  const key = Array.from({ length: 1000 }, (_, i) => `k${i}`).find(
    (one) => world.firstOwner(slotOfKey(one)) === 0,
  )!
  lose(second, key)
  repairAll(world)
  assert.ok(first.has(key) && second.has(key))
})

test('keys whose time has come, or is about to, are no difference', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  second.skewMs = 1500
  for (let i = 0; i < 200; i++) write(world, `SET k${i} v PX ${CALM_MS + 10 * i}`)
  for (let ms = 0; ms < 2 * CALM_MS; ms += 500) {
    repairAll(world, 500)
    // Each looks at other keys, so each has seen others vanish.
    for (let i = 0; i < 200; i++) (i % 2 === 0 ? first : second).look(`k${i}`)
  }
  const { pulled, pushed } = repaired(world)
  assert.equal(pulled + pushed, 0)
  assert.ok(world.nodes.every(({ repair }) => repair.antiEntropy.counters.failed === 0))
})

test('a value that expired here, written over one that never expires there, stays gone', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  first.tombstones.keepsExpired = true
  second.tombstones.keepsExpired = true
  write(world, 'SET k for-ever')
  write(world, 'SET k short PX 3000', [first, second])
  world.run(CALM_MS)
  repairAll(world)
  assert.deepEqual([first.has('k'), second.has('k')], [false, false])
})

test('what was evicted is not brought back by who still has it', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  for (let i = 0; i < 50; i++) write(world, `SET k${i} v`)
  world.run(CALM_MS)
  const key = Array.from({ length: 50 }, (_, i) => `k${i}`).find((one) => first.serves(one))!
  first.space.nowMs = first.wallMs()
  first.space.evict(first.look(key).ref)
  world.run(CALM_MS)
  repairAll(world)
  assert.deepEqual([first.has(key), second.has(key)], [false, false])
})

test('versions on their way are left to their effects', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  for (let i = 0; i < 100; i++) write(world, `SET k${i} v`)
  world.run(CALM_MS)
  for (let i = 0; i < 100; i++) write(world, `SET k${i} w`, [first, second])
  first.repair.antiEntropy.order(-1)
  world.run(500)
  assert.deepEqual(
    [first.repair.antiEntropy.counters.cycles, first.repair.antiEntropy.counters.moving],
    [1, 1],
  )
  assert.deepEqual(repaired(world).pushed, 0)
  world.run(3000)
  repairAll(world)
  assert.ok(areEqual(world))
})

test('a cycle that finds nothing doubles the interval, one that finds something is followed soon', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  for (let i = 0; i < 100; i++) write(world, `SET k${i} v`)
  first.repairIntervalMs = 1000
  const rowOf = () => first.repair.antiEntropy.rows()[0]!
  const intervals: number[] = []
  for (let cycles = 0; cycles < 7; ) {
    world.run(100)
    if (first.repair.antiEntropy.counters.cycles === cycles) continue
    cycles = first.repair.antiEntropy.counters.cycles
    intervals.push(rowOf().intervalMs)
  }
  assert.deepEqual(intervals.slice(0, 6), [2000, 4000, 8000, 16_000, 16_000, 16_000])
  lose(second, 'k1')
  world.run(30_000)
  assert.ok(second.has('k1'))
  assert.equal(first.repair.antiEntropy.counters.dirty, 1)
  assert.ok(first.repair.antiEntropy.counters.clean > 7)
  // Another placement: what was clean says little.
  world.run(60_000)
  assert.equal(rowOf().intervalMs, 16_000)
  world.replace(tableOf(world.nodes, 2))
  assert.equal(rowOf().intervalMs, 1000)
  assert.ok(rowOf().dueInMs <= 2000)
})

test('a slot alone is repaired when it is asked for, and the others are not', () => {
  const world = OwnersWorld.settled(3)
  for (let i = 0; i < 100; i++) write(world, `SET k${i} v`)
  world.run(CALM_MS)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  lose(second, 'k1')
  lose(second, 'k2')
  assert.equal(first.repair.antiEntropy.order(slotOfKey('k1')), 2)
  world.run(1000)
  assert.deepEqual([second.has('k1'), second.has('k2')], [true, false])
  assert.equal(first.repair.antiEntropy.counters.slotsCompared, 2)
})

test('an owner that is silent, or is being settled, is compared with later', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  for (let i = 0; i < 100; i++) write(world, `SET k${i} v`)
  world.run(CALM_MS)
  lose(second, 'k1')
  world.cut(0, 1)
  first.repair.antiEntropy.order(-1)
  world.run(31_000)
  assert.deepEqual([first.repair.antiEntropy.counters.failed, second.has('k1')], [1, false])
  world.mend()
  second.settling.forgetAll()
  assert.ok(second.settling.missingCount > 0)
  first.repair.antiEntropy.order(-1)
  world.run(3000)
  assert.ok(second.has('k1'))
})

test('a large comparison is spread over rounds, and yields to clients while the event loop lags', () => {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  const value = 'x'.repeat(2000)
  for (let i = 0; i < 2000; i++) write(world, `SET k${i} ${value}`)
  world.run(CALM_MS)
  for (let i = 0; i < 2000; i++) lose(second, `k${i}`)
  first.repair.antiEntropy.limits.bytesPerTick = 64 * 1024
  first.repair.antiEntropy.order(-1)
  world.run(100)
  assert.ok(first.repair.antiEntropy.isRunning)
  first.repair.antiEntropy.limits.lagMs = 1
  const { bytes } = first.repair.antiEntropy.counters
  world.run(2000)
  assert.ok(first.repair.antiEntropy.isRunning, 'every tick lags')
  assert.equal(first.repair.antiEntropy.counters.bytes, bytes)
  first.repair.antiEntropy.limits.lagMs = 250
  world.run(60_000)
  assert.ok(areEqual(world))
  assert.equal(first.repair.antiEntropy.counters.keysPushed, 2000)
})
