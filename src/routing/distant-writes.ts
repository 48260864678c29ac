/**
 * Distant writes [Machine]: a whole entry that another node has made for a key acted for here, or the key's removal.
 *
 *   store   key condition entry {class event}*   -> how the key stands then; nil: the condition does not hold
 *
 * The condition is `any`, `absent`, or a word that says how the key stood. What follows is a write like any other: confirmed
 * by the owners, told to those who listen, and seen by clients that wait for the key.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import { NOTIFY_GENERIC } from '../commands/call.ts'
import type { Dispatch } from '../commands/dispatch.ts'
import type { Session } from '../session/session.ts'
import { ByteReader } from '../store/byte-writer.ts'
import { readEntry } from '../store/entry-codec.ts'
import { Standing } from '../store/standing.ts'
import { wordOf } from './key-standing.ts'

export const STORE = 'MESH-STORE'
export const ANY = 'any'
export const ABSENT = 'absent'

const KEY = 1
const CONDITION = 2
const ENTRY = 3
const EVENTS = 4
const STAGING_MARK = Buffer.from('\0staging', 'latin1')
const BROKEN = 'ERR this is no entry'

export class DistantWrites {
  readonly #call: Call
  readonly #dispatch: Dispatch
  readonly #standing: Standing

  constructor(call: Call, dispatch: Dispatch) {
    this.#call = call
    this.#dispatch = dispatch
    this.#standing = new Standing(call.space)
  }

  /** The slot is served here, and can be written. */
  store(session: Session, args: Args): void {
    const { writer } = session
    const isRemoval = args.length(ENTRY) === 0
    const refusal = isRemoval ? undefined : this.#dispatch.refusesMemory()
    if (refusal !== undefined) return writer.error(refusal)
    const database = this.#call.space.databaseMap[session.database]!
    this.#look(database, args)
    const condition = args.text(CONDITION)
    const holds =
      condition === ABSENT ? this.#standing.here !== 'entry' : wordOf(this.#standing) === condition
    if (condition !== ANY && !holds) return writer.nil()
    const { length } = writer
    const isDone = isRemoval ? this.#remove(database, args) : this.#put(database, args)
    if (!isDone) return writer.error(BROKEN)
    this.#look(database, args)
    writer.bulkText(wordOf(this.#standing))
    this.#dispatch.onWritten(session, length)
  }

  #look(database: number, args: Args): void {
    this.#standing.look(database, args.bytes, args.starts[KEY]!, args.ends[KEY]!)
  }

  #remove(database: number, args: Args): true {
    const { effects, space } = this.#call
    const { ref } = this.#standing
    if (ref === 0) return true
    space.remove(ref)
    effects.remove(database, args.bytes, args.starts[KEY]!, args.ends[KEY]!)
    if (args.count > EVENTS) this.#tell(database, args)
    else this.#notify(NOTIFY_GENERIC, 'del', database, args)
    return true
  }

  /** The entry is read under another key first: what is there survives one that is broken. */
  #put(database: number, args: Args): boolean {
    const { effects, space } = this.#call
    const { observer } = space
    let staging = args.copy(KEY)
    do staging = Buffer.concat([staging, STAGING_MARK])
    while (space.peek(database, staging, 0, staging.length) !== 0)
    const input = new ByteReader(args.bytes, args.starts[ENTRY]!, args.ends[ENTRY]!)
    space.observer = null
    const staged = readEntry(space, database, staging, 0, staging.length, input)
    space.observer = observer
    if (staged === 0) return false
    this.#look(database, args)
    if (this.#standing.ref !== 0) space.remove(this.#standing.ref)
    const made = space.transfer(staged, database, args.bytes, args.starts[KEY]!, args.ends[KEY]!)
    space.remove(staged)
    space.changed(made)
    effects.put(made)
    this.#tell(database, args)
    return true
  }

  #tell(database: number, args: Args): void {
    for (let i = EVENTS; i + 1 < args.count; i += 2) {
      this.#notify(Number(args.text(i)), args.text(i + 1), database, args)
    }
  }

  #notify(eventClass: number, name: string, database: number, args: Args): void {
    const { node } = this.#call
    if ((node.notifyFlags & eventClass) === 0) return
    node.notifyKeyspace(eventClass, name, database, args.bytes, args.starts[KEY]!, args.ends[KEY]!)
  }
}
