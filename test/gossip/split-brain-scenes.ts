/*
 * Scenes for the split-brain tests: members in a line of text, views of them, settings in a few words.
 *
 * The idea: `a b* c/leaving | d e/joining#0` says who is in reach of the first member and who is not; a test
 * is then a sentence and two lines. Shape: rule (tests only).
 */
import type { MemberStatus, MeshState, ReachabilityRecord } from '../../gossip/agreement/mesh-state.ts'
import { decide } from '../../gossip/split-brain/decide.ts'
import type { Decision } from '../../gossip/split-brain/decision.ts'
import { ATOMR_DEFAULTS, PEKKO_DEFAULTS, type SplitBrainSettings } from '../../gossip/split-brain/settings.ts'
import type { PartitionView, ViewedMember } from '../../gossip/split-brain/view.ts'

const STATUSES: readonly MemberStatus[] = [
  'joining',
  'weakly-up',
  'up',
  'leaving',
  'exiting',
  'down',
  'removed',
]

/**
 * One member: `id`, then `/status` or `/role` as often as wanted, then `#upNumber`. Without a status it is up, without an
 * up-number it has its place in the line, or 0 when it has not become up. Its address is `id:7000`.
 */
export function memberOf(text: string, place: number, isReachable: boolean): ViewedMember {
  const [words = '', number] = text.split('#')
  const [id = '', ...rest] = words.split('/')
  const status = STATUSES.find((one) => rest.includes(one)) ?? 'up'
  const roles = rest.filter((word) => word !== status).sort()
  const isYoung = status === 'joining' || status === 'weakly-up'
  const upNumber = number === undefined ? (isYoung ? 0 : place) : Number(number)
  return { id, birth: 1, address: `${id}:7000`, roles, status, upNumber, isReachable }
}

/** `in reach | out of reach`; the first is the node that looks, and all in reach miss all who are not. */
export function viewOfText(text: string): PartitionView {
  const [here = '', there = ''] = text.split('|')
  const members: ViewedMember[] = []
  for (const word of here.trim().split(/\s+/).filter(Boolean)) {
    members.push(memberOf(word, members.length + 1, true))
  }
  const observers = members.map((member) => member.id)
  const records: ReachabilityRecord[] = []
  for (const word of there.trim().split(/\s+/).filter(Boolean)) {
    const member = memberOf(word, members.length + 1, false)
    members.push(member)
    for (const observerId of observers) records.push(missed(observerId, member.id))
  }
  return { selfId: members[0]?.id ?? 'nobody', members, records, seen: new Set(observers) }
}

export function missed(observerId: string, subjectId: string): ReachabilityRecord {
  return { observerId, subjectId, status: 'unreachable', version: 1 }
}

/** All members in one line, their links given apart: `a>b` means that a misses b. */
export function viewOfLinks(line: string, links: string, seen: string): PartitionView {
  const records = links
    .split(/\s+/)
    .filter(Boolean)
    .map((link) => missed(link.split('>')[0]!, link.split('>')[1]!))
  const words = line.split(/\s+/).filter(Boolean)
  const selfId = words[0]!.split(/[/#]/)[0]!
  const members = words.map((word, index) => {
    const id = word.split(/[/#]/)[0]!
    const isMissed = id !== selfId && records.some((record) => record.subjectId === id)
    return memberOf(word, index + 1, !isMissed)
  })
  return { selfId, members, records, seen: new Set(seen.split(/\s+/).filter(Boolean)) }
}

export function stateOf(view: PartitionView): MeshState {
  const members = view.members.map(({ isReachable: _, ...member }) => [member.id, member] as const)
  return {
    members: new Map(members),
    tombstones: new Map(),
    reachability: view.records,
    version: new Map(),
    seen: view.seen,
  }
}

export function pekko(settings: Partial<SplitBrainSettings>): SplitBrainSettings {
  return { ...PEKKO_DEFAULTS, stableAfterMs: 20_000, ...settings }
}

export function atomr(settings: Partial<SplitBrainSettings>): SplitBrainSettings {
  return { ...ATOMR_DEFAULTS, ...settings }
}

/** `action: ids`, and for the lease `ask after ms, action: ids, else action: ids`. */
export function decided(text: string | PartitionView, settings: SplitBrainSettings): string {
  return said(decide(typeof text === 'string' ? viewOfText(text) : text, settings))
}

export function said(decision: Decision | undefined): string {
  if (decision === undefined) return 'nothing'
  const words = [decision.action, ...decision.ids].join(' ')
  const { lease } = decision
  return lease === undefined
    ? words
    : `ask after ${lease.delayMs}, ${words}, else ${[lease.denied.action, ...lease.denied.ids].join(' ')}`
}
