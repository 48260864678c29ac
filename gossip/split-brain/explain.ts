/*
 * In words: what would be decided now, why, and when.
 *
 * The idea: a resolver that can be rehearsed. The same rules that decide are asked, so the words cannot drift
 * from the deeds; any node may be asked at any time, with any settings, and nothing happens. Shape: rule.
 */
import { memberDc } from '../datacenter.ts'
import { atomrSidesOf } from './atomr-sides.ts'
import { isSplit } from './decide.ts'
import type { Decision } from './decision.ts'
import { indirectlyConnected } from './indirect.ts'
import { decideAsHeard } from './lost-observers.ts'
import { AS_KNOWN, isCounted, partitionOf } from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import type { Deadlines } from './stability.ts'
import { findStrategy } from './strategies.ts'
import { hangsOnUnheard, unheardIn } from './unheard.ts'
import type { PartitionView, ViewedMember } from './view.ts'

/** Of a longer list only so many names are shown. */
export const NAMES_SHOWN_MAX = 20

export function explain(
  view: PartitionView,
  settings: SplitBrainSettings,
  nowMs: number,
  deadlines?: Deadlines,
): string {
  const self = view.members.find((member) => member.id === view.selfId)
  if (self === undefined) return `${view.selfId} is not a member: it has no part in any decision.`
  const lines = [
    `Strategy ${settings.strategy}, ${settings.compat === 'atomr' ? "atomr's" : "Pekko's"} rules: ` +
      findStrategy(settings.strategy)!.summary,
    ...(settings.compat === 'atomr' ? atomrCounts(view, settings) : pekkoCounts(view, self, settings)),
  ]
  if (!isSplit(view, settings)) {
    lines.push('Decision: nothing to decide, everyone who counts is in reach.')
    return lines.join('\n')
  }
  const decision = decideAsHeard(view, settings)
  lines.push(...decisionLines(decision))
  if (settings.compat === 'pekko' && hangsOnUnheard(view, self, settings, decision)) {
    lines.push(`Waits for: ${listed(unheardIn(view, self))}, in reach and not heard from.`)
  }
  if (deadlines !== undefined) lines.push(...timeLines(deadlines, nowMs))
  return lines.join('\n')
}

function pekkoCounts(view: PartitionView, self: ViewedMember, settings: SplitBrainSettings): string[] {
  const partition = partitionOf(view, settings.role)!
  const dc = memberDc(self)
  const here: string[] = []
  const there: string[] = []
  const left: string[] = []
  for (const member of view.members) {
    const why = whyNotCounted(member, dc, settings.role)
    if (why !== undefined) left.push(`${member.id} (${why})`)
    else if (partition.unreachable.has(member.id)) there.push(nameOf(member, settings))
    else here.push(nameOf(member, settings))
  }
  const scope = `data centre ${dc}${settings.role === undefined ? '' : `, role ${settings.role}`}`
  return [
    `Seen by ${view.selfId}, which counts ${here.length + there.length} members of ${scope}.`,
    `In reach (${here.length}): ${listed(here)}`,
    `Out of reach (${there.length}): ${listed(there)}`,
    `Not counted (${left.length}): ${listed(left)}`,
    `Indirectly connected: ${listed([...indirectlyConnected(partition)])}`,
  ]
}

function whyNotCounted(member: ViewedMember, dc: string, role: string | undefined): string | undefined {
  const own = memberDc(member)
  if (own !== dc) return `data centre ${own}`
  if (isCounted(member, role, AS_KNOWN)) return undefined
  const isOutOfReach = member.isReachable ? '' : ', out of reach'
  return isCounted(member, undefined, AS_KNOWN) ? `without role ${role}` : member.status + isOutOfReach
}

function atomrCounts(view: PartitionView, settings: SplitBrainSettings): string[] {
  const { reachable, unreachable } = atomrSidesOf(view)
  const name = (member: { id: string; status: string; upNumber: number }) =>
    `${nameOf(member, settings)}${member.status === 'up' ? '' : ` (${member.status})`}`
  const left = view.members
    .filter((member) => member.status === 'down')
    .map((member) => `${member.id} (down)`)
  return [
    `Seen by ${view.selfId}, of ${view.members.length} members.`,
    `In reach (${reachable.length}): ${listed(reachable.map(name))}`,
    `Out of reach (${unreachable.length}): ${listed(unreachable.map(name))}`,
    `Not counted (${left.length}): ${listed(left)}`,
  ]
}

/** Where age decides, names show it. */
function nameOf(member: { id: string; upNumber: number }, settings: SplitBrainSettings): string {
  return settings.strategy === 'keep-oldest' ? `${member.id} #${member.upNumber}` : member.id
}

function decisionLines(decision: Decision): string[] {
  const { action, ids, reason, lease } = decision
  const down = ids.length === 0 ? 'nobody goes down' : `${ids.length} go down: ${listed(ids)}`
  if (lease === undefined) return [`Decision: ${action}, ${down}.`, `Why: ${reason}.`]
  const wait = lease.delayMs === 0 ? 'at once' : `after ${seconds(lease.delayMs)}`
  const { denied } = lease
  return [
    `Decision: ask for the lease ${wait}; if granted ${action}, ${down}.`,
    `If denied: ${denied.action}, ${denied.ids.length} go down: ${listed(denied.ids)}.`,
    `Why: ${reason}.`,
  ]
}

function timeLines({ decidesAtMs, downsAllAtMs }: Deadlines, nowMs: number): string[] {
  const lines: string[] = []
  if (decidesAtMs !== undefined) {
    const leftMs = decidesAtMs - nowMs
    lines.push(
      leftMs > 0
        ? `Time: the decision falls in ${seconds(leftMs)}, unless something changes before.`
        : 'Time: the decision is due.',
    )
  }
  if (downsAllAtMs !== undefined) {
    const leftMs = Math.max(0, downsAllAtMs - nowMs)
    lines.push(`Patience: a split that is still there in ${seconds(leftMs)} undecided downs all.`)
  }
  return lines
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'nobody'
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(', ')
  return names.length > NAMES_SHOWN_MAX ? `${shown} and ${names.length - NAMES_SHOWN_MAX} more` : shown
}
