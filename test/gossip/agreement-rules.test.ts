/*
 * The agreement's rules by Pekko's book: lifecycle, convergence, leader, its actions, observers, targets,
 * events.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { compareAges } from '../../gossip/agreement/ages.ts'
import { AGREEMENT_DEFAULTS } from '../../gossip/agreement/config.ts'
import { isConvergedIn } from '../../gossip/agreement/convergence.ts'
import { type AgreementEvent, memberEvents, reachabilityEvents } from '../../gossip/agreement/events.ts'
import { chooseTarget } from '../../gossip/agreement/gossip-target.ts'
import { leaderOfAll, leaderOfDc } from '../../gossip/agreement/leader.ts'
import {
  admit as admitAll,
  isActingLeader,
  leaderActions,
  weaklyUpActions,
} from '../../gossip/agreement/leader-actions.ts'
import {
  canMove,
  nextStatus,
  statusAfterDown,
  statusAfterLeave,
  STATUSES,
} from '../../gossip/agreement/lifecycle.ts'
import type { MemberStatus, MeshState, ReachabilityStatus } from '../../gossip/agreement/mesh-state.ts'
import { newRow, watchedMembers } from '../../gossip/agreement/observers.ts'
import { rowOf, rowVersion, unreachableFrom, withRow } from '../../gossip/agreement/reachability.ts'
import type { MemberRecord } from '../../gossip/member.ts'
import { DEFAULT_DC } from '../../gossip/datacenter.ts'
import { Prng } from '../support/prng.ts'
import { member, recordOf, type Scene, stateOf } from './agreement-scenes.ts'

const SETTINGS = { dc: DEFAULT_DC, book: 'pekko' as const, membersCountMin: 1 }
const east = { roles: ['dc-east'] }
const west = { roles: ['dc-west'] }

function statusesOf(state: MeshState): Record<string, string> {
  return Object.fromEntries(
    [...state.members.values()].map((one) => [one.id, `${one.status} ${one.upNumber}`]),
  )
}

function act(state: MeshState, selfId: string, settings = SETTINGS): MeshState | undefined {
  return leaderActions(state, selfId, settings, 5000)?.state
}

function admit(
  state: MeshState,
  selfId: string,
  candidates: readonly MemberRecord[],
  membersCountMax: number,
) {
  return admitAll(state, selfId, new Map(candidates.map((record) => [record.id, record])), membersCountMax)
}

// Lifecycle

test('a life only moves to the right or down, and never out of removed', () => {
  const allowed = STATUSES.map((from) => STATUSES.filter((to) => canMove(from, to)).join(' '))
  assert.deepEqual(allowed, [
    'weakly-up up leaving down removed',
    'up leaving down removed',
    'leaving down removed',
    'exiting down removed',
    'down removed',
    'removed',
    '',
  ])
})

test('with convergence the leader moves everyone one step, without it only who waits for too long', () => {
  const step = (status: MemberStatus, isConverged: boolean, isWeaklyUpDue = false) =>
    nextStatus(status, { isConverged, isWeaklyUpDue })
  assert.deepEqual(
    STATUSES.map((status) => step(status, true)),
    ['up', 'up', undefined, 'exiting', 'removed', 'removed', undefined],
  )
  for (const status of STATUSES) assert.equal(step(status, false), undefined)
  assert.equal(step('joining', false, true), 'weakly-up')
  assert.equal(step('down', false, true), undefined)
})

test('a joining member may leave, and whoever is not down yet may be downed', () => {
  assert.deepEqual(
    STATUSES.map((status) => statusAfterLeave(status)),
    ['leaving', 'leaving', 'leaving', undefined, undefined, undefined, undefined],
  )
  assert.deepEqual(
    STATUSES.map((status) => statusAfterDown(status)),
    ['down', 'down', 'down', 'down', 'down', undefined, undefined],
  )
})

test('who was never up is younger than everyone who was', () => {
  const members = [
    member('a1', 'joining'),
    member('c1', 'up', { upNumber: 7 }),
    member('b1', 'up', { upNumber: 2 }),
  ]
  assert.deepEqual(
    members.sort(compareAges).map((one) => one.id),
    ['b1', 'c1', 'a1'],
  )
})

// Convergence

test('convergence needs everyone up or leaving to have seen the version, and nobody else', () => {
  const members = [member('a1'), member('b1', 'leaving'), member('c1', 'joining'), member('d1', 'exiting')]
  assert.equal(isConvergedIn(stateOf(members, { seen: ['a1', 'b1'] }), DEFAULT_DC), true)
  assert.equal(isConvergedIn(stateOf(members, { seen: ['a1', 'c1', 'd1'] }), DEFAULT_DC), false)
  assert.equal(isConvergedIn(stateOf(members, { seen: ['b1', 'c1', 'd1'] }), DEFAULT_DC), false)
})

test('an unreachable member stops convergence unless it is down or exiting', () => {
  for (const status of ['joining', 'weakly-up', 'up', 'leaving'] as const) {
    const state = stateOf([member('a1'), member('b1', status)], { silent: ['a1>b1'] })
    assert.equal(isConvergedIn(state, DEFAULT_DC), false, status)
  }
  for (const status of ['exiting', 'down'] as const) {
    const state = stateOf([member('a1'), member('b1', status)], { silent: ['a1>b1'], seen: ['a1'] })
    assert.equal(isConvergedIn(state, DEFAULT_DC), true, status)
  }
})

test('a downed observer is not listened to', () => {
  const members = [member('a1'), member('b1', 'down')]
  assert.equal(isConvergedIn(stateOf(members, { silent: ['b1>a1'], seen: ['a1'] }), DEFAULT_DC), true)
})

test('each data centre converges by itself', () => {
  const members = [member('a1', 'up', east), member('b1', 'up', west), member('b2', 'up', west)]
  const state = stateOf(members, { silent: ['b1>a1', 'b1>b2'], seen: ['a1'] })
  assert.equal(isConvergedIn(state, 'east'), true)
  assert.equal(isConvergedIn(state, 'west'), false)
})

// Leader

test('the leader is the first reachable member up or leaving, by host and number of the port', () => {
  const members = [
    member('a1', 'up', { address: 'h:10000' }),
    member('a2', 'leaving', { address: 'h:9000' }),
    member('a3', 'joining', { address: 'h:1' }),
  ]
  assert.equal(leaderOfDc(stateOf(members), DEFAULT_DC), 'a2')
  assert.equal(leaderOfDc(stateOf(members, { silent: ['a1>a2'] }), DEFAULT_DC), 'a1')
})

test('where nobody is up the one who is coming leads before the one who is going', () => {
  const leader = (...members: ReturnType<typeof member>[]) => leaderOfDc(stateOf(members), DEFAULT_DC)
  assert.equal(leader(member('a1', 'exiting'), member('b1', 'joining'), member('c1', 'weakly-up')), 'c1')
  assert.equal(leader(member('a1', 'exiting'), member('b1', 'joining')), 'b1')
  assert.equal(leader(member('a1', 'down'), member('b1', 'exiting')), 'b1')
  assert.equal(leader(member('a1', 'down')), undefined)
})

test('a node follows itself when others cannot reach it, but then nobody acts', () => {
  const state = stateOf([member('a1'), member('b1')], { silent: ['b1>a1'] })
  assert.equal(leaderOfDc(state, DEFAULT_DC, 'a1'), 'a1')
  assert.equal(leaderOfDc(state, DEFAULT_DC, 'b1'), 'b1')
  assert.equal(isActingLeader(state, 'a1', SETTINGS), false)
  assert.equal(isActingLeader(state, 'b1', SETTINGS), false)
})

test('each data centre has a leader, and one of them is the first of all', () => {
  const state = stateOf([member('b1', 'up', east), member('a1', 'joining', west), member('c1', 'up', west)])
  assert.equal(leaderOfDc(state, 'east'), 'b1')
  assert.equal(leaderOfDc(state, 'west'), 'c1')
  assert.equal(leaderOfAll(state), 'c1')
})

// Leader actions

test('newcomers are numbered in the order of age, above every number given before', () => {
  const state = stateOf([
    member('a1', 'up', { upNumber: 3 }),
    member('c1', 'joining', { address: 'h:900' }),
    member('b1', 'joining', { address: 'h:1000' }),
  ])
  assert.deepEqual(statusesOf(act(state, 'a1')!), { a1: 'up 3', c1: 'up 4', b1: 'up 5' })
})

test('only the leader acts, and only on a converged version', () => {
  const members = [
    member('a1', 'up', { upNumber: 1 }),
    member('b1', 'up', { upNumber: 2 }),
    member('c1', 'joining'),
  ]
  assert.equal(act(stateOf(members), 'b1'), undefined)
  assert.equal(act(stateOf(members, { seen: ['a1'] }), 'a1'), undefined)
  assert.notEqual(act(stateOf(members), 'a1'), undefined)
})

test('nothing to do is no new version', () => {
  assert.equal(act(stateOf([member('a1', 'up', { upNumber: 1 })]), 'a1'), undefined)
})

test('nobody is moved up before there are enough', () => {
  const settings = { ...SETTINGS, membersCountMin: 3 }
  const two = [member('a1', 'joining'), member('b1', 'joining')]
  assert.equal(act(stateOf(two), 'a1', settings), undefined)
  const three = [...two, member('c1', 'joining')]
  assert.deepEqual(statusesOf(act(stateOf(three), 'a1', settings)!), { a1: 'up 1', b1: 'up 2', c1: 'up 3' })
})

test('who is down is buried with its life, its row, what was said of it and its entry in the clock', () => {
  const members = [member('a1', 'up', { upNumber: 1 }), member('b1', 'down', { birth: 9 }), member('c1')]
  const state = stateOf(members, { silent: ['a1>b1', 'b1>c1'], clock: { a1: 2, b1: 4 } })
  const next = act(state, 'a1')!
  assert.deepEqual([...next.members.keys()], ['a1', 'c1'])
  assert.deepEqual(next.tombstones.get('b1'), { birth: 9, removedWallMs: 5000 })
  assert.deepEqual(unreachableFrom(next.reachability, 'a1'), [])
  assert.deepEqual(rowOf(next.reachability, 'b1'), [])
  assert.deepEqual([...next.version.keys()], ['a1 1'])
})

test('what an observer took back keeps its version, so that older rows cannot return', () => {
  const state = stateOf([member('a1'), member('b1', 'down')], { silent: ['a1>b1'] })
  assert.equal(rowVersion(act(state, 'a1')!.reachability, 'a1'), 1)
})

test('leaving becomes exiting, and exiting is buried once it has seen that it may go or is silent', () => {
  const state = stateOf([member('a1', 'up', { upNumber: 1 }), member('b1', 'leaving', { upNumber: 2 })])
  const exiting = act(state, 'a1')!
  assert.deepEqual(statusesOf(exiting), { a1: 'up 1', b1: 'exiting 2' })
  const members = [...exiting.members.values()]
  assert.equal(act(stateOf(members, { seen: ['a1'] }), 'a1'), undefined)
  assert.deepEqual([...act(stateOf(members), 'a1')!.members.keys()], ['a1'])
  const silent = stateOf(members, { seen: ['a1'], silent: ['a1>b1'] })
  assert.deepEqual([...act(silent, 'a1')!.members.keys()], ['a1'])
})

test('equal numbers are made distinct by raising the later address', () => {
  const state = stateOf([
    member('a1', 'up', { upNumber: 1 }),
    member('b1', 'up', { upNumber: 1 }),
    member('c1', 'up', { upNumber: 2 }),
    member('d1', 'up', { upNumber: 2 }),
  ])
  assert.deepEqual(statusesOf(act(state, 'a1')!), { a1: 'up 1', b1: 'up 3', c1: 'up 2', d1: 'up 4' })
})

test('who is buried in the same step gets no new number, which would bring it back beside its tombstone', () => {
  const state = stateOf([
    member('a1', 'up', { upNumber: 1 }),
    member('b1', 'down', { upNumber: 1 }),
    member('c1', 'up', { upNumber: 1 }),
  ])
  const next = act(state, 'a1')!
  assert.deepEqual(statusesOf(next), { a1: 'up 1', c1: 'up 2' })
  assert.equal(next.tombstones.has('b1'), true)
})

test('the last one to leave buries itself', () => {
  const next = act(stateOf([member('a1', 'exiting', { upNumber: 1 })]), 'a1')!
  assert.equal(next.members.size, 0)
  assert.equal(next.tombstones.get('a1')?.birth, 1)
})

test('a leader acts for its own data centre only', () => {
  const state = stateOf([
    member('a1', 'up', { ...east, upNumber: 1 }),
    member('a2', 'joining', east),
    member('b1', 'up', { ...west, upNumber: 2 }),
    member('b2', 'joining', west),
  ])
  const next = act(state, 'a1', { ...SETTINGS, dc: 'east' })!
  assert.deepEqual(statusesOf(next), { a1: 'up 1', a2: 'up 3', b1: 'up 2', b2: 'joining 0' })
})

test('the first leader of all buries a data centre of which everyone is down', () => {
  const members = [
    member('b1', 'up', { ...east, upNumber: 1 }),
    member('a1', 'down', west),
    member('a2', 'down', west),
    member('c1', 'up', { roles: ['dc-south'], upNumber: 2 }),
  ]
  const state = stateOf(members)
  assert.deepEqual([...act(state, 'b1', { ...SETTINGS, dc: 'east' })!.members.keys()], ['b1', 'c1'])
  assert.equal(act(state, 'c1', { ...SETTINGS, dc: 'south' }), undefined)
})

test('without convergence the leader makes joining members within reach weakly up', () => {
  const members = [
    member('a1'),
    member('b1'),
    member('c1', 'joining'),
    member('d1', 'joining'),
    member('e1', 'down'),
  ]
  const scene: Scene = { silent: ['a1>b1', 'a1>d1'] }
  const next = weaklyUpActions(stateOf(members, scene), 'a1', DEFAULT_DC)!.state
  assert.deepEqual(
    [...next.members.values()].map((one) => one.status),
    ['up', 'up', 'weakly-up', 'joining', 'down'],
  )
  assert.equal(weaklyUpActions(stateOf(members, scene), 'c1', DEFAULT_DC), undefined)
})

// Admission

test('the leader lets the unknown in as joining, and nobody else does', () => {
  const state = stateOf([member('a1'), member('b1')], { seen: ['a1'] })
  const next = admit(state, 'a1', [recordOf('c1', 5)], 10)!.state
  assert.deepEqual(next.members.get('c1'), member('c1', 'joining', { birth: 5 }))
  assert.equal(admit(state, 'b1', [recordOf('c1', 5)], 10), undefined)
})

test('a buried life is not let in, a later one is', () => {
  const state = stateOf([member('a1')], { tombstones: { c1: { birth: 5, removedWallMs: 1 } } })
  assert.equal(admit(state, 'a1', [recordOf('c1', 5)], 10), undefined)
  assert.equal(admit(state, 'a1', [recordOf('c1', 4)], 10), undefined)
  assert.equal(admit(state, 'a1', [recordOf('c1', 6)], 10)?.state.members.get('c1')?.birth, 6)
})

test('a node that came back waits until its former life is down and buried', () => {
  const state = stateOf([member('a1'), member('b1', 'up', { birth: 5 })])
  const next = admit(state, 'a1', [recordOf('b1', 6)], 10)!.state
  assert.deepEqual(next.members.get('b1'), member('b1', 'down', { birth: 5 }))
  assert.equal(admit(next, 'a1', [recordOf('b1', 6)], 10), undefined)
})

test('a new id at a known address waits until whoever stood there is down and buried', () => {
  const state = stateOf([member('a1'), member('b1', 'up', { birth: 5 })])
  const stranger = recordOf('z9', 6, { address: 'b:1001' })
  const next = admit(state, 'a1', [stranger], 10)!.state
  assert.deepEqual([...next.members.keys()], ['a1', 'b1'])
  assert.equal(next.members.get('b1')?.status, 'down')
  assert.equal(admit(state, 'a1', [{ ...stranger, birth: 4 }], 10), undefined)
})

test('beyond the limit of members nobody is let in', () => {
  const state = stateOf([member('a1'), member('b1')])
  const next = admit(state, 'a1', [recordOf('c1'), recordOf('d1')], 3)!.state
  assert.deepEqual([...next.members.keys()], ['a1', 'b1', 'c1'])
})

test('the first member of a data centre is let in by the first leader of all, the next by its own', () => {
  const state = stateOf([member('a1', 'up', east), member('b1', 'up', { roles: ['dc-south'] })])
  const first = [recordOf('c1', 1, west)]
  assert.equal(admit(state, 'b1', first, 10), undefined)
  const next = admit(state, 'a1', first, 10)!.state
  assert.equal(admit(next, 'a1', [recordOf('c2', 1, west)], 10), undefined)
  assert.equal(admit(next, 'c1', [recordOf('c2', 1, west)], 10)?.state.members.size, 4)
})

test('a data centre whose only member came back as a new life is seen to by the first leader of all', () => {
  const only = member('a1', 'up', { roles: ['dc-west'], upNumber: 1 })
  const state = stateOf([only, member('b1', 'up', { ...east, upNumber: 2 }), member('c1', 'up', east)])
  const next = admit(state, 'b1', [recordOf('a1', 2, west)], 10)!.state
  assert.equal(next.members.get('a1')?.status, 'down')
  assert.equal(admit(state, 'c1', [recordOf('a1', 2, west)], 10), undefined)
  const buried = act(next, 'b1', { ...SETTINGS, dc: 'east' })!
  assert.equal(buried.tombstones.get('a1')?.birth, 1)
  assert.equal(admit(buried, 'b1', [recordOf('a1', 2, west)], 10)!.state.members.get('a1')?.status, 'joining')
})

// Observers

const believes =
  (silent: Record<string, ReachabilityStatus>) =>
  (id: string): ReachabilityStatus =>
    silent[id] ?? 'reachable'

test('only the ring before a member writes down that it is silent', () => {
  const ids = Array.from({ length: 40 }, (_, at) => `a${at}`)
  const state = stateOf(ids.map((id) => member(id)))
  const settings = { monitoredCount: 9, crossDcMonitoredCount: 5 }
  const writers = ids.filter(
    (id) => newRow(state, id, believes({ a7: 'unreachable' }), settings) !== undefined,
  )
  assert.equal(writers.filter((id) => id !== 'a7').length, 9)
})

test('an observer takes back what it wrote, also when the ring has moved on', () => {
  const state = stateOf([member('a1'), member('b1'), member('c1')])
  const settings = { monitoredCount: 1, crossDcMonitoredCount: 5 }
  const watched = watchedMembers(state, 'a1', () => true, settings)[0]!
  const other = watched === 'b1' ? 'c1' : 'b1'
  const written = stateOf([...state.members.values()], { silent: [`a1>${other}`] })
  const row = newRow(written, 'a1', believes({}), settings)!
  assert.deepEqual(unreachableFrom(row, 'a1'), [])
  assert.equal(rowVersion(row, 'a1'), 2)
  const settled = { ...written, reachability: withRow(written.reachability, 'a1', row) }
  assert.equal(newRow(settled, 'a1', believes({}), settings), undefined)
})

test('terminated is written once and never taken back', () => {
  const members = [member('a1'), member('b1')]
  const row = newRow(stateOf(members), 'a1', believes({ b1: 'terminated' }), AGREEMENT_DEFAULTS)!
  assert.equal(row[0]?.status, 'terminated')
  assert.equal(
    newRow(stateOf(members, { silent: ['a1>b1!'] }), 'a1', believes({}), AGREEMENT_DEFAULTS),
    undefined,
  )
})

test('between data centres the oldest of each side watch the oldest of the other', () => {
  const side = (host: string, roles: string[], from: number) =>
    Array.from({ length: 4 }, (_, at) => member(`${host}${at}`, 'up', { roles, upNumber: from + at }))
  const state = stateOf([...side('a', ['dc-east'], 1), ...side('b', ['dc-west'], 5)])
  const settings = { monitoredCount: 0, crossDcMonitoredCount: 2 }
  const watched = ['a0', 'a1', 'a2', 'b0', 'b3'].map((id) =>
    watchedMembers(state, id, () => true, settings).join(),
  )
  assert.deepEqual(watched, ['b0,b1', 'b0,b1', '', 'a0,a1', ''])
})

test('who is not a member observes nobody', () => {
  assert.deepEqual(
    watchedMembers(stateOf([member('a1')]), 'z1', () => true, AGREEMENT_DEFAULTS),
    [],
  )
})

// Targets

function shareOf(
  state: MeshState,
  peers: readonly string[],
  settings: object,
  isWanted: (id: string) => boolean,
) {
  const luck = new Prng(11)
  const ports = { random: () => luck.fraction(), randomBytes: (count: number) => luck.bytes(count) }
  const draw = () => recordOf(luck.pick(peers))
  const own = {
    selfId: 'a1',
    dc: DEFAULT_DC,
    differentViewProbability: 0.8,
    crossDcProbability: 0.2,
    ...settings,
  }
  let count = 0
  for (let at = 0; at < 2000; at++) {
    const peer = chooseTarget(state, ports, draw, () => true, own)!
    assert.notEqual(peer.id, 'a1')
    if (isWanted(peer.id)) count++
  }
  return count / 2000
}

test('gossip prefers those who are not known to have seen this version', () => {
  const ids = Array.from({ length: 10 }, (_, at) => `a${at + 1}`)
  const state = stateOf(
    ids.map((id) => member(id)),
    { seen: ids.slice(0, 8) },
  )
  const share = shareOf(state, ids.slice(1), {}, (id) => id === 'a9' || id === 'a10')
  assert.ok(share > 0.7 && share < 0.95, String(share))
})

test('a fifth of the gossip goes to another data centre, however small the own one is', () => {
  const own = ['a1', 'a2'].map((id) => member(id, 'up', east))
  const far = Array.from({ length: 60 }, (_, at) => member(`b${at}`, 'up', west))
  const state = stateOf([...own, ...far])
  const peers = [...state.members.keys()].filter((id) => id !== 'a1')
  const share = shareOf(state, peers, { dc: 'east' }, (id) => id.startsWith('b'))
  assert.ok(share > 0.15 && share < 0.25, String(share))
})

test('without peers there is nobody to gossip with', () => {
  const ports = { random: () => 0.5, randomBytes: () => new Uint8Array(0) }
  const settings = { selfId: 'a1', dc: DEFAULT_DC, differentViewProbability: 0.8, crossDcProbability: 0.2 }
  assert.equal(
    chooseTarget(
      stateOf([member('a1')]),
      ports,
      () => undefined,
      () => true,
      settings,
    ),
    undefined,
  )
})

// Events

function eventsBetween(before: MeshState, after: MeshState): string[] {
  const ids = new Set([...before.members.keys(), ...after.members.keys()])
  const told: string[] = []
  memberEvents(before, after, ids, (event: AgreementEvent) => {
    if ('member' in event) told.push(`${event.type} ${event.member.id} ${event.member.birth}`)
  })
  return told
}

test('whoever is new is joined first, then what it is by now', () => {
  const after = stateOf([member('a1'), member('b1', 'joining'), member('c1', 'exiting')])
  assert.deepEqual(eventsBetween(stateOf([]), after), [
    'member_joined a1 1',
    'member_up a1 1',
    'member_joined b1 1',
    'member_joined c1 1',
    'member_exited c1 1',
  ])
})

test('each step of a life is told by its name', () => {
  const path: MemberStatus[] = ['joining', 'weakly-up', 'up', 'leaving', 'exiting', 'down']
  const told = path
    .slice(1)
    .flatMap((status, at) =>
      eventsBetween(stateOf([member('a1', path[at]!)]), stateOf([member('a1', status)])),
    )
  assert.deepEqual(
    told.map((one) => one.split(' ')[0]),
    ['member_weakly_up', 'member_up', 'member_left', 'member_exited', 'member_downed'],
  )
})

test('another life under the same id is the end of the former and a newcomer', () => {
  const before = stateOf([member('a1', 'down')])
  assert.deepEqual(eventsBetween(before, stateOf([member('a1', 'joining', { birth: 2 })])), [
    'member_removed a1 1',
    'member_joined a1 2',
  ])
})

test('reachability events tell who went and who came, of those who are members', () => {
  const told: string[] = []
  const silent = (...ids: string[]) => new Map(ids.map((id) => [id, 'unreachable']))
  reachabilityEvents(silent('a1', 'x1'), silent('b1'), stateOf([member('a1'), member('b1')]), (event) => {
    if ('member' in event) told.push(`${event.type} ${event.member.id}`)
  })
  assert.deepEqual(told, ['member_unreachable b1', 'member_reachable a1'])
})
