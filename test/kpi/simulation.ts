/*
 * The rows that simulated meshes answer: partitions of random shape, in virtual time, judged by every history.
 *
 * The idea: the data simulator with nothing but troubles of the network, each run a seed; a complaint of any kind -
 * a write lost, a delete undone, an order nobody can explain - counts against its row. Shape: door (measurements only).
 */
import { type RunReport, runData } from '../simulation/data.ts'
import type { TroubleKind } from '../simulation/troubles.ts'
import type { Finding, Row, Task } from './row.ts'

const PARTITIONS = 200
const PARTITIONS_QUICK = 10
/** What a line of the simulator's log begins with when a partition of some shape begins. */
const BEGINNING = /^\d+ (?:split|cut|bridge|flapping) /
const SHAPES: readonly TroubleKind[] = ['split', 'alone', 'one-way', 'bridge', 'flapping']

function partitionsIn(run: RunReport): number {
  return run.troubles.filter((line) => BEGINNING.test(line)).length
}

async function measure({ isQuick, say, seed }: Task): Promise<Finding> {
  const goal = isQuick ? PARTITIONS_QUICK : PARTITIONS
  let [partitions, operations, runs] = [0, 0, 0]
  const complaints: string[] = []
  while (partitions < goal) {
    const run = runData({ seed: seed + runs++, kinds: SHAPES })
    partitions += partitionsIn(run)
    operations += run.operations
    complaints.push(...run.complaints.map((complaint) => `seed ${run.seed}: ${complaint}`))
    say(`${partitions} partitions in ${runs} runs, ${operations} operations, ${complaints.length} complaints`)
  }
  for (const complaint of complaints) say(complaint)
  return {
    values: { 'broken promises': complaints.length, partitions, operations, runs },
    unit: '',
    holds: complaints.length === 0,
    note: `seeds ${seed} to ${seed + runs - 1}`,
  }
}

export const rows: readonly Row[] = [
  {
    name: 'partitions',
    question: 'Acknowledged QUORUM writes lost, deletes undone: 200 partitions of random shape in simulation',
    target: '0',
    measure,
  },
]
