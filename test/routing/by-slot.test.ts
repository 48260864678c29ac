/* Requests over keys of several nodes: split, run where the keys live, and joined as if they had been one. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key'))

test('values of several nodes come back in the order they were asked for', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(client.ask(`MSET ${A} a ${B} b ${C} c`), '+OK\r\n')
  assert.equal(
    client.ask(`MGET ${C} nothing ${A} ${B} ${C}`),
    '*5\r\n$1\r\nc\r\n$-1\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n',
  )
  for (const node of stage.nodes) assert.equal(node.keyCount, 3, 'every owner holds every key')
})

test('a client that speaks RESP3 gets its nulls, whichever node they come from', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[1]!.client()
  client.ask('HELLO 3')
  assert.equal(client.ask(`MGET ${A} ${B} ${C}`), '*3\r\n_\r\n_\r\n_\r\n')
})

test('counts of several nodes add up', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[2]!.client()
  client.ask(`MSET ${A} 1 ${B} 2 ${C} 3`)
  assert.equal(client.ask(`EXISTS ${A} ${B} ${C} ${A} none`), ':4\r\n')
  assert.equal(client.ask(`TOUCH ${A} ${B} none`), ':2\r\n')
  assert.equal(client.ask(`DEL ${A} ${B}`, `UNLINK ${C} ${A}`), ':2\r\n:1\r\n')
  for (const node of stage.nodes) assert.equal(node.keyCount, 0)
})

test('a request is not overtaken by those the client sent behind it', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`MSET ${A} 1 ${B} 1 ${C} 1`)
  const replies = client.ask(
    `MGET ${A} ${B} ${C}`,
    `SET ${A} 2`,
    `SET ${B} 2`,
    `DEL ${A} ${B}`,
    `SET ${A} 3`,
    `GET ${A}`,
  )
  const three = '*3\r\n$1\r\n1\r\n$1\r\n1\r\n$1\r\n1\r\n'
  assert.equal(replies, `${three}+OK\r\n+OK\r\n:2\r\n+OK\r\n$1\r\n3\r\n`)
  assert.equal(client.ask(`MGET ${A} ${B}`), '*2\r\n$1\r\n3\r\n$-1\r\n')
})

test('a part that has to wait here makes the client wait, and nothing overtakes it', () => {
  const stage = new MeshStage(3)
  stage.isSettlingHeld = true
  const node = stage.nodes[0]!
  const slot = [...node.roles.roles.keys()].find((at) => at % 3 === 0)!
  const client = node.client()
  client.ask(`MSET ${A} 1 ${B} 1`)
  for (let at = slot; at < 16384; at += 3) node.roles.unsettle(at)
  client.send(`MGET ${A} ${B}`, `SET ${B} 2`)
  assert.equal(client.read(), '')
  stage.settle(() => true)
  assert.equal(client.isAnswered, false)
  node.settleSlots(Array.from({ length: 16384 }, (_, at) => at))
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), '*2\r\n$1\r\n1\r\n$1\r\n1\r\n+OK\r\n')
})

test('keys of several nodes are refused where a command must see them at once', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const refused = "-CROSSSLOT Keys in request don't hash to the same slot\r\n"
  for (const line of [`MSETNX ${A} 1 ${B} 2`, `BLPOP ${A} ${B} 0`, `BLMOVE ${A} ${C} LEFT LEFT 0`]) {
    assert.equal(client.ask(line), refused, line)
  }
})

test('half a pair is answered as the command itself does, and writes nothing', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(client.ask(`MSET ${A} 1 ${B}`), "-ERR wrong number of arguments for 'mset' command\r\n")
  for (const node of stage.nodes) assert.equal(node.keyCount, 0)
})

test('slots that change hands while a request is under way are followed', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`MSET ${A} a ${B} b ${C} c`)
  client.send(`MGET ${A} ${B} ${C}`)
  stage.kill(1)
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), '*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n')
})

test('a write whose answer does not come is open, and says so', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  stage.nodes[0]!.deafTo.add('node-1')
  assert.match(client.ask(`MSET ${A} a ${B} b`), /^-TIMEOUT .*\(other parts of the request were run\)\r\n$/)
})

test('with too few owners a request over several nodes is refused', () => {
  const stage = new MeshStage(3)
  stage.kill(1)
  stage.kill(2)
  const client = stage.nodes[0]!.client()
  stage.nowMs += 1000
  assert.match(client.ask(`MSET ${A} a ${B} b`), /^-NOREPLICAS /)
  assert.match(client.ask(`MGET ${A} ${B}`), /^-CLUSTERDOWN /)
})

test('a client that wants no replies gets none', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask('CLIENT REPLY OFF')
  assert.equal(client.ask(`MSET ${A} a ${B} b`, `MGET ${A} ${B}`, 'DBSIZE'), '')
  assert.equal(client.ask('CLIENT REPLY ON', `EXISTS ${A} ${B}`), '+OK\r\n:2\r\n')
})
