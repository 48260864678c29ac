import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import test, { type TestContext } from 'node:test'
import type { Message, Sender } from '../../gossip/messages.ts'
import { WireCourier } from '../../gossip/wire/courier.ts'
import { Keyring } from '../../gossip/wire/keyring.ts'
import { openUdp, type UdpDoor, type UdpOptions } from '../../gossip/wire/udp.ts'
import { ASK, codec, Desk, droppedCount, keyOf, NOTE } from './wire-desk.ts'

const LOOPBACK = '127.0.0.1'

interface Opened {
  readonly door: UdpDoor
  readonly address: string
  readonly heard: { from: string; bytes: Uint8Array }[]
  /** Resolves when so many datagrams have been heard in all. */
  hasHeard(count: number): Promise<void>
}

async function open(t: TestContext, options: Partial<UdpOptions> = {}): Promise<Opened> {
  const heard: { from: string; bytes: Uint8Array }[] = []
  let wake = () => {}
  const door = await openUdp({
    host: LOOPBACK,
    port: 0,
    onDatagram: (from, bytes) => {
      heard.push({ from, bytes: new Uint8Array(bytes) })
      wake()
    },
    ...options,
  })
  t.after(() => door.close())
  const hasHeard = async (count: number) => {
    while (heard.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { door, address: `${LOOPBACK}:${door.port}`, heard, hasHeard }
}

/** A courier on a real socket; it answers every question. */
async function openCourier(t: TestContext, id: string, keys: readonly Uint8Array[]) {
  const keyring = new Keyring({ onKeyWorn: () => undefined })
  for (const key of keys) keyring.install(key)
  const heard: { sender: Sender; message: Message }[] = []
  let wake = () => {}
  const opened = await open(t, {
    onTurn: () => courier.onTurn(),
    onDatagram: (from, bytes) => courier.onDatagram(from, bytes),
  })
  const { door } = opened
  const courier: WireCourier = new WireCourier(
    { selfId: id, label: 'mesh' },
    codec,
    {
      monotonicMs: () => performance.now(),
      wallMs: () => Date.now(),
      after: () => undefined,
      random: () => Math.random(),
      randomBytes: (count) => randomBytes(count),
      sendDatagram: (to, bytes) => door.sendDatagram(to, bytes),
      sendStream: () => assert.fail('nothing here is that long'),
    },
    keyring,
    {
      receive: (sender, message) => {
        heard.push({ sender, message })
        if (message[0] === ASK) courier.send(sender.address, [NOTE, 'answer', message[1]])
        wake()
      },
      takeBroadcasts: () => [],
      isKnownAddress: () => false,
    },
  )
  const nextHeard = () => new Promise<void>((resolve) => (wake = resolve))
  return { ...opened, courier, messages: heard, nextHeard }
}

test('a datagram arrives with the address of its sender', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  const bytes = Uint8Array.of(1, 2, 3)
  a.door.sendDatagram(b.address, bytes)
  bytes.fill(9)
  await b.hasHeard(1)
  assert.deepEqual(b.heard, [{ from: a.address, bytes: Uint8Array.of(1, 2, 3) }])
})

test('a port that is taken gives a clear error, and a later opening works', async (t) => {
  const first = await open(t)
  const { port } = first.door
  await assert.rejects(open(t, { port }), {
    message: `cannot bind UDP ${LOOPBACK}:${port} for gossip: EADDRINUSE`,
  })
  await first.door.close()
  const second = await open(t, { port })
  const sender = await open(t)
  sender.door.sendDatagram(second.address, Uint8Array.of(1))
  await second.hasHeard(1)
})

test('a host that is not ours gives a clear error', async (t) => {
  await assert.rejects(
    open(t, { host: '192.0.2.1' }),
    /cannot bind UDP 192\.0\.2\.1:0 for gossip: EADDRNOTAVAIL/,
  )
})

test('closing twice is closing once, and nothing is sent or heard after it', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  await Promise.all([a.door.close(), a.door.close()])
  await a.door.close()
  a.door.sendDatagram(b.address, Uint8Array.of(1))
  assert.deepEqual([a.door.counters.sent, a.door.counters.sendsFailed], [0, 0])
})

test('what cannot be sent is counted and harms nobody', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  const counted = async (name: 'sendsTooLong' | 'sendsFailed', to: string, bytes: Uint8Array) => {
    a.door.sendDatagram(to, bytes)
    while (a.door.counters[name] === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await counted('sendsTooLong', b.address, new Uint8Array(70_000))
  await counted('sendsFailed', `${LOOPBACK}:70000`, Uint8Array.of(1))
  a.door.sendDatagram(b.address, Uint8Array.of(1))
  await b.hasHeard(1)
})

test('nobody listening there is no error', async (t) => {
  const [a, b, gone] = [await open(t), await open(t), await open(t)]
  await gone.door.close()
  for (let count = 0; count < 20; count++) {
    a.door.sendDatagram(gone.address, Uint8Array.of(1))
    await new Promise((resolve) => setImmediate(resolve))
  }
  a.door.sendDatagram(b.address, Uint8Array.of(2))
  await b.hasHeard(1)
})

test('a name is looked up once and its datagrams wait for it', async (t) => {
  const [a, b] = [await open(t), await open(t)]
  for (let count = 0; count < 5; count++)
    a.door.sendDatagram(`localhost:${b.door.port}`, Uint8Array.of(count))
  await b.hasHeard(5)
  assert.deepEqual(
    b.heard.map(({ bytes }) => bytes[0]),
    [0, 1, 2, 3, 4],
  )
  assert.equal(a.door.names.counters.asked, 1)
})

test('a receiver that throws is reported and the socket lives on', async (t) => {
  const reports: string[] = []
  let count = 0
  const b = await open(t, {
    onDatagram: () => assert.fail(`number ${++count}`),
    onError: (what, error) => {
      reports.push(`${what}: ${(error as Error).message}`)
      if (reports.length === 1) a.door.sendDatagram(b.address, Uint8Array.of(1))
      else finish()
    },
  })
  let finish = () => {}
  const finished = new Promise<void>((resolve) => (finish = resolve))
  const a = await open(t)
  a.door.sendDatagram(b.address, Uint8Array.of(1))
  await finished
  assert.deepEqual(reports, ['a datagram: number 1', 'a datagram: number 2'])
  assert.equal(b.door.counters.handlerErrors, 2)
})

test('every turn of the event loop that brings datagrams is announced before them', async (t) => {
  const order: string[] = []
  let finish = () => {}
  const finished = new Promise<void>((resolve) => (finish = resolve))
  const b = await open(t, {
    onTurn: () => order.push('turn'),
    onDatagram: () => {
      order.push('datagram')
      if (order.filter((what) => what === 'datagram').length === 3) finish()
    },
  })
  const a = await open(t)
  for (let count = 0; count < 3; count++) a.door.sendDatagram(b.address, Uint8Array.of(1))
  await finished
  assert.equal(order[0], 'turn')
  assert.doesNotMatch(order.join(' '), /turn turn/)
})

test('IPv4 and IPv6 peers reach a socket that listens on both', async (t) => {
  const dual = await open(t, { host: '::' }).catch(() => undefined)
  if (dual === undefined) return t.skip('no IPv6 here')
  const v4 = await open(t)
  v4.door.sendDatagram(`${LOOPBACK}:${dual.door.port}`, Uint8Array.of(4))
  await dual.hasHeard(1)
  assert.equal(dual.heard[0]!.from, v4.address)
  dual.door.sendDatagram(v4.address, Uint8Array.of(5))
  await v4.hasHeard(1)
  const v6 = await open(t, { host: '::1' }).catch(() => undefined)
  if (v6 === undefined) return
  v6.door.sendDatagram(`[::1]:${dual.door.port}`, Uint8Array.of(6))
  await dual.hasHeard(2)
  assert.equal(dual.heard[1]!.from, `[::1]:${v6.door.port}`)
})

/** About 20,000 datagrams a second for `durationMs`, from several sockets, yielding to the event loop in between. */
async function flood(packets: readonly Uint8Array[], port: number, durationMs: number): Promise<number> {
  const sockets = [0, 1, 2, 3].map(() => dgram.createSocket('udp4'))
  const startedMs = performance.now()
  let sentCount = 0
  for (;;) {
    const elapsedMs = performance.now() - startedMs
    if (elapsedMs >= durationMs) break
    for (let burst = 0; burst < 100 && sentCount < elapsedMs * 20; burst++) {
      const packet = packets[sentCount % packets.length]!
      sockets[sentCount % sockets.length]!.send(packet, port, LOOPBACK)
      sentCount++
    }
    await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(
    sockets.map((socket) => {
      const closed = once(socket, 'close')
      socket.close()
      return closed
    }),
  )
  return sentCount
}

for (const keys of [[], [keyOf(1)]]) {
  const mode = keys.length === 0 ? 'without' : 'with'

  test(`a node ${mode} keys survives 20,000 bad datagrams a second and answers an honest one among them`, async (t) => {
    const server = await openCourier(t, 'server', keys)
    const client = await openCourier(t, 'client', keys)
    const good = new Desk('client', { keys }).packetOf([ASK, 1, 'server']).bytes
    const foreign = new Desk('client', { keys: [keyOf(9)] }).packetOf([ASK, 1, 'server']).bytes
    const packets = [
      foreign,
      good.slice(0, 20),
      new Uint8Array(1490),
      new Uint8Array(randomBytes(200)),
      new Uint8Array(randomBytes(1)),
      good.map((byte, at) => (at === good.length - 1 ? byte ^ 0x80 : byte)),
    ]
    let sequence = 0
    const isAnswered = async (mayGoOn: () => boolean) => {
      const first = ++sequence
      const hasAnswer = () => client.messages.some(({ message }) => (message[2] as number) >= first)
      // A datagram may be lost; an honest asker asks again.
      for (; !hasAnswer() && mayGoOn(); sequence++) {
        client.courier.send(server.address, [ASK, sequence, 'server'])
        await Promise.race([client.nextHeard(), new Promise((resolve) => setTimeout(resolve, 20))])
      }
      return hasAnswer()
    }
    let isFlooding = true
    const flooding = flood(packets, server.door.port, 1500).finally(() => {
      isFlooding = false
    })
    assert.ok(await isAnswered(() => isFlooding), 'no honest question was answered during the flood')
    const sentCount = await flooding
    assert.ok(await isAnswered(() => true))

    const { counters } = server.courier
    assert.equal(counters.datagramsReceived, server.door.counters.received)
    assert.equal(droppedCount(counters) + counters.packetsOpened, counters.datagramsReceived)
    assert.ok(server.messages.every(({ sender }) => sender.address === client.address))
    t.diagnostic(
      `sent ${sentCount}, received ${counters.datagramsReceived}, ${JSON.stringify(counters.dropped)}`,
    )
    assert.ok(sentCount > 5000 && droppedCount(counters) > 5000)
  })
}
