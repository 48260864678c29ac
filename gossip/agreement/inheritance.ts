/*
 * What becomes of a mesh that nobody belongs to any more.
 *
 * The idea: when all members were restarted before anyone of their new lives was let in, the state goes on
 * from hand to hand without anyone who may change it. That is provable - every life in it was given up or
 * followed by another - and then the first of those who are alive steps in and lets in the rest. Should two
 * step in at once their states merge, as any two do. A life that is merely silent proves nothing: it may be
 * the one in the right.
 * Shape: rule.
 */
import { compareAddresses, type MemberRecord } from '../member.ts'
import { mayBeSilent } from './convergence.ts'
import type { MeshState } from './mesh-state.ts'

/** Is everyone in it, who was not given up, known to have begun another life? */
export function isAbandoned(
  state: MeshState,
  self: MemberRecord,
  candidates: ReadonlyMap<string, MemberRecord>,
): boolean {
  if (state.members.size === 0) return false
  for (const member of state.members.values()) {
    if (mayBeSilent(member.status)) continue
    const next = member.id === self.id ? self : candidates.get(member.id)
    if (next === undefined || next.birth <= member.birth) return false
  }
  return true
}

/** The first by address of those who are alive and no members. */
export function isHeir(self: MemberRecord, candidates: ReadonlyMap<string, MemberRecord>): boolean {
  for (const candidate of candidates.values()) {
    if (compareAddresses(candidate.address, self.address) < 0) return false
  }
  return true
}
