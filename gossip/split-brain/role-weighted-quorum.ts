/*
 * role-weighted-quorum: a side that is heavy enough goes on.
 *
 * The idea: a quorum of what members are worth rather than of heads. A member weighs as much as its heaviest
 * role, or nothing. Pekko has no such strategy; in its book it counts as static-quorum does there, with the
 * same look at whether two sides could be heavy enough. atomr weighs members that are up, and does not look.
 * Shape: rule.
 */
import type { StateMember } from '../agreement/mesh-state.ts'
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { hasIndirectlyConnected } from './indirect.ts'
import { AS_KNOWN, isCounted, type Partition } from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import { downAll, downIndirectlyConnected, downReachable, downSelf, downUnreachable } from './verdicts.ts'

export function roleWeightedQuorum(partition: Partition, settings: SplitBrainSettings): Verdict {
  const { roleWeights, minWeight } = settings
  let here = 0
  let total = 0
  for (const member of partition.members) {
    if (!isCounted(member, partition.role, AS_KNOWN)) continue
    const weight = weightOf(member, roleWeights)
    total += weight
    if (!partition.unreachable.has(member.id)) here += weight
  }
  const weightMax = minWeight * 2 - 1
  if (total > weightMax) {
    return downAll(`a weight of ${total} is more than ${weightMax}: two sides could be heavy enough`)
  }
  if (hasIndirectlyConnected(partition)) return downIndirectlyConnected()
  return here >= minWeight
    ? downUnreachable(`a weight of ${here} in reach makes the ${minWeight} that it takes`)
    : downReachable(`a weight of ${here} in reach does not make the ${minWeight} that it takes`)
}

export function roleWeightedQuorumAtomr(sides: AtomrSides, settings: SplitBrainSettings): Verdict {
  const { roleWeights, minWeight } = settings
  let here = 0
  for (const member of sides.reachable) if (member.status === 'up') here += weightOf(member, roleWeights)
  return here >= minWeight
    ? downUnreachable(`a weight of ${here} in reach makes the ${minWeight} that it takes`)
    : downSelf(`a weight of ${here} in reach does not make the ${minWeight} that it takes`)
}

export function weightOf(member: StateMember, roleWeights: ReadonlyMap<string, number>): number {
  let heaviest = 0
  for (const role of member.roles) {
    const weight = roleWeights.get(role)
    if (weight !== undefined && weight > heaviest) heaviest = weight
  }
  return heaviest
}
