/* The same links over real sockets on this machine. */
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { randomBytes } from 'node:crypto'
import net from 'node:net'
import test from 'node:test'
import { Log } from '../../src/log.ts'
import { Pool } from '../../src/mesh/pool.ts'
import { type Listening, TcpWires } from '../../src/mesh/tcp.ts'
import { Verbs, verbs } from '../../src/mesh/verbs.ts'

interface RealNode {
  pool: Pool
  verbs: Verbs
  address: string
  events: string[]
  listening: Listening
  stop(): void
}

async function startNode(id: string, secret = 'shh'): Promise<RealNode> {
  const wires = new TcpWires()
  const table = new Verbs()
  const events: string[] = []
  let pool: Pool | undefined
  const listening = await wires.listen({
    hosts: ['127.0.0.1'],
    port: 0,
    connectionsMax: 100,
    accept: (wire, remote) => pool!.accept(wire, remote),
    mayEnter: (address) => address === '127.0.0.1',
  })
  const address = `127.0.0.1:${listening.port}`
  pool = new Pool({
    identity: { cluster: 'test', id, birth: Date.now(), address, features: [], secret },
    wires,
    verbs: table,
    ports: {
      monotonicMs: () => performance.now(),
      wallMs: () => Date.now(),
      random: Math.random,
      randomBytes: (count) => randomBytes(count),
    },
    log: new Log({ sink: () => {}, nowMs: () => Date.now() }),
    events: {
      onLinkUp: (peer) => void events.push(`up ${peer}`),
      onLinkDown: (peer, isLost) => void events.push(`down ${peer} ${isLost}`),
      onUnreachable: (_address, peer, wasRefused) => void events.push(`unreachable ${peer} ${wasRefused}`),
    },
    wake: () => void setImmediate(() => pool!.flush()),
    onFault: (error) => {
      throw error
    },
  })
  const ticker = setInterval(() => pool!.onTick(performance.now()), 50)
  const stop = () => {
    clearInterval(ticker)
    listening.close()
    pool!.close()
  }
  return { pool, verbs: table, address, events, listening, stop }
}

async function until(isDone: () => boolean): Promise<void> {
  const endsAtMs = performance.now() + 20000
  while (!isDone()) {
    assert.ok(performance.now() < endsAtMs, 'it takes too long')
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function withPair(run: (a: RealNode, b: RealNode) => Promise<void>): Promise<void> {
  const a = await startNode('a')
  const b = await startNode('b')
  const members = [
    { id: 'a', address: a.address },
    { id: 'b', address: b.address },
  ]
  a.pool.onMembers(members)
  b.pool.onMembers(members)
  try {
    await run(a, b)
  } finally {
    a.stop()
    b.stop()
  }
}

test('asks of every size are answered over TCP, with both sides dialling', async () => {
  await withPair(async (a, b) => {
    for (const node of [a, b])
      node.verbs.bind('forward', (from, arrival) => {
        from.answer(arrival.correlation, [], arrival.bytes, arrival.start, arrival.end)
      })
    const sizes = [0, 1, 1000, 100000, 131072, 3000000, 20000000]
    let doneCount = 0
    for (const [from, to] of [
      [a, 'b'],
      [b, 'a'],
    ] as const)
      for (const size of sizes) {
        const sent = Buffer.alloc(size, size % 251)
        from.pool.ask(to, verbs.forward, [1], sent, 15000, (outcome) => {
          assert.equal(outcome.kind, 'answer')
          if (outcome.kind === 'answer') assert.ok(outcome.body.equals(sent))
          doneCount++
        })
      }
    await until(() => doneCount === sizes.length * 2)
    await until(() => a.pool.linksCount === 1 && b.pool.linksCount === 1)
    assert.deepEqual(a.events, ['up b'])
    assert.equal(a.pool.describe()[0]!.direction, 'to')
    assert.equal(b.pool.describe()[0]!.direction, 'from')
  })
})

test('many small frames go through TCP in order', async () => {
  await withPair(async (a, b) => {
    let nextNumber = 0
    b.verbs.bind('publish', (_from, { fields }) => assert.equal(fields[0], nextNumber++))
    a.pool.to('b')
    await until(() => a.pool.isUp('b'))
    for (let at = 0; at < 20000; at++) a.pool.send('b', verbs.publish, [at])
    await until(() => nextNumber === 20000)
  })
})

test('a peer whose process is gone is known to be gone', async () => {
  const a = await startNode('a')
  const b = await startNode('b')
  try {
    a.pool.onMembers([{ id: 'b', address: b.address }])
    a.pool.to('b')
    await until(() => a.pool.isUp('b'))
    b.stop()
    await until(() => a.events.includes('unreachable b true'))
    assert.match(a.events[1]!, /^down b/)
  } finally {
    a.stop()
    b.stop()
  }
})

test('leaving over TCP loses no answer', async () => {
  await withPair(async (a, b) => {
    b.verbs.bind('forward', (from, { correlation }) => {
      setTimeout(() => from.answer(correlation, [], Buffer.alloc(5000000, 1)), 50)
    })
    let bytes = 0
    a.pool.ask('b', verbs.forward, [1], Buffer.from('x'), 10000, (outcome) => {
      bytes = outcome.kind === 'answer' ? outcome.end - outcome.start : -1
    })
    await until(() => b.pool.isUp('a') && b.pool.to('a')!.owedCount === 1)
    b.pool.leave()
    await until(() => b.pool.linksCount === 0 && bytes !== 0)
    assert.equal(bytes, 5000000)
  })
})

test('an impossible address is a wire that ends, and strangers are cut off', async () => {
  const a = await startNode('a')
  try {
    a.pool.sendToAddress('127.0.0.1:99999', verbs.gossip, [])
    await until(() => a.events.some((event) => event.startsWith('unreachable')))
    const socket = net.connect(a.listening.port, '127.0.0.1')
    socket.on('error', () => {})
    socket.write('SET key value\r\n')
    await new Promise((resolve) => socket.on('close', resolve))
    assert.equal(a.pool.room.counters.badFrames, 1)
    assert.equal(a.pool.linksCount, 0)
  } finally {
    a.stop()
  }
})
