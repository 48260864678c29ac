/**
 * Whole databases [Machine]: FLUSHDB, FLUSHALL and SWAPDB, which concern every node and every copy.
 *
 *   flush   1. every node waits until what was written so far is confirmed
 *           2. every node empties what it holds and answers the version up to which everything is gone
 *           3. the highest of these is made known to all: nothing older than it comes back from anywhere
 *   swap    the node acting for slot 0 decides the new order of the databases and numbers it; the highest number wins
 *
 * Both say what is to hold, not what to do, so that hearing of it twice does no harm. The client waits until every node
 * within reach has done its part, and is told OK when these are enough owners of every slot. Nodes that were out of
 * reach hear of flushes when they settle, and of the order of the databases when their link is up.
 */
import type { Args } from '../../resp/index.ts'
import { readInteger } from '../commands/arguments.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { isFlushMode } from '../commands/databases.ts'
import { type Verbs, verbs } from '../mesh/verbs.ts'
import { Barrier } from '../replication/barrier.ts'
import type { Batches } from '../replication/batches.ts'
import type { PeerPort } from '../replication/peer-port.ts'
import type { Replica } from '../replication/replica.ts'
import { SERVING, type SlotRoles } from '../replication/slot-roles.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import { DATABASE_COUNT, type Keyspace } from '../store/keyspace.ts'
import { mannersByte } from './forward-body.ts'
import { type Forwards, NOT_PRIMARY } from './forwards.ts'
import { DatabaseOrder } from './database-order.ts'
import { HeldPlace } from './held-place.ts'
import { isEnough } from './enough-owners.ts'
import { TOO_FEW_OWNERS } from './router.ts'

const ALL_DATABASES = -1
const DEADLINE_MS = 4000
const DECIDING_SLOT = 0
const NOTHING = Buffer.alloc(0)
const OPEN = 'TIMEOUT the request was run but not confirmed by enough owners in time: its outcome is open'

export interface WholeDatabasesParts {
  readonly selfId: string
  readonly node: NodeState
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly replica: Replica
  readonly batches: Batches
  readonly forwards: Forwards
  readonly peers: PeerPort
  /** All other nodes that may hold something and may be reached. */
  reachablePeers(): readonly string[]
  wallMs(): number
}

/** Asks all of them and is called back when all have answered or failed. */
type Ask = (peerId: string, answered: (version: number) => void) => void

export class WholeDatabases {
  readonly counters = { flushes: 0, swaps: 0, unconfirmed: 0 }
  readonly #parts: WholeDatabasesParts
  readonly #order: DatabaseOrder
  readonly #waiting = new Set<Session>()

  constructor(parts: WholeDatabasesParts) {
    this.#parts = parts
    this.#order = new DatabaseOrder(parts.node)
  }

  bind(bound: Verbs): void {
    bound.bind('flush', (from, arrival) => {
      const [number, version] = arrival.fields as [number, number]
      if (number > DATABASE_COUNT) return from.fail(arrival.correlation, 'no such database')
      from.answer(arrival.correlation, [this.#flushHere(number - 1, version)])
    })
    bound.bind('drain', (from, { correlation }) => {
      this.#drainHere(() => from.answer(correlation, []))
    })
    bound.bind('order', (from, arrival) => {
      const version = arrival.fields[0] as number
      const isTaken = this.#order.offer(arrival.body, version)
      if (isTaken) from.answer(arrival.correlation, [])
      else from.fail(arrival.correlation, 'this is no order of databases')
      this.#parts.space.hlc.observe(isTaken ? version : 0)
    })
  }

  /** A peer can be reached again: it may not have heard of the order of the databases. */
  onLinkUp(peerId: string): void {
    if (this.#order.version > 0) this.#tellOrder(peerId, () => {})
  }

  forget(session: Session): void {
    this.#waiting.delete(session)
  }

  /** True: the command itself answers what is wrong with it. */
  flush(session: Session, row: CommandRow, args: Args): boolean {
    if (!isFlushMode(args)) return true
    const { forwards, space } = this.#parts
    const logical = session.database
    const peers = this.#begin(session)
    if (peers === undefined) return false
    this.counters.flushes++
    // What was asked for before goes out before.
    forwards.flush()
    askAll(
      [this.#parts.selfId, ...peers],
      (id, answered) => this.#askDrain(id, answered),
      () => {},
      () => {
        // Only now: whoever has answered has told the order of the databases before, if this node had not heard of it.
        const database = row.name === 'flushall' ? ALL_DATABASES : space.databaseMap[logical]!
        this.#empty(session, database, peers)
      },
    )
    return false
  }

  swap(session: Session, args: Args): boolean {
    const first = indexAt(args, 1)
    const second = indexAt(args, 2)
    const isKnown = (index: number): boolean => index >= 0 && index < DATABASE_COUNT
    if (!isKnown(first) || !isKnown(second) || first === second) return true
    const { roles, selfId } = this.#parts
    const decider = roles.actingId(DECIDING_SLOT)
    if (decider !== undefined && decider !== selfId) return this.#sendOn(session, args, decider)
    if (roles.roles[DECIDING_SLOT] !== SERVING) return refuse(session, TOO_FEW_OWNERS)
    const peers = this.#begin(session)
    if (peers === undefined) return false
    this.counters.swaps++
    this.#order.swap(first, second, this.#parts.wallMs())
    const reached = new Set([selfId])
    askAll(
      peers,
      (peerId, answered) => this.#tellOrder(peerId, answered),
      (peerId) => reached.add(peerId),
      () => this.#end(session, reached),
    )
    return false
  }

  /** Lets the session wait; undefined: too few could take part, and it has been refused. */
  #begin(session: Session): readonly string[] | undefined {
    const { reachablePeers, roles, selfId } = this.#parts
    const peers = reachablePeers.call(this.#parts)
    if (!isEnough(roles.table, new Set([selfId, ...peers]), session.writeLevel)) {
      refuse(session, TOO_FEW_OWNERS)
      return undefined
    }
    this.#waiting.add(session)
    session.isBlocked = true
    session.link.block()
    return peers
  }

  #empty(session: Session, database: number, peers: readonly string[]): void {
    const marks = new Map([[this.#parts.selfId, this.#flushHere(database, 0)]])
    askAll(
      peers,
      (peerId, answered) => this.#askFlush(peerId, database, 0, answered),
      (peerId, version) => marks.set(peerId, version),
      () => this.#makeKnown(session, database, marks),
    )
  }

  #makeKnown(session: Session, database: number, marks: ReadonlyMap<string, number>): void {
    const version = Math.max(...marks.values())
    this.#flushHere(database, version)
    const { selfId } = this.#parts
    const reached = new Set([selfId])
    askAll(
      [...marks.keys()].filter((id) => id !== selfId),
      (peerId, answered) => this.#askFlush(peerId, database, version, answered),
      (peerId, mark) => mark >= version && reached.add(peerId),
      () => this.#end(session, reached),
    )
  }

  #end(session: Session, reached: ReadonlySet<string>): void {
    if (!this.#waiting.delete(session)) return
    session.isBlocked = false
    session.link.unblock()
    if (isEnough(this.#parts.roles.table, reached, session.writeLevel)) session.writer.ok()
    else {
      this.counters.unconfirmed++
      session.writer.error(OPEN)
    }
    session.link.markDirty()
  }

  /** Version 0: empties the database at a version of our own. Answers up to where everything in it is gone. */
  #flushHere(database: number, version: number): number {
    const { batches, node, replica, space } = this.#parts
    const nowMs = this.#parts.wallMs()
    if (version === 0 || version > this.#markOf(database)) {
      node.watches.onClearing(database === ALL_DATABASES ? ALL_DATABASES : space.logicalDatabase(database))
      space.nowMs = nowMs
      batches.flush()
      if (version === 0) space.clear(database)
      else replica.onFlush(database, version, nowMs)
    }
    return this.#markOf(database)
  }

  /** Up to where everything in a database, or in each of all, is gone. */
  #markOf(database: number): number {
    const { hlc, tombstones } = this.#parts.space
    if (tombstones === null) return hlc.last
    const marks = tombstones.flushVersion
    return database === ALL_DATABASES ? Math.min(...marks) : marks[database]!
  }

  /** Without this a write that is under way when its key is flushed could not be confirmed any more. */
  #drainHere(drained: () => void): void {
    const { batches } = this.#parts
    const barrier = new Barrier(false, { onConfirmed: drained, onUnconfirmed: drained })
    batches.flush()
    batches.joinWaiting(barrier)
    barrier.seal()
  }

  #askDrain(id: string, answered: (version: number) => void): void {
    if (id === this.#parts.selfId) this.#drainHere(() => answered(0))
    else this.#parts.peers.ask(id, verbs.drain, [], NOTHING, DEADLINE_MS, () => answered(0))
  }

  #askFlush(peerId: string, database: number, version: number, answered: (mark: number) => void): void {
    this.#parts.peers.ask(peerId, verbs.flush, [database + 1, version], NOTHING, DEADLINE_MS, (outcome) =>
      answered(outcome.kind === 'answer' ? (outcome.fields[0] as number) : 0),
    )
  }

  #tellOrder(peerId: string, answered: (version: number) => void): void {
    const { version } = this.#order
    this.#parts.peers.ask(peerId, verbs.order, [version], this.#order.bytes(), DEADLINE_MS, (outcome) =>
      answered(outcome.kind === 'answer' ? version : 0),
    )
  }

  #sendOn(session: Session, args: Args, decider: string): false {
    if (session.isProxied) return refuse(session, NOT_PRIMARY)
    const place = new HeldPlace(session)
    // What the client sends next is meant for the new order.
    place.hold()
    this.#parts.forwards.forward(decider, args, {
      link: { fillSlot: (_place, reply) => place.fill(reply) },
      place: 0,
      slot: DECIDING_SLOT,
      isWrite: true,
      database: session.database,
      manners: mannersByte(session),
      tries: 0,
      start: 0,
      end: 0,
    })
    return false
  }
}

/** `took` hears of every answer but 0, which is none; `done` comes last, be there anybody to ask or not. */
function askAll(
  peerIds: readonly string[],
  ask: Ask,
  took: (peerId: string, version: number) => void,
  done: () => void,
): void {
  let unanswered = peerIds.length
  if (unanswered === 0) return done()
  for (const peerId of peerIds) {
    ask(peerId, (version) => {
      if (version > 0) took(peerId, version)
      unanswered--
      if (unanswered === 0) done()
    })
  }
}

function indexAt(args: Args, i: number): number {
  return readInteger(args.bytes, args.starts[i]!, args.ends[i]!)
}

function refuse(session: Session, error: string): false {
  session.writer.error(error)
  return false
}
