// The listener and the client over real loopback sockets.

import assert from 'node:assert/strict'
import net from 'node:net'
import test from 'node:test'
import {
  type Args,
  type Connection,
  connect,
  defaultServerLimits,
  newConnectionStats,
  ReplyError,
  type ServerOptions,
  startServer,
} from '../../resp/index.ts'

async function listen(change: Partial<ServerOptions> = {}) {
  const limits = defaultServerLimits()
  const stats = newConnectionStats()
  const errors: unknown[] = []
  const options: ServerOptions = {
    hosts: ['127.0.0.1'],
    port: 0,
    limits,
    stats,
    clock: { nowMs: () => Date.now() },
    onError: (_what, error) => void errors.push(error),
    onConnection: () => ({
      isAuthenticated: true,
      onRequest(args: Args, connection: Connection) {
        if (args.is(0, 'ECHO')) connection.writer.bulk(args.bytes, args.starts[1]!, args.ends[1]!)
        else if (args.is(0, 'FAIL')) connection.writer.error('ERR no')
        else if (args.is(0, 'NEST')) {
          connection.writer.array(3)
          connection.writer.nil()
          connection.writer.error('WRONGTYPE inside')
          connection.writer.integer(7)
        } else if (args.is(0, 'BIG')) connection.writer.bulkBuffer(Buffer.alloc(Number(args.text(1)), 120))
        else if (args.is(0, 'THROW')) throw new Error('on purpose')
        else if (args.is(0, 'LATER')) {
          const slot = connection.openSlot()
          setTimeout(() => connection.fillSlot(slot, Buffer.from('+later\r\n')), 5)
        } else if (args.is(0, 'SILENCE')) connection.openSlot()
        else connection.writer.pong()
      },
      onClose() {},
    }),
    ...change,
  }
  const server = await startServer(options)
  return { server, limits, stats, errors, host: '127.0.0.1', port: server.port }
}

/** Everything the other side says until it hangs up. */
function conversation(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text, 'latin1'))
    let heard = ''
    socket.on('data', (chunk) => {
      heard += chunk.toString('latin1')
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(heard))
  })
}

test('the client pipelines, and what is refused is a value', async () => {
  const { server, ...address } = await listen()
  const client = await connect(address)
  assert.deepEqual(await client.call('ECHO', Buffer.from([0, 255, 13, 10])), Buffer.from([0, 255, 13, 10]))
  const replies = await client.pipeline([['PING'], ['FAIL'], ['ECHO', 5], ['NEST'], ['LATER'], ['PING']])
  assert.deepEqual(replies[0], Buffer.from('PONG'))
  assert.ok(replies[1] instanceof ReplyError)
  assert.equal(replies[1].code, 'ERR')
  assert.deepEqual(replies[2], Buffer.from('5'))
  const nested = replies[3] as unknown[]
  assert.equal(nested[0], null)
  assert.ok(nested[1] instanceof ReplyError)
  assert.equal(nested[2], 7)
  assert.deepEqual(replies[4], Buffer.from('later'))
  assert.deepEqual(replies[5], Buffer.from('PONG'))
  await client.close()
  await assert.rejects(client.call('PING'), /closed/)
  await server.close()
})

test('a missed deadline rejects one request and the next replies still find theirs', async () => {
  const { server, ...address } = await listen()
  const client = await connect(address)
  const [slow] = await Promise.allSettled([client.pipeline([['SILENCE']], { deadlineMs: 60 })])
  assert.equal(slow.status, 'rejected')
  client.destroy(new Error('done'))
  const other = await connect(address)
  const late = other.pipeline([['LATER']], { deadlineMs: 1000 })
  assert.deepEqual(await other.call('ECHO', 'x'), Buffer.from('x'))
  assert.deepEqual(await late, [Buffer.from('later')])
  other.destroy(new Error('done'))
  await server.close()
})

test('a big pipeline and a big value come through whole', async () => {
  const { server, ...address } = await listen()
  const client = await connect(address)
  const value = Buffer.alloc(5000000, 'abcdefg')
  assert.ok(value.equals((await client.call('ECHO', value)) as Buffer))
  const replies = await client.pipeline(Array.from({ length: 20000 }, (_, i) => ['ECHO', i]))
  assert.ok(replies.every((reply, i) => (reply as Buffer).toString() === String(i)))
  await client.close()
  await server.close()
})

test('one client too many is told so and the next one after a departure is let in', async () => {
  const { server, limits, stats, ...address } = await listen()
  limits.clientsMax = 1
  const first = await connect(address)
  await first.call('PING')
  assert.equal(await conversation(address.port, 'PING\r\n'), '-ERR max number of clients reached\r\n')
  assert.equal(stats.connectionsRejected, 1)
  limits.clientsMax = 2
  const second = await connect(address)
  assert.deepEqual(await second.call('PING'), Buffer.from('PONG'))
  await first.close()
  await second.close()
  await server.close()
})

test('the owner of the door may refuse an address', async () => {
  const { server, port } = await listen({ accept: (address) => `DENIED ${address}` })
  assert.equal(await conversation(port, ''), '-DENIED 127.0.0.1\r\n')
  await server.close()
})

test('a thrown error ends one connection, is counted, and harms no other', async () => {
  const { server, stats, errors, ...address } = await listen()
  const bystander = await connect(address)
  assert.equal(await conversation(address.port, 'PING\r\nTHROW\r\n'), '+PONG\r\n-ERR internal error\r\n')
  assert.equal(stats.internalErrors, 1)
  assert.equal(errors.length, 1)
  assert.deepEqual(await bystander.call('PING'), Buffer.from('PONG'))
  await bystander.close()
  await server.close()
})

test('a conversation that cannot begin harms nobody', async () => {
  const { server, errors, port } = await listen({
    onConnection() {
      throw new Error('on purpose')
    },
  })
  assert.equal(await conversation(port, ''), '')
  assert.equal(errors.length, 1)
  await server.close()
})

test('a protocol error is heard although the client is still sending', async () => {
  const { server, port } = await listen()
  assert.equal(
    await conversation(port, 'x'.repeat(1 << 20)),
    '-ERR Protocol error: too big inline request\r\n',
  )
  await server.close()
})

test('a client that sends and half-closes hears every answer', async () => {
  const { server, port } = await listen()
  const heard = await new Promise<string>((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => {
      socket.end(`${'PING\r\n'.repeat(5000)}LATER\r\n`)
    })
    let text = ''
    socket.on('data', (chunk) => {
      text += chunk.toString()
    })
    socket.on('end', () => resolve(text))
  })
  assert.equal(heard, `${'+PONG\r\n'.repeat(5000)}+later\r\n`)
  await server.close()
})

test('clients that never read cost no more than the output limit', async () => {
  const { server, limits, stats, port } = await listen()
  limits.outputPauseBytes = 4000000
  const sockets = Array.from({ length: 5 }, () => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write('BIG 1000000\r\n'.repeat(500)))
    socket.on('error', () => {})
    return socket.pause()
  })
  const isStalled = () =>
    [...server.connections.values()].filter((each) => each.queuedBytes > 4000000).length === 5
  while (!isStalled()) await new Promise(setImmediate)
  for (let i = 0; i < 50; i++) await new Promise(setImmediate)
  for (const each of server.connections.values()) assert.ok(each.queuedBytes < 6000000)
  for (const each of server.connections.values()) {
    each.outputLimits = { hardBytes: 1000000, softBytes: 0, softSeconds: 0 }
  }
  while (server.connections.size > 0) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(stats.outputLimitDisconnections, 5)
  for (const socket of sockets) socket.destroy()
  await server.close()
})

test('closing answers what is in flight and ends although a client stays', async () => {
  const { server, ...address } = await listen()
  const client = await connect(address)
  const idle = net.connect({ ...address, allowHalfOpen: true })
  await new Promise((resolve) => idle.once('connect', resolve))
  idle.resume()
  await client.call('PING')
  const late = client.call('LATER')
  while ([...server.connections.values()].every((each) => each.slots.count === 0))
    await new Promise(setImmediate)
  const closed = server.close(50)
  assert.deepEqual(await late, Buffer.from('later'))
  await closed
  assert.equal(server.connections.size, 0)
  idle.destroy()
})

test('one port serves several hosts', async () => {
  const { server, port } = await listen({ hosts: ['127.0.0.1', '127.0.0.2'] })
  for (const host of ['127.0.0.1', '127.0.0.2']) {
    const client = await connect({ host, port })
    assert.deepEqual(await client.call('PING'), Buffer.from('PONG'))
    await client.close()
  }
  await server.close()
})

test('a port in use is an error of the caller, and nothing stays behind', async () => {
  const { server, port } = await listen()
  await assert.rejects(listen({ port }), /EADDRINUSE/)
  await server.close()
})
