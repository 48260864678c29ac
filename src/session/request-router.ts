/**
 * Request router [Data]: what dispatch asks of the mesh, when there is one, around each request that touches keys. In a
 * node that stands alone there is none, and dispatch asks nothing.
 */
import type { Args } from '../../resp/index.ts'
import type { Session } from './session.ts'

/** What a router reads of a command's row. */
export interface RoutedRow {
  readonly fullName: string
  readonly flags: number
  readonly arity: number
  readonly keys: { readonly first: number; readonly last: number; readonly step: number }
  readonly findKeys: unknown
  readonly spread: string | undefined
  readonly gather: string | undefined
}

export interface RequestRouter {
  /** True: run it here and now. False: it is taken care of, forwarded, kept for later, spread or refused. */
  admits(session: Session, row: RoutedRow, args: Args): boolean
  /** Of a request that was not admitted: it runs elsewhere or in steps, and was neither refused (from `replyPlace` on) nor kept. */
  hasTakenOver(session: Session, replyPlace: number): boolean
  /** Does another node act for any of the request's keys? */
  hasKeysElsewhere(row: RoutedRow, args: Args): boolean
  /** Why this request cannot join the session's open transaction, or undefined. */
  refusesQueued(session: Session, row: RoutedRow, args: Args): string | undefined
  /** What the session's last request has changed is on its way to the other owners; its reply begins at this place. */
  onWritten(session: Session, replyPlace: number): void
  /** A command that may write has run here and changed nothing. */
  onIdle(session: Session, row: RoutedRow, args: Args): void
  /** Did anything since the last call of `onWritten` leave effects, or an answer that others may have to confirm? */
  readonly hasWritten: boolean
  /** What was written outside a client's request (expiry, eviction, a woken client that is gone): nobody waits for it. */
  forgetWritten(): void
  onTurnStart(): void
  onTurnEnd(session: Session): void
  /** CLIENT UNBLOCK; false: the session does not wait for another node. */
  unblock(session: Session, withError: boolean): boolean
  /** How many other owners have each of the session's writes by the time its reply leaves. */
  acknowledgements(session: Session): number
  /** The client is gone. */
  forget(session: Session): void
}
