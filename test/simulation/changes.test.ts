// Members come and go while everything else goes wrong: slots change hands under all troubles there are.

import assert from 'node:assert/strict'
import { freshSeeds, seeded } from '../support/seeded.ts'
import { runData } from './data.ts'
import { story } from './data-report.ts'
import { CHANGES, type TroubleKind } from './troubles.ts'

const SEEDS_FRESH = Number(process.env.SIM ?? 0)
const CHAOS_MS = 30_000
const FEW: readonly TroubleKind[] = [
  ...(['join', 'leave', 'join', 'leave', 'kill', 'freeze'] as const),
  ...(['split', 'alone', 'loss', 'slow', 'power', 'one-way'] as const),
]

function runWith(kinds: readonly TroubleKind[]): (seed: number) => void {
  return (seed) => {
    const report = runData({ seed, chaosMs: CHAOS_MS, kinds })
    if (report.complaints.length > 0) assert.fail(story(report))
  }
}

seeded(
  'no more: those who were reborn joined what a mesh without anybody up had left, for ever',
  [35],
  runWith(FEW),
)
seeded('while nodes join and leave all promises are kept', [1, 2, 3], runWith(['join', 'leave']))
seeded('so they are when others die and links break meanwhile', [1, 2, 3, 4], runWith(CHANGES))
seeded('so they are from seeds nobody has seen', freshSeeds(SEEDS_FRESH), runWith(CHANGES))
