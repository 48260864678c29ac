// What a connection needs from around it, and what its owners are told.
//
// The machine in connection.ts sees the socket, the commands and its fellow connections only through these
// ports. None of them calls back inside the call: what follows arrives later as an input. Shape: data.

import type { Buffer } from 'node:buffer'
import type { Args } from './args.ts'
import type { Connection } from './connection.ts'
import type { ConnectionLimits, ConnectionStats } from './limits.ts'
import type { RequestScan } from './request-scan.ts'
import type { SlabPool } from './slab-pool.ts'

/** The way out to the socket. */
export interface Outlet {
  /** Sends bytes and answers how many are still queued below us; 0: the kernel took everything. */
  write(bytes: Buffer): number
  pauseReading(): void
  resumeReading(): void
  /** Ends the stream once what was written has left. */
  close(): void
  destroy(): void
}

/** Who answers the requests. */
export interface Conversation {
  readonly isAuthenticated: boolean
  /** Requests of one chunk follow; all of them happen at this time. */
  onTurnStart?(nowMs: number): void
  onTurnEnd?(): void
  /** These requests follow; `scan` tells their keys. A hint, and no promise. */
  onAhead?(scan: RequestScan): void
  onRequest(args: Args, connection: Connection): void
  onClose(reason: CloseReason): void
}

/** Who decides when a connection goes on. */
export interface Turns {
  /** Calls `onTurn` after others had theirs. */
  later(connection: Connection): void
  /** Calls `flush` when the running chunk or turn ends. */
  dirty(connection: Connection): void
}

export type CloseReason =
  | 'client'
  | 'closed'
  | 'error'
  | 'killed'
  | 'idle'
  | 'slow-request'
  | 'query-buffer-limit'
  | 'output-buffer-limit'

/** What all connections of a listener share. */
export interface ConnectionRoom {
  readonly args: Args
  readonly scan: RequestScan
  readonly slabs: SlabPool
  readonly limits: ConnectionLimits
  readonly stats: ConnectionStats
  readonly turns: Turns
  readonly clock: { nowMs(): number }
}
