import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { Transaction } from '../../src/session/transaction.ts'
import { World } from './conversation.ts'

test('queued requests run at EXEC, each with its own reply', () => {
  const client = new World().client()
  assert.equal(client.ask('MULTI'), '+OK')
  assert.equal(client.ask('SET a b'), '+QUEUED')
  client.askAll('INCR a', 'GET a', 'SELECT 3', 'CLIENT SETNAME bob', 'ECHO hi')
  assert.equal(client.ask('EXEC'), '*6 +OK -ERR value is not an integer or out of range $1 b +OK +OK $2 hi')
  assert.equal(client.session.database, 3)
  assert.equal(client.session.name, 'bob')
  assert.equal(client.ask('EXEC'), '-ERR EXEC without MULTI')
})

test('a request that cannot be queued makes EXEC refuse; nesting and WATCH inside do not', () => {
  const client = new World().client()
  client.ask('MULTI')
  assert.equal(client.ask('MULTI'), '-ERR MULTI calls can not be nested')
  assert.equal(client.ask('WATCH a'), '-ERR WATCH inside MULTI is not allowed')
  assert.equal(client.ask('EXEC'), '*0')
  client.askAll('MULTI', 'FOO', 'SET a 1')
  assert.equal(client.ask('EXEC'), '-EXECABORT Transaction discarded because of previous errors.')
  assert.equal(client.ask('GET a'), '$-1')
})

test('DISCARD drops the queue and the watches', () => {
  const world = new World()
  const [client, other] = [world.client(), world.client()]
  assert.equal(client.ask('DISCARD'), '-ERR DISCARD without MULTI')
  client.askAll('WATCH k', 'MULTI', 'SET a 1')
  other.ask('SET k 1')
  assert.equal(client.ask('DISCARD'), '+OK')
  client.askAll('MULTI', 'PING')
  assert.equal(client.ask('EXEC'), '*1 +PONG')
  assert.equal(client.ask('GET a'), '$-1')
})

test('EXEC answers nil when a watched key was touched, by anyone, and only then', () => {
  const world = new World()
  const [client, other] = [world.client(), world.client()]
  client.askAll('SET k 1', 'WATCH k')
  other.ask('SET j 1')
  client.ask('MULTI')
  assert.equal(client.ask('EXEC'), '*0')
  client.ask('WATCH k')
  other.ask('SET k 2')
  assert.match(client.ask('CLIENT INFO'), / flags=d /)
  client.askAll('MULTI', 'SET k 3')
  assert.equal(client.ask('EXEC'), '*-1')
  assert.equal(client.ask('GET k'), '$1 2')
  client.askAll('HELLO 3', 'WATCH k', 'SET k 4', 'MULTI')
  assert.equal(client.ask('EXEC'), '_')
  client.askAll('WATCH k', 'SET k 5', 'UNWATCH', 'MULTI')
  assert.equal(client.ask('EXEC'), '*0')
  assert.equal(world.node.watches.keyCount, 0)
})

test('a watched key that expires is touched; one that had expired before is not', () => {
  const world = new World()
  const client = world.client()
  client.askAll('SET k v PX 50', 'WATCH k')
  world.nowMs += 100
  client.ask('MULTI')
  assert.equal(client.ask('EXEC'), '*-1')
  client.ask('SET k v PX 50')
  world.nowMs += 100
  client.askAll('WATCH k', 'GET k', 'MULTI')
  assert.equal(client.ask('EXEC'), '*0')
})

test('watches belong to the logical database: a swap touches what exists on either side', () => {
  const world = new World()
  const client = world.client()
  client.ask('WATCH k')
  world.space.swapDatabases(0, 1)
  world.node.watches.onSwapped(0, 1)
  client.ask('MULTI')
  assert.equal(client.ask('EXEC'), '*0')
  client.askAll('SELECT 1', 'SET k 1', 'SELECT 0', 'WATCH k')
  world.space.swapDatabases(0, 1)
  world.node.watches.onSwapped(0, 1)
  client.ask('MULTI')
  assert.equal(client.ask('EXEC'), '*-1')
  client.askAll('SELECT 5', 'WATCH k', 'SELECT 0', 'SET k 9', 'MULTI')
  assert.equal(client.ask('EXEC'), '*0')
})

test('emptying databases touches the watched keys that exist in them', () => {
  const world = new World()
  const client = world.client()
  const { watches } = world.node
  client.ask('WATCH k')
  watches.onClearing(-1)
  client.ask('MULTI')
  assert.equal(client.ask('EXEC'), '*0')
  client.askAll('SET k 1', 'WATCH k')
  watches.onClearing(1)
  client.ask('MULTI')
  assert.equal(client.ask('EXEC'), '*0')
  for (const database of [0, -1]) {
    client.ask('WATCH k')
    watches.onClearing(database)
    client.ask('MULTI')
    assert.equal(client.ask('EXEC'), '*-1')
  }
})

test('RESET inside MULTI drops the transaction', () => {
  const client = new World().client()
  client.ask('MULTI')
  assert.equal(client.ask('RESET'), '+RESET')
  assert.equal(client.ask('EXEC'), '-ERR EXEC without MULTI')
})

test('a client that kills itself in a transaction gets no replies after that one', () => {
  const client = new World().client()
  client.askAll('MULTI', 'SET a 1', 'CLIENT KILL TYPE normal SKIPME no', 'SET a 2', 'PING')
  assert.equal(client.ask('EXEC'), '*4 +OK :1')
  assert.ok(client.link.isClosing)
})

test('messages and subscriptions inside a transaction come where their replies are due', () => {
  const client = new World().client()
  client.askAll('MULTI', 'SUBSCRIBE z', 'SSUBSCRIBE y', 'MONITOR', 'PING')
  assert.equal(
    client.ask('EXEC'),
    "*4 *3 $9 subscribe $1 z :1 -ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client " +
      "-ERR MONITOR isn't allowed for DENY BLOCKING client *2 $4 pong $0",
  )
})

test('the queue keeps any bytes and the raw request, through growth', () => {
  const transaction = new Transaction(1 << 20, 1)
  const sent: Args[] = []
  for (let i = 0; i < 300; i++) {
    const args = Args.from('SET', Buffer.from([i & 255, 0, 13, 10]), 'x'.repeat(i))
    sent.push(args)
    assert.equal(transaction.queue({ flags: i === 200 ? 1 : 2 }, args), undefined)
  }
  assert.ok(transaction.hasWrites)
  for (const args of sent) {
    const taken = transaction.next()!.args
    assert.equal(taken.count, 3)
    for (let i = 0; i < 3; i++) assert.deepEqual(taken.copy(i), args.copy(i))
    const raw = taken.bytes.subarray(taken.requestStart, taken.requestEnd)
    assert.deepEqual(raw, args.bytes.subarray(args.requestStart, args.requestEnd))
  }
  assert.equal(transaction.next(), undefined)
})

test('a transaction larger than the limit is refused, and EXEC says so', () => {
  const world = new World()
  const client = world.client()
  client.ask('MULTI')
  client.ask('SET', 'k', 'x'.repeat(1 << 20))
  assert.match(client.ask('EXEC'), /^-EXECABORT/)
  const transaction = new Transaction(10000, 1)
  let count = 0
  while (transaction.queue({ flags: 0 }, Args.from('PING')) === undefined) count++
  assert.ok(count > 10 && transaction.queuedBytes <= 10000)
})
