import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { SlowLog } from '../../src/session/slow-log.ts'

const session = ownSession()
const NOW_MS = 1_700_000_000_500

function logOf(thresholdUs: number, entriesMax = 128): SlowLog {
  const log = new SlowLog()
  log.thresholdUs = thresholdUs
  log.entriesMax = entriesMax
  return log
}

test('only what reaches the threshold is logged, and nothing when it is negative', () => {
  const log = logOf(100)
  log.consider(99.9, session, Args.from('GET', 'k'), NOW_MS)
  assert.equal(log.length, 0)
  log.consider(100, session, Args.from('GET', 'k'), NOW_MS)
  assert.equal(log.length, 1)
  log.thresholdUs = -1
  log.consider(1e9, session, Args.from('GET', 'k'), NOW_MS)
  assert.equal(log.length, 1)
})

test('the newest come first, the oldest fall out, and numbers go on after a reset', () => {
  const log = logOf(0, 3)
  for (let i = 0; i < 5; i++) log.consider(10.7, session, Args.from('GET', `k${i}`), NOW_MS)
  assert.deepEqual(
    log.latest(2).map(({ id, words }) => [id, words[1]]),
    [
      [4, 'k4'],
      [3, 'k3'],
    ],
  )
  assert.equal(log.latest(Number.POSITIVE_INFINITY).length, 3)
  assert.equal(log.latest(1)[0]!.unixSeconds, 1_700_000_000)
  assert.equal(log.latest(1)[0]!.elapsedUs, 10)
  log.reset()
  assert.deepEqual(log.latest(10), [])
  log.consider(1, session, Args.from('PING'), NOW_MS)
  assert.equal(log.latest(10)[0]!.id, 5)
})

test('a log of no entries keeps none', () => {
  const log = logOf(0, 0)
  log.consider(5, session, Args.from('PING'), NOW_MS)
  assert.equal(log.length, 0)
})

test('a smaller limit takes hold with the next entry', () => {
  const log = logOf(0, 10)
  for (let i = 0; i < 10; i++) log.consider(1, session, Args.from('PING'), NOW_MS)
  log.entriesMax = 2
  log.consider(1, session, Args.from('PING'), NOW_MS)
  assert.deepEqual(
    log.latest(10).map(({ id }) => id),
    [10, 9],
  )
})

test('long requests are shortened: words beyond the 31st and bytes beyond the 128th are counted', () => {
  const log = logOf(0)
  log.consider(1, session, Args.from('MSET', ...Array.from({ length: 40 }, (_, i) => `w${i}`)), NOW_MS)
  const words = log.latest(1)[0]!.words
  assert.equal(words.length, 32)
  assert.equal(words[31], '... (10 more arguments)')
  log.consider(1, session, Args.from('SET', 'k', 'x'.repeat(300)), NOW_MS)
  assert.equal(log.latest(1)[0]!.words[2], `${'x'.repeat(128)}... (172 more bytes)`)
  log.consider(1, session, Args.from('MSET', ...Array.from({ length: 31 }, (_, i) => `w${i}`)), NOW_MS)
  assert.equal(log.latest(1)[0]!.words[31], 'w30')
})

test('passwords never get in', () => {
  const log = logOf(0)
  const requests = [
    ['AUTH', 'hush'],
    ['AUTH', 'default', 'hush'],
    ['HELLO', '3', 'AUTH', 'default', 'hush'],
    ['CONFIG', 'SET', 'requirepass', 'hush'],
    ['config', 'set', 'hz', '10', 'mesh-secret', 'hush'],
  ]
  for (const request of requests) {
    log.consider(1, session, Args.from(...request), NOW_MS)
    const words = log.latest(1)[0]!.words.join(' ')
    assert.ok(!words.includes('hush') && words.includes('(redacted)'), words)
  }
})

test('a low threshold asks for cheap commands to be timed one by one', () => {
  assert.equal(logOf(10_000).wantsCheapCommands, false)
  assert.equal(logOf(-1).wantsCheapCommands, false)
  assert.equal(logOf(0).wantsCheapCommands, true)
})
