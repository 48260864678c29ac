/*
 * The specification's functions, line by line, in atomr-compatible mode.
 *
 * The idea: each line of its tables is a test, so whoever knows the original finds the same answers here.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { compareAges, compareAgesAtomr, oldest } from '../../gossip/agreement/ages.ts'
import { isConvergedAtomr } from '../../gossip/agreement/convergence.ts'
import { gossipDecide } from '../../gossip/agreement/gossip-decision.ts'
import { pickGossipTarget } from '../../gossip/agreement/gossip-target.ts'
import { electLeaderAtomr } from '../../gossip/agreement/leader.ts'
import { LeaderHandover } from '../../gossip/agreement/leader-handover.ts'
import {
  nextStatus,
  nextStatusAtomr,
  statusAfterDown,
  statusAfterLeave,
} from '../../gossip/agreement/lifecycle.ts'
import type { MemberStatus, MeshState } from '../../gossip/agreement/mesh-state.ts'
import {
  isAllReachable,
  observe,
  observersOf,
  statusSeenBy,
  subjectStatus,
  unreachableFrom,
} from '../../gossip/agreement/reachability.ts'
import { increment, mergeClocks, relation } from '../../gossip/agreement/vector-clock.ts'
import { AgreementMesh } from './agreement-mesh.ts'
import { member, stateOf } from './agreement-scenes.ts'

const clock = (entries: Record<string, number>) => new Map(Object.entries(entries))
const everyone = () => true
const except =
  (...ids: string[]) =>
  (id: string) =>
    !ids.includes(id)

// Gossip

test('gossip: equal versions need nothing', () => {
  assert.equal(gossipDecide(clock({ a: 1, b: 2 }), clock({ a: 1, b: 2 })), 'same')
})

test('gossip: two empty versions are the same', () => {
  assert.equal(gossipDecide(clock({}), clock({})), 'same')
})

test('gossip: whoever is ahead sends its envelope', () => {
  assert.equal(gossipDecide(clock({ a: 2 }), clock({ a: 1 })), 'send-envelope')
})

test('gossip: whoever is behind asks for a merge', () => {
  assert.equal(gossipDecide(clock({ a: 1 }), clock({ a: 1, b: 1 })), 'request-merge')
})

test('gossip: concurrent versions are merged both ways', () => {
  assert.equal(gossipDecide(clock({ a: 2, b: 1 }), clock({ a: 1, b: 2 })), 'merge-both')
})

test('gossip: nobody to gossip with among no peers', () => {
  assert.equal(pickGossipTarget([], 'a', 0), undefined)
})

test('gossip: nobody to gossip with when self is the only peer', () => {
  assert.equal(pickGossipTarget(['a'], 'a', 3), undefined)
})

test('gossip: the target stands at the cursor', () => {
  assert.equal(pickGossipTarget(['a', 'b', 'c'], 'x', 1), 'b')
})

test('gossip: the cursor goes round', () => {
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((cursor) => pickGossipTarget(['b', 'c', 'd'], 'a', cursor)),
    ['b', 'c', 'd', 'b', 'c'],
  )
})

test('gossip: self is passed over for the next one', () => {
  assert.equal(pickGossipTarget(['a', 'b', 'c'], 'b', 1), 'c')
  assert.equal(pickGossipTarget(['a', 'b', 'c'], 'c', 2), 'a')
})

// Reachability

test('reachability: who was never observed is reachable', () => {
  assert.equal(subjectStatus([], 'b'), 'reachable')
  assert.equal(isAllReachable([]), true)
})

test('reachability: one observer is enough to make a subject unreachable', () => {
  const records = observe([], 'a', 'c', 'unreachable')
  assert.equal(subjectStatus(records, 'c'), 'unreachable')
  assert.equal(statusSeenBy(records, 'b', 'c'), 'reachable')
  assert.deepEqual(unreachableFrom(records, 'a'), ['c'])
  assert.equal(isAllReachable(records), false)
})

test('reachability: a subject is reachable again when its last observer says so', () => {
  const both = observe(observe([], 'a', 'c', 'unreachable'), 'b', 'c', 'unreachable')
  assert.deepEqual(observersOf(both, 'c'), ['a', 'b'])
  const one = observe(both, 'a', 'c', 'reachable')
  assert.equal(subjectStatus(one, 'c'), 'unreachable')
  assert.equal(subjectStatus(observe(one, 'b', 'c', 'reachable'), 'c'), 'reachable')
})

test('reachability: terminated outweighs what others say', () => {
  const records = observe(observe([], 'a', 'c', 'terminated'), 'b', 'c', 'unreachable')
  assert.equal(subjectStatus(records, 'c'), 'terminated')
})

test('reachability: terminated is final for the observer who said it', () => {
  const records = observe([], 'a', 'c', 'terminated')
  assert.equal(observe(records, 'a', 'c', 'reachable'), records)
  assert.equal(observe(records, 'a', 'c', 'unreachable'), records)
})

// Ordering

test('ordering: the lower up number is older', () => {
  assert.ok(compareAgesAtomr({ upNumber: 1, address: 'z:9' }, { upNumber: 2, address: 'a:1' }) < 0)
})

test('ordering: equal numbers are told apart by host', () => {
  assert.ok(compareAgesAtomr({ upNumber: 1, address: 'a:9' }, { upNumber: 1, address: 'b:1' }) < 0)
})

test('ordering: equal hosts are told apart by the number of the port', () => {
  assert.ok(compareAgesAtomr({ upNumber: 1, address: 'a:900' }, { upNumber: 1, address: 'a:1000' }) < 0)
})

test('ordering: the oldest is the least of all', () => {
  const members = [member('b1', 'up', { upNumber: 3 }), member('a1', 'up', { upNumber: 2 })]
  assert.equal(oldest(members, compareAgesAtomr)?.id, 'a1')
  assert.equal(oldest([], compareAgesAtomr), undefined)
})

test('ordering: who was never up is the oldest by atomr and the youngest by Pekko', () => {
  const members = [member('a1', 'joining'), member('b1', 'up', { upNumber: 1 })]
  assert.equal(oldest(members, compareAgesAtomr)?.id, 'a1')
  assert.equal(oldest(members, compareAges)?.id, 'b1')
})

// Membership

test('membership: next_status as the table says', () => {
  const table: [MemberStatus, boolean, MemberStatus | undefined][] = [
    ['joining', true, 'up'],
    ['joining', false, undefined],
    ['weakly-up', true, undefined],
    ['weakly-up', false, undefined],
    ['up', true, undefined],
    ['up', false, undefined],
    ['leaving', true, 'exiting'],
    ['leaving', false, undefined],
    ['exiting', true, 'removed'],
    ['exiting', false, undefined],
    ['down', true, 'removed'],
    ['down', false, 'removed'],
    ['removed', true, undefined],
    ['removed', false, undefined],
  ]
  for (const [status, isConverged, next] of table) {
    assert.equal(nextStatusAtomr(status, isConverged), next, `${status} ${isConverged}`)
    assert.equal(nextStatus(status, { isConverged, isWeaklyUpDue: true }, 'atomr'), next)
  }
})

test('membership: converged when everyone not down or removed is reachable, whatever they have seen', () => {
  const members = [member('a1'), member('b1', 'joining'), member('c1', 'exiting')]
  assert.equal(isConvergedAtomr(members, everyone), true)
  assert.equal(isConvergedAtomr(members, except('b1')), false)
  assert.equal(isConvergedAtomr(members, except('c1')), false)
})

test('membership: the unreachable down do not hold convergence up', () => {
  const members = [member('a1'), member('b1', 'down'), member('c1', 'removed')]
  assert.equal(isConvergedAtomr(members, except('b1', 'c1')), true)
})

test('membership: an empty mesh is converged and has no leader', () => {
  assert.equal(isConvergedAtomr([], everyone), true)
  assert.equal(electLeaderAtomr([], everyone), undefined)
})

test('membership: the leader is the smallest address as text, so port 10000 before 9000', () => {
  const members = [member('a1', 'up', { address: 'a:9000' }), member('a2', 'up', { address: 'a:10000' })]
  assert.equal(electLeaderAtomr(members, everyone), 'a2')
})

test('membership: only reachable members up or leaving can lead', () => {
  const members = [member('a1', 'joining'), member('b1', 'weakly-up'), member('c1', 'leaving'), member('d1')]
  assert.equal(electLeaderAtomr(members, everyone), 'c1')
  assert.equal(electLeaderAtomr(members, except('c1')), 'd1')
  assert.equal(electLeaderAtomr(members, except('c1', 'd1')), undefined)
})

test('membership: leave is heard by up and weakly-up only, down also by leaving', () => {
  const statuses: MemberStatus[] = ['joining', 'weakly-up', 'up', 'leaving', 'exiting', 'down', 'removed']
  assert.deepEqual(
    statuses.filter((status) => statusAfterLeave(status, 'atomr') === 'leaving'),
    ['weakly-up', 'up'],
  )
  assert.deepEqual(
    statuses.filter((status) => statusAfterDown(status, 'atomr') === 'down'),
    ['weakly-up', 'up', 'leaving'],
  )
})

test('membership: a handover is told once, with whom it was and whom it is', () => {
  const handover = new LeaderHandover((state: MeshState) =>
    electLeaderAtomr(state.members.values(), everyone),
  )
  const alone = stateOf([member('b1')])
  const both = stateOf([member('a1'), member('b1')])
  assert.deepEqual(handover.observe(alone), { from: undefined, to: 'b1' })
  assert.equal(handover.observe(alone), undefined)
  assert.deepEqual(handover.observe(both), { from: 'b1', to: 'a1' })
  assert.deepEqual(handover.observe(stateOf([])), { from: 'a1', to: undefined })
})

// Vector clock

test('vector clock: a missing entry is zero', () => {
  assert.equal(relation(clock({}), clock({ a: 1 })), 'before')
  assert.equal(relation(clock({ a: 1 }), clock({})), 'after')
  assert.equal(relation(clock({ a: 1 }), clock({ b: 1 })), 'concurrent')
})

test('vector clock: a merge holds the highest of each entry', () => {
  const merged = mergeClocks(clock({ a: 1, b: 3 }), clock({ a: 2, c: 1 }))
  assert.deepEqual(Object.fromEntries(merged), { a: 2, b: 3, c: 1 })
})

test('vector clock: an increment comes after', () => {
  const before = clock({ a: 1 })
  assert.equal(relation(increment(before, 'b'), before), 'after')
  assert.equal(relation(before, increment(before, 'a')), 'before')
  assert.equal(before.get('a'), 1)
})

test('three nodes converge under atomr rules: one leader, three up, one view', () => {
  const mesh = new AgreementMesh(1, { book: 'atomr' })
  const ids = ['a1', 'b1', 'c1']
  for (const id of ids) mesh.start(id)
  mesh.agreementOf('b1').form()
  assert.ok(mesh.runUntil(() => mesh.isAgreedOn(ids), 60_000))
  for (const id of ids) assert.equal(mesh.agreementOf(id).leaderId, 'a1')
})
