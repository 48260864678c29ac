/*
 * The judge of a soak is judged: an answer that must not be is found, one that may be is not.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../support/prng.ts'
import type { Reply } from '../support/reply.ts'
import { Ledger, type Request } from './ledger.ts'

const OK: Reply = { type: 'status', value: 'OK' }
const NIL: Reply = { type: 'nil', value: '' }
const UNKNOWN: Reply = { type: 'error', value: 'TIMEOUT not confirmed in time' }
const REFUSED: Reply = { type: 'error', value: 'NOREPLICAS Not enough good replicas to write.' }

/** A ledger of one key, a string; asks until it is asked for that. */
class Desk {
  readonly ledger = new Ledger(new Prng(5), 1)
  nowMs = 0

  want(wanted: (words: readonly string[]) => boolean): Request {
    for (let tries = 0; tries < 1000; tries++) {
      const request = this.ledger.next(++this.nowMs)!
      if (wanted(request.operation.words)) return request
      this.ledger.answered(request, REFUSED, this.nowMs)
    }
    throw new Error('it never asks for that')
  }

  /** A value without an end; answers what was written. */
  put(reply: Reply = OK): string {
    const request = this.want((words) => words[0] === 'SET' && words.length === 3)
    this.ledger.answered(request, reply, ++this.nowMs)
    return request.operation.words[2]!
  }

  get(reply: Reply): string[] {
    const request = this.want((words) => words[0] === 'GET')
    this.ledger.answered(request, reply, ++this.nowMs)
    return this.ledger.complaints
  }
}

const bulk = (value: string): Reply => ({ type: 'bulk', value })

test('what was acknowledged must be there', () => {
  const desk = new Desk()
  const value = desk.put()
  assert.deepEqual(desk.get(bulk(value)), [])
  assert.equal(desk.get(NIL).length, 1)
  assert.deepEqual([desk.ledger.lostCount, desk.ledger.resurrectedCount], [1, 0])
})

test('an older value than the acknowledged one is a lost write', () => {
  const desk = new Desk()
  const old = desk.put()
  desk.put()
  desk.get(bulk(old))
  assert.deepEqual([desk.ledger.lostCount, desk.ledger.resurrectedCount], [1, 0])
})

test('what was deleted must not come back', () => {
  const desk = new Desk()
  const value = desk.put()
  const request = desk.want(([name]) => name === 'DEL')
  desk.ledger.answered(request, { type: 'integer', value: '1' }, ++desk.nowMs)
  assert.deepEqual(desk.get(NIL), [])
  desk.get(bulk(value))
  assert.deepEqual([desk.ledger.lostCount, desk.ledger.resurrectedCount], [0, 1])
})

test('a refused write must not have happened', () => {
  const desk = new Desk()
  const value = desk.put()
  desk.put(REFUSED)
  assert.deepEqual(desk.get(bulk(value)), [])
})

test('after an open outcome a key may hold either value, and nothing else', () => {
  for (const isDone of [false, true]) {
    const desk = new Desk()
    const before = desk.put()
    const after = desk.put(UNKNOWN)
    const name = 'r:0'
    desk.nowMs += 60_000
    const request = desk.want((words) => words[0] === 'GET' && words[1] === name)
    desk.ledger.answered(request, bulk(isDone ? after : before), ++desk.nowMs)
    assert.deepEqual(desk.ledger.complaints, [])
  }
  const desk = new Desk()
  desk.put()
  desk.put(UNKNOWN)
  desk.nowMs += 60_000
  const request = desk.want((words) => words[0] === 'GET' && words[1] === 'r:0')
  desk.ledger.answered(request, NIL, ++desk.nowMs)
  assert.equal(desk.ledger.complaints.length, 1)
})

test('a key with an end is there until then and gone soon after', () => {
  const ended = (): { desk: Desk; value: string; livesMs: number } => {
    const desk = new Desk()
    const value = desk.put()
    const request = desk.want(([name]) => name === 'PEXPIRE')
    desk.ledger.answered(request, { type: 'integer', value: '1' }, ++desk.nowMs)
    return { desk, value, livesMs: Number(request.operation.words[2]) }
  }
  const early = ended()
  early.desk.nowMs += early.livesMs / 2
  early.desk.get(NIL)
  assert.equal(early.desk.ledger.lostCount, 1)
  const late = ended()
  late.desk.nowMs += late.livesMs + 5000
  late.desk.get(bulk(late.value))
  assert.equal(late.desk.ledger.resurrectedCount, 1)
  const right = ended()
  assert.deepEqual(right.desk.get(bulk(right.value)), [])
  right.desk.nowMs += right.livesMs + 5000
  assert.deepEqual(right.desk.get(NIL), [])
})

test('an error that promises nothing is a complaint', () => {
  const desk = new Desk()
  desk.get({ type: 'error', value: 'ERR something odd' })
  assert.equal(desk.ledger.complaints.length, 1)
})

test('a key in doubt leaves with a value that ends, whatever became of the last look at it, and for good once that is confirmed', () => {
  for (const look of [REFUSED, UNKNOWN, NIL]) {
    const desk = new Desk()
    desk.put()
    desk.ledger.answered(
      desk.want(([name]) => name === 'DEL'),
      UNKNOWN,
      ++desk.nowMs,
    )
    desk.nowMs += 60_000
    desk.ledger.answered(
      desk.want(([name, key]) => name === 'GET' && key === 'r:0'),
      look,
      ++desk.nowMs,
    )
    for (const farewell of [REFUSED, UNKNOWN, OK]) {
      const request = desk.ledger.next(++desk.nowMs)!
      assert.deepEqual(request.operation.words.slice(0, 2), ['SET', 'r:0'])
      assert.equal(request.operation.words[3], 'PX')
      desk.ledger.answered(request, farewell, ++desk.nowMs)
    }
    desk.nowMs += 60_000
    for (let i = 0; i < 100; i++) {
      const request = desk.ledger.next(++desk.nowMs)!
      assert.notEqual(request.operation.key, 'r:0')
      desk.ledger.answered(request, REFUSED, desk.nowMs)
    }
    assert.deepEqual(desk.ledger.complaints, [])
  }
})

test('a key in doubt that was read with all others gets its last value after its last look, and once', () => {
  const desk = new Desk()
  const { ledger } = desk
  const before = desk.put()
  desk.put(UNKNOWN)
  for (let times = 0; times < 3; times++) {
    for (const request of ledger.readsOfAll(() => ++desk.nowMs)) {
      const isInDoubt = request.operation.key === 'r:0'
      ledger.answered(request, isInDoubt ? bulk(before) : NIL, ++desk.nowMs)
    }
  }
  let farewells = 0
  let looks = 0
  for (let turn = 0; turn < 200; turn++) {
    if (turn === 100) desk.nowMs += 60_000
    const request = ledger.next(++desk.nowMs)!
    const isIts = request.operation.key === 'r:0'
    if (isIts && request.operation.isWrite) assert.equal(looks, ++farewells)
    else if (isIts) looks++
    const reply = !isIts ? REFUSED : request.operation.isWrite ? OK : bulk(before)
    ledger.answered(request, reply, ++desk.nowMs)
  }
  assert.deepEqual([looks, farewells, ledger.complaints], [1, 1, []])
})
