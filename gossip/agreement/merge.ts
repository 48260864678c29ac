/*
 * Two states become one.
 *
 * The idea: everything in a state only ever grows - a life further along, a later birth, a newer row, one
 * more tombstone - so the merge is the least state above both, whatever the order and however often:
 * commutative, associative, idempotent. Hence a part of a state may be merged as well as a whole one, as
 * long as it brings the members it speaks of, and nothing a stale peer says can undo what is known. Seen by
 * is said of one very state: only those who saw the result are kept.
 * Shape: rule.
 */
import type { Life } from '../member.ts'
import { statusRank } from './lifecycle.ts'
import type { MeshState, StateMember, Tombstone, VectorClock } from './mesh-state.ts'
import { isSameRow, keepSubjects, newerRow, type Records, rowEnd } from './reachability.ts'
import { changeMembers, type Members, type MembersPool } from './roster.ts'
import { SeenSet } from './seen-set.ts'
import {
  addDigests,
  noteRecordsDigest,
  recordHash,
  recordsDigest,
  stateDigest,
  subtractDigests,
} from './state-digest.ts'
import { EMPTY_CLOCK, mergeClocks, prune } from './vector-clock.ts'

export type Tombstones = ReadonlyMap<string, Tombstone>

export const TOMBSTONES_COUNT_MAX = 16_384

/** Longer than any partition should last: Pekko's prune-gossip-tombstones-after. */
export const TOMBSTONE_KEPT_MS = 24 * 3600 * 1000

export const EMPTY_STATE: MeshState = {
  members: new Map(),
  tombstones: new Map(),
  reachability: [],
  version: EMPTY_CLOCK,
  seen: SeenSet.of(new Map()),
}

/** What a change touched, by id: members (also those that are gone), buried lives, observers' rows. */
export interface Touched {
  readonly members: string[]
  readonly tombstones: string[]
  readonly observers: string[]
}

export interface Merged {
  readonly state: MeshState
  readonly touched: Touched
}

/** The least state above both, with the members' seen set; symmetric in every way. */
export function merge(a: MeshState, b: MeshState): MeshState {
  const { state } = mergeContent(a, b)
  const digest = stateDigest(state)
  const seen = [...(stateDigest(a) === digest ? a.seen : []), ...(stateDigest(b) === digest ? b.seen : [])]
  return { ...state, seen: SeenSet.of(state.members, seen) }
}

/** Puts a state, or a part of one, on top of the local one. Who has seen the result is left to the caller. */
export function mergeContent(local: MeshState, remote: MeshState, pool?: MembersPool): Merged {
  const touched: Touched = { members: [], tombstones: [], observers: [] }
  const tombstones = mergeTombstones(local.tombstones, remote.tombstones, touched.tombstones)
  const members = mergeMembers(local, remote, tombstones, touched.members, pool)
  const reachability = mergeRecords(local, remote, members, touched.observers)
  const version = clockOf(mergeClocks(local.version, remote.version), members)
  return { state: { members, tombstones, reachability, version, seen: local.seen }, touched }
}

/**
 * A clock with the entries of living members only: what an ended life changed is no longer missing
 * anywhere.
 */
export function clockOf(version: VectorClock, members: Members): VectorClock {
  return prune(version, (life) => members.get(life.id)?.birth !== life.birth)
}

/** Is this life known to be over: buried, or followed by another? */
export function isLifeOver(state: MeshState, life: Life): boolean {
  if ((state.tombstones.get(life.id)?.birth ?? -1) >= life.birth) return true
  return (state.members.get(life.id)?.birth ?? -1) > life.birth
}

/** The latest life of this id that the state knows, ended or not; a new one has to be later. */
export function latestBirthOf(state: MeshState, id: string): number {
  return Math.max(state.tombstones.get(id)?.birth ?? 0, state.members.get(id)?.birth ?? 0)
}

function mergeTombstones(a: Tombstones, b: Tombstones, touched: string[]): Tombstones {
  let merged: Map<string, Tombstone> | undefined
  for (const [id, stone] of b) {
    const known = a.get(id)
    if (known !== undefined && compareTombstones(known, stone) >= 0) continue
    merged ??= new Map(a)
    merged.set(id, stone)
    touched.push(id)
  }
  return merged === undefined ? a : limitTombstones(merged)
}

function compareTombstones(a: Tombstone, b: Tombstone): number {
  return a.birth - b.birth || a.removedWallMs - b.removedWallMs
}

/** At the limit the oldest are forgotten first. */
export function limitTombstones(tombstones: Tombstones, countMax = TOMBSTONES_COUNT_MAX): Tombstones {
  if (tombstones.size <= countMax) return tombstones
  const newestFirst = [...tombstones].sort(
    (a, b) => b[1].removedWallMs - a[1].removedWallMs || (a[0] < b[0] ? -1 : 1),
  )
  return new Map(newestFirst.slice(0, countMax))
}

/** Without those that are older than anything still under way; the very same where there are none. */
export function expireTombstones(tombstones: Tombstones, nowWallMs: number): Tombstones {
  let kept: Map<string, Tombstone> | undefined
  for (const [id, stone] of tombstones) {
    if (nowWallMs - stone.removedWallMs <= TOMBSTONE_KEPT_MS) continue
    kept ??= new Map(tombstones)
    kept.delete(id)
  }
  return kept ?? tombstones
}

function mergeMembers(
  a: MeshState,
  b: MeshState,
  tombstones: Tombstones,
  touched: string[],
  pool: MembersPool | undefined,
): Members {
  const put: StateMember[] = []
  const drop: string[] = []
  if (tombstones !== a.tombstones) {
    for (const id of b.tombstones.keys()) {
      const member = a.members.get(id)
      if (member !== undefined && isBuried(member, tombstones)) drop.push(id)
    }
  }
  for (const member of b.members.values()) {
    if (isBuried(member, tombstones)) continue
    const known = a.members.get(member.id)
    const merged = known === undefined ? member : mergeMember(known, member)
    if (merged !== known) put.push(merged)
  }
  for (const id of drop) touched.push(id)
  for (const member of put) touched.push(member.id)
  // A newcomer takes over the list as it came.
  if (a.members.size === 0 && put.length === b.members.size) return b.members
  return changeMembers(a.members, put, drop, pool)
}

function isBuried(life: Life, tombstones: Tombstones): boolean {
  return (tombstones.get(life.id)?.birth ?? -1) >= life.birth
}

/**
 * A later birth wins whole. Within a life each field takes the one further along: the status by rank, the
 * up number by size, so that a leader can make equal numbers distinct again and no stale word undoes it.
 */
export function mergeMember(a: StateMember, b: StateMember): StateMember {
  if (a.birth !== b.birth) return a.birth > b.birth ? a : b
  const status = statusRank(a.status) >= statusRank(b.status) ? a.status : b.status
  const upNumber = Math.max(a.upNumber, b.upNumber)
  const place = placeText(a) >= placeText(b) ? a : b
  if (a.status === status && a.upNumber === upNumber && place === a) return a
  if (b.status === status && b.upNumber === upNumber && placeText(b) >= placeText(a)) return b
  const { address, roles } = place
  return { id: a.id, birth: a.birth, address, roles, status, upNumber }
}

/** Address and roles do not change within a life; should two words differ, all nodes choose the same one. */
function placeText(member: StateMember): string {
  return member.roles.length === 0 ? member.address : member.address + ' ' + member.roles.join(' ')
}

/** One table being written: it keeps its digest while it goes, so that the cost is that of the change. */
class TableWriter {
  readonly records: Records[number][] = []
  readonly touched: string[]
  digest: number

  constructor(digest: number, touched: string[]) {
    this.digest = digest
    this.touched = touched
  }

  /** `former` is the row that stood in the local table. */
  put(former: Records, row: Records): void {
    for (const one of row) this.records.push(one)
    if (former === row || isSameRow(former, row)) return
    for (const one of former) this.digest = subtractDigests(this.digest, recordHash(one))
    for (const one of row) this.digest = addDigests(this.digest, recordHash(one))
    this.touched.push((former[0] ?? row[0])!.observerId)
  }
}

function mergeRecords(a: MeshState, b: MeshState, members: Members, touched: string[]): Records {
  if (b.reachability.length === 0 && members === a.members) return a.reachability
  const writer = new TableWriter(recordsDigest(a.reachability), touched)
  let atA = 0
  let atB = 0
  while (atA < a.reachability.length || atB < b.reachability.length) {
    const observerA = a.reachability[atA]?.observerId
    const observerB = b.reachability[atB]?.observerId
    const isFromA = observerA !== undefined && (observerB === undefined || observerA <= observerB)
    const isFromB = observerB !== undefined && (observerA === undefined || observerB <= observerA)
    const endA = isFromA ? rowEnd(a.reachability, atA) : atA
    const endB = isFromB ? rowEnd(b.reachability, atB) : atB
    const former = a.reachability.slice(atA, endA)
    const rowA = currentRow(former, a.members, members)
    const rowB = currentRow(b.reachability.slice(atB, endB), b.members, members)
    const row = rowA.length === 0 ? rowB : rowB.length === 0 ? rowA : newerRow(rowA, rowB)
    writer.put(former, row)
    atA = endA
    atB = endB
  }
  if (touched.length === 0) return a.reachability
  noteRecordsDigest(writer.records, writer.digest)
  return writer.records
}

/**
 * A row says what one life observed of others: where the result holds another life, the word is about
 * nobody.
 */
function currentRow(row: Records, from: Members, members: Members): Records {
  if (row.length === 0 || from === members) return row
  const isCurrent = (id: string) => {
    const member = members.get(id)
    return member !== undefined && member.birth === from.get(id)?.birth
  }
  if (!isCurrent(row[0]!.observerId)) return []
  return keepSubjects(row, isCurrent)
}

/** The state with other members: rows and clock entries of lives that are no longer there go with them. */
export function withMembers(state: MeshState, put: readonly StateMember[], drop: readonly string[]): Merged {
  const touched: Touched = { members: [...drop, ...put.map((one) => one.id)], tombstones: [], observers: [] }
  const members = changeMembers(state.members, put, drop)
  const nothing: MeshState = { ...EMPTY_STATE, members }
  const reachability = mergeRecords(state, nothing, members, touched.observers)
  return { state: { ...state, members, reachability, version: clockOf(state.version, members) }, touched }
}
