/*
 * The slope of memory is found through restarts and noise, and a level memory has none.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../support/prng.ts'
import { curvesOf, largestOf, peaksOf, type Sample, slopeOf } from './samples.ts'

const MINUTE_MS = 60_000
const MEGABYTE = 1e6

function lifeOf(life: string, fromMs: number, megabytes: (minute: number) => number): Sample[] {
  return Array.from({ length: 20 }, (_, minute) => ({
    ...{ life, atMs: fromMs + minute * MINUTE_MS, handles: 20 + minute, gauges: new Map([['held', minute]]) },
    isKept: true,
    bytes: bytesOf(megabytes(minute)),
    limits: new Map([['queue', { now: minute, most: 50, shed: minute }]]),
  }))
}

/** The heap is half of it. */
function bytesOf(megabytes: number): Sample['bytes'] {
  const resident = megabytes * MEGABYTE
  return { resident, anonymous: resident, heap: resident / 2, external: 0, store: 0 }
}

test('one slope is found through lives that begin at other levels', () => {
  const lives = [
    ...lifeOf('first', 0, (minute) => 100 + minute / 2),
    ...lifeOf('second', 3 * MINUTE_MS, (minute) => 300 + minute / 2),
  ]
  const { perHour, minutes } = slopeOf(lives, 5 * MINUTE_MS)
  assert.ok(Math.abs(perHour / MEGABYTE - 30) < 1e-6, `${perHour}`)
  assert.equal(minutes, 28)
})

test('the warm-up of each life is left out, and noise is told by the error', () => {
  const prng = new Prng(1)
  const noisy = lifeOf('first', 0, (minute) => (minute < 5 ? minute * 20 : 100 + prng.fraction()))
  const { error, perHour } = slopeOf(noisy, 5 * MINUTE_MS)
  assert.ok(Math.abs(perHour) < 3 * error, `${perHour} +- ${error}`)
  assert.ok(error < 2 * MEGABYTE, `${error}`)
})

test('what is collected now and then is no growth, what stays below it is, and memory given back for a while hides neither', () => {
  for (const riseEachMinute of [0, 1]) {
    const sawtooth = Array.from({ length: 360 }, (_, at): Sample => {
      const [waiting, given] = [(at % 9) * 6, at > 300 && at < 325 ? 30 : 0]
      const bytes = bytesOf(100 + (at / 12) * riseEachMinute + waiting - given)
      return {
        life: 'one',
        atMs: at * 5000,
        handles: 20,
        isKept: false,
        gauges: new Map(),
        limits: new Map(),
        bytes,
      }
    })
    const { error, minutes, perHour } = slopeOf(sawtooth, 5 * MINUTE_MS)
    assert.ok(Math.abs(perHour / MEGABYTE - riseEachMinute * 60) < 10, `${perHour} +- ${error}`)
    assert.equal(minutes, 24)
  }
})

test('a part of a process has a slope of its own', () => {
  const life = lifeOf('first', 0, (minute) => 100 + minute)
  assert.ok(Math.abs(slopeOf(life, 0, 'heap').perHour / MEGABYTE - 30) < 1e-6)
  assert.equal(slopeOf(life, 0, 'store').perHour, 0)
})

test('what has a limit is told by the most any node had of it, and by what all lives turned away', () => {
  const lives = [...lifeOf('first', 0, () => 1), ...lifeOf('second', 0, () => 1).slice(0, 4)]
  assert.deepEqual([...peaksOf(lives)], [['queue', { now: 19, most: 50, shed: 22 }]])
})

test('a life is drawn minute by minute', () => {
  const curves = curvesOf(lifeOf('first', 5000, (minute) => 100 + minute))
  assert.deepEqual(curves.first?.slice(0, 3), [100, 101, 102])
})

test('the largest of each gauge is kept, handles too', () => {
  assert.deepEqual(
    [...largestOf(lifeOf('first', 0, () => 1))],
    [
      ['held', 19],
      ['handles', 39],
    ],
  )
})
