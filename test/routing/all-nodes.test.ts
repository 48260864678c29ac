/* Reads over the keys of the whole mesh: each key counts once, wherever it is asked and whoever holds copies. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MeshStage, type StageClient } from './mesh-stage.ts'

const COUNT = 300

function filled(copies = 3): { stage: MeshStage; names: string[] } {
  const stage = new MeshStage(3, copies)
  const client = stage.nodes[0]!.client()
  const names = Array.from({ length: COUNT }, (_, i) => `name:${i}`)
  client.ask(...names.map((name) => `SET ${name} x`))
  return { stage, names: names.sort() }
}

function bulksOf(reply: string): string[] {
  return [...reply.matchAll(/\$\d+\r\n(.*?)\r\n/g)].map(([, text]) => text!)
}

function scan(client: StageClient, ...options: string[]): { names: string[]; calls: number } {
  const names: string[] = []
  let cursor = '0'
  let calls = 0
  do {
    const [next, ...found] = bulksOf(client.ask(['SCAN', cursor, ...options].join(' ')))
    cursor = next!
    names.push(...found)
    calls++
  } while (cursor !== '0')
  return { names, calls }
}

test('every key counts once, however many copies there are and wherever it is asked', () => {
  for (const copies of [1, 2, 3]) {
    const { stage } = filled(copies)
    for (const node of stage.nodes) assert.equal(node.client().ask('DBSIZE'), `:${COUNT}\r\n`)
  }
})

test('keys of one database are not those of another', () => {
  const { stage } = filled()
  const client = stage.nodes[1]!.client()
  client.ask('SELECT 3', 'SET a 1', 'SET b 1')
  assert.equal(client.ask('DBSIZE', 'SELECT 0', 'DBSIZE'), `:2\r\n+OK\r\n:${COUNT}\r\n`)
})

test('KEYS answers the keys of all nodes', () => {
  const { names, stage } = filled()
  const client = stage.nodes[2]!.client()
  assert.deepEqual(bulksOf(client.ask('KEYS *')).sort(), names)
  assert.deepEqual(
    bulksOf(client.ask('KEYS name:1?')).sort(),
    names.filter((name) => /^name:1.$/.test(name)),
  )
  assert.equal(client.ask('KEYS nothing*'), '*0\r\n')
})

test('SCAN goes from node to node and meets every key exactly once', () => {
  const { names, stage } = filled(2)
  for (const node of stage.nodes) {
    const walk = scan(node.client(), 'COUNT', '50')
    assert.deepEqual(walk.names.sort(), names)
  }
})

test('a walk may go on at another node at any time', () => {
  const { names, stage } = filled()
  const clients = stage.nodes.map((node) => node.client())
  const found: string[] = []
  let cursor = '0'
  let calls = 0
  do {
    const [next, ...some] = bulksOf(clients[calls++ % 3]!.ask(`SCAN ${cursor}`))
    cursor = next!
    found.push(...some)
  } while (cursor !== '0')
  assert.deepEqual(found.sort(), names)
})

test('a walk over a mesh that is nearly empty takes far fewer calls than there are stretches of slots', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask('SET only 1')
  const { calls, names } = scan(client)
  assert.deepEqual(names, ['only'])
  assert.ok(calls < 16384 / 200, `${calls} calls`)
})

test('what is no cursor is refused, and one beyond the last slot ends the walk', () => {
  const { stage } = filled()
  const client = stage.nodes[0]!.client()
  assert.equal(client.ask('SCAN nonsense'), '-ERR invalid cursor\r\n')
  assert.equal(client.ask('SCAN 18446744073709551615'), '*2\r\n$1\r\n0\r\n*0\r\n')
  assert.equal(client.ask('SCAN 0 COUNT nonsense'), '-ERR value is not an integer or out of range\r\n')
})

test('a walk goes on when a node it would have passed is gone', () => {
  const { names, stage } = filled()
  const client = stage.nodes[0]!.client()
  const [cursor, ...found] = bulksOf(client.ask('SCAN 0 COUNT 100'))
  stage.kill(1)
  let next = cursor!
  while (next !== '0') {
    const [after, ...some] = bulksOf(client.ask(`SCAN ${next}`))
    next = after!
    found.push(...some)
  }
  assert.deepEqual(found.sort(), names)
})

test('a random key may be any node\u2019s, and nil when there is none', () => {
  const { stage } = filled()
  const client = stage.nodes[0]!.client()
  const drawn = new Set<string>()
  for (let i = 0; i < 120; i++) drawn.add(bulksOf(client.ask('RANDOMKEY'))[0]!)
  assert.ok(drawn.size > 60)
  const empty = stage.nodes[0]!.client()
  assert.equal(empty.ask('SELECT 9', 'RANDOMKEY'), '+OK\r\n$-1\r\n')
  empty.ask('HELLO 3')
  assert.equal(empty.ask('RANDOMKEY'), '_\r\n')
})

test('a count waits for a node that has not settled, rather than leave its keys out', () => {
  const { stage } = filled()
  stage.isSettlingHeld = true
  stage.kill(1)
  const client = stage.nodes[0]!.client()
  client.send('DBSIZE')
  stage.settle(() => true)
  assert.equal(client.read(), '')
  for (const number of [0, 2]) stage.nodes[number]!.settleSlots(Array.from({ length: 16384 }, (_, at) => at))
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), `:${COUNT}\r\n`)
})

test('a count begins anew when a node falls silent in the middle of it', () => {
  const { stage } = filled()
  const client = stage.nodes[0]!.client()
  client.send('DBSIZE', 'KEYS name:1')
  stage.kill(2)
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), `:${COUNT}\r\n*1\r\n$6\r\nname:1\r\n`)
})

test('a count is refused while nobody acts for some slots', () => {
  const { stage } = filled(1)
  stage.kill(1)
  const client = stage.nodes[0]!.client()
  assert.match(client.ask('DBSIZE'), /^-CLUSTERDOWN /)
})
