/*
 * String rows without a server: what replies alone do not show - effects, events, limits, memory - and the edges of
 * the number paths. Replies at large are compared with the real server by test/conformance. Shape: table test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { TYPE_LIST } from '../../src/store/entry.ts'
import { StringRows } from './string-rows.ts'

const NOT_AN_INTEGER = '-ERR value is not an integer or out of range\r\n'
const WRONG_TYPE = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n'
const OK = '+OK\r\n'

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`
}

test('whole values travel as whole entries, one effect per key, in order', () => {
  const rows = new StringRows()
  rows.run('SET', 'a', '1')
  rows.run('MSET', 'a', '2', 'b', '3', 'a', '4')
  rows.run('GETSET', 'b', '5')
  rows.run('SET', 'a', '6', 'NX')
  rows.run('MSETNX', 'a', '7', 'c', '8')
  rows.run('INCRBYFLOAT', 'a', '0.5')
  rows.run('SETEX', 'a', 10, 'x')
  rows.run('GETEX', 'a', 'PERSIST')
  rows.run('GETEX', 'a', 'PERSIST')
  rows.run('GETEX', 'a', 'PXAT', rows.nowMs + 5)
  rows.run('GETEX', 'a', 'PXAT', rows.nowMs)
  rows.run('GETDEL', 'b')
  rows.run('GETDEL', 'b')
  assert.deepEqual(rows.effects, [
    'put a',
    'put a',
    'put b',
    'put a',
    'put b',
    'put a',
    'put a',
    'expire a 0',
    `expire a ${rows.nowMs + 5}`,
    'remove a',
    'remove b',
  ])
})

test('events carry the names Redis gives them', () => {
  const rows = new StringRows()
  rows.run('SET', 'a', '1', 'EX', '10')
  rows.run('INCR', 'a')
  rows.run('DECRBY', 'a', 5)
  rows.run('INCRBYFLOAT', 'a', 5)
  rows.run('APPEND', 'a', 'x')
  rows.run('SETRANGE', 'a', 0, 'y')
  rows.run('SETRANGE', 'a', 0, '')
  rows.run('SETBIT', 'a', 0, 1)
  rows.run('SETBIT', 'a', 0, 1)
  rows.run('GETEX', 'a', 'PERSIST')
  rows.run('BITFIELD', 'a', 'GET', 'u8', 0)
  rows.run('BITFIELD', 'a', 'SET', 'u8', 0, 255)
  rows.run('BITOP', 'NOT', 'b', 'a')
  rows.run('BITOP', 'NOT', 'b', 'none')
  rows.run('GETDEL', 'a')
  const names = rows.events.map((event) => event.split(' ')[0])
  assert.deepEqual(names, [
    'set',
    'expire',
    'incrby',
    'incrby',
    'incrbyfloat',
    'append',
    'setrange',
    'setbit',
    'persist',
    'setbit',
    'set',
    'keymiss',
    'del',
    'del',
  ])
})

test('counters are exact on both sides of 2^53 and refuse to leave int64', () => {
  const rows = new StringRows()
  const steps: [string[], string][] = [
    [['SET', 'n', '9007199254740990'], OK],
    [['INCR', 'n'], ':9007199254740991\r\n'],
    [['INCR', 'n'], ':9007199254740992\r\n'],
    [['INCR', 'n'], ':9007199254740993\r\n'],
    [['DECRBY', 'n', '9007199254740993'], ':0\r\n'],
    [['DECR', 'n'], ':-1\r\n'],
    [['INCRBY', 'n', '9223372036854775807'], ':9223372036854775806\r\n'],
    [['INCRBY', 'n', '2'], '-ERR increment or decrement would overflow\r\n'],
    [['GET', 'n'], bulk('9223372036854775806')],
    [['DECRBY', 'n', '-9223372036854775808'], '-ERR decrement would overflow\r\n'],
    [['DECRBY', 'new', '0'], ':0\r\n'],
    [['DECRBY', 'low', '9007199254740991'], ':-9007199254740991\r\n'],
    [['GET', 'low'], bulk('-9007199254740991')],
    [['INCRBY', 'n', '1.5'], NOT_AN_INTEGER],
    [['SET', 'n', ' 1'], OK],
    [['INCR', 'n'], NOT_AN_INTEGER],
  ]
  for (const [request, reply] of steps) assert.equal(rows.run(...request), reply, request.join(' '))
})

test('counters keep the time to live, take any width and give all memory back', () => {
  const rows = new StringRows()
  rows.run('SET', 'n', '99', 'PX', 5000)
  assert.equal(rows.run('INCR', 'n'), ':100\r\n')
  assert.equal(rows.run('INCRBY', 'n', '123456789012'), ':123456789112\r\n')
  assert.equal(rows.run('DECRBY', 'n', '123456789113'), ':-1\r\n')
  assert.equal(rows.expiryMs('n'), rows.nowMs + 5000)
  rows.removeAll()
  assert.equal(rows.space.arena.usedBytes, 0)
})

test('encodings follow the command that wrote the string', () => {
  const rows = new StringRows()
  rows.run('SET', 'a', '10')
  assert.equal(rows.encoding('a'), 'int')
  rows.run('APPEND', 'a', '')
  assert.equal(rows.encoding('a'), 'raw')
  rows.run('INCR', 'a')
  assert.equal(rows.encoding('a'), 'int')
  rows.run('INCRBYFLOAT', 'a', '1')
  assert.equal(rows.encoding('a'), 'embstr')
  rows.run('APPEND', 'new', '7')
  assert.equal(rows.encoding('new'), 'int')
})

test('strings longer than proto-max-bulk-len are refused before anything is made', () => {
  const rows = new StringRows()
  const tooLong = '-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n'
  const badOffset = '-ERR bit offset is not an integer or out of range\r\n'
  assert.equal(rows.run('SETRANGE', 'k', 536870911, 'ab'), tooLong)
  assert.equal(rows.run('SETRANGE', 'k', '9223372036854775807', 'a'), tooLong)
  assert.equal(rows.run('SETRANGE', 'k', -1, 'a'), '-ERR offset is out of range\r\n')
  assert.equal(rows.run('SETBIT', 'k', '4294967296', 1), badOffset)
  assert.equal(rows.run('BITFIELD', 'k', 'SET', 'u8', '#536870912', 1), badOffset)
  rows.longestStringBytes = 2_000_000
  rows.run('SET', 'long', Buffer.alloc(1_999_999))
  assert.equal(rows.run('APPEND', 'long', 'ab'), tooLong)
  assert.equal(rows.run('APPEND', 'long', 'a'), ':2000000\r\n')
  assert.match(rows.run('LCS', 'long', 'long'), /^-ERR Insufficient memory, transient memory for LCS exceeds/)
  rows.removeAll()
  assert.equal(rows.space.arena.usedBytes + rows.space.entries.outsideBytes, 0)
})

test('a refused request changes nothing', () => {
  const rows = new StringRows()
  const key = Buffer.from('l')
  rows.space.changed(rows.space.create(0, TYPE_LIST, key, 0, 1, 0))
  const changes = rows.space.changes
  const refused = [
    ['APPEND', 'l', 'x'],
    ['INCR', 'l'],
    ['INCRBYFLOAT', 'l', '1'],
    ['SETRANGE', 'l', '0', 'x'],
    ['SETBIT', 'l', '0', '1'],
    ['GETSET', 'l', 'x'],
    ['GETDEL', 'l'],
    ['GETEX', 'l', 'PERSIST'],
    ['SET', 'l', 'x', 'GET'],
    ['STRLEN', 'l'],
    ['BITOP', 'OR', 'to', 'l'],
    ['BITFIELD', 'l', 'SET', 'u8', '0', '1'],
    ['BITCOUNT', 'l'],
    ['GETRANGE', 'l', '0', '1'],
  ]
  for (const request of refused) assert.equal(rows.run(...request), WRONG_TYPE, request.join(' '))
  const clashing = [
    ['NX', 'XX'],
    ['EX', '1', 'PX', '1'],
    ['KEEPTTL', 'EX', '1'],
    ['EX'],
    ['PERSIST'],
    ['EX', '1', 'KEEPTTL'],
  ]
  for (const options of clashing) assert.equal(rows.run('SET', 'k', 'v', ...options), '-ERR syntax error\r\n')
  for (const time of ['0', '-1', '9223372036854775807', '9223372036854776']) {
    assert.equal(rows.run('SET', 'k', 'v', 'EX', time), "-ERR invalid expire time in 'set' command\r\n")
  }
  assert.equal(rows.space.changes, changes)
  assert.deepEqual(rows.effects, [])
})

test('of two equal expiry words the last amount counts', () => {
  const rows = new StringRows()
  rows.run('SET', 'k', 'v', 'EX', '10', 'GET', 'EX', '20')
  assert.equal(rows.expiryMs('k'), rows.nowMs + 20000)
})

test('LCS answers text, length and ranges from the last to the first', () => {
  const rows = new StringRows()
  rows.run('MSET', 'a', 'ohmytext', 'b', 'mynewtext')
  assert.equal(rows.run('LCS', 'a', 'b'), bulk('mytext'))
  assert.equal(rows.run('LCS', 'a', 'b', 'LEN'), ':6\r\n')
  const ranges =
    '*3\r\n*2\r\n:4\r\n:7\r\n*2\r\n:5\r\n:8\r\n:4\r\n*3\r\n*2\r\n:2\r\n:3\r\n*2\r\n:0\r\n:1\r\n:2\r\n'
  const reply = rows.run('LCS', 'a', 'b', 'IDX', 'WITHMATCHLEN')
  assert.equal(reply, `*4\r\n${bulk('matches')}*2\r\n${ranges}${bulk('len')}:6\r\n`)
})
