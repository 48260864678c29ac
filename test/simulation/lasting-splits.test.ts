/*
 * Whole nodes under splits that last until the smaller side is given up, with three copies in five nodes: the new owners of
 * some keys have to wait for the former ones, and who was given up comes back with what it held. Seeds that have shown a
 * defect; more of them are `npm run kpi -- --only lasting-splits-three-copies --seed ...`.
 */
import assert from 'node:assert/strict'
import { seeded } from '../support/seeded.ts'
import { runData } from './data.ts'
import { story } from './data-report.ts'
import { LASTING } from './troubles.ts'

const CHAOS_MS = 60_000

const PINNED: readonly (readonly [seed: number, defect: string])[] = [
  [19, 'two sides buried each other, as one believed what the other had said before it was cut off'],
  [8, 'an owner that acted no longer stopped waiting for former owners, and all waited for it'],
  [53, 'a value came back with who had been given up, as what replaced it had expired and was forgotten'],
]

const SEEDS = [3]

function run(seed: number): void {
  const trouble = { kinds: ['split'] as const, pace: LASTING, chaosMs: CHAOS_MS }
  const report = runData({ seed, size: 5, replicationFactor: 3, ...trouble })
  if (report.complaints.length > 0) assert.fail(story(report))
}

for (const [seed, defect] of PINNED) seeded(`no more: ${defect}`, [seed], run)
seeded('three copies in five nodes: whoever is given up, all promises are kept', SEEDS, run)
