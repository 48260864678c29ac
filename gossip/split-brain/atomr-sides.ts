/*
 * A split as atomr counts it: everyone who is not down, on two lists.
 *
 * The idea: no data centres, no roles, no doubts, and a node can be out of its own reach when others say so;
 * kept apart from Pekko's counting so that neither book bends to the other. (atomr-cluster, sbr_runtime.)
 * Shape: data and rule.
 */
import type { StateMember } from '../agreement/mesh-state.ts'
import type { PartitionView } from './view.ts'

export interface AtomrSides {
  readonly reachable: readonly StateMember[]
  readonly unreachable: readonly StateMember[]
}

export function atomrSidesOf(view: PartitionView): AtomrSides {
  const reachable: StateMember[] = []
  const unreachable: StateMember[] = []
  for (const member of view.members) {
    if (member.status === 'down' || member.status === 'removed') continue
    if (member.isReachable) reachable.push(member)
    else unreachable.push(member)
  }
  return { reachable, unreachable }
}

export function countUp(members: readonly StateMember[]): number {
  let count = 0
  for (const member of members) if (member.status === 'up') count++
  return count
}
