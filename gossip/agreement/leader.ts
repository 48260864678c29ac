/*
 * Who leads: a question of arithmetic, not of election.
 *
 * The idea: everyone who holds the same state names the same member, the first within reach by address, so there is
 * nothing to vote on; and since a leader acts only on what everyone has seen, two can never act on one version.
 * Shape: rule.
 */
import { silentInDc } from './convergence.ts'
import type { RuleBook } from './lifecycle.ts'
import type { MemberStatus, MeshState, ReachabilityStatus, StateMember } from './mesh-state.ts'
import { membersByAddress, membersByDc, membersOfDc } from './roster.ts'

/** Who may lead at the side of everybody else. */
function isLeading(status: MemberStatus): boolean {
  return status === 'up' || status === 'leaving'
}

/** Pekko's leaderStatusOrdering, for a mesh in which nobody is up: who is coming leads before who is going. */
const LAST_RESORT: readonly MemberStatus[] = ['weakly-up', 'joining', 'exiting']

/**
 * The leader of one data centre. `selfId` counts as reachable for itself, whatever others say: give it to learn whom
 * this node follows, leave it out to learn whom everyone names.
 */
export function leaderOfDc(
  state: MeshState,
  dc: string,
  selfId?: string,
  silent: ReadonlyMap<string, ReachabilityStatus> = silentInDc(state, dc),
): string | undefined {
  return firstOf(membersOfDc(state.members, dc), (id) => id === selfId || !silent.has(id))
}

/** The one who welcomes the first member of a data centre: the first of all, every data centre taken together. */
export function leaderOfAll(state: MeshState): string | undefined {
  for (const dc of membersByDc(state.members).keys()) {
    const leader = leaderOfDc(state, dc)
    if (leader !== undefined && isLeading(state.members.get(leader)!.status)) return leader
  }
  return firstOf(membersByAddress(state.members), () => true)
}

/** Of members in the order of their addresses. */
function firstOf(members: readonly StateMember[], isReachable: (id: string) => boolean): string | undefined {
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

/** atomr's elect_leader: the smallest address as text among reachable members up or leaving, so port 10000 before 9000. */
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
