// What clients are told of the slots is worked out once, and again whenever it would be something else.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { OwnersTable } from '../../src/replication/owners-table.ts'
import { SlotRoles } from '../../src/replication/slot-roles.ts'
import { ToldRanges } from '../../src/routing/told-ranges.ts'

const SLOTS = 16384
const IDS = ['c', 'a', 'b']

/** Slots below the middle belong to a and b, the others to b and c. */
function halves(): OwnersTable {
  const owners = new Uint16Array(SLOTS * 2)
  for (let slot = 0; slot < SLOTS; slot++) owners.set(slot < SLOTS / 2 ? [0, 1] : [1, 2], slot * 2)
  return { members: ['a', 'b', 'c'], copies: 2, owners }
}

function house() {
  const gone = new Set<string>()
  const belief = { mayAct: (id: string) => !gone.has(id), mayHold: () => true, heardMs: () => 0 }
  const roles = new SlotRoles('a', belief, { onUnsettled() {}, onLost() {} }, () => 3000)
  const table = halves()
  roles.update(table, 0)
  return { gone, roles, table, told: new ToldRanges(roles) }
}

test('ranges name the nodes by their place in the list that is told, whoever acts first', () => {
  const { gone, roles, table, told } = house()
  assert.deepEqual(told.of(IDS), [
    { first: 0, last: 8191, owners: [1, 2] },
    { first: 8192, last: 16383, owners: [2, 0] },
  ])
  gone.add('b')
  roles.update(table, 1)
  assert.deepEqual(told.of(IDS).at(-1)!.owners, [0, 2], 'c acts for b')
  assert.deepEqual(told.of(['a', 'b']).at(-1)!.owners, [1], 'a node nobody is told of is left out')
})

test('ranges that are told alike are one, whatever their ranks', () => {
  const { gone, roles, table, told } = house()
  for (let slot = SLOTS / 2; slot < SLOTS; slot++) table.owners.set([1, 0], slot * 2)
  assert.equal(told.of(IDS).length, 2)
  gone.add('b')
  roles.update(table, 1)
  assert.deepEqual(told.of(IDS), [{ first: 0, last: 16383, owners: [1, 2] }])
})

test('the slots are walked once, however many clients ask, until owners, beliefs or nodes have changed', () => {
  const { gone, roles, table, told } = house()
  for (let client = 0; client < 100; client++) told.of([...IDS])
  assert.equal(told.counters.made, 1)
  roles.update(halves(), 1)
  told.of(IDS)
  assert.equal(told.counters.made, 2, 'other owners')
  gone.add('a')
  roles.update(table, 2)
  told.of(IDS)
  assert.equal(told.counters.made, 3, 'somebody is believed gone')
  told.of(['a', 'b', 'c', 'd'])
  assert.equal(told.counters.made, 4, 'another node')
})

test('nothing is told while nobody owns anything', () => {
  const { roles, told } = house()
  roles.update({ members: [], copies: 0, owners: new Uint16Array(0) }, 1)
  assert.deepEqual(told.of(IDS), [])
})
