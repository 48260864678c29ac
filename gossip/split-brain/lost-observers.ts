/*
 * What observers say who have been lost themselves, and whether it may keep a minority alive.
 *
 * The idea: a row stands until its observer takes it back, and whoever has been cut off cannot be heard doing so. When a
 * second cut comes before the rows of a first one are gone, the larger side looks, from the smaller one, as if its members
 * missed each other and hung on by half a link; the smaller side would down them all and go on, beside the larger one that
 * rightly goes on too. So where half links let this side go on, those rows are left out once: whom somebody in reach
 * misses, and who has not seen this version, is not heard. Should this side then have to go, it goes. (Pekko believes
 * the rows; a real quarrel on the far side of a real cut then ends both sides, as no side can know of it.) Shape: rule.
 */
import { decide } from './decide.ts'
import type { Decision } from './decision.ts'
import type { SplitBrainSettings } from './settings.ts'
import type { PartitionView } from './view.ts'

/** `decide`, except that no side goes on because of what nobody can vouch for any more. */
export function decideAsHeard(view: PartitionView, settings: SplitBrainSettings): Decision {
  const decision = decide(view, settings)
  if (settings.compat !== 'pekko' || !goesOnByHalfLinks(view, decision)) return decision
  const lost = lostObservers(view)
  const records = view.records.filter((record) => !lost.has(record.observerId))
  if (records.length === view.records.length) return decision
  const cautious = decide({ ...view, records }, settings)
  if (!cautious.ids.includes(view.selfId)) return decision
  return { ...cautious, reason: `${cautious.reason}; what those out of reach say of each other is not heard` }
}

function goesOnByHalfLinks(view: PartitionView, decision: Decision): boolean {
  return decision.action === 'down-indirectly-connected' && !decision.ids.includes(view.selfId)
}

function lostObservers(view: PartitionView): ReadonlySet<string> {
  const isReachable = new Map(view.members.map((member) => [member.id, member.isReachable]))
  const lost = new Set<string>()
  for (const { observerId, status, subjectId } of view.records) {
    if (status !== 'reachable' && isReachable.get(observerId) && !view.seen.has(subjectId))
      lost.add(subjectId)
  }
  return lost
}
