// Whose word is needed after the owners of a slot have changed.

import assert from 'node:assert/strict'
import test from 'node:test'
import { HEARD, HEARD_SETTLED, HEARD_WHOLE, Heritage, UNHEARD } from '../../src/replication/heritage.ts'
import type { OwnersTable } from '../../src/replication/owners-table.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const SLOT = 7

/** Every slot is owned by these. */
function table(...members: string[]): OwnersTable {
  const owners = Uint16Array.from({ length: SLOT_COUNT * members.length }, (_, at) => at % members.length)
  return { members, copies: members.length, owners }
}

const NO_TABLE = table()

function words(heard: Record<string, number>): (id: string) => number {
  return (id) => heard[id] ?? UNHEARD
}

test('who has just started, or keeps all owners of a slot, owes nobody anything', () => {
  const heritage = new Heritage()
  heritage.onOwners(NO_TABLE, table('a', 'b', 'c'))
  assert.equal(heritage.isOwed(SLOT), false)
  heritage.onOwners(table('a', 'b', 'c'), table('d', 'c', 'b', 'a'))
  assert.equal(heritage.isOwed(SLOT), false)
  assert.equal(heritage.isHeard(SLOT, words({}), 'c'), true)
})

test('when two of three owners are gone one of them has to be heard, memory and all, or both without', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('a', 'b', 'c'), table('c', 'd', 'e'))
  assert.deepEqual(heritage.ownersOf(SLOT), ['a', 'b', 'c'])
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE, d: HEARD, e: HEARD }), 'c'), false)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE, a: HEARD }), 'c'), false)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE, a: HEARD_WHOLE }), 'c'), true)
  assert.equal(heritage.isHeard(SLOT, words({ a: HEARD, b: HEARD, c: HEARD }), 'c'), true)
})

test('when one of three owners is gone the other two are enough', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('a', 'b', 'c'), table('b', 'c', 'd'))
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD_WHOLE, c: HEARD_WHOLE }), 'b'), true)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD_WHOLE, c: HEARD, d: HEARD }), 'b'), false)
})

test('a debt outlives owners that never settled it, and ends when it is settled', () => {
  const heritage = new Heritage()
  const [first, second, third] = [table('a', 'b', 'c'), table('c', 'd', 'e'), table('d', 'e', 'f')]
  heritage.onOwners(first, second)
  heritage.onOwners(second, third)
  assert.deepEqual(heritage.ownersOf(SLOT), ['c', 'd', 'e', 'a', 'b'])
  assert.deepEqual(heritage.ownersOf(SLOT, false), ['c', 'd', 'e'])
  heritage.resolve(SLOT)
  assert.equal(heritage.isOwed(SLOT), false)
  heritage.onOwners(third, table('f', 'g', 'h'))
  assert.deepEqual(heritage.ownersOf(SLOT), ['d', 'e', 'f'])
})

test('owners that may have served are heard beside those before them, unless one of them owed nothing', () => {
  const heritage = new Heritage()
  const [first, second, third] = [table('a', 'b', 'c'), table('c', 'd', 'e'), table('e', 'f', 'g')]
  heritage.onOwners(first, second)
  assert.equal(heritage.wasOwed(SLOT), false)
  heritage.onOwners(second, third)
  assert.equal(heritage.wasOwed(SLOT), true)
  const before = { a: HEARD_SETTLED, b: HEARD_WHOLE }
  assert.equal(heritage.isHeard(SLOT, words(before), 'd'), false)
  assert.equal(heritage.isHeard(SLOT, words({ d: HEARD_WHOLE, e: HEARD_WHOLE }), 'd'), false)
  assert.equal(heritage.isHeard(SLOT, words({ d: HEARD_WHOLE, e: HEARD_WHOLE, ...before }), 'd'), true)
  assert.equal(heritage.isHeard(SLOT, words({ d: HEARD_SETTLED, e: HEARD_WHOLE }), 'd'), true)
  assert.equal(heritage.isHeard(SLOT, words({ d: HEARD_SETTLED }), 'd'), false)
})

test('who was not among the first owners it knows of hears all of them, unless one says that there is nothing before', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('b', 'c'), table('a'))
  const isHeard = (heard: Record<string, number>, selfId = 'a'): boolean =>
    heritage.isHeard(SLOT, words(heard), selfId)
  assert.equal(isHeard({ a: HEARD, c: HEARD_WHOLE }), false, 'c may have waited for b and others')
  assert.equal(isHeard({ a: HEARD, c: HEARD_SETTLED }), true)
  assert.equal(isHeard({ a: HEARD, b: HEARD_WHOLE, c: HEARD_WHOLE }), true)
  assert.equal(isHeard({ c: HEARD_WHOLE }, 'c'), true, 'it was there')
  assert.equal(isHeard({ b: HEARD_WHOLE, c: HEARD }, 'c'), true)
})

test('a mesh without owners changes nothing, and owners that all stay add nothing', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('a', 'b', 'c'), NO_TABLE)
  heritage.onOwners(NO_TABLE, table('e'))
  heritage.onOwners(table('e'), table('e', 'f'))
  assert.deepEqual(heritage.ownersOf(SLOT), ['a', 'b', 'c'])
})

test('whoever left in good order, or is given up, is not waited for', () => {
  const heritage = new Heritage()
  assert.equal(heritage.excuse('a'), false)
  heritage.onOwners(table('a', 'b', 'c'), table('c', 'd', 'e'))
  assert.equal(heritage.excuse('d'), false)
  assert.equal(heritage.excuse('a'), true)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE }), 'c'), false)
  assert.equal(heritage.excuse('b'), true)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE }), 'c'), true)
})

test('who is given up while it still owns slots is not waited for when others own them, until it is back', () => {
  const heritage = new Heritage()
  const [first, second] = [table('a', 'b'), table('b', 'c')]
  heritage.excuse('a')
  heritage.onOwners(first, second)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD }), 'b'), true)
  heritage.resolve(SLOT)
  heritage.onOwners(second, first)
  heritage.resolve(SLOT)
  heritage.onOwners(first, second)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD }), 'b'), false)
})

test('more tables than can be told apart are counted, and the oldest is not remembered', () => {
  const heritage = new Heritage()
  for (let i = 0; i < 40; i++) {
    heritage.resolve(i)
    heritage.onOwners(table(`a${i}`), table(`b${i}`))
  }
  assert.equal(heritage.counters.forgotten, 8)
  assert.deepEqual([heritage.ownersOf(1000).length, heritage.ownersOf(1000)[0]], [32, 'a39'])
  assert.deepEqual(heritage.ownersOf(38), ['a39', 'a38'])
})

test('owners are followed from one change to the next, and a change has a number', () => {
  const heritage = new Heritage()
  const [first, second] = [table('a', 'b'), table('b', 'c')]
  assert.deepEqual([heritage.follow(first), heritage.follow(first), heritage.follow(second)], [1, 1, 2])
  assert.deepEqual(heritage.ownersOf(SLOT), ['a', 'b'])
})

test('slots are alike only if they owe as much, and to the same of each generation', () => {
  const heritage = new Heritage()
  const [first, second, third] = [table('a', 'b', 'c'), table('c', 'd', 'e'), table('d', 'e', 'f')]
  // The slot had other owners at first, if only in another order.
  first.owners.set([1, 0, 2], 3 * SLOT)
  heritage.onOwners(first, second)
  const [before, neighbour, beyond] = [SLOT - 1, SLOT + 1, SLOT + 2]
  assert.equal(heritage.areAlike(before, SLOT), false)
  assert.equal(heritage.areAlike(before, neighbour), true)
  heritage.resolve(beyond)
  assert.equal(heritage.areAlike(neighbour, beyond), false)
  heritage.onOwners(second, third)
  assert.equal(
    heritage.areAlike(before, SLOT),
    false,
    'they owe the same to the second owners, not to the first',
  )
  assert.equal(heritage.areAlike(before, neighbour), true)
  assert.equal(heritage.areAlike(neighbour, beyond), false)
  heritage.resolve(before)
  heritage.resolve(SLOT)
  assert.equal(heritage.areAlike(before, SLOT), true, 'neither owes anything')
})

test('former owners are one list for neighbours that owe the same, and for nobody else', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('a', 'b', 'c'), table('c', 'd', 'e'))
  const owed = heritage.ownersOf(SLOT)
  assert.equal(heritage.ownersOf(SLOT + 1), owed)
  heritage.resolve(SLOT)
  assert.deepEqual(heritage.ownersOf(SLOT), [])
  assert.equal(heritage.ownersOf(SLOT + 1), owed, 'though the slot it was found for has been settled since')
  heritage.onOwners(table('c', 'd', 'e'), table('e', 'f', 'g'))
  assert.deepEqual(heritage.ownersOf(SLOT), ['c', 'd', 'e'])
  assert.deepEqual(heritage.ownersOf(SLOT + 1), ['c', 'd', 'e', 'a', 'b'])
  assert.deepEqual(heritage.ownersOf(SLOT + 1, false), ['c', 'd', 'e'])
  assert.deepEqual(heritage.ownersOf(SLOT + 1), ['c', 'd', 'e', 'a', 'b'])
})
