/**
 * Node [Machine]: builds every part of one node from its configuration and its ports, and connects them in a written
 * order. It decides nothing; the simulator and main build the same node.
 */
import { type Connection, defaultServerLimits, newConnectionStats, unlimitedOutput } from '../resp/index.ts'
import { ClientConversation } from './client-conversation.ts'
import { Call } from './commands/call.ts'
import { CommandTable } from './commands/command-table.ts'
import type { CommandRow } from './commands/command-row.ts'
import { Dispatch } from './commands/dispatch.ts'
import { Executor } from './commands/execute.ts'
import { families } from './commands/families.ts'
import { Replay } from './commands/replay.ts'
import { isServed } from './commands/served-slots.ts'
import type { Config } from './config/index.ts'
import { EVENT_EVICTED, EVENT_EXPIRED, EVENT_NEW } from './config/index.ts'
import type { Log } from './log.ts'
import { ConnectionLink } from './session/connection-link.ts'
import { useConfiguredLevels } from './session/consistency.ts'
import { freshState } from './session/fresh-state.ts'
import type { NodePorts, NodeState } from './session/node-state.ts'
import { ownSession } from './session/own-session.ts'
import { Session } from './session/session.ts'
import { applySettings } from './settings.ts'
import { Defragmentation, DEFRAGMENTATION_MS } from './store/defragmentation.ts'
import { EffectLog } from './store/effect-log.ts'
import { Eviction } from './store/eviction.ts'
import { ExpiryCycle } from './store/expiry.ts'
import { hashSecret, slotOf } from './store/hash-slot.ts'
import { Keyspace } from './store/keyspace.ts'

/** Share of a cycle that active expiry may take, as Redis' at its default effort. */
const EXPIRE_SHARE = 0.25
/** A lowered maxmemory is reached in a few cycles, none of which anybody notices. */
const EVICTIONS_PER_CYCLE_MAX = 4096

export class Node {
  readonly state: NodeState
  readonly space: Keyspace
  readonly effects: EffectLog
  readonly table: CommandTable
  readonly executor: Executor
  readonly dispatch: Dispatch
  /** Takes in effects that another node recorded. */
  readonly replay: Replay
  readonly eviction: Eviction
  readonly expiry: ExpiryCycle
  readonly defragmentation: Defragmentation
  readonly serverLimits = defaultServerLimits()
  /** Time between two cycles: 1000 / hz. */
  cycleMs = 100
  /** Shared by all connections of a class, so that CONFIG SET reaches them all. */
  readonly outputLimits = { normal: unlimitedOutput(), pubsub: unlimitedOutput() }

  constructor(config: Config, log: Log, ports: NodePorts, runId: string) {
    this.space = new Keyspace(hashSecret(ports.random32))
    this.effects = new EffectLog(this.space)
    this.table = new CommandTable(families)
    this.eviction = new Eviction(this.space, this.effects, ports.random32, () => this.state.servedSlots)
    this.expiry = new ExpiryCycle(this.space, ports.monotonicUs)
    this.defragmentation = new Defragmentation(this.space, ports.monotonicUs)
    this.state = freshState(
      config,
      log,
      ports,
      runId,
      this.space,
      newConnectionStats(),
      this.table.byNumber.length,
      this.expiry,
      this.defragmentation,
    )
    const own = ownSession()
    const call = new Call(this.state, this.space, this.effects, own, this.table.rows[0]!, this.table)
    this.executor = new Executor(this.state, call)
    this.dispatch = new Dispatch(this.state, this.table, this.executor, this.eviction)
    this.replay = new Replay(this.state, this.table)
    this.state.runRow = (session, row, args) => this.executor.executeQueued(session, row as CommandRow, args)
    this.#observeKeys()
    applySettings(this)
    ports.every(
      () => this.cycleMs,
      () => this.onCycle(),
    )
    ports.every(
      () => (this.defragmentation.effortPercent === 0 ? this.cycleMs : DEFRAGMENTATION_MS),
      () => this.defragmentation.run(),
    )
  }

  /** Answers one client: the conversation its connection feeds with requests. */
  converse(connection: Connection): ClientConversation {
    const { state, dispatch, executor, outputLimits, space } = this
    const link = new ConnectionLink(connection, outputLimits)
    const session = new Session(connection.id, connection.writer, link, state.ports.wallMs())
    session.isAuthenticated = state.config.text('requirepass') === ''
    useConfiguredLevels(session, state.config)
    state.clients.add(session)
    return new ClientConversation(session, state, space.ahead, dispatch, executor)
  }

  /** What happens `hz` times a second whether anybody asks or not. */
  onCycle(): void {
    const { state, space } = this
    const { pressure } = state
    pressure.onCycle(state.ports.monotonicUs() / 1000)
    const nowMs = state.ports.wallMs()
    this.executor.beginTurn(nowMs)
    this.eviction.refresh(nowMs)
    if (state.isActiveExpireOn) {
      const startUs = state.ports.monotonicUs()
      this.expiry.run(nowMs, pressure.of(this.cycleMs * 1000 * EXPIRE_SHARE))
      state.latency.sample('expire-cycle', (state.ports.monotonicUs() - startUs) / 1000, nowMs)
    }
    if (this.eviction.isOverLimit()) this.eviction.makeRoom(EVICTIONS_PER_CYCLE_MAX)
    state.statistics.sample(nowMs, state.connectionStats.bytesIn, state.connectionStats.bytesOut)
    state.statistics.notePeak(space.usedBytes())
    if (state.pausedUntilMs !== 0 && state.pausedUntilMs <= nowMs) this.dispatch.endPause()
    else if (state.pausedUntilMs === 0 && state.clients.heldCount !== 0) this.dispatch.endPause()
    state.waiters.onTick(nowMs)
    if (state.waiters.readyCount !== 0) this.dispatch.serveWaiters()
    state.log.onTick()
    pressure.expectCycle(state.ports.monotonicUs() / 1000 + this.cycleMs)
  }

  /** Follows notify-keyspace-events. */
  tellEvents(flags: number): void {
    const { space, state } = this
    state.notifyFlags = flags
    if (space.observer === null) return
    space.observer.onCreated =
      (flags & EVENT_NEW) === 0 ? null : (database, ref) => this.#tell(EVENT_NEW, 'new', database, ref)
  }

  #tell(eventClass: number, event: string, database: number, ref: number): void {
    const entries = this.space.entries
    const start = entries.keyStart(ref)
    const end = start + entries.keyLength(ref)
    this.state.notifyKeyspace(eventClass, event, database, entries.keyBuffer(ref), start, end)
  }

  #observeKeys(): void {
    const { space, state } = this
    const { watches, waiters } = state
    space.observer = {
      onCreated: null,
      onChanged(database, ref) {
        if (watches.keyCount !== 0) watches.onEntryTouched(database, ref)
        if (waiters.count !== 0) waiters.onKeyChanged(database, ref, space.entries.typeOf(ref))
      },
      onRemoved: (database, ref, reason) => {
        if (watches.keyCount !== 0) watches.onEntryTouched(database, ref)
        if (reason === 'command' || reason === 'moved' || state.notifyFlags === 0) return
        // Of a key that goes on its own, the node that acts for it tells: not everyone who holds a copy.
        const { entries } = space
        const start = entries.keyStart(ref)
        const slot = slotOf(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
        if (!isServed(state.servedSlots, slot)) return
        this.#tell(reason === 'expired' ? EVENT_EXPIRED : EVENT_EVICTED, reason, database, ref)
      },
    }
  }
}
