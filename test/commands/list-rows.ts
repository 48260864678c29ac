/*
 * Runs list rows for several clients on one keyspace, without a server: requests in, raw replies, events
 * and effects out. A client that waits answers '' until another request, or the clock, ends its wait.
 * Shape: machine, for tests.
 */
import { Args } from '../../resp/index.ts'
import { Call } from '../../src/commands/call.ts'
import type { Command } from '../../src/commands/command.ts'
import { listCommands } from '../../src/commands/lists.ts'
import { stringCommands } from '../../src/commands/strings.ts'
import type { NodeState } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import type { Session } from '../../src/session/session.ts'
import { Waiters } from '../../src/session/waiters.ts'
import type { EffectLog } from '../../src/store/effect-log.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'

export class ListRows {
  readonly space = new Keyspace(hashSecret(() => 12345))
  readonly waiters = new Waiters<Command>(this.space)
  events: string[] = []
  effects: string[] = []
  mayBlock = true
  readonly #rows = new Map<string, Command>()
  readonly #sessions = new Map<string, Session>()
  readonly #call: Call

  constructor() {
    this.space.nowMs = 1_700_000_000_000
    for (const row of [...stringCommands, ...listCommands]) this.#rows.set(row.name, row)
    const notifyKeyspace = (
      _class: number,
      event: string,
      _database: number,
      key: Buffer,
      start: number,
      end: number,
    ) => {
      this.events.push(`${event} ${key.toString('latin1', start, end)}`)
    }
    const config = { number: () => 536870912 }
    const node = { config, waiters: this.waiters, notifyFlags: -1, notifyKeyspace }
    const effects = {
      isOn: true,
      put: () => this.effects.push('put'),
      remove: (_db: number, key: Buffer, start: number, end: number) =>
        this.effects.push(`remove ${key.toString('latin1', start, end)}`),
      run: (_db: number, ...words: (string | Buffer)[]) =>
        this.effects.push(words.map((word) => word.toString('latin1')).join(' ')),
    }
    const row = listCommands[0] as unknown as Call['row']
    this.#call = new Call(
      node as unknown as NodeState,
      this.space,
      effects as unknown as EffectLog,
      ownSession(),
      row,
      undefined as unknown as Call['table'],
    )
    this.space.observer = {
      onCreated: null,
      onChanged: (database, ref) => {
        if (this.waiters.count > 0) this.waiters.onKeyChanged(database, ref, this.space.entries.typeOf(ref))
      },
      onRemoved() {},
    }
  }

  client(name: string): Session {
    const known = this.#sessions.get(name)
    if (known !== undefined) return known
    const session = ownSession()
    this.#sessions.set(name, session)
    return session
  }

  /** The raw reply of a request of the first client, or of another one: `c2> BLPOP k 0`. */
  run(line: string): string {
    const from = /^(c\d)> (.*)$/.exec(line)
    const words = (from?.[2] ?? line).split(' ')
    return this.send(from?.[1] ?? 'c1', ...words)
  }

  send(name: string, ...words: (string | Buffer)[]): string {
    this.execute(name, ...words)
    this.serve()
    return this.reply(name)
  }

  /** Runs a request without serving who waits, as inside a transaction. */
  execute(name: string, ...words: (string | Buffer)[]): void {
    const args = Args.from(...words)
    this.#invoke(this.client(name), this.#rows.get(args.text(0).toLowerCase())!, args)
  }

  serve(): void {
    this.waiters.serveReady((session, row, args) => this.#invoke(session, row, args))
  }

  /** What the client has been answered since last asked. */
  reply(name: string): string {
    const writer = this.client(name).writer
    const reply = writer.detach().toString('latin1')
    writer.reset(true)
    return reply
  }

  elements(key: string): string {
    const reply = this.run(`LRANGE ${key} 0 -1`)
    return reply
      .replace(/^\*.*\r\n|\$\d+\r\n/gm, '')
      .replaceAll('\r\n', ' ')
      .trimEnd()
  }

  #invoke(session: Session, row: Command, args: Args): boolean {
    const call = this.#call
    call.session = session
    call.reply = session.writer
    call.args = args
    call.row = row as unknown as Call['row']
    call.nowMs = this.space.nowMs
    call.mayBlock = this.mayBlock
    call.isBlocked = false
    row.run!(call)
    return !call.isBlocked
  }
}
