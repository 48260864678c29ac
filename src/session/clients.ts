/**
 * Clients [Machine]: every connected session by its id, the filters of CLIENT LIST and KILL, figures for INFO, and
 * the requests that CLIENT PAUSE holds back. A held request is kept as it came and run when the pause is over.
 * It closes nothing and runs nothing itself.
 */
import type { Args } from '../../resp/index.ts'
import { type ClientType, typeOfSession } from './client-line.ts'
import { keepArgs } from './kept-args.ts'
import type { Session } from './session.ts'

/** What CLIENT KILL asks for; undefined: any. */
export interface ClientFilter {
  readonly id: number | undefined
  readonly address: string | undefined
  readonly localAddress: string | undefined
  readonly type: ClientType | undefined
  readonly userName: string | undefined
}

export interface ClientFigures {
  connected: number
  blocked: number
  subscribed: number
  inputBytesMax: number
  outputBytesMax: number
  inputBytes: number
  outputBytes: number
}

export class Clients {
  readonly #byId = new Map<number, Session>()
  readonly #held = new Map<Session, Args>()

  get count(): number {
    return this.#byId.size
  }

  /** Sessions whose request waits for the end of a pause. */
  get heldCount(): number {
    return this.#held.size
  }

  add(session: Session): void {
    this.#byId.set(session.id, session)
  }

  remove(session: Session): void {
    this.#byId.delete(session.id)
    this.#held.delete(session)
  }

  get(id: number): Session | undefined {
    return this.#byId.get(id)
  }

  /** In the order they came. */
  all(): IterableIterator<Session> {
    return this.#byId.values()
  }

  matching(filter: ClientFilter): Session[] {
    const found: Session[] = []
    for (const session of this.#byId.values()) if (matches(session, filter)) found.push(session)
    return found
  }

  figures(): ClientFigures {
    const figures = {
      connected: this.#byId.size,
      blocked: 0,
      subscribed: 0,
      inputBytesMax: 0,
      outputBytesMax: 0,
      inputBytes: 0,
      outputBytes: 0,
    }
    for (const session of this.#byId.values()) {
      const { bufferBytes, queuedBytes } = session.link
      if (session.isBlocked) figures.blocked++
      if (session.subscriptions !== null) figures.subscribed++
      figures.inputBytes += bufferBytes
      figures.outputBytes += queuedBytes
      figures.inputBytesMax = Math.max(figures.inputBytesMax, bufferBytes)
      figures.outputBytesMax = Math.max(figures.outputBytesMax, queuedBytes)
    }
    return figures
  }

  /** Keeps a paused session's request; the session parses no further until `releaseHeld`. */
  hold(session: Session, args: Args): void {
    this.#held.set(session, keepArgs(args))
    session.isBlocked = true
    session.link.block()
  }

  /** The pause is over: runs what was held, in the order it came. What is held meanwhile waits for the next time. */
  releaseHeld(run: (session: Session, args: Args) => void): void {
    const held = [...this.#held]
    this.#held.clear()
    for (const [session, args] of held) {
      session.isBlocked = false
      session.link.unblock()
      run(session, args)
      session.link.markDirty()
    }
  }
}

function matches(session: Session, filter: ClientFilter): boolean {
  return (
    (filter.id === undefined || session.id === filter.id) &&
    (filter.address === undefined || session.link.remoteAddress === filter.address) &&
    (filter.localAddress === undefined || session.link.localAddress === filter.localAddress) &&
    (filter.type === undefined || typeOfSession(session) === filter.type) &&
    (filter.userName === undefined || session.userName === filter.userName)
  )
}
