// How slots change hands: who gains them, who gives them up, and what nobody may lose on the way.

import assert from 'node:assert/strict'
import test from 'node:test'
import { NO_MEMBER, type OwnersTable } from '../../src/replication/owners-table.ts'
import { dump } from '../commands/effect-pair.ts'
import { keyOf, OwnersWorld, slotOfKey, type WorldNode } from './owners-world.ts'

/** As `from`, but the slots of these keys belong to those owners, by number. */
function moved(world: OwnersWorld, keys: readonly string[], owners: readonly number[]): OwnersTable {
  const { copies, members, owners: before } = world.table
  const after = Uint16Array.from(before)
  for (const key of keys) {
    for (let rank = 0; rank < copies; rank++)
      after[slotOfKey(key) * copies + rank] = owners[rank] ?? NO_MEMBER
  }
  return { members, copies, owners: after }
}

function write(by: WorldNode, request: string, ...reached: WorldNode[]): void {
  const bytes = by.effectsOf(request)
  for (const node of reached) assert.deepEqual(node.take(by.id, bytes).refusals, [], request)
}

/** Keys of different slots whose first owner is the first node. */
function keysOf(world: OwnersWorld, count: number): string[] {
  const keys = new Map<number, string>()
  for (let i = 0; keys.size < count; i++) {
    const key = keyOf(world, 0, i)
    keys.set(slotOfKey(key), key)
  }
  return [...keys.values()]
}

function countIn(node: WorldNode, keys: readonly string[]): number {
  return keys.filter((key) => node.space.index.countOf(slotOfKey(key)) > 0).length
}

test('gained slots come many in a frame, removals too, and without a list of versions', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 300)
  for (const key of keys) {
    for (const part of ['a', 'b', 'c']) write(first, `SET {${key}}${part} ${part}`, second)
    write(first, `DEL {${key}}c`, second)
  }
  world.replace(moved(world, keys, [1, 2]))
  world.run(400)
  assert.deepEqual([third.countAsked('versions'), third.countAsked('read')], [0, 0])
  assert.equal(third.countAsked('stream') < 60, true, `${third.countAsked('stream')} frames`)
  for (const key of keys) {
    assert.equal(third.settling.isWhole(slotOfKey(key)), true)
    assert.deepEqual([third.get(`{${key}}a`), third.get(`{${key}}b`)], ['a', 'b'])
    assert.equal(third.look(`{${key}}c`).here, 'tombstone')
  }
})

test('an owner that hears of a change late is asked again while another one is silent', () => {
  const world = OwnersWorld.settled(4, 3)
  const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 100)
  for (const key of keys) write(first, `SET ${key} v`, second, third)
  world.latenessMs.set('n3', 1000)
  world.unaware.add('n1')
  world.replace(moved(world, keys, [0, 1, 3]))
  world.run(70)
  assert.equal(
    keys.some((key) => first.serves(key)),
    false,
  )
  world.unaware.delete('n1')
  world.run(80)
  assert.deepEqual(
    keys.filter((key) => !first.serves(key)),
    [],
  )
  assert.equal(fourth.settling.isWhole(slotOfKey(keys[0]!)), false)
})

test('a slot that requests wait for is brought to its new owner rather than that they wait for another survey', () => {
  const world = OwnersWorld.settled(4, 3)
  const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 20)
  for (const key of keys) write(first, `SET ${key} v`, second, third)
  // The second, which stays, says nothing for now.
  world.latenessMs.set('n1', 1000)
  fourth.intake.limits = { ...fourth.intake.limits, streamsMax: 0, comparisonsMax: 0 }
  first.waiting.add(slotOfKey(keys[0]!))
  world.replace(moved(world, keys, [0, 3, 1]))
  world.run(290)
  assert.deepEqual(
    keys.filter((key) => first.serves(key)),
    [keys[0]],
  )
  assert.equal(fourth.get(keys[0]!), 'v')
})

test('what a new owner fetches is not brought to it as well while the others that have it may still say so', () => {
  for (const isRefused of [false, true]) {
    const world = OwnersWorld.settled(4, 3)
    const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
    const keys = keysOf(world, 100)
    for (const key of keys) write(first, `SET ${key} v`, second, third)
    // The second, which stays, is the last to be heard: it is slow, or refuses a few times.
    world.latenessMs.set('n1', 20)
    if (isRefused) world.cut(0, 1)
    fourth.intake.limits = { ...fourth.intake.limits, streamsMax: 0, comparisonsMax: 0 }
    world.replace(moved(world, keys, [0, 3, 1]))
    world.run(isRefused ? 60 : 200)
    world.mend()
    world.run(400)
    assert.deepEqual(
      keys.filter((key) => !first.serves(key)),
      [],
    )
    assert.deepEqual([first.countAsked('offer'), first.countAsked('transfer')], [0, 0])
    assert.equal(countIn(fourth, keys), 0)
  }
})

test('who has yet to learn a slot is brought all of it when nobody else says that he has it', () => {
  const world = OwnersWorld.settled(4, 3)
  const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 20)
  for (const key of keys) write(first, `SET ${key} v`, second, third)
  world.cut(0, 1)
  fourth.intake.limits = { ...fourth.intake.limits, streamsMax: 0, comparisonsMax: 0 }
  world.replace(moved(world, keys, [0, 3, 1]))
  world.run(5000)
  assert.equal(countIn(fourth, keys), 20)
  assert.equal(
    keys.every((key) => first.serves(key)),
    true,
  )
})

test('a slot larger than a frame arrives whole, and one with much in it already is compared instead', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
  const [key] = keysOf(world, 1) as [string]
  for (let i = 0; i < 3000; i++) write(first, `SET {${key}}${i} ${'x'.repeat(200)}`, second)
  world.replace(moved(world, [key], [1, 2]))
  world.run(400)
  assert.equal(third.countAsked('stream') >= 5, true)
  assert.deepEqual(dump(third.space), dump(second.space))
  assert.equal(third.countAsked('read'), 0)
  // The fourth was told nearly everything by somebody before it became an owner.
  for (let i = 0; i < 2999; i++) {
    const name = { database: 0, key: Buffer.from(`{${key}}${i}`) }
    second.transfers.send('n3', [name], () => {})
  }
  world.run(50)
  fourth.asked.length = 0
  world.replace(moved(world, [key], [1, 3]))
  world.run(400)
  assert.deepEqual([fourth.countAsked('stream'), fourth.countAsked('read')], [0, 1])
  assert.deepEqual(dump(fourth.space), dump(second.space))
})

test('a gained slot has what only owners before the change had confirmed', () => {
  const world = OwnersWorld.settled(6, 3)
  const [first, second, third, fourth, fifth] = world.nodes as WorldNode[]
  const [key] = keysOf(world, 1) as [string]
  // A quorum of today, nobody of which owns the slot tomorrow; the first has missed it.
  write(first!, `SET ${key} confirmed`, second!, third!)
  first!.space.vanish(first!.look(key).ref, 'moved')
  world.replace(moved(world, [key], [0, 3, 4]))
  world.run(600)
  assert.equal(first!.serves(key), true)
  for (const node of [first!, fourth!, fifth!]) assert.equal(node.get(key), 'confirmed', node.id)
})

test('when one of the owners dies during a hand-off, those before the change speak for it', () => {
  const world = OwnersWorld.settled(4, 3)
  const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
  const [key] = keysOf(world, 1) as [string]
  // The second has missed it: only the first, which dies, and the third, which loses the slot, have it.
  write(first, `SET ${key} confirmed`, third)
  world.kill(0)
  fourth.intake.limits = { ...fourth.intake.limits, streamsMax: 0, comparisonsMax: 0 }
  world.replace(moved(world, [key], [0, 1, 3]))
  world.run(400)
  assert.equal(fourth.settling.isWhole(slotOfKey(key)), false)
  assert.deepEqual([second.serves(key), second.get(key)], [true, 'confirmed'])
})

test('a former owner that has not heard of the change finds no help with those who stayed', () => {
  const world = OwnersWorld.settled(4, 3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const [key] = keysOf(world, 1) as [string]
  write(first, `SET ${key} old`, second, third)
  const bytes = first.effectsOf(`SET ${key} late`)
  world.replace(moved(world, [key], [1, 2, 3]))
  for (const node of [second, third])
    assert.deepEqual(
      node.take('n0', bytes).refusals.map(({ reason }) => reason),
      ['outranked'],
    )
})

test('what is lost is dropped when every new owner has it, and its memory is given back', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 100)
  for (const key of keys) write(first, `SET ${key} ${'x'.repeat(1000)}`, second)
  write(first, `DEL ${keys[0]}`, second)
  const before = first.space.usedBytes()
  world.cut(2, 1)
  world.cut(2, 0)
  world.replace(moved(world, keys, [1, 2]))
  world.run(3000)
  assert.equal(countIn(first, keys), 99, 'one of the new owners knows nothing yet')
  assert.equal(first.leftovers.pendingCount, 100)
  world.mend()
  world.run(6000)
  assert.deepEqual([countIn(first, keys), countIn(second, keys), countIn(third, keys)], [0, 99, 99])
  assert.equal(first.leftovers.pendingCount + first.leftovers.droppingCount, 0)
  assert.equal(first.leftovers.counters.keysDropped, 99)
  assert.equal(first.look(keys[0]!).here, 'nothing', 'nor is it remembered as removed')
  assert.equal(before - first.space.usedBytes() > 99_000, true)
  assert.equal(first.leftovers.isHeld(slotOfKey(keys[1]!)), false)
})

test('small slots and large ones are dropped to the last key, and whoever watches hears that they have moved', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  const [small, large] = keysOf(world, 2) as [string, string]
  for (let i = 0; i < 100; i++) write(first, `SET {${small}}${i} v`, second)
  for (let i = 0; i < 400; i++) write(first, `SET {${large}}${i} v`, second)
  const reasons: string[] = []
  first.space.observer = {
    onCreated: null,
    onChanged: () => {},
    onRemoved: (_database, _ref, reason) => reasons.push(reason),
  }
  world.replace(moved(world, [small, large], [1, 2]))
  world.run(6000)
  assert.equal(countIn(first, [small, large]), 0)
  assert.deepEqual([first.leftovers.counters.keysDropped, first.leftovers.counters.dropped], [500, 2])
  assert.deepEqual([reasons.length, new Set(reasons)], [500, new Set(['moved'])])
})

test('requests need not wait for more than a little of what is dropped, however small the slots are', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  const keys = keysOf(world, 100)
  for (const key of keys) write(first, `SET ${key} v`, second)
  const { limits } = first.leftovers
  first.lookUs = limits.dropBudgetUs / 4
  world.replace(moved(world, keys, [1, 2]))
  let most = 0
  for (let left = 100, rounds = 0; left > 0 && rounds < 6000; rounds++) {
    world.run(1)
    const now = countIn(first, keys)
    most = Math.max(most, left - now)
    left = now
  }
  assert.equal(countIn(first, keys), 0)
  assert.ok(most <= 4, `${most} slots at once`)
})

test('what a new owner lacks is brought to it before it is dropped, however late it turned up', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const [key] = keysOf(world, 1) as [string]
  world.replace(moved(world, [key], [1, 2]))
  world.run(600)
  const stray = `{${key}}stray`
  // A hint for the former owner, from one that had not heard of the change; nobody else has the key.
  third.run(`SET ${stray} v`)
  third.transfers.send('n0', [{ database: 0, key: Buffer.from(stray) }], () => {})
  world.run(3)
  third.space.vanish(third.look(stray).ref, 'moved')
  assert.deepEqual([first.has(stray), second.has(stray), third.has(stray)], [true, false, false])
  world.run(10_000)
  assert.deepEqual([second.get(stray), third.get(stray)], ['v', 'v'])
  assert.equal(first.has(stray), false)
})

test('an owner that is gone is not waited for where a quorum has everything', () => {
  const world = OwnersWorld.settled(5, 3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 20)
  for (const key of keys) write(first, `SET ${key} v`, second, third)
  world.kill(2)
  world.replace(moved(world, keys, [1, 2, 3]))
  world.run(8000)
  assert.equal(countIn(first, keys), 0)
  const [, , , fourth] = world.nodes
  assert.equal(countIn(fourth!, keys), 20)
})

test('nothing is dropped while too few of the new owners have it', () => {
  const world = OwnersWorld.settled(5, 3)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 20)
  for (const key of keys) write(first, `SET ${key} v`, second, third)
  world.kill(2)
  world.kill(3)
  world.replace(moved(world, keys, [1, 2, 3]))
  world.run(8000)
  assert.equal(countIn(first, keys), 20)
})

test('a slot that comes back before it was dropped is not dropped', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  const keys = keysOf(world, 20)
  for (const key of keys) write(first, `SET ${key} v`, second)
  const before = world.table
  world.replace(moved(world, keys, [1, 2]))
  world.run(5)
  world.replace(before)
  world.run(6000)
  assert.equal(countIn(first, keys), 20)
  assert.equal(first.serves(keys[0]!), true)
})

test('a hand-off keeps to its rate, and what requests wait for does not wait for it', () => {
  const world = OwnersWorld.settled(4, 2)
  const [first, second, third] = world.nodes as [WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 400)
  for (const key of keys) write(first, `SET ${key} ${'x'.repeat(5000)}`, second)
  third.intake.throttle.bytesPerSecond = 500_000
  const hot = keys[399]!
  third.waiting.add(slotOfKey(hot))
  world.replace(moved(world, keys, [2, 1]))
  world.run(60)
  assert.equal(third.serves(hot), true)
  world.run(940)
  const seconds = 1
  const { bytesPulled } = third.exchange.counters
  assert.equal(bytesPulled > 300_000 * seconds && bytesPulled < 1_100_000 * seconds, true, `${bytesPulled}`)
  world.run(3500)
  assert.equal(third.settling.missingCount, 0)
  assert.equal(third.intake.throttle.waitedMs > 1000, true)
  assert.deepEqual([countIn(third, keys), third.exchange.counters.bytesPulled > 2_000_000], [400, true])
})

test('what was under way when the source died comes from another owner, and nothing is fetched twice', () => {
  const world = OwnersWorld.settled(5, 3)
  const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
  const keys = keysOf(world, 300)
  for (const key of keys) write(first, `SET ${key} ${'x'.repeat(2000)}`, second, third)
  fourth.intake.limits = { ...fourth.intake.limits, streamsMax: 1, slotsPerStream: 16 }
  world.replace(moved(world, keys, [0, 1, 3]))
  world.run(12)
  const early = countIn(fourth, keys)
  assert.equal(early > 0 && early < 300, true, `${early} of 300`)
  world.kill(0)
  world.run(3000)
  assert.equal(countIn(fourth, keys), 300)
  for (const key of keys) assert.equal(fourth.settling.isWhole(slotOfKey(key)), true)
  assert.equal(fourth.exchange.counters.keysPulled <= 330, true, `${fourth.exchange.counters.keysPulled}`)
  assert.equal(fourth.intake.counters.failed > 0, true)
})

test('with one copy only, the new owner has everything before it serves, and the old one nothing afterwards', () => {
  const world = OwnersWorld.settled(2, 1)
  const [first, second] = world.nodes as [WorldNode, WorldNode]
  const keys = keysOf(world, 200)
  for (const key of keys) write(first, `SET ${key} v`)
  world.replace(moved(world, keys, [1]))
  assert.equal(second.serves(keys[0]!), false)
  world.run(6000)
  assert.deepEqual([countIn(first, keys), countIn(second, keys)], [0, 200])
  assert.equal(
    keys.every((key) => second.serves(key)),
    true,
  )
})

test('whatever is lost on the way, a joining node ends with all it owns and the others with nothing else', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const world = new OwnersWorld(4, 3, seed)
    world.run(300)
    const keys = keysOf(world, 200)
    const [first, second, third, fourth] = world.nodes as [WorldNode, WorldNode, WorldNode, WorldNode]
    for (const key of keys) write(first, `SET ${key} v`, second, third)
    world.lossShare = 0.1
    world.replace(moved(world, keys, [3, 0, 1]))
    world.run(20_000)
    world.lossShare = 0
    world.run(10_000)
    assert.deepEqual(
      [countIn(first, keys), countIn(second, keys), countIn(third, keys), countIn(fourth, keys)],
      [200, 200, 0, 200],
      `seed ${seed}`,
    )
    assert.equal(
      keys.every((key) => fourth.serves(key)),
      true,
    )
  }
})
