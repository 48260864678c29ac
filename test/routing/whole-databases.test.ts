/* Emptying and swapping databases: on every node, every copy, and for good. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key'))

function filled(): MeshStage {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`MSET ${A} 1 ${B} 2 ${C} 3`, 'SELECT 1', `MSET ${A} 1 ${B} 2`)
  return stage
}

test('FLUSHALL empties every node, copies included', () => {
  const stage = filled()
  assert.equal(stage.nodes[1]!.client().ask('FLUSHALL'), '+OK\r\n')
  for (const node of stage.nodes) assert.equal(node.keyCount, 0)
})

test('FLUSHDB empties one database everywhere and leaves the others', () => {
  const stage = filled()
  assert.equal(stage.nodes[2]!.client().ask('SELECT 1', 'FLUSHDB ASYNC', 'DBSIZE'), '+OK\r\n+OK\r\n:0\r\n')
  for (const node of stage.nodes) assert.equal(node.keyCount, 3)
  assert.equal(stage.nodes[0]!.client().ask('DBSIZE'), ':3\r\n')
})

test('an unknown mode is refused and empties nothing', () => {
  const stage = filled()
  assert.equal(stage.nodes[0]!.client().ask('FLUSHALL NOW'), '-ERR syntax error\r\n')
  assert.equal(stage.nodes[0]!.client().ask('DBSIZE'), ':3\r\n')
})

test('what the client wrote before a flush is gone, and what it writes after it stays', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const replies = client.ask(
    `SET ${A} 1`,
    `SET ${B} 1`,
    `SET ${C} 1`,
    'FLUSHALL',
    `EXISTS ${A} ${B} ${C}`,
    `SET ${B} 2`,
    'DBSIZE',
  )
  assert.equal(replies, '+OK\r\n+OK\r\n+OK\r\n+OK\r\n:0\r\n+OK\r\n:1\r\n')
  for (const node of stage.nodes) assert.equal(node.keyCount, 1)
})

test('a clock that is behind neither keeps old keys nor loses new ones', () => {
  const stage = new MeshStage(3)
  stage.nodes[1]!.skewMs = 5000
  stage.nodes[2]!.skewMs = -5000
  const client = stage.nodes[2]!.client()
  client.ask(`MSET ${A} 1 ${B} 2 ${C} 3`)
  assert.equal(client.ask('FLUSHALL', `SET ${C} 4`), '+OK\r\n+OK\r\n')
  for (const node of stage.nodes) assert.equal(node.keyCount, 1)
  const marks = stage.nodes.map((node) => node.node.space.tombstones!.flushVersion[0])
  assert.equal(new Set(marks).size, 1, 'all know of the same flush')
})

test('with too few owners in reach nothing is emptied', () => {
  const stage = filled()
  stage.kill(1)
  stage.kill(2)
  stage.nowMs += 1000
  assert.match(stage.nodes[0]!.client().ask('FLUSHALL'), /^-NOREPLICAS /)
  assert.equal(stage.nodes[0]!.keyCount, 5)
})

test('a flush that too few confirm in time is open', () => {
  const stage = filled()
  stage.nodes[0]!.deafTo.add('node-1')
  stage.nodes[0]!.deafTo.add('node-2')
  assert.match(stage.nodes[0]!.client().ask('FLUSHALL'), /^-TIMEOUT /)
})

test('a flush is done by a majority when one node does not answer', () => {
  const stage = filled()
  stage.nodes[0]!.deafTo.add('node-1')
  assert.equal(stage.nodes[0]!.client().ask('FLUSHALL'), '+OK\r\n')
  assert.equal(stage.nodes[2]!.keyCount, 0)
})

test('a watched key that a flush removes fails the transaction, on whichever node it was flushed', () => {
  const stage = filled()
  const client = stage.nodes[0]!.client()
  client.ask(`WATCH ${A}`)
  stage.nodes[1]!.client().ask('FLUSHALL')
  assert.equal(client.ask('MULTI', `SET ${A} 9`, 'EXEC'), '+OK\r\n+QUEUED\r\n*-1\r\n')
})

test('SWAPDB swaps the databases of all nodes, whichever is asked', () => {
  for (const number of [0, 1, 2]) {
    const stage = filled()
    const client = stage.nodes[number]!.client()
    assert.equal(client.ask('SWAPDB 0 1', 'DBSIZE', 'SELECT 1', 'DBSIZE'), '+OK\r\n:2\r\n+OK\r\n:3\r\n')
    const orders = stage.nodes.map((node) => node.node.space.databaseMap.join())
    assert.equal(new Set(orders).size, 1)
    assert.equal(client.ask('SWAPDB 1 0', 'DBSIZE'), '+OK\r\n:2\r\n')
  }
})

test('indexes that are none are refused as ever', () => {
  const stage = filled()
  const client = stage.nodes[1]!.client()
  assert.equal(client.ask('SWAPDB 0 16'), '-ERR DB index is out of range\r\n')
  assert.equal(client.ask('SWAPDB x 1'), '-ERR invalid first DB index\r\n')
  assert.equal(client.ask('SWAPDB 2 2'), '+OK\r\n')
})

test('a node that was out of reach learns the order of the databases when its link is up', () => {
  const stage = filled()
  stage.alive.delete('node-2')
  stage.update()
  assert.equal(stage.nodes[0]!.client().ask('SWAPDB 0 5', 'SWAPDB 5 1'), '+OK\r\n+OK\r\n')
  stage.alive.add('node-2')
  stage.update()
  stage.nodes[0]!.spreads.onLinkUp('node-2')
  stage.settle(() => true)
  assert.deepEqual(stage.nodes[2]!.node.space.databaseMap, stage.nodes[0]!.node.space.databaseMap)
})

test('a node that hears of the order of the databases only while it flushes one empties the right one', () => {
  const stage = new MeshStage(3)
  stage.nodes[0]!.client().ask('SET zero v', 'SELECT 1', 'SET one v')
  stage.kill(2)
  assert.equal(stage.nodes[0]!.client().ask('SWAPDB 0 1'), '+OK\r\n')
  stage.alive.add('node-2')
  stage.update()
  const client = stage.nodes[2]!.client()
  client.send('FLUSHDB')
  // Its links are up: what peers say first comes before what they answer.
  stage.nodes[0]!.spreads.onLinkUp('node-2')
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), '+OK\r\n')
  assert.equal(stage.nodes[0]!.client().ask('EXISTS one', 'SELECT 1', 'EXISTS zero'), ':0\r\n+OK\r\n:1\r\n')
})
