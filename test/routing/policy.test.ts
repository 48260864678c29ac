/* Levels by key, as requests meet them: here, sent on, over several nodes, and in a transaction. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ConsistencyPolicy } from '../../src/session/consistency-policy.ts'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B] = [0, 1].map((number) => keyOf(number, 'strict:')) as [string, string]
const [FREE, OTHER] = [0, 1].map((number) => keyOf(number, 'free:')) as [string, string]
const REFUSED = '-NOREPLICAS Not enough good replicas to write.\r\n'

/** One of three owners is dead: writes at the level ALL cannot be. */
function stageOf() {
  const stage = new MeshStage(3)
  const rule = { pattern: 'strict:*', read: undefined, write: 'all' } as const
  stage.nodes[0]!.settings.policy = new ConsistencyPolicy([rule], 'one', 'quorum')
  stage.kill(2)
  return { stage, client: stage.nodes[0]!.client() }
}

test('a key works at the level its pattern has, wherever it is acted for', () => {
  const { client } = stageOf()
  for (const key of [A, B]) assert.equal(client.ask(`SET ${key} v`), REFUSED)
  for (const key of [FREE, OTHER]) assert.equal(client.ask(`SET ${key} v`), '+OK\r\n')
  assert.equal(client.ask(`SET ${A} v`, `SET ${FREE} v`, `SET ${A} v`), `${REFUSED}+OK\r\n${REFUSED}`)
})

test('several keys work at the strictest of their levels', () => {
  const { client } = stageOf()
  assert.match(client.ask(`DEL ${A} ${FREE}`), /^-NOREPLICAS/)
  assert.match(client.ask(`MSET ${OTHER} v ${FREE} v`), /^\+OK/)
  assert.match(client.ask(`MSET ${B} v ${FREE} v`), /NOREPLICAS/)
})

test('a transaction works at the strictest level of what was queued', () => {
  const { client } = stageOf()
  const queued = '+OK\r\n+QUEUED\r\n'
  assert.equal(client.ask('MULTI', `SET ${FREE} v`, 'EXEC'), `${queued}*1\r\n+OK\r\n`)
  assert.match(client.ask('MULTI', `SET ${A} v`, 'EXEC'), /NOREPLICAS/)
  assert.equal(client.ask('MULTI', `SET ${FREE} v`, 'EXEC'), `${queued}*1\r\n+OK\r\n`, 'and not longer')
})

test('a connection that has chosen by itself is left alone, until RESET', () => {
  const { client } = stageOf()
  client.ask('MESH CONSISTENCY WRITE quorum')
  for (const key of [A, B]) assert.equal(client.ask(`SET ${key} v`), '+OK\r\n')
  client.ask('RESET')
  assert.equal(client.ask(`SET ${A} v`), REFUSED)
})

test('a connection is not told the levels of its last key as its own', () => {
  const { client } = stageOf()
  client.ask(`SET ${A} v`)
  assert.match(client.ask('MESH CONSISTENCY'), /write\r\n\$6\r\nquorum/)
})

test('what another node has sent on works at the levels that node has found', () => {
  const { stage } = stageOf()
  const elsewhere = stage.nodes[1]!.client()
  assert.equal(elsewhere.ask(`SET ${A} v`), '+OK\r\n', 'the policy of the entry node counts, which has none')
})
