import assert from 'node:assert/strict'
import test from 'node:test'
import { SUBSCRIPTION_BYTES_MAX, SUBSCRIPTIONS_MAX } from '../../src/session/channels.ts'
import { World } from './conversation.ts'

test('a message reaches the channel and every matching pattern, and the publisher hears how many', () => {
  const world = new World()
  const [listener, publisher] = [world.client(), world.client()]
  listener.askAll('SUBSCRIBE news', 'PSUBSCRIBE n* n?ws x*')
  assert.equal(publisher.ask('PUBLISH news hi'), ':3')
  assert.equal(
    listener.read(),
    '*3 $7 message $4 news $2 hi *4 $8 pmessage $2 n* $4 news $2 hi *4 $8 pmessage $4 n?ws $4 news $2 hi',
  )
  assert.ok(listener.link.dirtyCount > 0)
  assert.equal(publisher.ask('PUBLISH other hi'), ':0')
})

test('what a node says of itself is heard by those alone who ask for it', () => {
  const world = new World()
  const [named, chosen, any] = [world.client(), world.client(), world.client()]
  named.ask('SUBSCRIBE __system.a')
  chosen.ask('PSUBSCRIBE __system.*')
  any.ask('PSUBSCRIBE *')
  const bytes = Buffer.from('x')
  assert.equal(world.node.channels.publish('__system.a', bytes, 0, 1, '__system.'), 2)
  assert.equal(any.read(), '')
  assert.equal(any.ask('PING'), '*2 $4 pong $0')
  assert.equal(world.client().ask('PUBLISH __system.a x'), ':3', 'clients may publish there as anywhere')
})

test('RESP3 listeners get pushes and may run anything; a publisher hears itself before its reply', () => {
  const world = new World()
  const client = world.client()
  client.ask('HELLO 3')
  assert.equal(client.ask('SUBSCRIBE c'), '>3 $9 subscribe $1 c :1')
  assert.equal(client.ask('PUBLISH c m'), '>3 $7 message $1 c $1 m :1')
  assert.equal(client.ask('PING'), '+PONG')
})

test('a subscribed RESP2 client may only (un)subscribe, PING, QUIT and RESET', () => {
  const world = new World()
  const client = world.client()
  assert.equal(
    client.ask('SUBSCRIBE a b a'),
    '*3 $9 subscribe $1 a :1 *3 $9 subscribe $1 b :2 *3 $9 subscribe $1 a :2',
  )
  assert.match(client.ask('CLIENT LIST'), /^-ERR Can't execute 'client\|list': only \(P\|S\)SUBSCRIBE/)
  assert.equal(client.ask('PING'), '*2 $4 pong $0')
  assert.equal(client.ask('PING x'), '*2 $4 pong $1 x')
  assert.equal(client.ask('UNSUBSCRIBE'), '*3 $11 unsubscribe $1 a :1 *3 $11 unsubscribe $1 b :0')
  assert.equal(client.ask('UNSUBSCRIBE'), '*3 $11 unsubscribe $-1 :0')
  assert.equal(client.ask('GET a'), '$-1')
})

test('shard channels are counted and published apart from channels', () => {
  const world = new World()
  const [listener, publisher] = [world.client(), world.client()]
  listener.ask('SUBSCRIBE x')
  assert.equal(listener.ask('SSUBSCRIBE s t'), '*3 $10 ssubscribe $1 s :1 *3 $10 ssubscribe $1 t :2')
  assert.equal(publisher.ask('SPUBLISH s m'), ':1')
  assert.equal(listener.read(), '*3 $8 smessage $1 s $1 m')
  assert.equal(publisher.ask('PUBLISH s m'), ':0')
  assert.equal(publisher.ask('PUBSUB SHARDNUMSUB s q'), '*4 $1 s :1 $1 q :0')
  assert.equal(publisher.ask('PUBSUB SHARDCHANNELS t*'), '*1 $1 t')
  assert.equal(listener.ask('SUNSUBSCRIBE'), '*3 $12 sunsubscribe $1 s :1 *3 $12 sunsubscribe $1 t :0')
})

test('PUBSUB shows channels, listeners and patterns', () => {
  const world = new World()
  const [a, b] = [world.client(), world.client()]
  a.askAll('SUBSCRIBE c d', 'PSUBSCRIBE p*')
  a.session.writer.reset(false)
  b.ask('HELLO 3')
  b.askAll('SUBSCRIBE c', 'PSUBSCRIBE p*')
  assert.equal(b.ask('PUBSUB CHANNELS'), '*2 $1 c $1 d')
  assert.equal(b.ask('PUBSUB CHANNELS d'), '*1 $1 d')
  assert.equal(b.ask('PUBSUB NUMSUB c d x'), '*6 $1 c :2 $1 d :1 $1 x :0')
  assert.equal(b.ask('PUBSUB NUMPAT'), ':1')
  assert.match(
    b.ask('PUBSUB CHANNELS c d'),
    /^-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'/,
  )
})

test('channel names and messages are any bytes', () => {
  const world = new World()
  const [listener, publisher] = [world.client(), world.client()]
  const name = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  listener.ask('SUBSCRIBE', name, '__proto__')
  publisher.ask('PUBLISH', name, name)
  const sent = listener.session.writer.detach()
  const body = Buffer.concat([Buffer.from('$256\r\n'), name, Buffer.from('\r\n')])
  assert.deepEqual(sent, Buffer.concat([Buffer.from('*3\r\n$7\r\nmessage\r\n'), body, body]))
})

test('who is gone hears nothing and leaves nothing behind', () => {
  const world = new World()
  const client = world.client()
  client.askAll('SUBSCRIBE a', 'PSUBSCRIBE b*', 'SSUBSCRIBE c')
  assert.ok(client.link.isListening)
  world.node.channels.forget(client.session)
  const { channels } = world.node
  assert.deepEqual([channels.channelCount, channels.patternCount, channels.shardChannelCount], [0, 0, 0])
  assert.equal(client.session.subscriptions, null)
  assert.equal(client.link.isListening, false)
})

test('one client cannot subscribe without limit', () => {
  const world = new World()
  const { session } = world.client()
  const { channels } = world.node
  channels.subscribe(session, 'channel', 'x'.repeat(1000))
  assert.equal(channels.refusal(session, SUBSCRIPTIONS_MAX - 1, 0), undefined)
  assert.match(channels.refusal(session, SUBSCRIPTIONS_MAX, 0)!, /^ERR too many subscriptions/)
  assert.equal(channels.refusal(session, 1, SUBSCRIPTION_BYTES_MAX - 1000), undefined)
  assert.match(channels.refusal(session, 1, SUBSCRIPTION_BYTES_MAX - 999)!, /^ERR the names .* too long/)
})

test('keyspace events name the key and the event on two channels, in the logical database', () => {
  const world = new World()
  const [listener, writer] = [world.client(), world.client()]
  listener.ask('PSUBSCRIBE __*')
  world.notifies('KEA')
  writer.askAll('SELECT 1', 'SET q 1')
  assert.equal(
    listener.read(),
    '*4 $8 pmessage $3 __* $16 __keyspace@1__:q $3 set *4 $8 pmessage $3 __* $18 __keyevent@1__:set $1 q',
  )
  world.notifies('E$')
  writer.ask('SET q 2')
  assert.equal(listener.read(), '*4 $8 pmessage $3 __* $18 __keyevent@1__:set $1 q')
  world.notifies('Kl')
  writer.ask('SET q 3')
  assert.equal(listener.read(), '')
})
