// What travels between owners who compare many slots at once.

import assert from 'node:assert/strict'
import test from 'node:test'
import {
  AnswerWriter,
  OwnersSummaries,
  QuestionReader,
  writeQuestion,
} from '../../src/replication/slot-runs.ts'
import { GRANTED, OWNED, SlotSummary, WHOLE } from '../../src/replication/slot-summary.ts'
import { ByteReader, ByteWriter } from '../../src/store/byte-writer.ts'
import { Prng } from '../support/prng.ts'

function readerOf(out: ByteWriter): ByteReader {
  return new ByteReader(out.bytes, 0, out.length)
}

function summaryOf(low: number, high: number, removals: number): SlotSummary {
  return Object.assign(new SlotSummary(), { low, high, removals })
}

test('questions and answers arrive as they were sent, whatever the slots are', () => {
  for (let seed = 1; seed <= 200; seed++) {
    const prng = new Prng(seed)
    const slots: number[] = []
    for (let slot = prng.below(50); slot < 16_384 && slots.length < 300; slot += prng.chance(0.8) ? 1 : 60)
      slots.push(slot)
    const terms = slots.map((_, at) => (at % 40 < 20 ? 0 : (at >> 4) + 1))
    const places = slots.map((_, place) => place).filter(() => prng.chance(0.9))
    const question = new ByteWriter()
    writeQuestion(slots, terms, places, question)
    const reader = new QuestionReader(readerOf(question))
    const out = new ByteWriter()
    const answer = new AnswerWriter(out)
    const told: [number, number, SlotSummary][] = []
    for (const place of places) {
      assert.equal(reader.next(), true)
      assert.deepEqual([reader.slot, reader.claimTerm], [slots[place], terms[place]])
      const isEmpty = prng.chance(0.7)
      const summary = isEmpty
        ? new SlotSummary()
        : summaryOf(prng.bits() | 0, prng.bits() | 0, prng.bits() >>> 0)
      const flags = prng.chance(0.9) ? OWNED | WHOLE : OWNED | GRANTED
      const term = prng.chance(0.9) ? 3 : prng.below(1000)
      told.push([flags, term, summary])
      answer.add(flags, term, summary)
    }
    answer.end()
    assert.deepEqual([reader.next(), reader.isBroken], [false, false])
    const heard = new OwnersSummaries('b', slots.length)
    assert.equal(heard.read(readerOf(out), places), true, `seed ${seed}`)
    for (const [at, place] of places.entries()) {
      const [flags, term, summary] = told[at]!
      assert.deepEqual([heard.flags[place], heard.promisedTerms[place]], [flags, term])
      assert.equal(heard.isEqual(place, summary), true)
    }
  }
})

test('neighbours with nothing in them cost one run, however many they are', () => {
  const slots = Array.from({ length: 16_384 }, (_, slot) => slot)
  const question = new ByteWriter()
  writeQuestion(slots, new Uint32Array(16_384), slots, question)
  assert.equal(question.length, 4)
  const out = new ByteWriter()
  const answer = new AnswerWriter(out)
  for (const _ of slots) answer.add(OWNED, 0, new SlotSummary())
  answer.end()
  assert.equal(out.length, 7)
})

test('bytes that are no question or no answer are recognised', () => {
  const out = new ByteWriter()
  out.u16(16_383)
  out.u16(2)
  const reader = new QuestionReader(readerOf(out))
  assert.deepEqual([reader.next(), reader.isBroken], [false, true])
  const answer = new ByteWriter()
  const writer = new AnswerWriter(answer)
  for (let i = 0; i < 3; i++) writer.add(OWNED, 0, summaryOf(1, 2, 3))
  writer.end()
  assert.equal(new OwnersSummaries('b', 4).read(readerOf(answer), [0, 1]), false)
  assert.equal(new OwnersSummaries('b', 4).read(readerOf(answer), [0, 1, 2, 3]), false)
  const cut = new ByteReader(answer.bytes, 0, answer.length - 1)
  assert.equal(new OwnersSummaries('b', 4).read(cut, [0, 1, 2]), false)
})
