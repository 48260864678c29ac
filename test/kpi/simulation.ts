/*
 * The rows that simulated meshes answer: partitions of random shape, in virtual time, judged by every history.
 *
 * The idea: the data simulator with nothing but troubles of the network, each run a seed; a complaint of any kind -
 * a write lost, a delete undone, an order nobody can explain - counts against its row. Shape: door (measurements only).
 */
import { type RunOptions, type RunReport, runData } from '../simulation/data.ts'
import { LASTING, type TroubleKind } from '../simulation/troubles.ts'
import type { Finding, Row, Task } from './row.ts'

const PARTITIONS = 200
const PARTITIONS_QUICK = 10
/** What a line of the simulator's log begins with when a partition of some shape begins. */
const BEGINNING = /^\d+ (?:split|cut|bridge|flapping) /
const SHAPES: readonly TroubleKind[] = ['split', 'alone', 'one-way', 'bridge', 'flapping']

function partitionsIn(run: RunReport): number {
  return run.troubles.filter((line) => BEGINNING.test(line)).length
}

const LASTING_CHAOS_MS = 60_000
const [LASTING_PARTITIONS, LASTING_PARTITIONS_QUICK] = [40, 4]

async function measure({ say, seed }: Task, goal: number, options: Partial<RunOptions>): Promise<Finding> {
  let [partitions, operations, runs] = [0, 0, 0]
  const failed: number[] = []
  while (partitions < goal) {
    const run = runData({ ...options, seed: seed + runs++ })
    partitions += partitionsIn(run)
    operations += run.operations
    if (run.complaints.length > 0) failed.push(run.seed)
    for (const complaint of run.complaints) say(`seed ${run.seed}: ${complaint}`)
    say(`${partitions} partitions in ${runs} runs, ${operations} operations, ${failed.length} runs failed`)
  }
  return {
    values: { 'runs with a broken promise': failed.length, runs, partitions, operations },
    unit: '',
    holds: failed.length === 0,
    note: `seeds ${seed} to ${seed + runs - 1}${failed.length === 0 ? '' : `, failed: ${failed.join(' ')}`}`,
  }
}

function lasting(task: Task, size: number, replicationFactor: number): Promise<Finding> {
  const goal = task.isQuick ? LASTING_PARTITIONS_QUICK : LASTING_PARTITIONS
  const trouble = { kinds: ['split'] as const, pace: LASTING, chaosMs: LASTING_CHAOS_MS }
  return measure(task, goal, { size, replicationFactor, ...trouble })
}

export const rows: readonly Row[] = [
  {
    name: 'partitions',
    question: 'Acknowledged QUORUM writes lost, deletes undone: 200 partitions of random shape in simulation',
    target: '0',
    measure: (task) => measure(task, task.isQuick ? PARTITIONS_QUICK : PARTITIONS, { kinds: SHAPES }),
  },
  {
    name: 'lasting-splits',
    question: 'The same: 40 splits of five nodes that last until the smaller side is given up, five copies',
    target: '0',
    measure: (task) => lasting(task, 5, 5),
  },
  {
    name: 'lasting-splits-three-copies',
    question: 'The same with three copies, where both others of a copy may be given up at once',
    target: '0',
    measure: (task) => lasting(task, 5, 3),
  },
]
