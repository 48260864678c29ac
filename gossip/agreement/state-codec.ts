/*
 * States, or parts of them, as positional arrays and back.
 *
 * The idea: reading is total: whatever is odd - a doubled id, a row about nobody, a number out of range -
 * makes the whole undefined, so a state that was read is a state the rules can take. A part brings every
 * member its rows speak of, hence it can be merged by itself.
 * Shape: rule.
 */
import { isAddress, isCount, isId, isRoles, isU32 } from '../messages.ts'
import { STATUSES, statusRank } from './lifecycle.ts'
import { EMPTY_STATE, type Tombstones } from './merge.ts'
import type {
  MeshState,
  ReachabilityRecord,
  ReachabilityStatus,
  StateMember,
  Tombstone,
  VectorClock,
} from './mesh-state.ts'
import {
  ENVELOPE,
  ENVELOPE_COUNT_MAX,
  type EnvelopeMessage,
  type WireClock,
  type WireMember,
  type WireRow,
  type WireTombstone,
} from './messages.ts'
import { makeRow, rowEnd, type Records } from './reachability.ts'
import type { SeenSet } from './seen-set.ts'
import { CLOCK_COUNT_MAX, COUNTER_MAX, lifeKey, lifeOfKey } from './vector-clock.ts'

/** Records of all rows together: a mesh cut in half holds a few for each member. */
export const RECORDS_COUNT_MAX = 262_144

const RANK_REMOVED = statusRank('removed')

export interface Envelope {
  readonly base: number
  readonly digest: number
  /** Its seen set is empty: the bits mean something only beside the members of the merged state. */
  readonly state: MeshState
  readonly seenBits: Uint8Array
}

/** `state` is what to send, which may be a part; `seen` belongs to the whole that has the digest. */
export function encodeEnvelope(
  base: number,
  digest: number,
  state: Omit<MeshState, 'seen'>,
  seen: SeenSet,
): EnvelopeMessage {
  const members = Array.from(state.members.values(), encodeMember)
  const tombstones: WireTombstone[] = []
  for (const [id, stone] of state.tombstones) tombstones.push([id, stone.birth, stone.removedWallMs])
  const rows = encodeRows(state.reachability)
  return [ENVELOPE, base, digest, encodeClock(state.version), members, tombstones, rows, seen.bits]
}

export function decodeEnvelope(message: EnvelopeMessage): Envelope | undefined {
  const [, base, digest, wireClock, wireMembers, wireTombstones, wireRows, seenBits] = message
  const version = decodeClock(wireClock)
  const members = decodeMembers(wireMembers)
  const tombstones = decodeTombstones(wireTombstones)
  if (version === undefined || members === undefined || tombstones === undefined) return undefined
  const reachability = decodeRows(wireRows, members)
  if (reachability === undefined) return undefined
  return {
    base,
    digest,
    state: { members, tombstones, reachability, version, seen: EMPTY_STATE.seen },
    seenBits,
  }
}

function encodeMember(member: StateMember): WireMember {
  return [member.id, member.birth, member.address, member.roles, statusRank(member.status), member.upNumber]
}

function decodeMembers(wire: readonly unknown[]): Map<string, StateMember> | undefined {
  const members = new Map<string, StateMember>()
  for (const one of wire) {
    if (!Array.isArray(one) || one.length !== 6) return undefined
    const [id, birth, address, roles, rank, upNumber] = one as unknown as WireMember
    if (!isId(id) || !isCount(birth) || !isAddress(address) || !isRoles(roles)) return undefined
    if (!isU32(rank) || rank >= RANK_REMOVED || !isU32(upNumber) || members.has(id)) return undefined
    members.set(id, { id, birth, address, roles, status: STATUSES[rank]!, upNumber })
  }
  return members
}

function decodeTombstones(wire: readonly unknown[]): Tombstones | undefined {
  const tombstones = new Map<string, Tombstone>()
  for (const one of wire) {
    if (!Array.isArray(one) || one.length !== 3) return undefined
    const [id, birth, removedWallMs] = one as unknown as WireTombstone
    if (!isId(id) || !isCount(birth) || !isCount(removedWallMs) || tombstones.has(id)) return undefined
    tombstones.set(id, { birth, removedWallMs })
  }
  return tombstones
}

export function encodeClock(version: VectorClock): WireClock {
  const wire: (string | number)[] = []
  for (const [key, counter] of version) {
    const life = lifeOfKey(key)
    wire.push(life.id, life.birth, counter)
  }
  return wire
}

export function decodeClock(wire: WireClock): VectorClock | undefined {
  if (wire.length % 3 !== 0 || wire.length > 3 * CLOCK_COUNT_MAX) return undefined
  const version = new Map<string, number>()
  for (let at = 0; at < wire.length; at += 3) {
    const id = wire[at]
    const birth = wire[at + 1]
    const counter = wire[at + 2]
    if (!isId(id) || !isCount(birth) || !isCounter(counter)) return undefined
    const key = lifeKey(id as string, birth as number)
    if (version.has(key)) return undefined
    version.set(key, counter as number)
  }
  return version
}

function isCounter(value: unknown): boolean {
  return isCount(value) && (value as number) > 0 && (value as number) <= COUNTER_MAX
}

function encodeRows(records: Records): WireRow[] {
  const rows: WireRow[] = []
  for (let start = 0; start < records.length; ) {
    const end = rowEnd(records, start)
    const { observerId, version } = records[start]!
    const subjects: (string | boolean)[] = []
    for (let at = start; at < end; at++) {
      const { subjectId, status } = records[at]!
      if (status !== 'reachable') subjects.push(subjectId, status === 'terminated')
    }
    rows.push([observerId, version, subjects])
    start = end
  }
  return rows
}

function decodeRows(wire: readonly unknown[], members: MeshState['members']): Records | undefined {
  const rows = new Map<string, Records>()
  let recordsCount = 0
  for (const one of wire) {
    if (!Array.isArray(one) || one.length !== 3) return undefined
    const [observerId, version, subjects] = one as unknown as WireRow
    if (!isId(observerId) || rows.has(observerId) || !members.has(observerId)) return undefined
    if (!isCounter(version) || !Array.isArray(subjects)) return undefined
    recordsCount += subjects.length / 2
    if (subjects.length > 2 * ENVELOPE_COUNT_MAX || recordsCount > RECORDS_COUNT_MAX) return undefined
    const statuses = decodeSubjects(subjects, members)
    if (statuses === undefined || statuses.has(observerId)) return undefined
    rows.set(observerId, makeRow(observerId, version, statuses))
  }
  const records: ReachabilityRecord[] = []
  for (const observerId of [...rows.keys()].sort()) {
    for (const record of rows.get(observerId)!) records.push(record)
  }
  return records
}

function decodeSubjects(
  wire: readonly unknown[],
  members: MeshState['members'],
): Map<string, ReachabilityStatus> | undefined {
  if (wire.length % 2 !== 0) return undefined
  const statuses = new Map<string, ReachabilityStatus>()
  for (let at = 0; at < wire.length; at += 2) {
    const id = wire[at]
    const isTerminated = wire[at + 1]
    if (typeof id !== 'string' || typeof isTerminated !== 'boolean') return undefined
    if (!members.has(id) || statuses.has(id)) return undefined
    statuses.set(id, isTerminated ? 'terminated' : 'unreachable')
  }
  return statuses
}
