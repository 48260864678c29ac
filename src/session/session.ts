/**
 * Session [Data]: what one client's conversation has agreed on so far. Rows change it; dispatch obeys it.
 * It holds no sockets: `writer` is where replies go, `link` is the face of its connection.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import type { Subscriptions } from './channels.ts'
import type { Transaction } from './transaction.ts'
import type { WatchList } from './watches.ts'

/** What rows may ask of the connection beneath a session. */
export interface SessionLink {
  /** Stop parsing this client's requests until `unblock` (blocking commands, CLIENT PAUSE). */
  block(): void
  unblock(): void
  /** Output was written outside this client's own request: flush it at the end of the turn. */
  markDirty(): void
  /** Keeps the place of a reply that is not known yet, or of one written from `length` on; later ones wait behind it. */
  openSlot(length?: number): number
  /** How far behind an open place the reply lies that was written from `length` on. */
  distanceFrom(slot: number, length: number): number
  /** Gives a place its reply; no bytes at all if it only held back what follows. */
  fillSlot(slot: number, reply: Buffer): void
  /** The same for a reply that is bytes[start, end). */
  fillSpan(slot: number, bytes: Buffer, start: number, end: number): void
  /** Takes back replies that wait behind an open place, by their distances from it. */
  replaceReplies(slot: number, distances: readonly number[], error: Buffer): void
  closeAfterFlush(): void
  destroy(reason: string): void
  /** The client hears messages it did not ask for: other output limits apply, and no idle timeout. */
  listens(isListening: boolean): void
  /** Bytes waiting to be sent, and bytes received but not yet parsed (CLIENT LIST). */
  readonly queuedBytes: number
  readonly pendingBytes: number
  readonly bufferBytes: number
  readonly remoteAddress: string
  readonly localAddress: string
  readonly descriptor: number
}

/** MESH CONSISTENCY. */
export type Level = 'one' | 'quorum' | 'all'

export type ReplyMode = 'on' | 'off' | 'skip-next' | 'skip'

export class Session {
  readonly id: number
  readonly writer: ReplyWriter
  readonly link: SessionLink
  readonly createdMs: number
  name = ''
  libName = ''
  libVersion = ''
  /** Logical database (SELECT). */
  database = 0
  isAuthenticated = false
  userName = 'default'
  lastActiveMs: number
  /** Full name of the last command, `client|list` style; 'NULL' before the first. */
  lastCommand = 'NULL'
  replyMode: ReplyMode = 'on'
  isBlocked = false
  isMonitor = false
  isNoEvict = false
  isNoTouch = false
  /** READONLY: reads may be answered from this node's own copies. */
  isReadonly = false
  /** Requests another node has sent on for its client: run here or refused, never sent on again. */
  isProxied = false
  /** How many owners must have a write before it is answered, and are asked before a read is. */
  writeLevel: Level = 'quorum'
  readLevel: Level = 'one'
  /** Chosen by the client itself (MESH CONSISTENCY): no policy changes them. */
  hasOwnLevels = false
  isClosing = false
  /** Open MULTI, or null. */
  transaction: Transaction | null = null
  watches: WatchList | null = null
  subscriptions: Subscriptions | null = null

  constructor(id: number, writer: ReplyWriter, link: SessionLink, nowMs: number) {
    this.id = id
    this.writer = writer
    this.link = link
    this.createdMs = nowMs
    this.lastActiveMs = nowMs
  }

  get protocol(): 2 | 3 {
    return this.writer.protocol
  }
}
