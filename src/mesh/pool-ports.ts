/*
 * What goes in and out of the pool of links: limits, events, and how a link is described.
 *
 * The idea: the view says who the peers are; the pool only reports which of them it can talk to. Shape: data.
 */
import type { BackoffLimits } from './backoff.ts'
import type { CloseReason } from './link-ports.ts'
import type { Link } from './link.ts'
import type { Address } from './wires.ts'

export interface MeshMember {
  readonly id: string
  readonly address: Address
}

export interface PoolEvents {
  /** The peer, a member or not, can be talked to. `link.peer.birth` tells its lives apart. */
  onLinkUp(id: string, link: Link): void
  /** No link to the peer is left. `isLost`: it will not answer - it has been silent, or its address says it is gone. */
  onLinkDown(id: string, isLost: boolean): void
  /** A dial has failed, and what was queued for it is lost. The id is empty when only the address was known. */
  onUnreachable(address: Address, id: string, wasRefused: boolean): void
}

export interface PoolLimits {
  readonly backoff: BackoffLimits
  /** All links together; more are not accepted. */
  readonly linksCountMax: number
  /** Accepted links that have not yet said who they are. */
  readonly greetingsCountMax: number
  /** Peers outside the view: those who join, and those who have not heard that they are out. */
  readonly strangersCountMax: number
  /** How long a peer outside the view keeps its links. */
  readonly strangerMs: number
}

export function defaultPoolLimits(): PoolLimits {
  return {
    backoff: { firstMs: 50, maxMs: 2000 },
    linksCountMax: 2048,
    greetingsCountMax: 128,
    strangersCountMax: 128,
    strangerMs: 60000,
  }
}

export interface LinkDescription {
  readonly id: string
  readonly address: Address
  readonly direction: 'to' | 'from'
  readonly createdMs: number
  readonly queuedBytes: number
  readonly allocatedBytes: number
  readonly waitingCount: number
}

/** Somebody at the other end answered, and it was a no. */
export function isRefusal(reason: CloseReason): boolean {
  return reason === 'refused' || reason === 'reset' || reason === 'identity'
}

/** Whoever waited for this peer waits in vain until it has been reached again. */
export function isLoss(reason: CloseReason): boolean {
  return reason === 'silent' || isRefusal(reason)
}
