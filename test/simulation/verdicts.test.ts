/*
 * Who judges the judges: each verdict on a history it must accept and on one it must reject.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { Reply } from '../support/reply.ts'
import { counterBounds, counterNeverFalls, nothingComesBack, setKeepsMembers } from './bounds.ts'
import { conclude, type Operation } from './history.ts'
import { judge, type Verdict } from './linearizability.ts'
import { modelOf } from './models.ts'

const OK: Reply = { type: 'status', value: 'OK' }
const NIL: Reply = { type: 'nil', value: '' }
const bulk = (value: string): Reply => ({ type: 'bulk', value })
const integer = (value: number): Reply => ({ type: 'integer', value: String(value) })
const array = (...values: string[]): Reply => ({ type: 'array', value: values.map(bulk) })

/** An operation of `line` from one time to another; without a reply its outcome is open. */
function did(fromMs: number, toMs: number, line: string, reply?: Reply): Operation {
  const words = line.split(' ')
  return {
    client: 'c',
    words,
    key: words[1]!,
    isWrite: !['GET', 'SMEMBERS', 'LRANGE'].includes(words[0]!),
    isOrdered: true,
    invokedMs: fromMs,
    returnedMs: reply === undefined ? Number.POSITIVE_INFINITY : toMs,
    outcome: reply === undefined ? 'open' : 'done',
    reply,
    node: 'n',
  }
}

function verdictOf(...history: Operation[]): Verdict {
  return judge(modelOf(history[0]!.key), history).verdict
}

test('a register: a read sees the last value, or one written at the same time', () => {
  const write = did(0, 10, 'SET r a', OK)
  assert.equal(verdictOf(write, did(20, 30, 'GET r', bulk('a'))), 'linearizable')
  assert.equal(verdictOf(write, did(5, 8, 'GET r', NIL), did(6, 9, 'GET r', bulk('a'))), 'linearizable')
  assert.equal(verdictOf(write, did(20, 30, 'GET r', NIL)), 'impossible')
  assert.equal(verdictOf(write, did(5, 6, 'GET r', bulk('a')), did(7, 8, 'GET r', NIL)), 'impossible')
})

test('a write with an open outcome may happen late or never, but not be undone', () => {
  const first = did(0, 10, 'SET r a', OK)
  const open = did(20, 0, 'SET r b')
  assert.equal(verdictOf(first, open, did(30, 40, 'GET r', bulk('a'))), 'linearizable')
  const late = [did(30, 40, 'GET r', bulk('a')), did(50, 60, 'GET r', bulk('b'))]
  assert.equal(verdictOf(first, open, ...late), 'linearizable')
  const undone = [did(30, 40, 'GET r', bulk('b')), did(50, 60, 'GET r', bulk('a'))]
  assert.equal(verdictOf(first, open, ...undone), 'impossible')
})

test('a counter: every increment is answered with the sum of all before it', () => {
  const two = [did(0, 10, 'INCR c', integer(1)), did(5, 12, 'INCRBY c 100', integer(101))]
  assert.equal(verdictOf(...two, did(20, 30, 'GET c', bulk('101'))), 'linearizable')
  assert.equal(verdictOf(did(0, 10, 'INCR c', integer(1)), did(20, 30, 'INCR c', integer(1))), 'impossible')
  const open = did(15, 0, 'INCR c')
  assert.equal(verdictOf(...two, open, did(20, 30, 'GET c', bulk('102'))), 'linearizable')
  assert.equal(verdictOf(...two, open, did(20, 30, 'GET c', bulk('103'))), 'impossible')
})

test('many increments with open outcomes are judged in few steps', () => {
  const open = Array.from({ length: 40 }, (_, at) => did(at, 0, 'INCR c'))
  const history = [...open, did(100, 110, 'GET c', bulk('17')), did(120, 130, 'GET c', bulk('39'))]
  const { steps, verdict } = judge(modelOf('c'), history)
  assert.equal(verdict, 'linearizable')
  assert.ok(steps < 5000, `${steps} steps`)
})

test('a set: members come and go as they were told to', () => {
  const add = did(0, 10, 'SADD s a', integer(1))
  assert.equal(verdictOf(add, did(20, 30, 'SMEMBERS s', array('a'))), 'linearizable')
  assert.equal(verdictOf(add, did(20, 30, 'SMEMBERS s', array())), 'impossible')
  assert.equal(verdictOf(add, did(20, 30, 'SADD s a', integer(1))), 'impossible')
})

test('a list: what is pushed leaves once, in order', () => {
  const pushes = [did(0, 10, 'RPUSH l a', integer(1)), did(11, 20, 'RPUSH l b', integer(2))]
  assert.equal(verdictOf(...pushes, did(30, 40, 'LPOP l', bulk('a'))), 'linearizable')
  assert.equal(verdictOf(...pushes, did(30, 40, 'LPOP l', bulk('b'))), 'impossible')
  const twice = [did(30, 40, 'LPOP l', bulk('a')), did(50, 60, 'LPOP l', bulk('a'))]
  assert.equal(verdictOf(...pushes, ...twice), 'impossible')
})

test('a value that dies may be gone early, but never comes back', () => {
  const write = did(0, 10, 'SET m a PX 50', OK)
  assert.equal(verdictOf(write, did(20, 30, 'GET m', NIL)), 'linearizable')
  const back = [did(20, 30, 'GET m', NIL), did(40, 50, 'GET m', bulk('a'))]
  assert.equal(verdictOf(write, ...back), 'impossible')
})

test('counter bounds: all that was confirmed, and no more than was asked for', () => {
  const done = did(0, 10, 'INCR c', integer(1))
  const open = did(0, 0, 'INCR c')
  assert.equal(counterBounds([done, open, did(20, 30, 'GET c', bulk('2'))]), undefined)
  assert.match(counterBounds([done, open, did(20, 30, 'GET c', NIL)])!, /0 although 1 had been confirmed/)
  assert.match(counterBounds([done, open, did(20, 30, 'GET c', bulk('3'))])!, /no more than 2/)
})

test('a counter that only grows never falls between two reads', () => {
  const low = did(0, 10, 'GET c', bulk('4'))
  assert.equal(counterNeverFalls([low, did(20, 30, 'GET c', bulk('4'))]), undefined)
  assert.equal(counterNeverFalls([low, did(20, 30, 'GET c', bulk('3'))]), '3 after 4')
})

test('a set keeps what was added and loses what was removed, unless the other came at the same time', () => {
  const add = did(0, 10, 'SADD s a', integer(1))
  const remove = did(20, 30, 'SREM s a', integer(1))
  assert.equal(setKeepsMembers([add, remove, did(40, 50, 'SMEMBERS s', array())]), undefined)
  assert.equal(setKeepsMembers([add, did(5, 0, 'SREM s a'), did(40, 50, 'SMEMBERS s', array())]), undefined)
  assert.match(setKeepsMembers([add, did(40, 50, 'SMEMBERS s', array())])!, /a is missing/)
  assert.match(setKeepsMembers([add, remove, did(40, 50, 'SMEMBERS s', array('a'))])!, /a has come back/)
})

test('what was written before a removal does not come back after it', () => {
  const write = did(0, 10, 'SET d a', OK)
  const remove = did(20, 30, 'DEL d', integer(1))
  assert.equal(nothingComesBack([write, remove, did(25, 40, 'GET d', bulk('a'))]), undefined)
  assert.match(nothingComesBack([write, remove, did(40, 50, 'GET d', bulk('a'))])!, /a is back/)
})

test('errors that promise nothing was done are refusals; -TIMEOUT is open; any other is a defect', () => {
  const error = (value: string): Reply => ({ type: 'error', value })
  const write = did(0, 0, 'SET r a')
  conclude(write, error('NOREPLICAS Not enough good replicas to write.'), 5)
  assert.equal(write.outcome, 'failed')
  conclude(write, error('TIMEOUT the write was run but not confirmed'), 5)
  assert.equal(write.outcome, 'open')
  assert.equal(write.returnedMs, Number.POSITIVE_INFINITY)
  assert.throws(() => conclude(write, error('NOTPRIMARY this node does not act for the slot'), 5))
})
