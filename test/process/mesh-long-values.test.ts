/*
 * Values longer than any ordinary frame: written and read at every node, kept by every owner, and brought to an owner that
 * comes back with nothing. Shape: test (processes).
 */
import assert from 'node:assert/strict'
import net from 'node:net'
import test from 'node:test'
import { MeshProcesses, until } from '../support/mesh-processes.ts'
import { encodeRequest } from '../support/reply.ts'

const LENGTH = 72 * 1024 * 1024
const PATIENCE_MS = 60_000
/** As Redis has them; ours are meant for what is usual. */
const FLAGS = ['--client-query-buffer-limit', '1gb', '--client-output-buffer-limit', 'normal 0 0 0']

/** No two parts of it are alike. */
function longValue(): Buffer {
  const value = Buffer.alloc(LENGTH)
  for (let at = 0; at < LENGTH; at += 4096) value.writeUInt32LE(at, at)
  return value
}

/** Read off the socket: what takes replies apart for tests is made for short ones. */
function readValue(port: number, key: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let missing = Number.POSITIVE_INFINITY
    const socket = net.connect({ port, host: '127.0.0.1' }, () => socket.write(encodeRequest(['GET', key])))
    socket.on('error', reject)
    socket.on('data', (chunk) => {
      if (chunks.length === 0) missing = Number(/^\$(\d+)\r\n/.exec(chunk.toString('latin1', 0, 20))?.[1]) + 2
      const at = chunks.length === 0 ? chunk.indexOf('\n') + 1 : 0
      chunks.push(chunk.subarray(at))
      missing -= chunk.length - at
      if (missing > 0) return
      socket.destroy()
      resolve(Buffer.concat(chunks).subarray(0, -2))
    })
  })
}

test('a value longer than an ordinary frame is kept by all owners, read at any node, grown, and brought back', {
  timeout: 150_000,
}, async () => {
  const mesh = await MeshProcesses.start(3, FLAGS)
  try {
    const value = longValue()
    const clients = await Promise.all(mesh.members.map((member) => member.connect()))
    for (const [i, client] of clients.entries()) {
      client.command('SET', `long:${i}`, value)
      assert.equal((await client.next(PATIENCE_MS)).value, 'OK', `written at node ${i + 1}`)
    }
    const first = clients[0]!
    first.command('APPEND', 'long:2', 'tail')
    assert.equal((await first.next(PATIENCE_MS)).value, String(LENGTH + 4))
    for (const { port } of mesh.members) {
      assert.ok((await readValue(port, 'long:0')).equals(value), 'read whole, as it was')
    }

    await mesh.at(1).kill()
    for (const i of [0, 1, 2]) {
      const length = String(LENGTH + (i === 2 ? 4 : 0))
      await until(mesh.at(0), ['STRLEN', `long:${i}`], ({ value: answered }) => answered === length)
    }
    await mesh.restart(mesh.at(1))
    await until(mesh.at(1), ['CLUSTER', 'INFO'], ({ value: info }) => /cluster_state:ok/.test(String(info)))
    const back = await mesh.at(1).connect()
    // All that it owns comes back.
    await until(mesh.at(1), ['INFO', 'keyspace'], ({ value: info }) => /keys=3,/.test(String(info)))
    assert.equal((await back.call('GETRANGE', 'long:2', String(LENGTH), '-1')).value, 'tail')
    for (const { name, server } of mesh.members)
      assert.doesNotMatch(server.output, /unexpected|unhandled/i, name)
  } finally {
    await mesh.kill()
  }
})
