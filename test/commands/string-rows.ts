/*
 * Runs string and bitmap rows on a keyspace of their own, without a server: requests in, raw replies, events and
 * effects out. It checks neither arity nor flags. Shape: machine, for tests only.
 */
import { Args } from '../../resp/index.ts'
import { bitfieldCommands } from '../../src/commands/bitfield.ts'
import { bitCommands } from '../../src/commands/bits.ts'
import { Call } from '../../src/commands/call.ts'
import { CommandRow } from '../../src/commands/command-row.ts'
import type { CommandTable } from '../../src/commands/command-table.ts'
import { stringCommands } from '../../src/commands/strings.ts'
import type { NodeState } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import type { EffectLog } from '../../src/store/effect-log.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'
import { stringValueType } from '../../src/store/string.ts'

export class StringRows {
  readonly space = new Keyspace(hashSecret(() => 12345))
  events: string[] = []
  effects: string[] = []
  longestStringBytes = 536870912
  nowMs = 1_700_000_000_000
  readonly #session = ownSession()
  readonly #rows = new Map<string, CommandRow>()
  readonly #call: Call

  constructor() {
    const numbers = { next: 0 }
    for (const command of [...stringCommands, ...bitCommands, ...bitfieldCommands]) {
      this.#rows.set(command.name, new CommandRow(command, undefined, numbers))
    }
    const node = {
      config: { number: () => this.longestStringBytes },
      notifyFlags: -1,
      notifyKeyspace: (
        _class: number,
        event: string,
        _database: number,
        key: Buffer,
        start: number,
        end: number,
      ) => {
        this.events.push(`${event} ${key.toString('latin1', start, end)}`)
      },
    }
    const log = {
      put: (ref: number) => this.effects.push(`put ${this.keyOf(ref)}`),
      expire: (ref: number) =>
        this.effects.push(`expire ${this.keyOf(ref)} ${this.space.entries.expiryOf(ref)}`),
      remove: (_database: number, key: Buffer, start: number, end: number) =>
        this.effects.push(`remove ${key.toString('latin1', start, end)}`),
    }
    const row = this.#rows.get('set')!
    // String rows look up no other command.
    const table = undefined as unknown as CommandTable
    this.#call = new Call(
      node as unknown as NodeState,
      this.space,
      log as unknown as EffectLog,
      this.#session,
      row,
      table,
    )
  }

  /** The raw reply of one request. */
  run(...parts: (string | Buffer | number)[]): string {
    const call = this.#call
    const args = Args.from(...parts)
    const row = this.#rows.get(args.text(0).toLowerCase())!
    call.row = row
    call.args = args
    call.nowMs = this.nowMs
    this.space.nowMs = this.nowMs
    row.handler(call)
    const reply = call.reply.detach().toString('latin1')
    call.reply.reset(true)
    return reply
  }

  ref(key: string): number {
    const bytes = Buffer.from(key, 'latin1')
    return this.space.peek(0, bytes, 0, bytes.length)
  }

  encoding(key: string): string {
    return stringValueType.encoding(this.space, this.ref(key))
  }

  expiryMs(key: string): number {
    return this.space.entries.expiryOf(this.ref(key))
  }

  keyOf(ref: number): string {
    const entries = this.space.entries
    const start = entries.keyStart(ref)
    return entries.keyBuffer(ref).toString('latin1', start, start + entries.keyLength(ref))
  }

  removeAll(): void {
    this.space.clear(-1)
  }
}
