/*
 * Troubles with a name under a whole mesh, from fixed seeds. `npm run sim -- data --scenario NAME --seeds 200` looks longer.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { runData } from './data.ts'
import { story } from './data-report.ts'
import { SCENARIOS, type Scenario } from './scenarios.ts'

const SEEDS = [1, 2, 3]
/** Nodes, and copies of each key, where it is not three. */
const SIZES: Partial<Record<Scenario, readonly [nodes: number, copies: number]>> = {
  'two of three owners': [5, 3],
  'two sides and one between': [5, 5],
}

for (const scenario of Object.keys(SCENARIOS) as Scenario[]) {
  test(`all promises are kept: ${scenario}`, () => {
    for (const seed of SEEDS) {
      const [size, replicationFactor] = SIZES[scenario] ?? [3, 3]
      const report = runData({ seed, size, replicationFactor, scenario })
      if (report.complaints.length > 0) assert.fail(story(report))
      assert.ok(report.done > 50, `${report.done} operations`)
    }
  })
}
