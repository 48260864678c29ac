// What an absent owner missed is told to it when it is back: as it is by then, within limits, and honestly when not all.

import assert from 'node:assert/strict'
import test from 'node:test'
import { HINT_OVERHEAD_BYTES } from '../../src/replication/hints.ts'
import { dump } from '../commands/effect-pair.ts'
import { OwnersWorld, type WorldNode } from './owners-world.ts'

/** A write that the second node misses. */
function miss(by: WorldNode, request: string, ...peers: string[]): void {
  const bytes = by.effectsOf(request)
  for (const peer of peers.length > 0 ? peers : ['n1']) by.hints.remember(peer, bytes, bytes.length)
}

function pair(): { world: OwnersWorld; first: WorldNode; second: WorldNode } {
  const world = OwnersWorld.settled(2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  return { world, first, second }
}

test('what was missed is told when the owner is back, each key once and as it is by then', () => {
  const { world, first, second } = pair()
  miss(first, 'SET a 1')
  miss(first, 'APPEND a 2')
  miss(first, 'RPUSH list x y z')
  miss(first, 'LPOP list')
  miss(first, 'PEXPIRE list 100000')
  assert.deepEqual([first.hints.count, first.hints.counters.hintedQueued], [2, 2])
  first.run('SET a newer')
  world.run(100)
  assert.equal(second.has('a'), false)
  first.hints.onPeerUp('n1')
  world.run(100)
  assert.equal(second.get('a'), 'newer')
  assert.deepEqual(dump(second.space), dump(first.space))
  assert.deepEqual([first.hints.count, first.hints.bytes, first.hints.counters.hintedReplayed], [0, 0, 2])
  assert.deepEqual(first.hints.rows(), [])
})

test('a removal is told as a removal, and never brings back what came before it', () => {
  const { world, first, second } = pair()
  const bytes = first.effectsOf('SET k old')
  second.take('n0', bytes)
  miss(first, 'SET k older-than-the-removal')
  miss(first, 'DEL k')
  first.hints.onPeerUp('n1')
  world.run(100)
  assert.equal(second.look('k').here, 'tombstone')
  assert.deepEqual([first.look('k').version], [second.look('k').version])
})

test('a hint of something older than what the owner has changes nothing there', () => {
  const { world, first, second } = pair()
  miss(first, 'SET k old')
  second.run('SET k newer')
  first.hints.onPeerUp('n1')
  world.run(100)
  assert.equal(second.get('k'), 'newer')
  assert.equal(first.hints.count, 0)
})

test('keys are bytes, whatever they hold, and each database has its own', () => {
  const { world, first, second } = pair()
  const key = Buffer.from([0, 255, 128, 13, 10])
  first.run('SELECT 3')
  first.run(`SET ${key.toString('latin1')} v`)
  first.run('SELECT 0')
  first.run(`SET ${key.toString('latin1')} w`)
  first.hints.rememberKey('n1', 3, key)
  first.hints.rememberKey('n1', 0, key)
  first.hints.rememberKey('n1', 0, key)
  assert.equal(first.hints.count, 2)
  assert.equal(first.hints.bytes, 2 * (1 + key.length + HINT_OVERHEAD_BYTES))
  first.hints.onPeerUp('n1')
  world.run(50)
  assert.deepEqual(dump(second.space), dump(first.space))
})

test('beyond the limits of one owner hints are dropped, counted, and made good by a repair', () => {
  for (const limit of [{ countPerPeerMax: 5 }, { bytesPerPeerMax: 5 * (3 + HINT_OVERHEAD_BYTES) }]) {
    const { world, first, second } = pair()
    Object.assign(first.hints.limits, limit)
    for (let i = 10; i < 30; i++) miss(first, `SET ${i} v`)
    assert.deepEqual([first.hints.count, first.hints.counters.hintedDropped], [5, 15])
    assert.deepEqual(first.hints.countersOf('n1')!.hintedDropped, 15)
    assert.equal(first.hints.needsRepair('n1'), true)
    first.hints.onPeerUp('n1')
    world.run(300)
    assert.equal(first.hints.needsRepair('n1'), false)
    assert.equal(first.repairs.counters.peersRepaired, 1)
    assert.deepEqual(dump(second.space), dump(first.space))
  }
})

test('so are those beyond the limits of all owners together', () => {
  for (const limit of [{ countMax: 6 }, { bytesMax: 6 * (3 + HINT_OVERHEAD_BYTES) }]) {
    const world = OwnersWorld.settled(3)
    const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
    Object.assign(first.hints.limits, limit)
    for (let i = 10; i < 20; i++) miss(first, `SET ${i} v`, 'n1', 'n2')
    assert.deepEqual([first.hints.count, first.hints.counters.hintedDropped], [6, 14])
    assert.equal(first.hints.bytes, 6 * (3 + HINT_OVERHEAD_BYTES))
    first.hints.onPeerUp('n1')
    first.hints.onPeerUp('n2')
    world.run(300)
    for (const node of [second, third]) assert.deepEqual(dump(node.space), dump(first.space))
  }
})

test('hints live as long as the owner may be away; then a repair has to do', () => {
  const { world, first, second } = pair()
  first.hints.limits.ttlMs = 1000
  miss(first, 'SET a v')
  world.run(600)
  miss(first, 'SET b v')
  assert.deepEqual(first.hints.rows(), [
    { nodeId: 'n1', count: 2, bytes: 2 * (2 + HINT_OVERHEAD_BYTES), oldestMs: 600 },
  ])
  world.run(600)
  assert.deepEqual([first.hints.count, first.hints.bytes, first.hints.counters.hintedExpired], [0, 0, 2])
  assert.deepEqual(first.hints.rows(), [{ nodeId: 'n1', count: 0, bytes: 0, oldestMs: 0 }])
  miss(first, 'SET c v')
  assert.equal(first.hints.count, 1)
  first.hints.onPeerUp('n1')
  world.run(200)
  assert.deepEqual(dump(second.space), dump(first.space))
})

test('what could not be told is kept, and told the next time', () => {
  const { world, first, second } = pair()
  for (let i = 0; i < 10; i++) miss(first, `SET k${i} v`)
  world.cut(0, 1)
  first.hints.onPeerUp('n1')
  // Changed while the portion is on its way: one hint, not two.
  miss(first, 'SET k3 w')
  world.run(6000)
  assert.deepEqual([first.hints.count, first.hints.counters.hintedReplayed], [10, 0])
  first.hints.onPeerDown('n1')
  world.mend()
  world.run(6000)
  assert.equal(second.has('k1'), false)
  first.hints.onPeerUp('n1')
  world.run(100)
  assert.deepEqual([first.hints.count, first.hints.bytes], [0, 0])
  assert.deepEqual(dump(second.space), dump(first.space))
})

test('telling goes on portion by portion, and no faster than the pace', () => {
  const { world, first, second } = pair()
  Object.assign(first.hints.limits, { portionKeys: 10, keysPerTick: 30 })
  world.run(20)
  for (let i = 0; i < 200; i++) miss(first, `SET k${i} v`)
  first.hints.onPeerUp('n1')
  world.run(19)
  const { keysIn } = second.transfers.counters
  assert.equal(keysIn > 0 && keysIn <= 60, true, `${keysIn}`)
  world.run(20)
  assert.equal(second.transfers.counters.keysIn - keysIn <= 30, true)
  world.run(400)
  assert.equal(second.transfers.counters.framesIn, 20)
  assert.deepEqual(dump(second.space), dump(first.space))
})

test('long values are told within the bytes of the pace', () => {
  const { world, first, second } = pair()
  Object.assign(first.hints.limits, { portionKeys: 4, bytesPerTick: 200_000 })
  first.transfers.limits.frameBytes = 50_000
  world.run(20)
  for (let i = 0; i < 40; i++) miss(first, `SET k${i} ${'x'.repeat(30_000)}`)
  first.hints.onPeerUp('n1')
  world.run(19)
  assert.equal(first.transfers.counters.bytesOut <= 2 * 320_000, true)
  world.run(500)
  assert.deepEqual(dump(second.space), dump(first.space))
})

test('what no frame could carry is given up and counted, and everything else arrives', () => {
  const { world, first, second } = pair()
  first.transfers.limits.entryBytesMax = 1000
  miss(first, `SET long ${'x'.repeat(2000)}`)
  miss(first, 'SET short v')
  first.hints.onPeerUp('n1')
  world.run(100)
  assert.deepEqual([first.transfers.counters.oversized > 0, first.hints.counters.hintedDropped], [true, 1])
  assert.deepEqual([second.has('long'), second.has('short')], [false, true])
  assert.equal(first.hints.count, 0)
})

test('a key that has expired meanwhile has nothing to tell', () => {
  const { world, first, second } = pair()
  miss(first, 'SET k v PX 50')
  world.run(100)
  first.hints.onPeerUp('n1')
  world.run(100)
  assert.deepEqual([first.hints.count, second.look('k').here], [0, 'nothing'])
  assert.equal(second.transfers.counters.framesIn, 0)
})

test('a member that is no more takes its hints along', () => {
  const { world, first } = pair()
  miss(first, 'SET a v')
  miss(first, 'SET b v', 'n7')
  first.hints.forget('n1')
  first.hints.forget('n9')
  assert.deepEqual([first.hints.count, first.hints.rows().map(({ nodeId }) => nodeId)], [1, ['n7']])
  first.hints.onPeerUp('n1')
  miss(first, 'SET c v')
  first.hints.forget('n1')
  world.run(100)
  assert.equal(first.hints.count, 1)
  assert.equal(first.hints.bytes, 2 + HINT_OVERHEAD_BYTES)
})

test('a repair that fails is asked for again', () => {
  const { world, first, second } = pair()
  first.run('SET k v')
  world.cut(0, 1)
  first.hints.onPeerUp('n1')
  first.hints.requireRepair('n1')
  world.run(1000)
  assert.equal(second.has('k'), false)
  world.mend()
  world.run(1000)
  assert.equal(second.has('k'), true)
  assert.equal(first.hints.needsRepair('n1'), false)
})

test('what an owner misses in five minutes at 2,000 writes a second, each to a key of its own, is all kept', () => {
  const { first } = pair()
  const { hints } = first
  const key = Buffer.alloc(40, 'k')
  for (let i = 0; i < 600_000; i++) {
    key.writeUInt32LE(i, 0)
    hints.rememberKey('n1', 0, key)
  }
  assert.deepEqual([hints.count, hints.counters.hintedDropped], [600_000, 0])
  assert.ok(hints.bytes < hints.limits.bytesPerPeerMax * 0.6, `${hints.bytes} bytes`)
})

test('a node that has enough to do tells fewer hints between two ticks, and never none', () => {
  const { world, first } = pair()
  first.hints.limits = { ...first.hints.limits, keysPerTick: 8 }
  for (let i = 0; i < 20; i++) miss(first, `SET key:${i} v`)
  first.hints.onTick(0, 0.25)
  first.hints.onPeerUp('n1')
  first.hints.onTick(0, 0)
  assert.equal(first.hints.count, 20)
  world.run(3)
  assert.equal(first.hints.count, 18)
})
