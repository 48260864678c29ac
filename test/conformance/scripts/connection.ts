/*
 * What commands about the connection answer: HELLO, AUTH, PING, CLIENT and their kin. Commands only;
 * redis-server knows the answers. Shape: table.
 */
import { type Case, fields, many, shape, typeOnly } from '../script.ts'

const CLIENT_FIELDS = [
  'id',
  'addr',
  'laddr',
  'fd',
  'name',
  'age',
  'idle',
  'flags',
  'db',
  'sub',
  'psub',
  'ssub',
  'multi',
  'qbuf',
  'qbuf-free',
  'argv-mem',
  'multi-mem',
  'rbs',
  'rbp',
  'obl',
  'oll',
  'omem',
  'tot-mem',
  'events',
  'cmd',
  'user',
  'redir',
  'resp',
]
const HELLO_FIELDS = ['server', 'version', 'proto', 'id', 'mode', 'role', 'modules']

// biome-ignore format: a case a line
export const cases: readonly Case[] = [
  { name: 'PING, ECHO and QUIT', run: ['PING', 'PING hello', 'PING ""', 'PING a b', 'ECHO hi', 'ECHO', 'ECHO a b', 'ping', 'PiNg', 'QUIT', 'await c1'] },
  { name: 'QUIT ends the conversation, whatever was sent after it', run: ['c2> QUIT', 'await c2', 'c2> PING', 'await c2', 'c3> QUIT now', 'await c3', 'await c3'] },
  { name: 'HELLO switches the protocol and tells who answers', run: [fields('HELLO 3', ...HELLO_FIELDS), fields('HELLO 2', ...HELLO_FIELDS), fields('HELLO', ...HELLO_FIELDS), fields('HELLO 3 SETNAME me', ...HELLO_FIELDS), 'CLIENT GETNAME', 'HGETALL none', 'GET none', 'SMEMBERS none', fields('hello 2', ...HELLO_FIELDS), 'GET none'] },
  { name: 'HELLO answers in the new protocol and the same order', run: [shape('HELLO 2'), shape('HELLO 3'), shape('HELLO')] },
  { name: 'HELLO refuses what it does not know', run: ['HELLO 1', 'HELLO 4', 'HELLO x', 'HELLO 99999999999999999999', 'HELLO 3 BOGUS', 'HELLO 3 SETNAME', 'HELLO 3 SETNAME "a b"', 'HELLO 3 AUTH', 'HELLO 3 AUTH user', 'HELLO 3 AUTH user wrong', 'HELLO 3 AUTH default anything SETNAME "x y"', 'CLIENT GETNAME', 'PING'] },
  { name: 'AUTH without a password set', run: ['AUTH', 'AUTH x', 'AUTH default x', 'AUTH nobody x', 'AUTH a b c', 'auth default ""', 'HELLO 2 AUTH default whatever x'] },
  { name: 'with a password set, nothing is done before AUTH', config: { requirepass: 'secret' }, run: ['PING', 'GET k', 'SET k v', 'NOSUCH', 'get', 'MULTI', 'ECHO x', 'SUBSCRIBE a', 'PUBLISH a x', 'CLIENT ID', 'COMMAND COUNT', 'HELLO', 'HELLO 3', 'HELLO 2', 'AUTH', 'AUTH wrong', 'AUTH default wrong', 'AUTH nobody secret', 'HELLO 3 AUTH default wrong', 'HELLO 2 AUTH nobody secret', 'AUTH secret', 'PING', 'EXISTS k', 'AUTH wrong', 'PING'] },
  { name: 'AUTH with a name and HELLO AUTH let in', config: { requirepass: 'secret' }, run: ['c2> AUTH default secret', 'c2> SET k v', 'c2> RESET', 'c2> GET k', 'c3> MULTI', 'c3> QUIT', shape('HELLO 3 AUTH default secret SETNAME me'), 'CLIENT GETNAME', 'GET k']  },
  { name: 'an unauthenticated client may not send much', config: { requirepass: 'secret' }, run: [['MGET', ...many('k', 1, 9)], ['MGET', ...many('k', 1, 10)], 'await c1'] },
  { name: 'an unauthenticated client may not send big arguments', config: { requirepass: 'secret' }, run: [['GET', 'x'.repeat(16384)], ['GET', 'x'.repeat(16385)], 'await c1'] },
  { name: 'CLIENT SETNAME and GETNAME', run: ['CLIENT GETNAME', 'CLIENT SETNAME me', 'CLIENT GETNAME', 'CLIENT SETNAME ""', 'CLIENT GETNAME', 'CLIENT SETNAME "a b"', 'CLIENT SETNAME "a\\n"', 'CLIENT SETNAME "\\xff"', 'CLIENT SETNAME', 'CLIENT GETNAME x', 'client setname You', 'client getname'] },
  { name: 'CLIENT ID, INFO and LIST', run: [typeOnly('CLIENT ID'), fields('CLIENT INFO', ...CLIENT_FIELDS), fields('CLIENT LIST', ...CLIENT_FIELDS), fields('CLIENT LIST TYPE normal', ...CLIENT_FIELDS), 'CLIENT LIST TYPE pubsub', 'CLIENT LIST TYPE replica', 'CLIENT LIST TYPE master', 'CLIENT LIST TYPE bogus', 'CLIENT LIST BOGUS', 'CLIENT LIST TYPE', 'CLIENT LIST ID', 'CLIENT LIST ID x', 'CLIENT LIST ID 99999999', 'CLIENT LIST ID 0', 'CLIENT LIST ID -1', fields('CLIENT LIST ID @c1', ...CLIENT_FIELDS), fields('CLIENT LIST ID @c1 99999999', ...CLIENT_FIELDS), 'CLIENT ID x', 'CLIENT INFO x', 'CLIENT', 'CLIENT BOGUS', 'CLIENT BOGUS x y'] },
  { name: 'CLIENT KILL finds its victims', run: ['CLIENT KILL ID 99999999', 'CLIENT KILL ID x', 'CLIENT KILL ID 0', 'CLIENT KILL ID -1', 'CLIENT KILL 1.2.3.4:5', 'CLIENT KILL ADDR 1.2.3.4:5', 'CLIENT KILL LADDR 1.2.3.4:5', 'CLIENT KILL TYPE bogus', 'CLIENT KILL TYPE replica', 'CLIENT KILL USER nobody', 'CLIENT KILL SKIPME maybe', 'CLIENT KILL ID', 'CLIENT KILL BOGUS x', 'CLIENT KILL', 'CLIENT KILL ID @c2', 'await c2', 'CLIENT KILL ID @c2', 'CLIENT KILL ID @c1 SKIPME yes', 'c3> SUBSCRIBE a', 'CLIENT KILL TYPE PUBSUB', 'CLIENT KILL ID @c1 SKIPME no', 'await c1'] },
  { name: 'CLIENT REPLY decides what is answered', run: ['CLIENT REPLY ON', 'c2> CLIENT REPLY OFF', 'c2> SET k v', 'c2> NOSUCH', 'c2> CLIENT REPLY ON', 'await c2', 'GET k', 'c2> CLIENT REPLY SKIP', 'c2> SET k w', 'c2> GET k', 'await c2', 'CLIENT REPLY', 'CLIENT REPLY BOGUS', 'CLIENT REPLY ON x'] },
  { name: 'CLIENT REPLY OFF also hides errors and survives a transaction', run: ['c2> CLIENT REPLY OFF', 'c2> MULTI', 'c2> INCR k', 'c2> EXEC', 'GET k', 'c2> CLIENT REPLY SKIP', 'c2> PING', 'c2> CLIENT REPLY ON'] },
  { name: 'CLIENT NO-EVICT takes on and off', run: ['CLIENT NO-EVICT on', 'CLIENT NO-EVICT OFF', 'CLIENT NO-EVICT maybe', 'CLIENT NO-EVICT'] },
  { name: 'CLIENT PAUSE and UNPAUSE', run: ['CLIENT PAUSE x', 'CLIENT PAUSE -1', 'CLIENT PAUSE', 'CLIENT PAUSE 1 BOGUS', 'CLIENT PAUSE 1 WRITE x', 'CLIENT UNPAUSE', 'CLIENT UNPAUSE x', 'CLIENT PAUSE 30', 'GET none', 'CLIENT PAUSE 60000 WRITE', 'GET none', 'CLIENT UNPAUSE', 'SET k v', 'CLIENT PAUSE 30 ALL', 'SET k w', 'CLIENT PAUSE 30 write', 'SET k x', 'GET k'] },
  { name: 'a write waits while writes are paused and is answered when they go on', run: ['CLIENT PAUSE 60000 WRITE', 'c2> SET k v', 'c2> GET k', 'GET k', 'CLIENT UNPAUSE', 'await c2', 'await c2', 'GET k'] },
  { name: 'CLIENT HELP explains itself', run: [shape('CLIENT HELP x')] },
  { name: 'RESET puts everything back', run: ['SELECT 3', 'CLIENT SETNAME me', 'MULTI', 'SET k v', 'RESET', 'EXEC', 'CLIENT GETNAME', 'SET where db0', 'SELECT 0', 'GET where', 'RESET x', 'GET none', 'c2> SUBSCRIBE a', 'c2> RESET', 'PUBLISH a x', 'c2> GET where'] },
  { name: 'SELECT keeps each connection in its own database', run: ['SELECT 5', 'c2> SET k other', 'SET k mine', 'GET k', 'await c2', 'c2> GET k', 'await c2'] },
  { name: 'inline and unknown commands', run: ['', ['NOSUCH'], ['nosuch', 'a', 'b'], ['NOSUCH', 'x'.repeat(200), 'y'], ['N'.repeat(300), 'a'], ['NO\r\nSUCH', 'a\r\nb'], ['\x00\xff', '\x01'], [''], ['', 'a'], ['get'], ['GET', 'a', 'b'], ['CONFIG'], ['CONFIG', 'x'.repeat(300)], ['object'], ['NOSUCH', ...Array.from({ length: 40 }, (_, index) => `argument-${index}`)]].filter((step) => step.length > 0) },
  { name: 'sub-commands are named in errors', run: ['CONFIG BOGUS', 'config bogus a b', 'CLIENT SETNAME', 'CLIENT KILL', 'OBJECT FREQ', 'COMMAND BOGUS', 'COMMAND COUNT x', 'PUBSUB NUMPAT x', 'SLOWLOG GET a b', 'SLOWLOG BOGUS', 'MEMORY USAGE', 'LATENCY BOGUS', 'DEBUG JMAP x'] },
]
