import assert from 'node:assert/strict'
import test from 'node:test'
import type { Message } from '../../gossip/messages.ts'
import { RATE_LIMITS } from '../../gossip/wire/rate-limit.ts'
import { COURIER_LIMITS } from '../../gossip/wire/wire-ports.ts'
import { ASK, Desk, dropsOf, droppedCount, keyOf, LIST, luckOf, NOTE, SAY } from './wire-desk.ts'

/** Nothing may be turned away before it has been looked at. */
const UNRATED = {
  ...COURIER_LIMITS,
  rates: {
    ...RATE_LIMITS,
    perSourcePerSecond: 1e9,
    perSourceBurst: 1e9,
    perSecond: 1e9,
    strangersPerSecond: 1e9,
  },
}

const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31)

type Luck = () => number

/** Every way to spoil a packet, each on a copy. */
const SPOILERS: readonly ((good: Uint8Array, luck: Luck) => Uint8Array)[] = [
  (_good, luck) => junk(luck() % 200, luck),
  (_good, luck) => junk(luck() % 1600, luck),
  (good, luck) => junkBehind(good, 2, luck),
  (good, luck) => junkBehind(good, 12, luck),
  (good, luck) => junkBehind(good, 14, luck),
  (good, luck) => good.slice(0, luck() % good.length),
  (good, luck) => Uint8Array.from([...good, ...junk((luck() % 8) + 1, luck)]),
  (good, luck) => flipped(good, 1, luck),
  (good, luck) => flipped(good, (luck() % 16) + 1, luck),
  (good, luck) => spliced(good, luck),
]

function junk(length: number, luck: Luck): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = luck() >>> 11
  return bytes
}

function junkBehind(good: Uint8Array, keptBytes: number, luck: Luck): Uint8Array {
  const bytes = junk(keptBytes + (luck() % 80), luck)
  bytes.set(good.subarray(0, Math.min(keptBytes, bytes.length)))
  return bytes
}

function flipped(good: Uint8Array, count: number, luck: Luck): Uint8Array {
  const bytes = good.slice()
  for (let flip = 0; flip < count; flip++) bytes[luck() % bytes.length]! ^= 1 << (luck() & 7)
  return isSame(bytes, good) ? junk(40, luck) : bytes
}

/** Some of its bytes stand somewhere else as well. */
function spliced(good: Uint8Array, luck: Luck): Uint8Array {
  const bytes = good.slice()
  const from = luck() % bytes.length
  bytes.copyWithin(luck() % bytes.length, from, from + (luck() % 20))
  return isSame(bytes, good) ? junk(40, luck) : bytes
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

function anyMessage(luck: Luck): Message {
  switch (luck() % 4) {
    case 0:
      return [ASK, luck() >>> 0, 'b']
    case 1:
      return [SAY, junk(luck() % 60, luck)]
    case 2:
      return [NOTE, 'name', luck() * 1024]
    default:
      return [LIST, [luck() >>> 0, luck() & 0xff, 0]]
  }
}

test('of a million junk, cut, altered, repeated and wrongly keyed packets none is heard, and every one is counted', (t) => {
  t.diagnostic(`SEED=${seed}`)
  const luck = luckOf(seed)
  const receiver = new Desk('b', { keys: [keyOf(1), keyOf(2)], limits: UNRATED })
  const honest = new Desk('a', { keys: [keyOf(1)] })
  const foreign = ['a', 'x', 'y'].map((id, at) => new Desk(id, { keys: [keyOf(50 + at)] }))
  const plain = new Desk('a')
  const replays: Uint8Array[] = []
  let [fedCount, honestCount] = [0, 0]
  const feed = (bytes: Uint8Array) => {
    fedCount++
    receiver.courier.onDatagram('10.0.0.1:7946', bytes)
  }

  while (fedCount < 1_000_000) {
    receiver.nowMs += 1
    const message = anyMessage(luck)
    const good = honest.packetOf(message).bytes
    for (let count = 0; count < 60; count++) feed(SPOILERS[luck() % SPOILERS.length]!(good, luck))
    feed(foreign[luck() % foreign.length]!.packetOf(message).bytes)
    feed(plain.packetOf(message).bytes)
    if (replays.length > 0) for (let count = 0; count < 4; count++) feed(replays[luck() % replays.length]!)
    assert.equal(receiver.heard.length, 0, `SEED=${seed}: something was heard that nobody said`)

    feed(good)
    assert.deepEqual(receiver.messages(), [message])
    honestCount++
    if (replays.length < 3000) replays.push(good)
    else replays[luck() % replays.length] = good
  }

  const { counters } = receiver.courier
  assert.equal(counters.datagramsReceived, fedCount)
  assert.equal(counters.packetsOpened, honestCount)
  assert.equal(droppedCount(counters) + counters.packetsOpened, fedCount)
  for (const reason of ['oversize', 'magic', 'label', 'header', 'plain', 'sealed', 'replayed'])
    assert.ok((dropsOf(receiver)[reason] ?? 0) > 0, reason)
  assert.deepEqual(receiver.sent(), [])
  t.diagnostic(JSON.stringify(dropsOf(receiver)))
})

test('spoiled plain packets and frames never throw, and what is heard of them was declared', (t) => {
  t.diagnostic(`SEED=${seed}`)
  const luck = luckOf(seed ^ 0x5bd1e995)
  const receiver = new Desk('b', { limits: UNRATED })
  const honest = new Desk('a')
  let fedCount = 0
  while (fedCount < 300_000) {
    honest.courier.sendPacked('b:1', [anyMessage(luck), anyMessage(luck)])
    const { bytes } = honest.sent()[0]!
    for (let count = 0; count < 50; count++) {
      const spoiled = SPOILERS[luck() % SPOILERS.length]!(bytes, luck)
      fedCount++
      if (count % 5 > 0) {
        receiver.courier.onDatagram('10.0.0.1:1', spoiled)
      } else {
        if (spoiled.length > 2) spoiled[2] = 2
        receiver.courier.onStream('10.0.0.1:1', spoiled)
      }
    }
    for (const message of receiver.messages())
      assert.ok(message.length === (message[0] >= SAY && message[0] !== NOTE ? 2 : 3))
  }
  const { counters } = receiver.courier
  assert.equal(counters.datagramsReceived + counters.streamsReceived, fedCount)
  assert.equal(droppedCount(counters) + counters.packetsOpened, fedCount)
  assert.ok(counters.dropped.decode > 10_000)
  t.diagnostic(JSON.stringify(dropsOf(receiver)))
})
