/* Who reads a long frame of ours is not taken for silent, and who sends one is not cut off by a deadline. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { hasRoomFor, slowestBytesPerMs } from '../../src/mesh/frame.ts'
import { Patience } from '../../src/mesh/patience.ts'

const SILENCE_MS = 3000
const LONG = 100 * 1024 * 1024

test('silence counts from the last byte heard, and not while this process stood still', () => {
  const patience = new Patience(1000)
  assert.equal(patience.isTooQuiet(3999, SILENCE_MS, 0), false)
  assert.equal(patience.isTooQuiet(4000, SILENCE_MS, 0), true)
  patience.onPause(500)
  assert.equal(patience.isTooQuiet(4400, SILENCE_MS, 0), false)
  patience.heardAtMs = 4000
  assert.equal(patience.quietMs(4100), 100)
})

test('behind what is queued the peer may be silent for as long as that takes, and a while from when it was taken', () => {
  const patience = new Patience(0)
  const takesMs = LONG / slowestBytesPerMs
  assert.equal(patience.isTooQuiet(SILENCE_MS + takesMs - 1, SILENCE_MS, LONG), false)
  assert.equal(patience.isTooQuiet(SILENCE_MS + takesMs, SILENCE_MS, LONG), true)
  patience.onTaken(LONG, 9000)
  assert.equal(patience.isTooQuiet(11_999, SILENCE_MS, 0), false)
  patience.onTaken(1000, 11_900)
  assert.equal(
    patience.isTooQuiet(12_000, SILENCE_MS, 0),
    true,
    'what is short lies in a kernel: nobody has read it',
  )
  assert.equal(patience.heardAtMs, 0, 'and nothing was heard')
})

test('a long frame is being received as long as its bytes go on coming', () => {
  const patience = new Patience(0)
  patience.heardAtMs = 500
  assert.equal(patience.isReceivingLong(1400, LONG, 1000), true)
  assert.equal(patience.isReceivingLong(1500, LONG, 1000), false)
  assert.equal(patience.isReceivingLong(600, 4096, 1000), false)
})

test('there is room up to the limit, and for one that is longer by itself behind what keeps it', () => {
  assert.deepEqual([hasRoomFor(4, 6, 10), hasRoomFor(5, 6, 10)], [true, false])
  assert.deepEqual(
    [hasRoomFor(99, 10, 10), hasRoomFor(99, 11, 10), hasRoomFor(1, 99, 10)],
    [true, false, false],
  )
})
