/* The simulated world itself: what runs in it can only be trusted as far as it can. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import type { GossipPorts } from '../../gossip/ports.ts'
import { SimulatedLuck } from '../support/simulated-luck.ts'
import { SimulatedQueue } from '../support/simulated-queue.ts'
import { SimulatedWorld, type WorldOptions } from '../support/simulated-world.ts'

const A = '10.0.0.1:1'
const B = '10.0.0.2:1'
const C = '10.0.0.3:1'

interface Received {
  readonly atMs: number
  readonly text: string
}

/** A world whose hosts write down what reaches them. */
function worldOf(options: Partial<WorldOptions> = {}, addresses = [A, B, C]) {
  const world = new SimulatedWorld({ seed: 1, ...options })
  const received = new Map<string, Received[]>()
  const ports = new Map<string, GossipPorts>()
  const begin = (address: string) => {
    const log: Received[] = received.get(address) ?? []
    received.set(address, log)
    const write = (text: string) => log.push({ atMs: world.nowMs, text })
    ports.set(address, world.portsFor(address))
    world.attach(address, {
      onDatagram: (from, bytes) => write(`${from} ${Buffer.from(bytes).toString('latin1')}`),
      onStream: (from, bytes) => write(`${from} stream ${Buffer.from(bytes).toString('latin1')}`),
      onStreamFailed: (to) => write(`failed ${to}`),
    })
  }
  for (const address of addresses) begin(address)
  return {
    world,
    begin,
    ports: (address: string) => ports.get(address)!,
    texts: (address: string) => received.get(address)!.map((one) => one.text),
    received: (address: string) => received.get(address)!,
  }
}

const bytesOf = (text: string) => Buffer.from(text, 'latin1')

// Order and determinism

test('things happen in the order of their times, and at one instant in the order they were asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.integer({ min: 0, max: 20 })), { maxLength: 300 }), (script) => {
      const queue = new SimulatedQueue<string>()
      const model: { timeMs: number; name: string }[] = []
      for (const [at, timeMs] of script.entries()) {
        if (timeMs !== null) {
          queue.push(timeMs, `${at}`)
          model.push({ timeMs, name: `${at}` })
          model.sort((x, y) => x.timeMs - y.timeMs)
        } else if (model.length > 0) assert.equal(queue.pop(), model.shift()!.name)
        assert.equal(queue.size, model.length)
        assert.equal(queue.nextMs, model[0]?.timeMs ?? Number.POSITIVE_INFINITY)
      }
    }),
  )
})

test('the queue grows past its first size and keeps its order', () => {
  const queue = new SimulatedQueue<number>()
  const luck = new SimulatedLuck(5)
  const times = Array.from({ length: 10_000 }, () => luck.below(1000))
  for (const timeMs of times) queue.push(timeMs, timeMs)
  const popped = times.map(() => queue.pop())
  assert.deepEqual(
    popped,
    times.toSorted((x, y) => x - y),
  )
  assert.throws(() => queue.pop(), /nothing is left/)
})

function chatterOf(seed: number): number {
  const addresses = Array.from({ length: 20 }, (_, at) => `10.0.1.${at}:1`)
  const world = new SimulatedWorld({ seed, links: { lossRate: 0.1, duplicateRate: 0.1, corruptRate: 0.1 } })
  for (const address of addresses) {
    const ports = world.portsFor(address)
    const beat = () => {
      const to = addresses[Math.floor(ports.random() * addresses.length)]!
      ports.sendDatagram(to, ports.randomBytes(10 + Math.floor(ports.random() * 50)))
      if (ports.random() < 0.1) ports.sendStream(to, ports.randomBytes(2000))
      ports.after(100 * ports.random(), beat)
    }
    ports.after(0, beat)
    world.attach(address, {
      onDatagram: (from, bytes) => bytes[0]! < 50 && ports.sendDatagram(from, bytes),
      onStream() {},
      onStreamFailed() {},
    })
  }
  world.at(2000, () => world.pause(addresses[0]!))
  world.at(3000, () => world.partition(addresses.slice(0, 9)))
  world.at(4000, () => world.resume(addresses[0]!))
  world.at(5000, () => world.crash(addresses[1]!))
  world.at(6000, () => world.heal())
  world.run(10_000)
  return world.traceHash
}

test('one seed is one run, another seed another', () => {
  const first = chatterOf(42)
  assert.equal(chatterOf(42), first)
  assert.equal(chatterOf(42), first)
  assert.notEqual(chatterOf(43), first)
})

test('luck is even, in range, and different for every salt', () => {
  const luck = new SimulatedLuck(9)
  const buckets = new Array<number>(10).fill(0)
  for (let draw = 0; draw < 100_000; draw++) {
    const x = luck.random()
    assert.ok(x >= 0 && x < 1)
    buckets[Math.floor(x * 10)]!++
  }
  for (const count of buckets) assert.ok(Math.abs(count - 10_000) < 500)
  const firsts = new Set(Array.from({ length: 1000 }, (_, salt) => new SimulatedLuck(9, salt, 1).bits()))
  assert.ok(firsts.size > 998)
  assert.notDeepEqual(luck.randomBytes(16), luck.randomBytes(16))
})

// Time

test('timers run at their time, zero delays later than the call, and script steps among them', () => {
  const { world, ports } = worldOf()
  const log: string[] = []
  ports(A).after(30, () => log.push(`thirty ${world.nowMs}`))
  ports(A).after(10, () => {
    ports(A).after(0, () => log.push(`zero ${world.nowMs}`))
    log.push(`ten ${world.nowMs}`)
  })
  world.at(20, () => log.push(`script ${world.nowMs}`))
  world.run(25)
  assert.deepEqual(log, ['ten 10', 'zero 10', 'script 20'])
  assert.equal(world.nowMs, 25)
  assert.equal(world.step(), true)
  assert.equal(world.nowMs, 30)
  assert.equal(world.step(), false)
})

test('runUntil ends when the predicate holds, or at its limit', () => {
  const { world, ports } = worldOf()
  let isDone = false
  ports(A).after(95, () => {
    isDone = true
  })
  assert.equal(
    world.runUntil(() => isDone, 50),
    false,
  )
  assert.equal(world.nowMs, 50)
  assert.equal(
    world.runUntil(() => isDone, 1000),
    true,
  )
  assert.equal(world.nowMs, 100)
})

test('monotonic clocks run alike but share no zero; calendars are skewed, drift and jump', () => {
  const world = new SimulatedWorld({ seed: 1, wallStartMs: 1000 })
  const right = world.portsFor(A)
  const wrong = world.portsFor(B, { skew: { offsetMs: -500, driftPpm: 1000 } })
  assert.notEqual(right.monotonicMs(), wrong.monotonicMs())
  assert.equal(right.wallMs(), 1000)
  assert.equal(wrong.wallMs(), 500)
  const startMs = wrong.monotonicMs()
  world.run(10_000)
  assert.equal(wrong.monotonicMs() - startMs, 10_000)
  assert.equal(right.wallMs(), 11_000)
  assert.equal(wrong.wallMs(), 11_000 - 500 + 10)
  world.stepWallClock(B, -60_000)
  assert.equal(wrong.wallMs(), 11_000 - 500 + 10 - 60_000)
  world.run(20_000)
  assert.equal(wrong.wallMs(), 21_000 - 500 + 20 - 60_000)
  world.setSkew(B, { offsetMs: 0, driftPpm: 0 })
  world.run(30_000)
  assert.equal(wrong.wallMs(), 31_000)
})

// Datagrams

test('datagrams take a latency of their own between the bounds, so they overtake each other', () => {
  const { world, ports, texts, received } = worldOf({ links: { latencyMsMin: 5, latencyMsMax: 50 } })
  for (let at = 0; at < 200; at++) ports(A).sendDatagram(B, bytesOf(String(at)))
  world.run(100)
  const latencies = received(B).map((one) => one.atMs)
  assert.equal(latencies.length, 200)
  assert.ok(Math.min(...latencies) >= 5 && Math.min(...latencies) < 7)
  assert.ok(Math.max(...latencies) <= 50 && Math.max(...latencies) > 48)
  assert.notEqual(texts(B).join(), Array.from({ length: 200 }, (_, at) => `${A} ${at}`).join())
})

test('a share of the datagrams is lost, doubled, corrupted by one bit; the sender keeps its bytes', () => {
  const { world, ports, texts } = worldOf({
    links: { lossRate: 0.2, duplicateRate: 0.1, corruptRate: 0.05 },
  })
  const bytes = bytesOf('AAAA')
  for (let at = 0; at < 10_000; at++) ports(A).sendDatagram(B, bytes)
  bytes.fill('Z')
  world.run(100)
  const { lost, duplicated, corrupted } = world.network.counters
  assert.ok(Math.abs(lost - 2000) < 200, `${lost}`)
  assert.ok(Math.abs(duplicated - 800) < 120, `${duplicated}`)
  assert.equal(texts(B).length, 10_000 - lost + duplicated)
  const wrong = texts(B).filter((text) => text !== `${A} AAAA`)
  assert.equal(wrong.length, corrupted)
  assert.ok(corrupted > 300)
  for (const text of wrong) {
    let bits = 0
    for (const character of text.slice(-4))
      for (let x = character.charCodeAt(0) ^ 0x41; x > 0; x &= x - 1) bits++
    assert.equal(bits, 1)
  }
  assert.ok(!texts(B).some((text) => text.includes('Z')))
})

test('links may differ, by direction', () => {
  const { world, ports, received } = worldOf()
  world.setLink(A, B, { latencyMsMin: 100, latencyMsMax: 100 })
  ports(A).sendDatagram(B, bytesOf('slow'))
  ports(B).sendDatagram(A, bytesOf('fast'))
  world.run(200)
  assert.equal(received(B)[0]!.atMs, 100)
  assert.ok(received(A)[0]!.atMs <= 2)
})

test('a cut is one direction, and takes what is on its way', () => {
  const { world, ports, texts } = worldOf({ links: { latencyMsMin: 10, latencyMsMax: 10 } })
  ports(A).sendDatagram(B, bytesOf('on its way'))
  world.run(5)
  world.cut(A, B)
  ports(A).sendDatagram(B, bytesOf('cut'))
  ports(B).sendDatagram(A, bytesOf('back'))
  world.run(50)
  world.mend(A, B)
  ports(A).sendDatagram(B, bytesOf('mended'))
  world.run(100)
  assert.deepEqual(texts(B), [`${A} mended`])
  assert.deepEqual(texts(A), [`${B} back`])
  assert.equal(world.network.counters.blocked, 2)
})

test('sides of a partition hear only themselves, the unnamed are one more side, until it heals', () => {
  const addresses = [A, B, C, '10.0.0.4:1', '10.0.0.5:1']
  const { world, ports, texts } = worldOf({}, addresses)
  const heardCounts = () => {
    const before = addresses.map((address) => texts(address).length)
    for (const from of addresses)
      for (const to of addresses) if (from !== to) ports(from).sendDatagram(to, bytesOf('x'))
    world.runFor(10)
    return addresses.map((address, at) => texts(address).length - before[at]!)
  }
  assert.deepEqual(heardCounts(), [4, 4, 4, 4, 4])
  world.partition([A, B])
  assert.deepEqual(heardCounts(), [1, 1, 2, 2, 2])
  world.partition([A], [B, C])
  assert.deepEqual(heardCounts(), [0, 1, 1, 1, 1])
  world.heal()
  assert.deepEqual(heardCounts(), [4, 4, 4, 4, 4])
})

test('what nobody is there to take is counted, and too large a datagram is an error', () => {
  const { world, ports } = worldOf()
  ports(A).sendDatagram('10.9.9.9:1', bytesOf('x'))
  world.crash(B)
  ports(A).sendDatagram(B, bytesOf('x'))
  world.run(10)
  assert.equal(world.counters(A).undelivered, 1)
  assert.equal(world.counters(B).undelivered, 1)
  assert.throws(() => ports(A).sendDatagram(B, new Uint8Array(1401)), /1401 bytes/)
})

test('datagrams, streams and bytes are counted by address', () => {
  const { world, ports } = worldOf()
  ports(A).sendDatagram(B, new Uint8Array(100))
  ports(A).sendDatagram(C, new Uint8Array(50))
  ports(A).sendStream(B, new Uint8Array(5000))
  world.run(100)
  const { datagramsSent, datagramBytesSent, streamsSent, streamBytesSent } = world.counters(A)
  assert.deepEqual([datagramsSent, datagramBytesSent, streamsSent, streamBytesSent], [2, 150, 1, 5000])
  const b = world.counters(B)
  assert.deepEqual([b.datagramsReceived, b.datagramBytesReceived], [1, 100])
  assert.deepEqual([b.streamsReceived, b.streamBytesReceived], [1, 5000])
})

// Pause, crash, restart

test('a paused host finds, when resumed, first its timers and then what arrived, in order', () => {
  const { world, ports, received } = worldOf({ links: { latencyMsMin: 1, latencyMsMax: 1 } })
  ports(B).after(50, () => received(B).push({ atMs: world.nowMs, text: 'timer 50' }))
  ports(B).after(20, () => received(B).push({ atMs: world.nowMs, text: 'timer 20' }))
  world.run(10)
  world.pause(B)
  assert.equal(world.isPaused(B), true)
  for (const text of ['one', 'two']) {
    ports(A).sendDatagram(B, bytesOf(text))
    world.runFor(10)
  }
  ports(A).sendStream(B, bytesOf('three'))
  world.run(100)
  assert.deepEqual(received(B), [])
  world.resume(B)
  world.run(200)
  assert.deepEqual(
    received(B).map((one) => one.text),
    ['timer 20', 'timer 50', `${A} one`, `${A} two`, `${A} stream three`],
  )
  assert.ok(received(B).every((one) => one.atMs === 100))
})

test('a paused host keeps what its socket buffer holds and no more', () => {
  const { world, ports, texts } = worldOf({ limits: { datagramBufferBytesMax: 10_000 } })
  world.pause(B)
  for (let at = 0; at < 100; at++) ports(A).sendDatagram(B, new Uint8Array(232))
  world.run(1000)
  world.resume(B)
  world.run(2000)
  // Each costs 768 bytes beside its own.
  assert.equal(texts(B).length, 10)
  assert.equal(world.counters(B).overflowed, 90)
})

test('a crashed life never runs again: no timers, no sends, nothing arrives', () => {
  const { world, ports, begin, texts } = worldOf()
  const old = ports(B)
  old.after(50, () => texts(B).push('never'))
  let ticksCount = 0
  old.after(50, () => ticksCount++)
  world.run(10)
  world.crash(B)
  assert.equal(world.isUp(B), false)
  ports(A).sendDatagram(B, bytesOf('to nobody'))
  world.run(20)
  begin(B)
  assert.equal(world.isUp(B), true)
  old.sendDatagram(A, bytesOf('from the dead'))
  old.sendStream(A, bytesOf('from the dead'))
  old.after(1, () => ticksCount++)
  ports(A).sendDatagram(B, bytesOf('to the living'))
  ports(B).sendDatagram(A, bytesOf('from the living'))
  world.run(200)
  assert.equal(ticksCount, 0)
  assert.deepEqual(texts(B), [`${A} to the living`])
  assert.deepEqual(texts(A), [`${B} from the living`])
  assert.notEqual(old.monotonicMs(), ports(B).monotonicMs())
  assert.notEqual(old.random(), ports(B).random())
})

test('restart ends the former life and begins the next in one step', () => {
  const { world, ports, texts } = worldOf()
  const heard: string[] = []
  ports(B).after(50, () => heard.push('old timer'))
  world.restart(B, (own) => {
    own.after(60, () => heard.push('new timer'))
    return { onDatagram: () => heard.push('datagram'), onStream() {}, onStreamFailed() {} }
  })
  ports(A).sendDatagram(B, bytesOf('x'))
  world.run(100)
  assert.deepEqual(heard, ['datagram', 'new timer'])
  assert.deepEqual(texts(B), [])
})

// Streams

test('streams from one life to another keep their order, whatever the loss, and lose nothing', () => {
  const { world, ports, texts } = worldOf({ links: { latencyMsMin: 1, latencyMsMax: 50, lossRate: 0.3 } })
  const sent: string[] = []
  for (let at = 0; at < 300; at++) {
    const bytes = bytesOf(String(at))
    ports(A).sendStream(B, bytes)
    // The bytes are the sender's again after the call.
    bytes.fill(0)
    sent.push(`${A} stream ${at}`)
    world.runFor(3)
  }
  world.runFor(60_000)
  assert.deepEqual(texts(B), sent)
  assert.deepEqual(texts(A), [])
})

test('a stream to nobody fails after the way there and back', () => {
  const { world, ports, received } = worldOf({ links: { latencyMsMin: 5, latencyMsMax: 5 } })
  world.crash(B)
  ports(A).sendStream(B, bytesOf('x'))
  ports(A).sendStream('10.9.9.9:1', bytesOf('x'))
  world.run(100)
  assert.deepEqual(received(A), [
    { atMs: 10, text: `failed ${B}` },
    { atMs: 10, text: 'failed 10.9.9.9:1' },
  ])
  assert.equal(world.counters(A).streamsFailed, 2)
})

test('a stream over a cut fails after the timeout, whichever direction is cut, and one on its way too', () => {
  const { world, ports, received } = worldOf({ links: { latencyMsMin: 5, latencyMsMax: 5 } })
  ports(A).sendStream(C, bytesOf('on its way'))
  world.run(1)
  world.cut(A, B)
  world.partition([C])
  ports(B).sendStream(A, bytesOf('no way back'))
  world.run(20_000)
  assert.deepEqual(received(A), [{ atMs: 10_000, text: `failed ${C}` }])
  assert.deepEqual(received(B), [{ atMs: 10_001, text: `failed ${A}` }])
  assert.deepEqual(received(C), [])
})

test('a stream to a life that ended on the way does not reach the next one', () => {
  const { world, ports, begin, texts } = worldOf({ links: { latencyMsMin: 5, latencyMsMax: 5 } })
  ports(A).sendStream(B, bytesOf('to the first'))
  world.run(1)
  world.crash(B)
  begin(B)
  world.run(100)
  assert.deepEqual(texts(B), [])
  assert.deepEqual(texts(A), [`failed ${B}`])
})

test('what a paused host had not read when it crashed comes back to the senders as failed', () => {
  const { world, ports, texts } = worldOf()
  world.pause(B)
  ports(A).sendStream(B, bytesOf('unread'))
  world.run(100)
  assert.deepEqual(texts(A), [])
  world.crash(B)
  world.run(200)
  assert.deepEqual(texts(A), [`failed ${B}`])
})

test('a paused host takes streams until its buffers are full; then they fail', () => {
  const { world, ports, texts } = worldOf({ limits: { streamBufferBytesMax: 2500 } })
  world.pause(B)
  for (let at = 0; at < 4; at++) ports(A).sendStream(B, new Uint8Array(1000))
  world.run(20_000)
  assert.deepEqual(texts(A), [`failed ${B}`, `failed ${B}`])
  world.resume(B)
  world.run(20_001)
  assert.equal(texts(B).length, 2)
})
