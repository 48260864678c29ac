/* MULTI, WATCH and EXEC when the client's node and the keys' node are not the same. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key'))
const B2 = keyOf(1, 'other')
const CROSS = "-CROSSSLOT Keys in request don't hash to the same slot\r\n"
const ABORTED = '-EXECABORT Transaction discarded because of previous errors.\r\n'

test('a transaction runs where its keys live, and answers as one', () => {
  const stage = new MeshStage(3)
  for (const node of stage.nodes) {
    const client = node.client()
    client.ask(`DEL ${B} ${B2}`)
    assert.equal(
      client.ask('MULTI', `SET ${B} 1`, `INCR ${B2}`, `GET ${B}`, `HGET ${B} f`, 'EXEC', `GET ${B2}`),
      '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n' +
        '*4\r\n+OK\r\n:1\r\n$1\r\n1\r\n-WRONGTYPE Operation against a key holding the wrong kind of value\r\n' +
        '$1\r\n1\r\n',
    )
  }
})

test('keys of several nodes are refused when they are queued, and EXEC drops the rest', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(
    client.ask('MULTI', `SET ${A} 1`, `SET ${B} 1`, 'EXEC', `EXISTS ${A}`),
    `+OK\r\n+QUEUED\r\n${CROSS}${ABORTED}:0\r\n`,
  )
  assert.equal(client.ask('MULTI', `MSET ${A} 1 ${C} 1`, 'EXEC'), `+OK\r\n${CROSS}${ABORTED}`)
})

test('one node that acts for all takes any keys', () => {
  const stage = new MeshStage(1)
  const client = stage.nodes[0]!.client()
  assert.equal(
    client.ask('MULTI', `SET ${A} 1`, `SET ${B} 1`, 'DBSIZE', 'EXEC'),
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n:2\r\n',
  )
})

test('a command over all nodes is no part of a transaction', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.match(client.ask('MULTI', 'FLUSHALL', 'EXEC'), /^\+OK\r\n-CROSSSLOT .*\r\n-EXECABORT .*\r\n$/)
})

test('a transaction without keys runs where the client is', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(client.ask('MULTI', 'PING', 'EXEC'), '+OK\r\n+QUEUED\r\n*1\r\n+PONG\r\n')
})

test('keys with the same tag may be many', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[2]!.client()
  assert.equal(
    client.ask(`WATCH {${B}}x`, 'MULTI', `SET {${B}}x 1`, `SET {${B}}y 2`, `MGET {${B}}x {${B}}y`, 'EXEC'),
    '+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n',
  )
})

for (const [title, change] of [
  ['written', `SET ${B} 2`],
  ['removed', `DEL ${B}`],
  ['given a time to live', `EXPIRE ${B} 100`],
] as const) {
  test(`a watched key of another node that is ${title} meanwhile fails the transaction`, () => {
    const stage = new MeshStage(3)
    const client = stage.nodes[0]!.client()
    client.ask(`SET ${B} 1`)
    assert.equal(client.ask(`WATCH ${B}`), '+OK\r\n')
    stage.nodes[2]!.client().ask(change)
    assert.equal(
      client.ask('MULTI', `SET ${B2} 9`, 'EXEC', `EXISTS ${B2}`),
      '+OK\r\n+QUEUED\r\n*-1\r\n:0\r\n',
    )
    // The watch is over with the EXEC that failed.
    assert.equal(client.ask('MULTI', `SET ${B2} 9`, 'EXEC'), '+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n')
  })
}

test('an aborted EXEC is a null to clients that speak RESP3', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask('HELLO 3', `WATCH ${B}`)
  stage.nodes[1]!.client().ask(`SET ${B} 2`)
  assert.equal(client.ask('MULTI', `SET ${B} 9`, 'EXEC'), '+OK\r\n+QUEUED\r\n_\r\n')
})

test('a watched key that did not exist, and appeared and went meanwhile, was touched', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`WATCH ${B}`)
  stage.nodes[2]!.client().ask(`SET ${B} 1`, `DEL ${B}`)
  assert.equal(client.ask('MULTI', `SET ${B} 9`, 'EXEC'), '+OK\r\n+QUEUED\r\n*-1\r\n')
})

test('untouched watched keys let the transaction run', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SET ${B} 1`)
  const lines = [`WATCH ${B} ${B2}`, `GET ${B}`, 'MULTI', `SET ${B} 2`, 'EXEC', `GET ${B}`]
  assert.equal(client.ask(...lines), '+OK\r\n$1\r\n1\r\n+OK\r\n+QUEUED\r\n*1\r\n+OK\r\n$1\r\n2\r\n')
})

test('UNWATCH and DISCARD forget the keys of other nodes too', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const other = stage.nodes[1]!.client()
  client.ask(`WATCH ${B}`, 'UNWATCH')
  other.ask(`SET ${B} 2`)
  assert.equal(client.ask('MULTI', `GET ${B}`, 'EXEC'), '+OK\r\n+QUEUED\r\n*1\r\n$1\r\n2\r\n')
  client.ask(`WATCH ${B}`, 'MULTI', 'DISCARD')
  other.ask(`SET ${B} 3`)
  assert.equal(client.ask('MULTI', `GET ${B}`, 'EXEC'), '+OK\r\n+QUEUED\r\n*1\r\n$1\r\n3\r\n')
})

test('keys watched on several nodes are more than one node can vouch for', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(
    client.ask(`WATCH ${A} ${B}`, 'MULTI', `SET ${A} 1`, 'EXEC', `EXISTS ${A}`),
    `+OK\r\n+OK\r\n+QUEUED\r\n${CROSS}:0\r\n`,
  )
})

test('WATCH of own and other keys notices both', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`WATCH ${A}`)
  stage.nodes[1]!.client().ask(`SET ${A} 2`)
  assert.equal(client.ask('MULTI', `SET ${A} 9`, 'EXEC'), '+OK\r\n+QUEUED\r\n*-1\r\n')
  assert.equal(
    client.ask('MULTI', `WATCH ${B}`, 'DISCARD'),
    '+OK\r\n-ERR WATCH inside MULTI is not allowed\r\n+OK\r\n',
  )
})

test('a transaction selects databases where it runs, and the client has changed over with it', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(
    client.ask('MULTI', `SET ${B} 0`, 'SELECT 2', `SET ${B} 2`, 'EXEC', `GET ${B}`, 'SELECT 0', `GET ${B}`),
    '+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n*3\r\n+OK\r\n+OK\r\n+OK\r\n$1\r\n2\r\n+OK\r\n$1\r\n0\r\n',
  )
})

test('a transaction follows its slots to whoever acts for them now', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SET ${B} 1`)
  client.send('MULTI', `INCR ${B}`, 'EXEC')
  stage.kill(1)
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), '+OK\r\n+QUEUED\r\n*1\r\n:2\r\n')
})

test('a transaction waits for the node that runs it to settle', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`WATCH ${B}`)
  stage.isSettlingHeld = true
  const all = Array.from({ length: 16384 }, (_, at) => at)
  for (const slot of all) stage.nodes[1]!.roles.unsettle(slot)
  client.send('MULTI', `INCR ${B}`, `INCR ${B}`, 'EXEC')
  stage.settle(() => true)
  assert.equal(client.isAnswered, false)
  stage.nodes[1]!.settleSlots(all)
  stage.settle(() => client.isAnswered)
  assert.equal(client.read(), '+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n:1\r\n:2\r\n')
})

test('with too few owners EXEC is refused and nothing has run', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask('MULTI', `SET ${A} 1`)
  stage.kill(1)
  stage.kill(2)
  stage.nowMs += 1000
  assert.match(client.ask('EXEC'), /^-EXECABORT Transaction discarded because of: NOREPLICAS /)
  assert.equal(stage.nodes[0]!.keyCount, 0)
})

test('no client can ask what nodes ask of each other', () => {
  const stage = new MeshStage(3)
  assert.match(stage.nodes[0]!.client().ask(`MESH-VERSIONS ${A}`), /^-ERR unknown command/)
})

test('clients that know the mesh are told where to queue', () => {
  const stage = new MeshStage(3)
  stage.nodes[0]!.settings.redirects = true
  const client = stage.nodes[0]!.client()
  assert.match(client.ask('MULTI', `SET ${B} 1`, 'EXEC'), /^\+OK\r\n-MOVED \d+ node-1:6379\r\n-EXECABORT/)
})
