/*
 * A split as Pekko counts it: the members of this node's data centre, those in reach against those out of
 * reach.
 *
 * The idea: members that are joining, weakly up, exiting or down have no vote. But the other side may have
 * seen the leader's last act when this side has not: there, who was joining may be up, who was leaving may be
 * exiting. So every count can be taken again under a doubt about the two. Cross-data-centre trouble is no
 * split of ours. (Pekko, cluster/sbr/DowningStrategy.) Shape: data and rule.
 */
import type { ReachabilityRecord, StateMember } from '../agreement/mesh-state.ts'
import { memberDc } from '../datacenter.ts'
import { compareAddresses } from '../member.ts'
import type { PartitionView } from './view.ts'

export interface Partition {
  readonly selfId: string
  /** Everyone of this data centre, in no order. */
  readonly members: readonly StateMember[]
  readonly unreachable: ReadonlySet<string>
  /** Who finds whom out of reach, both of this data centre. */
  readonly records: readonly ReachabilityRecord[]
  readonly seen: ReadonlySet<string>
  /** Only members with this role are counted. */
  readonly role: string | undefined
}

/** Undefined when this node is not a member. */
export function partitionOf(view: PartitionView, role: string | undefined): Partition | undefined {
  const self = view.members.find((member) => member.id === view.selfId)
  if (self === undefined) return undefined
  const dc = memberDc(self)
  const members: StateMember[] = []
  const unreachable = new Set<string>()
  const ids = new Set<string>()
  for (const member of view.members) {
    if (member.status === 'removed' || memberDc(member) !== dc) continue
    members.push(member)
    ids.add(member.id)
    if (!member.isReachable && member.id !== view.selfId) unreachable.add(member.id)
  }
  const records = view.records.filter(
    (record) => record.status !== 'reachable' && ids.has(record.observerId) && ids.has(record.subjectId),
  )
  return { selfId: view.selfId, members, unreachable, records, seen: view.seen, role }
}

export interface Doubt {
  /** Joining and weakly-up members may be up by now. */
  readonly countsJoining: boolean
  /** Leaving members may be exiting by now. */
  readonly countsLeaving: boolean
}

export const AS_KNOWN: Doubt = { countsJoining: false, countsLeaving: true }
export const AT_LEAST: Doubt = { countsJoining: false, countsLeaving: false }
export const AT_MOST: Doubt = { countsJoining: true, countsLeaving: true }
/** As the leader's next act would leave them. */
export const AFTER_ACT: Doubt = { countsJoining: true, countsLeaving: false }

export function isCounted(member: StateMember, role: string | undefined, doubt: Doubt): boolean {
  if (role !== undefined && !member.roles.includes(role)) return false
  switch (member.status) {
    case 'up':
      return true
    case 'leaving':
      return doubt.countsLeaving
    case 'joining':
    case 'weakly-up':
      return doubt.countsJoining
    default:
      return false
  }
}

export interface Tally {
  /** Counted members in reach. */
  readonly here: number
  /** Counted members out of reach. */
  readonly there: number
}

/** Each side can be counted under a doubt of its own. */
export function tally(partition: Partition, doubtHere: Doubt, doubtThere: Doubt = doubtHere): Tally {
  let here = 0
  let there = 0
  for (const member of partition.members) {
    if (partition.unreachable.has(member.id)) {
      if (isCounted(member, partition.role, doubtThere)) there++
    } else if (isCounted(member, partition.role, doubtHere)) here++
  }
  return { here, there }
}

/** The counted member that stands before all others in the given order. */
export function firstMember(
  partition: Partition,
  compare: (a: StateMember, b: StateMember) => number,
  doubtHere: Doubt,
  doubtThere: Doubt = doubtHere,
): StateMember | undefined {
  let first: StateMember | undefined
  for (const member of partition.members) {
    const doubt = partition.unreachable.has(member.id) ? doubtThere : doubtHere
    if (!isCounted(member, partition.role, doubt)) continue
    if (first === undefined || compare(member, first) < 0) first = member
  }
  return first
}

/** Two lives at one address are told apart by id. */
export function compareByAddress(a: StateMember, b: StateMember): number {
  return compareAddresses(a.address, b.address) || (a.id < b.id ? -1 : 1)
}

/** The oldest first: who has not yet become up is younger than all who have. */
export function compareByAge(a: StateMember, b: StateMember): number {
  const ageA = a.upNumber === 0 ? Number.MAX_SAFE_INTEGER : a.upNumber
  const ageB = b.upNumber === 0 ? Number.MAX_SAFE_INTEGER : b.upNumber
  return ageA - ageB || compareByAddress(a, b)
}

/** Who can still be downed: all but those already down or exiting. */
export function isDownable(member: StateMember): boolean {
  return member.status !== 'down' && member.status !== 'exiting' && member.status !== 'removed'
}
