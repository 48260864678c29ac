/*
 * What the members agree on: who belongs to the mesh, in which part, and who is out of whose reach.
 *
 * The idea: one immutable value with a vector clock; every change makes a new value and is made by rules, so that two
 * nodes that merged the same values hold the same value. Liveness is not in here - it is each node's own
 * belief - but what an observer found out of reach is, because the split-brain decision has to be everyone's.
 * Shape: data.
 */
import type { Address } from '../ports.ts'

/** Akka's lifecycle; `removed` is never stored: a removed member is a tombstone. */
export type MemberStatus = 'joining' | 'weakly-up' | 'up' | 'leaving' | 'exiting' | 'down' | 'removed'

export interface StateMember {
  readonly id: string
  readonly birth: number
  readonly address: Address
  readonly roles: readonly string[]
  readonly status: MemberStatus
  /** 1, 2, 3 ... in the order of becoming up; 0 until then. */
  readonly upNumber: number
}

export type ReachabilityStatus = 'reachable' | 'unreachable' | 'terminated'

export interface ReachabilityRecord {
  readonly observerId: string
  readonly subjectId: string
  readonly status: ReachabilityStatus
  /** Raised by the observer with each of its changes: of one observer's records the newest set wins. */
  readonly version: number
}

/** A missing entry is zero. */
export type VectorClock = ReadonlyMap<string, number>

/** A life that has ended: gossip older than this cannot bring it back. */
export interface Tombstone {
  readonly birth: number
  readonly removedWallMs: number
}

export interface MeshState {
  readonly members: ReadonlyMap<string, StateMember>
  readonly tombstones: ReadonlyMap<string, Tombstone>
  /** Only what is not reachable, and for each observer its newest version, is kept. */
  readonly reachability: readonly ReachabilityRecord[]
  readonly version: VectorClock
  /** Who is known to have seen exactly this version. */
  readonly seen: ReadonlySet<string>
}
