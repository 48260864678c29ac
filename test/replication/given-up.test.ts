// Who may come back with what it held.

import assert from 'node:assert/strict'
import test from 'node:test'
import { GivenUp } from '../../src/replication/given-up.ts'
import { TOMBSTONE_TTL_MS } from '../../src/replication/tombstone-age.ts'

const no = (): boolean => false

test('who was given up is out until it is back, or for as long as removals are remembered', () => {
  const givenUp = new GivenUp()
  assert.equal(givenUp.isAnyOut(0, no), false)
  givenUp.onGone('a', 1000)
  givenUp.onGone('b', 2000)
  assert.equal(
    givenUp.isAnyOut(3000, (id) => id === 'a'),
    true,
  )
  assert.equal(givenUp.isAnyOut(TOMBSTONE_TTL_MS + 2000, no), true)
  assert.equal(givenUp.isAnyOut(TOMBSTONE_TTL_MS + 2001, no), false)
  givenUp.onGone('a', 1000)
  assert.equal(
    givenUp.isAnyOut(3000, (id) => id === 'a'),
    false,
  )
})

test('nobody waits for who left in good order or whose data is given up, but for its next life', () => {
  const givenUp = new GivenUp()
  givenUp.excuse('a')
  givenUp.onGone('a', 1000)
  givenUp.onGone('b', 1000)
  givenUp.excuse('b')
  assert.equal(givenUp.isAnyOut(2000, no), false)
  givenUp.onGone('a', 3000)
  assert.equal(givenUp.isAnyOut(4000, no), true)
})
