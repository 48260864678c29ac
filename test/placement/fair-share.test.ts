import assert from 'node:assert/strict'
import test from 'node:test'
import { fairShares, sharesByWeight } from '../../src/placement/fair-share.ts'
import { evenLevel, topologyOf } from '../../src/placement/topology.ts'

/** A member for each `[weight, zone, dc]`, in order of their numbers. */
function shares(
  rows: readonly (readonly [weight: number, zone?: string, dc?: string])[],
  copies: number,
): number[] {
  const members = rows.map(([weight, zone = '', dc = ''], at) => ({ id: `m${at}`, weight, zone, dc }))
  return [...fairShares(topologyOf(members), copies)].map((share) => Math.round(share * 1e6) / 1e6)
}

test('without limits a share is what the weight says', () => {
  assert.deepEqual(shares([[1], [1], [1], [1]], 3), [0.75, 0.75, 0.75, 0.75])
  assert.deepEqual(shares([[1], [2], [1]], 1), [0.25, 0.5, 0.25])
})

test('nobody holds more than one copy of a slot; the others take what is left by weight', () => {
  assert.deepEqual(shares([[10], [1], [1], [2]], 2), [1, 0.25, 0.25, 0.5])
  assert.deepEqual(shares([[1], [5]], 2), [1, 1])
})

test('a zone holds one copy when there are as many zones as copies', () => {
  assert.deepEqual(
    shares(
      [
        [1, 'a'],
        [1, 'b'],
        [1, 'c'],
        [1, 'c'],
      ],
      3,
    ),
    [1, 1, 0.5, 0.5],
  )
})

test('with fewer zones than copies a zone holds at least its even part and at most one more', () => {
  assert.deepEqual(
    shares(
      [
        [1, 'a'],
        [1, 'b'],
        [1, 'b'],
        [1, 'b'],
      ],
      3,
    ),
    [1, 0.666667, 0.666667, 0.666667],
  )
  assert.deepEqual(
    shares(
      [
        [1, 'a'],
        [1, 'a'],
        [1, 'b'],
        [1, 'b'],
      ],
      3,
    ),
    [0.75, 0.75, 0.75, 0.75],
  )
})

test('data centres come before zones', () => {
  const rows = [
    [1, 'a', 'x'],
    [1, 'b', 'x'],
    [1, 'c', 'x'],
    [1, 'a', 'y'],
  ] as const
  assert.deepEqual(shares(rows, 2), [0.333333, 0.333333, 0.333333, 1])
})

test('zones of the same name in two data centres are two zones', () => {
  const { zoneSizes } = topologyOf([
    { id: 'a', weight: 1, zone: 'z', dc: 'x' },
    { id: 'b', weight: 1, zone: 'z', dc: 'y' },
  ])
  assert.deepEqual(zoneSizes, [1, 1])
})

test('the even level is the lowest that gives every copy a place', () => {
  assert.equal(evenLevel([1, 1, 10], 3), 1)
  assert.equal(evenLevel([1, 1, 10], 4), 2)
  assert.equal(evenLevel([1, 1, 10], 5), 3)
  assert.equal(evenLevel([4, 4], 3), 2)
  assert.equal(evenLevel([2], 0), 0)
  assert.equal(evenLevel([2, 1], 9), 2)
})

test('limits are kept and the total is met', () => {
  const found = sharesByWeight([1, 1, 8], [0, 0.4, 0], [1, 1, 0.5], 1)
  assert.deepEqual(
    [...found].map((share) => share.toFixed(6)),
    ['0.100000', '0.400000', '0.500000'],
  )
})
