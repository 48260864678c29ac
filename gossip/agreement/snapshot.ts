/*
 * The agreement as one picture for whoever asks: operators, tests, the query of the daemon's state.
 *
 * The idea: a copy in plain values, in the order of age, with nothing in it that changes afterwards.
 * Shape: data and rule.
 */
import { compareAges } from './ages.ts'
import type { MeshState, ReachabilityStatus, StateMember } from './mesh-state.ts'
import { observersOf, silentSubjects } from './reachability.ts'

export interface SnapshotMember extends StateMember {
  readonly reachability: ReachabilityStatus
  /** Who says so; empty while it is reachable. */
  readonly observedBy: readonly string[]
  readonly hasSeen: boolean
}

export interface AgreementSnapshot {
  readonly selfId: string
  /** The oldest first. */
  readonly members: readonly SnapshotMember[]
  readonly leader: string | undefined
  readonly isConverged: boolean
  /** Equal on two nodes that hold the same state. */
  readonly digest: number
  readonly version: Readonly<Record<string, number>>
  readonly seenCount: number
  readonly unreachableCount: number
  readonly tombstonesCount: number
}

export function snapshotOf(
  state: MeshState,
  selfId: string,
  digest: number,
  leader: string | undefined,
  isConverged: boolean,
): AgreementSnapshot {
  const silent = silentSubjects(state.reachability)
  const members = Array.from(state.members.values(), (member) => ({
    ...member,
    reachability: silent.get(member.id) ?? ('reachable' as const),
    observedBy: silent.has(member.id) ? observersOf(state.reachability, member.id) : [],
    hasSeen: state.seen.has(member.id),
  })).sort(compareAges)
  return {
    selfId,
    members,
    leader,
    isConverged,
    digest,
    version: Object.fromEntries(state.version),
    seenCount: state.seen.size,
    unreachableCount: silent.size,
    tombstonesCount: state.tombstones.size,
  }
}
