/*
 * The owners of slots as lists, and that who asks many slots the same thing is answered slot by slot all the same.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Claims } from '../../src/replication/claims.ts'
import { FormerOwners } from '../../src/replication/former-owners.ts'
import { NO_MEMBER, OwnerLists, type OwnersTable } from '../../src/replication/owners-table.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const members = ['a', 'b', 'c', 'd']

/** The owners of each slot, by what `ownersOf` says of it. */
function table(copies: number, ownersOf: (slot: number) => readonly number[]): OwnersTable {
  const owners = new Uint16Array(SLOT_COUNT * copies)
  for (let slot = 0; slot < SLOT_COUNT; slot++) owners.set(ownersOf(slot), slot * copies)
  return { members, copies, owners }
}

test('slots with the same owners share one list, wherever they lie, and other ranks are another list', () => {
  const lists = new OwnerLists(
    table(3, (slot) => (slot === 9 ? [1, 0, 2] : slot % 100 < 50 ? [0, 1, 2] : [1, 2, 3])),
  )
  assert.deepEqual(lists.of(0), ['a', 'b', 'c'])
  assert.deepEqual(lists.of(9), ['b', 'a', 'c'])
  assert.deepEqual(lists.of(16_399 % SLOT_COUNT), ['a', 'b', 'c'])
  assert.deepEqual(lists.of(77), ['b', 'c', 'd'])
  assert.equal(lists.of(10), lists.of(10_000))
  assert.notEqual(lists.of(8), lists.of(9))
  assert.equal(lists.all.length, 3)
})

test('an empty place in the table is nobody', () => {
  const lists = new OwnerLists(table(3, () => [2, 0, NO_MEMBER]))
  assert.deepEqual(lists.of(5), ['c', 'a'])
})

test('former owners are remembered slot by slot, though neighbours share their lists', () => {
  const former = new FormerOwners('d', new Claims())
  const change = { hasNewPrimary: false, gained: ['d'] }
  former.onPlaced([
    { ...change, start: 10, end: 19, before: ['a', 'b'], after: ['b', 'd'], lost: ['a'] },
    { ...change, start: 20, end: 29, before: ['b', 'c'], after: ['b', 'd'], lost: ['c'] },
  ])
  former.forgetSlot(15)
  former.onPlaced([
    { ...change, start: 12, end: 25, before: ['b', 'd'], after: ['c', 'd'], lost: ['b'], gained: ['c'] },
  ])
  assert.deepEqual(
    [10, 12, 14, 15, 16, 19, 20, 25, 26].map((slot) => former.of(slot).join('')),
    ['a', 'ab', 'ab', 'b', 'ab', 'ab', 'b', 'b', 'c'],
  )
  assert.equal(former.of(12), former.of(14), 'one list')
  assert.deepEqual(former.electorateOf(15), ['b', 'd'], 'changes that have not overtaken each other')
  assert.deepEqual(former.electorateOf(14), [])
  former.forgetMember('a')
  assert.deepEqual(
    [10, 12, 15, 20, 26].map((slot) => former.of(slot).join('')),
    ['', 'b', 'b', 'b', 'c'],
  )
})

test('those before a change speak for nobody any more once an owner has lost what it confirmed since', () => {
  const former = new FormerOwners('d', new Claims())
  former.onBirth('b', 100)
  former.onPlaced([
    { hasNewPrimary: false, start: 0, end: 9, before: ['d'], after: ['b', 'd'], gained: ['b'], lost: [] },
  ])
  former.onBirth('b', 100)
  former.onBirth('c', 100)
  former.onBirth('b', 90)
  assert.deepEqual(former.electorateOf(5), ['d'], 'nobody has begun anew')
  former.onBirth('b', 200)
  assert.deepEqual(former.electorateOf(5), [])
})
