import assert from 'node:assert/strict'
import test from 'node:test'
import type { Message } from '../../gossip/messages.ts'
import { MAGIC, packetLabel } from '../../gossip/wire/packet-header.ts'
import { StrangerCredit } from '../../gossip/wire/stranger-credit.ts'
import {
  DATAGRAM_BYTES_ACCEPTED_MAX,
  DATAGRAM_BYTES_MAX,
  STREAM_BYTES_MAX,
} from '../../gossip/wire/wire-ports.ts'
import { ASK, codec, Desk, dropsOf, droppedCount, keyOf, LIST, NOTE, SAY } from './wire-desk.ts'

function say(bytes: number): Message {
  return [SAY, new Uint8Array(bytes).fill(7)]
}

/** A message whose encoding takes so many bytes. */
function sized(bytes: number): Message {
  for (let length = bytes; length >= 0; length--) if (codec.sizeOf(say(length)) <= bytes) return say(length)
  throw new Error(`no message has ${bytes} bytes`)
}

test('a message arrives with the id of its sender, the address it came from, and its path', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  a.courier.send(b.address, [ASK, 1, 'b'])
  a.courier.sendReliably(b.address, [ASK, 2, 'b'])
  for (const packet of a.sent()) b.take('10.0.0.9:5', packet)
  assert.deepEqual(b.heard, [
    { sender: { id: 'a', address: '10.0.0.9:5', isStream: false }, message: [ASK, 1, 'b'] },
    { sender: { id: 'a', address: '10.0.0.9:5', isStream: true }, message: [ASK, 2, 'b'] },
  ])
})

test('a plain header costs thirteen bytes and the id', () => {
  assert.equal(new Desk('abc').packetOf([ASK, 1, 'b']).bytes.length, 13 + 3 + 1 + codec.sizeOf([ASK, 1, 'b']))
})

for (const keys of [[], [keyOf(1)]]) {
  const mode = keys.length === 0 ? 'plain' : 'sealed'

  test(`a ${mode} message goes by datagram as long as all of it fits into 1400 bytes, else by stream`, () => {
    const [a, b] = [new Desk('a', { keys }), new Desk('b', { keys })]
    const fitting = sized(a.courier.messageBytesMax)
    const packet = a.packetOf(fitting)
    assert.equal(packet.isStream, false)
    assert.equal(packet.bytes.length, DATAGRAM_BYTES_MAX - 2)
    const larger = a.packetOf(sized(a.courier.messageBytesMax + 1))
    assert.equal(larger.isStream, true)
    b.take('a:1', packet)
    b.take('a:1', larger)
    assert.equal(b.heard.length, 2)
  })

  test(`the room left in a ${mode} datagram is filled with broadcasts`, () => {
    const [a, b] = [new Desk('a', { keys }), new Desk('b', { keys })]
    a.broadcasts = Array.from({ length: 40 }, (_, at): Message => [NOTE, `note-${at}`, 10 ** 12 + at])
    let rounds = 0
    while (a.broadcasts.length > 0) {
      rounds++
      const packet = a.packetOf(say(800))
      assert.ok(packet.bytes.length <= DATAGRAM_BYTES_MAX)
      assert.ok(packet.bytes.length > DATAGRAM_BYTES_MAX - 25 || a.broadcasts.length === 0)
      b.take('a:1', packet)
    }
    assert.equal(rounds, 2)
    assert.equal(b.messages().length, 42)
    assert.equal(a.courier.counters.broadcastsSent, 40)
    assert.equal(a.courier.counters.messagesSent, 42)
  })

  test(`many messages are packed into as few ${mode} datagrams as they fit in, in order`, () => {
    const [a, b] = [new Desk('a', { keys }), new Desk('b', { keys })]
    a.broadcasts = [[NOTE, 'not-asked-for', 0]]
    const notes = Array.from({ length: 200 }, (_, at): Message => [NOTE, `note-${at}`, 10 ** 12 + at])
    a.courier.sendPacked(b.address, notes)
    const packets = a.sent()
    const messageBytes = notes.reduce((sum, note) => sum + codec.sizeOf(note), 0)
    assert.equal(packets.length, Math.ceil(messageBytes / (a.courier.messageBytesMax - 25)))
    for (const packet of packets) {
      assert.ok(packet.bytes.length <= DATAGRAM_BYTES_MAX)
      b.take('a:1', packet)
    }
    assert.deepEqual(b.messages(), notes)
    assert.equal(a.broadcasts.length, 1)
  })
}

test('broadcasts that do not fit into the room they were offered are a fault of the program', () => {
  const a = new Desk('a')
  a.broadcasts = [[NOTE, 'x', 1]]
  Object.assign(a.broadcasts, { filter: () => [say(1300)] })
  assert.throws(() => a.courier.send('b:1', say(500)), /a datagram of 1\d\d\d bytes was packed/)
})

test('of many messages the one that no datagram holds goes by stream, the others do not', () => {
  const a = new Desk('a')
  a.courier.sendPacked('b:1', [[NOTE, 'x', 1], say(5000), [NOTE, 'y', 2]])
  assert.deepEqual(
    a.sent().map(({ isStream }) => isStream),
    [true, false],
  )
  a.courier.sendPacked('b:1', [])
  assert.deepEqual(a.sent(), [])
})

test('a message that no stream holds is not sent, and counted', () => {
  const a = new Desk('a')
  a.courier.sendReliably('b:1', say(STREAM_BYTES_MAX))
  assert.deepEqual(a.sent(), [])
  assert.equal(a.courier.counters.messagesTooLong, 1)
  const b = new Desk('b', { keys: [keyOf(1)] })
  const c = new Desk('c', { keys: [keyOf(1)] })
  b.courier.send('c:1', sized(STREAM_BYTES_MAX - 55))
  const [packet] = b.sent()
  assert.ok(packet!.isStream && packet!.bytes.length === STREAM_BYTES_MAX - 2)
  c.take('b:1', packet!)
  assert.equal(c.heard.length, 1)
})

test('what one packet holds survives that its bytes are used again', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  const packet = a.packetOf(say(100))
  b.take('a:1', packet)
  packet.bytes.fill(0)
  assert.deepEqual(b.messages(), [say(100)])
})

test('each kind of bad packet is dropped for its own reason and reaches nobody', () => {
  const a = new Desk('a')
  const b = new Desk('b')
  const good = a.packetOf([ASK, 1, 'b']).bytes
  const altered = (change: (bytes: Uint8Array) => void) => {
    const bytes = good.slice()
    change(bytes)
    return bytes
  }
  const cases: [reason: string, bytes: Uint8Array][] = [
    ['oversize', new Uint8Array(DATAGRAM_BYTES_ACCEPTED_MAX + 1).fill(MAGIC)],
    ['magic', new Uint8Array(0)],
    ['magic', altered((bytes) => void (bytes[0] = 0))],
    ['magic', altered((bytes) => void (bytes[1] = 2))],
    ['magic', good.slice(0, 14)],
    ['label', new Desk('a', { label: 'another' }).packetOf([ASK, 1, 'b']).bytes],
    ['header', altered((bytes) => void (bytes[2] = 4))],
    ['header', altered((bytes) => void (bytes[2] = 2))],
    ['header', altered((bytes) => void (bytes[3] = 1))],
    ['header', altered((bytes) => void (bytes[12] = 0))],
    ['header', altered((bytes) => void (bytes[12] = 65))],
    ['header', altered((bytes) => void (bytes[13] = 0x20))],
    ['header', altered((bytes) => void (bytes[13] = 0xff))],
    ['own', new Desk('b').packetOf([ASK, 1, 'b']).bytes],
    ['sealed', new Desk('a', { keys: [keyOf(1)] }).packetOf([ASK, 1, 'b']).bytes],
    ['sealed', altered((bytes) => void (bytes[2] = 1))],
    ['decode', good.slice(0, -1)],
    ['decode', altered((bytes) => void (bytes[16] = 99))],
  ]
  const expected: Record<string, number> = {}
  for (const [reason, bytes] of cases) {
    b.courier.onDatagram('a:1', bytes)
    expected[reason] = (expected[reason] ?? 0) + 1
    assert.deepEqual(dropsOf(b), expected, reason)
  }
  assert.deepEqual(b.heard, [])
  assert.equal(droppedCount(b.courier.counters), cases.length)
  b.courier.onDatagram('a:1', good)
  assert.deepEqual(b.messages(), [[ASK, 1, 'b']])
})

test('bad frames of a stream are dropped and counted like datagrams', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  b.courier.onStream('a:1', new Uint8Array(STREAM_BYTES_MAX + 1))
  b.courier.onStream('a:1', new Uint8Array(100))
  b.courier.onStream('a:1', a.packetOf([ASK, 1, 'b']).bytes)
  assert.deepEqual(dropsOf(b), { oversize: 1, magic: 1, header: 1 })
  assert.equal(b.courier.counters.streamsReceived, 3)
})

test('an id that no packet could carry is refused at once', () => {
  for (const id of ['', 'a b', 'é', 'x'.repeat(65)])
    assert.throws(() => new Desk(id), /is no id for a member/)
})

test('a label has one to 255 bytes', () => {
  assert.throws(() => packetLabel(''), /1 to 255 bytes, not 0/)
  assert.throws(() => packetLabel('é'.repeat(128)), /not 256/)
  packetLabel('é'.repeat(127))
})

test('one source cannot send more than its share, and others are heard all the same', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  const packet = a.packetOf([ASK, 1, 'b'])
  for (let count = 0; count < 1000; count++) b.take('10.0.0.1:1', packet)
  assert.equal(b.heard.length, 400)
  b.take('10.0.0.2:1', packet)
  assert.equal(b.heard.length, 401)
  b.nowMs += 1000
  for (let count = 0; count < 1000; count++) b.take('10.0.0.1:1', packet)
  assert.equal(b.heard.length, 601)
  assert.deepEqual(dropsOf(b), { rate: 1400 })
})

test('a flood from ever new addresses leaves members their part of the whole', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  b.knownAddresses = new Set(['member:1'])
  const packet = a.packetOf([ASK, 1, 'b'])
  for (let count = 0; count < 30_000; count++) b.take(`stranger:${count}`, packet)
  assert.equal(b.heard.length, 15_000)
  b.take('member:1', packet)
  assert.equal(b.heard.length, 15_001)
  assert.ok(b.courier.rateLimit.sourcesCount <= 16_384)
})

test('streams of members are not rated, those of strangers are', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  b.knownAddresses = new Set(['member:1'])
  a.courier.sendReliably('b:1', [ASK, 1, 'b'])
  const [frame] = a.sent()
  for (let count = 0; count < 1000; count++) b.take('member:1', frame!)
  for (let count = 0; count < 1000; count++) b.take('stranger:1', frame!)
  assert.equal(b.heard.length, 1400)
})

test('after two milliseconds of work the rest of a turn is dropped, and the next turn begins anew', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  const packet = a.packetOf([ASK, 1, 'b'])
  b.onMessage = () => {
    b.nowMs += 0.5
  }
  for (let turn = 0; turn < 3; turn++) {
    b.courier.onTurn()
    for (let count = 0; count < 20; count++) b.take('a:1', packet)
    assert.equal(b.heard.length, 5 * (turn + 1))
  }
  assert.deepEqual(dropsOf(b), { budget: 45 })
})

test('a receiver that throws leaves the courier in order', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  b.knownAddresses = new Set()
  const packet = a.packetOf([ASK, 1, 'b'])
  b.onMessage = () => assert.fail('on purpose')
  assert.throws(() => b.take('a:1', packet), /on purpose/)
  b.courier.sendReliably('a:1', say(3000))
  assert.equal(b.sent().length, 1)
})

test('strangers are answered with no more bytes than they sent, and without broadcasts', () => {
  const a = new Desk('asker')
  const b = new Desk('b')
  b.knownAddresses = new Set()
  b.broadcasts = [[NOTE, 'gossip', 1]]
  const question = a.packetOf([ASK, 1, 'b'])
  b.onMessage = (sender) => {
    b.courier.send(sender.address, [ASK, 2, 'b'])
    b.courier.send(sender.address, [ASK, 3, 'b'])
    b.courier.sendPacked(sender.address, [
      [ASK, 4, 'b'],
      [ASK, 5, 'b'],
    ])
    b.courier.send(sender.address, say(5000))
    b.courier.sendReliably(sender.address, [ASK, 6, 'b'])
    b.courier.send('other:1', [ASK, 7, 'b'])
  }
  b.take('forged:1', question)
  const answers = b.sent()
  assert.deepEqual(
    answers.map(({ to }) => to),
    ['forged:1', 'other:1'],
  )
  assert.ok(answers[0]!.bytes.length <= question.bytes.length)
  assert.equal(b.courier.counters.answersWithheld, 5)
  assert.equal(b.broadcasts.length, 1)

  b.onMessage = undefined
  b.courier.send('forged:1', [ASK, 8, 'b'])
  assert.deepEqual(b.sent(), [])
  b.nowMs += 60_000
  b.courier.send('forged:1', [ASK, 9, 'b'])
  assert.equal(b.sent().length, 1)
})

test('whatever a stranger asks, what it is sent back never exceeds what it sent', () => {
  const a = new Desk('asker')
  const b = new Desk('b')
  b.knownAddresses = new Set()
  let [askedBytes, answeredBytes] = [0, 0]
  b.onMessage = (sender) => {
    b.courier.send(sender.address, say((b.heard.length * 37) % 200))
    if (b.heard.length % 3 === 0) b.courier.send(sender.address, [ASK, 1, 'b'])
  }
  for (let count = 0; count < 2000; count++) {
    b.nowMs += 10
    const packet = a.packetOf(say((count * 53) % 150))
    askedBytes += packet.bytes.length
    b.take('forged:1', packet)
    for (const answer of b.sent()) answeredBytes += answer.bytes.length
    assert.ok(answeredBytes <= askedBytes)
  }
  assert.equal(b.heard.length, 2000)
  assert.ok(answeredBytes > askedBytes / 2)
})

test('members, streams and holders of a key are answered in full', () => {
  const answers = (asker: Desk, answerer: Desk, isReliable: boolean) => {
    answerer.broadcasts = [[NOTE, 'gossip', 1]]
    answerer.onMessage = (sender) => answerer.courier.send(sender.address, say(1000))
    if (isReliable) asker.courier.sendReliably('b:1', [ASK, 1, 'b'])
    else asker.courier.send('b:1', [ASK, 1, 'b'])
    for (const packet of asker.sent()) answerer.take('a:1', packet)
    return answerer.sent().length
  }
  const member = new Desk('b')
  member.knownAddresses = new Set(['a:1'])
  assert.equal(answers(new Desk('a'), member, false), 1)
  assert.deepEqual(member.broadcasts, [])
  const stranger = new Desk('b')
  stranger.knownAddresses = new Set()
  assert.equal(answers(new Desk('a'), stranger, true), 1)
  const keyed = new Desk('b', { keys: [keyOf(1)] })
  keyed.knownAddresses = new Set()
  assert.equal(answers(new Desk('a', { keys: [keyOf(1)] }), keyed, false), 1)
  assert.deepEqual(keyed.broadcasts, [])
})

test('the memory of strangers is bounded', () => {
  const credit = new StrangerCredit(100)
  for (let count = 0; count < 1000; count++) credit.onQuestion(`s:${count}`, 50, 0)
  assert.ok(credit.strangersCount <= 100)
  assert.equal(credit.leftFor('s:999', 0), 50)
  assert.equal(credit.leftFor('s:0', 0), undefined)
})

test('the figures of what was sent and what arrived agree', () => {
  const [a, b] = [new Desk('a'), new Desk('b')]
  a.courier.send('b:1', [ASK, 1, 'b'])
  a.courier.send('b:1', [LIST, new Array(3000).fill(70_000)])
  a.courier.sendPacked('b:1', [
    [ASK, 2, 'b'],
    [ASK, 3, 'b'],
  ])
  for (const packet of a.sent()) b.take('a:1', packet)
  const [out, into] = [a.courier.counters, b.courier.counters]
  assert.equal(out.datagramsSent, 2)
  assert.equal(out.streamsSent, 1)
  assert.equal(out.messagesSent, 4)
  assert.equal(into.datagramsReceived, out.datagramsSent)
  assert.equal(into.datagramBytesReceived, out.datagramBytesSent)
  assert.equal(into.streamsReceived, out.streamsSent)
  assert.equal(into.streamBytesReceived, out.streamBytesSent)
  assert.equal(into.messagesReceived, out.messagesSent)
  assert.equal(into.packetsOpened, 3)
})
