/*
 * Whole nodes under every trouble, from seeds: what was confirmed is kept, what was removed stays removed, every reply fits
 * into one order, and when the troubles end all is calm, served and equal within a bound.
 * SEED=... replays what a failure prints; SIM=5000 looks longer; `npm run sim -- data --from ...` tells the whole story.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { freshSeeds, seeded } from '../support/seeded.ts'
import { runData } from './data.ts'
import { story } from './data-report.ts'

/** The other half is data-again.test.ts: each has a process of its own. */
const SEEDS_FIXED = Array.from({ length: 100 }, (_, at) => 1 + at)
const SEEDS_FRESH = Number(process.env.SIM ?? 0)

/** Seeds that have shown a defect, and what it was, when they did: what they do follows the code. */
const PINNED: readonly (readonly [seed: number, defect: string])[] = [
  [14, 'a node that had caught up before it was a member again never said that it was ready'],
  [23, 'a deposed primary took the slot back and its unconfirmed increment beat a confirmed one'],
  [30, 'an owner that had claimed alone, again and again, refused the writes of who acted next one by one'],
  [40, 'an owner that was cut off for two seconds brought back the value before one that had expired'],
  [63, 'where only streams arrive a mesh did not form, since states were answered by datagram'],
  [68, 'where only streams arrive nobody belonged to the mesh in the end'],
  [187, 'a key that had expired on the clock of who acted was back on the clock of the next'],
  [283, 'an empty node founded a mesh anew, alone, and spoke for what the others held'],
  [300, 'a node that was left alone ran writes in slots it had not settled, and they were lost'],
  [315, 'nodes that had all lost each other began anew around one that had not heard the others'],
  [
    1201,
    'a mesh that had given everybody up was founded by nobody, since its first seed called on the others by then',
  ],
  [1369, 'SREM found nothing, because of an SREM that was never confirmed, and the member came back'],
  [4319, 'an empty node took the word of one who waited himself for owners that it did not know of'],
  [3805, 'where only streams arrive one node did not hear for a minute that another was ready'],
  [1095, 'an increment confirmed at last lost to one made under a term between, by who did not know of it'],
  [
    2700,
    'who alone had owned a slot once spoke for it, with an owner that had lost what it had confirmed since',
  ],
  [
    2932,
    'who was heard by nobody any more answered that a member was not there which another had added since',
  ],
  [1171, 'reborn nodes that had been given up helped who had not heard of that to go on beside the survivor'],
  [3339, 'an increment replaced before it was in doubt was told as done'],
]

function run(seed: number): void {
  const report = runData({ seed })
  if (report.complaints.length > 0) assert.fail(story(report))
}

test('one seed is one run', () => {
  const [once, again] = [runData({ seed: 7, chaosMs: 5000 }), runData({ seed: 7, chaosMs: 5000 })]
  assert.equal(once.trace, again.trace)
  assert.deepEqual(once.history, again.history)
  assert.ok(once.operations > 50, `${once.operations} operations`)
})

for (const [seed, defect] of PINNED) seeded(`no more: ${defect}`, [seed], run)
seeded('all promises are kept under every trouble', SEEDS_FIXED, run)
seeded('so they are from seeds nobody has seen', freshSeeds(SEEDS_FRESH), run)
