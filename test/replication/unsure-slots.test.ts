// Where something lies that a quorum may not have.

import assert from 'node:assert/strict'
import test from 'node:test'
import { UnsureSlots } from '../../src/replication/unsure-slots.ts'

test('a slot is sure when all batches that may have written into it are confirmed', () => {
  const slots = new UnsureSlots()
  assert.equal(slots.isSure(5), true)
  slots.onBegun(1)
  slots.onWritten(5, 1)
  slots.onBegun(2)
  slots.onWritten(6, 2)
  slots.onWritten(5, 2)
  assert.deepEqual([slots.isSure(5), slots.isSure(6), slots.isSure(7)], [false, false, true])
  slots.onEnded(2)
  assert.deepEqual(
    [slots.isSure(5), slots.isSure(6)],
    [false, false],
    'the first may have what the second had not',
  )
  slots.onEnded(1)
  assert.deepEqual([slots.isSure(5), slots.isSure(6)], [true, true])
})

test('what will not be confirmed leaves its slot unsure until that is settled', () => {
  const slots = new UnsureSlots()
  slots.onBegun(1)
  slots.onWritten(5, 1)
  assert.equal(slots.onEnded(1), true)
  slots.mark(5)
  assert.equal(slots.onEnded(1), false, 'said once')
  assert.deepEqual([slots.isSure(5), slots.isSure(6)], [false, true])
  slots.onSettled([6])
  assert.equal(slots.isSure(5), false)
  slots.onSettled([5])
  assert.equal(slots.isSure(5), true)
})
