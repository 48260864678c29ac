// Background work gives way to clients when the process is late, never quite stops, and has all its time again soon after.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Pressure } from '../../src/pressure.ts'

const CYCLE_MS = 100

/** Cycles that begin so many milliseconds late, one after the other. */
function late(pressure: Pressure, ...lagsMs: number[]): void {
  let nowMs = 5000
  for (const lagMs of lagsMs) {
    pressure.expectCycle(nowMs + CYCLE_MS)
    nowMs += CYCLE_MS + lagMs
    pressure.onCycle(nowMs)
  }
}

test('a process that is on time gives background work all of its budget, from its first cycle on', () => {
  const pressure = new Pressure()
  pressure.onCycle(123_456)
  assert.equal(pressure.of(1000), 1000)
  late(pressure, 0, 1, 4)
  assert.deepEqual([pressure.of(1000), pressure.isHigh, pressure.counters.lateCycles], [1000, false, 0])
})

test('the later it is, the less there is for background work, and never nothing', () => {
  const pressure = new Pressure()
  const shares = [6, 10, 50, 90, 9000].map((lagMs) => {
    late(pressure, lagMs)
    return pressure.of(1000)
  })
  assert.deepEqual(shares, [833, 500, 100, 62, 62])
  assert.equal(pressure.of(1), 1)
  assert.deepEqual([pressure.counters.lateCycles, pressure.lagMsMax], [5, 9000])
})

test('a process that was frozen for an hour is held back for about a second, not for an hour', () => {
  const pressure = new Pressure()
  late(pressure, 3_600_000)
  assert.equal(pressure.isHigh, true)
  late(pressure, ...new Array<number>(8).fill(0))
  assert.equal(pressure.isHigh, false)
  assert.equal(pressure.of(1000), 1000)
})

test('what a cycle takes itself is not taken for lag, and whoever listens hears of each lag as it was', () => {
  const pressure = new Pressure()
  const heard: number[] = []
  pressure.onLag = (lagMs) => heard.push(lagMs)
  pressure.onCycle(1000)
  // It took 40 ms, and asked for the next one then.
  pressure.expectCycle(1000 + 40 + CYCLE_MS)
  pressure.onCycle(1140)
  pressure.expectCycle(1240)
  pressure.onCycle(3740)
  assert.deepEqual(heard, [0, 0, 2500])
})
