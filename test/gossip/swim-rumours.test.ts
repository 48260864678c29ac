/*
 * One Swim and what is said: of others, of itself, of its namesakes; goodbyes, evictions, updates.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ACK, ALIVE, aliveOf, DEAD, PING, SUSPECT } from '../../gossip/swim/messages.ts'
import { INCARNATION_JUMP_MAX } from '../../gossip/swim/precedence.ts'
import { recordOf, Stage, senderOf } from './swim-stage.ts'

const broadcastsOf = (stage: Stage): unknown[] => [...stage.swim.takeBroadcasts(1400)]

test('a stranger joins by its own word, once, and the word is told on', () => {
  const stage = Stage.among(0)
  stage.hearAlive(recordOf('n1'))
  stage.hearAlive(recordOf('n1'), senderOf('n2'))
  assert.deepEqual(stage.events, ['joined n1 1000.0'])
  assert.deepEqual(broadcastsOf(stage), [aliveOf(recordOf('n1'))])
  assert.equal(stage.swim.aliveCount, 2)
})

test('an accusation is refuted with an incarnation above it, to everyone and to its bearer at once', () => {
  const stage = Stage.among(2)
  stage.hear('n1', [SUSPECT, 'n0', 1000, 5, 'n2'])
  assert.equal(stage.swim.self.incarnation, 6)
  assert.equal(stage.swim.awarenessScore, 1)
  const refutation = aliveOf(recordOf('n0', { incarnation: 6 }))
  assert.deepEqual(broadcastsOf(stage), [refutation])
  assert.deepEqual(stage.sent(ALIVE)[0], {
    to: recordOf('n1').address,
    way: 'datagram',
    atMs: stage.nowMs,
    message: refutation,
  })
  stage.hear('n1', [DEAD, 'n0', 1000, 6, 'n1'])
  assert.equal(stage.swim.self.incarnation, 7)
  assert.deepEqual(stage.events, ['self refuted 1000.6', 'self refuted 1000.7'])
})

test('a stale accusation costs nothing but an answer to its bearer', () => {
  const stage = Stage.among(2)
  stage.hear('n1', [SUSPECT, 'n0', 1000, 5, 'n2'])
  stage.forget()
  stage.hear('n1', [SUSPECT, 'n0', 1000, 5, 'n2'])
  stage.hear('n1', [DEAD, 'n0', 400, 9, 'n2'])
  assert.equal(stage.swim.self.incarnation, 6)
  assert.equal(stage.swim.awarenessScore, 1)
  assert.equal(stage.swim.counters.rumoursStale, 2)
  assert.equal(stage.sent(ALIVE).length, 2)
  assert.deepEqual(stage.events, [])
})

test('the death of a later life of ours makes us begin one that is later still', () => {
  const stage = Stage.among(2)
  stage.hear('n1', [SUSPECT, 'n0', 2000, 3, 'n2'])
  assert.equal(stage.swim.self.birth, 1000, 'a suspect may be a namesake that still lives')
  stage.hear('n1', [DEAD, 'n0', 2000, 3, 'n2'])
  assert.deepEqual([stage.swim.self.birth, stage.swim.self.incarnation], [2001, 0])
  assert.deepEqual(stage.events, ['self reborn 2001.0'])
  assert.equal(stage.swim.counters.rebirths, 1)
})

test('who pings our address under a later life of ours makes us outlive it', () => {
  const stage = Stage.among(1)
  stage.hear('n1', [PING, 7, 'n0', 3000])
  assert.equal(stage.swim.self.birth, 3001)
  assert.deepEqual(
    stage.letters[0]!.messages.map((message) => message[0]),
    [ACK, ALIVE],
  )
})

test('an incarnation that jumps too far is refused, about others and about ourselves', () => {
  const stage = Stage.among(1)
  const far = INCARNATION_JUMP_MAX + 1
  stage.hear('n2', [SUSPECT, 'n1', 1000, far, 'n2'])
  stage.hear('n2', [DEAD, 'n1', 1000, far, 'n2'])
  stage.hearAlive(recordOf('n1', { incarnation: far }))
  stage.hear('n2', [DEAD, 'n0', 1000, far, 'n2'])
  stage.hearAlive(recordOf('n0', { incarnation: far }), senderOf('n2'))
  assert.equal(stage.swim.counters.jumpsRefused, 5)
  assert.deepEqual(stage.events, [])
  assert.equal(stage.swim.self.incarnation, 0)
  assert.equal(stage.livenessOf('n1'), 'alive')
})

test('when incarnations or births are used up the member still finds a newer word', () => {
  const stage = Stage.among(1, {}, recordOf('n0', { incarnation: 0xffffffff }))
  stage.hear('n1', [SUSPECT, 'n0', 1000, 0xffffffff, 'n1'])
  assert.deepEqual([stage.swim.self.birth, stage.swim.self.incarnation], [1001, 0])
  stage.hear('n1', [DEAD, 'n0', 2 ** 52, 0, 'n1'])
  assert.equal(stage.swim.self.birth, 1001)
  assert.equal(stage.swim.counters.jumpsRefused, 1)
})

test('a stale alive word about a dead member sends it the accusation, once per interval', () => {
  const stage = Stage.among(3)
  stage.hear('n2', [DEAD, 'n1', 1000, 4, 'n2'])
  stage.forget()
  const moved = recordOf('n1', { incarnation: 2, address: '10.0.0.9:7999' })
  stage.hearAlive(moved, senderOf('n3'))
  stage.hearAlive(moved, senderOf('n3'))
  const accusations = stage.sent(DEAD)
  assert.deepEqual(
    accusations.map(({ to, message }) => [to, message]),
    [['10.0.0.9:7999', [DEAD, 'n1', 1000, 4, 'n0']]],
  )
  assert.equal(stage.livenessOf('n1'), 'dead')
  stage.hearAlive(recordOf('n1', { incarnation: 5 }))
  assert.deepEqual(stage.events, ['alive n1 1000.5'])
})

test('a member believed dead that speaks to us is told what is said of it', () => {
  const stage = Stage.among(3)
  stage.hear('n2', [DEAD, 'n1', 1000, 0, 'n2'])
  stage.forget()
  stage.hear('n1', [PING, 7, 'n0', 1000])
  assert.equal(stage.sent(ACK).length, 1)
  assert.equal(stage.sent(DEAD)[0]!.to, recordOf('n1').address)
})

test('the dead are knocked at one by one, one per interval, for as long as they are listed', () => {
  const stage = Stage.among(3, { relayCount: 0 })
  for (const id of ['n1', 'n2', 'n3']) stage.hear('n9', [DEAD, id, 1000, 0, 'n9'])
  while (stage.swim.takeBroadcasts(1e6).length > 0);
  stage.forget()
  stage.pass(6000)
  const knocks = stage.sent(DEAD).filter(({ way }) => way === 'datagram')
  assert.equal(knocks.length, 6)
  assert.equal(new Set(knocks.slice(0, 3).map(({ to }) => to)).size, 3)
})

test('gossip goes to the dead for thirty seconds and to those who left not at all', () => {
  const stage = Stage.among(2)
  stage.hear('n9', [DEAD, 'n1', 1000, 0, 'n9'])
  stage.hear('n2', [DEAD, 'n2', 1000, 0, 'n2'])
  const gossipTo = (): Set<string> => {
    stage.letters = []
    stage.swim.updateSelf({ meta: Uint8Array.of(stage.nowMs & 255) })
    stage.pass(1000)
    return new Set(stage.letters.filter(({ way }) => way === 'packed').map(({ to }) => to))
  }
  assert.deepEqual([...gossipTo()], [recordOf('n1').address])
  stage.pass(30_000)
  assert.deepEqual([...gossipTo()], [])
})

test('a goodbye is no death: no suspicion, no knocking, and an echo of the former word changes nothing', () => {
  const stage = Stage.among(2)
  stage.hear('n1', [DEAD, 'n1', 1000, 0, 'n1'])
  assert.deepEqual(stage.events, ['left n1 1000.0'])
  stage.hearAlive(recordOf('n1'), senderOf('n2'))
  stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
  stage.hear('n2', [DEAD, 'n1', 1000, 0, 'n2'])
  assert.equal(stage.livenessOf('n1'), 'left')
  assert.equal(stage.swim.aliveCount, 2)
  stage.hearAlive(recordOf('n1', { birth: 2000 }))
  assert.deepEqual(stage.events, ['left n1 1000.0', 'joined n1 2000.0'])
})

test('who was found dead and turns out to have left is told as left', () => {
  const stage = Stage.among(2)
  stage.hear('n2', [DEAD, 'n1', 1000, 0, 'n2'])
  stage.hear('n1', [DEAD, 'n1', 1000, 0, 'n1'])
  assert.deepEqual(stage.events, ['dead n1 1000.0', 'left n1 1000.0'])
})

test('our own goodbye goes out as often as any word, then we have left; until stopped we still answer', () => {
  const stage = Stage.among(3)
  stage.swim.leave()
  stage.swim.leave()
  assert.equal(stage.swim.hasLeft, false)
  stage.hear('n1', [SUSPECT, 'n0', 1000, 0, 'n1'])
  stage.pass(2000)
  assert.equal(stage.swim.hasLeft, true)
  assert.deepEqual(
    stage.events.filter((event) => event.startsWith('self')),
    ['self-left'],
  )
  const goodbyes = stage.sent(DEAD)
  assert.equal(goodbyes.length, 4)
  assert.ok(goodbyes.every(({ message }) => message[4] === 'n0'))
  assert.equal(stage.swim.self.incarnation, 0, 'who leaves does not refute')
  stage.hear('n1', [PING, 7, 'n0', 1000])
  assert.equal(stage.sent(ACK).length, 1)
})

test('who is stopped by its own farewell sets no timer any more', () => {
  const stage = Stage.among(3)
  const { push } = stage.events
  // As the composition does: the goodbye is the end of this life.
  stage.events.push = (...lines: string[]) => {
    if (lines.includes('self-left')) {
      stage.hear('n2', [SUSPECT, 'n1', 1000, 0, 'n2'])
      stage.swim.stop()
    }
    return push.apply(stage.events, lines)
  }
  stage.swim.leave()
  stage.pass(60_000)
  assert.equal(stage.events.at(-1), 'self-left')
  stage.forget()
  stage.pass(60_000)
  assert.equal(stage.letters.length, 0)
  assert.equal(stage.timersCount, 0)
})

test('who is alone has left at once', () => {
  const stage = Stage.among(0)
  stage.swim.leave()
  stage.pass(500)
  assert.deepEqual(stage.events, ['self-left'])
})

test('a new life of a living member is told as alive; what else is new of it as an update', () => {
  const stage = Stage.among(1)
  stage.hearAlive(recordOf('n1', { birth: 2000, roles: ['dc-a'] }))
  stage.hearAlive(recordOf('n1', { birth: 2000, incarnation: 1, roles: ['dc-a'] }))
  stage.hearAlive(recordOf('n1', { birth: 2000, incarnation: 2, roles: ['dc-a'], address: '10.0.0.9:7001' }))
  assert.deepEqual(stage.events, [
    'alive n1 2000.0',
    'updated n1 2000.0 from 1000.0',
    'updated n1 2000.2 from 2000.1',
  ])
})

test('an address changes only with a higher birth or incarnation; otherwise it is counted as a conflict', () => {
  const stage = Stage.among(1)
  stage.hearAlive(recordOf('n1', { address: '10.0.0.9:7001' }))
  assert.equal(stage.swim.get('n1')!.record.address, recordOf('n1').address)
  assert.equal(stage.swim.counters.idConflicts, 1)
  assert.deepEqual(stage.events, [])
})

test('an update of ourselves raises the incarnation and is told; what could not be sent is refused', () => {
  const stage = Stage.among(1)
  assert.equal(stage.swim.updateSelf({ roles: ['b', 'a', 'b'], meta: Uint8Array.of(1) }), true)
  assert.deepEqual(stage.swim.self.roles, ['a', 'b'])
  assert.equal(stage.swim.self.incarnation, 1)
  assert.deepEqual(stage.events, ['self updated 1000.1'])
  assert.deepEqual(broadcastsOf(stage), [aliveOf(stage.swim.self)])
  assert.equal(stage.swim.updateSelf({ meta: new Uint8Array(513) }), false)
  assert.equal(stage.swim.updateSelf({ roles: ['no role'] }), false)
  assert.equal(stage.swim.updateSelf({ address: 'nowhere' }), false)
  assert.equal(stage.swim.self.incarnation, 1)
})

test('an evicted member is forgotten for good: only a new life of it joins', () => {
  const stage = Stage.among(2)
  stage.swim.evict('n1')
  stage.swim.evict('n0')
  stage.swim.evict('n99')
  assert.equal(stage.livenessOf('n1'), undefined)
  stage.hearAlive(recordOf('n1', { incarnation: 50 }))
  assert.equal(stage.livenessOf('n1'), undefined)
  assert.equal(stage.swim.counters.departedRefused, 1)
  assert.deepEqual(stage.letters, [])
  stage.hearAlive(recordOf('n1', { birth: 1001 }))
  assert.deepEqual(stage.events, ['joined n1 1001.0'])
  assert.equal(stage.swim.departedCount, 0)
})

test('without an embedder the dead are evicted in time, and the same life comes back by refuting', () => {
  const stage = Stage.among(1, { evictAfterMs: 10_000 })
  stage.hear('n2', [DEAD, 'n1', 1000, 4, 'n2'])
  stage.pass(9000)
  assert.equal(stage.livenessOf('n1'), 'dead')
  stage.pass(3000)
  assert.equal(stage.livenessOf('n1'), undefined)
  assert.deepEqual(stage.events, ['dead n1 1000.4', 'evicted n1 1000.4'])
  stage.forget()
  stage.hearAlive(recordOf('n1', { incarnation: 3 }))
  assert.deepEqual(stage.sent(DEAD)[0]!.message, [DEAD, 'n1', 1000, 4, 'n0'])
  stage.hearAlive(recordOf('n1', { incarnation: 5 }))
  assert.deepEqual(stage.events, ['joined n1 1000.5'])
})

test('who is taken for dead or gone is told so the way it speaks to us, or by stream where datagrams are lost', () => {
  const ways = (stage: Stage): string[] => stage.sent(DEAD).map(({ way }) => way)
  for (const [isStream, way] of [
    [true, 'stream'],
    [false, 'datagram'],
  ] as const) {
    const stage = Stage.among(2, { evictAfterMs: 10_000 })
    stage.hear('n2', [DEAD, 'n1', 1000, 4, 'n2'])
    stage.hear('n1', [PING, 7, 'n0', 1000], isStream)
    assert.deepEqual(ways(stage), [way])
    stage.pass(12_000)
    stage.forget()
    stage.hearAlive(recordOf('n1'), senderOf('n1', isStream))
    assert.deepEqual(ways(stage), [way])
  }
  const stage = Stage.among(1)
  for (let probe = 0; probe < 3; probe++) {
    stage.passUntilSent(PING)
    stage.pass(510)
    const ping = stage.sent(PING).find(({ way }) => way === 'stream')!
    stage.hear('n1', [ACK, ping.message[1]], true)
  }
  assert.equal(stage.swim.isUdpBlocked('n1'), true)
  stage.hear('n2', [DEAD, 'n1', 1000, 4, 'n2'])
  assert.equal(stage.passUntilSent(DEAD).way, 'stream')
})

test('what is said against us is refuted the way it was said', () => {
  const stage = Stage.among(1)
  for (const isStream of [true, false]) stage.hear('n1', [DEAD, 'n0', 1000, 0, 'n1'], isStream)
  assert.deepEqual(
    stage.sent(ALIVE).map(({ way }) => way),
    ['stream', 'datagram'],
  )
})

test('of two processes with one id the later born stays; the other is told once and falls silent', () => {
  const rival = recordOf('n0', { birth: 2000, address: '10.0.0.9:7000' })
  const loser = Stage.among(1)
  loser.swim.updateSelf({ meta: Uint8Array.of(1) })
  loser.forget()
  loser.hearAlive(rival, senderOf('n1'))
  loser.hearAlive({ ...rival, incarnation: 1 }, senderOf('n1'))
  assert.deepEqual(loser.events, ['id-conflict n0 2000.0 at 10.0.0.9:7000'])
  assert.equal(loser.swim.counters.idConflicts, 1)
  assert.deepEqual(broadcastsOf(loser), [])
  loser.hear('n1', [SUSPECT, 'n0', 1000, 5, 'n1'])
  assert.deepEqual(broadcastsOf(loser), [])
  assert.deepEqual(loser.letters, [])

  const winner = Stage.among(1)
  winner.hearAlive(recordOf('n0', { birth: 500, address: '10.0.0.9:7000' }), senderOf('n1'))
  assert.deepEqual(winner.sent(ALIVE)[0]!.message, aliveOf(recordOf('n0')))
  assert.deepEqual(winner.events, [])
})

test('of two processes with one id and one birth the lower address stays', () => {
  const near = Stage.among(1)
  near.hearAlive(recordOf('n0', { address: '10.0.0.1:10000', incarnation: 4 }), senderOf('n1'))
  assert.deepEqual(near.events, ['self refuted 1000.5'])
  const far = Stage.among(1, {}, recordOf('n0', { address: '10.0.0.1:10000' }))
  far.hearAlive(recordOf('n0', { incarnation: 4 }), senderOf('n1'))
  assert.deepEqual(far.events, ['id-conflict n0 1000.4 at 10.0.0.1:7000'])
})

test('packets under our own id from elsewhere are a namesake: counted, and told of us', () => {
  const stage = Stage.among(1)
  const twin = { id: 'n0', address: '10.0.0.9:7000', isStream: false }
  stage.swim.onMessage(twin, [PING, 7, 'n0', 1000])
  assert.equal(stage.swim.counters.idConflicts, 1)
  assert.deepEqual(
    stage.letters.map(({ to, messages }) => [to, messages[0]![0]]),
    [['10.0.0.9:7000', ALIVE]],
  )
  stage.forget()
  stage.hearAlive(recordOf('n0', { birth: 500, address: twin.address }), twin)
  assert.deepEqual(stage.letters, [], 'no answer to an answer')
  stage.hear('n0', [PING, 8, 'n0', 1000])
  assert.deepEqual(stage.letters, [], 'our own packet')
  assert.equal(stage.swim.counters.idConflicts, 1)
})

test('when the rival for our id dies the id is ours again', () => {
  const stage = Stage.among(1)
  stage.hearAlive(recordOf('n0', { birth: 2000, address: '10.0.0.9:7000' }), senderOf('n1'))
  stage.forget()
  stage.hear('n1', [DEAD, 'n0', 2000, 0, 'n1'])
  assert.deepEqual(stage.events, ['self reborn 2001.0'])
  assert.deepEqual(broadcastsOf(stage), [aliveOf(recordOf('n0', { birth: 2001 }))])
})
