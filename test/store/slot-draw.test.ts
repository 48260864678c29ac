import assert from 'node:assert/strict'
import test from 'node:test'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { SlotDraw } from '../../src/store/slot-draw.ts'
import { Prng } from '../support/prng.ts'

test('nothing can be drawn where nothing is', () => {
  assert.equal(
    new SlotDraw(() => 0).draw(() => 1),
    -1,
  )
})

test('slots are drawn in proportion to what they hold, the first and the last included', () => {
  const prng = new Prng(1)
  const counts = new Map([
    [0, 1],
    [77, 6],
    [SLOT_COUNT - 1, 3],
  ])
  const slots = new SlotDraw((slot) => counts.get(slot) ?? 0)
  const times = new Map<number, number>()
  for (let i = 0; i < 20_000; i++) {
    const slot = slots.draw(() => prng.bits())
    times.set(slot, (times.get(slot) ?? 0) + 1)
  }
  for (const [slot, count] of counts) assert.ok(Math.abs(times.get(slot)! / 20_000 - count / 10) < 0.015)
  assert.equal(times.size, 3)
})

test('removals since the sums were taken make no slot likelier than its share', () => {
  const prng = new Prng(2)
  let crowdedDraws = 0
  const rounds = 1500
  const drawsPerRound = 8
  for (let round = 0; round < rounds; round++) {
    // One slot of 3000 beside 1000 slots of one; then half of all entries go, spread evenly.
    let left = 1
    const slots = new SlotDraw((slot) =>
      slot === 5 ? 3000 * left : slot > 15_000 && slot <= 15_000 + 1000 * left ? 1 : 0,
    )
    slots.draw(() => prng.bits())
    left = 0.5
    for (let i = 0; i < drawsPerRound; i++) if (slots.draw(() => prng.bits()) === 5) crowdedDraws++
  }
  const share = crowdedDraws / (rounds * drawsPerRound)
  assert.ok(Math.abs(share - 0.75) < 0.013, `${share} of the draws`)
})

test('when all slots of the old sums are empty, new ones are found', () => {
  const prng = new Prng(3)
  let full = 10
  const slots = new SlotDraw((slot) => (slot === full ? 5 : 0))
  assert.equal(
    slots.draw(() => prng.bits()),
    10,
  )
  full = 9000
  assert.equal(
    slots.draw(() => prng.bits()),
    9000,
  )
  full = -1
  assert.equal(
    slots.draw(() => prng.bits()),
    -1,
  )
})
