import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { Placement } from '../../src/placement/placement.ts'
import { gainsOf, lossesOf, planOf } from '../../src/placement/plan.ts'
import { placementOf } from '../../src/placement/ring.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'

const LAST = SLOT_COUNT - 1

/** The same owners for every slot but those of the exceptions, which run up to their last slot. */
function placed(
  ids: readonly string[],
  usual: readonly number[],
  exceptions: Record<number, readonly number[]> = {},
) {
  const owners = new Uint16Array(SLOT_COUNT * usual.length)
  for (let slot = 0; slot < SLOT_COUNT; slot++) owners.set(exceptions[slot] ?? usual, slot * usual.length)
  return new Placement(ids, usual.length, owners)
}

test('equal placements have nothing to move', () => {
  const placement = placed(['a', 'b'], [0, 1])
  assert.deepEqual(planOf(placement, placement), {
    ranges: [],
    placesGained: 0,
    placesLost: 0,
    primariesChanged: 0,
  })
})

test('a replica alone may change hands: sources are the old owners in rank order', () => {
  const before = placed(['a', 'b', 'd'], [2, 0])
  const after = placed(['a', 'b', 'c', 'd'], [3, 0], { 7: [3, 2], 8: [3, 2] })
  assert.deepEqual(planOf(before, after), {
    ranges: [
      {
        start: 7,
        end: 8,
        before: ['d', 'a'],
        after: ['d', 'c'],
        gained: ['c'],
        lost: ['a'],
        hasNewPrimary: false,
      },
    ],
    placesGained: 2,
    placesLost: 2,
    primariesChanged: 0,
  })
})

test('a change of rank moves no copy and is in the plan', () => {
  const before = placed(['a', 'b'], [0, 1])
  const after = placed(['a', 'b'], [0, 1], { [LAST]: [1, 0] })
  const plan = planOf(before, after)
  assert.deepEqual(plan.ranges, [
    {
      start: LAST,
      end: LAST,
      before: ['a', 'b'],
      after: ['b', 'a'],
      gained: [],
      lost: [],
      hasNewPrimary: true,
    },
  ])
  assert.equal(plan.placesGained, 0)
  assert.equal(plan.primariesChanged, 1)
})

test('numbers that shift because an id came before them are no change', () => {
  const before = placed(['b', 'c'], [0, 1])
  const after = placed(['a', 'b', 'c'], [1, 2])
  assert.deepEqual(planOf(before, after).ranges, [])
})

test('from nothing everything is gained without a source, to nothing everything is lost', () => {
  const empty = new Placement([], 0, new Uint16Array(0))
  const full = placed(['a', 'b'], [1, 0])
  assert.deepEqual(planOf(empty, full).ranges, [
    { start: 0, end: LAST, before: [], after: ['b', 'a'], gained: ['b', 'a'], lost: [], hasNewPrimary: true },
  ])
  assert.equal(planOf(full, empty).placesLost, SLOT_COUNT * 2)
  assert.deepEqual(planOf(empty, empty).ranges, [])
})

test('a second member gains a copy of everything and takes half of the primaries', () => {
  const one = placementOf([{ id: 'b', weight: 1, zone: '', dc: '' }], { replicationFactor: 3 })
  const two = placementOf(
    ['a', 'b'].map((id) => ({ id, weight: 1, zone: '', dc: '' })),
    { replicationFactor: 3 },
  )
  const plan = planOf(one, two)
  assert.equal(plan.placesGained, SLOT_COUNT)
  assert.equal(plan.placesLost, 0)
  assert.ok(Math.abs(plan.primariesChanged - SLOT_COUNT / 2) <= SLOT_COUNT / 100)
})

test('carrying a plan out turns the old owners into the new ones, slot by slot, in maximal ranges', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { maxLength: 7 })
  fc.assert(
    fc.property(names, names, (idsBefore, idsAfter) => {
      const [before, after] = [idsBefore, idsAfter].map((ids) =>
        placementOf(
          ids.map((id) => ({ id, weight: 1, zone: '', dc: '' })),
          { replicationFactor: 3 },
        ),
      ) as [Placement, Placement]
      const rows = (placement: Placement): string[] =>
        Array.from({ length: SLOT_COUNT }, (_, slot) =>
          [...placement.ownersOf(slot)].map((member) => placement.members[member]).join(),
        )
      const state = rows(before)
      const plan = planOf(before, after)
      let previous: (typeof plan.ranges)[number] | undefined
      for (const range of plan.ranges) {
        assert.ok(previous === undefined || range.start > previous.end)
        const isSplit =
          previous?.end === range.start - 1 &&
          previous.before.join() === range.before.join() &&
          previous.after.join() === range.after.join()
        assert.ok(!isSplit)
        for (let slot = range.start; slot <= range.end; slot++) {
          assert.equal(state[slot], range.before.join())
          state[slot] = range.after.join()
        }
        previous = range
      }
      assert.deepEqual(state, rows(after))
    }),
    { numRuns: 30 },
  )
})

test('one member finds what it has to fetch and what it may drop', () => {
  const before = placed(['a', 'b'], [0])
  const after = placed(['a', 'b'], [0], { 3: [1] })
  const plan = planOf(before, after)
  assert.deepEqual(gainsOf(plan, 'b'), plan.ranges)
  assert.deepEqual(lossesOf(plan, 'a'), plan.ranges)
  assert.deepEqual(gainsOf(plan, 'a'), [])
  assert.deepEqual(lossesOf(plan, 'c'), [])
})
