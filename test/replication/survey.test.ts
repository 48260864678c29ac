// Owners that are asked about many slots: who answers, who refuses, and when nobody is waited for any more.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Answered } from '../../src/mesh/link-ports.ts'
import type { ExchangeParts } from '../../src/replication/slot-pull.ts'
import { Survey } from '../../src/replication/survey.ts'

const DEADLINE_MS = 1000

interface Question {
  readonly to: string
  readonly deadlineMs: number
  readonly answered: Answered
}

/** A survey of one slot, asked of these at time 0, and what it has asked and told. */
function surveyOf(...ids: string[]) {
  const asked: Question[] = []
  const ended: boolean[] = []
  const peers = {
    ask(
      to: string,
      _verb: unknown,
      _fields: unknown,
      _body: unknown,
      deadlineMs: number,
      answered: Answered,
    ) {
      asked.push({ to, deadlineMs, answered })
    },
  }
  const parts = {
    space: { tombstones: null },
    peers,
    deadlineMs: () => DEADLINE_MS,
  } as unknown as ExchangeParts
  const events = { onAnswer() {}, onEnd: (_survey: Survey, isWhole: boolean) => ended.push(isWhole) }
  const survey = new Survey(parts, events, 1)
  survey.add(7, 0, ids)
  survey.start(1, 0)
  return { asked, ended, survey }
}

const REFUSED = { kind: 'failed', reason: 'refused', detail: 'another placement' } as const
const SILENT = { kind: 'failed', reason: 'deadline', detail: '' } as const

test('who refuses is asked again a moment later, each time after twice as long, and within the time of all', () => {
  const { asked, ended, survey } = surveyOf('a', 'b')
  const times: number[] = []
  asked.shift()!.answered(REFUSED)
  asked.shift()
  for (let nowMs = 0; nowMs < 2 * DEADLINE_MS; nowMs += 10) {
    survey.askAgain(nowMs)
    for (const { answered, deadlineMs, to } of asked.splice(0)) {
      times.push(nowMs)
      assert.deepEqual([to, deadlineMs], ['a', DEADLINE_MS - nowMs])
      answered(REFUSED)
    }
  }
  assert.deepEqual(times, [20, 60, 140, 300, 620])
  assert.deepEqual(ended, [])
})

test('a survey is over when everybody has refused: nobody is asked again', () => {
  const { asked, ended, survey } = surveyOf('a', 'b')
  for (const { answered } of asked.splice(0)) answered(REFUSED)
  assert.deepEqual([ended, survey.isOver], [[false], true])
  survey.askAgain(500)
  assert.deepEqual(asked, [])
})

test('who is silent, or out of reach, is not asked again', () => {
  const { asked, survey } = surveyOf('a', 'b')
  asked[0]!.answered(SILENT)
  survey.askAgain(500)
  assert.equal(asked.length, 2)
})
