/* The phi accrual detector against values worked out by hand, and the sender that uses it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { HeartbeatSender } from '../../gossip/heartbeats/heartbeat-sender.ts'
import { GapHistory, PHI_DEFAULTS, PhiDetector, phi, phiProblem } from '../../gossip/heartbeats/phi.ts'

function near(actual: number, expected: number, within: number): void {
  assert.ok(Math.abs(actual - expected) <= within, `${actual} is not ${expected}`)
}

test('phi is the negative logarithm of the chance of a later beat: one half, 16 %, 2.3 %', () => {
  // elapsed = mean: y = 0, e = 1, p = 1/2.
  near(phi(1000, 1000, 100), 0.30103, 1e-5)
  // One deviation late: y = 1, e = exp(-1.668166) = 0.188593, p = e / (1 + e) = 0.158669.
  near(phi(1100, 1000, 100), 0.79951, 1e-5)
  // Two late: y = 2, e = exp(-3.759728) = 0.023290, p = 0.022760.
  near(phi(1200, 1000, 100), 1.64283, 1e-5)
  // One early: p = 1 - 0.158669.
  near(phi(900, 1000, 100), 0.07503, 1e-5)
})

test('phi grows with the silence, from nothing to certainty, without a jump where its branches meet', () => {
  near(phi(0, 4000, 100), 0, 1e-12)
  near(phi(1000.0001, 1000, 100), phi(999.9999, 1000, 100), 1e-5)
  let last = 0
  for (let elapsedMs = 0; elapsedMs < 3000; elapsedMs += 10) {
    const now = phi(elapsedMs, 1000, 100)
    assert.ok(now >= last)
    last = now
  }
  assert.equal(phi(1e9, 1000, 100), Number.POSITIVE_INFINITY)
})

test('the history has the mean and deviation of its last gaps only', () => {
  const history = new GapHistory(8)
  for (const gapMs of [1e6, 5e5, 2, 4, 4, 4, 5, 5, 7, 9]) history.add(gapMs)
  assert.equal(history.count, 8)
  assert.equal(history.meanMs, 5)
  assert.equal(history.stdDeviationMs, 2)
})

test('the defaults are Akka: threshold 8, 1000 samples, 100 ms, a pause of 3 s, a first guess of 1 s', () => {
  assert.deepEqual(PHI_DEFAULTS, {
    threshold: 8,
    samplesCountMax: 1000,
    stdDeviationMsMin: 100,
    acceptablePauseMs: 3000,
    firstEstimateMs: 1000,
  })
})

test('before any gap is known the guess stands: mean 1 s, deviation a quarter of it, and the pause', () => {
  const detector = new PhiDetector()
  assert.equal(detector.phi(123_456), 0)
  detector.onBeat(0)
  assert.equal(detector.samplesCount, 0)
  near(detector.phi(4000), 0.30103, 1e-5)
  near(detector.phi(4250), 0.79951, 1e-5)
  // Phi 8: p = 1e-8, e nearly the same, y (1.5976 + 0.070566 y^2) = 18.42, y = 5.226.
  assert.equal(detector.isAvailable(4000 + 5.22 * 250), true)
  assert.equal(detector.isAvailable(4000 + 5.23 * 250), false)
})

test('even beats meet the floor of the deviation: after 4.5 s of silence the peer is unavailable', () => {
  const detector = new PhiDetector()
  for (let beat = 0; beat <= 1500; beat++) detector.onBeat(beat * 1000)
  assert.equal(detector.samplesCount, 1000)
  near(detector.phi(1_500_000 + 4100), 0.79951, 1e-5)
  assert.equal(detector.isAvailable(1_500_000 + 4000 + 522), true)
  assert.equal(detector.isAvailable(1_500_000 + 4000 + 523), false)
})

test('uneven beats earn more patience', () => {
  const detector = new PhiDetector()
  let nowMs = 0
  detector.onBeat(nowMs)
  for (let beat = 0; beat < 500; beat++) {
    nowMs += beat % 2 === 0 ? 500 : 1500
    detector.onBeat(nowMs)
  }
  // Mean 1000, deviation 500.
  near(detector.phi(nowMs + 4500), 0.79951, 1e-5)
  assert.equal(detector.isAvailable(nowMs + 4000 + 5.2 * 500), true)
})

test('the gap that a failure leaves is not learnt from', () => {
  const detector = new PhiDetector()
  for (let beat = 0; beat <= 10; beat++) detector.onBeat(beat * 1000)
  detector.onBeat(600_000)
  assert.equal(detector.samplesCount, 10)
  assert.equal(detector.isAvailable(600_000 + 4000 + 523), false)
})

test('a first beat that never comes is missed, and a late expectation teaches nothing', () => {
  const detector = new PhiDetector()
  detector.expect(1000)
  detector.expect(9000)
  assert.equal(detector.isAvailable(1000 + 5300), true)
  assert.equal(detector.isAvailable(1000 + 5310), false)
  detector.onBeat(8000)
  assert.equal(detector.samplesCount, 0)
  assert.equal(detector.isAvailable(9000), true)
})

test('a detector that could never work is refused in words', () => {
  assert.equal(phiProblem(PHI_DEFAULTS), undefined)
  assert.match(phiProblem({ ...PHI_DEFAULTS, threshold: 0 })!, /threshold/)
  assert.match(phiProblem({ ...PHI_DEFAULTS, samplesCountMax: 0.5 })!, /samplesCountMax/)
  assert.match(phiProblem({ ...PHI_DEFAULTS, stdDeviationMsMin: 0 })!, /stdDeviationMsMin/)
  assert.match(phiProblem({ ...PHI_DEFAULTS, acceptablePauseMs: -1 })!, /acceptablePauseMs/)
  assert.match(phiProblem({ ...PHI_DEFAULTS, firstEstimateMs: Number.NaN })!, /firstEstimateMs/)
  assert.throws(() => new PhiDetector({ ...PHI_DEFAULTS, threshold: -1 }), /threshold/)
})

function senderOf() {
  const told: string[] = []
  const asked: string[] = []
  const sender = new HeartbeatSender({
    askBeat: (id, sequence) => asked.push(`${id} ${sequence}`),
    onUnavailable: (id) => told.push(`${id} unavailable`),
    onAvailable: (id) => told.push(`${id} available`),
  })
  return { sender, told, asked }
}

test('the sender asks each watched peer in each interval and tells a silence and its end once each', () => {
  const { sender, told, asked } = senderOf()
  sender.watch(['b', 'c'])
  for (let second = 0; second < 60; second++) {
    sender.onTick(second * 1000)
    sender.onAnswer('b', second + 1, second * 1000 + 5)
    if (second < 20 || second >= 40) sender.onAnswer('c', second + 1, second * 1000 + 5)
  }
  assert.deepEqual(asked.slice(0, 4), ['b 1', 'c 1', 'b 2', 'c 2'])
  assert.deepEqual(told, ['c unavailable', 'c available'])
  assert.deepEqual(sender.counters, {
    asked: 120,
    answered: 100,
    answersIgnored: 0,
    unavailable: 1,
    available: 1,
  })
  assert.equal(sender.peer('c')?.answeredCount, 40)
})

test('a peer that never answers is found out', () => {
  const { sender, told } = senderOf()
  sender.watch(['b'])
  for (let second = 0; second <= 5; second++) sender.onTick(second * 1000)
  assert.deepEqual(told, [])
  sender.onTick(6000)
  assert.deepEqual(told, ['b unavailable'])
})

test('answers of strangers, repeated answers and answers to nothing are ignored and counted', () => {
  const { sender } = senderOf()
  sender.watch(['b'])
  sender.onAnswer('b', 1, 0)
  sender.onTick(0)
  sender.onAnswer('b', 1, 10)
  sender.onAnswer('b', 1, 20)
  sender.onAnswer('b', 99, 30)
  sender.onAnswer('x', 1, 40)
  assert.equal(sender.counters.answered, 1)
  assert.equal(sender.counters.answersIgnored, 4)
})

test('a new watch keeps the histories of those that stay and forgets the others', () => {
  const { sender } = senderOf()
  sender.watch(['b', 'c'])
  for (let second = 0; second < 5; second++) {
    sender.onTick(second * 1000)
    sender.onAnswer('b', second + 1, second * 1000)
  }
  sender.watch(['b', 'd'])
  assert.equal(sender.peer('b')?.detector.samplesCount, 4)
  assert.deepEqual(
    [...sender.peers()].map((peer) => peer.id),
    ['b', 'd'],
  )
})

test('a verdict may change the watch while verdicts are being told', () => {
  const told: string[] = []
  const sender: HeartbeatSender = new HeartbeatSender({
    askBeat() {},
    onUnavailable(id) {
      told.push(id)
      sender.watch(['d'])
    },
    onAvailable() {},
  })
  sender.watch(['b', 'c'])
  sender.onTick(0)
  sender.onTick(60_000)
  assert.deepEqual(told, ['b'])
  assert.deepEqual(
    [...sender.peers()].map((peer) => peer.id),
    ['d'],
  )
})
