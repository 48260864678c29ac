/*
 * What a run of the data simulator has shown, in a line for people and a record for machines; and, when it failed, what is
 * needed to look at it again: the seed, the troubles, and the history of each offending key.
 *
 * Shape: rule.
 */
import type { RunReport } from './data.ts'
import { lineOf } from './history.ts'

export const HEAD =
  'seed      nodes/copies  operations (failed, open)  calm after  equal after  virtual s  happenings  verdict'

export function lineOfRun(run: RunReport): string {
  const { calmMs, equalMs, failed, happenings, open, operations, undecided, virtualMs } = run
  const verdict = run.complaints.length > 0 ? 'FAILED' : 'kept'
  return [
    String(run.seed).padEnd(9),
    `${run.size}/${run.replicationFactor}`.padEnd(13),
    `${operations} (${failed}, ${open})`.padEnd(26),
    secondsOf(calmMs).padEnd(11),
    secondsOf(equalMs).padEnd(12),
    secondsOf(virtualMs).padEnd(10),
    String(happenings).padEnd(11),
    undecided.length === 0 ? verdict : `${verdict}, not decided for ${undecided.join(' ')}`,
  ].join(' ')
}

/** Complaints, troubles, and all that happened to the keys the complaints are about. */
export function story(run: RunReport): string {
  const keys = new Set(run.complaints.map((complaint) => complaint.split(':', 1)[0]!))
  const parts = [`seed ${run.seed}`, ...run.complaints, '', 'troubles', ...run.troubles]
  for (const key of keys) {
    const history = run.history.filter((operation) => operation.key === key)
    if (history.length > 0) parts.push('', `history of ${key}`, ...history.map(lineOf))
  }
  return parts.join('\n')
}

export function recordOf(run: RunReport): string {
  return JSON.stringify({ ...run, history: undefined })
}

export interface Summary {
  readonly runs: number
  readonly failedSeeds: readonly number[]
  readonly operations: number
  readonly openShare: number
  readonly failedShare: number
  readonly undecided: number
  readonly millisecondsEach: number
}

export function summaryOf(runs: readonly RunReport[], elapsedMs: number): Summary {
  const sum = (pick: (run: RunReport) => number): number => runs.reduce((total, run) => total + pick(run), 0)
  const operations = sum((run) => run.operations)
  return {
    runs: runs.length,
    failedSeeds: runs.filter(({ complaints }) => complaints.length > 0).map(({ seed }) => seed),
    operations,
    openShare: sum(({ open }) => open) / operations,
    failedShare: sum(({ failed }) => failed) / operations,
    undecided: sum(({ undecided }) => undecided.length),
    millisecondsEach: elapsedMs / runs.length,
  }
}

/** The same for people, in one line. */
export function sentenceOf(summary: Summary, first: number): string {
  const { failedSeeds, failedShare, openShare, operations, runs } = summary
  const verdict = failedSeeds.length === 0 ? 'all promises kept' : `FAILED: ${failedSeeds.join(' ')}`
  const shares = `${(failedShare * 100).toFixed(1)} % refused, ${(openShare * 100).toFixed(1)} % left open`
  return `seeds ${first} to ${first + runs - 1}: ${operations} operations, ${shares}; ${verdict}`
}

function secondsOf(ms: number): string {
  return Number.isNaN(ms) ? 'never' : `${(ms / 1000).toFixed(1)} s`
}
