// What an owner must know before it speaks for a slot, and what it never claims to know.

import assert from 'node:assert/strict'
import test from 'node:test'
import { verbs } from '../../src/mesh/verbs.ts'
import { READ_AUTHORITATIVE, READ_ENTRIES } from '../../src/replication/owner-answers.ts'
import { writeKeyName } from '../../src/replication/peer-port.ts'
import { SERVING } from '../../src/replication/slot-roles.ts'
import { QuestionReader } from '../../src/replication/slot-runs.ts'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { dump } from '../commands/effect-pair.ts'
import { type Three, three, write } from './owners-scenes.ts'
import { keyOf, OwnersWorld, slotOfKey, tableOf } from './owners-world.ts'

test('nodes that start together with nothing settle every slot and become ready, alone without asking', () => {
  for (const count of [1, 2, 3, 4]) {
    const world = new OwnersWorld(count)
    world.run(200)
    let served = 0
    for (const node of world.nodes) {
      assert.equal(node.isReady, true)
      assert.deepEqual([node.settling.pendingCount, node.settling.missingCount], [0, 0])
      if (count === 1) assert.deepEqual(node.asked, [])
      served += node.settledSlots.length
    }
    assert.equal(served, 16384)
  }
})

test('who becomes the acting primary has a write it missed before it serves the slot', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} confirmed`, third)
  world.kill(0)
  assert.equal(second.serves(key), false)
  assert.equal(second.has(key), false)
  world.run(50)
  assert.equal(second.serves(key), true)
  assert.equal(second.get(key), 'confirmed')
  assert.equal(second.settledSlots.includes(slotOfKey(key)), true)
})

test('a removal it missed is no less known to it, even when the slot looks the same', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} old`, second, third)
  const other = keyOf(world, 0, 1000)
  write(first, `SET ${other} old`, third)
  write(first, `DEL ${key} ${other}`, third)
  world.kill(0)
  world.run(50)
  assert.equal(second.serves(key), true)
  assert.deepEqual([second.look(key).here, second.look(other).here], ['tombstone', 'tombstone'])
})

test('a life it did not know to be short is over before it serves, though nothing is left of it elsewhere', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  for (const { tombstones } of nodes) tombstones.keepsExpired = true
  write(first, `SET ${key} old`, second, third)
  write(first, `PEXPIRE ${key} 20`, third)
  world.run(50)
  assert.deepEqual([second.has(key), third.has(key)], [true, false])
  world.kill(0)
  world.run(50)
  assert.equal(second.serves(key), true)
  assert.equal(second.has(key), false)
})

test('a flush it missed empties the slot before it is served', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} old`, second, third)
  first.run('FLUSHALL')
  assert.equal(third.replica.onFlush(-1, first.tombstones.flushVersion[0]!, third.wallMs()), true)
  world.kill(0)
  world.run(50)
  assert.equal(second.serves(key), true)
  assert.equal(second.has(key), false)
  assert.equal(third.has(key), false)
})

test('a slot in which nobody has anything settles with one question and no list', () => {
  const { world, nodes, key } = three()
  world.kill(0)
  world.run(10)
  const [, second] = nodes
  assert.equal(second.serves(key), true)
  assert.deepEqual([second.countAsked('versions'), second.countAsked('read')], [0, 0])
})

test('without a quorum nothing is settled, and as soon as there is one it is', () => {
  const { world, nodes, key } = three()
  const [, second, third] = nodes
  write(second, `SET ${key} newer`)
  world.kill(0)
  world.cut(1, 2)
  world.run(2000)
  assert.equal(second.serves(key), false)
  assert.deepEqual(second.settledSlots, [])
  assert.equal(second.counters.rests > 0, true)
  world.mend()
  world.run(1000)
  assert.equal(second.serves(key), true)
  assert.equal(second.settling.pendingCount, 0)
  assert.equal(third.get(key), 'newer', 'what the others lack is pushed to them')
})

test('a restarted node has everything again before it is ready, and serves only then', () => {
  const { world, nodes } = three()
  const [first, second, third] = nodes
  for (let i = 0; i < 300; i++) {
    const key = keyOf(world, 0, i * 3)
    // Either of the others may be the only one left that has it.
    write(first, `SET ${key} ${i}`, i % 2 === 0 ? second : third)
  }
  world.kill(0)
  world.run(100)
  const again = world.restart(0)
  assert.equal(again.isReady, false)
  world.run(1)
  assert.equal(again.roles.roles.includes(1), false)
  world.run(500)
  assert.equal(again.isReady, true)
  assert.deepEqual(dump(again.space), dump(second.space))
  assert.deepEqual(again.space.digest.sums, second.space.digest.sums)
  assert.equal(again.serves(keyOf(world, 0)), true)
})

test('a restarted node hears both others: what it had confirmed may be with either of them', () => {
  const { world, nodes, key } = three()
  const [first, , third] = nodes
  write(first, `SET ${key} confirmed`, third)
  world.kill(0)
  world.cut(0, 2)
  const again = world.restart(0)
  world.run(2000)
  assert.equal(again.isReady, false)
  assert.equal(again.settling.missingCount, 16384)
  world.mend()
  world.run(1000)
  assert.equal(again.isReady, true)
  assert.equal(again.get(key), 'confirmed')
})

test('the word of an owner that has no memory of a slot counts for nothing', () => {
  const { world, nodes, key } = three()
  const [first, , third] = nodes
  write(first, `SET ${key} confirmed`, third)
  world.kill(1)
  world.cut(1, 2)
  world.cut(0, 1)
  const again = world.restart(1)
  world.mend()
  world.cut(1, 2)
  world.cut(0, 2)
  // The second is up but knows nothing; only the first hears it.
  first.roles.unsettle(slotOfKey(key))
  world.run(1000)
  assert.equal(again.settling.isWhole(slotOfKey(key)), false)
  assert.equal(first.serves(key), false)
  world.mend()
  world.run(1000)
  assert.equal(first.serves(key), true)
  assert.equal(again.get(key), 'confirmed')
})

test('who becomes an owner learns the slot first, and what it is told meanwhile stays', () => {
  const world = OwnersWorld.settled(4, 2)
  const key = keyOf(world, 0)
  const [first, second, third] = world.nodes as Three
  write(first, `SET ${key} v`, second)
  const table = tableOf(world.nodes, 2)
  const slot = slotOfKey(key)
  table.owners[slot * 2] = 1
  table.owners[slot * 2 + 1] = 2
  const { limits } = third.intake
  third.intake.limits = { ...limits, streamsMax: 0, comparisonsMax: 0 }
  world.replace(table)
  world.run(50)
  assert.equal(third.settling.isWhole(slot), false)
  assert.deepEqual([third.isReady, second.serves(key)], [true, true])
  write(second, `APPEND ${key} w`)
  third.intake.limits = limits
  world.run(200)
  assert.equal(third.settling.isWhole(slot), true)
  assert.equal(first.settling.isWhole(slot), false)
  assert.deepEqual([second.serves(key), second.get(key), third.get(key)], [true, 'vw', 'vw'])
})

test('nodes that see different placements tell each other nothing', () => {
  const { world, nodes, key } = three()
  const [, second] = nodes
  const own = world.fingerprint
  const ask = second.ask.bind(second)
  second.ask = (id, verb, fields, ...rest) =>
    ask(id, verb, verb.name === 'digests' ? [own + 1] : fields, ...rest)
  world.kill(0)
  world.run(600)
  const before = second.serves(key)
  second.ask = ask
  world.run(600)
  assert.deepEqual([before, second.serves(key)], [false, true])
})

test('an owner that has granted a claim takes effects from nobody else, and so nobody else can confirm a write', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  // The first is slow, not dead: the others no longer believe in it.
  second.buried.add('n0')
  third.buried.add('n0')
  world.refresh(false)
  world.run(50)
  assert.equal(second.serves(key), true)
  assert.equal(third.claims.holderOf(slotOfKey(key)), 'n1')
  const bytes = first.effectsOf(`SET ${key} late`)
  assert.deepEqual(
    [second, third].map((node) => node.take('n0', bytes).refusals.map(({ reason }) => reason)),
    [['outranked'], ['outranked']],
  )
  write(second, `SET ${key} v`, third)
})

test('who acted learns of a later claim, stops serving, and has what was confirmed before it serves again', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const slot = slotOfKey(key)
  second.buried.add('n0')
  world.refresh(false)
  world.run(10)
  assert.equal(second.serves(key), false, 'the third still believes in the first')
  third.buried.add('n0')
  world.refresh(false)
  world.run(600)
  assert.equal(second.serves(key), true)
  write(second, `SET ${key} confirmed`, third)
  second.buried.clear()
  third.buried.clear()
  world.refresh(false)
  // A refusal has told the first that it is behind.
  first.roles.unsettle(slot)
  assert.equal(first.serves(key), false)
  world.run(600)
  assert.deepEqual([first.serves(key), first.get(key)], [true, 'confirmed'])
  assert.deepEqual([second.serves(key), second.claims.holderOf(slot)], [false, 'n0'])
})

/** The others take the first for dead, and the second acts in its place; the first does not know. */
function contested(): { world: OwnersWorld; nodes: Three; key: string } {
  const all = three()
  const [, second, third] = all.nodes
  second.buried.add('n0')
  third.buried.add('n0')
  all.world.refresh(false)
  all.world.run(600)
  assert.equal(second.serves(all.key), true)
  return all
}

test('one that acts is unsettled by a claim it grants', () => {
  const { world, nodes, key } = contested()
  const [first, second] = nodes
  first.roles.unsettle(slotOfKey(key))
  world.run(50)
  assert.deepEqual([first.serves(key), second.serves(key)], [true, false])
  assert.equal(second.answers.counters.outclaimed, 1)
})

test('two that both take themselves for the acting primary claim in turn, and not all the time', () => {
  const { world, nodes, key } = contested()
  const [first, second] = nodes
  const slot = slotOfKey(key)
  let turns = 0
  for (let at = 0; at < 1000; at++) {
    // Whatever the first sends is refused.
    if (second.claims.holderOf(slot) === 'n1') first.roles.unsettle(slot)
    const before = second.serves(key)
    world.run(1)
    if (before !== second.serves(key)) turns++
  }
  assert.equal(turns > 2 && turns <= 22, true, `${turns}`)
  assert.equal(second.answers.counters.outclaimed <= 11, true)
  second.buried.clear()
  nodes[2].buried.clear()
  world.refresh(false)
  world.run(600)
  assert.deepEqual([first.serves(key), second.serves(key)], [true, false])
})

test('a claim is granted only when no effect waits for a whole entry in its slot', () => {
  const { world, nodes, key } = three()
  const [, second, third] = nodes
  third.pulling.add(slotOfKey(key))
  world.kill(0)
  world.run(300)
  assert.equal(second.serves(key), false)
  assert.equal(second.serves(keyOf(world, 0, 1000)), true)
  third.pulling.clear()
  world.run(600)
  assert.equal(second.serves(key), true)
})

test('slots that commands wait for come first', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  for (let i = 0; i < 200; i++) write(first, `SET ${keyOf(world, 0, i * 3)} v`, third)
  write(first, `SET ${key} v`, third)
  second.settling.limits = { ...second.settling.limits, slotsPerSurvey: 16, surveysMax: 1, pullsMax: 1 }
  const last = slotOfKey(keyOf(world, 0, 1000))
  second.waiting.add(last)
  world.kill(0)
  world.run(8)
  assert.equal(second.settledSlots.length < 400, true)
  assert.equal(second.settledSlots[0], last)
})

/** Slots in a question, behind its marks. */
function slotsAsked(body: Buffer): number {
  const question = new QuestionReader(new ByteReader(body, 128, body.length))
  let count = 0
  while (question.next()) count++
  return count
}

test('never more is under way than the limits say', () => {
  const { world, nodes } = three()
  const [first, second, third] = nodes
  for (let i = 0; i < 400; i++) write(first, `SET ${keyOf(world, 0, i * 3)} v`, third)
  Object.assign(second.settling.limits, { surveysMax: 2, slotsPerSurvey: 100, pullsMax: 3 })
  const sizes: number[] = []
  const open = { digests: 0, lists: 0 }
  let listsMax = 0
  const ask = second.ask.bind(second)
  second.ask = (id, verb, fields, body, deadlineMs, answered, ...range) => {
    const kind = verb.name === 'digests' ? 'digests' : 'lists'
    if (verb.name === 'digests') sizes.push(slotsAsked(body.subarray(range[0] ?? 0, range[1])))
    if (verb.name !== 'offer' && verb.name !== 'transfer') open[kind]++
    listsMax = Math.max(listsMax, open.lists)
    assert.equal(open.digests <= 4, true)
    ask(
      id,
      verb,
      fields,
      body,
      deadlineMs,
      (outcome) => {
        if (verb.name !== 'offer' && verb.name !== 'transfer') open[kind]--
        answered(outcome)
      },
      ...range,
    )
  }
  world.kill(0)
  world.run(2000)
  assert.equal(second.settling.pendingCount, 0)
  assert.equal(Math.max(...sizes), 100)
  assert.equal(listsMax, 3)
  assert.deepEqual(second.space.digest.sums, third.space.digest.sums)
})

test('a slot of many pages and long values arrives whole', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  // With something of it here it is compared, page by page.
  write(first, `SET {${key}}known v`, second, third)
  for (let i = 0; i < 3000; i++) write(first, `SET {${key}}${i} v${i}`, third)
  for (let i = 0; i < 3000; i += 2) write(first, `DEL {${key}}${i}`, third)
  for (let i = 0; i < 40; i++) write(first, `SET {${key}}long${i} ${'x'.repeat(100_000)}`, third)
  world.kill(0)
  world.run(500)
  assert.equal(second.serves(key), true)
  assert.equal(second.countAsked('read') > 4, true)
  assert.deepEqual(dump(second.space), dump(third.space))
  assert.equal(second.tombstones.count, third.tombstones.count)
})

test('whatever is lost on the way, everybody settles in the end and knows the same', () => {
  for (let seed = 1; seed <= 3; seed++) {
    const world = new OwnersWorld(3, 3, seed)
    world.lossShare = 0.1
    world.run(5000)
    const [first, second, third] = world.nodes as Three
    let confirmed = 0
    assert.deepEqual([first.isReady, second.isReady, third.isReady], [true, true, true], `seed ${seed}`)
    for (let i = 0; i < 100; i++) {
      const key = keyOf(world, 0, i * 7)
      if (!first.serves(key)) continue
      const [refusal] = (i % 2 === 0 ? second : third).take('n0', first.effectsOf(`SET ${key} ${i}`)).refusals
      if (refusal === undefined) confirmed++
      else first.roles.unsettle(refusal.slot)
    }
    assert.equal(confirmed > 50, true)
    world.kill(0)
    world.run(5000)
    const again = world.restart(0)
    world.run(20_000)
    assert.equal(again.isReady, true, `seed ${seed}`)
    // All that any of them had is with those that act, however few pushes arrived.
    for (let i = 0; i < 100; i++) {
      const key = keyOf(world, 0, i * 7)
      const serving = world.nodes.filter((node) => node.serves(key))
      assert.deepEqual([serving.length, serving[0]!.get(key)], [1, again.get(key)], `seed ${seed} ${key}`)
      assert.equal(again.has(key), second.has(key) || third.has(key))
    }
    world.lossShare = 0
    let repaired = 0
    for (const peer of ['n1', 'n2'])
      again.repairs.repairPeer(peer, (isDone) => void (repaired += isDone ? 1 : 0))
    world.run(2000)
    assert.equal(repaired, 2)
    for (const node of world.nodes) {
      assert.equal(node.settling.pendingCount, 0, `seed ${seed}`)
      assert.deepEqual(dump(node.space), dump(second.space), `seed ${seed}`)
    }
  }
})

test('a repair of an owner that cannot be reached says so, and one that is under way is not begun again', () => {
  const { world, nodes, key } = three()
  const [first, , third] = nodes
  write(first, `SET ${key} v`)
  const outcomes: boolean[] = []
  world.cut(0, 2)
  assert.equal(
    first.repairs.repairPeer('n2', (isDone) => void outcomes.push(isDone)),
    true,
  )
  assert.equal(
    first.repairs.repairPeer('n2', (isDone) => void outcomes.push(isDone)),
    false,
  )
  world.run(500)
  assert.deepEqual(outcomes, [false])
  world.mend()
  assert.equal(
    first.repairs.repairPeer('n2', (isDone) => void outcomes.push(isDone)),
    true,
  )
  world.run(500)
  assert.deepEqual(outcomes, [false, true])
  assert.equal(third.get(key), 'v')
  assert.equal(first.repairs.counters.peersRepaired, 1)
})

test('pushes wait in a queue with an end, and a repair that did not fit has failed', () => {
  const { world, nodes } = three()
  const [first, , third] = nodes
  for (let i = 0; i < 60; i++) write(first, `SET ${keyOf(world, 0, i * 5)} v`)
  first.repairs.limits = { bringsMax: 1, pushesMax: 2, queuedMax: 10, slotsPerSurvey: 16384 }
  const outcomes: boolean[] = []
  first.repairs.repairPeer('n2', (isDone) => void outcomes.push(isDone))
  for (let at = 0; at < 100; at++) {
    world.run(1)
    assert.equal(first.repairs.underWayCount <= 2 && first.repairs.queuedCount <= 10, true)
  }
  assert.deepEqual(outcomes, [false])
  assert.equal(first.repairs.counters.pushesDropped > 0, true)
  assert.equal(first.repairs.underWayCount + first.repairs.queuedCount, 0)
  for (let round = 0; round < 10; round++) {
    first.repairs.repairPeer('n2', (isDone) => void outcomes.push(isDone))
    world.run(100)
  }
  assert.equal(outcomes.at(-1), true)
  assert.deepEqual(dump(third.space), dump(first.space))
})

test('a node that was out of the mesh forgets that it knew, and learns everything again', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  first.isReady = false
  world.refresh(false)
  world.run(50)
  write(second, `SET ${key} meanwhile`, third)
  first.settling.forgetAll()
  assert.equal(first.settling.missingCount, 16384)
  assert.equal(first.settling.isWhole(slotOfKey(key)), false)
  world.run(300)
  assert.deepEqual([first.isReady, first.serves(key), first.get(key)], [true, true, 'meanwhile'])
})

test('a node is not ready before it owns anything', () => {
  const world = OwnersWorld.settled(3, 2)
  const [, , third] = world.nodes as Three
  third.isReady = false
  world.replace(tableOf(world.nodes.slice(0, 2), 2))
  world.run(100)
  assert.equal(third.isReady, false)
  world.replace(tableOf(world.nodes, 2))
  assert.equal(third.settling.missingCount > 0, true)
  world.run(100)
  assert.equal(third.isReady, true)
})

test('who has caught up before it is a member says that it is ready as soon as it is one', () => {
  const { world, nodes } = three()
  Object.assign(nodes[0], { isReady: false, isMember: false })
  nodes[0].settling.forgetAll()
  world.run(300)
  nodes[0].isMember = true
  world.run(100)
  assert.equal(nodes[0].isReady, true)
})

test('bytes that mean nothing are refused, and nothing is touched', () => {
  const { world, nodes, key } = three()
  const [first, second] = nodes
  write(first, `SET ${key} v`, second)
  const before = dump(second.space)
  const random = world.random
  const outcomes: string[] = []
  const rows = [verbs.digests, verbs.versions, verbs.offer, verbs.read, verbs.transfer]
  for (let i = 0; i < 2000; i++) {
    const verb = random.pick(rows)
    const body = random.bytes(random.below(verb.name === 'digests' ? 300 : 60))
    const fields = verb.fields.map(() => random.below(20_000))
    if (verb.name === 'digests') fields[0] = world.fingerprint
    first.ask('n1', verb, fields, body, 200, ({ kind }) => void outcomes.push(kind))
  }
  world.run(300)
  assert.equal(outcomes.length, 2000)
  assert.equal(outcomes.includes('failed') && outcomes.includes('answer'), true)
  assert.deepEqual(dump(second.space), before)
})

test('who must know that a key is gone is answered only by an owner that has settled', () => {
  const { world, nodes, key } = three()
  const [first] = nodes
  const body = new ByteWriter()
  writeKeyName({ database: 0, key: Buffer.from(key) }, body)
  const outcomes: string[] = []
  const ask = (flags: number) =>
    first.ask('n1', verbs.read, [flags], body.copy(), 200, ({ kind }) => void outcomes.push(kind))
  ask(READ_AUTHORITATIVE | READ_ENTRIES)
  world.run(10)
  world.kill(1)
  world.cut(1, 2)
  world.restart(1)
  ask(READ_AUTHORITATIVE | READ_ENTRIES)
  ask(READ_ENTRIES)
  world.run(100)
  assert.deepEqual(outcomes, ['answer', 'failed', 'answer'])
})

test('who acts and is told of an entry of a higher term claims anew before it writes again', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const slot = slotOfKey(key)
  const term = first.space.terms[slot]!
  write(first, `SET ${key} old`, second, third)
  second.space.terms[slot] = term + 5
  second.run(`SET ${key} new`)
  second.transfers.send(first.id, [{ database: 0, key: Buffer.from(key) }], () => {})
  world.run(1)
  assert.equal(first.serves(key), false)
  world.run(300)
  assert.deepEqual([first.serves(key), first.get(key), third.get(key)], [true, 'new', 'new'])
  assert.ok(first.space.terms[slot]! > term + 5)
})

test('who claims under a lower term than some owner has promised claims anew above it, and then all take its effects', () => {
  const { world, nodes, key } = three()
  const slot = slotOfKey(key)
  world.run(10)
  nodes[2].claims.promise(slot, 'n2', 23)
  nodes[0].roles.unsettle(slot)
  world.run(400)
  assert.equal(nodes[0].roles.roles[slot], SERVING)
  assert.equal(nodes[0].space.terms[slot], 24)
  for (const { claims } of nodes) assert.deepEqual([claims.holderOf(slot), claims.termOf(slot)], ['n0', 24])
})
