/*
 * Who a member is, and which of two words about the same member counts.
 *
 * The idea: an id names a node for good, a birth names one life of its process, an incarnation counts the member's own
 * answers to rumours within that life. Only the member itself raises either number, so a higher pair is always
 * newer truth. Liveness (is it heard?) and status (what is its part?) are two facts and never mixed.
 * Shape: data and rule.
 */
import type { Address } from './ports.ts'

/** Believed from what is heard: SWIM 3.2, with memberlist's left. */
export type Liveness = 'alive' | 'suspect' | 'dead' | 'left'

/** What a member says of itself. Records are never changed in place: news replaces them. */
export interface MemberRecord {
  /** Stable across restarts, 1 to ID_BYTES_MAX bytes of printable ASCII. */
  readonly id: string
  /** Wall-clock milliseconds at the start of this life, raised above any earlier life that is still remembered. */
  readonly birth: number
  /** Raised by the member alone, to refute what is said of it. */
  readonly incarnation: number
  readonly address: Address
  /** Sorted, distinct; a role `dc-<name>` names the data centre. */
  readonly roles: readonly string[]
  /** What the embedding program wants everyone to know; opaque here. */
  readonly meta: Uint8Array
}

export const ID_BYTES_MAX = 64
export const ADDRESS_BYTES_MAX = 280
export const ROLES_COUNT_MAX = 16
export const ROLE_BYTES_MAX = 64
/** memberlist's limit: a record has to travel inside one datagram. */
export const META_BYTES_MAX = 512

/** One life of one member. */
export interface Life {
  readonly id: string
  readonly birth: number
}

/** Below zero when `a` is the older word about the same id. */
export function compareLife(
  a: { readonly birth: number; readonly incarnation: number },
  b: { readonly birth: number; readonly incarnation: number },
): number {
  return a.birth - b.birth || a.incarnation - b.incarnation
}

/** Orders addresses by host, then by the number of the port: `h:900` comes before `h:1000`. */
export function compareAddresses(a: Address, b: Address): number {
  const splitA = a.lastIndexOf(':')
  const splitB = b.lastIndexOf(':')
  const hostA = a.slice(0, splitA)
  const hostB = b.slice(0, splitB)
  if (hostA !== hostB) return hostA < hostB ? -1 : 1
  return Number(a.slice(splitA + 1)) - Number(b.slice(splitB + 1))
}
