import assert from 'node:assert/strict'
import test from 'node:test'
import { InProcessClusterTransport, InProcessRegistry } from '../../gossip/wire/in-process.ts'

type Event = readonly [kind: string, peer: string, bytes?: readonly number[]]

class Bench {
  readonly due: (() => void)[] = []
  readonly network: InProcessRegistry

  constructor(inFlightCountMax?: number) {
    const timing = { after: (_delayMs: number, run: () => void) => void this.due.push(run) }
    this.network = new InProcessRegistry(timing, inFlightCountMax)
  }

  transport(address: string): { transport: InProcessClusterTransport; events: Event[] } {
    const events: Event[] = []
    const transport = new InProcessClusterTransport(this.network, address, {
      onDatagram: (from, bytes) => events.push(['datagram', from, [...bytes]]),
      onStream: (from, bytes) => events.push(['stream', from, [...bytes]]),
      onStreamFailed: (to) => events.push(['failed', to]),
    })
    transport.start()
    return { transport, events }
  }

  run(): void {
    for (const run of this.due.splice(0)) run()
  }
}

test('datagrams and streams reach the transport of that address, later and in order', () => {
  const bench = new Bench()
  const [a, b] = [bench.transport('a:1'), bench.transport('b:1')]
  a.transport.sendDatagram('b:1', Uint8Array.of(1))
  a.transport.sendStream('b:1', Uint8Array.of(2))
  assert.deepEqual(b.events, [])
  bench.run()
  assert.deepEqual(b.events, [
    ['datagram', 'a:1', [1]],
    ['stream', 'a:1', [2]],
  ])
  assert.deepEqual(bench.network.counters, { delivered: 2, datagramsLost: 0, streamsFailed: 0 })
})

test('the bytes belong to the sender again after the call, also those of a Buffer', () => {
  const bench = new Bench()
  const [a, b] = [bench.transport('a:1'), bench.transport('b:1')]
  for (const bytes of [Uint8Array.of(1), Buffer.from([1])]) {
    a.transport.sendDatagram('b:1', bytes)
    bytes.fill(9)
  }
  bench.run()
  assert.deepEqual(
    b.events.map(([, , bytes]) => bytes),
    [[1], [1]],
  )
})

test('who shares the registry can be discovered, and an address belongs to one', () => {
  const bench = new Bench()
  const { transport } = bench.transport('a:1')
  bench.transport('b:1')
  assert.deepEqual(bench.network.addresses, ['a:1', 'b:1'])
  transport.start()
  assert.throws(() => bench.transport('a:1'), /a:1 is taken/)
  transport.stop()
  transport.stop()
  assert.deepEqual(bench.network.addresses, ['b:1'])
  bench.transport('a:1')
})

test('transports of different registries do not hear each other', () => {
  const [one, two] = [new Bench(), new Bench()]
  const a = one.transport('a:1')
  const b = two.transport('b:1')
  a.transport.sendDatagram('b:1', Uint8Array.of(1))
  one.run()
  two.run()
  assert.deepEqual(b.events, [])
})

test('a datagram to nobody is lost, a stream to nobody comes back as a failure', () => {
  const bench = new Bench()
  const { transport, events } = bench.transport('a:1')
  transport.sendDatagram('nobody:1', Uint8Array.of(1))
  transport.sendStream('nobody:1', Uint8Array.of(1))
  bench.run()
  bench.run()
  assert.deepEqual(events, [['failed', 'nobody:1']])
  assert.deepEqual(bench.network.counters, { delivered: 0, datagramsLost: 1, streamsFailed: 1 })
})

test('a transport that has stopped sends nothing, gets nothing and is told nothing', () => {
  const bench = new Bench()
  const [a, b] = [bench.transport('a:1'), bench.transport('b:1')]
  a.transport.sendDatagram('b:1', Uint8Array.of(1))
  b.transport.stop()
  b.transport.sendDatagram('a:1', Uint8Array.of(1))
  a.transport.sendStream('b:1', Uint8Array.of(1))
  a.transport.stop()
  bench.run()
  bench.run()
  assert.deepEqual([a.events, b.events], [[], []])
})

test('a full network loses datagrams and fails streams, told once for each address', () => {
  const bench = new Bench(10)
  const [a, b] = [bench.transport('a:1'), bench.transport('b:1')]
  for (let count = 0; count < 30; count++) a.transport.sendDatagram('b:1', Uint8Array.of(count))
  for (let count = 0; count < 30; count++) a.transport.sendStream('b:1', Uint8Array.of(count))
  assert.equal(bench.due.length, 11)
  bench.run()
  assert.equal(b.events.length, 10)
  assert.deepEqual(a.events, [['failed', 'b:1']])
  assert.deepEqual(bench.network.counters, { delivered: 10, datagramsLost: 20, streamsFailed: 30 })
})
