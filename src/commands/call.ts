/**
 * Call [Machine]: everything one running command may touch. One object serves every command of the node; the
 * executor refills it, so nothing is allocated per command. Handlers read `args`, act on `space`, write `reply`,
 * name their `effects`. They never see sockets, nodes or promises.
 */
import { Args, type ReplyWriter } from '../../resp/index.ts'
import {
  EVENT_GENERIC as NOTIFY_GENERIC,
  EVENT_KEY_MISS as NOTIFY_KEY_MISS,
} from '../config/keyspace-events.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import type { EffectLog } from '../store/effect-log.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { readBigInteger, readFloat, readInteger, WRONG_TYPE } from './arguments.ts'
import type { CommandRow } from './command-row.ts'
import type { CommandTable } from './command-table.ts'

export {
  EVENT_GENERIC as NOTIFY_GENERIC,
  EVENT_HASH as NOTIFY_HASH,
  EVENT_KEY_MISS as NOTIFY_KEY_MISS,
  EVENT_LIST as NOTIFY_LIST,
  EVENT_SET as NOTIFY_SET,
  EVENT_SORTED_SET as NOTIFY_SORTED_SET,
  EVENT_STRING as NOTIFY_STRING,
} from '../config/keyspace-events.ts'

/** Answer of `findTyped` when the key holds another type; the error reply is already written. */
export const WRONG_TYPE_REF = -1

export class Call {
  readonly node: NodeState
  readonly space: Keyspace
  readonly effects: EffectLog
  /** All rows, for COMMAND and for rows that run others. */
  readonly table: CommandTable
  args: Args
  reply: ReplyWriter
  session: Session
  row: CommandRow
  /** Physical database of the running command (see Keyspace databases). */
  database = 0
  nowMs = 0
  /** False inside MULTI and in replays: blocking commands answer at once. */
  mayBlock = true
  /** Set by `block`: no reply was written, the session waits. */
  isBlocked = false

  constructor(
    node: NodeState,
    space: Keyspace,
    effects: EffectLog,
    session: Session,
    row: CommandRow,
    table: CommandTable,
  ) {
    this.node = node
    this.space = space
    this.effects = effects
    this.table = table
    this.session = session
    this.args = new Args()
    this.reply = session.writer
    this.row = row
  }

  /** Entry of the key at argument i for reading (counts hit/miss), or 0. */
  find(i: number): number {
    const args = this.args
    const ref = this.space.lookupRead(this.database, args.bytes, args.starts[i]!, args.ends[i]!)
    if (ref === 0) this.notify(NOTIFY_KEY_MISS, 'keymiss', i)
    return ref
  }

  findForWrite(i: number): number {
    const args = this.args
    return this.space.lookupWrite(this.database, args.bytes, args.starts[i]!, args.ends[i]!)
  }

  /** Neither statistics nor access clock move (TTL, TYPE, OBJECT ...). */
  peek(i: number): number {
    const args = this.args
    return this.space.peek(this.database, args.bytes, args.starts[i]!, args.ends[i]!)
  }

  /** As `find`, but of one type: 0 when there is no key, WRONG_TYPE_REF (error replied) when it is another type. */
  findTyped(i: number, type: number): number {
    return this.#checked(this.find(i), type)
  }

  findTypedForWrite(i: number, type: number): number {
    return this.#checked(this.findForWrite(i), type)
  }

  /** Makes the entry of the key at argument i, which a lookup just now did not find. Fill it, then `space.changed`. */
  create(i: number, type: number, valueLength: number): number {
    const args = this.args
    return this.space.create(this.database, type, args.bytes, args.starts[i]!, args.ends[i]!, valueLength)
  }

  /** Removes the entry as a command does: the change, its effect (declared rows) and the `del` event. */
  removeEntry(ref: number, i: number): void {
    const args = this.args
    this.space.remove(ref)
    this.effects.remove(this.database, args.bytes, args.starts[i]!, args.ends[i]!)
    this.notify(NOTIFY_GENERIC, 'del', i)
  }

  integer(i: number): number {
    const args = this.args
    return readInteger(args.bytes, args.starts[i]!, args.ends[i]!)
  }

  bigInteger(i: number): bigint | undefined {
    const args = this.args
    return readBigInteger(args.bytes, args.starts[i]!, args.ends[i]!)
  }

  float(i: number): number {
    const args = this.args
    return readFloat(args.bytes, args.starts[i]!, args.ends[i]!)
  }

  /** Keyspace event for the key at argument i; costs one comparison when notifications are off. */
  notify(eventClass: number, event: string, i: number): void {
    if ((this.node.notifyFlags & eventClass) === 0) return
    const args = this.args
    this.node.notifyKeyspace(eventClass, event, this.database, args.bytes, args.starts[i]!, args.ends[i]!)
  }

  /**
   * Parks the session until one of the keys at arguments first..last (step 1) holds `type` and the command, run
   * again, answers; or until `timeoutMs` (0 = for ever) passes and the client gets `onTimeout`.
   */
  block(first: number, last: number, type: number, timeoutMs: number, onTimeout: 'nil' | 'nil-array'): void {
    this.isBlocked = true
    this.node.waiters.park(
      this.session,
      this.row,
      this.args,
      this.database,
      first,
      last,
      type,
      timeoutMs,
      onTimeout,
    )
  }

  #checked(ref: number, type: number): number {
    if (ref === 0 || this.space.entries.typeOf(ref) === type) return ref
    this.reply.error(WRONG_TYPE)
    return WRONG_TYPE_REF
  }
}
