/*
 * The judge is judged: replies that differ are told apart, replies that Redis leaves open are not.
 * Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { type Comparison, difference } from './comparison.ts'
import { encodeRequest, type Reply, ReplyParser, showCommand } from './reply.ts'

function parse(text: string): Reply {
  const parser = new ReplyParser()
  parser.feed(Buffer.from(text, 'latin1'))
  const reply = parser.next()
  assert.ok(reply !== undefined, text)
  assert.equal(parser.bytesLeft, 0)
  return reply
}

const isSame = (ours: string, theirs: string, comparison?: Comparison): boolean =>
  difference(parse(ours), parse(theirs), comparison) === undefined

test('types are told apart even when they print alike', () => {
  const replies = [
    '+1\r\n',
    ':1\r\n',
    '$1\r\n1\r\n',
    ',1\r\n',
    '(1\r\n',
    '-1\r\n',
    '$-1\r\n',
    '*-1\r\n',
    '_\r\n',
    '*0\r\n',
    '~0\r\n',
    '%0\r\n',
    '>0\r\n',
    '#t\r\n',
    '=5\r\ntxt:1\r\n',
  ]
  for (const one of replies)
    for (const other of replies) assert.equal(isSame(one, other), one === other, `${one}${other}`)
})

test('order counts unless it is said not to', () => {
  const [one, other] = ['*2\r\n:1\r\n:2\r\n', '*2\r\n:2\r\n:1\r\n']
  assert.equal(isSame(one, other), false)
  assert.equal(isSame(one, other, { how: 'unordered' }), true)
  assert.equal(isSame(one, '*2\r\n:1\r\n:1\r\n', { how: 'unordered' }), false)
})

test('pairs stay together in flat lists, maps and lists of pairs', () => {
  const pairs: Comparison = { how: 'pairs' }
  assert.equal(isSame('*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n', '*4\r\n+b\r\n:2\r\n+a\r\n:1\r\n', pairs), true)
  assert.equal(isSame('*4\r\n+a\r\n:1\r\n+b\r\n:2\r\n', '*4\r\n+b\r\n:1\r\n+a\r\n:2\r\n', pairs), false)
  assert.equal(isSame('%2\r\n+a\r\n:1\r\n+b\r\n:2\r\n', '%2\r\n+b\r\n:2\r\n+a\r\n:1\r\n', pairs), true)
  assert.equal(
    isSame('*2\r\n*2\r\n+a\r\n:1\r\n*2\r\n+b\r\n:2\r\n', '*2\r\n*2\r\n+b\r\n:2\r\n*2\r\n+a\r\n:1\r\n', pairs),
    true,
  )
})

test('errors are compared in full by every comparison but two', () => {
  const [one, other] = ['-ERR one\r\n', '-ERR other\r\n']
  for (const how of ['exact', 'unordered', 'pairs', 'scan', 'type', 'shape'] as const)
    assert.equal(isSame(one, other, { how }), false, how)
  assert.equal(isSame(one, other, { how: 'error-code' }), true)
  assert.equal(isSame('-ERR one\r\n', '-WRONGTYPE one\r\n', { how: 'error-code' }), false)
  assert.equal(isSame(one, ':1\r\n', { how: 'ignore' }), true)
})

test('near allows a clock to move but not a missing time to live', () => {
  const near: Comparison = { how: 'near', tolerance: 5 }
  assert.equal(isSame(':100\r\n', ':97\r\n', near), true)
  assert.equal(isSame(':100\r\n', ':90\r\n', near), false)
  assert.equal(isSame(':-1\r\n', ':-2\r\n', near), false)
  assert.equal(isSame(':-1\r\n', ':3\r\n', near), false)
})

test('fields must be there on both sides', () => {
  const comparison: Comparison = { how: 'fields', fields: ['used_memory', 'hz'] }
  const both = '$22\r\nused_memory:5\r\nhz:10\r\n\r\n'
  assert.equal(isSame(both, both, comparison), true)
  assert.equal(isSame('$5\r\nhz:10\r\n', both, comparison), false)
})

test('a reply is parsed the same however it is split', () => {
  const text = '*3\r\n$5\r\nhel\r\n\r\n%1\r\n+a\r\n~1\r\n#t\r\n$-1\r\n'
  const whole = parse(text)
  for (let at = 1; at < text.length; at++) {
    const parser = new ReplyParser()
    parser.feed(Buffer.from(text.slice(0, at), 'latin1'))
    const early = parser.next()
    parser.feed(Buffer.from(text.slice(at), 'latin1'))
    assert.deepEqual(early ?? parser.next(), whole, `split at ${at}`)
  }
})

test('requests are encoded byte for byte and shown as redis-cli takes them', () => {
  assert.equal(
    encodeRequest(['SET', '\xff', '']).toString('latin1'),
    '*3\r\n$3\r\nSET\r\n$1\r\n\xff\r\n$0\r\n\r\n',
  )
  assert.equal(showCommand(['SET', 'a b', '\x00"', '']), 'SET "a b" "\\x00\\"" ""')
})
