/*
 * Does everyone who counts hold this very version?
 *
 * The idea: what everyone has seen nobody can contradict any more, so only then may a leader act. Whoever
 * is out of reach holds that up until it is given up on (down) or has gone (exiting). Each data centre
 * converges by itself.
 * Shape: rule.
 */
import { memberDc } from '../datacenter.ts'
import type { RuleBook } from './lifecycle.ts'
import type { MemberStatus, MeshState, ReachabilityStatus, StateMember } from './mesh-state.ts'
import { silentSubjects } from './reachability.ts'
import { membersOfDc, sortedIds } from './roster.ts'
import { SeenSet } from './seen-set.ts'

/** Pekko's convergenceMemberStatus: joining ones are not waited for. */
export function mustHaveSeen(status: MemberStatus): boolean {
  return status === 'up' || status === 'leaving'
}

/** Pekko's convergenceSkipUnreachableWithMemberStatus. */
export function mayBeSilent(status: MemberStatus): boolean {
  return status === 'down' || status === 'exiting'
}

/**
 * Who is out of reach inside one data centre, as its own members found. A downed observer is not listened
 * to: it may be the one that is cut off.
 */
export function silentInDc(state: MeshState, dc: string): ReadonlyMap<string, ReachabilityStatus> {
  if (state.reachability.length === 0) return NOBODY
  return silentSubjects(state.reachability, (record) => {
    const observer = state.members.get(record.observerId)
    const subject = state.members.get(record.subjectId)
    if (observer === undefined || subject === undefined || observer.status === 'down') return false
    return memberDc(observer) === dc && memberDc(subject) === dc
  })
}

const NOBODY: ReadonlyMap<string, ReachabilityStatus> = new Map()

/** Pekko's rule. A data centre without members is converged. */
export function isConvergedIn(
  state: MeshState,
  dc: string,
  silent: ReadonlyMap<string, ReachabilityStatus> = silentInDc(state, dc),
): boolean {
  for (const id of silent.keys()) if (!mayBeSilent(state.members.get(id)!.status)) return false
  if (state.seen.size === state.members.size) return true
  const ids = sortedIds(state.members)
  const seen = SeenSet.of(state.members, state.seen)
  for (let place = 0; place < ids.length; place++) {
    if (seen.hasAt(place)) continue
    const member = state.members.get(ids[place]!)!
    if (mustHaveSeen(member.status) && memberDc(member) === dc) return false
  }
  return true
}

/** atomr's is_converged: everyone not down or removed is within reach; who has seen what is not asked. */
export function isConvergedAtomr(
  members: Iterable<StateMember>,
  isReachable: (id: string) => boolean,
): boolean {
  for (const member of members) {
    if (member.status === 'down' || member.status === 'removed') continue
    if (!isReachable(member.id)) return false
  }
  return true
}

export function isConvergedBy(book: RuleBook, state: MeshState, dc: string): boolean {
  const silent = silentInDc(state, dc)
  if (book === 'pekko') return isConvergedIn(state, dc, silent)
  return isConvergedAtomr(membersOfDc(state.members, dc), (id) => !silent.has(id))
}
