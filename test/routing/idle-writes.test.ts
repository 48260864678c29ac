// Commands that found nothing to write: when their answers may leave.

import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage, type StageClient, type StageNode } from './mesh-stage.ts'

const KEY = keyOf(0, 'key')
const OTHER = keyOf(0, 'other')

/** The first node has SREMed the member of KEY, and nobody else will confirm that. */
function unconfirmed(): { stage: MeshStage; node: StageNode; client: StageClient } {
  const stage = new MeshStage(3)
  const node = stage.nodes[0]!
  const client = node.client()
  assert.equal(client.ask(`SADD ${KEY} m`, `SADD ${OTHER} m`), ':1\r\n:1\r\n')
  node.deafTo.add('node-1').add('node-2')
  assert.match(client.ask(`SREM ${KEY} m`), /^-TIMEOUT /)
  return { stage, node, client }
}

test('what was found because of a write that nobody else confirmed is not answered before that lasts', () => {
  const { node, stage } = unconfirmed()
  const client = node.client()
  client.send(`SADD ${KEY}2 m`, `SREM ${KEY} m`)
  const other = node.client()
  other.send(`SREM ${KEY} m`)
  for (let i = 0; i < 5; i++) stage.settle(() => true)
  assert.equal(other.read(), '')
  assert.equal(node.doubted.length, 2)
  node.doubted[1]!.onBatchConfirmed()
  assert.equal(other.read(), ':0\r\n')
})

test('when that is not known in time its outcome is open as well', () => {
  const { node } = unconfirmed()
  const client = node.client()
  client.send(`SREM ${KEY} m`, `SISMEMBER ${KEY} m`)
  assert.equal(client.read(), '')
  node.doubted[0]!.onBatchFailed()
  assert.match(client.read(), /^-TIMEOUT .*\r\n:0\r\n$/)
})

test('a transaction waits for what its commands found', () => {
  const { node } = unconfirmed()
  const client = node.client()
  client.send('MULTI', `SISMEMBER ${KEY} m`, `SREM ${KEY} m`, 'EXEC')
  assert.equal(client.read(), '+OK\r\n+QUEUED\r\n+QUEUED\r\n')
  node.doubted[0]!.onBatchConfirmed()
  assert.equal(client.read(), '*2\r\n:0\r\n:0\r\n')
})

test('nobody waits where everything is confirmed, nor who asked for one copy or reads', () => {
  const { node, client } = unconfirmed()
  assert.equal(client.ask(`SADD ${OTHER} m`, `DEL ${keyOf(0, 'none')}`), ':0\r\n:0\r\n')
  assert.equal(client.ask(`SISMEMBER ${KEY} m`), ':0\r\n')
  client.session.writeLevel = 'one'
  assert.equal(client.ask(`SREM ${KEY} m`), ':0\r\n')
  assert.deepEqual(node.doubted, [])
})
