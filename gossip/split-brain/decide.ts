/*
 * From a view to a decision: who would be downed, and why.
 *
 * The idea: the strategy judges, this rule names the members. Where members hang on by half a link they go
 * first, and the strategy judges the clean rest once more; should that still find half links, everyone goes.
 * Time, leaders and the lease's answer are the resolver's affair. Shape: rule.
 */
import type { MemberStatus } from '../agreement/mesh-state.ts'
import { memberDc } from '../datacenter.ts'
import { atomrSidesOf } from './atomr-sides.ts'
import { type Decision, type DowningAction, STAY_WHOLE, type Verdict } from './decision.ts'
import { cleanRest, hasCleanSplit, indirectlyConnected } from './indirect.ts'
import { isDownable, type Partition, partitionOf } from './partition.ts'
import type { SplitBrainSettings } from './settings.ts'
import { findStrategy, type StrategyRow } from './strategies.ts'
import type { PartitionView } from './view.ts'

export function decide(view: PartitionView, settings: SplitBrainSettings): Decision {
  const strategy = findStrategy(settings.strategy)!
  if (settings.compat === 'atomr') {
    const sides = atomrSidesOf(view)
    if (sides.unreachable.length === 0) return STAY_WHOLE
    return decisionOf(strategy.decideAtomr(sides, settings), (action) => atomrIds(view, action))
  }
  const partition = partitionOf(view, settings.role)
  if (partition === undefined || !isTorn(partition)) return STAY_WHOLE
  const verdict = strategy.decide(partition, settings)
  const ids = idsFor(partition, verdict.action, strategy, settings)
  if (ids === undefined) {
    const reason = 'without the indirectly connected members there still are some'
    return { action: 'down-all', ids: selectIds(partition, () => true), reason }
  }
  return decisionOf(verdict, (action) =>
    action === verdict.action ? ids : idsFor(partition, action, strategy, settings)!,
  )
}

/** All of the data centre (all of the mesh with atomr): the answer to a split that does not come to rest. */
export function decideDownAll(view: PartitionView, settings: SplitBrainSettings, reason: string): Decision {
  if (settings.compat === 'atomr') return { action: 'down-all', ids: atomrIds(view, 'down-all'), reason }
  const partition = partitionOf(view, settings.role)!
  const ids = selectIds(partition, () => true)
  return { action: 'down-all', ids, reason }
}

/** Is anybody that this book looks at out of reach? */
export function isSplit(view: PartitionView, settings: SplitBrainSettings): boolean {
  if (view.members.every((member) => member.isReachable)) return false
  if (settings.compat === 'atomr') return atomrSidesOf(view).unreachable.length > 0
  const self = view.members.find((member) => member.id === view.selfId)
  if (self === undefined) return false
  const dc = memberDc(self)
  return view.members.some(
    (member) =>
      !member.isReachable && member !== self && isStillAsked(member.status) && memberDc(member) === dc,
  )
}

function isTorn({ members, unreachable }: Partition): boolean {
  return unreachable.size > 0 && members.some(({ id, status }) => isStillAsked(status) && unreachable.has(id))
}

/** Who is down already is nobody's question any more. */
function isStillAsked(status: MemberStatus): boolean {
  return status !== 'down' && status !== 'removed'
}

function decisionOf(verdict: Verdict, idsOf: (action: DowningAction) => readonly string[]): Decision {
  const { action, reason, lease } = verdict
  const decision = { action, ids: idsOf(action), reason }
  if (lease === undefined) return decision
  const denied = {
    action: lease.whenDenied,
    ids: idsOf(lease.whenDenied),
    reason: `the lease was denied (${reason})`,
  }
  return { ...decision, lease: { delayMs: lease.delayMs, denied } }
}

/** Undefined when the clean rest is not clean. */
function idsFor(
  partition: Partition,
  action: DowningAction,
  strategy: StrategyRow,
  settings: SplitBrainSettings,
): readonly string[] | undefined {
  const { unreachable } = partition
  switch (action) {
    case 'stay':
      return []
    case 'down-self':
      return [partition.selfId]
    case 'down-all':
      return selectIds(partition, () => true)
    case 'down-unreachable':
      return selectIds(partition, (id) => unreachable.has(id))
    case 'down-reachable':
      return selectIds(partition, (id) => !unreachable.has(id))
    case 'down-reachable-and-indirectly-connected': {
      const indirect = indirectlyConnected(partition)
      return selectIds(partition, (id) => indirect.has(id) || !unreachable.has(id))
    }
    case 'down-indirectly-connected': {
      const indirect = indirectlyConnected(partition)
      const rest = hasCleanSplit(partition) ? idsOfRest(cleanRest(partition), strategy, settings) : []
      if (rest === undefined) return undefined
      const others = new Set(rest)
      return selectIds(partition, (id) => indirect.has(id) || others.has(id))
    }
  }
}

function idsOfRest(
  rest: Partition,
  strategy: StrategyRow,
  settings: SplitBrainSettings,
): readonly string[] | undefined {
  const { action } = strategy.decide(rest, settings)
  return action === 'down-indirectly-connected' ? undefined : idsFor(rest, action, strategy, settings)
}

/** In the view's order, this node last: it may stop as soon as it is told. */
function selectIds(partition: Partition, isChosen: (id: string) => boolean): readonly string[] {
  const ids: string[] = []
  let isSelfChosen = false
  for (const member of partition.members) {
    if (!isDownable(member) || !isChosen(member.id)) continue
    if (member.id === partition.selfId) isSelfChosen = true
    else ids.push(member.id)
  }
  if (isSelfChosen) ids.push(partition.selfId)
  return ids
}

function atomrIds(view: PartitionView, action: DowningAction): readonly string[] {
  switch (action) {
    case 'down-self':
      return [view.selfId]
    case 'down-all':
      return selfLast(
        view.members.map((member) => member.id),
        view.selfId,
      )
    case 'down-unreachable': {
      const ids = atomrSidesOf(view).unreachable.map((member) => member.id)
      return selfLast(ids, view.selfId)
    }
    default:
      return []
  }
}

function selfLast(ids: readonly string[], selfId: string): readonly string[] {
  return ids.includes(selfId) ? [...ids.filter((id) => id !== selfId), selfId] : ids
}
