/* Reads that need the values of several nodes at once. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key'))

test('sets of several nodes are joined, cut and counted', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SADD ${A} 1 2 3`, `SADD ${B} 2 3 4`, `SADD ${C} 3 4 5`)
  assert.equal(client.ask(`SINTER ${A} ${B} ${C}`), '*1\r\n$1\r\n3\r\n')
  assert.equal(client.ask(`SINTERCARD 2 ${A} ${B}`), ':2\r\n')
  assert.equal(client.ask(`SDIFF ${A} ${B}`), '*1\r\n$1\r\n1\r\n')
  assert.match(client.ask(`SUNION ${A} ${B} ${C} none`), /^\*5\r\n/)
  assert.equal(client.ask(`SUNION ${A} ${A} ${A}`).slice(0, 2), '*3')
})

test('sorted sets and strings too, in the protocol the client speaks', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[1]!.client()
  client.ask('HELLO 3', `ZADD ${A} 1 x 2 y`, `ZADD ${B} 10 y`, `SET ${C} ohmytext`)
  assert.equal(
    client.ask(`ZUNION 2 ${A} ${B} WITHSCORES`),
    '*2\r\n*2\r\n$1\r\nx\r\n,1\r\n*2\r\n$1\r\ny\r\n,12\r\n',
  )
  client.ask(`SET ${A} mynewtext`)
  assert.equal(client.ask(`LCS ${A} ${C}`), '$6\r\nmytext\r\n')
})

test('a value of another type is refused as ever, and leaves nothing behind', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SADD ${A} 1`, `SET ${B} text`)
  assert.match(client.ask(`SINTER ${A} ${B}`), /^-WRONGTYPE /)
  assert.equal(client.ask(`SUNION ${A} ${C}`), '*1\r\n$1\r\n1\r\n')
})

test('each request sees the writes its client sent before it, and not those after it', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[2]!.client()
  const replies = client.ask(`SADD ${A} 1`, `SADD ${B} 1`, `SINTER ${A} ${B}`, `DEL ${A}`, `SINTER ${A} ${B}`)
  assert.equal(replies, ':1\r\n:1\r\n*1\r\n$1\r\n1\r\n:1\r\n*0\r\n')
})

test('large collections and other databases are no different', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const members = Array.from({ length: 2000 }, (_, i) => `member:${i}`).join(' ')
  client.ask('SELECT 4', `SADD ${B} ${members}`, `SADD ${C} member:7 other`)
  assert.equal(client.ask(`SINTER ${B} ${C}`), '*1\r\n$8\r\nmember:7\r\n')
  assert.equal(client.ask('SELECT 0', `SINTER ${B} ${C}`), '+OK\r\n*0\r\n')
})

test('a read at a higher level is refused rather than answered below it', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.session.readLevel = 'quorum'
  assert.match(client.ask(`SINTER ${A} ${B}`), /^-CROSSSLOT /)
})
