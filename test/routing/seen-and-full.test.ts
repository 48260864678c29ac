/* What an entry node shows and checks of requests that others run: monitors see them here, room is looked for there. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key')) as [string, string, string]
const FULL = /^-OOM command not allowed/

/** Lines that a monitor at this node has been shown since, without when and where from. */
function watching(stage: MeshStage, number: number): () => string[] {
  const monitor = stage.nodes[number]!.client()
  assert.equal(monitor.ask('MONITOR'), '+OK\r\n')
  return () => [...monitor.read().matchAll(/\] (.*)\r\n/g)].map((line) => line[1]!.replaceAll('"', ''))
}

test('MONITOR shows each request where its client is connected, once, wherever it runs', () => {
  const stage = new MeshStage(3)
  const shown = stage.nodes.map((_, number) => watching(stage, number))
  const requests = [
    ...[`SET ${A} 1`, `SET ${B} 2`, `MGET ${A} ${B} ${C}`, `SUNION ${C} none:1`, `RENAME ${A} ${C}`],
    ...['DBSIZE', `RPUSH ${A} x`, `BLPOP ${A} 0`, `RPUSH ${B} y`, `BLPOP ${B} 0`, 'FLUSHALL'],
  ]
  stage.nodes[0]!.client().ask(...requests)
  assert.deepEqual(shown[0]!(), requests)
  assert.deepEqual(shown[1]!(), [])
  assert.deepEqual(shown[2]!(), [])
})

test('MONITOR shows a transaction that travels: what was queued, then EXEC', () => {
  const stage = new MeshStage(3)
  const shown = watching(stage, 0)
  stage.nodes[0]!.client().ask(`WATCH ${B}`, 'MULTI', `SET ${B} 1`, `INCR ${B}`, 'EXEC')
  assert.deepEqual(shown(), [`WATCH ${B}`, 'MULTI', `SET ${B} 1`, `INCR ${B}`, 'EXEC'])
})

test('MONITOR does not show what is refused, nor twice what has waited for its slot', () => {
  const stage = new MeshStage(3)
  stage.isSettlingHeld = true
  const shown = watching(stage, 1)
  const client = stage.nodes[1]!.client()
  client.ask(`BLPOP ${A} ${B} 0`)
  stage.kill(0)
  client.send(`GET ${A}`)
  assert.deepEqual(shown(), [], 'it waits')
  const acting = stage.nodes[1]!.roles.acting
  stage.nodes[1]!.settleSlots([...acting.keys()])
  client.ask('DBSIZE')
  assert.deepEqual(shown(), [`GET ${A}`, 'DBSIZE'])
})

test('a full node sends on what needs room elsewhere, and refuses what it would have to keep itself', () => {
  const stage = new MeshStage(3, 1)
  const client = stage.nodes[0]!.client()
  client.ask(`SADD ${A} 1`, `SADD ${B} 2`, 'CONFIG SET maxmemory-policy noeviction', 'CONFIG SET maxmemory 1')
  assert.match(client.ask(`SET ${A} v`), FULL)
  assert.equal(client.ask(`SET ${C} v`), '+OK\r\n')
  assert.match(client.ask(`MSET ${A} v ${B}x v`), /OOM command not allowed/, 'its own part has no room')
  assert.equal(client.ask(`SUNIONSTORE ${C} ${A} ${B}`), ':2\r\n', 'what is read here takes none')
  assert.match(client.ask(`SUNIONSTORE ${A} ${A} ${B}`), FULL)
  assert.match(client.ask('MULTI', `SET ${C} v`, 'EXEC'), /\+QUEUED\r\n\*1\r\n\+OK/)
})

test('a node with room is refused by a full one that acts for the key', () => {
  const stage = new MeshStage(3, 1)
  stage.nodes[1]!.client().ask('CONFIG SET maxmemory-policy noeviction', 'CONFIG SET maxmemory 1')
  const client = stage.nodes[0]!.client()
  assert.match(client.ask(`SET ${B} v`), FULL)
  assert.match(client.ask(`SUNIONSTORE ${B} ${A} ${C}`, `SADD ${A} 1`), /^:0/, 'nothing is nothing to keep')
  assert.match(client.ask(`SUNIONSTORE ${B} ${A} ${C}`), FULL)
  assert.match(client.ask('MULTI', `SET ${B} v`, 'EXEC'), /\+QUEUED\r\n-EXECABORT/)
  assert.equal(client.ask(`SET ${A} v`), '+OK\r\n')
})
