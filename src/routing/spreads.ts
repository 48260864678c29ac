/**
 * Spreads [Machine]: requests whose keys lie with several nodes, or that concern all of them, or that are made of several
 * requests. The front of the house for these: it builds its rooms and shows each request to the right one.
 *
 *   several keys of several nodes   by-slot            MGET MSET DEL UNLINK EXISTS TOUCH
 *                                   brought-together   SINTER ZUNION LCS ... (reads)
 *                                   errands            SINTERSTORE COPY RENAME LMOVE LMPOP ... (writes in steps)
 *   reads over all keys             all-nodes          DBSIZE KEYS RANDOMKEY SCAN
 *   whole databases                 whole-databases    FLUSHDB FLUSHALL SWAPDB
 *   transactions                    transactions       WATCH MULTI EXEC
 *
 * Everything else over keys of several nodes is refused (-CROSSSLOT).
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import { READONLY, WRITE } from '../commands/command.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Dispatch } from '../commands/dispatch.ts'
import type { Verbs } from '../mesh/verbs.ts'
import type { Batches } from '../replication/batches.ts'
import type { PeerPort } from '../replication/peer-port.ts'
import type { Replica } from '../replication/replica.ts'
import { NO_MEMBER } from '../replication/owners-table.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { ActingNodes } from './acting-nodes.ts'
import { AllNodes } from './all-nodes.ts'
import type { AskedPartParts } from './asked-part.ts'
import { Bench } from './bench.ts'
import { BroughtTogether } from './brought-together.ts'
import { BySlot, type BySlotParts } from './by-slot.ts'
import { DistantRequests } from './distant-requests.ts'
import { DistantWrites } from './distant-writes.ts'
import { isErrand, runErrand } from './errands.ts'
import type { ForwardedHost } from './forwarded.ts'
import type { Forwards } from './forwards.ts'
import type { Parking } from './parking.ts'
import { namesOtherSlots } from './named-keys.ts'
import { PartSender } from './part-sender.ts'
import { QueuedKeys } from './queued-keys.ts'
import { RequestKeys } from './request-keys.ts'
import { RequestWriter } from './request-writer.ts'
import { CROSS_SLOT, NOT_SERVED, type RouterSettings } from './router.ts'
import type { SourcesParts } from './sources.ts'
import { Transactions } from './transactions.ts'
import { WholeDatabases } from './whole-databases.ts'

export interface SpreadsParts {
  readonly selfId: string
  readonly node: NodeState
  readonly space: Keyspace
  readonly call: Call
  readonly dispatch: Dispatch
  readonly roles: SlotRoles
  readonly batches: Batches
  readonly replica: Replica
  readonly forwards: Forwards
  readonly parking: Parking
  readonly settings: RouterSettings
  /** Runs parts here as if another node had sent them on: `onRequest` of it is to call `Spreads.onRequest`. */
  readonly host: ForwardedHost
  readonly peers: PeerPort
  readonly ports: {
    wallMs(): number
    monotonicMs(): number
    random32(): number
    after(delayMs: number, run: () => void): void
  }
  /** Other nodes that are alive and linked, ready or not: all that may hold something. */
  reachablePeers(): readonly string[]
}

export class Spreads {
  readonly databases: WholeDatabases
  readonly counters = { bySlot: 0, allNodes: 0, errands: 0, crossSlot: 0 }
  readonly #parts: SpreadsParts
  readonly #bySlot: BySlotParts
  readonly #allNodes: AllNodes
  readonly #together: BroughtTogether
  readonly #errands: SourcesParts
  readonly #distant: DistantRequests
  readonly #transactions: Transactions
  readonly #acting: ActingNodes

  constructor(parts: SpreadsParts) {
    const { call, dispatch, forwards, host, parking, ports, roles, settings, space } = parts
    const { monotonicMs } = ports
    const { node, selfId } = parts
    const writer = new RequestWriter()
    const sender = new PartSender({ selfId, forwards, host, ports })
    const acting = new ActingNodes(roles)
    const queued = new QueuedKeys(space, call)
    const keys = new RequestKeys(space, call)
    const { batches, peers, replica } = parts
    const writes = new DistantWrites(call, dispatch)
    const distantParts = {
      space,
      roles,
      batches,
      writes,
      parking,
      dispatch,
      queued,
      settings,
      monotonicMs,
    }
    this.#parts = parts
    this.#acting = acting
    this.#bySlot = { roles, sender, writer }
    this.#allNodes = new AllNodes({ selfId, roles, acting, parking, sender, writer, settings, ports })
    this.#errands = withBench(this.#bySlot, () => new Bench(node, call.table, () => ports.wallMs()))
    this.#together = new BroughtTogether(this.#errands)
    this.#distant = new DistantRequests(distantParts)
    const distant = this.#distant
    this.#transactions = new Transactions({
      selfId,
      node,
      call,
      roles,
      acting,
      sender,
      writer,
      queued,
      keys,
      distant,
      settings,
    })
    this.databases = new WholeDatabases({
      selfId,
      node,
      space,
      roles,
      replica,
      batches,
      forwards,
      peers,
      reachablePeers: () => parts.reachablePeers(),
      wallMs: () => ports.wallMs(),
    })
  }

  bind(bound: Verbs): void {
    this.databases.bind(bound)
  }

  /** A peer can be reached again. */
  onLinkUp(peerId: string): void {
    this.databases.onLinkUp(peerId)
  }

  /** The client is gone. */
  forget(session: Session): void {
    this.databases.forget(session)
  }

  /** The way in for requests that other nodes have sent on, and for those that were parked. */
  onRequest(session: Session, args: Args): void {
    if (!this.#distant.takes(session, args)) this.#parts.dispatch.onRequest(session, args)
  }

  refusesQueued(session: Session, row: CommandRow, args: Args): string | undefined {
    return this.#transactions.refusesQueued(session, row, args)
  }

  admitsExec(session: Session, _row: CommandRow, args: Args): boolean {
    return this.#transactions.admitsExec(session, args)
  }

  admitsWatch(session: Session, row: CommandRow, args: Args): boolean {
    return this.#transactions.admitsWatch(session, row, args)
  }

  /** Proxied sessions come here too: their part of the whole waits until this node has settled. */
  onAllNodes(session: Session, row: CommandRow, args: Args): boolean {
    this.counters.allNodes++
    if ((row.flags & WRITE) === 0) return this.#allNodes.admits(session, row, args)
    if (row.name === 'swapdb') return this.databases.swap(session, args)
    return this.databases.flush(session, row, args)
  }

  /** Are there keys, named by values, that another node than the one acting for this slot may act for? */
  namesKeysElsewhere(row: CommandRow, args: Args, slot: number): boolean {
    return namesOtherSlots(row, this.#parts.call, args, slot) && this.#acting.all().length > 1
  }

  onManyNodes(session: Session, row: CommandRow, args: Args, keys: RequestKeys): boolean {
    const { roles, selfId } = this.#parts
    const isRead = isReadOf(row, keys)
    const isSplit = row.spread === 'by-slot'
    if (!isSplit && !(isErrand(row) && !isRead) && !(isRead && session.readLevel === 'one')) {
      this.counters.crossSlot++
      return refuse(session, CROSS_SLOT)
    }
    // Half a pair is the command's to refuse.
    if (isSplit && (args.count - 1) % row.keys.step !== 0) return true
    const isHere = session.isReadonly && isRead && row.namedByValues === undefined
    if (isHere && keys.slots.every((slot) => roles.rankOf(slot, selfId) >= 0)) return true
    if (keys.slots.some((slot) => roles.acting[slot] === NO_MEMBER)) return refuse(session, NOT_SERVED)
    this.#begin(session, row, args, keys)
    return false
  }

  #begin(session: Session, row: CommandRow, args: Args, keys: RequestKeys): void {
    if (row.spread === 'by-slot') {
      this.counters.bySlot++
      new BySlot(this.#bySlot, session, row, args)
    } else if (isReadOf(row, keys)) {
      this.counters.bySlot++
      this.#together.read(session, row, args, keys)
    } else {
      this.counters.errands++
      runErrand(this.#errands, session, row, args, keys)
    }
  }
}

/** SORT that stores nothing names one key, beside those that values name. */
function isReadOf(row: CommandRow, keys: RequestKeys): boolean {
  return (row.flags & READONLY) !== 0 || (row.namedByValues !== undefined && keys.count === 1)
}

/** Most nodes never need a bench, and it takes memory: it is made when it is first used. */
function withBench(parts: AskedPartParts, make: () => Bench): SourcesParts {
  let bench: Bench | null = null
  return {
    ...parts,
    get bench() {
      bench ??= make()
      return bench
    },
  }
}

function refuse(session: Session, error: string): false {
  session.writer.error(error)
  return false
}
