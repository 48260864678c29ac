/*
 * Waiters: parking, timeouts and every other way a wait ends. Serving is tested with the rows
 * (commands/lists). Shape: test.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ListRows } from '../commands/list-rows.ts'

test('a wait ends with the timeout, not before, and waits without one go on', () => {
  const rows = new ListRows()
  const startMs = rows.space.nowMs
  rows.run('c2> BLPOP l 0.25')
  rows.run('c3> BLMOVE l m LEFT LEFT 1')
  rows.run('c4> BRPOP l 0')
  assert.equal(rows.waiters.nextDeadlineMs, startMs + 250)
  rows.waiters.onTick(startMs + 249)
  assert.equal(rows.reply('c2'), '')
  rows.waiters.onTick(startMs + 250)
  assert.equal(rows.reply('c2'), '*-1\r\n')
  assert.equal(rows.client('c2').isBlocked, false)
  assert.equal(rows.waiters.nextDeadlineMs, startMs + 1000)
  rows.waiters.onTick(startMs + 5000)
  assert.equal(rows.reply('c3'), '*-1\r\n')
  assert.equal(rows.waiters.count, 1)
  rows.waiters.onTick(startMs + 1e9)
  assert.equal(rows.reply('c4'), '')
})

test('a request woken in vain keeps its deadline', () => {
  const rows = new ListRows()
  const startMs = rows.space.nowMs
  rows.run('c2> BLPOP k 1')
  rows.run('c3> BLPOP k 1')
  rows.space.nowMs += 600
  rows.run('RPUSH k x')
  assert.notEqual(rows.reply('c2'), '')
  rows.waiters.onTick(startMs + 1000)
  assert.equal(rows.reply('c3'), '*-1\r\n')
})

test('CLIENT UNBLOCK ends a wait like a timeout or with an error', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP l 0')
  rows.run('c3> BLPOP l 0')
  assert.equal(rows.waiters.unblock(rows.client('c2'), false), true)
  assert.equal(rows.waiters.unblock(rows.client('c3'), true), true)
  assert.equal(rows.waiters.unblock(rows.client('c3'), true), false)
  assert.equal(rows.reply('c2'), '*-1\r\n')
  assert.equal(rows.reply('c3'), '-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n')
  assert.equal(rows.waiters.keyCount, 0)
})

test('a client that left is not served', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP l m l 0')
  rows.run('c3> BLPOP l 0')
  assert.equal(rows.waiters.keyCount, 2)
  rows.waiters.forget(rows.client('c2'))
  assert.equal(rows.waiters.keyCount, 1)
  rows.run('RPUSH l 1')
  assert.equal(rows.reply('c2'), '')
  assert.equal(rows.reply('c3'), '*2\r\n$1\r\nl\r\n$1\r\n1\r\n')
})

test('changes of other types and of keys nobody waits for make nothing ready', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP l 0')
  rows.execute('c1', 'SET', 'l', 'x')
  rows.execute('c1', 'RPUSH', 'other', 'x')
  assert.equal(rows.waiters.readyCount, 0)
})

test('waiters of swapped databases look at what is now theirs', () => {
  const rows = new ListRows()
  rows.run('c2> BLPOP l 0')
  const seen: number[] = []
  rows.waiters.onDatabasesSwapped(0, 3)
  assert.equal(rows.waiters.readyCount, 1)
  const key = Buffer.from('l')
  const made = rows.space.create(3, 1, key, 0, 1, 2)
  rows.space.changed(made)
  rows.waiters.serveReady((_session, _row, _args, database) => {
    seen.push(database)
    return true
  })
  assert.deepEqual(seen, [3])
  assert.equal(rows.waiters.count, 0)
})

test('waits whose keys went elsewhere are handed over unanswered, in their order and with their deadlines', () => {
  const rows = new ListRows()
  const startMs = rows.space.nowMs
  rows.run('c2> BLPOP here 0')
  rows.run('c3> BLPOP gone 2')
  rows.run('c4> BLMOVE here gone LEFT LEFT 0')
  const taken = rows.waiters.takeOut((_row, args) => args.text(1) === 'gone' || args.text(2) === 'gone')
  assert.deepEqual(
    taken.map(({ session, deadlineMs }) => [session, deadlineMs]),
    [
      [rows.client('c3'), startMs + 2000],
      [rows.client('c4'), Number.POSITIVE_INFINITY],
    ],
  )
  rows.run('RPUSH gone 1')
  assert.equal(rows.reply('c3'), '')
  assert.equal(rows.waiters.count, 1)
  assert.equal(rows.waiters.keyCount, 1)
})

test('thousands of clients on one key are served in their order', () => {
  const rows = new ListRows()
  for (let i = 0; i < 3000; i++) rows.send(`client ${i}`, 'BLPOP', 'l', '0')
  for (let i = 0; i < 3000; i++) {
    rows.send('c1', 'RPUSH', 'l', String(i))
    assert.equal(rows.reply(`client ${i}`), `*2\r\n$1\r\nl\r\n$${String(i).length}\r\n${i}\r\n`)
  }
  assert.equal(rows.waiters.count + rows.waiters.keyCount + rows.waiters.readyCount, 0)
})
