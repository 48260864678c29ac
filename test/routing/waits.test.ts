/* Blocking requests wait where their keys are acted for, wherever their client is, and lose nothing on the way. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { keyOf, MeshStage, type StageClient, tableOf } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'key')) as [string, string, string]
const POPPED = (key: string, value: string): string =>
  `*2\r\n$4\r\n${key}\r\n$${value.length}\r\n${value}\r\n`

/** Sends without waiting for the reply, and lets everything arrive. */
function begin(stage: MeshStage, number: number, ...lines: string[]): StageClient {
  const client = stage.nodes[number]!.client()
  client.send(...lines)
  stage.settle(() => true)
  return client
}

function after(stage: MeshStage, ...clients: StageClient[]): string[] {
  stage.settle(() => clients.every((client) => client.isAnswered))
  return clients.map((client) => client.read())
}

test('a client waits at one node, its key is acted for at another, and is pushed at a third', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  assert.equal(waiting.isAnswered, false)
  assert.equal(stage.nodes[2]!.client().ask(`RPUSH ${B} x y`), ':2\r\n')
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
  assert.equal(stage.nodes[0]!.client().ask(`LRANGE ${B} 0 -1`), '*1\r\n$1\r\ny\r\n')
  for (const node of stage.nodes) assert.equal(node.keyCount, 1, 'every owner has taken part')
})

test('what is there is answered at once, by every command that waits', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`RPUSH ${B} 1 2 3 4 5 6`, `ZADD ${C} 1 a 2 b 3 c`)
  assert.equal(client.ask(`BRPOP ${B} 1`), POPPED(B, '6'))
  assert.equal(client.ask(`BLMOVE ${B} ${B} LEFT RIGHT 1`), '$1\r\n1\r\n')
  assert.equal(client.ask(`BRPOPLPUSH ${B} ${B} 1`), '$1\r\n1\r\n')
  assert.equal(client.ask(`BLMPOP 1 1 ${B} LEFT COUNT 2`), `*2\r\n$4\r\n${B}\r\n*2\r\n$1\r\n1\r\n$1\r\n2\r\n`)
  assert.equal(client.ask(`BZPOPMIN ${C} 1`), `*3\r\n$4\r\n${C}\r\n$1\r\na\r\n$1\r\n1\r\n`)
  assert.equal(client.ask(`BZPOPMAX ${C} 1`), `*3\r\n$4\r\n${C}\r\n$1\r\nc\r\n$1\r\n3\r\n`)
  assert.match(client.ask(`BZMPOP 1 1 ${C} MIN`), /^\*2\r\n/)
})

test('who came first to the line of a key is served first, wherever each is connected', () => {
  const stage = new MeshStage(3)
  const clients = [2, 1, 0, 1].map((number) => begin(stage, number, `BLPOP ${B} 0`))
  stage.nodes[0]!.client().ask(`RPUSH ${B} 1 2 3 4`)
  assert.deepEqual(
    after(stage, ...clients),
    ['1', '2', '3', '4'].map((value) => POPPED(B, value)),
  )
})

test('a time that is over is answered nil in the protocol of the client, and nothing is popped for it later', () => {
  const stage = new MeshStage(3)
  const startMs = stage.nowMs
  const waiting = begin(stage, 0, 'HELLO 3', `BLPOP ${B} 2.5`)
  const other = begin(stage, 0, `BLPOP ${B} 1`)
  assert.deepEqual(after(stage, other), ['*-1\r\n'])
  assert.match(after(stage, waiting)[0]!, /_\r\n$/)
  assert.ok(stage.nowMs - startMs >= 2500, 'not before')
  assert.ok(stage.nowMs - startMs < 4000, 'and not long after')
  assert.equal(stage.nodes[1]!.client().ask(`RPUSH ${B} x`, `LLEN ${B}`), ':1\r\n:1\r\n')
  assert.equal(stage.nodes[0]!.waits.distant.count + stage.nodes[1]!.waits.served.count, 0)
})

test('a wait without an end outlasts every deadline between nodes', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  for (let i = 0; i < 4; i++) stage.settle()
  stage.nodes[1]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
})

test('CLIENT UNBLOCK ends a wait at another node, as a timeout or with an error', () => {
  const stage = new MeshStage(3)
  const [one, other] = [begin(stage, 0, `BLPOP ${B} 0`), begin(stage, 0, `BLMOVE ${B} ${B} LEFT LEFT 0`)]
  const { router } = stage.nodes[0]!
  assert.equal(router.unblock(one.session, false), true)
  assert.equal(router.unblock(one.session, false), false, 'once')
  assert.equal(router.unblock(other.session, true), true)
  assert.deepEqual(after(stage, one, other), [
    '*-1\r\n',
    '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n',
  ])
  assert.equal(router.unblock(one.session, false), false)
})

test('what was popped before the end came is answered all the same', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  stage.nodes[1]!.client().send(`RPUSH ${B} x`)
  stage.nodes[0]!.router.unblock(waiting.session, false)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
})

test('nothing is popped for a client that is gone', () => {
  const stage = new MeshStage(3)
  const gone = begin(stage, 0, `BLPOP ${B} 0`)
  const next = begin(stage, 2, `BLPOP ${B} 0`)
  stage.nodes[0]!.router.forget(gone.session)
  stage.settle(() => true)
  stage.nodes[1]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, next), [POPPED(B, 'x')])
  assert.equal(gone.read(), '')
})

test('when the acting node dies, its waits go on at the node that acts next, for what is left of their time', () => {
  const stage = new MeshStage(3)
  const startMs = stage.nowMs
  const clients = [0, 2, 0].map((number) => begin(stage, number, `BLPOP ${B} 0`))
  const brief = begin(stage, 0, `BLPOP {${B}}none 5`)
  stage.kill(1)
  stage.settle(() => stage.nowMs > startMs + 1000)
  stage.nodes[0]!.client().ask(`RPUSH ${B} 1 2 3`)
  assert.deepEqual(
    after(stage, ...clients).sort(),
    ['1', '2', '3'].map((value) => POPPED(B, value)),
  )
  assert.deepEqual(after(stage, brief), ['*-1\r\n'])
  assert.ok(stage.nowMs - startMs < 8000, 'time is counted from the beginning')
})

test('a node that takes over for keys its own clients wait for serves them', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 2, `BLPOP ${B} 0`)
  stage.kill(1)
  stage.nodes[0]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
})

test('clients of the acting node itself follow their keys when others come to act for them', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 1, `BLPOP ${B} 0`)
  const brief = begin(stage, 1, `BLPOP ${B} 4`)
  const distant = begin(stage, 0, `BLPOP ${B} 0`)
  stage.table = tableOf(['node-2', 'node-0', 'node-1'], 3)
  stage.update()
  assert.deepEqual(after(stage, brief), ['*-1\r\n'])
  stage.nodes[2]!.client().ask(`RPUSH ${B} x y`)
  const replies = after(stage, waiting, distant)
  assert.deepEqual(replies.sort(), [POPPED(B, 'x'), POPPED(B, 'y')])
  for (const node of stage.nodes) assert.equal(node.node.state.waiters.count, 0)
})

test('a node that is alone keeps its clients in line whatever is said of its slots', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 1, `BLPOP ${B} 0`)
  const { state } = stage.nodes[1]!.node
  state.router = null
  stage.nodes[1]!.waits.onSlots([...Array(16384).keys()])
  stage.settle(() => true)
  assert.equal(state.waiters.count, 1)
  assert.equal(stage.nodes[1]!.waits.distant.count, 0)
  stage.nodes[1]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
})

test('what came in while a node settled anew is found by who waited before', () => {
  const stage = new MeshStage(3)
  const clients = [1, 0].map((number) => begin(stage, number, `BLPOP ${B} 0`))
  stage.isSettlingHeld = true
  stage.nodes[1]!.roles.unsettleAll()
  stage.settle(() => stage.nodes[1]!.parking.count === 2)
  stage.isSettlingHeld = false
  stage.nodes[1]!.settleSlots([...Array(16384).keys()])
  assert.equal(stage.nodes[1]!.client().ask(`RPUSH ${B} x y`), ':2\r\n')
  assert.deepEqual(after(stage, ...clients).sort(), [POPPED(B, 'x'), POPPED(B, 'y')])
})

test('a wait known from a link that has ended takes nothing', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  stage.relink(0, 1)
  stage.settle(() => stage.nodes[1]!.waits.served.count === 1)
  stage.nodes[1]!.client().ask(`RPUSH ${B} x y`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
  assert.equal(stage.nodes[2]!.client().ask(`LLEN ${B}`), ':1\r\n')
})

test('a peer that never noticed the end of a link is told which waits are over', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  stage.nodes[0]!.waits.onLinkDown('node-1')
  stage.nodes[0]!.waits.onLinkUp('node-1')
  stage.settle(() => stage.nodes[0]!.waits.distant.counters.askedAgain === 1)
  stage.settle(() => true)
  stage.nodes[1]!.client().ask(`RPUSH ${B} x y`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
  assert.equal(stage.nodes[2]!.client().ask(`LLEN ${B}`), ':1\r\n')
})

test('a node that never answered, and is gone without the end of a link, is left for whoever acts next', () => {
  const stage = new MeshStage(3)
  const startMs = stage.nowMs
  stage.nodes[0]!.deafTo.add('node-1')
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  stage.settle(() => stage.nowMs > startMs + 3000)
  stage.alive.delete('node-1')
  stage.update()
  stage.nodes[2]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
})

test('a node that answers neither a wait nor its end leaves the outcome open', () => {
  const stage = new MeshStage(3)
  stage.nodes[0]!.deafTo.add('node-1')
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  const brief = begin(stage, 0, `BLPOP ${B} 1`)
  assert.match(after(stage, waiting)[0]!, /^-TIMEOUT /)
  assert.match(after(stage, brief)[0]!, /^-TIMEOUT /)
})

test('a peer that noticed the end of a link alone says so, and its waits are asked for again', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  stage.nodes[1]!.waits.onLinkDown('node-0')
  assert.equal(stage.nodes[1]!.node.state.waiters.count, 0)
  stage.nodes[1]!.waits.onLinkUp('node-0')
  stage.settle(() => stage.nodes[1]!.waits.served.count === 1)
  stage.nodes[1]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), [POPPED(B, 'x')])
})

test('a node that never settles does not keep its clients for ever', () => {
  const stage = new MeshStage(3)
  const startMs = stage.nowMs
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  stage.isSettlingHeld = true
  stage.nodes[1]!.roles.unsettleAll()
  assert.match(after(stage, waiting)[0]!, /^-CLUSTERDOWN /)
  assert.ok(stage.nowMs - startMs >= 10_000, 'it is tried for a while')
})

test('when the link ends while a pop is being confirmed, the outcome is open', () => {
  const stage = new MeshStage(3)
  const waiting = stage.nodes[0]!.client()
  waiting.session.writeLevel = 'all'
  waiting.send(`BLPOP ${B} 0`)
  stage.settle(() => true)
  stage.nodes[1]!.deafTo.add('node-2')
  stage.nodes[1]!.client().send(`RPUSH ${B} x`)
  stage.settle(() => true)
  assert.equal(waiting.isAnswered, false)
  stage.kill(1)
  assert.match(after(stage, waiting)[0]!, /^-TIMEOUT /)
})

test('a slot that nobody acts for does not keep its clients for ever', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  for (const number of [1, 2]) stage.kill(number)
  stage.nodes[0]!.roles.acting.fill(0xffff)
  assert.match(after(stage, waiting)[0]!, /^-CLUSTERDOWN /)
})

test('requests sent behind one that waits run after it, in their order', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, `RPUSH ${C} a`, `BLPOP ${B} 0`, `RPUSH ${C} b`, `LRANGE ${C} 0 -1`)
  assert.equal(stage.nodes[2]!.client().ask(`LLEN ${C}`), ':1\r\n')
  stage.nodes[2]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), [`:1\r\n${POPPED(B, 'x')}:2\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n`])
})

test('a wait comes after what its client pushed before', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(client.ask(`RPUSH ${B} x`, `BLPOP ${B} 0`), `:1\r\n${POPPED(B, 'x')}`)
})

test('what is wrong with a request is said at once, and inside MULTI nobody waits', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  client.ask(`SET ${C} text`)
  assert.match(client.ask(`BLPOP ${B} -1`), /^-ERR timeout is negative/)
  assert.match(client.ask(`BLPOP ${B} soon`), /^-ERR timeout is not a float/)
  assert.match(client.ask(`BLPOP ${C} 0`), /^-WRONGTYPE /)
  assert.match(client.ask(`BLPOP ${A} ${B} 0`), /^-CROSSSLOT /)
  assert.equal(client.ask('MULTI', `BLPOP ${B} 0`, 'EXEC'), '+OK\r\n+QUEUED\r\n*1\r\n*-1\r\n')
})

test('a client that wants no replies gets none, and its wait takes what it asked for', () => {
  const stage = new MeshStage(3)
  const waiting = begin(stage, 0, 'CLIENT REPLY OFF', `BLPOP ${B} 0`, 'CLIENT REPLY ON')
  stage.nodes[2]!.client().ask(`RPUSH ${B} x`)
  assert.deepEqual(after(stage, waiting), ['+OK\r\n'])
  assert.equal(stage.nodes[2]!.client().ask(`LLEN ${B}`), ':0\r\n')
})

test('more waits than there is room for are refused, here and there', () => {
  const stage = new MeshStage(3)
  stage.nodes[0]!.waits.distant.limits.countMax = 1
  const waiting = begin(stage, 0, `BLPOP ${B} 0`)
  assert.match(stage.nodes[0]!.client().ask(`BLPOP ${C} 0`), /^-TRYAGAIN too many clients/)
  stage.nodes[1]!.waits.served.limits.perPeerMax = 1
  stage.nodes[0]!.waits.distant.limits.countMax = 9
  assert.match(stage.nodes[0]!.client().ask(`BLPOP ${B} 0`), /^-CLUSTERDOWN /)
  stage.nodes[0]!.router.unblock(waiting.session, false)
  assert.deepEqual(after(stage, waiting), ['*-1\r\n'])
})

test('WAIT answers how many others have the writes before it', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  assert.equal(client.ask(`SET ${B} x`, 'WAIT 1 0'), '+OK\r\n:1\r\n')
  client.session.writeLevel = 'all'
  assert.equal(client.ask(`SET ${B} x`, 'WAIT 2 0'), '+OK\r\n:2\r\n')
  client.session.writeLevel = 'one'
  assert.equal(client.ask(`SET ${B} x`, 'WAIT 1 0'), '+OK\r\n:0\r\n')
})
