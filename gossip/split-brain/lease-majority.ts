/*
 * lease-majority: the side that gets the lease goes on, and the smaller side asks later.
 *
 * The idea: a register outside the mesh has the last word, so even halves and thirds leave a survivor; the
 * head start makes the larger side win when it can. Denied, a side turns its decision round. atomr asks the
 * lease only to break a tie: it never rescues a minority. Shape: rule.
 */
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { hasIndirectlyConnected } from './indirect.ts'
import { keepMajorityAtomr } from './keep-majority.ts'
import { AS_KNOWN, compareByAddress, firstMember, type Partition, tally } from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import { downIndirectlyConnected, downUnreachable } from './verdicts.ts'

export function leaseMajority(partition: Partition, settings: SplitBrainSettings): Verdict {
  if (hasIndirectlyConnected(partition)) {
    const lease = { delayMs: 0, whenDenied: 'down-reachable-and-indirectly-connected' } as const
    return { ...downIndirectlyConnected(), lease }
  }
  const { here, there } = tally(partition, AS_KNOWN)
  const isSmaller = isMinority(partition, here, there)
  const delayMs = isSmaller ? settings.minorityDelayMs : 0
  const part = isSmaller ? 'this side is the smaller one' : 'this side is not the smaller one'
  const verdict = downUnreachable(`${part}: ${here} in reach against ${there}`)
  return { ...verdict, lease: { delayMs, whenDenied: 'down-reachable' } }
}

/** Where nobody can be counted, nobody is the minority. */
function isMinority(partition: Partition, here: number, there: number): boolean {
  if (here !== there) return there > here
  const lowest = firstMember(partition, compareByAddress, AS_KNOWN)
  return lowest !== undefined && partition.unreachable.has(lowest.id)
}

export function leaseMajorityAtomr(sides: AtomrSides, settings: SplitBrainSettings): Verdict {
  const majority = keepMajorityAtomr(sides)
  if (majority.action !== 'down-all' || settings.isLeaseAcquired === false) return majority
  if (settings.isLeaseAcquired) return downUnreachable(`${majority.reason}, and this side has the lease`)
  return { ...downUnreachable(majority.reason), lease: { delayMs: 0, whenDenied: 'down-all' } }
}
