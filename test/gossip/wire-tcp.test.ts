import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import net from 'node:net'
import test, { type TestContext } from 'node:test'
import { framed } from '../../gossip/wire/frame-reader.ts'
import { encodeHello, HELLO_BYTES_MAX } from '../../gossip/wire/tcp-hello.ts'
import type { TcpLimits } from '../../gossip/wire/tcp-limits.ts'
import { openTcp, type TcpDoor, type TcpOptions } from '../../gossip/wire/tcp.ts'

const LOOPBACK = '127.0.0.1'

class Opened {
  readonly heard: { from: string; bytes: Uint8Array }[] = []
  readonly failed: string[] = []
  readonly door: TcpDoor
  #wake = () => {}

  static async open(t: TestContext, limits: Partial<TcpLimits> = {}, options: Partial<TcpOptions> = {}) {
    let opened: Opened | undefined
    const door = await openTcp({
      host: LOOPBACK,
      port: 0,
      label: 'mesh',
      listeningAddress: () => opened!.address,
      onStream: (from, bytes) => opened!.onStream(from, bytes),
      onFailed: (to) => opened!.onFailed(to),
      isKnownAddress: () => false,
      limits: { sweepMs: 10, ...limits },
      ...options,
    })
    opened = new Opened(door)
    t.after(() => door.close())
    return opened
  }

  constructor(door: TcpDoor) {
    this.door = door
  }

  get address(): string {
    return `${LOOPBACK}:${this.door.port}`
  }

  onStream(from: string, bytes: Uint8Array): void {
    this.heard.push({ from, bytes: new Uint8Array(bytes) })
    this.#wake()
  }

  onFailed(to: string): void {
    this.failed.push(to)
    this.#wake()
  }

  /** Resolves when the events so far are what is waited for. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }
}

const HELLO = framed(encodeHello('mesh', '127.0.0.1:9'))

/** Resolves with the socket once it is connected; whatever happens to it later is no error. */
async function dial(t: TestContext, { door }: Opened): Promise<net.Socket> {
  const socket = net.connect(door.port, LOOPBACK)
  socket.on('error', () => undefined)
  socket.resume()
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  return socket
}

/** Resolves when the other side has had enough. */
async function closed(socket: net.Socket): Promise<void> {
  if (!socket.destroyed) await new Promise((resolve) => socket.once('close', resolve))
}

/** Polls a figure that no event tells of. */
async function becomes(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setImmediate(resolve))
}

async function stillWorks(t: TestContext, server: Opened): Promise<void> {
  const client = await Opened.open(t)
  const count = server.heard.length
  client.door.sendStream(server.address, Uint8Array.of(42))
  await server.until(() => server.heard.length > count)
  assert.deepEqual(server.heard.at(-1), { from: client.address, bytes: Uint8Array.of(42) })
}

test('messages arrive whole and in order, with the address where the sender listens', async (t) => {
  const [a, b] = [await Opened.open(t), await Opened.open(t)]
  const messages = [1, 10, 100_000, 3_000_000, 5].map((length) => new Uint8Array(randomBytes(length)))
  for (const message of messages) {
    const lent = message.slice()
    a.door.sendStream(b.address, lent)
    lent.fill(0)
  }
  await b.until(() => b.heard.length === messages.length)
  assert.deepEqual(
    b.heard,
    messages.map((bytes) => ({ from: a.address, bytes })),
  )
  b.door.sendStream(b.heard[0]!.from, Uint8Array.of(1))
  await a.until(() => a.heard.length === 1)
  assert.equal(a.heard[0]!.from, b.address)
  assert.equal(a.door.counters.dialled, 1)
  assert.equal(b.door.counters.accepted, 1)
  assert.equal(b.door.counters.framesReceived, messages.length)
})

test('a port that is taken gives a clear error, and a later opening works', async (t) => {
  const first = await Opened.open(t)
  const { port } = first.door
  await assert.rejects(Opened.open(t, {}, { port }), {
    message: `cannot listen on TCP ${LOOPBACK}:${port} for gossip: EADDRINUSE`,
  })
  await Promise.all([first.door.close(), first.door.close()])
  await stillWorks(t, await Opened.open(t, {}, { port }))
})

test('a peer that is not there is a failure, told in a later turn', async (t) => {
  const [a, gone] = [await Opened.open(t), await Opened.open(t)]
  await gone.door.close()
  a.door.sendStream(gone.address, Uint8Array.of(1))
  a.door.sendStream(gone.address, Uint8Array.of(2))
  assert.deepEqual(a.failed, [])
  await a.until(() => a.failed.length > 0)
  assert.deepEqual(a.failed, [gone.address])
  assert.equal(a.door.counters.framesFailed, 2)
  assert.equal(a.door.counters.dialsFailed, 1)
})

test('a dial that leads nowhere is given up', async (t) => {
  const a = await Opened.open(t, { dialMs: 40 })
  a.door.sendStream('192.0.2.1:9', Uint8Array.of(1))
  await a.until(() => a.failed.length === 1)
  assert.equal(a.door.counters.dialsFailed, 1)
  assert.equal(a.door.counters.framesFailed, 1)
})

test('after a failure the peer rests, then it is dialled again', async (t) => {
  const gone = await Opened.open(t)
  await gone.door.close()
  const a = await Opened.open(t, { backOffMinMs: 30, backOffMaxMs: 30 })
  a.door.sendStream(gone.address, Uint8Array.of(1))
  await a.until(() => a.failed.length === 1)
  a.door.sendStream(gone.address, Uint8Array.of(2))
  assert.equal(a.failed.length, 1)
  await a.until(() => a.failed.length === 2)
  assert.deepEqual([a.door.counters.dialled, a.door.counters.framesRefused], [1, 1])

  const back = await Opened.open(t, {}, { port: gone.door.port })
  while (back.heard.length === 0) {
    a.door.sendStream(back.address, Uint8Array.of(3))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.deepEqual(back.heard[0], { from: a.address, bytes: Uint8Array.of(3) })
})

test('a peer that comes back after its end is reached by a new connection', async (t) => {
  const a = await Opened.open(t, { backOffMinMs: 1, backOffMaxMs: 1 })
  const former = await Opened.open(t)
  a.door.sendStream(former.address, Uint8Array.of(1))
  await former.until(() => former.heard.length === 1)
  await former.door.close()
  const again = await Opened.open(t, {}, { port: former.door.port })
  while (again.heard.length === 0) {
    a.door.sendStream(again.address, Uint8Array.of(2))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.ok(a.door.counters.dialled >= 2)
})

test('what no stream can carry is refused and told', async (t) => {
  const a = await Opened.open(t, { frameBytesMax: 1000 })
  a.door.sendStream('127.0.0.1:1', new Uint8Array(1001))
  a.door.sendStream('nonsense', Uint8Array.of(1))
  a.door.sendStream('127.0.0.1:70000', Uint8Array.of(1))
  await a.until(() => a.failed.length === 3)
  assert.deepEqual(a.failed, ['127.0.0.1:1', 'nonsense', '127.0.0.1:70000'])
  assert.equal(a.door.counters.framesRefused, 3)
  assert.equal(a.door.counters.dialled, 0)
})

/** A peer that accepts and never reads. */
async function deafPeer(t: TestContext): Promise<string> {
  const sockets: net.Socket[] = []
  const server = net.createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  server.listen(0, LOOPBACK)
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `${LOOPBACK}:${(server.address() as net.AddressInfo).port}`
}

test('the queue for a peer that does not read is bounded by count and by bytes', async (t) => {
  const deaf = await deafPeer(t)
  const a = await Opened.open(t, { queueCountMax: 5 })
  for (let count = 0; count < 20; count++) a.door.sendStream(deaf, Uint8Array.of(count))
  assert.equal(a.door.counters.framesRefused, 15)
  const b = await Opened.open(t, { queueBytesMax: 25_000_000 })
  for (let count = 0; count < 10; count++) b.door.sendStream(deaf, new Uint8Array(10_000_000))
  assert.equal(b.door.counters.framesRefused, 8)
  await b.until(() => b.failed.length === 1)
})

test('what a peer does not take in time has failed', async (t) => {
  const deaf = await deafPeer(t)
  const a = await Opened.open(t, { deliveryMs: 40 })
  a.door.sendStream(deaf, new Uint8Array(12_000_000))
  await a.until(() => a.failed.length === 1)
  assert.equal(a.door.counters.framesFailed, 1)
})

test('connections that nobody uses are closed by the side that dialled, and forgotten', async (t) => {
  const [a, b] = [await Opened.open(t, { outboundIdleMs: 30 }), await Opened.open(t)]
  a.door.sendStream(b.address, Uint8Array.of(1))
  await b.until(() => b.heard.length === 1)
  await becomes(() => a.door.outboundCount === 0 && b.door.inboundCount === 0)
  assert.deepEqual(a.failed, [])
  assert.equal(b.door.counters.closedIdle, 0)
  a.door.sendStream(b.address, Uint8Array.of(2))
  await b.until(() => b.heard.length === 2)
})

test('the table of peers is bounded: the idlest gives way, and when none is idle the newcomer is refused', async (t) => {
  const a = await Opened.open(t, { outboundCountMax: 2 })
  const peers = [await Opened.open(t), await Opened.open(t), await Opened.open(t)]
  for (const peer of peers) {
    a.door.sendStream(peer.address, Uint8Array.of(1))
    await peer.until(() => peer.heard.length === 1)
    await becomes(() => a.door.counters.framesSent === peers.indexOf(peer) + 1)
  }
  assert.equal(a.door.outboundCount, 2)
  await becomes(() => peers[0]!.door.inboundCount === 0)
  const b = await Opened.open(t, { outboundCountMax: 1 })
  b.door.sendStream(await deafPeer(t), new Uint8Array(12_000_000))
  b.door.sendStream(peers[0]!.address, Uint8Array.of(1))
  assert.equal(b.door.counters.framesRefused, 1)
})

test('closing lets what was sent arrive', async (t) => {
  const [a, b] = [await Opened.open(t), await Opened.open(t)]
  a.door.sendStream(b.address, Uint8Array.of(1))
  await b.until(() => b.heard.length === 1)
  a.door.sendStream(b.address, new Uint8Array(5_000_000))
  await a.door.close()
  await b.until(() => b.heard.length === 2)
  a.door.sendStream(b.address, Uint8Array.of(3))
  assert.equal(a.door.counters.framesRefused, 1)
})

test('whoever does not begin with a hello to this mesh is closed at once', async (t) => {
  const server = await Opened.open(t)
  const openings = [
    Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    Buffer.from([0, 0, 0, 0]),
    framed(Buffer.from('nonsense')),
    framed(encodeHello('other-mesh', '127.0.0.1:9')),
    framed(encodeHello('mesh', 'nonsense')),
    framed(Buffer.alloc(HELLO_BYTES_MAX + 1)),
    framed(randomBytes(60)),
  ]
  for (const opening of openings) {
    const socket = await dial(t, server)
    socket.write(opening)
    await closed(socket)
  }
  assert.equal(server.door.counters.closedBadHello, openings.length)
  assert.deepEqual(server.heard, [])
  assert.equal(server.door.halfFramesBytes, 0)
  await stillWorks(t, server)
})

test('whoever says nothing, or half a hello, is closed after a while', async (t) => {
  const server = await Opened.open(t, { helloMs: 40 })
  const silent = await dial(t, server)
  const half = await dial(t, server)
  half.write(HELLO.subarray(0, 10))
  await Promise.all([closed(silent), closed(half)])
  assert.equal(server.door.counters.closedNoHello, 2)
  await stillWorks(t, server)
})

test('a length beyond the limit closes the connection before anything is kept for it', async (t) => {
  const server = await Opened.open(t)
  for (const length of [
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    Buffer.from([1, 0, 0, 1]),
    Buffer.from([0, 0, 0, 0]),
  ]) {
    const socket = await dial(t, server)
    socket.write(Buffer.concat([HELLO, length]))
    await closed(socket)
  }
  assert.equal(server.door.counters.closedBadFrame, 3)
  assert.equal(server.door.halfFramesBytes, 0)
  await stillWorks(t, server)
})

test('half a frame is held for a limited time, however its bytes trickle', async (t) => {
  const server = await Opened.open(t, { frameMs: 60 })
  const socket = await dial(t, server)
  socket.write(Buffer.concat([HELLO, Buffer.from([0, 0, 1, 0, 7])]))
  const trickle = setInterval(() => socket.write(Buffer.from([7])), 5)
  await closed(socket)
  clearInterval(trickle)
  assert.equal(server.door.counters.closedSlowFrame, 1)
  await becomes(() => server.door.halfFramesBytes === 0)
  await stillWorks(t, server)
})

test('half frames of all connections together are bounded', async (t) => {
  const server = await Opened.open(t, { frameBytesMax: 100_000, halfFramesBytesMax: 250_000 })
  const half = Buffer.concat([HELLO, framed(Buffer.alloc(100_000)).subarray(0, 90_000)])
  const sockets = await Promise.all([1, 2, 3, 4, 5].map(() => dial(t, server)))
  for (const socket of sockets) socket.write(half)
  await becomes(
    () => server.door.counters.bytesReceived >= half.length && server.door.counters.closedHalfFrames >= 3,
  )
  assert.ok(server.door.halfFramesBytes <= 250_000)
  await stillWorks(t, server)
})

test('connections are limited in all and for one host, and those that end make room', async (t) => {
  const perHost = await Opened.open(t, { inboundPerHostMax: 3 })
  const sockets = []
  for (let count = 0; count < 3; count++) sockets.push(await dial(t, perHost))
  await closed(await dial(t, perHost))
  assert.equal(perHost.door.counters.refusedHost, 1)
  for (const socket of sockets) socket.destroy()
  await becomes(() => perHost.door.inboundCount === 0)
  await stillWorks(t, perHost)

  const all = await Opened.open(t, { inboundCountMax: 3 })
  for (let count = 0; count < 3; count++) await dial(t, all)
  await closed(await dial(t, all))
  assert.equal(all.door.counters.refusedFull, 1)
  assert.equal(all.door.inboundCount, 3)
})

test('a connection on which nothing more comes is closed in the end', async (t) => {
  const server = await Opened.open(t, { inboundIdleMs: 40 })
  const socket = await dial(t, server)
  socket.write(HELLO)
  await closed(socket)
  assert.equal(server.door.counters.closedIdle, 1)
})

test('an answer goes to the host it was asked from, unless a member lives where the hello says', async (t) => {
  const claimed = framed(encodeHello('mesh', 'victim.example:9'))
  const [wary, informed] = [
    await Opened.open(t),
    await Opened.open(t, {}, { isKnownAddress: (address) => address === 'victim.example:9' }),
  ]
  for (const server of [wary, informed]) {
    const socket = await dial(t, server)
    socket.write(Buffer.concat([claimed, framed(Uint8Array.of(1))]))
    await server.until(() => server.heard.length === 1)
  }
  assert.equal(wary.heard[0]!.from, '127.0.0.1:9')
  assert.equal(informed.heard[0]!.from, 'victim.example:9')
})

test('a receiver that throws is reported, and its connection and the others live on', async (t) => {
  const reports: string[] = []
  let count = 0
  const server: Opened = await Opened.open(
    t,
    {},
    {
      onStream: (from, bytes) => (++count === 1 ? assert.fail('on purpose') : server.onStream(from, bytes)),
      onError: (what, error) => reports.push(`${what}: ${(error as Error).message}`),
    },
  )
  const socket = await dial(t, server)
  socket.write(Buffer.concat([HELLO, framed(Uint8Array.of(1)), framed(Uint8Array.of(2))]))
  await server.until(() => server.heard.length === 1)
  assert.deepEqual(reports, ['a stream frame: on purpose'])
  await stillWorks(t, server)
})

test('many hostile connections at once harm nobody', async (t) => {
  const server = await Opened.open(t, { helloMs: 600, frameMs: 600 })
  const hostile = await Promise.all(
    Array.from({ length: 100 }, async (_, at) => {
      const socket = await dial(t, server)
      if (at % 4 === 0) socket.write(randomBytes(5000))
      else if (at % 4 === 1) socket.write(HELLO.subarray(0, at % HELLO.length))
      else if (at % 4 === 2)
        socket.write(Buffer.concat([HELLO, Buffer.from([0, 100, 0, 0]), randomBytes(3000)]))
      else if (at % 8 === 3) socket.resetAndDestroy()
      return socket
    }),
  )
  await stillWorks(t, server)
  await Promise.all(hostile.map(closed))
  await becomes(() => server.door.halfFramesBytes === 0)
  assert.equal(server.heard.length, 1)
})
