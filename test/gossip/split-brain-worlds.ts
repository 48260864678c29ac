/*
 * Random meshes cut into sides, and how each side sees itself and the others.
 *
 * The idea: members of mixed statuses, roles, data centres and ages are dealt out to two to four sides;
 * within a side all are in reach, between sides nobody is. What lives on is reckoned from what each side
 * decides for itself. Shape: rule (tests only).
 */
import type { MemberStatus, ReachabilityRecord, StateMember } from '../../gossip/agreement/mesh-state.ts'
import { memberDc } from '../../gossip/datacenter.ts'
import { decide } from '../../gossip/split-brain/decide.ts'
import type { Decision } from '../../gossip/split-brain/decision.ts'
import { compareByAddress } from '../../gossip/split-brain/partition.ts'
import type { SplitBrainSettings } from '../../gossip/split-brain/settings.ts'
import type { PartitionView, ViewedMember } from '../../gossip/split-brain/view.ts'
import type { Prng } from '../support/prng.ts'
import { missed } from './split-brain-scenes.ts'

export interface World {
  readonly members: readonly StateMember[]
  /** The side of each member, by its place in the list. */
  readonly sides: readonly number[]
  readonly sideCount: number
}

/** One data centre of one side, seen by one of its members. */
export interface Outlook {
  readonly side: number
  readonly dc: string
  readonly view: PartitionView
}

const STATUSES: readonly MemberStatus[] = [
  ...(['up', 'up', 'up', 'up', 'up', 'up', 'up', 'up', 'up', 'up', 'up'] as const),
  ...(['leaving', 'leaving', 'joining', 'weakly-up', 'exiting', 'down'] as const),
]
const ROLES: readonly (readonly string[])[] = [
  [],
  ['data'],
  ['core'],
  ['worker'],
  ['core', 'data'],
  ['core', 'worker'],
]
export const MEMBERS_MAX = 10

export function worldOf(prng: Prng): World {
  const count = prng.between(2, MEMBERS_MAX)
  const sideCount = prng.between(2, Math.min(4, count))
  const isCalm = prng.chance(0.3)
  const hasDcs = prng.chance(0.2)
  const ages = shuffled(count, prng)
  const hosts = shuffled(count, prng)
  const members: StateMember[] = []
  const sides: number[] = []
  for (let place = 0; place < count; place++) {
    const roles = [...prng.pick(ROLES)]
    if (hasDcs && prng.chance(0.5)) roles.push('dc-east')
    const status = isCalm ? 'up' : prng.pick(STATUSES)
    const address = `10.0.0.${hosts[place]}:7946`
    members.push({ id: `n${place}`, birth: 1, address, roles, status, upNumber: ages[place]! + 1 })
    sides.push(place < sideCount ? place : prng.below(sideCount))
  }
  return { members, sides, sideCount }
}

function shuffled(count: number, prng: Prng): number[] {
  const numbers = Array.from({ length: count }, (_, index) => index)
  for (let at = count - 1; at > 0; at--) {
    const other = prng.below(at + 1)
    const kept = numbers[at]!
    numbers[at] = numbers[other]!
    numbers[other] = kept
  }
  return numbers
}

/** What each side sees: one member of each data centre looks, or just one with `isOneEach`. */
export function outlooksOf(world: World, isOneEach: boolean, prng: Prng): readonly Outlook[] {
  const inReach = world.members.map((member): ViewedMember => ({ ...member, isReachable: true }))
  const outOfReach = world.members.map((member): ViewedMember => ({ ...member, isReachable: false }))
  const outlooks: Outlook[] = []
  for (let side = 0; side < world.sideCount; side++) {
    const members = world.members.map(
      (_, place) => (world.sides[place] === side ? inReach : outOfReach)[place]!,
    )
    const here = members.filter((member) => member.isReachable && member.status !== 'down')
    const seen = new Set(here.map((member) => member.id))
    const dcs = isOneEach ? [''] : [...new Set(here.map(memberDc))]
    for (const dc of dcs) {
      const lookers = isOneEach ? here : here.filter((member) => memberDc(member) === dc)
      if (lookers.length === 0) continue
      const self = prng.pick(lookers)
      const records = recordsOf(self.id, prng.pick(lookers).id, members)
      outlooks.push({ side, dc, view: { selfId: self.id, members, records, seen } })
    }
  }
  return outlooks
}

function recordsOf(selfId: string, otherId: string, members: readonly ViewedMember[]): ReachabilityRecord[] {
  const records: ReachabilityRecord[] = []
  for (const member of members) {
    if (member.isReachable) continue
    records.push(missed(selfId, member.id))
    if (otherId !== selfId) records.push(missed(otherId, member.id))
  }
  return records
}

/** Who gets the lease of a data centre, if it is asked for: an honest register grants it once. */
export type LeaseJudge = (asked: readonly Decision[]) => number

/** The sides that live on in each data centre, when each looker's decision is carried out on its own side. */
export function survivorsOf(
  outlooks: readonly Outlook[],
  settingsFor: (outlook: Outlook) => SplitBrainSettings,
  grantsTo: LeaseJudge,
): ReadonlyMap<string, number[]> {
  const survivors = new Map<string, number[]>()
  for (const dc of new Set(outlooks.map((outlook) => outlook.dc))) {
    const lookers = outlooks.filter((outlook) => outlook.dc === dc)
    const decisions = lookers.map((outlook) => decide(outlook.view, settingsFor(outlook)))
    const asking = decisions.filter((decision) => decision.lease !== undefined)
    const granted = asking.length === 0 ? undefined : asking[grantsTo(asking)]
    const alive: number[] = []
    for (const [index, decision] of decisions.entries()) {
      const final = decision.lease === undefined || decision === granted ? decision : decision.lease.denied
      if (livesOn(lookers[index]!, final)) alive.push(lookers[index]!.side)
    }
    survivors.set(dc, alive)
  }
  return survivors
}

/** Does anybody of this side who is to stay a member remain? Of a side that downs itself each member does. */
function livesOn({ view, dc }: Outlook, decision: Decision): boolean {
  if (decision.action === 'down-self') return false
  for (const member of view.members) {
    if (!member.isReachable || member.status === 'exiting' || member.status === 'down') continue
    if ((dc === '' || memberDc(member) === dc) && !decision.ids.includes(member.id)) return true
  }
  return false
}

/**
 * The leader's next act: joining members come up, leaving ones are exiting, exiting and downed ones are
 * removed.
 */
export function afterLeadersAct(members: readonly StateMember[]): StateMember[] {
  let upNumber = Math.max(...members.map((member) => member.upNumber))
  const next: StateMember[] = []
  for (const member of members) {
    if (member.status === 'exiting' || member.status === 'down') continue
    if (member.status === 'leaving') next.push({ ...member, status: 'exiting' })
    else if (member.status === 'up') next.push(member)
    else next.push({ ...member, status: 'up', upNumber: ++upNumber })
  }
  return next
}

/** The side whose member leads: the lowest address among those up or leaving. */
export function leadingSide(world: World): number | undefined {
  const able = world.members.filter((member) => member.status === 'up' || member.status === 'leaving')
  const leader = able.sort(compareByAddress)[0]
  return leader && world.sides[world.members.indexOf(leader)]
}
