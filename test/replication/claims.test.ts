// Whom an owner has promised a slot to, and under which term.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Claims } from '../../src/replication/claims.ts'

test('promises survive more names than there are numbers', () => {
  const claims = new Claims()
  claims.promise(5, 'kept', 3)
  for (let i = 0; i < 70_000; i++) claims.promise(6, `n${i}`, i)
  assert.deepEqual([claims.holderOf(5), claims.holderOf(6), claims.holderOf(7)], ['kept', 'n69999', ''])
  assert.deepEqual(
    [claims.accepts(5, 'kept', 3), claims.accepts(5, 'n69999', 2), claims.accepts(7, 'any', 1)],
    [true, false, true],
  )
})

test('effects are taken under the term promised or a higher one, which binds as a promise does', () => {
  const claims = new Claims()
  claims.promise(5, 'a', 3)
  assert.deepEqual(
    [claims.accepts(5, 'a', 3), claims.accepts(5, 'b', 2), claims.accepts(5, 'b', 4)],
    [true, false, true],
  )
  assert.deepEqual([claims.holderOf(5), claims.termOf(5), claims.accepts(5, 'a', 3)], ['b', 4, false])
})

test('who writes under the term an owner claimed for itself in vain has the quorum, and is not refused for ever', () => {
  const claims = new Claims()
  claims.promise(5, 'self', 3)
  assert.equal(claims.accepts(5, 'other', 3), true)
  assert.equal(claims.holderOf(5), 'other')
})

test('a term that is impossibly high is refused, whichever way it comes', () => {
  const claims = new Claims()
  claims.promise(5, 'a', 3)
  assert.deepEqual(
    [claims.accepts(5, 'b', 2 ** 31), claims.learn(5, 2 ** 31), claims.termOf(5)],
    [false, false, 3],
  )
})

test('a term that others have promised binds as well, to whoever acts under it', () => {
  const claims = new Claims()
  claims.learn(5, 7)
  claims.learn(5, 6)
  assert.deepEqual([claims.holderOf(5), claims.termOf(5)], ['', 7])
  assert.deepEqual(
    [claims.accepts(5, 'a', 6), claims.accepts(5, 'a', 7), claims.holderOf(5)],
    [false, true, 'a'],
  )
})
