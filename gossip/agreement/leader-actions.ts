/*
 * What the leader does for the members of its data centre.
 *
 * The idea: one step for each member at a time, and only on a version everyone has seen: whoever comes is
 * moved up and numbered in the order of age, whoever goes is moved out and buried, equal numbers are made
 * distinct. Letting somebody in needs no convergence, because a new name contradicts nothing; but a node
 * that comes back waits until its former life, or whoever held its address, is buried.
 * Shape: rule.
 */
import { memberDc } from '../datacenter.ts'
import type { Life, MemberRecord } from '../member.ts'
import { compareAges } from './ages.ts'
import { isConvergedBy, silentInDc } from './convergence.ts'
import { firstToLead, leaderBy, leaderOfAll, leaderOfDc } from './leader.ts'
import { canMove, nextStatus, type RuleBook } from './lifecycle.ts'
import type { MeshState, ReachabilityStatus, StateMember, Tombstone } from './mesh-state.ts'
import { limitTombstones, type Merged, withMembers } from './merge.ts'
import { membersByDc, membersOfDc } from './roster.ts'

export interface LeaderSettings {
  readonly dc: string
  readonly book: RuleBook
  /** Nobody is moved up before there are so many to be moved. */
  readonly membersCountMin: number
}

/** Does everyone who holds this state name `selfId`, and may it act on it? */
export function isActingLeader(state: MeshState, selfId: string, settings: LeaderSettings): boolean {
  const { book, dc } = settings
  return leaderBy(book, state, dc) === selfId && isConvergedBy(book, state, dc)
}

/**
 * The steps due on a converged state; undefined when there are none, or when they are not this node's to
 * take.
 */
export function leaderActions(
  state: MeshState,
  selfId: string,
  settings: LeaderSettings,
  nowWallMs: number,
): Merged | undefined {
  if (!isActingLeader(state, selfId, settings)) return undefined
  const silent = silentInDc(state, settings.dc)
  const put = new Map<string, StateMember>()
  const drop = orphans(state, selfId)
  const newcomers: StateMember[] = []
  for (const member of membersOfDc(state.members, settings.dc)) {
    const next = nextStatus(member.status, { isConverged: true, isWeaklyUpDue: false }, settings.book)
    if (next === 'up') newcomers.push(member)
    else if (next === 'removed') {
      if (isReadyToGo(state, member, silent)) drop.push(member.id)
    } else if (next !== undefined) put.set(member.id, { ...member, status: next })
  }
  number(state, settings, newcomers, drop, put)
  if (put.size === 0 && drop.length === 0) return undefined
  return bury(state, [...put.values()], drop, nowWallMs)
}

/** Who is down in a data centre where nobody is left to lead: the first leader of all clears up there too. */
function orphans(state: MeshState, selfId: string): string[] {
  const dcs = membersByDc(state.members)
  if (dcs.size === 1 || leaderOfAll(state) !== selfId) return []
  const found: string[] = []
  for (const [dc, members] of dcs) {
    if (leaderOfDc(state, dc) !== undefined) continue
    for (const member of members) if (member.status === 'down') found.push(member.id)
  }
  return found
}

/** An exiting member that is within reach is first let to see that it may go. */
function isReadyToGo(
  state: MeshState,
  member: StateMember,
  silent: ReadonlyMap<string, ReachabilityStatus>,
): boolean {
  return member.status !== 'exiting' || silent.has(member.id) || state.seen.has(member.id)
}

function number(
  state: MeshState,
  settings: LeaderSettings,
  newcomers: StateMember[],
  drop: readonly string[],
  put: Map<string, StateMember>,
): void {
  let highest = 0
  for (const member of state.members.values()) highest = Math.max(highest, member.upNumber)
  // Who is buried in this very step gets no number: putting it back beside its tombstone would tear states apart.
  const isAged = (member: StateMember) => member.upNumber > 0 && !drop.includes(member.id)
  const aged = membersOfDc(state.members, settings.dc).filter(isAged)
  aged.sort(compareAges)
  for (let at = 1; at < aged.length; at++) {
    const member = aged[at]!
    if (member.upNumber !== aged[at - 1]!.upNumber) continue
    put.set(member.id, { ...(put.get(member.id) ?? member), upNumber: ++highest })
  }
  if (aged.length + newcomers.length < settings.membersCountMin) return
  newcomers.sort(compareAges)
  for (const member of newcomers) {
    const upNumber = member.upNumber > 0 ? member.upNumber : ++highest
    put.set(member.id, { ...member, status: 'up', upNumber })
  }
}

function bury(
  state: MeshState,
  put: readonly StateMember[],
  drop: readonly string[],
  removedWallMs: number,
): Merged {
  const { state: moved, touched } = withMembers(state, put, drop)
  if (drop.length === 0) return { state: moved, touched }
  const stones = new Map<string, Tombstone>(moved.tombstones)
  for (const id of drop) stones.set(id, { birth: state.members.get(id)!.birth, removedWallMs })
  return {
    state: { ...moved, tombstones: limitTombstones(stones) },
    touched: { ...touched, tombstones: [...drop] },
  }
}

/** Without convergence for too long: those who wait and are within reach may be used already. */
export function weaklyUpActions(state: MeshState, selfId: string, dc: string): Merged | undefined {
  const silent = silentInDc(state, dc)
  if (leaderOfDc(state, dc, selfId, silent) !== selfId) return undefined
  const put: StateMember[] = []
  for (const member of membersOfDc(state.members, dc)) {
    const next = nextStatus(member.status, { isConverged: false, isWeaklyUpDue: !silent.has(member.id) })
    if (next !== undefined) put.push({ ...member, status: next })
  }
  return put.length === 0 ? undefined : withMembers(state, put, [])
}

/**
 * Is it this node that lets in, or lets go for another life, who stands in that data centre? Here each node
 * goes by what it knows itself of lives that are over: should two let the same one in, that is one and the
 * same change.
 */
export function isDoorkeeper(
  state: MeshState,
  selfId: string,
  dc: string,
  isOver: (id: string) => boolean,
): boolean {
  const silent = silentInDc(state, dc)
  const isReachable = (id: string) => id === selfId || (!silent.has(id) && !isOver(id))
  const leader = firstToLead(membersOfDc(state.members, dc), isReachable)
  return (leader ?? leaderOfAll(state, isOver)) === selfId
}

/** Lets in what is alive and unknown: who may come is joining, whoever it replaces is down. */
export function admit(
  state: MeshState,
  selfId: string,
  candidates: ReadonlyMap<string, MemberRecord>,
  membersCountMax: number,
): Merged | undefined {
  const byAddress = new Map<string, StateMember>()
  for (const member of state.members.values()) byAddress.set(member.address, member)
  const isOver = (id: string) => (candidates.get(id)?.birth ?? 0) > (state.members.get(id)?.birth ?? 0)
  const doors = new Map<string, boolean>()
  const isOurs = (member: { readonly roles: readonly string[] }) => {
    const dc = memberDc(member)
    let isOpen = doors.get(dc)
    if (isOpen === undefined) doors.set(dc, (isOpen = isDoorkeeper(state, selfId, dc, isOver)))
    return isOpen
  }
  const put: StateMember[] = []
  let room = membersCountMax - state.members.size
  for (const record of candidates.values()) {
    const former = state.members.get(record.id) ?? byAddress.get(record.address)
    if (former !== undefined) {
      const isReplaced = former.birth < record.birth && canMove(former.status, 'down')
      if (isReplaced && isOurs(former)) put.push({ ...former, status: 'down' })
    } else if (room > 0 && !isBuried(state, record) && isOurs(record)) {
      const { id, birth, address, roles } = record
      const member: StateMember = { id, birth, address, roles, status: 'joining', upNumber: 0 }
      byAddress.set(address, member)
      put.push(member)
      room--
    }
  }
  return put.length === 0 ? undefined : withMembers(state, put, [])
}

function isBuried(state: MeshState, life: Life): boolean {
  return (state.tombstones.get(life.id)?.birth ?? -1) >= life.birth
}
