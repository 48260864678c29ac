/*
 * The small machines of SWIM, each alone: broadcasts, the list, suspicion, local health, UDP paths,
 * departures, timers.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Awareness } from '../../gossip/swim/awareness.ts'
import { Broadcasts } from '../../gossip/swim/broadcasts.ts'
import { Departed } from '../../gossip/swim/departed.ts'
import { type Member, Members } from '../../gossip/swim/members.ts'
import { Probe } from '../../gossip/swim/probe.ts'
import { hasSameDetails, recordOf as recordFrom } from '../../gossip/swim/records.ts'
import { Suspicion } from '../../gossip/swim/suspicion.ts'
import { Timers } from '../../gossip/swim/timers.ts'
import { UdpPaths } from '../../gossip/swim/udp-paths.ts'
import type { Message } from '../../gossip/messages.ts'
import { Prng } from '../support/prng.ts'
import { recordOf } from './swim-stage.ts'

const word = (id: string, number = 1): Message => [6, id, number, 0, 'n9']
const subjects = (messages: readonly Message[]): unknown[] => messages.map((message) => message[1])
const queue = (): Broadcasts => new Broadcasts(() => {})

test('what was sent the fewest times goes first, and is forgotten when it was sent often enough', () => {
  const broadcasts = queue()
  broadcasts.add('a', word('a'), 10)
  assert.deepEqual(subjects(broadcasts.take(1000, 3)), ['a'])
  broadcasts.add('b', word('b'), 10)
  assert.deepEqual(subjects(broadcasts.take(1000, 3)), ['b', 'a'])
  assert.deepEqual(subjects(broadcasts.take(1000, 3)), ['b', 'a'])
  assert.deepEqual(subjects(broadcasts.take(1000, 3)), ['b'])
  assert.deepEqual(broadcasts.take(1000, 3), [])
  assert.equal(broadcasts.size, 0)
})

test('a newer word about the same member replaces the older and begins anew', () => {
  const broadcasts = queue()
  broadcasts.add('a', word('a', 1), 10)
  broadcasts.take(1000, 2)
  broadcasts.add('a', word('a', 2), 10)
  assert.equal(broadcasts.size, 1)
  assert.equal(broadcasts.take(1000, 2)[0]![2], 2)
  assert.equal(broadcasts.take(1000, 2)[0]![2], 2)
  assert.equal(broadcasts.size, 0)
})

test('no more is taken than fits, and a long word does not stand in the way of short ones', () => {
  const broadcasts = queue()
  broadcasts.add('long', word('long'.repeat(16)), 10)
  broadcasts.add('a', word('a'), 10)
  broadcasts.add('b', word('b'), 10)
  assert.deepEqual(subjects(broadcasts.take(20, 3)), ['a', 'b'])
  assert.deepEqual(broadcasts.take(5, 3), [])
  assert.equal(broadcasts.take(1000, 3).length, 3)
})

test('a full queue drops what was sent the most, and says so', () => {
  const broadcasts = queue()
  broadcasts.add('a', word('a'), 2)
  broadcasts.take(1000, 9)
  assert.equal(broadcasts.add('b', word('b'), 2), true)
  assert.equal(broadcasts.add('c', word('c'), 2), false)
  assert.equal(broadcasts.size, 2)
  assert.equal(broadcasts.has('a'), false)
  assert.equal(broadcasts.add('c', word('c', 2), 2), true)
})

function listOf(count: number, seed = 1): { members: Members; others: Member[] } {
  const prng = new Prng(seed)
  const members = new Members(recordOf('n0'), () => prng.fraction(), 0)
  const others: Member[] = []
  for (let at = 1; at <= count; at++) others.push(members.add(recordOf(`n${at}`), 0))
  return { members, others }
}

test('each member is probed once per round, newcomers within the next round', () => {
  const { members } = listOf(20)
  for (let round = 0; round < 5; round++) {
    const seen = new Set<string>()
    for (let at = 0; at < 20; at++) seen.add(members.nextToProbe()!.record.id)
    assert.equal(seen.size, 20)
  }
  for (let at = 0; at < 7; at++) members.nextToProbe()
  members.add(recordOf('n21'), 0)
  const seen = new Set<string>()
  for (let at = 0; at < 14 + 21; at++) seen.add(members.nextToProbe()!.record.id)
  assert.ok(seen.has('n21'))
})

test('who is gone is not probed, not counted as alive, and the dead take turns', () => {
  const { members, others } = listOf(4)
  members.change(others[0]!, others[0]!.record, 'dead', 5)
  members.change(others[1]!, others[1]!.record, 'left', 5)
  members.change(others[2]!, others[2]!.record, 'dead', 5)
  assert.equal(members.aliveCount, 2)
  assert.equal(others[0]!.changedMs, 5)
  for (let at = 0; at < 6; at++) assert.equal(members.nextToProbe()!.record.id, 'n4')
  const turns = [1, 2, 3, 4].map(() => members.nextDead()!.record.id)
  assert.deepEqual(turns, ['n1', 'n3', 'n1', 'n3'])
  members.change(others[3]!, others[3]!.record, 'dead', 6)
  assert.equal(members.nextToProbe(), undefined)
})

test('picks are different members, all of those accepted when they are few, and reach everyone', () => {
  const { members } = listOf(50)
  const seen = new Set<string>()
  for (let at = 0; at < 200; at++) {
    const picked = members.pick(3, () => true)
    assert.equal(new Set(picked).size, 3)
    for (const member of picked) seen.add(member.record.id)
  }
  assert.equal(seen.size, 50)
  const rare = members.pick(3, (member) => member.record.id === 'n7' || member.record.id === 'n8')
  assert.deepEqual(rare.map(({ record }) => record.id).sort(), ['n7', 'n8'])
  assert.deepEqual(
    listOf(0).members.pick(3, () => true),
    [],
  )
})

test('two lists with the same members have the same digest, whatever came in between', () => {
  const { members, others } = listOf(30)
  const { members: twin, others: twins } = listOf(30, 2)
  assert.deepEqual(members.sums, twin.sums)
  members.change(others[4]!, { ...others[4]!.record, incarnation: 3 }, 'suspect', 1)
  assert.notDeepEqual(members.sums, twin.sums)
  twin.change(twins[4]!, { ...twins[4]!.record, incarnation: 3 }, 'alive', 1)
  assert.deepEqual(members.sums, twin.sums, 'doubt alone is no difference')
  members.change(others[5]!, others[5]!.record, 'dead', 1)
  members.remove(others[5]!)
  twin.remove(twins[5]!)
  assert.deepEqual(members.sums, twin.sums)
  assert.equal(members.size, 30)
  assert.equal(members.get('n6'), undefined)
  for (let at = 0; at < 60; at++) assert.notEqual(members.nextToProbe()!.record.id, 'n6')
})

test('a confirmer counts once, the accuser not at all, and no more than are wanted', () => {
  const suspicion = new Suspicion('a', 2, 4000, 24_000, 1000)
  assert.equal(suspicion.deadlineMs, 25_000)
  assert.equal(suspicion.confirm('a'), false)
  assert.equal(suspicion.confirm('b'), true)
  assert.equal(suspicion.confirm('b'), false)
  assert.equal(suspicion.deadlineMs, 1000 + 11_381)
  assert.equal(suspicion.confirm('c'), true)
  assert.equal(suspicion.confirm('d'), false)
  assert.equal(suspicion.deadlineMs, 5000)
  suspicion.extend(700)
  assert.equal(suspicion.deadlineMs, 5700)
})

test('the health score stays between 0 and its limit and stretches the interval', () => {
  const awareness = new Awareness()
  // memberlist's table: what is added, what the score then is, what a second then is.
  for (const [delta, score, scaledMs] of [
    [0, 0, 1000],
    [-1, 0, 1000],
    [-10, 0, 1000],
    [1, 1, 2000],
    [-1, 0, 1000],
    [10, 7, 8000],
    [-1, 6, 7000],
    [-1, 5, 6000],
    [-10, 0, 1000],
  ] as const) {
    awareness.add(delta, 8)
    assert.equal(awareness.score, score)
    assert.equal(awareness.scale(1000), scaledMs)
  }
})

test('a path counts as blocked after misses in a row, is retried now and then, and restored by one answer', () => {
  const paths = new UdpPaths()
  assert.equal(paths.onStreamAnswer('a', 3), false)
  assert.equal(paths.onStreamAnswer('a', 3), false)
  assert.equal(paths.onDatagramAnswer('a'), false)
  assert.deepEqual(
    [1, 2, 3, 4].map(() => paths.onStreamAnswer('a', 3)),
    [false, false, true, false],
  )
  assert.equal(paths.isBlocked('a'), true)
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6].map(() => paths.isRetryDue('a', 3)),
    [false, false, true, false, false, true],
  )
  assert.equal(paths.onDatagramAnswer('a'), true)
  assert.equal(paths.isBlocked('a'), false)
  assert.equal(paths.isRetryDue('a', 1), false)
})

test('who was evicted for good is refused for that life; who was forgotten may refute', () => {
  const departed = new Departed()
  departed.remember(recordOf('a1', { birth: 5, incarnation: 3 }), true, 10)
  assert.equal(departed.refuses('a1', 5, 1000), true)
  assert.equal(departed.refuses('a1', 6, 0), false)
  assert.equal(departed.incarnationToRefute('a1', 5, 0, 100), undefined)
  departed.remember(recordOf('b1', { birth: 5, incarnation: 3 }), false, 10)
  assert.equal(departed.refuses('b1', 5, 3), true)
  assert.equal(departed.refuses('b1', 5, 4), false)
  assert.equal(departed.incarnationToRefute('b1', 5, 0, 100), 3)
  assert.equal(departed.incarnationToRefute('b1', 5, 99, 100), undefined)
  assert.equal(departed.incarnationToRefute('b1', 5, 100, 100), 3)
  assert.equal(departed.refuses('c1', 5, 0), false)
})

test('the memory of the departed forgets the oldest beyond its limit, and says so', () => {
  const departed = new Departed()
  assert.equal(departed.remember(recordOf('a1'), true, 2), true)
  assert.equal(departed.remember(recordOf('b2'), true, 2), true)
  assert.equal(departed.remember(recordOf('b2'), true, 2), true)
  assert.equal(departed.remember(recordOf('c3'), true, 2), false)
  assert.equal(departed.size, 2)
  assert.equal(departed.refuses('a1', 1000, 0), false)
})

test('a probe counts the answer of its target and its relays, and one no of each relay', () => {
  const probe = new Probe(7, recordOf('n1'), false, 1000)
  assert.equal(probe.isAnsweredBy('n1'), true)
  assert.equal(probe.isAnsweredBy('n2'), false)
  probe.askRelays(['n2', 'n3'])
  assert.equal(probe.isAnsweredBy('n2'), true)
  assert.equal(probe.onNack('n2'), true)
  assert.equal(probe.onNack('n2'), false)
  assert.equal(probe.onNack('n1'), false)
  assert.equal(probe.nacksReceived, 1)
  assert.equal(probe.relaysAsked, 2)
})

test('a record shares what it has in common with another and copies the rest', () => {
  const like = recordOf('n1', { roles: ['a'], meta: Uint8Array.of(1, 2) })
  const meta = Uint8Array.of(1, 2)
  const same = recordFrom('n2', 1, 0, 'h:1', ['a'], meta, like)
  assert.equal(same.roles, like.roles)
  assert.equal(same.meta, like.meta)
  const roles = ['b']
  const other = recordFrom('n2', 1, 0, 'h:1', roles, Uint8Array.of(9), like)
  roles[0] = 'c'
  assert.deepEqual(other.roles, ['b'])
  assert.equal(hasSameDetails(same, { ...same, incarnation: 9 }), true)
  assert.equal(hasSameDetails(same, other), false)
  assert.equal(hasSameDetails(same, { ...same, address: 'h:2' }), false)
})

test('a pause is told once, before the first late timer, and forgotten timers never run', () => {
  let nowMs = 0
  const due: { atMs: number; run: () => void }[] = []
  const ports = {
    monotonicMs: () => nowMs,
    wallMs: () => nowMs,
    after: (delayMs: number, run: () => void) => {
      due.push({ atMs: nowMs + delayMs, run })
    },
  }
  const told: string[] = []
  const timers = new Timers(ports, 100, (lateMs) => told.push(`pause ${lateMs}`))
  timers.after(10, () => told.push('first'))
  timers.after(50, () => told.push('second'))
  nowMs = 500.7
  for (const timer of due.splice(0)) timer.run()
  assert.deepEqual(told, ['pause 490', 'first', 'second'])
  timers.after(10, () => told.push('in time'))
  nowMs = 600
  for (const timer of due.splice(0)) timer.run()
  assert.deepEqual(told.slice(3), ['in time'])
  timers.after(10, () => told.push('never'))
  timers.end()
  for (const timer of due.splice(0)) timer.run()
  assert.equal(told.length, 4)
  timers.after(10, () => told.push('never'))
  assert.equal(due.length, 0, 'a timer was set after the end')
})
