/* PUBLISH and SPUBLISH at one node, subscribers at others. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { ChannelRelay, FRAME_BYTES, type RelayPorts } from '../../src/routing/channel-relay.ts'
import { Channels } from '../../src/session/channels.ts'
import { keyOf, MeshStage } from './mesh-stage.ts'

const [A, B, C] = [0, 1, 2].map((number) => keyOf(number, 'shard')) as [string, string, string]

function bulks(kind: string, ...words: string[]): string {
  return `*${words.length + 1}\r\n${[kind, ...words].map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`
}

test('a message reaches subscribers and patterns at every node once, and counts those here', () => {
  const stage = new MeshStage(3)
  const listeners = stage.nodes.map((node) => node.client())
  for (const listener of listeners) listener.ask('SUBSCRIBE news', 'PSUBSCRIBE n*')
  for (const node of stage.nodes) {
    assert.equal(node.client().ask('PUBLISH news hi'), ':2\r\n', 'as Redis Cluster counts')
    stage.settle()
    for (const listener of listeners) {
      const expected = bulks('message', 'news', 'hi') + bulks('pmessage', 'n*', 'news', 'hi')
      assert.equal(listener.read(), expected)
    }
  }
})

test('what one round publishes leaves in one frame to each other node, in order', () => {
  const stage = new MeshStage(3)
  const listener = stage.nodes[2]!.client()
  listener.ask('SUBSCRIBE a b')
  const publisher = stage.nodes[0]!.client()
  publisher.ask('PUBLISH a 1', 'PUBLISH b 2', 'PUBLISH a 3', 'PUBLISH c 4')
  stage.settle()
  assert.equal(stage.messageFrames, 2)
  assert.equal(
    listener.read(),
    bulks('message', 'a', '1') + bulks('message', 'b', '2') + bulks('message', 'a', '3'),
  )
  assert.equal(stage.nodes[2]!.relay.counters.received, 4)
  assert.equal(stage.nodes[0]!.relay.counters.sent, 8)
})

test('names and messages are any bytes', () => {
  const stage = new MeshStage(2)
  const [here, there] = [stage.nodes[0]!.client(), stage.nodes[1]!.client()]
  const odd = Buffer.from([0, 255, 13, 10, 128])
  there.session.writer.reset(false)
  stage.nodes[1]!.turn(there.session, Args.from('SUBSCRIBE', odd, ''))
  there.read()
  stage.nodes[0]!.turn(here.session, Args.from('PUBLISH', odd, odd))
  stage.nodes[0]!.turn(here.session, Args.from('PUBLISH', '', ''))
  stage.settle()
  assert.equal(
    there.read(),
    bulks('message', odd.toString('latin1'), odd.toString('latin1')) + bulks('message', '', ''),
  )
})

test('a shard channel is listened to at any node, and SPUBLISH at any node reaches and counts all', () => {
  for (const channel of [A, B, C]) {
    const stage = new MeshStage(3)
    const listeners = stage.nodes.map((node) => node.client())
    for (const listener of listeners) {
      assert.equal(
        listener.ask(`SSUBSCRIBE ${channel}`),
        `${bulks('ssubscribe', channel)}:1\r\n`.replace('*2', '*3'),
      )
    }
    listeners[0]!.ask(`SUBSCRIBE ${channel}`)
    for (const node of stage.nodes) {
      assert.equal(node.client().ask(`SPUBLISH ${channel} hi`), ':3\r\n')
      for (const listener of listeners) assert.equal(listener.read(), bulks('smessage', channel, 'hi'))
    }
  }
})

test('replies of SPUBLISH keep their place among others and leave in one frame', () => {
  const stage = new MeshStage(3)
  stage.nodes[1]!.client().ask(`SSUBSCRIBE ${A} ${B}`)
  const publisher = stage.nodes[0]!.client()
  const asked = publisher.ask(`SPUBLISH ${A} 1`, 'PING', `SPUBLISH ${C} 2`, `SPUBLISH ${B} 3`, 'PING')
  assert.equal(asked, ':1\r\n+PONG\r\n:0\r\n:1\r\n+PONG\r\n')
  assert.equal(stage.messageFrames, 2)
})

test('a client may listen to shard channels of several slots, and ceases where it began', () => {
  const stage = new MeshStage(3)
  const [listener, publisher] = [stage.nodes[0]!.client(), stage.nodes[1]!.client()]
  listener.ask(`SSUBSCRIBE ${A} ${B} ${C}`)
  assert.equal(publisher.ask(`SPUBLISH ${C} 1`), ':1\r\n')
  listener.read()
  assert.match(listener.ask(`SUNSUBSCRIBE ${C} ${B}`), /:1\r\n$/)
  assert.equal(publisher.ask(`SPUBLISH ${C} 2`, `SPUBLISH ${A} 3`), ':0\r\n:1\r\n')
  assert.equal(listener.read(), bulks('smessage', A, '3'))
  assert.equal(
    stage.nodes.every(({ node }) => node.state.channels.shardChannelCount <= 1),
    true,
  )
})

test('PUBSUB tells of the node it is asked of', () => {
  const stage = new MeshStage(2)
  stage.nodes[0]!.client().ask('SUBSCRIBE a', 'PSUBSCRIBE p*', `SSUBSCRIBE ${B}`)
  const lines = ['PUBSUB CHANNELS', 'PUBSUB NUMSUB a', 'PUBSUB NUMPAT', 'PUBSUB SHARDCHANNELS']
  const numbers = [`PUBSUB SHARDNUMSUB ${B}`]
  const here = stage.nodes[0]!.client().ask(...lines, ...numbers)
  assert.match(
    here,
    /^\*1\r\n\$1\r\na\r\n\*2\r\n\$1\r\na\r\n:1\r\n:1\r\n\*1\r\n\$6\r\nshard\d\r\n\*2\r\n\$6\r\nshard\d\r\n:1\r\n$/,
  )
  const there = stage.nodes[1]!.client().ask(...lines, ...numbers)
  assert.match(there, /^\*0\r\n\*2\r\n\$1\r\na\r\n:0\r\n:0\r\n\*0\r\n\*2\r\n\$6\r\nshard\d\r\n:0\r\n$/)
})

test('who wants to be redirected is told whose slot a shard channel is in', () => {
  const stage = new MeshStage(3)
  const node = stage.nodes[0]!
  node.settings.redirects = true
  const client = node.client()
  for (const line of [`SSUBSCRIBE ${B}`, `SPUBLISH ${B} x`, `SSUBSCRIBE ${B} ${B}`]) {
    assert.match(client.ask(line), /^-MOVED \d+ node-1:6379\r\n$/)
  }
  assert.match(client.ask(`SSUBSCRIBE ${A} ${B}`), /^-CROSSSLOT /)
  assert.match(client.ask(`SSUBSCRIBE ${A}`), /:1\r\n$/)
  assert.equal(node.client().ask('PUBLISH any x'), ':0\r\n')
  assert.match(client.ask(`SUNSUBSCRIBE ${A} ${B}`), /:0\r\n$/, 'who listens here may cease to')
  assert.equal(node.node.state.channels.shardChannelCount, 0)
})

test('shard channels of slots that have yet to settle are served at once', () => {
  const stage = new MeshStage(2)
  stage.isSettlingHeld = true
  stage.kill(1)
  const client = stage.nodes[0]!.client()
  assert.match(client.ask(`SSUBSCRIBE ${B}`), /:1\r\n$/)
  assert.equal(stage.nodes[0]!.client().ask(`SPUBLISH ${B} x`), ':1\r\n')
})

test('EXEC publishes to every node, wherever it runs, and answers with the listeners of that node', () => {
  const stage = new MeshStage(3)
  const listeners = stage.nodes.map((node) => node.client())
  const far = `far{${B}}`
  for (const listener of listeners) listener.ask('SUBSCRIBE plain', `SSUBSCRIBE ${B}`)
  const client = stage.nodes[0]!.client()
  const replies = client.ask('MULTI', `SET ${far} 1`, 'PUBLISH plain x', `SPUBLISH ${B} y`, 'EXEC')
  assert.match(replies, /\*3\r\n\+OK\r\n:1\r\n:1\r\n$/)
  stage.settle()
  for (const listener of listeners) {
    assert.equal(listener.read(), bulks('message', 'plain', 'x') + bulks('smessage', B, 'y'))
  }
})

test('a transaction that another node runs cannot subscribe: it would listen over there', () => {
  const stage = new MeshStage(3)
  const client = stage.nodes[0]!.client()
  for (const line of ['SUBSCRIBE c', 'PSUBSCRIBE c*', 'UNSUBSCRIBE c']) {
    assert.match(client.ask('MULTI', `SET ${B} 1`, line, 'EXEC'), /-CROSSSLOT subscriptions cannot .*\r\n$/)
  }
  assert.equal(client.ask(`EXISTS ${B}`), ':0\r\n')
  assert.ok(stage.nodes.every(({ node }) => node.state.channels.channelCount === 0))
  assert.match(
    client.ask('MULTI', `SET ${A} 1`, 'SUBSCRIBE c', 'EXEC'),
    /\r\nsubscribe\r\n\$1\r\nc\r\n:1\r\n$/,
  )
})

test('SPUBLISH does not wait long for a node that is silent, and what it may not have told is counted', () => {
  const stage = new MeshStage(3)
  const listeners = stage.nodes.map((node) => node.client())
  for (const listener of listeners) listener.ask(`SSUBSCRIBE ${A}`)
  stage.nodes[0]!.deafTo.add('node-2')
  assert.equal(stage.nodes[0]!.client().ask(`SPUBLISH ${A} x`), ':2\r\n')
  assert.equal(stage.nodes[0]!.relay.counters.dropped, 1)
  stage.nodes[0]!.client().ask('PUBLISH c x', 'PUBLISH c y')
  stage.settle()
  assert.equal(stage.nodes[0]!.relay.counters.dropped, 3)
})

test('a publisher without replies publishes all the same', () => {
  const stage = new MeshStage(2)
  const listener = stage.nodes[1]!.client()
  listener.ask(`SSUBSCRIBE ${A}`)
  const publisher = stage.nodes[0]!.client()
  assert.equal(publisher.ask('CLIENT REPLY SKIP', `SPUBLISH ${A} x`, 'PING'), '+PONG\r\n')
  assert.equal(listener.read(), bulks('smessage', A, 'x'))
})

test('keyspace events stay with the node that acts', () => {
  const stage = new MeshStage(2)
  const listeners = stage.nodes.map((node) => node.client())
  for (const [at, listener] of listeners.entries()) {
    stage.nodes[at]!.node.tellEvents(0xffff)
    listener.ask('PSUBSCRIBE __key*__:*')
  }
  const key = keyOf(1, 'key', 2)
  stage.nodes[0]!.client().ask(`SET ${key} x PX 5000`)
  assert.equal(listeners[0]!.read(), '')
  assert.match(listeners[1]!.read(), /__keyevent@0__:set/)
  stage.nowMs += 6000
  for (const { node } of stage.nodes) node.onCycle()
  stage.settle()
  assert.deepEqual(
    stage.nodes.map(({ keyCount }) => keyCount),
    [0, 0],
    'every copy goes on its own',
  )
  assert.equal(listeners[0]!.read(), '')
  assert.match(listeners[1]!.read(), /__keyevent@0__:expired/)
})

test('a node without others does not even write messages down', () => {
  const stage = new MeshStage(1)
  stage.nodes[0]!.client().ask('PUBLISH c x', 'SPUBLISH c x')
  assert.equal(stage.messageFrames, 0)
  assert.deepEqual(stage.nodes[0]!.relay.counters, {
    sent: 0,
    shardSent: 0,
    received: 0,
    shardReceived: 0,
    dropped: 0,
  })
})

function relayInto(sizes: number[], changes: Partial<RelayPorts> = {}): ChannelRelay {
  return new ChannelRelay(new Channels(), {
    peers: () => ['other'],
    send: (_peer, count, _body, length) => sizes.push(count, length) > 0,
    ask: (_peer, count, _body, length) => sizes.push(count, length) > 0,
    wake: () => {},
    ...changes,
  })
}

test('much in one round leaves in several frames, so that nothing piles up', () => {
  const sizes: number[] = []
  const relay = relayInto(sizes)
  const message = Buffer.alloc(FRAME_BYTES / 4)
  for (let i = 0; i < 10; i++) relay.publish(Args.from('PUBLISH', 'c', message))
  for (let i = 0; i < 5; i++) relay.publishToShardUncounted(Args.from('SPUBLISH', 'c', message))
  assert.deepEqual(
    sizes.filter((_, i) => i % 2 === 0),
    [3, 3, 3, 3],
  )
  relay.flush()
  assert.deepEqual(
    sizes.filter((_, i) => i % 2 === 0),
    [3, 3, 3, 3, 1, 2],
  )
  assert.ok(sizes.every((size) => size <= FRAME_BYTES))
})

test('a broken frame of messages tells what came before, and one of a shard is refused', () => {
  const relay = relayInto([])
  const channels = new Channels()
  const told: string[] = []
  channels.publish = (channel) => told.push(channel)
  channels.publishToShard = (channel) => told.push(channel)
  Object.defineProperty(channels, 'hasListeners', { value: true })
  Object.defineProperty(channels, 'shardChannelCount', { value: 1 })
  const hearing = new ChannelRelay(channels, {
    peers: () => [],
    send: () => true,
    ask: () => true,
    wake() {},
  })
  const sound = Buffer.from([1, 0, 0, 0, 97, 1, 0, 0, 0, 120])
  const broken = Buffer.concat([sound, Buffer.from([200, 0, 0, 0, 98])])
  hearing.onMessages(2, broken, 0, broken.length)
  assert.deepEqual(told, ['a'])
  assert.equal(hearing.onShardMessages(2, broken, 0, broken.length), undefined)
  assert.equal(hearing.onShardMessages(1, sound, 0, sound.length)!.length, 4)
  assert.equal(relay.onShardMessages(1, sound, 0, sound.length)!.length, 0, 'nobody listens')
})
