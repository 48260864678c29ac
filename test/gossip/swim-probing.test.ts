/*
 * One Swim probing and being probed: pings, relays, nacks, streams, suspicion and local health, letter by
 * letter.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ACK, ALIVE, DEAD, NACK, PING, RELAY, SUSPECT } from '../../gossip/swim/messages.ts'
import { recordOf, Stage, senderOf } from './swim-stage.ts'

/** Answers every ping of the coming time by datagram, so that time can pass without suspicion. */
function passAnswering(stage: Stage, ms: number, except: readonly string[] = []): void {
  for (let at = 0; at < ms; at += 10) {
    stage.letters = []
    stage.pass(10)
    for (const { message, way } of stage.sent(PING)) {
      const id = message[2] as string
      if (!except.includes(id)) stage.hear(id, [ACK, message[1]], way === 'stream')
    }
  }
}

test('an answered ping ends the probe: no relay is asked, the score falls', () => {
  const stage = Stage.among(5)
  stage.swim.onLoopLag(1000)
  assert.equal(stage.swim.awarenessScore, 2)
  const ping = stage.passUntilSent(PING)
  const target = ping.message[2] as string
  assert.equal(ping.to, recordOf(target).address)
  assert.equal(ping.message[3], 1000)
  stage.hear(target, [ACK, ping.message[1]])
  assert.equal(stage.swim.awarenessScore, 1)
  stage.pass(900)
  assert.deepEqual(stage.sent(RELAY), [])
  assert.equal(stage.swim.counters.acks, 1)
})

test('a silent ping asks k relays and a stream in parallel after the ping timeout, and a relay can save it', () => {
  const stage = Stage.among(8)
  const ping = stage.passUntilSent(PING)
  const target = ping.message[2] as string
  stage.pass(480)
  assert.deepEqual(stage.sent(RELAY), [])
  stage.pass(20)
  const relays = stage.sent(RELAY)
  assert.equal(relays.length, 3)
  assert.equal(new Set(relays.map(({ to }) => to)).size, 3)
  assert.ok(relays.every(({ to, message }) => to !== ping.to && message[2] === target))
  const streams = stage.sent(PING).filter(({ way }) => way === 'stream')
  assert.deepEqual(
    streams.map(({ to, message }) => [to, message]),
    [[ping.to, ping.message]],
  )
  const relayId = `n${Number(relays[0]!.to.split(':')[1]) - 7000}`
  stage.hear(relayId, [ACK, ping.message[1]])
  stage.pass(600)
  assert.equal(stage.livenessOf(target), 'alive')
  assert.equal(stage.swim.counters.probesSavedByRelay, 1)
})

test('an ack from somebody who was not asked, or doubled, counts for nothing', () => {
  const stage = Stage.among(5)
  const ping = stage.passUntilSent(PING)
  const stranger = ping.message[2] === 'n1' ? 'n2' : 'n1'
  stage.hear(stranger, [ACK, ping.message[1]])
  assert.equal(stage.swim.counters.acks, 0)
  stage.hear(ping.message[2] as string, [ACK, ping.message[1]])
  stage.hear(ping.message[2] as string, [ACK, ping.message[1]])
  assert.equal(stage.swim.counters.acks, 1)
  assert.equal(stage.swim.counters.acksUnexpected, 2)
})

test('no answer at all makes a suspect, at the end of the interval, and the word goes round', () => {
  const stage = Stage.among(8)
  const ping = stage.passUntilSent(PING)
  const target = ping.message[2] as string
  stage.pass(980)
  assert.equal(stage.livenessOf(target), 'alive')
  stage.pass(20)
  assert.equal(stage.livenessOf(target), 'suspect')
  assert.deepEqual(stage.events, [`suspect ${target} 1000.0 by n0`])
  assert.deepEqual(stage.swim.takeBroadcasts(1400)[0], [SUSPECT, target, 1000, 0, 'n0'])
})

test('without a word from the relays a failed probe costs a point for each; a no from each costs nothing', () => {
  const silent = Stage.among(8)
  silent.passUntilSent(PING)
  silent.pass(1000)
  assert.equal(silent.swim.awarenessScore, 3)

  const answered = Stage.among(8)
  const ping = answered.passUntilSent(PING)
  answered.pass(500)
  for (const { to } of answered.sent(RELAY)) {
    const id = `n${Number(to.split(':')[1]) - 7000}`
    answered.hear(id, [NACK, ping.message[1]])
    answered.hear(id, [NACK, ping.message[1]])
  }
  answered.pass(500)
  assert.equal(answered.livenessOf(ping.message[2] as string), 'suspect')
  assert.equal(answered.swim.awarenessScore, 0)
  assert.equal(answered.swim.counters.nacks, 3)
})

test('where nobody could relay a failed probe costs one point', () => {
  const stage = Stage.among(1)
  stage.passUntilSent(PING)
  stage.pass(1000)
  assert.equal(stage.livenessOf('n1'), 'suspect')
  assert.equal(stage.swim.awarenessScore, 1)
})

test('a poor score stretches the probe interval and the deadline, not the ping timeout', () => {
  const stage = Stage.among(8)
  stage.swim.onLoopLag(1000)
  const first = stage.passUntilSent(PING)
  stage.pass(500)
  assert.equal(stage.sent(RELAY).length, 3)
  stage.pass(2400)
  assert.equal(stage.livenessOf(first.message[2] as string), 'alive')
  const pings = stage.sent(PING).filter(({ way }) => way === 'datagram')
  assert.equal(pings.length, 1, 'three seconds between probes')
  stage.pass(150)
  assert.equal(stage.livenessOf(first.message[2] as string), 'suspect')
})

test('a suspect is pinged together with what is said of it', () => {
  const stage = Stage.among(1)
  stage.hear('n1', [SUSPECT, 'n1', 1000, 0, 'n7'])
  const ping = stage.passUntilSent(PING)
  assert.equal(ping.way, 'packed')
  assert.deepEqual(stage.letters.find(({ way }) => way === 'packed')!.messages[0], [
    SUSPECT,
    'n1',
    1000,
    0,
    'n7',
  ])
})

test('three members: an unconfirmed suspicion lasts four seconds; then the member is dead', () => {
  const stage = Stage.among(2)
  stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
  passAnswering(stage, 3990, ['n1'])
  assert.equal(stage.livenessOf('n1'), 'suspect')
  stage.pass(20)
  assert.equal(stage.livenessOf('n1'), 'dead')
  assert.deepEqual(stage.events, ['suspect n1 1000.0 by n2', 'dead n1 1000.0'])
  assert.deepEqual(stage.swim.takeBroadcasts(1400)[0], [DEAD, 'n1', 1000, 0, 'n0'])
})

test('ten members: confirmations shorten the suspicion, are told on once each, and only two count', () => {
  const stage = Stage.among(9)
  const confirm = (accuser: string): void => stage.hear(accuser, [SUSPECT, 'n1', 1000, 0, accuser])
  const told = (): unknown[] => {
    const accusers = stage.swim.takeBroadcasts(1400).map((message) => message[4])
    while (stage.swim.takeBroadcasts(1400).length > 0);
    return accusers
  }
  confirm('n2')
  assert.deepEqual(told(), ['n2'])
  confirm('n2')
  assert.deepEqual(told(), [])
  confirm('n3')
  assert.deepEqual(told(), ['n3'])
  confirm('n99')
  assert.deepEqual(told(), [], 'a stranger confirms nothing')
  confirm('n4')
  assert.deepEqual(told(), ['n4'])
  confirm('n5')
  assert.deepEqual(told(), [])
  passAnswering(stage, 3980, ['n1'])
  assert.equal(stage.livenessOf('n1'), 'suspect')
  stage.pass(20)
  assert.equal(stage.livenessOf('n1'), 'dead')
  assert.equal(stage.swim.counters.confirmations, 2)
})

test('a suspect that goes on answering us does not die of the doubt of another', () => {
  const stage = Stage.among(9, { relayCount: 0 })
  stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
  passAnswering(stage, 30_000)
  assert.equal(stage.livenessOf('n1'), 'suspect')
  passAnswering(stage, 60_000, ['n1'])
  assert.equal(stage.livenessOf('n1'), 'dead')
})

test('a refutation ends the suspicion; the suspicion of the former incarnation changes nothing', () => {
  const stage = Stage.among(4)
  stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
  stage.hearAlive(recordOf('n1', { incarnation: 1 }))
  stage.hear('n3', [SUSPECT, 'n1', 1000, 0, 'n3'])
  stage.hear('n3', [DEAD, 'n1', 1000, 0, 'n3'])
  assert.equal(stage.livenessOf('n1'), 'alive')
  assert.deepEqual(stage.events, ['suspect n1 1000.0 by n2', 'alive n1 1000.1'])
  assert.equal(stage.swim.suspicionCount, 0)
})

test('the failure of a probe does not touch who has refuted since it began', () => {
  const stage = Stage.among(4)
  const ping = stage.passUntilSent(PING)
  const target = ping.message[2] as string
  stage.hearAlive(recordOf(target, { incarnation: 1 }), senderOf('n9'))
  stage.pass(1000)
  assert.equal(stage.swim.counters.probesFailed, 1)
  assert.equal(stage.livenessOf(target), 'alive')
})

test('a ping is answered the way it came, and only when it is meant for us', () => {
  const stage = Stage.among(2)
  stage.hear('n1', [PING, 7, 'n0', 1000])
  stage.hear('n2', [PING, 8, 'n0', 1000], true)
  stage.hear('n2', [PING, 9, 'n5', 1000])
  assert.deepEqual(
    stage.letters.map(({ to, way, messages }) => [to, way, messages]),
    [
      [recordOf('n1').address, 'datagram', [[ACK, 7]]],
      [recordOf('n2').address, 'stream', [[ACK, 8]]],
    ],
  )
  assert.equal(stage.swim.counters.pingsMisdirected, 1)
})

test('who pings a former life of ours is told of this one together with the ack', () => {
  const stage = Stage.among(1)
  stage.hear('n1', [PING, 7, 'n0', 400])
  assert.deepEqual(
    stage.letters[0]!.messages.map((message) => message[0]),
    [ACK, ALIVE],
  )
  assert.equal(stage.swim.self.birth, 1000)
})

test('a relay pings for the asker and forwards the ack under its sequence', () => {
  const stage = Stage.among(3)
  stage.hear('n1', [RELAY, 77, 'n2'])
  const ping = stage.sent(PING)[0]!
  assert.equal(ping.to, recordOf('n2').address)
  stage.hear('n3', [ACK, ping.message[1]])
  assert.deepEqual(stage.sent(ACK), [], 'only the target can answer')
  stage.hear('n2', [ACK, ping.message[1]])
  assert.deepEqual(
    stage.sent(ACK).map(({ to, message }) => [to, message]),
    [[recordOf('n1').address, [ACK, 77]]],
  )
  stage.pass(450)
  assert.deepEqual(stage.sent(NACK), [])
})

test('a relay says no after four fifths of the ping timeout, and still forwards a late ack', () => {
  const stage = Stage.among(3)
  const startMs = stage.nowMs
  stage.hear('n1', [RELAY, 77, 'n2'])
  const ping = stage.sent(PING)[0]!
  stage.pass(410)
  const [nack] = stage.sent(NACK)
  assert.deepEqual([nack!.to, nack!.message, nack!.atMs - startMs], [recordOf('n1').address, [NACK, 77], 400])
  stage.hear('n2', [ACK, ping.message[1]])
  assert.deepEqual(stage.sent(ACK)[0]!.message, [ACK, 77])
})

test('a relay says no at once for whom it does not list or believes dead', () => {
  const stage = Stage.among(3)
  stage.hear('n3', [DEAD, 'n2', 1000, 0, 'n3'])
  stage.hear('n1', [RELAY, 77, 'n2'])
  stage.hear('n1', [RELAY, 78, 'n9'])
  assert.deepEqual(
    stage.sent(NACK).map(({ message }) => message[1]),
    [77, 78],
  )
  assert.deepEqual(stage.sent(PING), [])
})

test('three probes saved by a stream alone mark the member; then the stream goes first, and UDP now and then', () => {
  const stage = Stage.among(1, { udpRetryEvery: 2 })
  const answerStream = (): void => {
    stage.passUntilSent(PING)
    stage.pass(510)
    const ping = stage.sent(PING).find(({ way }) => way === 'stream')!
    stage.hear('n1', [ACK, ping.message[1]], true)
  }
  for (let probe = 0; probe < 3; probe++) answerStream()
  assert.deepEqual(stage.events, ['udp-blocked n1'])
  assert.equal(stage.livenessOf('n1'), 'alive')
  assert.equal(stage.swim.isUdpBlocked('n1'), true)
  assert.equal(stage.swim.counters.probesSavedByStream, 3)

  const first = stage.passUntilSent(PING)
  assert.equal(first.way, 'stream')
  stage.hear('n1', [ACK, first.message[1]], true)
  stage.passUntilSent(PING)
  const both = stage.sent(PING)
  assert.deepEqual(
    both.map(({ way }) => way),
    ['stream', 'datagram'],
  )
  stage.hear('n1', [ACK, both[0]!.message[1]], true)
  assert.equal(stage.swim.isUdpBlocked('n1'), true)
  stage.hear('n1', [ACK, both[0]!.message[1]])
  assert.equal(stage.swim.isUdpBlocked('n1'), false)
  assert.deepEqual(stage.events, ['udp-blocked n1', 'udp-restored n1'])
  assert.equal(stage.passUntilSent(PING).way, 'datagram')
})

test('a broken link makes us look at once, once per interval', () => {
  const stage = Stage.among(5)
  const pinged = (): unknown[] => stage.sent(PING).map(({ message }) => message[2])
  stage.swim.onLinkDown('n1')
  assert.deepEqual(pinged(), ['n1'])
  stage.hear('n1', [ACK, stage.sent(PING)[0]!.message[1]])
  stage.swim.onLinkDown('n1')
  stage.swim.onLinkDown('n77')
  stage.swim.onLinkDown('n0')
  assert.deepEqual(pinged(), ['n1'])
  stage.swim.onLinkDown('n2')
  stage.swim.onLinkDown('n2')
  assert.deepEqual(pinged(), ['n1', 'n2'])
  passAnswering(stage, 1100)
  stage.forget()
  stage.swim.onLinkDown('n1')
  assert.deepEqual(pinged(), ['n1'])
  stage.hear('n3', [DEAD, 'n4', 1000, 0, 'n3'])
  stage.swim.onLinkDown('n4')
  assert.deepEqual(pinged(), ['n1'], 'the dead are not looked at')
})

test('after standing still nobody is judged by that time: probes are cancelled, suspicions extended', () => {
  const stage = Stage.among(2)
  stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
  stage.passUntilSent(PING)
  stage.forget()
  stage.freeze(60_000)
  assert.equal(stage.swim.counters.pauses, 1)
  assert.equal(stage.swim.counters.probesFailed, 0)
  assert.ok(stage.swim.counters.probesCancelled >= 1)
  assert.equal(stage.livenessOf('n1'), 'suspect')
  assert.equal(stage.swim.awarenessScore, 2)
  assert.deepEqual(stage.events, ['self refuted 1000.1'])
  passAnswering(stage, 4500, ['n1'])
  assert.equal(stage.livenessOf('n1'), 'dead')
})

test('after stop nothing is sent and nothing is heard', () => {
  const stage = Stage.among(5)
  stage.swim.stop()
  stage.pass(60_000)
  stage.hear('n1', [PING, 7, 'n0', 1000])
  stage.swim.onLinkDown('n1')
  stage.swim.join(['10.0.0.1:9000'])
  stage.swim.leave()
  assert.deepEqual(stage.letters, [])
  assert.deepEqual(stage.events, [])
})
