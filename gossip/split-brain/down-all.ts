/*
 * down-all: any split ends the whole mesh.
 *
 * The idea: a restart of everything is cheaper for some than any chance of two survivors. Both books agree
 * once somebody is out of reach. Shape: rule.
 */
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import type { Partition } from './partition.ts'
import { downAll, stay } from './verdicts.ts'

export function downEveryone(partition: Partition): Verdict {
  return partition.unreachable.size === 0
    ? stay('nobody is out of reach')
    : downAll('somebody is out of reach')
}

export function downEveryoneAtomr(sides: AtomrSides): Verdict {
  return sides.unreachable.length === 0 ? stay('nobody is out of reach') : downAll('somebody is out of reach')
}
