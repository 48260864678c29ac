/**
 * Dispatch [Machine]: the hallway every request enters: bytes -> row -> checks -> run, queue, park or refuse. Checks
 * come in Redis' order, so that the same error wins.
 */
import type { Args } from '../../resp/index.ts'
import { refusesWhileSubscribed } from '../session/channels.ts'
import type { NodeState } from '../session/node-state.ts'
import type { RequestRouter } from '../session/request-router.ts'
import type { Session } from '../session/session.ts'
import type { Transaction } from '../session/transaction.ts'
import type { Eviction } from '../store/eviction.ts'
import { DENYOOM, MAY_REPLICATE, NO_AUTH, NO_MULTI, PUBSUB, READONLY, WRITE } from './command.ts'
import type { CommandRow } from './command-row.ts'
import type { CommandTable } from './command-table.ts'
import type { Executor } from './execute.ts'

const NO_AUTH_ERROR = 'NOAUTH Authentication required.'
const MONITOR_ERROR = "ERR Replica can't interact with the keyspace"
const OUT_OF_MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
/** Rows that a transaction obeys at once instead of queueing them. */
const RUNS_INSIDE_MULTI = new Set(['exec', 'discard', 'multi', 'watch', 'quit', 'reset'])
/** What is queued takes room as well; only these are taken in a transaction when there is none. */
const ENDS_MULTI = new Set(['exec', 'discard', 'quit', 'reset'])

export class Dispatch {
  readonly #node: NodeState
  readonly #table: CommandTable
  readonly #executor: Executor
  readonly #eviction: Eviction

  constructor(node: NodeState, table: CommandTable, executor: Executor, eviction: Eviction) {
    this.#node = node
    this.#table = table
    this.#executor = executor
    this.#eviction = eviction
  }

  onRequest(session: Session, args: Args): void {
    const before = session.writer.length
    const row = this.#admit(session, args)
    if (row !== null) {
      if (session.transaction !== null && !RUNS_INSIDE_MULTI.has(row.name)) this.#queue(session, row, args)
      else this.#run(session, row, args)
    }
    if (session.replyMode !== 'on') this.#mute(session, row, before)
  }

  /** Runs keys' waiters that the commands so far have made ready. */
  serveWaiters(): void {
    this.#node.waiters.serveReady((session, row, args, database) => {
      const kept = session.database
      session.database = this.#executor.call.space.logicalDatabase(database)
      const { length } = session.writer
      const hasAnswered = this.#executor.execute(session, row as CommandRow, args, true)
      session.database = kept
      const { router } = this.#node
      if (router?.hasWritten) {
        router.onWritten(session, length)
        router.onTurnEnd(session)
      }
      return hasAnswered
    })
  }

  /** Runs what CLIENT PAUSE held back. */
  endPause(): void {
    this.#node.pausedUntilMs = 0
    this.#node.clients.releaseHeld((session, args) => {
      this.onRequest(session, args)
      this.#node.router?.onTurnEnd(session)
    })
  }

  #run(session: Session, row: CommandRow, args: Args): void {
    const node = this.#node
    if (session.lastCommand !== row.fullName) session.lastCommand = row.fullName
    if (node.pausedUntilMs !== 0 && this.#isHeldByPause(session, row)) {
      node.clients.hold(session, args)
      return
    }
    const space = this.#executor.call.space
    space.touchesAccess = !session.isNoTouch
    const { router } = node
    if (router === null) this.#executor.serve(session, row, args, true)
    else if (!this.#runRouted(router, session, row, args)) return
    if (node.waiters.readyCount !== 0) this.serveWaiters()
    if (row.fullName === 'client|unpause') this.endPause()
  }

  /** Why nothing more may be stored now, or undefined. */
  refusesMemory(): string | undefined {
    return this.#eviction.isOverLimit() && !this.#makesRoom() ? OUT_OF_MEMORY : undefined
  }

  /** What was written for a session outside a row: its reply, from `length` on, claims it, and others may wait for it. */
  onWritten(session: Session, length: number): void {
    const { router, waiters } = this.#node
    if (router?.hasWritten) router.onWritten(session, length)
    if (waiters.readyCount !== 0) this.serveWaiters()
  }

  /** False: it does not run here, or not yet. */
  #runRouted(router: RequestRouter, session: Session, row: CommandRow, args: Args): boolean {
    const { length } = session.writer
    const { transaction } = session
    if (!router.admits(session, row, args)) {
      const isShown = this.#node.monitors.count !== 0 && router.hasTakenOver(session, length)
      if (isShown) this.#show(session, row, args, transaction)
      return false
    }
    this.#executor.serve(session, row, args, true)
    if (!router.hasWritten) return true
    // Who wants no reply is not told whether a write was confirmed.
    if (session.replyMode === 'on') router.onWritten(session, length)
    else router.forgetWritten()
    return true
  }

  /** What leaves for other nodes is seen by this one's monitors as if it had run here: a queue, and then its EXEC. */
  #show(session: Session, row: CommandRow, args: Args, transaction: Transaction | null): void {
    if (row.name === 'exec' && transaction !== null) {
      transaction.rewind()
      for (let queued = transaction.next(); queued !== undefined; queued = transaction.next()) {
        this.#executor.show(session, queued.row as CommandRow, queued.args)
      }
    }
    this.#executor.show(session, row, args)
  }

  #admit(session: Session, args: Args): CommandRow | null {
    const node = this.#node
    const found = this.#table.find(args)
    if (found === undefined) return this.#admitUnknown(session, args)
    let row = found
    if (row.subrows.size !== 0 && args.count > 1) {
      const sub = row.subrows.get(args.text(1).toLowerCase())
      if (sub === undefined) return this.#reject(session, row, unknownSubcommand(row, args))
      row = sub
    }
    if (row.arity > 0 ? args.count !== row.arity : args.count < -row.arity) {
      return this.#reject(session, row, `ERR wrong number of arguments for '${row.fullName}' command`)
    }
    const flags = row.flags
    if (!session.isAuthenticated && (flags & NO_AUTH) === 0) return this.#reject(session, row, NO_AUTH_ERROR)
    if ((flags & NO_MULTI) !== 0 && session.transaction !== null) {
      return this.#reject(session, row, 'ERR Command not allowed inside a transaction')
    }
    const fullness = this.refusesMemory()
    const isGrowth = (flags & DENYOOM) !== 0 || (session.transaction !== null && !ENDS_MULTI.has(row.name))
    const isRefused = fullness !== undefined && isGrowth
    // Room is needed where the command runs, and whoever that is looks for itself.
    if (isRefused && node.router?.hasKeysElsewhere(row, args) !== true) {
      return this.#reject(session, row, fullness)
    }
    if (session.subscriptions !== null) {
      const refusal = refusesWhileSubscribed(session, row.fullName)
      if (refusal !== undefined) return this.#reject(session, row, refusal)
    }
    if (session.isMonitor && (flags & (READONLY | WRITE | MAY_REPLICATE)) !== 0) {
      return this.#reject(session, row, MONITOR_ERROR)
    }
    return row
  }

  /** What has to go is no client's write: nobody's reply waits until other nodes have heard of it. */
  #makesRoom(): boolean {
    const isRoomMade = this.#eviction.makeRoom()
    this.#node.router?.forgetWritten()
    return isRoomMade
  }

  /** A web page made to send us requests begins with POST or Host: such a client is not answered but hung up on. */
  #admitUnknown(session: Session, args: Args): null {
    if (args.is(0, 'POST') || args.is(0, 'HOST:')) {
      this.#node.log.warning('possible cross-protocol attack: connection closed', {
        address: session.link.remoteAddress,
      })
      session.link.destroy('error')
      return null
    }
    return this.#reject(session, null, unknownCommand(args))
  }

  #reject(session: Session, row: CommandRow | null, error: string): null {
    const statistics = this.#node.statistics
    statistics.countError(error.slice(0, error.indexOf(' ')))
    if (row !== null) statistics.rejectedCalls[row.number]!++
    if (row !== null && row.name === 'exec') {
      session.writer.error(`EXECABORT Transaction discarded because of: ${error.replace(/^ERR /, '')}`)
      session.transaction = null
      this.#node.watches.unwatch(session)
      return null
    }
    session.writer.error(error)
    if (session.transaction !== null) session.transaction.hasError = true
    return null
  }

  #queue(session: Session, row: CommandRow, args: Args): void {
    session.lastCommand = row.fullName
    const refusal =
      this.#node.router?.refusesQueued(session, row, args) ?? session.transaction!.queue(row, args)
    if (refusal === undefined) session.writer.queued()
    else this.#reject(session, row, refusal)
  }

  #isHeldByPause(session: Session, row: CommandRow): boolean {
    const node = this.#node
    if (node.pausedUntilMs <= this.#executor.call.nowMs) {
      this.endPause()
      return false
    }
    if (row.name === 'client' || row.fullName.startsWith('client|') || row.name === 'quit') return false
    if (!node.pausesWritesOnly) return true
    if (row.name === 'exec') return session.transaction?.hasWrites ?? false
    return (row.flags & (WRITE | MAY_REPLICATE)) !== 0
  }

  /** CLIENT REPLY OFF and SKIP: what was written for this request is taken back. */
  #mute(session: Session, row: CommandRow | null, before: number): void {
    // Acknowledgements of subscriptions are messages, not replies.
    if (row !== null && (row.flags & PUBSUB) !== 0 && row.name !== 'publish' && row.name !== 'spublish')
      return
    if (session.replyMode === 'skip-next') session.replyMode = 'skip'
    else {
      if (session.replyMode === 'skip') session.replyMode = 'on'
      session.writer.truncate(before)
    }
  }
}

/** Text of the client's own words, cut and made printable as Redis does (%.128s). */
function unknownCommand(args: Args): string {
  let shown = ''
  for (let i = 1; i < args.count && shown.length < 128; i++) {
    shown += `'${printable(args, i, 128 - shown.length)}' `
  }
  return `ERR unknown command '${printable(args, 0, 128)}', with args beginning with: ${shown}`
}

function unknownSubcommand(row: CommandRow, args: Args): string {
  return `ERR unknown subcommand '${printable(args, 1, 128)}'. Try ${row.upperName} HELP.`
}

function printable(args: Args, i: number, lengthMax: number): string {
  const text = args.bytes.toString(
    'latin1',
    args.starts[i]!,
    Math.min(args.ends[i]!, args.starts[i]! + lengthMax),
  )
  const nul = text.indexOf('\0')
  return nul === -1 ? text : text.slice(0, nul)
}
