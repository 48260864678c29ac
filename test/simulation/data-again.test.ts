/*
 * The second hundred seeds of data.test.ts, in a process of their own.
 */
import assert from 'node:assert/strict'
import { seeded } from '../support/seeded.ts'
import { runData } from './data.ts'
import { story } from './data-report.ts'

const SEEDS = Array.from({ length: 100 }, (_, at) => 101 + at)

seeded('all promises are kept under every trouble, again', SEEDS, (seed) => {
  const report = runData({ seed })
  if (report.complaints.length > 0) assert.fail(story(report))
})
