// A read that asks for more than one node's word is answered with the newest that enough owners know, or not at all.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { ConfirmOutcome } from '../../src/replication/confirming.ts'
import { Question } from '../../src/replication/question.ts'
import { buffersMade } from '../support/made-buffers.ts'
import { keyOf, OwnersWorld, slotOfKey, type WorldNode } from './owners-world.ts'

type Three = [WorldNode, WorldNode, WorldNode]

function three(): { world: OwnersWorld; nodes: Three; key: string } {
  const world = OwnersWorld.settled(3)
  return { world, nodes: world.nodes as Three, key: keyOf(world, 0) }
}

/** A write by one node that reached these, whoever acts; all are of one term, so the later is the newer. */
function write(by: WorldNode, request: string, ...reached: WorldNode[]): void {
  by.space.terms.fill(9)
  const bytes = by.effectsOf(request)
  for (const node of reached) {
    const { refusals } = node.replica.onEffects(
      { sender: by.id, number: 1, previous: 0, floor: 0, bytes },
      () => true,
      node.wallMs(),
    )
    assert.deepEqual(refusals, [])
  }
}

function confirm(by: WorldNode, level: 'quorum' | 'all', ...keys: string[]): ConfirmOutcome[] {
  const outcomes: ConfirmOutcome[] = []
  const slotted = keys.map((key) => ({ database: 0, key: Buffer.from(key, 'latin1'), slot: slotOfKey(key) }))
  by.confirming.confirm(slotted, level, (outcome) => void outcomes.push(outcome))
  assert.deepEqual(outcomes, [], 'never within the call')
  return outcomes
}

test('the newest that a quorum knows is here before the answer, and the stale owner has it afterwards', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} old`, second, third)
  write(second, `SET ${key} new`, third)
  const outcomes = confirm(first, 'quorum', key)
  world.run(50)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(first.get(key), 'new')
  assert.deepEqual([first.confirming.counters.pulled, first.confirming.openCount], [1, 0])
  write(first, `SET ${key} newest`, second)
  const again = confirm(first, 'quorum', key)
  world.run(50)
  assert.deepEqual(again, ['ok'])
  assert.equal(third.get(key), 'newest')
  assert.equal(first.confirming.counters.readRepairs, 1)
})

test('when everybody agrees one frame of questions to each owner is all there is, however many keys', () => {
  const { world, nodes } = three()
  const [first, second, third] = nodes
  const keys = Array.from({ length: 20 }, (_, i) => keyOf(world, 0, i * 9))
  for (const key of keys) write(first, `SET ${key} v`, second, third)
  const outcomes = [
    ...keys.slice(2).map((key) => confirm(first, 'quorum', key)),
    confirm(first, 'all', keys[0]!, keys[1]!),
  ]
  world.run(50)
  assert.deepEqual(outcomes.flat(), new Array(19).fill('ok'))
  assert.deepEqual(
    [first.asked.length, first.countAsked('read'), first.confirming.counters.frames],
    [2, 2, 2],
  )
})

test('questions are written into the memory of those before them', () => {
  const { world, nodes, key } = three()
  const ask = (): void => {
    const outcomes = confirm(nodes[0], 'quorum', key)
    world.run(50)
    assert.deepEqual(outcomes, ['ok'])
  }
  ask()
  const made = buffersMade(() => {
    for (let i = 0; i < 20; i++) ask()
  })
  assert.deepEqual(made, [])
})

test('a miss is an answer: a key that nobody has is known to be missing, without its owners being told anything', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const outcomes = [confirm(first, 'quorum', key), confirm(first, 'all', key)]
  world.run(50)
  assert.deepEqual(outcomes, [['ok'], ['ok']])
  write(first, `SET ${key} v`, second, third)
  write(first, `DEL ${key}`, second, third)
  const removed = confirm(first, 'all', key)
  world.run(50)
  assert.deepEqual(removed, ['ok'])
  assert.equal(first.confirming.counters.readRepairs, 0)
})

test('one of three owners may be dead, two may not; all means all', () => {
  const { world, nodes, key } = three()
  const [first, second] = nodes
  write(first, `SET ${key} v`, second)
  world.kill(2)
  const withOneDead = confirm(first, 'quorum', key)
  const wanted = confirm(first, 'all', key)
  world.run(50)
  assert.deepEqual([withOneDead, wanted], [['ok'], ['unavailable']])
  world.kill(1)
  const withTwoDead = confirm(first, 'quorum', key)
  world.run(50)
  assert.deepEqual(withTwoDead, ['unavailable'])
  assert.equal(first.confirming.openCount, 0)
})

test('one that hangs is not waited for longer than the deadline, and not at all when a quorum has answered', () => {
  const { world, nodes, key } = three()
  const [first] = nodes
  world.cut(0, 2)
  const quick = confirm(first, 'quorum', key)
  world.run(5)
  assert.deepEqual(quick, ['ok'])
  world.cut(0, 1)
  const slow = confirm(first, 'quorum', key)
  world.run(900)
  assert.deepEqual(slow, [])
  world.run(200)
  assert.deepEqual(slow, ['unavailable'])
  assert.equal(first.confirming.openCount, 0)
})

test('a removal that is newer is what the reader sees, and what is older elsewhere goes', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} v`, second, third)
  write(second, `DEL ${key}`)
  world.cut(0, 2)
  const outcomes = confirm(first, 'all', key)
  world.run(20)
  assert.equal(first.look(key).here, 'entry')
  world.mend()
  world.run(2000)
  assert.deepEqual(outcomes, ['unavailable'])
  const again = confirm(first, 'all', key)
  world.run(50)
  assert.deepEqual(again, ['ok'])
  assert.deepEqual(
    [first, second, third].map((node) => node.look(key).here),
    new Array(3).fill('tombstone'),
  )
})

test('what too few hold is spread before it is answered, so that the next reader finds it too', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} old`, second, third)
  write(first, `SET ${key} unconfirmed`)
  const outcomes = confirm(first, 'quorum', key)
  world.run(3)
  assert.deepEqual(outcomes, [], 'nobody else has it yet')
  world.run(50)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal([second, third].filter((node) => node.get(key) === 'unconfirmed').length >= 1, true)
})

test('when what too few hold cannot be spread the read is unavailable', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} old`, second, third)
  write(first, `SET ${key} unconfirmed`)
  const outcomes = confirm(first, 'quorum', key)
  world.run(2)
  world.kill(1)
  world.kill(2)
  world.run(2000)
  assert.deepEqual(outcomes, ['unavailable'])
  assert.equal(first.confirming.openCount, 0)
})

test('an owner that has the newest and dies before it is pulled is no owner that was asked', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} old`, second, third)
  write(second, `SET ${key} new`)
  const outcomes = confirm(first, 'quorum', key)
  world.run(2)
  world.kill(1)
  world.run(2000)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(first.get(key), 'old', 'nobody confirmed the new one')
})

test('an owner that has seen the newest expire makes the older go here as well', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} forever`, second, third)
  write(second, `SET ${key} short PX 2`, third)
  const outcomes = confirm(first, 'quorum', key)
  world.run(100)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(first.has(key), false)
})

test('the word of an owner that has not settled counts for nothing', () => {
  const { world, nodes, key } = three()
  const [first, , third] = nodes
  write(first, `SET ${key} v`, third)
  world.kill(1)
  world.run(50)
  world.cut(1, 2)
  const again = world.restart(1)
  world.kill(2)
  world.run(50)
  assert.equal(again.settling.isWhole(slotOfKey(key)), false)
  const outcomes = confirm(first, 'quorum', key)
  world.run(900)
  assert.deepEqual(outcomes, [])
  assert.equal(first.confirming.counters.askedAgain > 10, true)
  world.run(200)
  assert.deepEqual(outcomes, ['unavailable'])
  assert.equal(first.confirming.openCount, 0)
})

test('an owner that has settled by the time it is asked again counts', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} v`, second, third)
  world.kill(1)
  world.run(50)
  world.cut(1, 2)
  world.restart(1)
  world.cut(0, 2)
  const outcomes = confirm(first, 'quorum', key)
  world.run(100)
  assert.deepEqual(outcomes, [])
  world.mend()
  world.run(600)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(first.get(key), 'v')
})

test('a node that owns its slots alone needs nobody', () => {
  const world = OwnersWorld.settled(1)
  const outcomes = [confirm(world.nodes[0]!, 'all', 'a', 'b'), confirm(world.nodes[0]!, 'quorum')]
  world.run(5)
  assert.deepEqual(outcomes, [['ok'], ['ok']])
})

test('of several keys one that cannot be confirmed is enough, and it is said once', () => {
  const { world, nodes, key } = three()
  const [first] = nodes
  const [lonely, other] = [keyOf(world, 0, 500), keyOf(world, 0, 900)]
  world.cut(0, 2)
  const outcomes = confirm(first, 'all', key, lonely, other)
  world.run(1500)
  assert.deepEqual(outcomes, ['unavailable'])
  assert.equal(first.confirming.counters.unavailable, 1)
})

test('more keys than the limit are unavailable at once, and room comes back', () => {
  const { world, nodes, key } = three()
  const [first] = nodes
  first.confirming.limits = { ...first.confirming.limits, questionsMax: 2 }
  const [a, b] = [keyOf(world, 0, 500), keyOf(world, 0, 900)]
  const outcomes = [
    confirm(first, 'quorum', key),
    confirm(first, 'quorum', a, b),
    confirm(first, 'quorum', a),
  ]
  world.run(50)
  assert.deepEqual(outcomes, [['ok'], ['unavailable'], ['ok']])
  const later = confirm(first, 'quorum', a, b)
  world.run(50)
  assert.deepEqual(later, ['ok'])
})

test('read repairs have a limit: beyond it the stale owner waits for the next read', () => {
  const { world, nodes } = three()
  const [first, second, third] = nodes
  const keys = Array.from({ length: 6 }, (_, i) => keyOf(world, 0, i * 9))
  for (const key of keys) write(first, `SET ${key} v`, second)
  first.confirming.limits = { ...first.confirming.limits, repairsMax: 2 }
  const outcomes = confirm(first, 'quorum', ...keys)
  world.run(50)
  assert.deepEqual(outcomes, ['ok'])
  assert.deepEqual([first.confirming.counters.readRepairs, first.confirming.counters.repairsDropped], [2, 4])
  assert.equal(keys.filter((key) => third.has(key)).length, 2)
})

test('what is lost on the way makes reads unavailable, never wrong', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  world.lossShare = 0.3
  let confirmed = 0
  for (let i = 0; i < 200; i++) {
    // Acknowledged by the others, while the reader may have missed it.
    write(second, `SET ${key} ${i}`, third)
    const outcomes = confirm(first, 'quorum', key)
    world.run(1300)
    assert.equal(outcomes.length, 1)
    if (outcomes[0] === 'unavailable') continue
    confirmed++
    assert.equal(first.get(key), `${i}`)
  }
  assert.equal(confirmed > 50, true)
  assert.equal(first.confirming.openCount, 0)
})

test('a question is judged by enough answers and no fewer', () => {
  const name = { database: 0, key: Buffer.from('k'), slot: 0 }
  const nothing = {
    here: 'nothing',
    version: 0,
    term: 0,
    isOlderThan: (version: number) => version > 0,
    isOverBy: () => false,
  } as const
  const question = new Question(name, 2, 4, 0)
  const word = (peerId: string) => ({ peerId, isEntry: false, version: 0, term: 0, isTold: false })
  question.onWord(word('b'))
  assert.equal(question.next(nothing).kind, 'wait')
  question.onSilence()
  question.onSilence()
  assert.equal(question.next(nothing).kind, 'wait')
  question.onWord(word('e'))
  assert.equal(question.next(nothing).kind, 'known')
  question.discount(question.words[0]!)
  assert.equal(question.next(nothing).kind, 'unavailable')
})

test('a key that has expired by the clock of who acts is over for everybody once that was told', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  for (const { tombstones } of nodes) tombstones.keepsExpired = true
  write(first, `SET ${key} v PX 5000`, second, third)
  const wallMs = first.wallMs.bind(first)
  first.wallMs = () => wallMs() + 60_000
  assert.equal(first.has(key), false)
  assert.deepEqual([second.has(key), third.has(key)], [true, true])
  const outcomes = confirm(first, 'quorum', key)
  world.run(50)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(second.has(key) && third.has(key), false)
  second.space.terms.fill(9)
  const again = confirm(second, 'quorum', key)
  world.run(50)
  assert.deepEqual([again, second.has(key)], [['ok'], false])
})

test('a value written anew is not over because the one before has expired somewhere', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  for (const { tombstones } of nodes) tombstones.keepsExpired = true
  write(first, `SET ${key} v PX 5000`, second, third)
  const wallMs = third.wallMs.bind(third)
  third.wallMs = () => wallMs() + 60_000
  assert.equal(third.has(key), false)
  write(first, `SET ${key} again`, second)
  const outcomes = confirm(first, 'all', key)
  world.run(50)
  assert.deepEqual([outcomes, first.get(key), third.get(key)], [['ok'], 'again', 'again'])
})

test('an owner that has promised the slot to another does not count for who acted before until that has claimed anew', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  const slot = slotOfKey(key)
  write(first, `SET ${key} v`, second, third)
  world.kill(1)
  third.claims.promise(slot, second.id, 99)
  const outcomes = confirm(first, 'quorum', key)
  world.run(10)
  assert.deepEqual(outcomes, [])
  assert.equal(first.claims.termOf(slot) >= 99, true)
  world.run(500)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(third.claims.termOf(slot), first.space.terms[slot])
})

test('nor does it when it promises the slot while it is sent what it lacked', () => {
  const { world, nodes, key } = three()
  const [first, second, third] = nodes
  write(first, `SET ${key} alone`)
  world.kill(1)
  const send = first.transfers.send.bind(first.transfers)
  first.transfers.send = (...args) => {
    third.claims.promise(slotOfKey(key), second.id, 99)
    send(...args)
  }
  const outcomes = confirm(first, 'quorum', key)
  world.run(10)
  assert.deepEqual(outcomes, [])
  assert.equal(first.confirming.counters.readRepairs, 1)
  first.transfers.send = send
  world.run(500)
  assert.deepEqual(outcomes, ['ok'])
  assert.equal(third.get(key), 'alone')
})
