/**
 * Command [Data]: the row every command is. Routing, checks, COMMAND replies, docs and metrics are derived from it.
 *
 * A row has `run` (a data row: executes where its keys live) or `serve` (a session row: executes where the client
 * is connected). Flags and categories carry Redis' own names so that COMMAND can answer them. A write row says how
 * its change travels: `self` - the request itself is deterministic given the value it builds on, so the request is
 * the effect; `declared` - the handler names its effects, one per key.
 */
import type { Call } from './call.ts'

export const WRITE = 1 << 0
export const READONLY = 1 << 1
export const DENYOOM = 1 << 2
export const ADMIN = 1 << 3
export const PUBSUB = 1 << 4
export const NOSCRIPT = 1 << 5
export const BLOCKING = 1 << 6
export const LOADING = 1 << 7
export const STALE = 1 << 8
export const SKIP_MONITOR = 1 << 9
export const SKIP_SLOWLOG = 1 << 10
export const ASKING = 1 << 11
export const FAST = 1 << 12
export const NO_AUTH = 1 << 13
export const MAY_REPLICATE = 1 << 14
export const NO_MULTI = 1 << 15
export const MOVABLE_KEYS = 1 << 16
export const ALLOW_BUSY = 1 << 17
export const NO_MANDATORY_KEYS = 1 << 18
export const NO_ASYNC_LOADING = 1 << 19

/** Bit number -> the flag's name in COMMAND replies. */
export const FLAG_NAMES: readonly string[] = [
  'write',
  'readonly',
  'denyoom',
  'admin',
  'pubsub',
  'noscript',
  'blocking',
  'loading',
  'stale',
  'skip_monitor',
  'skip_slowlog',
  'asking',
  'fast',
  'no_auth',
  'may_replicate',
  'no_multi',
  'movablekeys',
  'allow_busy',
  'no_mandatory_keys',
  'no_async_loading',
]

/** Positions of keys: first, last (negative: from the end), step. first 0 = no keys. */
export interface KeyRange {
  readonly first: number
  readonly last: number
  readonly step: number
}
/** Keys found by reading the arguments (SORT ... STORE, ZUNION numkeys): appends argument numbers to `into`. */
export type KeyFinder = (call: Call, into: number[]) => void

/** Keys that only values tell (SORT BY weight_*): which arguments may name such, and the names once the values are here. */
export interface NamedByValues {
  readonly patterns: KeyFinder
  readonly keys: (call: Call, visit: (key: Buffer) => void) => void
}

export const NO_KEYS: KeyRange = { first: 0, last: 0, step: 0 }
export const FIRST_KEY: KeyRange = { first: 1, last: 1, step: 1 }
export const TWO_KEYS: KeyRange = { first: 1, last: 2, step: 1 }
export const ALL_KEYS: KeyRange = { first: 1, last: -1, step: 1 }
export const KEYS_BUT_LAST: KeyRange = { first: 1, last: -2, step: 1 }
export const PAIRS: KeyRange = { first: 1, last: -1, step: 2 }

export type Group =
  | 'generic'
  | 'string'
  | 'list'
  | 'set'
  | 'sorted-set'
  | 'hash'
  | 'pubsub'
  | 'transactions'
  | 'connection'
  | 'server'
  | 'cluster'
  | 'bitmap'

/**
 * What becomes of a command over keys of several nodes, or over all nodes: split and its replies joined (by-slot,
 * all-nodes); its result stored under its first or its last key (to-first, to-last); a value or an element moved from the
 * first to the second (rename, element); keys asked one after the other (first-of).
 */
export type Spread = 'by-slot' | 'all-nodes' | 'to-first' | 'to-last' | 'rename' | 'element' | 'first-of'
export type Gather = 'sum' | 'all-ok' | 'in-order' | 'concat' | 'any' | 'cursor'

export interface Command {
  /** Lower case; sub-commands carry only their own word. */
  readonly name: string
  /** As Redis counts: the name included; negative = at least. */
  readonly arity: number
  readonly flags: number
  readonly keys?: KeyRange
  readonly findKeys?: KeyFinder
  readonly namedByValues?: NamedByValues
  readonly group: Group
  /** ACL categories beyond those that follow from flags and group: e.g. 'keyspace', 'dangerous', 'slow' is derived. */
  readonly categories?: readonly string[]
  readonly effect?: 'self' | 'declared'
  readonly spread?: Spread
  readonly gather?: Gather
  /** Blocking rows: the argument that says how long to wait; negative = from the end. */
  readonly timeout?: number
  readonly run?: (call: Call) => void
  readonly serve?: (call: Call) => void
  readonly subcommands?: readonly Command[]
  /** One line in our own words; ends without a full stop. */
  readonly summary: string
  readonly since: string
  /** e.g. 'O(1)'. */
  readonly complexity: string
  /** Arguments after the name in Redis' notation: `key value [NX|XX] [GET] [EX seconds|PX milliseconds|KEEPTTL]`. */
  readonly syntax: string
}
