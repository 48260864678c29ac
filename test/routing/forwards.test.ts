// What is sent on is bounded, and whoever is turned away is told so before anything was run.

import assert from 'node:assert/strict'
import test from 'node:test'
import { Args } from '../../resp/index.ts'
import { type ForwardOutcome, Forwards } from '../../src/routing/forwards.ts'
import { buffersMade } from '../support/made-buffers.ts'

const SHED: ForwardOutcome = { kind: 'failed', hasRunMaybe: false, isOverloaded: true }

function stage() {
  const asked: { peerId: string; bytes: number; answered: (outcome: ForwardOutcome) => void }[] = []
  const replies: string[] = []
  const due: { delayMs: number; run: () => void }[] = []
  const forwards = new Forwards({
    ask: (peerId, _body, bytes, answered) => void asked.push({ peerId, bytes, answered }),
    actingId: () => 'p',
    after: (delayMs, run) => void due.push({ delayMs, run }),
    wake: () => {},
  })
  const link = { fillSlot: (_place: number, reply: Buffer) => void replies.push(reply.toString('latin1')) }
  const send = (words: string, isWrite = true): void => {
    const args = Args.from(...words.split(' '))
    forwards.forward('p', args, {
      link,
      place: 0,
      slot: 1,
      isWrite,
      database: 0,
      manners: 0,
      tries: 0,
      start: 0,
      end: 0,
    })
  }
  const wait = (): number => {
    const { delayMs, run } = due.shift()!
    run()
    return delayMs
  }
  return { forwards, asked, replies, due, send, wait }
}

test('requests on their way are counted until they are answered, and beyond the limit there is no room', () => {
  const { asked, forwards, send } = stage()
  forwards.limits.countMax = 2
  assert.equal(forwards.hasRoom(), true)
  send('SET a 1')
  send('SET b 2')
  assert.deepEqual([forwards.count, forwards.hasRoom(), forwards.counters.refused], [2, false, 1])
  forwards.flush()
  asked[0]!.answered({ kind: 'failed', hasRunMaybe: true, isOverloaded: false })
  assert.deepEqual([forwards.count, forwards.bytes, forwards.hasRoom()], [0, 0, true])
})

test('so are their bytes, and those that rest before another try', () => {
  const { asked, forwards, send, wait } = stage()
  forwards.limits.bytesMax = 100
  send(`SET a ${'x'.repeat(100)}`)
  assert.equal(forwards.hasRoom(), false)
  const { bytes } = forwards
  forwards.flush()
  asked[0]!.answered({ kind: 'failed', hasRunMaybe: false, isOverloaded: false })
  assert.deepEqual([forwards.count, forwards.bytes], [1, bytes])
  wait()
  assert.deepEqual([forwards.count, forwards.bytes], [1, bytes])
  forwards.flush()
  asked[1]!.answered({ kind: 'failed', hasRunMaybe: true, isOverloaded: false })
  assert.deepEqual([forwards.count, forwards.bytes], [0, 0])
})

test('a round too long for one frame leaves in several, in order', () => {
  const { asked, forwards, send } = stage()
  forwards.limits.frameBytes = 200
  for (let i = 0; i < 5; i++) send(`SET key:${i} ${'x'.repeat(60)}`)
  forwards.flush()
  assert.equal(asked.length, 3)
  assert.ok(asked.every(({ bytes }) => bytes < 300))
})

test('of a node that is overloaded a request is asked twice more, and then its client is told to try again', () => {
  for (const isWrite of [true, false]) {
    const { asked, due, forwards, replies, send, wait } = stage()
    send('GET a', isWrite)
    for (let attempt = 0; attempt < 3; attempt++) {
      forwards.flush()
      asked[attempt]!.answered(SHED)
      if (attempt < 2) assert.equal(wait(), [40, 80][attempt])
    }
    assert.equal(due.length, 0)
    assert.deepEqual(replies, ['-TRYAGAIN too much waits for the primary of the slot: nothing was run\r\n'])
    assert.deepEqual([forwards.count, forwards.counters.overloaded], [0, 1])
  }
})

test('what was answered leaves its memory to what is sent on next', () => {
  const { asked, forwards, replies, send } = stage()
  const bytes = Buffer.from([1, 0, 0, 0, 4, 0, 0, 0, ...Buffer.from(':12\r')])
  const sendAndAnswer = (): void => {
    send('INCR a')
    forwards.flush()
    asked.shift()!.answered({ kind: 'answer', bytes, start: 0, end: bytes.length })
  }
  sendAndAnswer()
  const made = buffersMade(() => {
    for (let i = 0; i < 100; i++) sendAndAnswer()
  })
  assert.deepEqual([made, replies.length], [[], 101])
})
