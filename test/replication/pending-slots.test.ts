// Slots on their way to being settled: found by their phase, whatever turned where in between.

import assert from 'node:assert/strict'
import test from 'node:test'
import { ASKED, DUE, EXCHANGING, PendingSlots, READY } from '../../src/replication/pending-slots.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { Prng } from '../support/prng.ts'

test('the next slot of a phase is found from anywhere, whatever slots have come and gone before it', () => {
  const random = new Prng(7)
  const pending = new PendingSlots()
  for (let round = 0; round < 5000; round++) {
    const slot = random.chance(0.5) ? random.below(64) : random.below(SLOT_COUNT)
    if (random.chance(0.3)) pending.drop(slot)
    else pending.turnTo(slot, random.pick([DUE, ASKED, READY, EXCHANGING]))
    const phase = random.pick([DUE, ASKED, READY, EXCHANGING])
    const from = random.chance(0.5) ? 0 : random.below(SLOT_COUNT)
    assert.equal(pending.next(phase, from), pending.phases.indexOf(phase, from), `round ${round}`)
  }
})
