/*
 * The verdict of a soak: each thing that must not be makes it fail alone.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { holds, lineOf, type SoakReport } from './report.ts'

const LEVEL = { perHour: 0, error: 0, minutes: 40 }
const NOTHING = { resident: {}, anonymous: {}, heap: {}, external: {}, store: {} }

const GOOD: SoakReport = {
  ...{ minutes: 30, seed: 1, faults: { kill: 3 }, wanted: 1000, done: 900, refused: 20, open: 30 },
  sending: { sent: 950, unsentNoLine: 50, unsentNoKey: 0, unsentLate: 0 },
  ...{ wantedPerSecond: 5000, donePerSecond: 4500, failedShare: 0.05, clientCpuShare: 0.2 },
  ...{ failures: {}, failuresAtTheEnd: {}, phases: { calm: { seconds: 2, figures: { done: 900 } } } },
  ...{ lost: 0, resurrected: 0, unread: 0, complaints: [], leftOver: [], largest: {} },
  ...{ slopeMegabytesPerHour: 1.5, slopeError: 0.5, slopeOfAll: LEVEL, megabytes: NOTHING },
  slopes: { resident: LEVEL, anonymous: LEVEL, heap: LEVEL, external: LEVEL, store: LEVEL },
  ...{ residentMegabytesMax: 150, limits: { hints: { now: 10, most: 100, shed: 2 } } },
}

test('a soak holds when everything is as it was told, under the load asked for, and nothing grows', () => {
  assert.ok(holds(GOOD))
  assert.match(lineOf(GOOD), /^holds; 30 min.*calm 450.*hints 10 of 100, 2 turned away/)
})

test('a soak fails for each thing alone that must not be', () => {
  const bad: Partial<SoakReport>[] = [
    { complaints: ['r:1 holds none of'] },
    { unread: 1 },
    { leftOver: ['node-1/7 hints 0 900'] },
    { slopeMegabytesPerHour: 2.1 },
    { slopeError: 2.1 },
    { slopeMegabytesPerHour: Number.NaN, slopeError: Number.NaN },
    { sending: { sent: 700, unsentNoLine: 0, unsentNoKey: 0, unsentLate: 300 } },
    { limits: { hints: { now: 100, most: 100, shed: 0 } } },
  ]
  for (const one of bad) assert.ok(!holds({ ...GOOD, ...one }), JSON.stringify(one))
})

test('a soak too short for a slope is judged by all else', () => {
  const short = { ...GOOD, minutes: 5, slopeMegabytesPerHour: Number.NaN, slopeError: Number.NaN }
  assert.ok(holds(short))
  assert.ok(!holds({ ...short, unread: 1 }))
})
