/*
 * A contest: the same work for several, in turn, round by round; the medians.
 *
 * The idea: all are up, one is under load, and who comes first changes every round. Before each turn and before the
 * processor time is read all that was begun has ended. Shape: door (bench only).
 */
import { median } from './measures.ts'
import type { Side } from './sides.ts'

export interface Contestant {
  readonly side: Side
  /** Answers what is measured, by name. */
  run(requests: number): Promise<Record<string, number>>
}

export type Figures = Readonly<Record<string, number>>

/** Before the first round, so that nobody is measured while it warms up. */
const WARM_UP_SHARE = 0.5

/** In the order of the contestants; `cpuPerMillion` is of all processes of a side. */
export async function contest(
  contestants: readonly Contestant[],
  requests: number,
  rounds: number,
): Promise<Figures[]> {
  for (const { run } of contestants) await run(Math.ceil(requests * WARM_UP_SHARE))
  const found = contestants.map((): Figures[] => [])
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contestants.length; turn++) {
      const index = (round + turn) % contestants.length
      const { run, side } = contestants[index]!
      await side.quiet()
      const before = side.cpuSeconds
      const figures = await run(requests)
      await side.quiet()
      const cpuPerMillion = ((side.cpuSeconds - before) / requests) * 1e6
      found[index]!.push({ ...figures, cpuPerMillion })
    }
  }
  return found.map(medians)
}

function medians(rounds: readonly Figures[]): Figures {
  const names = Object.keys(rounds[0]!)
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((figures) => figures[name]!))]))
}
