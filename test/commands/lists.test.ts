/*
 * List rows: the events and effects the conformance scripts cannot see, and what blocking rows do to each
 * other. Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../support/prng.ts'
import { ListRows } from './list-rows.ts'

test('rows whose request is their effect declare none and tell of the key that went', () => {
  const rows = new ListRows()
  rows.run('RPUSH l a b c')
  rows.run('LPOP l')
  rows.run('LTRIM l 5 6')
  rows.run('LPUSH l a a')
  rows.run('LREM l 0 a')
  rows.run('RPUSH l a')
  rows.run('RPOP l 4')
  assert.deepEqual(rows.effects, [])
  assert.deepEqual(rows.events, [
    'rpush l',
    'lpop l',
    'ltrim l',
    'del l',
    'lpush l',
    'lrem l',
    'del l',
    'rpush l',
    'rpop l',
    'del l',
  ])
})

test('a request that changes nothing makes no version and no event', () => {
  const rows = new ListRows()
  rows.run('RPUSH l a b')
  rows.events = []
  const changes = rows.space.changes
  const idle = ['LPOP l 0', 'LREM l 0 z', 'LINSERT l BEFORE z x', 'LSET l 9 x', 'LPUSHX n a', 'LPOP n']
  for (const line of idle) rows.run(line)
  assert.equal(rows.space.changes, changes)
  assert.deepEqual(rows.events, [])
})

test('LMOVE declares a push and a pop, then the removal of an emptied source', () => {
  const rows = new ListRows()
  rows.run('RPUSH a 1 2')
  rows.events = []
  assert.equal(rows.run('LMOVE a b LEFT RIGHT'), '$1\r\n1\r\n')
  assert.equal(rows.run('RPOPLPUSH a b'), '$1\r\n2\r\n')
  assert.deepEqual(rows.effects, ['RPUSH b 1', 'LPOP a', 'LPUSH b 2', 'remove a'])
  assert.deepEqual(rows.events, ['rpush b', 'lpop a', 'lpush b', 'rpop a', 'del a'])
})

test('LMOVE within one list is one change with one effect', () => {
  const rows = new ListRows()
  rows.run('RPUSH l 1 2 3')
  const changes = rows.space.changes
  rows.run('LMOVE l l LEFT RIGHT')
  assert.equal(rows.space.changes, changes + 1)
  assert.equal(rows.elements('l'), '2 3 1')
  assert.deepEqual(rows.effects, ['LMOVE l l LEFT RIGHT'])
})

test('LMPOP declares what it took from the key it took from', () => {
  const rows = new ListRows()
  rows.run('RPUSH b 1 2 3 4')
  rows.run('LMPOP 2 a b RIGHT COUNT 2')
  rows.run('LMPOP 2 a b LEFT')
  rows.run('LMPOP 2 a b LEFT COUNT 9')
  assert.deepEqual(rows.effects, ['RPOP b 2', 'LPOP b', 'remove b'])
})

test('an element too long for the carrier and for a cell moves whole', () => {
  const rows = new ListRows()
  const element = new Prng(5).bytes(70_000)
  rows.send('c1', 'RPUSH', 'a', element)
  const expected = `$70000\r\n${element.toString('latin1')}\r\n`
  assert.equal(rows.run('LMOVE a b LEFT LEFT'), expected)
  assert.equal(rows.run('LMOVE b b LEFT RIGHT'), expected)
  assert.equal(rows.run('LINDEX b 0'), expected)
})

test('clients are served in the order they came, and what is left stays', () => {
  const rows = new ListRows()
  const waits = ['c2> BLPOP l 0', 'c3> BRPOP l 0', 'c4> BLMPOP 0 1 l LEFT COUNT 10']
  for (const line of waits) assert.equal(rows.run(line), '')
  assert.equal(rows.waiters.count, 3)
  assert.equal(rows.waiters.keyCount, 1)
  rows.run('RPUSH l 1 2 3 4')
  assert.equal(rows.reply('c2'), '*2\r\n$1\r\nl\r\n$1\r\n1\r\n')
  assert.equal(rows.reply('c3'), '*2\r\n$1\r\nl\r\n$1\r\n4\r\n')
  assert.equal(rows.reply('c4'), '*2\r\n$1\r\nl\r\n*2\r\n$1\r\n2\r\n$1\r\n3\r\n')
  assert.deepEqual(rows.effects, ['LPOP l', 'RPOP l', 'remove l'])
  assert.equal(rows.waiters.count + rows.waiters.keyCount, 0)
  assert.equal(rows.client('c2').isBlocked, false)
})

test('BLMOVE hands on from client to client', () => {
  const rows = new ListRows()
  const waits = ['c2> BLMOVE a b LEFT RIGHT 0', 'c3> BLMOVE b c LEFT RIGHT 0', 'c4> BLPOP c 0']
  for (const line of waits) rows.run(line)
  rows.run('RPUSH a x')
  assert.equal(rows.reply('c2'), '$1\r\nx\r\n')
  assert.equal(rows.reply('c3'), '$1\r\nx\r\n')
  assert.equal(rows.reply('c4'), '*2\r\n$1\r\nc\r\n$1\r\nx\r\n')
  assert.equal(rows.space.keyCount[0], 0)
})

test('a woken client is served from the key that woke it, not from another of its keys', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP a b c 0')
  rows.execute('c1', 'SET', 'a', 'x')
  rows.execute('c1', 'RPUSH', 'c', '1')
  rows.execute('c1', 'RPUSH', 'b', '2')
  rows.serve()
  assert.equal(rows.reply('c2'), '*2\r\n$1\r\nc\r\n$1\r\n1\r\n')
  rows.reply('c1')
  assert.equal(rows.elements('b'), '2')
})

test('who finds the list taken by an earlier client keeps its place', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP l 0')
  rows.run('c3> BLPOP l 0')
  rows.run('c4> BLPOP l 0')
  rows.run('RPUSH l 1')
  rows.run('RPUSH l 2')
  assert.notEqual(rows.reply('c2'), '')
  assert.notEqual(rows.reply('c3'), '')
  assert.equal(rows.reply('c4'), '')
})

test('a push and a pop before anybody is served wake nobody', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP l 0')
  rows.execute('c1', 'RPUSH', 'l', 'a')
  rows.execute('c1', 'LPOP', 'l')
  rows.serve()
  assert.equal(rows.reply('c2'), '')
  assert.equal(rows.waiters.count, 1)
})

test('blocking rows that may not wait answer nil at once', () => {
  const rows = new ListRows()
  rows.mayBlock = false
  assert.equal(rows.run('BLPOP l 0'), '*-1\r\n')
  assert.equal(rows.run('BLMOVE l m LEFT LEFT 0'), '$-1\r\n')
  assert.equal(rows.run('BLMPOP 0 1 l LEFT'), '*-1\r\n')
  assert.equal(rows.waiters.count, 0)
})
