/* Writes over keys of several nodes: done in steps, never losing what they carry. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { keyOf, MeshStage, type StageClient } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key')) as [string, string, string]
const A2 = keyOf(0, 'other')

/** Holds the deliveries of the stage just before a request of this name is run at a node. */
function beforeRequest(stage: MeshStage, number: number, name: string, run: () => void): void {
  const { dispatch } = stage.nodes[number]!.node
  const onRequest = dispatch.onRequest.bind(dispatch)
  let isDone = false
  dispatch.onRequest = (session, args) => {
    if (!isDone && args.is(0, name) && session.isProxied) {
      isDone = true
      run()
    }
    onRequest(session, args)
  }
}

/** A request of another client, run at once at the node itself. */
function meanwhile(stage: MeshStage, number: number, ...words: string[]): void {
  const node = stage.nodes[number]!
  node.node.dispatch.onRequest(node.client().session, Args.from(...words))
}

function onEveryNode(stage: MeshStage, client: StageClient, key: string, reply: string): void {
  assert.equal(client.ask(`EXISTS ${key}`), reply)
  const bytes = Buffer.from(key)
  for (const { node } of stage.nodes) {
    const ref = node.space.peek(0, bytes, 0, bytes.length)
    assert.equal(ref === 0 ? ':0\r\n' : ':1\r\n', reply, 'every owner knows')
  }
}

test('results of sets, sorted sets, strings and lists are stored at the node of their destination', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SADD ${A} 1 2 3`, `SADD ${B} 2 3 4`)
  assert.equal(client.ask(`SINTERSTORE ${C} ${A} ${B}`, `SCARD ${C}`), ':2\r\n:2\r\n')
  assert.equal(client.ask(`SUNIONSTORE ${B} ${A} ${B}`, `SCARD ${B}`), ':4\r\n:4\r\n')
  assert.equal(client.ask(`SDIFFSTORE ${A2} ${A} ${C} none`, `SMEMBERS ${A2}`), ':1\r\n*1\r\n$1\r\n1\r\n')
  assert.equal(client.ask(`ZUNIONSTORE ${C} 2 ${A} ${B} WEIGHTS 1 2`, `ZSCORE ${C} 2`), ':4\r\n$1\r\n3\r\n')
  assert.equal(client.ask(`ZRANGESTORE ${B} ${C} 0 1`, `ZCARD ${B}`), ':2\r\n:2\r\n')
  client.ask(`SET ${A} abc`, `SET ${B} abd`)
  assert.equal(client.ask(`BITOP AND ${C} ${A} ${B}`, `GET ${C}`), ':3\r\n$3\r\nab`\r\n')
  client.ask(`DEL ${A} ${B}`, `RPUSH ${A} 3 1 2`)
  assert.equal(client.ask(`SORT ${A} STORE ${B}`, `LRANGE ${B} 0 0`), ':3\r\n*1\r\n$1\r\n1\r\n')
  onEveryNode(stage, client, B, ':1\r\n')
})

test('an empty result removes the destination, and an error leaves it alone', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[1]!.client()
  client.ask(`SADD ${A} 1`, `SADD ${B} 2`, `SET ${C} text`)
  assert.match(client.ask(`SUNIONSTORE ${A} ${B} ${C}`), /^-WRONGTYPE /)
  assert.match(client.ask(`ZUNIONSTORE ${C} 2 ${A} ${B} WEIGHTS 1`), /^-ERR syntax/)
  assert.equal(client.ask(`SMEMBERS ${A}`), '*1\r\n$1\r\n1\r\n')
  assert.equal(client.ask(`SINTERSTORE ${C} ${A} ${B}`), ':0\r\n')
  onEveryNode(stage, client, C, ':0\r\n')
})

test('COPY keeps what is there unless it is to replace it, goes to other databases and keeps the time to live', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[2]!.client()
  client.ask(`SET ${A} one EX 100`, `SET ${B} two`)
  assert.equal(client.ask(`COPY ${A} ${B}`, `GET ${B}`), ':0\r\n$3\r\ntwo\r\n')
  assert.equal(client.ask(`COPY ${A} ${B} REPLACE`, `GET ${B}`, `TTL ${B}`), ':1\r\n$3\r\none\r\n:100\r\n')
  assert.equal(client.ask(`COPY none${A} ${C}`), ':0\r\n')
  assert.equal(
    client.ask(`COPY ${A} ${C} DB 3`, `EXISTS ${C}`, 'SELECT 3', `GET ${C}`),
    ':1\r\n:0\r\n+OK\r\n$3\r\none\r\n',
  )
  assert.match(client.ask(`COPY ${C} ${A} DB 99`), /^-ERR DB index/)
  assert.match(client.ask(`COPY ${C} ${A} BOGUS`), /^-ERR syntax/)
})

test('RENAME moves a value with its time to live, and what was under the new key is gone', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`RPUSH ${B} a b`, `EXPIRE ${B} 50`, `SET ${C} old`)
  assert.equal(
    client.ask(`RENAME ${B} ${C}`, `LRANGE ${C} 0 -1`, `TTL ${C}`),
    '+OK\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n:50\r\n',
  )
  onEveryNode(stage, client, B, ':0\r\n')
  assert.match(client.ask(`RENAME ${B} ${C}`), /^-ERR no such key/)
  client.ask(`SET ${A} x`)
  assert.equal(client.ask(`RENAMENX ${A} ${C}`, `GET ${A}`), ':0\r\n$1\r\nx\r\n')
  assert.equal(client.ask(`RENAMENX ${A} ${B}`, `GET ${B}`, `EXISTS ${A}`), ':1\r\n$1\r\nx\r\n:0\r\n')
})

test('a value that changes while it is renamed is renamed as it is then', () => {
  for (const name of ['RENAME', 'RENAMENX']) {
    const stage = new MeshStage(3)
    const client = stage.nodes[0]!.client()
    client.ask(`SET ${A} old`)
    const { spreads } = stage.nodes[1]!
    const onRequest = spreads.onRequest.bind(spreads)
    spreads.onRequest = (session, args) => {
      if (args.is(0, 'MESH-STORE') && args.is(3, '') === false) {
        spreads.onRequest = onRequest
        meanwhile(stage, 0, 'SET', A, 'new')
      }
      onRequest(session, args)
    }
    assert.equal(client.ask(`${name} ${A} ${B}`), name === 'RENAME' ? '+OK\r\n' : ':1\r\n')
    assert.equal(client.ask(`GET ${B}`), '$3\r\nnew\r\n')
    onEveryNode(stage, client, A, ':0\r\n')
  }
})

test('a value that is not removed where it was stays in both places, and the client is told', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SET ${B} x`)
  const { spreads } = stage.nodes[2]!
  const onRequest = spreads.onRequest.bind(spreads)
  spreads.onRequest = (session, args) => {
    if (args.is(0, 'MESH-STORE')) stage.nodes[0]!.deafTo.add('node-1')
    onRequest(session, args)
  }
  assert.match(client.ask(`RENAME ${B} ${C}`), /^-TIMEOUT moved, but/)
  stage.nodes[0]!.deafTo.clear()
  assert.equal(client.ask(`GET ${C}`, `GET ${B}`), '$1\r\nx\r\n$1\r\nx\r\n')
})

test('a destination that cannot be written leaves the source as it was', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SET ${B} x`, `RPUSH ${A} 1`, `SADD ${A2} m`)
  client.session.writeLevel = 'all'
  stage.kill(2)
  for (const request of [`RENAME ${B} ${C}`, `LMOVE ${A} ${B}b LEFT LEFT`, `SMOVE ${A2} ${B}s m`]) {
    assert.match(client.ask(request), /^-(NOREPLICAS|CLUSTERDOWN|CROSSSLOT|WRONGTYPE) /, request)
  }
  assert.equal(client.ask(`GET ${B}`, `LLEN ${A}`, `SCARD ${A2}`), '$1\r\nx\r\n:1\r\n:1\r\n')
})

test('LMOVE and RPOPLPUSH move elements between nodes, and answer them', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[2]!.client()
  client.ask(`RPUSH ${A} 1 2 3 4`)
  assert.equal(client.ask(`LMOVE ${A} ${B} LEFT RIGHT`), '$1\r\n1\r\n')
  assert.equal(client.ask(`LMOVE ${A} ${B} RIGHT RIGHT`), '$1\r\n4\r\n')
  assert.equal(client.ask(`RPOPLPUSH ${A} ${B}`), '$1\r\n3\r\n')
  assert.equal(client.ask(`LRANGE ${B} 0 -1`), '*3\r\n$1\r\n3\r\n$1\r\n1\r\n$1\r\n4\r\n')
  assert.equal(client.ask(`LRANGE ${A} 0 -1`), '*1\r\n$1\r\n2\r\n')
  assert.equal(client.ask(`LMOVE none ${B} LEFT LEFT`), '$-1\r\n')
  assert.equal(client.ask('HELLO 3', `LMOVE none${A} ${B} LEFT LEFT`).slice(-3), '_\r\n')
  client.ask(`SET ${C} text`)
  assert.match(client.ask(`LMOVE ${A} ${C} LEFT LEFT`), /^-WRONGTYPE /)
  assert.match(client.ask(`LMOVE ${C} ${A} LEFT LEFT`), /^-WRONGTYPE /)
  assert.match(client.ask(`LMOVE ${A} ${B} LEFT MIDDLE`), /^-ERR syntax/)
  assert.equal(client.ask(`LLEN ${A}`), ':1\r\n')
})

test('an element that somebody takes meanwhile is not moved as well: the next one is', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[2]!.client()
  client.ask(`RPUSH ${A} 1 2`)
  beforeRequest(stage, 1, 'RPUSH', () => meanwhile(stage, 0, 'LPOP', A))
  assert.equal(client.ask(`LMOVE ${A} ${B} LEFT RIGHT`), '$1\r\n2\r\n')
  assert.equal(client.ask(`LRANGE ${B} 0 -1`, `EXISTS ${A}`), '*1\r\n$1\r\n2\r\n:0\r\n')
})

test('SMOVE moves a member between nodes, and says when there is none', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SADD ${B} a b`, `SET ${A} text`)
  assert.equal(
    client.ask(`SMOVE ${B} ${C} a`, `SMEMBERS ${C}`, `SMEMBERS ${B}`),
    ':1\r\n*1\r\n$1\r\na\r\n*1\r\n$1\r\nb\r\n',
  )
  assert.equal(
    client.ask(`SMOVE ${B} ${C} none`, `SMOVE none ${C} a`, `SMOVE none ${A} a`),
    ':0\r\n:0\r\n:0\r\n',
  )
  assert.match(client.ask(`SMOVE ${B} ${A} none`), /^-WRONGTYPE /)
  assert.match(client.ask(`SMOVE ${A} ${B} x`), /^-WRONGTYPE /)
  beforeRequest(stage, 2, 'SADD', () => meanwhile(stage, 1, 'SREM', B, 'b'))
  assert.equal(client.ask(`SMOVE ${B} ${C} b`, `SISMEMBER ${C} b`), ':0\r\n:0\r\n')
})

test('LMPOP and ZMPOP take from the first of several nodes that has any', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`RPUSH ${C} 1 2 3`, `ZADD ${B} 1 a 2 b`)
  assert.equal(
    client.ask(`LMPOP 3 ${A} ${A2} ${C} RIGHT COUNT 2`),
    `*2\r\n$4\r\n${C}\r\n*2\r\n$1\r\n3\r\n$1\r\n2\r\n`,
  )
  assert.match(client.ask(`ZMPOP 2 ${A} ${B} MAX`), /\$1\r\nb\r\n/)
  assert.equal(client.ask(`LMPOP 2 ${A} ${A2}x LEFT`), '*-1\r\n')
  assert.match(client.ask(`LMPOP 2 ${A} ${B} UP`), /^-ERR syntax/)
  assert.match(client.ask(`LMPOP 2 ${A} ${B} LEFT`), /^-WRONGTYPE /)
})

test('what is stored from elsewhere wakes who waits for it, fails who watches it, and is told of', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const waiting = stage.nodes[2]!.client()
  waiting.send(`BLPOP ${B} 0`)
  const watching = stage.nodes[1]!.client()
  watching.ask(`WATCH ${B}`, 'MULTI')
  const { state } = stage.nodes[1]!.node
  const told: string[] = []
  state.notifyFlags = -1
  state.notifyKeyspace = (_class, event, _database, key, start, end) => {
    told.push(`${event} ${Buffer.from(key.subarray(start, end)).toString()}`)
  }
  client.ask(`RPUSH ${A} x y`, `RENAME ${A} ${B}`)
  stage.settle(() => waiting.isAnswered)
  assert.equal(waiting.read(), `*2\r\n$4\r\n${B}\r\n$1\r\nx\r\n`)
  assert.equal(watching.ask('PING', 'EXEC'), '+QUEUED\r\n*-1\r\n')
  assert.deepEqual(
    told.filter((event) => event.startsWith('rename')),
    [`rename_to ${B}`],
  )
})

test('a source that is not confirmed is not made anything of', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const acting = stage.nodes[1]!
  acting.deafTo.add('node-0')
  acting.deafTo.add('node-2')
  const writer = acting.client()
  writer.send(`SADD ${B} unconfirmed`)
  stage.settle(() => true)
  assert.match(client.ask(`SUNIONSTORE ${C} ${A} ${B}`), /^-TRYAGAIN /)
  assert.equal(client.ask(`EXISTS ${C}`), ':0\r\n')
})

test('each step sees what its client sent before, and nothing sent behind it is run earlier', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  const replies = client.ask(
    `SET ${A} 1`,
    `RENAME ${A} ${B}`,
    `GET ${B}`,
    `COPY ${B} ${C}`,
    `INCR ${C}`,
    `DEL ${A} ${B} ${C}`,
  )
  assert.equal(replies, '+OK\r\n+OK\r\n$1\r\n1\r\n:1\r\n:2\r\n:2\r\n')
})

test('commands that must see all their keys in one moment are refused', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`RPUSH ${A} 1`)
  for (const request of [`MSETNX ${A} 1 ${B} 2`, `BLMOVE ${A} ${B} LEFT LEFT 0`, `BLPOP ${A} ${B} 0`]) {
    assert.match(client.ask(request), /^-CROSSSLOT /, request)
  }
})

/** Weights and names of 1, 2 and 3, each at another node. */
function weigh(client: { ask(...requests: string[]): string }): void {
  client.ask(`RPUSH ${A} 1 2 3`, 'MSET w:1 30 w:2 10 w:3 20', 'MSET n:1 one n:2 two n:3 three')
}

test('SORT finds the keys its patterns name wherever they are, and stores what it finds', () => {
  const stage = new MeshStage(3)
  weigh(stage.nodes[0]!.client())
  for (const node of stage.nodes) {
    const client = node.client()
    const ordered = '*3\r\n$3\r\ntwo\r\n$5\r\nthree\r\n$3\r\none\r\n'
    assert.equal(client.ask(`SORT ${A} BY w:* GET n:*`), ordered)
    assert.equal(client.ask(`SORT_RO ${A} BY w:* GET n:*`), ordered)
    assert.equal(client.ask(`SORT ${A} BY w:* GET n:* STORE ${B}`, `LRANGE ${B} 0 -1`), `:3\r\n${ordered}`)
    assert.match(client.ask(`SORT ${A} BY n:*`), /^-ERR One or more scores/)
  }
})

test('SORT whose patterns bear the hash tag of its key runs where they all are, in a transaction too', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask('RPUSH {t}l 1 2', 'MSET {t}w1 2 {t}w2 1')
  const errands = stage.nodes.map(({ spreads }) => spreads.counters.bySlot)
  const sorted = '*2\r\n$1\r\n2\r\n$1\r\n1\r\n'
  assert.equal(client.ask('SORT {t}l BY {t}w*'), sorted)
  assert.ok(client.ask('MULTI', 'SORT {t}l BY {t}w*', 'EXEC').endsWith(`*1\r\n${sorted}`))
  assert.deepEqual(
    stage.nodes.map(({ spreads }) => spreads.counters.bySlot),
    errands,
  )
})

test('in a transaction SORT may not look for keys of several nodes', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  weigh(client)
  assert.match(client.ask('MULTI', `SORT ${A} BY w:*`, 'EXEC'), /^\+OK\r\n-CROSSSLOT .*\r\n-EXECABORT /s)
})
