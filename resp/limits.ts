// What one connection may cost, and what the connections count.
//
// The objects are shared by all connections and may be changed while they run (CONFIG SET): everybody reads
// them at the moment of use. Shape: data.

import { defaultParserLimits, type ParserLimits } from './request-parser.ts'

export interface ConnectionLimits {
  parser: ParserLimits
  /** Requests one connection may have served before the others get their turn. */
  commandsPerTurnMax: number
  /** How long it may be served before the others get theirs; slow requests reach this first. */
  turnMsMax: number
  /** Output beyond this is sent in the middle of a turn. */
  flushBytes: number
  /** Unsent output above which nothing more is read or run, and below which it goes on. */
  outputPauseBytes: number
  outputResumeBytes: number
  /** Unread requests of a blocked connection above which its socket is no longer read. */
  inputPauseBytes: number
  /** Replies one connection may be owed at a time; its next requests wait. */
  slotsMax: number
  /** An unfinished request must grow by `partialRequestBytes` within this time or be finished. */
  partialRequestMs: number
  partialRequestBytes: number
  /** Who has not authenticated must send a first complete request within this time. */
  unauthenticatedMs: number
  /** Replies he may leave unread: he is owed errors only (CVE-2025-21605). */
  unauthenticatedOutput: OutputLimits
  /** 0: connections may be idle for ever. */
  idleTimeoutMs: number
  /** A closing connection whose output does not move for this long is cut off. */
  closeLingerMs: number
}

export function defaultConnectionLimits(): ConnectionLimits {
  return {
    parser: defaultParserLimits(),
    commandsPerTurnMax: 1024,
    turnMsMax: 2,
    flushBytes: 262144,
    outputPauseBytes: 33554432,
    outputResumeBytes: 1048576,
    inputPauseBytes: 1048576,
    slotsMax: 100000,
    partialRequestMs: 30000,
    partialRequestBytes: 65536,
    unauthenticatedMs: 10000,
    unauthenticatedOutput: { hardBytes: 65536, softBytes: 0, softSeconds: 0 },
    idleTimeoutMs: 0,
    closeLingerMs: 5000,
  }
}

/** Redis' client-output-buffer-limit of one class of connections; 0 means no limit. */
export interface OutputLimits {
  hardBytes: number
  softBytes: number
  softSeconds: number
}

export function unlimitedOutput(): OutputLimits {
  return { hardBytes: 0, softBytes: 0, softSeconds: 0 }
}

export interface ConnectionStats {
  connectionsReceived: number
  connectionsRejected: number
  acceptErrors: number
  bytesIn: number
  bytesOut: number
  requests: number
  protocolErrors: number
  internalErrors: number
  queryLimitDisconnections: number
  outputLimitDisconnections: number
  idleDisconnections: number
  slowRequestDisconnections: number
}

export function newConnectionStats(): ConnectionStats {
  return {
    connectionsReceived: 0,
    connectionsRejected: 0,
    acceptErrors: 0,
    bytesIn: 0,
    bytesOut: 0,
    requests: 0,
    protocolErrors: 0,
    internalErrors: 0,
    queryLimitDisconnections: 0,
    outputLimitDisconnections: 0,
    idleDisconnections: 0,
    slowRequestDisconnections: 0,
  }
}
