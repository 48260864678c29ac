import assert from 'node:assert/strict'
import test from 'node:test'
import { Placement } from '../../src/placement/placement.ts'
import { placementOf } from '../../src/placement/ring.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const LAST = SLOT_COUNT - 1

/** Two owners a slot: [0, 1] up to slot 99, [1, 0] from there on. */
function twoRanges(ids: readonly string[] = ['a', 'b']): Placement {
  const owners = new Uint16Array(SLOT_COUNT * 2)
  for (let slot = 0; slot < SLOT_COUNT; slot++) owners.set(slot < 100 ? [0, 1] : [1, 0], slot * 2)
  return new Placement(ids, 2, owners)
}

test('ranges are maximal and name the owners in rank order', () => {
  assert.deepEqual(twoRanges().ranges(), [
    { start: 0, end: 99, owners: [0, 1] },
    { start: 100, end: LAST, owners: [1, 0] },
  ])
  const alone = new Placement(['a'], 1, new Uint16Array(SLOT_COUNT))
  assert.deepEqual(alone.ranges(), [{ start: 0, end: LAST, owners: [0] }])
})

test('ranges of a ring cover every slot once and say what ownersOf says', () => {
  const members = ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, weight: 1, zone: '', dc: '' }))
  const placement = placementOf(members, { replicationFactor: 3 })
  let next = 0
  let previous: readonly number[] = []
  for (const { start, end, owners } of placement.ranges()) {
    assert.equal(start, next)
    assert.notDeepEqual(owners, previous)
    for (let slot = start; slot <= end; slot++) assert.deepEqual([...placement.ownersOf(slot)], owners)
    next = end + 1
    previous = owners
  }
  assert.equal(next, SLOT_COUNT)
})

test('the primary has rank 0, the others theirs, a stranger -1', () => {
  const placement = twoRanges()
  assert.equal(placement.primaryOf(99), 0)
  assert.equal(placement.primaryOf(100), 1)
  assert.equal(placement.rankOf(100, 1), 0)
  assert.equal(placement.rankOf(100, 0), 1)
  assert.equal(placement.rankOf(100, 2), -1)
  assert.equal(placement.rankOf(100, -1), -1)
  assert.equal(placement.numberOf('b'), 1)
  assert.equal(placement.numberOf('c'), -1)
})

test('the fingerprint tells apart tables, ids, and where one id ends', () => {
  const print = twoRanges().fingerprint
  assert.ok(Number.isSafeInteger(print) && print >= 0)
  assert.equal(twoRanges().fingerprint, print)
  const other = twoRanges()
  other.owners.set([1, 0], 0)
  assert.notEqual(new Placement(['a', 'b'], 2, other.owners).fingerprint, print)
  assert.notEqual(twoRanges(['a', 'c']).fingerprint, print)
  assert.notEqual(twoRanges(['ab', 'c']).fingerprint, twoRanges(['a', 'bc']).fingerprint)
})

test('a table that does not cover every slot is refused', () => {
  assert.throws(() => new Placement(['a'], 1, new Uint16Array(7)), /every slot/)
})
