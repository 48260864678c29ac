// Who waits for what: barriers are settled once, by enough confirmations or by the first proof that there will not be.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Barrier } from '../../src/replication/barrier.ts'
import { type BatchPorts, Batches, type EffectFrame } from '../../src/replication/batches.ts'
import type { Acknowledgement } from '../../src/replication/received.ts'

interface Sent extends EffectFrame {
  readonly peerId: string
}

/** Node `a` with groups of peers; slot n belongs to group n. */
function house(groups: readonly (readonly string[])[]) {
  const sent: Sent[] = []
  const missed: [peerId: string, text: string][] = []
  const refused: string[] = []
  const away = new Set<string>()
  let nowMs = 0
  const ports: BatchPorts = {
    monotonicMs: () => nowMs,
    sendEffects(peerId, frame) {
      if (away.has(peerId)) return false
      sent.push({ ...frame, peerId, bytes: Buffer.from(frame.bytes.subarray(0, frame.length)) })
      return true
    },
    onRefused: (peerId, { batch }) => void refused.push(`${peerId} ${batch}`),
    onMissed: (peerId, bytes, length) => void missed.push([peerId, bytes.toString('latin1', 0, length)]),
    onDoubt(barriers) {
      for (const barrier of barriers) barrier.onBatchFailed()
    },
    wake() {},
  }
  const batches = new Batches(ports)
  const groupOf = Uint16Array.from({ length: 16384 }, (_, slot) => Math.min(slot, groups.length - 1))
  batches.onGroups(
    groups.map((peerIds) => ({ peerIds, acksForQuorum: Math.floor((peerIds.length + 1) / 2) })),
    groupOf,
  )
  const write = (slot: number, text: string, wantsAll = false) => {
    const outcome = { is: 'waiting' }
    const barrier = new Barrier(wantsAll, {
      onConfirmed: () => void (outcome.is = 'confirmed'),
      onUnconfirmed: () => void (outcome.is = 'unconfirmed'),
    })
    batches.writerFor(slot).raw(Buffer.from(text), 0, text.length)
    batches.joinTouched(barrier)
    return { barrier, outcome }
  }
  const ack = (peerId: string, upTo: number, more: Partial<Acknowledgement> = {}) =>
    batches.onAcknowledged(peerId, { upTo, waiting: [], refusals: [], lost: [], ...more })
  const later = (ms: number) => {
    nowMs += ms
    batches.onTick(nowMs)
  }
  return { batches, sent, missed, refused, away, write, ack, later }
}

const refusal = (batch: number) => ({
  batch,
  index: 0,
  slot: 0,
  database: 0,
  key: Buffer.from('k'),
  reason: 'ahead' as const,
})

test('what a round writes into one group leaves as one frame to each other owner, after the round', () => {
  const { batches, sent, write } = house([['b', 'c']])
  write(0, 'one ')
  write(0, 'two')
  assert.equal(sent.length, 0)
  batches.flush()
  assert.deepEqual(
    sent.map(({ peerId, number, bytes }) => `${peerId} ${number} ${bytes}`),
    ['b 1 one two', 'c 1 one two'],
  )
})

test('of three owners one confirmation makes a quorum, and two make all', () => {
  const { batches, write, ack } = house([['b', 'c']])
  const quorum = write(0, 'x')
  const all = write(0, 'y', true)
  quorum.barrier.seal()
  all.barrier.seal()
  batches.flush()
  ack('b', 1)
  assert.equal(quorum.outcome.is, 'confirmed')
  assert.equal(all.outcome.is, 'waiting')
  ack('c', 1)
  assert.equal(all.outcome.is, 'confirmed')
  assert.equal(batches.waitingCount, 0)
})

test('a barrier over two groups waits for both, and never before it is sealed', () => {
  const { batches, write, ack } = house([['b'], ['c']])
  const { barrier, outcome } = write(0, 'x')
  batches.writerFor(1).u8(1)
  batches.joinTouched(barrier)
  batches.flush()
  ack('b', 1)
  ack('c', 2)
  assert.equal(outcome.is, 'waiting')
  barrier.seal()
  assert.equal(outcome.is, 'confirmed')
})

test('acknowledgements are cumulative', () => {
  const { batches, write, ack } = house([['b', 'c']])
  const writes = Array.from({ length: 5 }, (_, i) => {
    const one = write(0, `${i}`)
    one.barrier.seal()
    batches.flush()
    return one
  })
  ack('c', 4)
  assert.deepEqual(
    writes.map(({ outcome }) => outcome.is),
    ['confirmed', 'confirmed', 'confirmed', 'confirmed', 'waiting'],
  )
})

test('a barrier fails as soon as the answers still possible cannot make a quorum', () => {
  const { batches, write, ack, refused } = house([['b', 'c', 'd', 'e']])
  const { barrier, outcome } = write(0, 'x')
  barrier.seal()
  batches.flush()
  ack('b', 1, { refusals: [refusal(1)] })
  ack('c', 1, { refusals: [refusal(1)] })
  assert.equal(outcome.is, 'waiting')
  ack('d', 1, { refusals: [refusal(1)] })
  assert.equal(outcome.is, 'unconfirmed')
  assert.deepEqual(refused, ['b 1', 'c 1', 'd 1'])
})

test('a refusal told again counts once', () => {
  const { batches, write, ack, refused } = house([['b', 'c']])
  const first = write(0, 'x')
  first.barrier.seal()
  batches.flush()
  const second = write(0, 'y')
  second.barrier.seal()
  batches.flush()
  ack('b', 1, { refusals: [refusal(1)] })
  ack('b', 2, { refusals: [refusal(1)] })
  assert.deepEqual(refused, ['b 1'])
  assert.equal(second.outcome.is, 'confirmed')
  assert.equal(first.outcome.is, 'waiting')
})

test('a batch with effects that wait over there counts when they wait no longer', () => {
  const { batches, write, ack } = house([['b', 'c']])
  const { barrier, outcome } = write(0, 'x')
  barrier.seal()
  batches.flush()
  ack('b', 1, { waiting: [1] })
  assert.equal(outcome.is, 'waiting')
  ack('b', 1)
  assert.equal(outcome.is, 'confirmed')
})

test('what was lost, not sent, or not confirmed when the link ended is missed by that peer', () => {
  const { batches, write, ack, missed, away } = house([['b', 'c']])
  away.add('c')
  write(0, 'one')
  batches.flush()
  away.delete('c')
  write(0, 'two')
  batches.flush()
  ack('b', 2, { lost: [{ after: 0, upTo: 1 }] })
  batches.onPeerGone('c')
  assert.deepEqual(missed, [
    ['c', 'one'],
    ['b', 'one'],
    ['c', 'two'],
  ])
})

test('frames of one link name the one before them and what is still awaited, and a new link begins anew', () => {
  const { batches, sent, write, ack } = house([['b'], ['b', 'c']])
  const round = (slot: number) => {
    write(slot, 'x')
    batches.flush()
  }
  round(0)
  round(1)
  round(1)
  ack('b', 1)
  round(1)
  batches.onPeerGone('b')
  round(0)
  const told = (peerId: string) =>
    sent
      .filter((one) => one.peerId === peerId)
      .map(({ number, previous, floor }) => [number, previous, floor])
  assert.deepEqual(told('b'), [
    [1, 0, 1],
    [2, 1, 1],
    [3, 2, 1],
    [4, 3, 2],
    [5, 0, 5],
  ])
  assert.deepEqual(
    told('c').map(([number, previous]) => [number, previous]),
    [
      [2, 0],
      [3, 2],
      [4, 3],
    ],
  )
})

test('who waits too long is told that the outcome is open', () => {
  const { batches, write, later } = house([['b', 'c']])
  const { barrier, outcome } = write(0, 'x')
  barrier.seal()
  batches.flush()
  later(1999)
  assert.equal(outcome.is, 'waiting')
  later(1)
  assert.equal(outcome.is, 'unconfirmed')
  assert.equal(batches.waitingCount, 1)
})

test('what is long on the way is waited for longer, and does not hold up who is told before', () => {
  const { batches, write, later } = house([
    ['b', 'c'],
    ['d', 'e'],
  ])
  const long = write(0, 'x'.repeat(5_000_000))
  const short = write(1, 'x')
  for (const { barrier } of [long, short]) barrier.seal()
  batches.flush()
  later(2000)
  assert.deepEqual([long.outcome.is, short.outcome.is], ['waiting', 'unconfirmed'])
  later(499)
  assert.equal(long.outcome.is, 'waiting', '10 MB take a second')
  later(1)
  assert.equal(long.outcome.is, 'unconfirmed')
})

test('one that is longer than all that may be unconfirmed leaves when what is ahead of it keeps the limit', () => {
  const { batches, missed, sent, write } = house([['b', 'c']])
  batches.limits = { confirmMs: 1000, unconfirmedBytesMax: 10 }
  for (const text of ['12345', 'longer than ten', 'next']) {
    write(0, text)
    batches.flush()
  }
  assert.deepEqual(
    sent.map(({ peerId, bytes }) => `${peerId} ${bytes}`),
    ['b 12345', 'c 12345', 'b longer than ten', 'c longer than ten'],
  )
  assert.equal(missed.length, 2, 'behind it the limit counts')
})

test('a peer that confirms nothing gets hints instead of more bytes', () => {
  const { batches, write, missed } = house([['b', 'c']])
  batches.limits = { confirmMs: 1000, unconfirmedBytesMax: 10 }
  for (let i = 0; i < 3; i++) {
    write(0, '12345')
    batches.flush()
  }
  assert.equal(missed.length, 2)
  assert.equal(batches.counters.missed, 2)
})

test('an owner alone confirms at once', () => {
  const { batches, write } = house([[]])
  const { barrier, outcome } = write(0, 'x')
  barrier.seal()
  batches.flush()
  assert.equal(outcome.is, 'confirmed')
})

test('what waits for a whole entry over there is still held, and counts against the limit until it is applied', () => {
  const { batches, sent, missed, write, ack } = house([['b', 'c']])
  batches.limits = { confirmMs: 1000, unconfirmedBytesMax: 10 }
  write(0, 'eight!!!')
  batches.flush()
  ack('b', 1, { waiting: [1] })
  ack('c', 1)
  write(0, 'seven!!')
  batches.flush()
  assert.deepEqual(missed, [['b', 'seven!!']])
  ack('b', 1)
  write(0, 'again!!')
  batches.flush()
  assert.equal(sent.at(-1)?.peerId, 'b')
  assert.equal(missed.filter(([peerId]) => peerId === 'b').length, 1)
})
