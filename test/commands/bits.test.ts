/*
 * Bitmap rows without a server: growth, targets that are sources, overflow rules. Replies at large are compared with
 * the real server by test/conformance. Shape: table test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { StringRows } from './string-rows.ts'

test('SETBIT changes the entry only when a bit or the length changes', () => {
  const rows = new StringRows()
  assert.equal(rows.run('SETBIT', 'k', 7, 0), ':0\r\n')
  assert.equal(rows.space.changes, 1)
  rows.run('SETBIT', 'k', 3, 0)
  assert.equal(rows.space.changes, 1)
  rows.run('SETBIT', 'k', 8, 0)
  assert.equal(rows.space.changes, 2)
  assert.equal(rows.run('SETBIT', 'k', 100_000, 1), ':0\r\n')
  assert.equal(rows.run('SETBIT', 'k', 100_000, 0), ':1\r\n')
  assert.equal(rows.run('STRLEN', 'k'), ':12501\r\n')
  assert.equal(rows.run('BITCOUNT', 'k'), ':0\r\n')
})

test('BITOP may store into one of its sources, and an empty result removes the target', () => {
  const rows = new StringRows()
  rows.run('MSET', 'a', '\xf0\xff', 'b', '\xff')
  assert.equal(rows.run('BITOP', 'AND', 'a', 'a', 'b'), ':2\r\n')
  assert.equal(rows.run('GET', 'a'), '$2\r\n\xf0\x00\r\n')
  assert.equal(rows.run('BITOP', 'XOR', 'b', 'a', 'b', 'none'), ':2\r\n')
  assert.equal(rows.run('GET', 'b'), '$2\r\n\x0f\x00\r\n')
  rows.effects = []
  assert.equal(rows.run('BITOP', 'OR', 'b', 'none', 'nothing'), ':0\r\n')
  assert.equal(rows.run('BITOP', 'OR', 'b', 'none'), ':0\r\n')
  assert.deepEqual(rows.effects, ['remove b'])
  assert.equal(rows.ref('b'), 0)
})

test('BITPOS sees endless zeros behind a string unless an end is given', () => {
  const rows = new StringRows()
  rows.run('SET', 'k', '\xff\xff')
  assert.equal(rows.run('BITPOS', 'k', 0), ':16\r\n')
  assert.equal(rows.run('BITPOS', 'k', 0, 1), ':16\r\n')
  assert.equal(rows.run('BITPOS', 'k', 0, 0, -1), ':-1\r\n')
  assert.equal(rows.run('BITPOS', 'k', 1, 3, 15, 'BIT'), ':3\r\n')
})

test('BITFIELD wraps, saturates or fails as the last OVERFLOW before an operation says', () => {
  const rows = new StringRows()
  const rounds: [string[], string][] = [
    [['SET', 'u8', '0', '250'], '*1\r\n:0\r\n'],
    [['INCRBY', 'u8', '0', '10'], '*1\r\n:4\r\n'],
    [['OVERFLOW', 'SAT', 'INCRBY', 'u8', '0', '300'], '*1\r\n:255\r\n'],
    [
      ['OVERFLOW', 'FAIL', 'INCRBY', 'u8', '0', '1', 'OVERFLOW', 'WRAP', 'INCRBY', 'u8', '0', '1'],
      '*2\r\n$-1\r\n:0\r\n',
    ],
    [['OVERFLOW', 'SAT', 'INCRBY', 'i5', '#3', '-100', 'GET', 'u5', '15'], '*2\r\n:-16\r\n:16\r\n'],
  ]
  for (const [words, reply] of rounds)
    assert.equal(rows.run('BITFIELD', 'k', ...words), reply, words.join(' '))
  rows.run('SET', 'k', '')
  const wide = rows.run('BITFIELD', 'k', 'SET', 'i64', 3, '-9223372036854775808', 'GET', 'i64', 3)
  assert.equal(wide, '*2\r\n:0\r\n:-9223372036854775808\r\n')
  assert.equal(
    rows.run('BITFIELD', 'k', 'OVERFLOW', 'SAT', 'SET', 'u4', 0, -1, 'GET', 'u4', 0),
    '*2\r\n:1\r\n:15\r\n',
  )
})

test('BITFIELD checks every operation before the first one runs, and counts one change', () => {
  const rows = new StringRows()
  assert.match(
    rows.run('BITFIELD', 'k', 'SET', 'u8', 0, 1, 'SET', 'u64', 0, 1),
    /^-ERR Invalid bitfield type/,
  )
  assert.equal(
    rows.run('BITFIELD', 'k', 'SET', 'u8', 0, 1, 'OVERFLOW', 'NO'),
    '-ERR Invalid OVERFLOW type specified\r\n',
  )
  assert.equal(rows.space.changes, 0)
  rows.run('BITFIELD', 'k', 'SET', 'u8', 0, 1, 'INCRBY', 'u8', 8, 1)
  assert.equal(rows.space.changes, 1)
  assert.equal(
    rows.run('BITFIELD_RO', 'k', 'SET', 'u8', 0, 1),
    '-ERR BITFIELD_RO only supports the GET subcommand\r\n',
  )
  assert.equal(rows.run('BITFIELD_RO', 'k', 'GET', 'u16', 0), '*1\r\n:257\r\n')
})
