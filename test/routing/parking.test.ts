// Requests that wait for their slot have places, and not more of them than there are.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { Parking } from '../../src/routing/parking.ts'
import type { Session } from '../../src/session/session.ts'

const quiet = { block() {}, unblock() {}, markDirty() {} }

function someone(): Session {
  return { link: quiet, isBlocked: false } as unknown as Session
}

test('who finds no place is refused and counted, and a place that becomes free is taken', () => {
  const run: Session[] = []
  const expired: Session[] = []
  const parking = new Parking(
    (session) => void run.push(session),
    (session) => void expired.push(session),
  )
  parking.limits = { countMax: 2, waitMs: 1000 }
  const [a, b, c] = [someone(), someone(), someone()]
  const park = (session: Session, slot: number) => parking.park(session, Args.from('GET', 'k'), slot, 0)
  assert.deepEqual([park(a, 1), park(b, 2), park(c, 1)], [true, true, false])
  assert.deepEqual([parking.count, parking.counters.refused], [2, 1])
  parking.release(new Set([1]))
  assert.deepEqual(run, [a])
  assert.equal(park(c, 3), true)
  parking.onTick(1000)
  assert.deepEqual([expired, parking.count], [[b, c], 0])
})
