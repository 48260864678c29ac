import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import test from 'node:test'
import { FrameReader, framed } from '../../gossip/wire/frame-reader.ts'
import { Generations } from '../../gossip/wire/generations.ts'
import { HOST_NAME_LIMITS, HostNames } from '../../gossip/wire/host-names.ts'
import { RATE_LIMITS, RateLimit } from '../../gossip/wire/rate-limit.ts'
import { answerAddress, isLiteral, joinAddress, splitAddress } from '../../gossip/wire/socket-address.ts'
import { decodeHello, encodeHello, HELLO_BYTES_MAX } from '../../gossip/wire/tcp-hello.ts'

test('what is touched stays, what is not touched for a life goes', () => {
  const memory = new Generations<number>(1000, 100)
  memory.set('kept', 1, 0)
  memory.set('left', 2, 0)
  for (let nowMs = 0; nowMs <= 10_000; nowMs += 500) assert.equal(memory.get('kept', nowMs), 1)
  assert.equal(memory.get('left', 10_000), undefined)
  assert.equal(memory.count, 1)
  assert.equal(memory.get('kept', 60_000), undefined)
})

test('nothing is forgotten before its life is over while there is room', () => {
  for (const offsetMs of [0, 1, 999, 1000, 1001]) {
    const memory = new Generations<number>(1000, 100)
    memory.set('early', 0, 0)
    memory.set('entry', 1, offsetMs)
    memory.get('other', offsetMs + 600)
    assert.equal(memory.get('entry', offsetMs + 999), 1, `set at ${offsetMs}`)
  }
})

test('a full memory forgets the half that was not touched lately, and counts it', () => {
  const memory = new Generations<number>(1e9, 10)
  for (let at = 0; at < 8; at++) memory.set(`${at}`, at, 0)
  assert.equal(memory.get('0', 0), 0)
  for (let at = 8; at < 12; at++) memory.set(`${at}`, at, 0)
  assert.equal(memory.get('0', 0), 0)
  assert.equal(memory.get('1', 0), undefined)
  assert.ok(memory.count <= 10)
  assert.ok(memory.forgottenEarlyCount > 0)
  assert.throws(() => new Generations(1, 1), /needs room/)
})

test('a source has a burst and then its rate, however long it was silent', () => {
  const limit = new RateLimit(RATE_LIMITS, 0)
  const admitted = (nowMs: number, count: number) =>
    Array.from({ length: count }, () => limit.admit('a:1', true, nowMs)).filter(Boolean).length
  assert.equal(admitted(0, 1000), 400)
  assert.equal(admitted(500, 1000), 100)
  assert.equal(admitted(1_000_000, 1000), 400)
  assert.equal(limit.counters.refusedSource, 600 + 900 + 600)
})

test('altogether no more than the whole is admitted, whoever asks', () => {
  const limit = new RateLimit(RATE_LIMITS, 0)
  let admittedCount = 0
  for (let at = 0; at < 50_000; at++) if (limit.admit(`m:${at % 5000}`, true, 0)) admittedCount++
  assert.equal(admittedCount, RATE_LIMITS.perSecond)
  assert.equal(limit.counters.refusedAll, 30_000)
  assert.ok(limit.admit('new:1', true, 1))
})

test('the table of sources is bounded', () => {
  const limit = new RateLimit({ ...RATE_LIMITS, sourcesCountMax: 64 }, 0)
  for (let at = 0; at < 10_000; at++) limit.admit(`s:${at}`, false, 0)
  assert.ok(limit.sourcesCount <= 64)
  assert.ok(limit.sourcesForgottenEarlyCount > 9000)
})

test('sources that have fallen silent cost nothing', () => {
  const limit = new RateLimit(RATE_LIMITS, 0)
  for (let at = 0; at < 5000; at++) limit.admit(`s:${at}`, true, 0)
  limit.admit('last:1', true, 10_000)
  assert.equal(limit.sourcesCount, 1)
})

test('a clock that stands still or goes back gives no tokens and takes none', () => {
  const limit = new RateLimit(RATE_LIMITS, 1000)
  for (let at = 0; at < 400; at++) assert.ok(limit.admit('a:1', true, 1000 - at))
  assert.equal(limit.admit('a:1', true, 0), false)
})

function namesWith(limits: Partial<typeof HOST_NAME_LIMITS> = {}): { names: HostNames; asked: string[] } {
  const asked: string[] = []
  return { names: new HostNames((name) => asked.push(name), { ...HOST_NAME_LIMITS, ...limits }), asked }
}

const datagram = { port: 1, bytes: new Uint8Array([1, 2]) }

test('a name is looked up once, and what waited for it is sent then', () => {
  const { names, asked } = namesWith()
  const bytes = new Uint8Array([1, 2])
  assert.equal(names.hostFor('n', { port: 1, bytes }, 0), undefined)
  bytes.fill(9)
  assert.equal(names.hostFor('n', { port: 2, bytes }, 0), undefined)
  assert.deepEqual(names.onAnswer('n', '10.0.0.1', 5), [
    { port: 1, bytes: new Uint8Array([1, 2]) },
    { port: 2, bytes: new Uint8Array([9, 9]) },
  ])
  assert.equal(names.hostFor('n', datagram, 6), '10.0.0.1')
  assert.deepEqual(asked, ['n'])
})

test('a name that was found keeps its address while it is looked up again, also in vain', () => {
  const { names, asked } = namesWith()
  names.hostFor('n', datagram, 0)
  names.onAnswer('n', '10.0.0.1', 0)
  assert.equal(names.hostFor('n', datagram, 30_000), '10.0.0.1')
  assert.deepEqual(asked, ['n', 'n'])
  assert.deepEqual(names.onAnswer('n', undefined, 30_001), [])
  assert.equal(names.hostFor('n', datagram, 30_002), '10.0.0.1')
  names.hostFor('n', datagram, 32_001)
  names.onAnswer('n', '10.0.0.2', 32_002)
  assert.equal(names.hostFor('n', datagram, 32_003), '10.0.0.2')
})

test('a name that is not found loses what waited and is not asked for again at once', () => {
  const { names, asked } = namesWith()
  names.hostFor('n', datagram, 0)
  assert.deepEqual(names.onAnswer('n', undefined, 1), [])
  assert.equal(names.hostFor('n', datagram, 2), undefined)
  assert.deepEqual(names.counters, { asked: 1, notFound: 1, datagramsLost: 2 })
  names.hostFor('n', datagram, 2001)
  assert.deepEqual(asked, ['n', 'n'])
})

test('names and the datagrams that wait for them are bounded', () => {
  const { names } = namesWith({ namesCountMax: 4, waitingCountMax: 2 })
  for (let at = 0; at < 5; at++) names.hostFor('a', datagram, 0)
  assert.equal(names.counters.datagramsLost, 3)
  for (let at = 0; at < 20; at++) names.hostFor(`n${at}`, datagram, 0)
  assert.equal(names.namesCount, 4)
  assert.equal(names.counters.datagramsLost, 3 + 2 + 16)
  assert.deepEqual(names.onAnswer('a', '10.0.0.1', 1), [])
})

test('addresses have one spelling', () => {
  assert.equal(joinAddress('10.0.0.1', 7), '10.0.0.1:7')
  assert.equal(joinAddress('::1', 7), '[::1]:7')
  assert.equal(joinAddress('::ffff:10.0.0.1', 7), '10.0.0.1:7')
  assert.deepEqual(splitAddress('[fe80::1]:70'), { host: 'fe80::1', port: 70 })
  assert.deepEqual(splitAddress('node-1.example:70'), { host: 'node-1.example', port: 70 })
  assert.ok(isLiteral('10.0.0.1') && isLiteral('::1') && !isLiteral('node-1'))
})

test('a peer is answered where it says only if it came from there or is a member', () => {
  const known = (address: string) => address === 'member.example:7'
  assert.equal(answerAddress('10.0.0.1:7', '10.0.0.1', known), '10.0.0.1:7')
  assert.equal(answerAddress('10.0.0.1:7', '::ffff:10.0.0.1', known), '10.0.0.1:7')
  assert.equal(answerAddress('[::1]:7', '::1', known), '[::1]:7')
  assert.equal(answerAddress('member.example:7', '10.0.0.1', known), 'member.example:7')
  assert.equal(answerAddress('victim.example:7', '10.0.0.1', known), '10.0.0.1:7')
  assert.equal(answerAddress('10.9.9.9:7', '10.0.0.1', known), '10.0.0.1:7')
})

test('frames come out as they went in, wherever the stream is cut', () => {
  const frames = [1, 2, 300, 5000, 70_000].map((length, at) => Buffer.alloc(length, at + 1))
  const stream = Buffer.concat(frames.map(framed))
  for (const cut of [1, 2, 3, 5, 7, 1000, 65_536, stream.length]) {
    const reader = new FrameReader(100_000)
    const heard: Buffer[] = []
    for (let at = 0; at < stream.length; at += cut)
      assert.ok(reader.onBytes(stream.subarray(at, at + cut), (frame) => heard.push(Buffer.from(frame)) > 0))
    assert.deepEqual(heard, frames)
    assert.equal(reader.hasHalfFrame, false)
    assert.equal(reader.heldBytes, 0)
  }
})

test('a frame longer than the limit ends the stream before anything is held for it', () => {
  const reader = new FrameReader(1000)
  assert.equal(
    reader.onBytes(Buffer.from([0xff, 0xff, 0xff, 0xff, 1]), () => true),
    false,
  )
  assert.equal(reader.heldBytes, 0)
  assert.equal(
    new FrameReader(1000).onBytes(framed(Buffer.alloc(1001)), () => true),
    false,
  )
  assert.equal(
    new FrameReader(1000).onBytes(framed(Buffer.alloc(1000)), () => true),
    true,
  )
  assert.equal(
    new FrameReader(1000).onBytes(framed(Buffer.alloc(0)), () => true),
    false,
  )
})

test('a claimed length gets memory only as its bytes come', () => {
  const reader = new FrameReader(16_000_000)
  const head = Buffer.alloc(4)
  head.writeUInt32BE(16_000_000)
  reader.onBytes(head, () => true)
  assert.equal(reader.heldBytes, 0)
  assert.ok(reader.hasHalfFrame)
  for (let sent = 0; sent < 1_000_000; sent += 1000) {
    reader.onBytes(Buffer.alloc(1000), () => true)
    assert.ok(reader.heldBytes <= Math.max(4096, 2 * (sent + 1000)))
  }
})

test('a frame that is refused ends the reading', () => {
  const reader = new FrameReader(1000)
  let count = 0
  const stream = Buffer.concat([framed(Buffer.alloc(5)), framed(Buffer.alloc(5))])
  assert.equal(
    reader.onBytes(stream, () => ++count > 1),
    false,
  )
  assert.equal(count, 1)
})

test('a hello names the mesh and an address, and nothing else passes for one', () => {
  const hello = encodeHello('mesh', '10.0.0.1:7946')
  assert.equal(decodeHello(hello, 'mesh'), '10.0.0.1:7946')
  assert.equal(decodeHello(hello, 'mess'), undefined)
  assert.equal(decodeHello(hello, 'meshes'), undefined)
  assert.equal(decodeHello(Buffer.concat([hello, Buffer.alloc(1)]), 'mesh'), undefined)
  assert.equal(decodeHello(encodeHello('mesh', 'nonsense'), 'mesh'), undefined)
  for (let length = 0; length < hello.length; length++)
    assert.equal(decodeHello(hello.subarray(0, length), 'mesh'), undefined)
  for (let at = 0; at < hello.length - '10.0.0.1:7946'.length; at++) {
    const altered = Buffer.from(hello)
    altered[at]! ^= 0x40
    assert.equal(decodeHello(altered, 'mesh'), undefined)
  }
  const longest = encodeHello('m'.repeat(255), `${'h'.repeat(274)}:65535`)
  assert.ok(longest.length <= HELLO_BYTES_MAX)
  assert.ok(decodeHello(longest, 'm'.repeat(255)))
})
