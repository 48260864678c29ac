/*
 * A phase is charged with what happened in it, however often it comes back.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Phases } from './phases.ts'

test('each phase is charged with what the figures grew by while it lasted', () => {
  const figures = { asked: 10, sent: 5 }
  const phases = new Phases('calm', 1000, () => figures)
  Object.assign(figures, { asked: 20, sent: 15 })
  phases.enter('kill', 3000)
  figures.asked = 30
  phases.enter('calm', 4000)
  Object.assign(figures, { asked: 31, sent: 16 })
  phases.enter('over', 4500)
  assert.deepEqual(phases.all(), {
    calm: { seconds: 2.5, figures: { asked: 11, sent: 11 } },
    kill: { seconds: 1, figures: { asked: 10, sent: 0 } },
  })
})
