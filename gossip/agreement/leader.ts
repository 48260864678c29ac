/*
 * Who leads: a question of arithmetic, not of election.
 *
 * The idea: everyone who holds the same state names the same member, the first within reach by address, so
 * there is nothing to vote on; and since a leader acts only on what everyone has seen, two can never act on
 * one version.
 * Shape: rule.
 */
import { silentInDc } from './convergence.ts'
import type { RuleBook } from './lifecycle.ts'
import type { MemberStatus, MeshState, ReachabilityStatus, StateMember } from './mesh-state.ts'
import { silentSubjects } from './reachability.ts'
import { membersByAddress, membersByDc, membersOfDc } from './roster.ts'

/** Who may lead at the side of everybody else. */
function isLeading(status: MemberStatus): boolean {
  return status === 'up' || status === 'leaving'
}

/**
 * Pekko's leaderStatusOrdering, for a mesh in which nobody is up: who is coming leads before who is going.
 */
const LAST_RESORT: readonly MemberStatus[] = ['weakly-up', 'joining', 'exiting']

/**
 * The leader of one data centre. `selfId` counts as reachable for itself, whatever others say: give it to
 * learn whom this node follows, leave it out to learn whom everyone names.
 */
export function leaderOfDc(
  state: MeshState,
  dc: string,
  selfId?: string,
  silent: ReadonlyMap<string, ReachabilityStatus> = silentInDc(state, dc),
): string | undefined {
  return firstToLead(membersOfDc(state.members, dc), (id) => id === selfId || !silent.has(id))
}

/**
 * The one who sees to a data centre that has nobody to lead it: the leader whose data centre comes first by
 * address, among those within reach of others who are. `isOver` adds what this node knows of lives that
 * ended.
 */
export function leaderOfAll(state: MeshState, isOver = (_id: string) => false): string | undefined {
  const isDown = (id: string) => state.members.get(id)?.status === 'down' || isOver(id)
  const doubted = silentSubjects(state.reachability, (record) => !isDown(record.observerId))
  const silent = silentSubjects(
    state.reachability,
    ({ observerId }) => !isDown(observerId) && !doubted.has(observerId),
  )
  const isReachable = (id: string) => !silent.has(id) && !isOver(id)
  for (const members of membersByDc(state.members).values()) {
    const leader = firstToLead(members, isReachable)
    if (leader !== undefined && isLeading(state.members.get(leader)!.status)) return leader
  }
  return firstToLead(membersByAddress(state.members), isReachable)
}

/** Of members in the order of their addresses. */
export function firstToLead(
  members: readonly StateMember[],
  isReachable: (id: string) => boolean,
): string | undefined {
  let best: StateMember | undefined
  for (const member of members) {
    if (member.status === 'down' || !isReachable(member.id)) continue
    if (isLeading(member.status)) return member.id
    if (best === undefined || resortRank(member) < resortRank(best)) best = member
  }
  return best?.id
}

function resortRank(member: StateMember): number {
  return LAST_RESORT.indexOf(member.status)
}

/**
 * atomr's elect_leader: the smallest address as text among reachable members up or leaving, so port 10000
 * before 9000.
 */
export function electLeaderAtomr(
  members: Iterable<StateMember>,
  isReachable: (id: string) => boolean,
): string | undefined {
  let leader: StateMember | undefined
  for (const member of members) {
    if (!isLeading(member.status) || !isReachable(member.id)) continue
    if (leader === undefined || member.address < leader.address) leader = member
  }
  return leader?.id
}

/** By atomr's order somebody still has to begin: where nobody is up the other order names who. */
export function leaderBy(book: RuleBook, state: MeshState, dc: string, selfId?: string): string | undefined {
  const silent = silentInDc(state, dc)
  const elected =
    book === 'atomr'
      ? electLeaderAtomr(membersOfDc(state.members, dc), (id) => id === selfId || !silent.has(id))
      : undefined
  return elected ?? leaderOfDc(state, dc, selfId, silent)
}
