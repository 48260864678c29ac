/*
 * Whom this node vouches for in the reachability table, and what it says of them.
 *
 * The idea: everybody believes something about everybody, but only a few observers of each member write it
 * down, or the table would grow with the square of the mesh: the ring's watchers within a data centre, and
 * between data centres the oldest of each side. What an observer once wrote it also takes back, wherever
 * the ring has gone since.
 * Shape: rule.
 */
import { watchedBy } from '../heartbeats/watch-ring.ts'
import { memberDc } from '../datacenter.ts'
import type { MeshState, ReachabilityStatus } from './mesh-state.ts'
import { makeRow, type Records, rowOf, rowVersion } from './reachability.ts'
import { agedOfDc, membersByDc, ringOf } from './roster.ts'

export interface ObserverSettings {
  /** Reachable members each one watches in its own data centre. */
  readonly monitoredCount: number
  /** How many of the oldest of each data centre watch, and are watched, across. */
  readonly crossDcMonitoredCount: number
}

export function watchedMembers(
  state: MeshState,
  selfId: string,
  isReachable: (id: string) => boolean,
  settings: ObserverSettings,
): readonly string[] {
  const self = state.members.get(selfId)
  if (self === undefined) return []
  const dc = memberDc(self)
  const watched = watchedBy(selfId, ringOf(state.members, dc), isReachable, settings.monitoredCount)
  const dcs = membersByDc(state.members)
  if (dcs.size === 1) return watched
  const count = settings.crossDcMonitoredCount
  const isAmongOldest = agedOfDc(state.members, dc)
    .slice(0, count)
    .some((member) => member.id === selfId)
  if (!isAmongOldest) return watched
  for (const other of dcs.keys()) {
    if (other === dc) continue
    for (const member of agedOfDc(state.members, other).slice(0, count)) watched.push(member.id)
  }
  return watched
}

/** The row this node should have; undefined while the one it has says what it believes. */
export function newRow(
  state: MeshState,
  selfId: string,
  statusOf: (id: string) => ReachabilityStatus,
  settings: ObserverSettings,
): Records | undefined {
  const statuses = new Map<string, ReachabilityStatus>()
  let isNews = false
  for (const { subjectId, status } of rowOf(state.reachability, selfId)) {
    if (status === 'reachable') continue
    const now = status === 'terminated' ? status : statusOf(subjectId)
    if (now !== status) isNews = true
    statuses.set(subjectId, now)
  }
  const isReachable = (id: string) => statusOf(id) === 'reachable'
  for (const id of watchedMembers(state, selfId, isReachable, settings)) {
    if (statuses.has(id)) continue
    const status = statusOf(id)
    if (status === 'reachable') continue
    statuses.set(id, status)
    isNews = true
  }
  if (!isNews) return undefined
  return makeRow(selfId, rowVersion(state.reachability, selfId) + 1, statuses)
}
