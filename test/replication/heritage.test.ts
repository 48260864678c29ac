// Whose word is needed after the owners of a slot have changed.

import assert from 'node:assert/strict'
import test from 'node:test'
import { HEARD, HEARD_WHOLE, Heritage, UNHEARD } from '../../src/replication/heritage.ts'
import type { OwnersTable } from '../../src/replication/owners-table.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const SLOT = 7

/** Every slot is owned by these. */
function table(...members: string[]): OwnersTable {
  const owners = Uint16Array.from({ length: SLOT_COUNT * members.length }, (_, at) => at % members.length)
  return { members, copies: members.length, owners }
}

const NO_TABLE = table()
const yes = (): boolean => true
const no = (): boolean => false

function words(heard: Record<string, number>): (id: string) => number {
  return (id) => heard[id] ?? UNHEARD
}

test('who has just started, or keeps all owners of a slot, owes nobody anything', () => {
  const heritage = new Heritage()
  heritage.onOwners(NO_TABLE, table('a', 'b', 'c'), no, no)
  assert.equal(heritage.isOwed(SLOT), false)
  heritage.onOwners(table('a', 'b', 'c'), table('d', 'c', 'b', 'a'), yes, yes)
  assert.equal(heritage.isOwed(SLOT), false)
  assert.equal(heritage.isHeard(SLOT, words({})), true)
})

test('when two of three owners are gone one of them has to be heard, memory and all, or both without', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('a', 'b', 'c'), table('c', 'd', 'e'), yes, yes)
  assert.deepEqual(heritage.ownersOf(SLOT), ['a', 'b', 'c'])
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE, d: HEARD, e: HEARD })), false)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE, a: HEARD })), false)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE, a: HEARD_WHOLE })), true)
  assert.equal(heritage.isHeard(SLOT, words({ a: HEARD, b: HEARD, c: HEARD })), true)
})

test('when one of three owners is gone the other two are enough', () => {
  const heritage = new Heritage()
  heritage.onOwners(table('a', 'b', 'c'), table('b', 'c', 'd'), yes, yes)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD_WHOLE, c: HEARD_WHOLE })), true)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD_WHOLE, c: HEARD, d: HEARD })), false)
})

test('a debt outlives owners that never settled it, and ends when it is settled', () => {
  const heritage = new Heritage()
  const [first, second, third] = [table('a', 'b', 'c'), table('c', 'd', 'e'), table('d', 'e', 'f')]
  heritage.onOwners(first, second, yes, yes)
  heritage.onOwners(second, third, yes, no)
  assert.deepEqual(heritage.ownersOf(SLOT), ['a', 'b', 'c'])
  heritage.resolve(SLOT)
  assert.equal(heritage.isOwed(SLOT), false)
  heritage.onOwners(third, table('f', 'g', 'h'), yes, yes)
  assert.deepEqual(heritage.ownersOf(SLOT), ['d', 'e', 'f'])
})

test('who looked on owes those who served last, and a mesh without owners changes nothing', () => {
  const heritage = new Heritage()
  const [first, second] = [table('a', 'b', 'c'), table('b', 'd')]
  heritage.onOwners(first, second, no, yes)
  heritage.onOwners(second, NO_TABLE, no, no)
  heritage.onOwners(NO_TABLE, table('e'), no, no)
  assert.deepEqual(heritage.ownersOf(SLOT), ['a', 'b', 'c'])
  const onlooker = new Heritage()
  onlooker.onOwners(first, second, no, yes)
  onlooker.onOwners(second, table('e'), no, yes)
  assert.deepEqual(onlooker.ownersOf(SLOT), ['b', 'd'])
})

test('whoever left in good order, or is given up, is not waited for', () => {
  const heritage = new Heritage()
  assert.equal(heritage.excuse('a'), false)
  heritage.onOwners(table('a', 'b', 'c'), table('c', 'd', 'e'), yes, yes)
  assert.equal(heritage.excuse('d'), false)
  assert.equal(heritage.excuse('a'), true)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE })), false)
  assert.equal(heritage.excuse('b'), true)
  assert.equal(heritage.isHeard(SLOT, words({ c: HEARD_WHOLE })), true)
})

test('who is given up while it still owns slots is not waited for when others own them, until it is back', () => {
  const heritage = new Heritage()
  const [first, second] = [table('a', 'b'), table('b', 'c')]
  heritage.excuse('a')
  heritage.onOwners(first, second, yes, yes)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD })), true)
  heritage.resolve(SLOT)
  heritage.onOwners(second, first, yes, yes)
  heritage.resolve(SLOT)
  heritage.onOwners(first, second, yes, yes)
  assert.equal(heritage.isHeard(SLOT, words({ b: HEARD })), false)
})

test('more debts than can be told apart are counted, and the newest is not remembered', () => {
  const heritage = new Heritage()
  for (let i = 0; i < 300; i++) {
    heritage.resolve(i)
    heritage.onOwners(table(`a${i}`), table(`b${i}`), yes, yes)
  }
  // All other slots owe what they owed first.
  assert.deepEqual([heritage.ownersOf(100), heritage.ownersOf(1000)], [['a100'], ['a0']])
  assert.equal(heritage.counters.forgotten > 0, true)
  assert.deepEqual(heritage.ownersOf(290), [])
})
