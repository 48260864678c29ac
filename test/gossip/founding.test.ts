// Who may found a mesh, and when: one at a time, and of those who were given up only a majority.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Founding } from '../../gossip/founding.ts'
import { MEMBERSHIP_TIMINGS } from '../../gossip/membership-timings.ts'

const { refoundAfterMs, seedTimeoutMs } = MEMBERSHIP_TIMINGS

/** When it is due, looking every second: never within a while is Infinity. */
function dueMs(founding: Founding, isFirstSeed: boolean, aliveCount: number, aheadCount: number): number {
  for (let nowMs = 0; nowMs < 20 * refoundAfterMs; nowMs += 1000) {
    if (founding.isDue(nowMs, { isFirstSeed, aliveCount, aheadCount })) return nowMs
  }
  return Number.POSITIVE_INFINITY
}

test('of those who start anew only the first seed founds, however long nobody answers', () => {
  assert.equal(dueMs(new Founding(MEMBERSHIP_TIMINGS), true, 1, 0), seedTimeoutMs)
  assert.equal(dueMs(new Founding(MEMBERSHIP_TIMINGS), false, 5, 0), Number.POSITIVE_INFINITY)
})

test('of those who were given up each has its own moment, the first seed the first one', () => {
  const due = [true, false, false, false].map((isFirstSeed, aheadCount) => {
    const founding = new Founding(MEMBERSHIP_TIMINGS)
    founding.onGivenUp(4)
    return dueMs(founding, isFirstSeed, 4, aheadCount)
  })
  assert.deepEqual(
    due,
    [1, 3, 4, 5].map((times) => times * refoundAfterMs),
  )
})

test('half of a mesh that gave everybody up founds nothing, and the wait begins when the majority is there', () => {
  const founding = new Founding(MEMBERSHIP_TIMINGS)
  founding.onGivenUp(4)
  assert.equal(dueMs(founding, true, 2, 0), Number.POSITIVE_INFINITY)
  const laterMs = 20 * refoundAfterMs
  const sight = { isFirstSeed: true, aliveCount: 3, aheadCount: 0 }
  assert.equal(founding.isDue(laterMs - 1000, { ...sight, aliveCount: 2 }), false)
  assert.equal(founding.isDue(laterMs, sight), false)
  assert.equal(founding.isDue(laterMs - 1000 + refoundAfterMs, sight), true)
})
