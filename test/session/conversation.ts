/*
 * Conversations without sockets: sessions whose requests go through the real dispatch and executor, over the rows of
 * the conversation families and of strings. The link of each session notes what it was told. Shape: machine, for
 * tests only.
 */
import { Args, ReplyWriter, SlabPool } from '../../resp/index.ts'
import { Call } from '../../src/commands/call.ts'
import { clientCommands } from '../../src/commands/client.ts'
import type { CommandRow } from '../../src/commands/command-row.ts'
import { CommandTable } from '../../src/commands/command-table.ts'
import { connectionCommands } from '../../src/commands/connection.ts'
import { Dispatch } from '../../src/commands/dispatch.ts'
import { Executor } from '../../src/commands/execute.ts'
import { monitorCommands } from '../../src/commands/monitor.ts'
import { pubSubCommands } from '../../src/commands/pub-sub.ts'
import { stringCommands } from '../../src/commands/strings.ts'
import { transactionCommands } from '../../src/commands/transactions.ts'
import { parseKeyspaceEvents } from '../../src/config/keyspace-events.ts'
import { Channels } from '../../src/session/channels.ts'
import { Clients } from '../../src/session/clients.ts'
import { publishKeyspaceEvent } from '../../src/session/keyspace-events.ts'
import { Monitors } from '../../src/session/monitors.ts'
import type { NodeState } from '../../src/session/node-state.ts'
import { ownSession } from '../../src/session/own-session.ts'
import { Session, type SessionLink } from '../../src/session/session.ts'
import { Statistics } from '../../src/session/statistics.ts'
import { Waiters } from '../../src/session/waiters.ts'
import { Watches } from '../../src/session/watches.ts'
import { EffectLog } from '../../src/store/effect-log.ts'
import type { Eviction } from '../../src/store/eviction.ts'
import { hashSecret } from '../../src/store/hash-slot.ts'
import { Keyspace } from '../../src/store/keyspace.ts'

export class FakeLink implements SessionLink {
  isBlocked = false
  isListening = false
  isClosing = false
  destroyedBy = ''
  dirtyCount = 0
  queuedBytes = 0
  pendingBytes = 0
  bufferBytes = 0
  localAddress = '127.0.0.1:6379'
  readonly remoteAddress: string
  readonly descriptor: number

  constructor(id: number) {
    this.remoteAddress = `127.0.0.1:${50000 + id}`
    this.descriptor = id + 7
  }
  block(): void {
    this.isBlocked = true
  }
  unblock(): void {
    this.isBlocked = false
  }
  markDirty(): void {
    this.dirtyCount++
  }
  openSlot(): number {
    return 0
  }
  distanceFrom(_slot: number, length: number): number {
    return length
  }
  fillSlot(): void {}
  fillSpan(): void {}
  replaceReplies(): void {}
  closeAfterFlush(): void {
    this.isClosing = true
  }
  destroy(reason: string): void {
    this.destroyedBy = reason
  }
  listens(isListening: boolean): void {
    this.isListening = isListening
  }
}

/** One client: what it asks, and what has been written to it since it last looked. */
export class Client {
  readonly session: Session
  readonly link: FakeLink
  readonly #world: World

  constructor(world: World, id: number) {
    this.#world = world
    this.link = new FakeLink(id)
    this.session = new Session(id, new ReplyWriter(new SlabPool(0)), this.link, world.nowMs)
  }

  /** Sends a request (words split at spaces, or given one by one) and answers everything written to this client. */
  ask(line: string | Buffer, ...words: (string | Buffer)[]): string {
    const parts = words.length === 0 && typeof line === 'string' ? line.split(' ') : [line, ...words]
    this.#world.request(this.session, Args.from(...parts))
    return this.read()
  }

  /** Several requests, one after the other; answers the last answer. */
  askAll(...lines: string[]): string {
    let last = ''
    for (const line of lines) last = this.ask(line)
    return last
  }

  /** What was written to this client since the last look, line ends as spaces. */
  read(): string {
    const text = this.session.writer.detach().toString('latin1').trimEnd().replaceAll('\r\n', ' ')
    this.session.writer.reset(false)
    return text
  }
}

export class World {
  nowMs = 1_700_000_000_123
  readonly settings: Record<string, string | number> = {
    requirepass: '',
    databases: 16,
    'client-query-buffer-limit': 1 << 20,
  }
  readonly space = new Keyspace(hashSecret(() => 12345))
  readonly node: NodeState
  readonly dispatch: Dispatch
  readonly #executor: Executor
  #nextId = 1

  constructor() {
    const { space } = this
    const table = new CommandTable([
      pubSubCommands,
      transactionCommands,
      connectionCommands,
      clientCommands,
      monitorCommands,
      stringCommands,
    ])
    this.node = this.#buildNode(table)
    const effects = new EffectLog(space)
    const call = new Call(this.node, space, effects, ownSession(), table.rows[0]!, table)
    this.#executor = new Executor(this.node, call)
    const eviction = { isOverLimit: () => false, makeRoom: () => true } as unknown as Eviction
    this.dispatch = new Dispatch(this.node, table, this.#executor, eviction)
    this.node.runRow = (session, row, args) => this.#executor.executeQueued(session, row as CommandRow, args)
    const { watches } = this.node
    space.observer = {
      onCreated: null,
      onChanged: (database, ref) => watches.onEntryTouched(database, ref),
      onRemoved: (database, ref) => watches.onEntryTouched(database, ref),
    }
  }

  client(): Client {
    const client = new Client(this, this.#nextId++)
    client.session.isAuthenticated = this.settings.requirepass === ''
    this.node.clients.add(client.session)
    return client
  }

  request(session: Session, args: Args): void {
    this.#executor.beginTurn(this.nowMs)
    this.dispatch.onRequest(session, args)
    this.#executor.endTurn()
  }

  /** What the node's cycle does when a pause is over. */
  endPause(): void {
    this.#executor.beginTurn(this.nowMs)
    this.dispatch.endPause()
    this.#executor.endTurn()
  }

  notifies(letters: string): void {
    this.node.notifyFlags = parseKeyspaceEvents(letters)
  }

  #buildNode(table: CommandTable): NodeState {
    const { space, settings } = this
    const channels = new Channels()
    const node = {
      config: { number: (name: string) => settings[name], text: (name: string) => settings[name] },
      ports: { monotonicUs: () => 0, wallMs: () => this.nowMs, random32: () => 7 },
      space,
      channels,
      clients: new Clients(),
      waiters: new Waiters(space),
      watches: new Watches(space),
      monitors: new Monitors(),
      slowLog: { consider() {} },
      latency: { sample() {} },
      statistics: new Statistics(table.byNumber.length),
      notifyFlags: 0,
      router: null,
      relay: null,
      servedSlots: null,
      pausedUntilMs: 0,
      pausesWritesOnly: false,
      runRow() {},
      notifyKeyspace(
        eventClass: number,
        event: string,
        database: number,
        key: Uint8Array,
        start: number,
        end: number,
      ) {
        publishKeyspaceEvent(channels, space, node.notifyFlags, eventClass, event, database, key, start, end)
      },
    }
    return node as unknown as NodeState
  }
}
