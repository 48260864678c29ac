/*
 * keep-majority: the side with more members goes on.
 *
 * The idea: both sides know the same members, so at most one of them counts more in reach than out of it.
 * Pekko gives a tie to the side of the lowest address, and believes in its own majority only if it would
 * still be one were the leader's last act known to the other side alone. atomr lets a tie end the mesh.
 * Shape: rule.
 */
import { type AtomrSides, countUp } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { hasIndirectlyConnected } from './indirect.ts'
import {
  AFTER_ACT,
  AS_KNOWN,
  AT_LEAST,
  AT_MOST,
  compareByAddress,
  type Doubt,
  firstMember,
  type Partition,
  type Tally,
  tally,
} from './partition.ts'
import { downAll, downIndirectlyConnected, downReachable, downSelf, downUnreachable } from './verdicts.ts'

export function keepMajority(partition: Partition): Verdict {
  if (hasIndirectlyConnected(partition)) return downIndirectlyConnected()
  const counts = tally(partition, AS_KNOWN)
  if (counts.here + counts.there === 0) return downAll('nobody can be counted')
  const known = majority(partition, counts, AS_KNOWN, AS_KNOWN)
  if (known.action !== 'down-unreachable') return known
  // The edge: as few as can be on this side against as many as can be on the other one. A tie looks at joining
  // members over there as well: the one of the lowest address may be up by now, and win it. (Pekko leaves them
  // out of that look. With a role that the leader does not have, two sides could then survive.)
  const doubted = majority(partition, tally(partition, AT_LEAST, AT_MOST), AT_LEAST, AFTER_ACT)
  if (doubted.action === 'down-unreachable') return known
  return downAll(
    `${known.reason}, but should members join or leave on the other side just now, ${doubted.reason}`,
  )
}

/** A tie goes by the lowest address among those counted under the given doubts. */
function majority(
  partition: Partition,
  { here, there }: Tally,
  doubtHere: Doubt,
  doubtThere: Doubt,
): Verdict {
  const count = `${here} in reach against ${there}`
  if (here > there) return downUnreachable(`the majority is on this side: ${count}`)
  if (here < there) return downReachable(`the majority is on the other side: ${count}`)
  const lowest = firstMember(partition, compareByAddress, doubtHere, doubtThere)
  if (lowest === undefined) return downReachable('nobody is left to be counted')
  return partition.unreachable.has(lowest.id)
    ? downReachable(`a tie, and ${lowest.address}, the lowest address, is on the other side: ${count}`)
    : downUnreachable(`a tie, and ${lowest.address}, the lowest address, is on this side: ${count}`)
}

export function keepMajorityAtomr(sides: AtomrSides): Verdict {
  const here = countUp(sides.reachable)
  const there = countUp(sides.unreachable)
  const count = `${here} up in reach against ${there}`
  if (here > there) return downUnreachable(`the majority is on this side: ${count}`)
  if (here < there) return downSelf(`the majority is on the other side: ${count}`)
  return downAll(`a tie: ${count}`)
}
