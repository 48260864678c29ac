/**
 * Execute [Machine]: runs one row for one session and settles everything around it: statistics, slow log, the
 * effect of `self` rows, error counts, keys that became ready for waiters. The only caller of handlers.
 *
 * Timing: rows that are cheap and constant are timed in runs (two clock readings for a whole pipeline of SETs);
 * all others one by one, which is what the slow log and the latency monitor look at.
 */
import type { Args } from '../../resp/index.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import type { Call } from './call.ts'
import { ADMIN, SKIP_MONITOR, SKIP_SLOWLOG, WRITE } from './command.ts'
import type { CommandRow } from './command-row.ts'

const RUN_CALLS_MAX = 256
const SMALL_REQUEST_BYTES = 65536
const ERROR_MARK = 45

export class Executor {
  readonly call: Call
  readonly #node: NodeState
  #runRow: CommandRow | null = null
  #runCalls = 0
  #runStartUs = 0
  /** Nested runs (EXEC's queue) are timed as part of their own rows, not of the outer one. */
  #depth = 0

  constructor(node: NodeState, call: Call) {
    this.#node = node
    this.call = call
  }

  beginTurn(nowMs: number): void {
    this.endTurn()
    this.call.nowMs = nowMs
    this.call.space.nowMs = nowMs
  }

  /** Books the run of cheap calls that is still open. */
  endTurn(): void {
    const row = this.#runRow
    if (row === null) return
    this.#runRow = null
    this.#node.statistics.add(row.number, this.#runCalls, this.#node.ports.monotonicUs() - this.#runStartUs)
    this.#runCalls = 0
  }

  /** Runs a request as it came from its client and shows it to the monitors. */
  serve(session: Session, row: CommandRow, args: Args, mayBlock: boolean): void {
    this.execute(session, row, args, mayBlock)
    if (this.#node.monitors.count !== 0) this.show(session, row, args)
  }

  /** To the monitors: what this node's own clients have sent, wherever it runs. */
  show(session: Session, row: CommandRow, args: Args): void {
    if (session.isProxied || (row.flags & (SKIP_MONITOR | ADMIN)) !== 0 || row.name === 'quit') return
    this.#node.monitors.feed(session, args, this.call.nowMs)
  }

  /** Runs the row; answers false when the session was parked instead of answered. */
  execute(session: Session, row: CommandRow, args: Args, mayBlock: boolean): boolean {
    const call = this.call
    const writer = session.writer
    const before = writer.length
    // Storing an object into an old one costs a barrier: only what differs is stored.
    if (call.session !== session) {
      call.session = session
      call.reply = writer
    }
    if (call.args !== args) call.args = args
    if (call.row !== row) call.row = row
    call.database = call.space.databaseMap[session.database]!
    call.mayBlock = mayBlock
    call.isBlocked = false
    if (row.isTimedInRuns && this.#depth === 0 && this.#isSmall(args)) this.#executeInRun(call, row, args)
    else this.#executeTimed(call, row, args)
    if (writer.length > before && writer.bytes[before] === ERROR_MARK) this.#countError(row, session, before)
    return !call.isBlocked
  }

  /** A row inside another's run (EXEC): the outer command's view of the call is put back afterwards. */
  executeQueued(session: Session, row: CommandRow, args: Args): void {
    const call = this.call
    const { args: outerArgs, row: outerRow } = call
    this.serve(session, row, args, false)
    call.args = outerArgs
    call.row = outerRow
    call.mayBlock = true
    call.isBlocked = false
  }

  /** Cheap commands are timed one by one when their arguments are large or the slow log wants to see them all. */
  #isSmall(args: Args): boolean {
    return args.requestEnd - args.requestStart < SMALL_REQUEST_BYTES && !this.#node.slowLog.wantsCheapCommands
  }

  #executeInRun(call: Call, row: CommandRow, args: Args): void {
    if (row !== this.#runRow || this.#runCalls >= RUN_CALLS_MAX) {
      this.endTurn()
      this.#runRow = row
      this.#runStartUs = this.#node.ports.monotonicUs()
    }
    this.#runCalls++
    this.#invoke(call, row, args)
  }

  #executeTimed(call: Call, row: CommandRow, args: Args): void {
    this.endTurn()
    this.#depth++
    const session = call.session
    const startUs = this.#node.ports.monotonicUs()
    try {
      this.#invoke(call, row, args)
    } finally {
      this.#depth--
    }
    const elapsedUs = this.#node.ports.monotonicUs() - startUs
    if (!call.isBlocked) this.#node.statistics.add(row.number, 1, elapsedUs)
    if ((row.flags & SKIP_SLOWLOG) === 0) this.#node.slowLog.consider(elapsedUs, session, args, call.nowMs)
    if (elapsedUs > 1000) {
      this.#node.latency.sample('command', elapsedUs / 1000, call.nowMs)
      // A slow command must not leave its successors with a stale clock.
      if (this.#depth === 0) this.beginTurn(this.#node.ports.wallMs())
    }
  }

  #invoke(call: Call, row: CommandRow, args: Args): void {
    const { reply } = call
    const before = reply.length
    const changesBefore = call.space.changes
    row.handler(call)
    if (call.space.changes !== changesBefore) {
      if (row.isSelfEffect && call.effects.isOn) call.effects.self(call.database, args)
    } else if ((row.flags & WRITE) !== 0 && !call.isBlocked && reply.bytes[before] !== ERROR_MARK)
      this.#node.router?.onIdle(call.session, row, args)
  }

  #countError(row: CommandRow, session: Session, at: number): void {
    const bytes = session.writer.bytes
    let end = at + 1
    const limit = Math.min(session.writer.length, at + 33)
    while (end < limit && bytes[end] !== 32 && bytes[end] !== 13) end++
    this.#node.statistics.countError(bytes.toString('latin1', at + 1, end))
    this.#node.statistics.failedCalls[row.number]!++
  }
}
