/*
 * How a kind of message is declared.
 *
 * The idea: in memory a message is the very array that goes over the wire - its kind, then positional fields - so
 * nothing is mapped, and labelled tuples give the positions names. Each area declares its kinds as rows, whose field
 * checks are all that stands between a stranger's bytes and a machine: a message that passes has the right
 * number of fields, each of the right type and within its limit. Shape: data and rule.
 */
import { ADDRESS_BYTES_MAX, ID_BYTES_MAX, META_BYTES_MAX, ROLE_BYTES_MAX, ROLES_COUNT_MAX } from './member.ts'

/** `[kind, ...fields]`; areas narrow this with labelled tuples. */
export type Message = readonly [kind: number, ...fields: unknown[]]

export type FieldCheck = (value: unknown) => boolean

export interface MessageRow {
  /** Unique over all areas: swim 1-19, agreement 20-39, tell and keyring 40-59. */
  readonly kind: number
  readonly name: string
  readonly fields: readonly FieldCheck[]
}

export const isU32: FieldCheck = (value) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0xffffffff

/** A point in time, a birth, a counter: what a float64 holds exactly. */
export const isCount: FieldCheck = (value) => Number.isSafeInteger(value) && (value as number) >= 0

export const isFlag: FieldCheck = (value) => typeof value === 'boolean'

/** Printable ASCII without spaces. */
const NAME = /^[!-~]+$/

export const isName =
  (bytesMax: number): FieldCheck =>
  (value) =>
    typeof value === 'string' && value.length <= bytesMax && NAME.test(value)

export const isId: FieldCheck = isName(ID_BYTES_MAX)

const ADDRESS = /^(?:\[[0-9a-fA-F:.%]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$/

export const isAddress: FieldCheck = (value) => {
  if (typeof value !== 'string' || value.length > ADDRESS_BYTES_MAX) return false
  const port = Number(ADDRESS.exec(value)?.[1] ?? 0)
  return port >= 1 && port <= 65535
}

export const isBytes =
  (bytesMax: number): FieldCheck =>
  (value) =>
    value instanceof Uint8Array && value.length <= bytesMax

export const isListOf =
  (check: FieldCheck, countMax: number): FieldCheck =>
  (value) =>
    Array.isArray(value) && value.length <= countMax && value.every(check)

export const isTupleOf =
  (...checks: FieldCheck[]): FieldCheck =>
  (value) =>
    Array.isArray(value) && value.length === checks.length && checks.every((check, at) => check(value[at]))

export const isOneOf =
  (...allowed: unknown[]): FieldCheck =>
  (value) =>
    allowed.includes(value)

export const isRoles: FieldCheck = isListOf(isName(ROLE_BYTES_MAX), ROLES_COUNT_MAX)

export const isMeta: FieldCheck = isBytes(META_BYTES_MAX)

/** What areas send through: it encodes, seals, packs and chooses between datagram and stream. */
export interface Courier {
  /** One datagram when it fits, else a stream. May be lost. */
  send(to: string, message: Message): void
  /** Always a stream: whole and in order, or not at all. */
  sendReliably(to: string, message: Message): void
}

/** How to reach somebody, or how something came from there. */
export interface Way {
  readonly address: string
  readonly isStream: boolean
}

/** Who a message came from, as the packet says; `address` is where it really came from. */
export interface Sender extends Way {
  readonly id: string
}

/** Goes back the way the question came: where only streams get through, an answer by datagram would be none. */
export function answer(courier: Courier, way: Way, message: Message): void {
  if (way.isStream) courier.sendReliably(way.address, message)
  else courier.send(way.address, message)
}
