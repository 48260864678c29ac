// Reads that more than one node has to confirm, as they come from clients and from other nodes.

import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B] = [keyOf(0, 'a'), keyOf(0, 'b')]

test('of requests that come together each read is confirmed by itself, wherever its client is', () => {
  for (const entry of [0, 1]) {
    const stage = new MeshStage(3)
    const { router } = stage.nodes[0]!
    const client = stage.nodes[entry]!.client()
    client.session.readLevel = 'quorum'
    const replies = client.ask(`SET ${A} v`, `GET ${A}`, `GET ${B}`, `SET ${B} w`, `GET ${B}`)
    assert.equal(replies, '+OK\r\n$1\r\nv\r\n$-1\r\n+OK\r\n$1\r\nw\r\n')
    assert.equal(router.counters.confirmed, 3, `from node ${entry}`)
  }
})

test('a read of several keys is confirmed once', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[1]!.client()
  client.session.readLevel = 'quorum'
  assert.equal(client.ask(`MSET ${A} v ${B} w`, `MGET ${A} ${B}`), '+OK\r\n*2\r\n$1\r\nv\r\n$1\r\nw\r\n')
  assert.equal(stage.nodes[0]!.router.counters.confirmed, 1)
})
