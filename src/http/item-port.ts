/**
 * Item port [Data]: what one program may ask of a node about one key: set it, get it, remove it. The same port is
 * answered by the node inside its own process (node-items.ts) and by a node elsewhere over HTTP (http-items.ts), so
 * whoever holds one does not know which.
 *
 * Without a stamp an order is a client's: the node sees to owners, quorum and hints. With one it is a copy that somebody
 * else has made and numbered: it is held here, and only if nothing newer is. Every order is answered once, later.
 */
import type { Level } from '../session/session.ts'

export interface Stamp {
  readonly version: number
  readonly term: number
}

interface Order {
  readonly key: Buffer
  readonly database: number
  /** Undefined: as the node is configured. */
  readonly level: Level | undefined
}

export interface SetOrder extends Order {
  readonly value: Buffer
  /** From when it is carried out; 0: none. */
  readonly ttlMs: number
  /** Wall ms; 0: never, unless `ttlMs` says so. */
  readonly expiresAtMs: number
  readonly stamp: Stamp | undefined
}

export interface GetOrder extends Order {
  /** The node's own copy is enough, if it is an owner. */
  readonly isOwnCopyEnough: boolean
}

export interface RemoveOrder extends Order {
  readonly stamp: Stamp | undefined
}

export interface Item extends Stamp {
  readonly value: Buffer
  /** 0: never. */
  readonly expiresAtMs: number
}

/** Undefined: it was no copy. Else what stands under the key now, ours or something newer. */
export interface Stored {
  readonly kind: 'stored'
  readonly standing: Stamp | undefined
}

export interface Found {
  readonly kind: 'found'
  readonly item: Item | undefined
}

export interface Removed {
  readonly kind: 'removed'
  readonly count: number
  readonly standing: Stamp | undefined
}

/** Why not, for programs and for people. `OUTCOME_UNKNOWN`: it may have been done; with every other code it was not. */
export interface Problem {
  readonly kind: 'problem'
  readonly status: number
  readonly code: string
  readonly error: string
}

export interface ItemPort {
  set(order: SetOrder, done: (outcome: Stored | Problem) => void): void
  get(order: GetOrder, done: (outcome: Found | Problem) => void): void
  remove(order: RemoveOrder, done: (outcome: Removed | Problem) => void): void
}

export function problem(status: number, code: string, error: string): Problem {
  return { kind: 'problem', status, code, error }
}

export function badRequest(error: string): Problem {
  return problem(400, 'BAD_REQUEST', error)
}

export const outcomeUnknown: Problem = problem(
  504,
  'OUTCOME_UNKNOWN',
  'no answer in time: its outcome is open',
)
export const overloaded: Problem = problem(503, 'OVERLOADED', 'too many requests at a time')
