/*
 * How long the keys of one node cannot be written when something happens to it, as clients of another node see it.
 *
 * The idea: clients raise counters all the time, and the gap is the longest wait between two successes on any key the
 * victim acted for, not the first that happens to work again. Shape: door (tests and measurements only).
 */
import assert from 'node:assert/strict'
import type { MeshMember, MeshProcesses } from '../support/mesh-processes.ts'
import { keysActedForBy } from './acting.ts'
import { Counting } from './mesh-counting.ts'

const COUNTERS = 60
/** On each key, before and after. */
const SUCCESSES = 20

export interface Gap {
  readonly gapMs: number
  readonly failedShare: number
  readonly story: string
}

/** The accident befalls the second node of the mesh; every acknowledged increment must be there afterwards. */
export async function gapAfter(
  mesh: MeshProcesses,
  accident: (victim: MeshMember) => void | Promise<void>,
): Promise<Gap> {
  const [asked, victim] = [mesh.at(0), mesh.at(1)]
  const counting = new Counting(asked, COUNTERS)
  await counting.progress(SUCCESSES)
  const its = await keysActedForBy(victim, counting.keys, asked)
  assert.ok(its.length > 0, 'some counters live with the victim')
  const sinceMs = performance.now()
  await accident(victim)
  await counting.progress(SUCCESSES)
  await counting.stop()
  await counting.assertAllCounted(asked)
  const { failedShare } = counting
  return { gapMs: counting.longestGapMs(sinceMs, its), failedShare, story: counting.describe() }
}
