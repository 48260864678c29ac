import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { escapeBytes, monitorLine } from '../../src/session/monitors.ts'
import { isPassword } from '../../src/session/password.ts'
import { isSecretArgument } from '../../src/session/secret-arguments.ts'
import { World } from './conversation.ts'

const WRONG_PASSWORD = '-WRONGPASS invalid username-password pair or user is disabled.'

test('HELLO chooses the protocol, logs in and names in one step', () => {
  const world = new World()
  world.settings.requirepass = 'sesame'
  const client = world.client()
  assert.match(client.ask('HELLO 3'), /^-NOAUTH HELLO must be called with the client already authenticated/)
  assert.equal(client.ask('GET a'), '-NOAUTH Authentication required.')
  assert.equal(client.ask('HELLO 3 AUTH default bad SETNAME joe'), WRONG_PASSWORD)
  assert.equal(client.session.protocol, 2)
  assert.match(
    client.ask('HELLO 3 AUTH default sesame SETNAME joe'),
    /^%7 \$6 server \$5 redis .* \$5 proto :3 /,
  )
  assert.equal(client.ask('CLIENT GETNAME'), '$3 joe')
  assert.match(client.ask('HELLO'), /^%7 /)
})

test('HELLO refuses what Redis refuses and then changes nothing', () => {
  const client = new World().client()
  assert.equal(client.ask('HELLO x'), '-ERR Protocol version is not an integer or out of range')
  assert.equal(client.ask('HELLO 4'), '-NOPROTO unsupported protocol version')
  assert.equal(client.ask('HELLO 3 AUTH default'), "-ERR Syntax error in HELLO option 'AUTH'")
  assert.equal(client.ask('HELLO 3 SETNAME'), "-ERR Syntax error in HELLO option 'SETNAME'")
  assert.match(client.ask('HELLO', '3', 'SETNAME', 'a b'), /^-ERR Client names cannot contain spaces/)
  assert.equal(client.session.protocol, 2)
  assert.equal(client.session.name, '')
})

test('AUTH knows the default user and its password', () => {
  const world = new World()
  const client = world.client()
  assert.match(client.ask('AUTH x'), /^-ERR AUTH <password> called without any password configured/)
  assert.equal(client.ask('AUTH default x'), '+OK')
  assert.equal(client.ask('AUTH bob x'), WRONG_PASSWORD)
  assert.equal(client.ask('AUTH a b c'), '-ERR syntax error')
  world.settings.requirepass = 'sesame'
  assert.equal(client.ask('AUTH bad'), WRONG_PASSWORD)
  assert.equal(client.ask('AUTH sesame'), '+OK')
  assert.equal(client.ask('RESET'), '+RESET')
  assert.equal(client.ask('PING'), '-NOAUTH Authentication required.')
})

test('passwords are compared as bytes', () => {
  assert.ok(isPassword(Buffer.from('pässword'), 'pässword'))
  assert.ok(isPassword(Buffer.from('pässword', 'latin1'), 'pässword'))
  assert.ok(!isPassword(Buffer.from('password'), 'pässword'))
  assert.ok(!isPassword(Buffer.from(''), 'x'))
})

test('SELECT takes the databases that exist', () => {
  const client = new World().client()
  assert.equal(client.ask('SELECT 15'), '+OK')
  assert.equal(client.ask('SELECT 16'), '-ERR DB index is out of range')
  assert.equal(client.ask('SELECT -1'), '-ERR DB index is out of range')
  assert.equal(client.ask('SELECT 01'), '-ERR value is not an integer or out of range')
  assert.match(client.ask('SELECT 4294967296'), /^-ERR value is out of range, value must between/)
  assert.equal(client.session.database, 15)
})

test('QUIT answers and ends; PING and ECHO answer', () => {
  const client = new World().client()
  assert.equal(client.ask('PING'), '+PONG')
  assert.equal(client.ask('PING a'), '$1 a')
  assert.equal(client.ask('PING a b'), "-ERR wrong number of arguments for 'ping' command")
  assert.equal(client.ask('ECHO hi'), '$2 hi')
  assert.equal(client.ask('QUIT now'), '+OK')
  assert.ok(client.link.isClosing)
})

test('RESET puts everything back but NO-EVICT', () => {
  const world = new World()
  const client = world.client()
  client.askAll(
    'CLIENT NO-EVICT on',
    'CLIENT NO-TOUCH on',
    'CLIENT SETNAME q',
    'SELECT 2',
    'MONITOR',
    'SUBSCRIBE a',
  )
  client.askAll('CLIENT REPLY OFF', 'RESET')
  assert.equal(world.node.monitors.count, 0)
  assert.match(client.ask('CLIENT INFO'), /name= age=0 idle=0 flags=e db=0 sub=0 .* resp=2$/)
})

test('CLIENT INFO has the fields of Redis 7.0 in their order', () => {
  const world = new World()
  const client = world.client()
  world.nowMs += 5000
  const fields = client
    .ask('CLIENT INFO')
    .replace(/^\$\d+ /, '')
    .trim()
    .split(' ')
  assert.equal(
    fields.map((field) => field.split('=')[0]).join(' '),
    'id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll ' +
      'omem tot-mem events cmd user redir resp',
  )
  for (const field of [
    'id=1',
    'age=5',
    'flags=N',
    'multi=-1',
    'cmd=client|info',
    'user=default',
    'redir=-1',
  ]) {
    assert.ok(fields.includes(field), `${field} in ${fields.join(' ')}`)
  }
})

test('CLIENT LIST selects by type and by id', () => {
  const world = new World()
  const [client, listener] = [world.client(), world.client()]
  listener.ask('SUBSCRIBE x')
  const ids = (answer: string) => [...answer.matchAll(/(?<![a-z])id=(\d+)/g)].map((match) => match[1])
  assert.deepEqual(ids(client.ask('CLIENT LIST')), ['1', '2'])
  assert.deepEqual(ids(client.ask('CLIENT LIST TYPE pubsub')), ['2'])
  assert.deepEqual(ids(client.ask('CLIENT LIST TYPE normal')), ['1'])
  assert.equal(client.ask('CLIENT LIST TYPE slave'), '$0')
  assert.deepEqual(ids(client.ask('CLIENT LIST ID 2 9 1 2')), ['2', '1', '2'])
  assert.equal(client.ask('CLIENT LIST TYPE x'), "-ERR Unknown client type 'x'")
  assert.equal(client.ask('CLIENT LIST ID'), '-ERR syntax error')
  assert.equal(client.ask('CLIENT LIST ID x'), '-ERR Invalid client ID')
  assert.equal(client.ask('CLIENT LIST FOO'), '-ERR syntax error')
})

test('CLIENT KILL ends by address or by filters, and who is killed is forgotten at once', () => {
  const world = new World()
  const [client, a, b] = [world.client(), world.client(), world.client()]
  a.askAll('SUBSCRIBE x', 'SSUBSCRIBE y')
  b.ask('WATCH k')
  assert.equal(client.ask('CLIENT KILL 127.0.0.1:50002'), '+OK')
  assert.equal(a.link.destroyedBy, 'killed')
  assert.equal(client.ask('PUBLISH x m'), ':0')
  assert.equal(client.ask('CLIENT KILL 127.0.0.1:50002'), '-ERR No such client')
  assert.equal(client.ask('CLIENT KILL ID 3 ADDR 1.2.3.4:5'), ':0')
  assert.equal(client.ask('CLIENT KILL ID 3 LADDR 127.0.0.1:6379 USER default TYPE normal'), ':1')
  assert.equal(world.node.watches.keyCount, 0)
  assert.equal(client.ask('CLIENT KILL ID 1'), ':0')
  assert.equal(client.ask('CLIENT KILL ID 1 SKIPME no'), ':1')
  assert.ok(client.link.isClosing)
  assert.equal(client.link.destroyedBy, '')
})

test('CLIENT KILL refuses filters it does not understand', () => {
  const client = new World().client()
  for (const id of ['0', '-5', 'x', '999999999999999999999']) {
    assert.equal(client.ask(`CLIENT KILL ID ${id}`), '-ERR client-id should be greater than 0')
  }
  assert.equal(client.ask('CLIENT KILL TYPE x'), "-ERR Unknown client type 'x'")
  assert.equal(client.ask('CLIENT KILL USER bob'), "-ERR No such user 'bob'")
  for (const rest of ['USER default SKIPME x', 'FOO 1', 'ID 1 FOO', 'ID 1 ADDR', 'MAXAGE 1']) {
    assert.equal(client.ask(`CLIENT KILL ${rest}`), '-ERR syntax error')
  }
})

test('client names are printable words', () => {
  const client = new World().client()
  assert.equal(client.ask('CLIENT GETNAME'), '$-1')
  assert.equal(client.ask('CLIENT SETNAME ~!'), '+OK')
  assert.equal(client.ask('CLIENT GETNAME'), '$2 ~!')
  for (const name of ['a b', 'a\n', '\x7f', '\x80']) {
    assert.match(client.ask('CLIENT', 'SETNAME', name), /^-ERR Client names cannot contain/)
  }
  assert.equal(client.ask('CLIENT', 'SETNAME', ''), '+OK')
  assert.equal(client.ask('CLIENT GETNAME'), '$-1')
  assert.equal(client.ask('CLIENT SETINFO lib-name ioredis'), '+OK')
  assert.equal(client.ask('CLIENT SETINFO lib-ver 5.0'), '+OK')
  assert.deepEqual([client.session.libName, client.session.libVersion], ['ioredis', '5.0'])
  assert.equal(client.ask('CLIENT SETINFO foo 1'), "-ERR Unrecognized option 'foo'")
})

test('CLIENT REPLY silences the next reply, or all of them', () => {
  const client = new World().client()
  assert.equal(client.ask('CLIENT REPLY SKIP'), '')
  assert.equal(client.ask('CLIENT REPLY SKIP'), '')
  assert.equal(client.ask('PING'), '')
  assert.equal(client.ask('PING'), '+PONG')
  assert.equal(
    client.askAll('CLIENT REPLY OFF', 'PING', 'CLIENT REPLY FOO', 'CLIENT REPLY SKIP', 'PING', 'PING'),
    '',
  )
  assert.equal(client.ask('CLIENT REPLY ON'), '+OK')
  assert.equal(client.ask('CLIENT REPLY FOO'), '-ERR syntax error')
})

test('CLIENT PAUSE holds writes, or everything, until its end; a second pause never shortens it', () => {
  const world = new World()
  const [client, writer] = [world.client(), world.client()]
  assert.equal(client.ask('CLIENT PAUSE 1000 WRITE'), '+OK')
  client.ask('CLIENT PAUSE 10 WRITE')
  assert.equal(world.node.pausedUntilMs, world.nowMs + 1000)
  assert.equal(writer.ask('GET k'), '$-1')
  assert.equal(writer.ask('SET k v'), '')
  assert.ok(writer.link.isBlocked)
  assert.equal(world.node.clients.heldCount, 1)
  client.ask('CLIENT PAUSE 10 ALL')
  assert.equal(world.node.pausesWritesOnly, false)
  client.ask('CLIENT UNPAUSE')
  world.endPause()
  assert.equal(writer.read(), '+OK')
  assert.ok(!writer.link.isBlocked)
  for (const timeout of ['0', '9223372036854775807']) {
    assert.equal(client.ask(`CLIENT PAUSE ${timeout}`), '+OK')
    assert.equal(world.node.pausedUntilMs, 0)
  }
  assert.equal(client.ask('CLIENT PAUSE -1'), '-ERR timeout is negative')
  assert.equal(client.ask('CLIENT PAUSE 1.5'), '-ERR timeout is not an integer or out of range')
  assert.equal(client.ask('CLIENT PAUSE x FOO'), '-ERR CLIENT PAUSE mode must be WRITE or ALL')
  assert.match(
    client.ask('CLIENT PAUSE 1 ALL x'),
    /^-ERR unknown subcommand or wrong number of arguments for 'PAUSE'/,
  )
})

test('CLIENT UNBLOCK answers whether somebody waited', () => {
  const client = new World().client()
  assert.equal(client.ask('CLIENT UNBLOCK 1'), ':0')
  assert.equal(client.ask('CLIENT UNBLOCK 77 ERROR'), ':0')
  assert.equal(client.ask('CLIENT UNBLOCK x'), '-ERR value is not an integer or out of range')
  assert.equal(client.ask('CLIENT UNBLOCK 1 FOO'), '-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
})

test('a monitor sees requests with their bytes escaped and passwords left out', () => {
  const world = new World()
  const [monitor, client] = [world.client(), world.client()]
  assert.equal(monitor.ask('MONITOR'), '+OK')
  assert.equal(monitor.ask('MONITOR'), '')
  client.ask('SET', Buffer.from('a"\\\n\r\t\x07\x08\x00\xffz', 'latin1'), "it's")
  assert.equal(
    monitor.read(),
    '+1700000000.123000 [0 127.0.0.1:50002] "SET" "a\\"\\\\\\n\\r\\t\\a\\b\\x00\\xffz" "it\'s"',
  )
  client.ask('HELLO 2 AUTH default secret SETNAME x')
  assert.match(monitor.read(), /"HELLO" "2" "AUTH" "\(redacted\)" "\(redacted\)" "SETNAME" "x"$/)
  client.ask('AUTH default secret')
  assert.match(monitor.read(), /"AUTH" "\(redacted\)" "\(redacted\)"$/)
  client.ask('CLIENT LIST')
  assert.equal(monitor.read(), '')
  monitor.ask('RESET')
  client.ask('GET a')
  assert.equal(monitor.read(), '')
})

test('monitor lines never break', () => {
  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')
  assert.match(escapeBytes(all), /^[ -~]+$/)
  assert.equal(monitorLine(3, 'lua', Args.from('GET', 'a'), 1000.5), '1.000500 [3 lua] "GET" "a"')
})

test('arguments with secrets are known by their request', () => {
  const secrets = (...words: string[]) => {
    const args = Args.from(...words)
    return words.filter((_, i) => isSecretArgument(args, i)).join(' ')
  }
  assert.equal(secrets('AUTH', 'p'), 'p')
  assert.equal(secrets('hello', '3', 'SETNAME', 'n', 'AUTH', 'u', 'p'), 'u p')
  assert.equal(secrets('HELLO', '3', 'SETNAME', 'AUTH', 'x', 'y'), '')
  assert.equal(secrets('CONFIG', 'SET', 'port', '1', 'requirepass', 'p'), 'p')
  assert.equal(secrets('ACL', 'SETUSER', 'u', '>p'), 'u >p')
  assert.equal(secrets('SET', 'requirepass', 'p'), '')
})
