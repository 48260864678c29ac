/**
 * Bench [Machine]: a store beside the node's own, on which a command runs over entries that were brought here from
 * several nodes. It is emptied again after each. What the command has made under one key can be taken away as an entry,
 * with the events it would have told of.
 */
import type { Args } from '../../resp/index.ts'
import { Call, NOTIFY_KEY_MISS } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { CommandTable } from '../commands/command-table.ts'
import { Replay } from '../commands/replay.ts'
import type { NodeState } from '../session/node-state.ts'
import { ownSession } from '../session/own-session.ts'
import { Waiters } from '../session/waiters.ts'
import { Watches } from '../session/watches.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { EffectLog } from '../store/effect-log.ts'
import { writeEntry } from '../store/entry-codec.ts'
import { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { wordOf } from './key-standing.ts'

const BROKEN = 'ERR a value could not be brought here from its node'
const EVERY_EVENT = -1

export interface BenchWork {
  readonly row: CommandRow
  readonly args: Args
  /** As owners send them; none for a key that is not there. */
  readonly entries: readonly Buffer[]
  /** Logical. */
  readonly database: number
  readonly protocol: 2 | 3
}

/** A key in a logical database, and what is told of it. */
export interface BenchKey {
  readonly database: number
  readonly key: Buffer
}

export interface KeyEvent {
  readonly eventClass: number
  readonly name: string
}

interface Heard extends KeyEvent {
  readonly database: number
  readonly key: Buffer
}

export class Bench {
  readonly #space: Keyspace
  readonly #replay: Replay
  readonly #call: Call
  readonly #node: NodeState
  readonly #wallMs: () => number
  readonly #standing: Standing
  #heard: Heard[] = []

  constructor(node: NodeState, table: CommandTable, wallMs: () => number) {
    this.#node = node
    this.#wallMs = wallMs
    this.#space = new Keyspace(node.space.secret)
    const own: NodeState = {
      ...node,
      space: this.#space,
      waiters: new Waiters(this.#space),
      watches: new Watches(this.#space),
      notifyFlags: EVERY_EVENT,
      router: null,
      servedSlots: null,
      notifyKeyspace: (eventClass, name, database, key, start, end) => {
        this.#heard.push({ eventClass, name, database, key: Buffer.from(key.subarray(start, end)) })
      },
    }
    this.#replay = new Replay(own, table)
    this.#call = new Call(own, this.#space, new EffectLog(this.#space), ownSession(), table.rows[0]!, table)
    this.#standing = new Standing(this.#space)
  }

  /** The reply, or the error when an entry is broken. What was made stays until `clear`. */
  run({ args, database, entries, protocol, row }: BenchWork): Buffer {
    const space = this.#space
    const call = this.#call
    const { writer } = call.session
    const isSound = this.#load(entries)
    call.args = args
    call.row = row
    call.nowMs = space.nowMs
    call.mayBlock = false
    call.database = space.databaseMap[database]!
    writer.protocol = protocol
    if (isSound) row.handler(call)
    else writer.error(BROKEN)
    const reply = Buffer.from(writer.bytes.subarray(0, writer.length))
    writer.reset(true)
    return reply
  }

  /** Keys that only these values tell, each once; what the command reads beside the entries. */
  keysNamedBy({ args, database, entries, row }: BenchWork): Buffer[] {
    const call = this.#call
    const names = new Set<string>()
    if (row.namedByValues === undefined || !this.#load(entries)) return []
    call.args = args
    call.row = row
    call.database = this.#space.databaseMap[database]!
    row.namedByValues.keys(call, (key) => names.add(key.toString('latin1')))
    this.clear()
    return [...names].map((name) => Buffer.from(name, 'latin1'))
  }

  /** How a key stands among these entries, as its node sees it. */
  standingOf(entries: readonly Buffer[], { database, key }: BenchKey): string {
    this.#load(entries)
    this.#standing.look(this.#space.databaseMap[database]!, key, 0, key.length)
    this.clear()
    return wordOf(this.#standing)
  }

  /** The key's entry as the command has left it; empty: it has none. */
  entryOf({ database, key }: BenchKey): Buffer {
    const space = this.#space
    const ref = space.peek(space.databaseMap[database]!, key, 0, key.length)
    const out = new ByteWriter()
    if (ref !== 0) writeEntry(space, ref, out)
    return out.bytes.subarray(0, out.length)
  }

  /** What the command would have told of the key. */
  eventsOf({ database, key }: BenchKey): readonly KeyEvent[] {
    const physical = this.#space.databaseMap[database]!
    return this.#heard.filter((heard) => {
      return heard.eventClass !== NOTIFY_KEY_MISS && heard.database === physical && heard.key.equals(key)
    })
  }

  clear(): void {
    this.#heard = []
    this.#space.clear(-1)
  }

  #load(entries: readonly Buffer[]): boolean {
    const { space } = this.#node
    this.#space.databaseMap.set(space.databaseMap)
    Object.assign(this.#space.limits, space.limits)
    this.#space.nowMs = this.#wallMs()
    return entries.every((entry) => this.#take(entry))
  }

  /** Nothing is sent for a key that is not there. */
  #take(entry: Buffer): boolean {
    const input = new ByteReader(entry, 0, entry.length)
    return entry.length === 0 || this.#replay.apply(input, this.#space.nowMs) === 'applied'
  }
}
