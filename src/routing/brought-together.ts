/**
 * Brought together [Machine]: reads over keys of several nodes that cannot be split (SINTER, ZUNION, LCS and their
 * like). The whole entries are fetched from the nodes that act for them into a store of their own, the command runs
 * there, and the store is emptied again.
 *
 * Each entry is as its node had it when it was asked; the entries together are of no single moment. It is made for
 * values that fit a frame; the store is built when it is first needed.
 */
import type { Args } from '../../resp/index.ts'
import { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { CommandTable } from '../commands/command-table.ts'
import { Replay } from '../commands/replay.ts'
import { keepArgs } from '../session/kept-args.ts'
import type { NodeState } from '../session/node-state.ts'
import { ownSession } from '../session/own-session.ts'
import type { Session } from '../session/session.ts'
import { Waiters } from '../session/waiters.ts'
import { Watches } from '../session/watches.ts'
import { ByteReader } from '../store/byte-writer.ts'
import { EffectLog } from '../store/effect-log.ts'
import { Keyspace } from '../store/keyspace.ts'
import { ENTRIES } from './distant-requests.ts'
import { mannersByte } from './forward-body.ts'
import { HeldPlace } from './held-place.ts'
import { errorReply } from './joined-replies.ts'
import { KeyQuestion, type KeyQuestionParts } from './key-question.ts'
import type { RequestKeys } from './request-keys.ts'

/** What the entries of one request may take together. */
const BYTES_MAX = 64 * 1024 * 1024
const TOO_LARGE = 'ERR the values are too large to be brought together from several nodes'
const BROKEN = 'ERR a value could not be brought here from its node'

export interface BroughtTogetherParts extends KeyQuestionParts {
  readonly node: NodeState
  readonly table: CommandTable
  readonly wallMs: () => number
}

export class BroughtTogether {
  readonly #parts: BroughtTogetherParts
  #bench: Bench | null = null

  constructor(parts: BroughtTogetherParts) {
    this.#parts = parts
  }

  read(session: Session, row: CommandRow, args: Args, requestKeys: RequestKeys): void {
    const place = new HeldPlace(session)
    const { database, protocol } = session
    const kept = keepArgs(args)
    const names = new Set(requestKeys.positions.map((i) => args.text(i)))
    const keys = [...names].map((name) => Buffer.from(name, 'latin1'))
    const question = { name: ENTRIES, keys, database, manners: mannersByte(session) }
    const asked = new KeyQuestion(this.#parts, question, (error, entries) => {
      if (error !== undefined) return place.fill(error)
      const bytes = entries.reduce((sum, entry) => sum + entry.length, 0)
      if (bytes > BYTES_MAX) return place.fill(errorReply(TOO_LARGE))
      this.#bench ??= new Bench(this.#parts.node, this.#parts.table)
      place.fill(this.#bench.run(row, kept, entries, database, protocol, this.#parts.wallMs()))
    })
    if (asked.isWaiting) place.hold()
  }
}

/** A store beside the node's own, and all a command needs to run on it. */
class Bench {
  readonly #space: Keyspace
  readonly #replay: Replay
  readonly #call: Call
  readonly #node: NodeState

  constructor(node: NodeState, table: CommandTable) {
    this.#node = node
    this.#space = new Keyspace(node.space.secret)
    const own: NodeState = {
      ...node,
      space: this.#space,
      waiters: new Waiters(this.#space),
      watches: new Watches(this.#space),
      notifyFlags: 0,
      router: null,
      servedSlots: null,
    }
    this.#replay = new Replay(own, table)
    this.#call = new Call(own, this.#space, new EffectLog(this.#space), ownSession(), table.rows[0]!, table)
  }

  run(
    row: CommandRow,
    args: Args,
    entries: readonly Buffer[],
    database: number,
    protocol: 2 | 3,
    nowMs: number,
  ): Buffer {
    const space = this.#space
    const call = this.#call
    const { writer } = call.session
    space.nowMs = nowMs
    let isSound = true
    for (const entry of entries) isSound &&= this.#take(entry, nowMs)
    call.args = args
    call.row = row
    call.nowMs = nowMs
    call.mayBlock = false
    call.database = this.#node.space.databaseMap[database]!
    writer.protocol = protocol
    if (isSound) row.handler(call)
    else writer.error(BROKEN)
    const reply = Buffer.from(writer.bytes.subarray(0, writer.length))
    writer.reset(true)
    space.clear(-1)
    return reply
  }

  /** Nothing is sent for a key that is not there. */
  #take(entry: Buffer, nowMs: number): boolean {
    return (
      entry.length === 0 || this.#replay.apply(new ByteReader(entry, 0, entry.length), nowMs) === 'applied'
    )
  }
}
