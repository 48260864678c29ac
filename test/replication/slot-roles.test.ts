// What a node is to each slot follows from who may act, and changes of it are told once.

import assert from 'node:assert/strict'
import test from 'node:test'
import { NO_MEMBER, type OwnersTable } from '../../src/replication/owners-table.ts'
import { ELSEWHERE, NOBODY, SERVING, SlotRoles, UNSETTLED } from '../../src/replication/slot-roles.ts'

const SLOTS = 16384

/** Three owners of each slot, in turn: slot 0 is a b c, slot 1 is b c a, slot 2 is c a b ... */
function tableOf(members: readonly string[]): OwnersTable {
  const copies = members.length
  const owners = new Uint16Array(SLOTS * copies)
  for (let slot = 0; slot < SLOTS; slot++) {
    for (let rank = 0; rank < copies; rank++) owners[slot * copies + rank] = (slot + rank) % copies
  }
  return { members, copies, owners }
}

function house(self: string, members = ['a', 'b', 'c']) {
  const unable = new Set<string>()
  const gone = new Set<string>()
  const heardMs = new Map<string, number>()
  const unsettled: number[] = []
  const lost: number[] = []
  const roles = new SlotRoles(
    self,
    {
      mayAct: (id) => !unable.has(id) && !gone.has(id),
      mayHold: (id) => !gone.has(id),
      heardMs: (id) => heardMs.get(id) ?? 0,
    },
    { onUnsettled: (slots) => void unsettled.push(...slots), onLost: (slots) => void lost.push(...slots) },
    () => 3000,
  )
  const table = tableOf(members)
  const update = (nowMs = 0) => {
    unsettled.length = 0
    lost.length = 0
    roles.update(table, nowMs)
  }
  return { roles, unable, gone, heardMs, unsettled, lost, update, table }
}

test('the first owner that may act is the acting primary, and starts out unsettled', () => {
  const { roles, unsettled, update } = house('a')
  update()
  assert.equal(roles.roles[0], UNSETTLED)
  assert.equal(roles.roles[1], ELSEWHERE)
  assert.equal(roles.actingId(1), 'b')
  assert.equal(unsettled.length, Math.ceil(SLOTS / 3))
  roles.settled(0)
  assert.equal(roles.roles[0], SERVING)
})

test('when the first owner cannot act the next one takes over, unsettled, and hands back when it can', () => {
  const { roles, unable, lost, unsettled, update } = house('b')
  update()
  for (const slot of unsettled) roles.settled(slot)
  unable.add('a')
  update()
  assert.equal(roles.roles[0], UNSETTLED)
  assert.equal(roles.roles[1], SERVING)
  assert.ok(unsettled.every((slot) => slot % 3 === 0))
  unable.delete('a')
  update()
  assert.equal(roles.roles[0], ELSEWHERE)
  assert.ok(lost.length > 0 && lost.every((slot) => slot % 3 === 0))
})

test('a slot none of whose owners may act is served by nobody', () => {
  const { roles, unable, update } = house('a')
  for (const id of ['a', 'b', 'c']) unable.add(id)
  update()
  assert.equal(roles.roles[0], NOBODY)
  assert.equal(roles.acting[0], NO_MEMBER)
})

test('effects are accepted from the acting primary only, as this node sees it', () => {
  const { roles, unable, update } = house('c')
  update()
  assert.ok(roles.acceptsFrom(0, 'a'))
  assert.ok(!roles.acceptsFrom(0, 'b'))
  assert.ok(!roles.acceptsFrom(0, 'stranger'))
  unable.add('a')
  update()
  assert.ok(roles.acceptsFrom(0, 'b'))
  assert.ok(roles.acceptsFrom(0, 'a'), 'who is ranked first is never outranked')
})

test('a node that hears too few owners for a quorum notices before it serves', () => {
  const { roles, heardMs, update } = house('a')
  heardMs.set('b', 1000)
  update(1000)
  assert.equal(roles.hasLapses, false)
  roles.look(3900)
  assert.equal(roles.hasLapses, false)
  roles.look(4100)
  assert.equal(roles.hasLapses, true)
  assert.ok(roles.isLapsed(0))
  heardMs.set('c', 4150)
  roles.look(4300)
  assert.equal(roles.hasLapses, false)
})

test('who was out of reach of a quorum settles its slots anew before it serves them again', () => {
  const { roles, heardMs, unsettled, update } = house('a')
  heardMs.set('b', 1000)
  update(1000)
  for (const slot of unsettled.splice(0)) roles.settled(slot)
  roles.look(4100)
  assert.equal(
    roles.roles[0],
    SERVING,
    'while it lapses, its copy may be read by those who allow stale reads',
  )
  heardMs.set('c', 5000)
  roles.look(5000)
  assert.equal(roles.roles[0], UNSETTLED)
  assert.equal(unsettled.length, Math.ceil(SLOTS / 3))
  assert.equal(roles.hasLapses, false)
})

test('an owner that is not ready holds what it is sent, and so counts for a quorum of writes', () => {
  const { roles, unable, heardMs, update } = house('a')
  unable.add('b')
  unable.add('c')
  heardMs.set('b', 10)
  update(10)
  assert.equal(roles.hasLapses, false)
  assert.ok(roles.hasAll(0))
})

test('slots with the same other owners share a group, whatever their order', () => {
  const { roles, update } = house('a')
  update()
  assert.equal(roles.groups.length, 1)
  assert.deepEqual([...roles.groups[0]!.peerIds].sort(), ['b', 'c'])
  assert.equal(roles.groups[0]!.acksForQuorum, 1)
})

test('of two owners both make a quorum, of four three, of five three', () => {
  for (const [members, acks] of [
    [['a', 'b'], 1],
    [['a', 'b', 'c', 'd'], 2],
    [['a', 'b', 'c', 'd', 'e'], 2],
  ] as const) {
    const { roles, update } = house('a', [...members])
    update()
    assert.equal(roles.groups[0]!.acksForQuorum, acks)
  }
})

test('a node that has not heard yet who owns what may have been away', () => {
  const { roles, unsettled } = house('a')
  roles.unsettleAll()
  assert.deepEqual(unsettled, [])
})
