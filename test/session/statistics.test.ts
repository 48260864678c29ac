import assert from 'node:assert/strict'
import test from 'node:test'
import { Statistics } from '../../src/session/statistics.ts'

test('percentiles are a little above the truth, never below', () => {
  const statistics = new Statistics(2)
  for (let us = 1; us <= 1000; us++) statistics.add(1, 1, us)
  for (const share of [0.5, 0.9, 0.99, 1]) {
    const found = statistics.percentileUs(1, share)
    assert.ok(found >= share * 1000 && found <= share * 1000 * 1.14, `p${share * 100} is ${found}`)
  }
  assert.equal(statistics.percentileUs(0, 0.5), 0)
})

test('the histogram counts calls up to each doubling that has any', () => {
  const statistics = new Statistics(1)
  for (const us of [0.2, 1, 2, 30, 33, 34, 1000]) statistics.add(0, 1, us)
  assert.deepEqual(statistics.histogram(0), [
    { upToUs: 1, calls: 2 },
    { upToUs: 2, calls: 3 },
    { upToUs: 33, calls: 5 },
    { upToUs: 66, calls: 6 },
    { upToUs: 1056, calls: 7 },
  ])
})

test('very long calls are counted with those of a second', () => {
  const statistics = new Statistics(1)
  statistics.add(0, 1, 1e12)
  assert.equal(statistics.histogram(0).length, 1)
  assert.ok(statistics.percentileUs(0, 0.5) > 1e6)
})

test('calls of a run share its time', () => {
  const statistics = new Statistics(1)
  statistics.add(0, 10, 50)
  assert.equal(statistics.calls[0], 10)
  assert.deepEqual(statistics.histogram(0), [{ upToUs: 8, calls: 10 }])
})

test('a reset forgets counts but not the peak of memory', () => {
  const statistics = new Statistics(1)
  statistics.add(0, 1, 5)
  statistics.countError('ERR')
  statistics.notePeak(1000)
  statistics.reset()
  assert.equal(statistics.commandsProcessed + statistics.errorReplies + statistics.errors.size, 0)
  assert.deepEqual(statistics.histogram(0), [])
  assert.equal(statistics.peakUsedBytes, 1000)
})

test('the kinds of errors that are counted apart are limited', () => {
  const statistics = new Statistics(1)
  for (let i = 0; i < 1000; i++) statistics.countError(`CODE${i}`)
  assert.equal(statistics.errors.size, 128)
  assert.equal(statistics.errorReplies, 1000)
})
