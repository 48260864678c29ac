/*
 * What SWIM says: kinds 1 to 9, each as a labelled tuple, its row of field checks, and a constructor where
 * one helps.
 *
 * The idea: who speaks stands in the packet and not in the message, so nothing can be said in another's name
 * except what gossip is for. `dead` with the subject as its own accuser means that it left. Shape: data and
 * table.
 */
import type { MemberRecord } from '../member.ts'
import {
  type Courier,
  type FieldCheck,
  isAddress,
  isCount,
  isFlag,
  isId,
  isListOf,
  isMeta,
  isOneOf,
  isRoles,
  isTupleOf,
  isU32,
  type Message,
  type MessageRow,
} from '../messages.ts'
import { BUCKET_COUNT } from './digest.ts'
import { BIRTH_MAX } from './precedence.ts'

export const PING = 1
export const ACK = 2
export const RELAY = 3
export const NACK = 4
export const ALIVE = 5
export const SUSPECT = 6
export const DEAD = 7
export const SYNC = 8
export const PUSH_PULL = 9

/** The birth is the one the sender knows: a restarted target answers with its new one. */
export type Ping = readonly [kind: typeof PING, sequence: number, targetId: string, targetBirth: number]
export type Ack = readonly [kind: typeof ACK, sequence: number]
/** SWIM's ping-req: ping the target for me and forward its ack under my sequence. */
export type Relay = readonly [kind: typeof RELAY, sequence: number, targetId: string]
/** From a relay: it is not you, I get no answer either. */
export type Nack = readonly [kind: typeof NACK, sequence: number]
export type Alive = readonly [kind: typeof ALIVE, ...RecordFields]
export type Suspect = readonly [kind: typeof SUSPECT, ...AccusationFields]
export type Dead = readonly [kind: typeof DEAD, ...AccusationFields]
/** The sums of the digest. Who joins knows nobody yet: what it is told is news to nobody else. */
export type Sync = readonly [kind: typeof SYNC, isJoin: boolean, sums: readonly number[]]
/**
 * Every record of the listed buckets, or as the answer to that (`isReply`) those that the other side lacks.
 */
export type PushPull = readonly [
  kind: typeof PUSH_PULL,
  isReply: boolean,
  isJoin: boolean,
  buckets: readonly number[],
  entries: readonly Entry[],
]

export type RecordFields = readonly [
  id: string,
  birth: number,
  incarnation: number,
  address: string,
  roles: readonly string[],
  meta: Uint8Array,
]
export type AccusationFields = readonly [id: string, birth: number, incarnation: number, accuserId: string]
export type Entry = readonly [...RecordFields, livenessRank: number]

export type SwimMessage = Ping | Ack | Relay | Nack | Alive | Suspect | Dead | Sync | PushPull

/** A courier that also puts several messages into one datagram, adding none of its own choice. */
export interface PackingCourier extends Courier {
  sendPacked(to: string, messages: readonly Message[]): void
}

/** More records in one push/pull would be a message nobody sends. */
export const ENTRIES_MAX = 65_536

const isBirth: FieldCheck = (value) => isCount(value) && (value as number) <= BIRTH_MAX

const isSortedRoles: FieldCheck = (value) =>
  isRoles(value) && (value as string[]).every((role, at, all) => at === 0 || all[at - 1]! < role)

const RECORD_CHECKS: readonly FieldCheck[] = [isId, isBirth, isU32, isAddress, isSortedRoles, isMeta]
const ACCUSATION_CHECKS: readonly FieldCheck[] = [isId, isBirth, isU32, isId]

const isBucket: FieldCheck = (value) => isU32(value) && (value as number) < BUCKET_COUNT

const isSums: FieldCheck = (value) =>
  Array.isArray(value) && value.length === BUCKET_COUNT && value.every(isU32)

const isEntry: FieldCheck = isTupleOf(...RECORD_CHECKS, isOneOf(0, 1, 2, 3))

export const SWIM_ROWS: readonly MessageRow[] = [
  { kind: PING, name: 'ping', fields: [isU32, isId, isBirth] },
  { kind: ACK, name: 'ack', fields: [isU32] },
  { kind: RELAY, name: 'relay', fields: [isU32, isId] },
  { kind: NACK, name: 'nack', fields: [isU32] },
  { kind: ALIVE, name: 'alive', fields: RECORD_CHECKS },
  { kind: SUSPECT, name: 'suspect', fields: ACCUSATION_CHECKS },
  { kind: DEAD, name: 'dead', fields: ACCUSATION_CHECKS },
  { kind: SYNC, name: 'sync', fields: [isFlag, isSums] },
  {
    kind: PUSH_PULL,
    name: 'push-pull',
    fields: [isFlag, isFlag, isListOf(isBucket, BUCKET_COUNT), isListOf(isEntry, ENTRIES_MAX)],
  },
]

export function aliveOf(record: MemberRecord): Alive {
  const { id, birth, incarnation, address, roles, meta } = record
  return [ALIVE, id, birth, incarnation, address, roles, meta]
}

export function suspectOf(record: MemberRecord, accuserId: string): Suspect {
  return [SUSPECT, record.id, record.birth, record.incarnation, accuserId]
}

export function deadOf(record: MemberRecord, accuserId: string): Dead {
  return [DEAD, record.id, record.birth, record.incarnation, accuserId]
}

/** What a message takes as MessagePack, never less than the truth: typed arrays may cost a few bytes more. */
export function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length + (value.length < 32 ? 1 : value.length < 256 ? 2 : 3)
  if (typeof value === 'number') {
    if (value < 128) return 1
    return value < 256 ? 2 : value < 65_536 ? 3 : value < 4_294_967_296 ? 5 : 9
  }
  if (value instanceof Uint8Array) return value.length + 6
  if (!Array.isArray(value)) return 1
  let total = value.length < 16 ? 1 : 3
  for (const field of value) total += bytesOf(field)
  return total
}
