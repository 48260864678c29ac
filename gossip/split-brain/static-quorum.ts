/*
 * static-quorum: a side of at least a fixed number of members goes on.
 *
 * The idea: two sides cannot both reach the quorum while the mesh has at most twice the quorum less one;
 * Pekko looks whether that still holds and ends the mesh when it does not. atomr does not look, and counts
 * every member that is not down. Shape: rule.
 */
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { hasIndirectlyConnected } from './indirect.ts'
import { AS_KNOWN, type Partition, tally } from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import { downAll, downIndirectlyConnected, downReachable, downSelf, downUnreachable } from './verdicts.ts'

export function staticQuorum(partition: Partition, settings: SplitBrainSettings): Verdict {
  const { quorumSize } = settings
  const { here, there } = tally(partition, AS_KNOWN)
  const countMax = quorumSize * 2 - 1
  if (here + there > countMax) {
    return downAll(`${here + there} members are more than ${countMax}: two sides could have a quorum`)
  }
  if (hasIndirectlyConnected(partition)) return downIndirectlyConnected()
  return here >= quorumSize
    ? downUnreachable(`${here} in reach make the quorum of ${quorumSize}`)
    : downReachable(`${here} in reach do not make the quorum of ${quorumSize}`)
}

export function staticQuorumAtomr(sides: AtomrSides, settings: SplitBrainSettings): Verdict {
  const { quorumSize } = settings
  const here = sides.reachable.length
  return here >= quorumSize
    ? downUnreachable(`${here} in reach make the quorum of ${quorumSize}`)
    : downSelf(`${here} in reach do not make the quorum of ${quorumSize}`)
}
