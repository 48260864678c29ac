/**
 * Client conversation [Machine]: what one client's connection feeds its requests into. It opens and ends the turns of
 * everybody who has a part in answering. A class, and not a literal made by each connection: those would differ in
 * shape, and every request would pay for finding their members.
 */
import type { Args, Conversation, RequestScan } from '../resp/index.ts'
import type { Dispatch } from './commands/dispatch.ts'
import type { Executor } from './commands/execute.ts'
import type { NodeState } from './session/node-state.ts'
import type { Session } from './session/session.ts'
import type { LookAhead } from './store/look-ahead.ts'

export class ClientConversation implements Conversation {
  readonly #session: Session
  readonly #state: NodeState
  readonly #ahead: LookAhead
  readonly #dispatch: Dispatch
  readonly #executor: Executor

  constructor(session: Session, state: NodeState, ahead: LookAhead, dispatch: Dispatch, executor: Executor) {
    this.#session = session
    this.#state = state
    this.#ahead = ahead
    this.#dispatch = dispatch
    this.#executor = executor
  }

  get isAuthenticated(): boolean {
    return this.#session.isAuthenticated
  }

  onTurnStart(nowMs: number): void {
    this.#session.lastActiveMs = nowMs
    this.#executor.beginTurn(nowMs)
    this.#state.router?.onTurnStart()
  }

  onTurnEnd(): void {
    this.#executor.endTurn()
    this.#ahead.forget()
    this.#state.router?.onTurnEnd(this.#session)
  }

  onAhead(scan: RequestScan): void {
    this.#ahead.expect(scan)
  }

  onRequest(args: Args): void {
    this.#dispatch.onRequest(this.#session, args)
  }

  onClose(): void {
    const state = this.#state
    const session = this.#session
    state.clients.remove(session)
    state.channels.forget(session)
    state.watches.unwatch(session)
    state.waiters.forget(session)
    state.monitors.remove(session)
    state.router?.forget(session)
  }
}
