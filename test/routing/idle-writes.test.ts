// Commands that found nothing to write: when their answers may leave.

import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage, type StageClient, type StageNode } from './mesh-stage.ts'

const KEY = keyOf(0, 'key')

/** The first node serves KEY, whose only member is m, and nobody answers what it asks. */
function unanswered(): { stage: MeshStage; node: StageNode; client: StageClient } {
  const stage = new MeshStage(3)
  const node = stage.nodes[0]!
  const client = node.client()
  assert.equal(client.ask(`SADD ${KEY} m`), ':1\r\n')
  node.deafTo.add('node-1').add('node-2')
  return { stage, node, client }
}

test('what was found is answered when a quorum is known to have nothing newer', () => {
  const { client, node, stage } = unanswered()
  client.send(`SREM ${KEY} other`, `SET ${keyOf(0, 'none')} v XX`)
  for (let i = 0; i < 5; i++) stage.settle(() => true)
  assert.equal(client.read(), '')
  for (const done of node.asked) done('ok')
  assert.equal(client.read(), ':0\r\n$-1\r\n')
})

test('when that is not known in time its outcome is open, and the replies behind it are not', () => {
  const { client, node } = unanswered()
  client.send(`SREM ${KEY} other`, `SISMEMBER ${KEY} m`)
  assert.equal(client.read(), '')
  node.asked[0]!('unavailable')
  assert.match(client.read(), /^-TIMEOUT .*\r\n:1\r\n$/)
})

test('what was found is not told when another owner proves to have written there', () => {
  for (const isOurs of [true, false]) {
    const { client, node } = unanswered()
    client.send(`SADD ${KEY} m`)
    const { space } = node.node
    const ref = space.peek(0, Buffer.from(KEY), 0, KEY.length)
    space.forcedVersion = space.hlc.next(space.nowMs, 0)
    space.forcedTerm = space.terms[0]! + (isOurs ? 0 : 1)
    space.changed(ref)
    space.forcedVersion = 0
    node.asked[0]!('ok')
    assert.match(client.read(), isOurs ? /^:0\r\n$/ : /^-TIMEOUT /)
  }
})

test('a transaction waits for what its commands found', () => {
  const { client, node } = unanswered()
  client.send('MULTI', `SISMEMBER ${KEY} m`, `SADD ${KEY} m`, 'EXEC')
  assert.equal(client.read(), '+OK\r\n+QUEUED\r\n+QUEUED\r\n')
  node.asked[0]!('ok')
  assert.equal(client.read(), '*2\r\n:1\r\n:0\r\n')
})

test('an error is answered at once', () => {
  const { client, node } = unanswered()
  assert.match(client.ask(`SET ${KEY} v SOMEHOW`, `INCR ${KEY}`), /^-ERR syntax error\r\n-WRONGTYPE .*\r\n$/)
  assert.deepEqual(node.asked, [])
})

test('who asked for one copy does not wait, nor does who only reads', () => {
  const { client, node } = unanswered()
  assert.equal(client.ask(`SISMEMBER ${KEY} m`), ':1\r\n')
  client.session.writeLevel = 'one'
  assert.equal(client.ask(`SREM ${KEY} other`), ':0\r\n')
  assert.deepEqual(node.asked, [])
})
