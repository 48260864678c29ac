// Slots on their way: what becomes of those nobody needs any more, and of those that are wanted anew.

import assert from 'node:assert/strict'
import test from 'node:test'
import type { Answered } from '../../src/mesh/link-ports.ts'
import type { VerbRow } from '../../src/mesh/verbs.ts'
import { Intake } from '../../src/replication/intake.ts'
import type { ExchangeParts } from '../../src/replication/slot-pull.ts'

const SLOTS = 16_384

/** An intake of a node that holds nothing; each of its questions waits to be answered. */
class Stage {
  readonly asked: Answered[] = []
  readonly verbs: string[] = []
  readonly peers: string[] = []
  /** By slot. */
  readonly keys = new Map<number, number>()
  readonly ended = new Map<string, boolean[]>()
  readonly intake: Intake

  constructor() {
    const ask = (...words: readonly unknown[]): void => {
      this.peers.push(words[0] as string)
      this.verbs.push((words[1] as VerbRow).name)
      this.asked.push(words[5] as Answered)
    }
    const parts = {
      space: { index: { countOf: (slot: number) => this.keys.get(slot) ?? 0 } },
      peers: { ask },
      wallMs: () => 0,
      deadlineMs: () => 1000,
      counters: { pages: 0, keysPulled: 0, keysPushed: 0, bytesPulled: 0 },
    }
    this.intake = new Intake(parts as unknown as ExchangeParts, {
      monotonicMs: () => 0,
      waitingSlots: () => [],
    })
  }

  want(
    slot: number,
    name: string,
    isNeeded: () => boolean,
    onDone: () => void = () => {},
    isNew = true,
    peerId = 'other',
  ): void {
    const done = (isDone: boolean): void => {
      this.ended.set(name, [...(this.ended.get(name) ?? []), isDone])
      onDone()
    }
    this.intake.want({ slot, peerId, isClaim: false, isNew, isNeeded, done })
  }
}

const yes = (): boolean => true
const no = (): boolean => false

test('slots that nobody needs any more are let go, however many, by whoever asks for more each time', () => {
  const stage = new Stage()
  for (let slot = 0; slot < SLOTS; slot++) stage.want(slot, `${slot}`, no, () => stage.intake.pump())
  stage.intake.pump()
  assert.equal(stage.ended.size, SLOTS)
  assert.ok([...stage.ended.values()].every((ends) => ends.length === 1 && ends[0] === false))
  assert.deepEqual([stage.intake.queuedCount, stage.intake.underWayCount, stage.asked.length], [0, 0, 0])
})

test('a slot wanted anew while others are let go is neither lost nor told twice', () => {
  const stage = new Stage()
  stage.want(1, 'first', no, () => stage.want(2, 'second, anew', yes))
  stage.want(2, 'second', yes)
  stage.intake.pump()
  stage.intake.pump()
  for (const answered of stage.asked) answered({ kind: 'failed', reason: 'closed', detail: '' })
  assert.deepEqual(
    [...stage.ended],
    [
      ['first', [false]],
      ['second', [false]],
      ['second, anew', [false]],
    ],
  )
  assert.deepEqual([stage.intake.queuedCount, stage.intake.underWayCount], [0, 0])
})

test('a slot of which nothing is here is streamed, also when it was tried before; one that is here in part is compared', () => {
  for (const [keys, isNew, verb] of [
    [0, true, 'stream'],
    [0, false, 'stream'],
    [1, true, 'stream'],
    [1, false, 'versions'],
    [300, true, 'versions'],
  ] as const) {
    const stage = new Stage()
    stage.keys.set(1, keys)
    stage.want(1, 'it', yes, () => {}, isNew)
    stage.intake.pump()
    assert.deepEqual(stage.verbs, [verb], `${keys} keys, ${isNew ? 'new' : 'tried before'}`)
  }
})

test('who has slots to give gives them beside the others, however many were wanted of whom first', () => {
  const stage = new Stage()
  stage.intake.limits.slotsPerStream = 8
  for (let slot = 0; slot < 300; slot++) stage.want(slot, `${slot}`, yes, undefined, true, `n${slot >> 6}`)
  stage.intake.pump()
  assert.deepEqual(stage.peers, ['n0', 'n1', 'n2', 'n3'])
  stage.asked[1]!({ kind: 'failed', reason: 'closed', detail: '' })
  assert.deepEqual(stage.peers.slice(4), ['n1'], 'the one that gives nothing just now, and was first to wait')
})
