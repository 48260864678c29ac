/*
 * Who is believed in reach without having been heard from, and whether a decision hangs on them.
 *
 * The idea: in reach is whom nobody misses yet, and on the wrong side of a cut some are missed later than others. But what
 * everyone here has agreed on spreads in a second or two, so whoever has not seen it when a decision is due is counted
 * on one side and stands, perhaps, on the other. Where that makes no difference nobody is waited for.
 * Shape: rule.
 */
import { mustHaveSeen } from '../agreement/convergence.ts'
import { memberDc } from '../datacenter.ts'
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import type { SplitBrainSettings } from './settings.ts'
import type { PartitionView, ViewedMember } from './view.ts'

export function unheardIn(view: PartitionView, self: ViewedMember): string[] {
  const dc = memberDc(self)
  const unheard: string[] = []
  for (const member of view.members) {
    if (!member.isReachable || !mustHaveSeen(member.status) || view.seen.has(member.id)) continue
    if (member.id !== self.id && memberDc(member) === dc) unheard.push(member.id)
  }
  return unheard
}

/** Would it be another one if they were out of reach? */
export function hangsOnUnheard(
  view: PartitionView,
  self: ViewedMember,
  settings: SplitBrainSettings,
  decision: Decision,
): boolean {
  const unheard = new Set(unheardIn(view, self))
  if (unheard.size === 0) return false
  const members = view.members.map((member) =>
    unheard.has(member.id) ? { ...member, isReachable: false } : member,
  )
  return decide({ ...view, members }, settings).action !== decision.action
}
