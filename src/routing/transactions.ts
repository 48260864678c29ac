/**
 * Transactions [Machine]: MULTI, WATCH and EXEC in a mesh. The queue lives where the client is connected; EXEC runs where
 * its keys live, as one, on the one node that acts for all of them:
 *
 *   this node          -> EXEC runs here, as in a node that stands alone
 *   another            -> the whole queue travels as one request; its reply is EXEC's
 *   more than one      -> -CROSSSLOT, already when the request is queued
 *
 * Keys that another node acts for are watched by how they stand there when WATCH comes; EXEC takes that along, and the
 * node that runs it compares. Session commands in a queue that travels act on the session over there, save SELECT; one
 * that subscribes does not travel, as listening belongs to the node of the client.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { WRITE } from '../commands/command.ts'
import { NO_MEMBER } from '../replication/owners-table.ts'
import { SERVING, type SlotRoles } from '../replication/slot-roles.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import type { Transaction } from '../session/transaction.ts'
import { slotOf } from '../store/hash-slot.ts'
import type { ActingNodes } from './acting-nodes.ts'
import { type DistantRequests, refusalOfExec } from './distant-requests.ts'
import { namesOtherSlots } from './named-keys.ts'
import type { PartSender } from './part-sender.ts'
import type { QueuedKeys } from './queued-keys.ts'
import type { RequestKeys } from './request-keys.ts'
import type { RequestWriter } from './request-writer.ts'
import { CROSS_SLOT, NOT_SERVED, type RouterSettings } from './router.ts'
import { TravellingTransaction } from './travelling-transaction.ts'
import { watchDistant } from './distant-watch.ts'
import { isSubscribing } from './shard-channels.ts'

const ALL_NODES = 'CROSSSLOT a command over the keys of all nodes cannot be part of a transaction'
const SUBSCRIBING = 'CROSSSLOT subscriptions cannot change in a transaction that another node runs'

export interface TransactionsParts {
  readonly selfId: string
  readonly node: NodeState
  readonly call: Call
  readonly roles: SlotRoles
  readonly acting: ActingNodes
  readonly sender: PartSender
  readonly writer: RequestWriter
  readonly queued: QueuedKeys
  readonly keys: RequestKeys
  readonly distant: DistantRequests
  readonly settings: RouterSettings
}

export class Transactions {
  readonly #parts: TransactionsParts

  constructor(parts: TransactionsParts) {
    this.#parts = parts
  }

  /** Why a request cannot join the transaction, or undefined. */
  refusesQueued(session: Session, row: CommandRow, args: Args): string | undefined {
    const { acting, call, keys, roles } = this.#parts
    if (session.isProxied || isSubscribing(row)) return undefined
    if (row.spread === 'all-nodes') return acting.all().length > 1 ? ALL_NODES : undefined
    keys.read(row, args)
    if (keys.count === 0) return undefined
    const transaction = session.transaction!
    const first = transaction.slot === -1 ? keys.slots[0]! : transaction.slot
    const number = roles.acting[first]
    for (const slot of keys.slots) if (roles.acting[slot] !== number) return CROSS_SLOT
    if (acting.all().length > 1 && namesOtherSlots(row, call, args, first)) return CROSS_SLOT
    transaction.slot = first
    return this.#redirection(first)
  }

  /** True: EXEC runs here and now. */
  admitsExec(session: Session, args: Args): boolean {
    const { distant, node, queued, roles, selfId } = this.#parts
    const { transaction } = session
    if (transaction === null || transaction.hasError || session.isProxied) return true
    if (node.watches.isTouched(session)) return true
    queued.read(transaction)
    const slots = new Set(queued.slots)
    for (const [, key] of node.watches.keysOf(session)) slots.add(slotOf(key, 0, key.length))
    const watched = session.watches?.distant ?? []
    for (const { key } of watched) slots.add(slotOf(key, 0, key.length))
    const [first] = slots
    if (first === undefined) return true
    const isSpread = [...slots].some((slot) => roles.acting[slot] !== roles.acting[first])
    if (isSpread) return this.#discard(session, CROSS_SLOT)
    if (roles.acting[first] === NO_MEMBER) return this.#discard(session, NOT_SERVED)
    if (queued.hasAllNodes && this.#parts.acting.all().length > 1) return this.#discard(session, ALL_NODES)
    if (roles.actingId(first) !== selfId) {
      if (queued.isSubscribing) return this.#discard(session, SUBSCRIBING)
      return this.#sendOn(session, transaction, slots)
    }
    const obstacle = distant.obstacle(session, args, slots, (transaction.flags & WRITE) !== 0)
    if (obstacle === 'parked') return false
    if (obstacle !== undefined) return this.#discard(session, refusalOfExec(obstacle))
    const isTouched = watched.some(({ database, key, standing }) =>
      distant.isTouched(database, key, standing),
    )
    return !isTouched || this.#abort(session)
  }

  /** True: all keys are watched here. */
  admitsWatch(session: Session, row: CommandRow, args: Args): boolean {
    const { keys, node, roles } = this.#parts
    if (session.transaction !== null || session.isProxied) return true
    keys.read(row, args)
    if (keys.slots.every((slot) => roles.roles[slot] === SERVING)) return true
    if (keys.slots.some((slot) => roles.acting[slot] === NO_MEMBER)) return refuse(session, NOT_SERVED)
    const bytes = args.ends[args.count - 1]! - args.starts[1]!
    const refusal = node.watches.refusal(session, args.count - 1, bytes)
    if (refusal !== undefined) return refuse(session, refusal)
    watchDistant(this.#parts, session, args)
    return false
  }

  /** Clients that know the mesh are told where to queue. */
  #redirection(slot: number): string | undefined {
    const { roles, selfId, settings } = this.#parts
    const id = roles.actingId(slot)
    if (!settings.redirects || id === undefined || id === selfId) return undefined
    const address = settings.clientAddressOf(id)
    return address === undefined ? undefined : `MOVED ${slot} ${address}`
  }

  #sendOn(session: Session, transaction: Transaction, slots: ReadonlySet<number>): boolean {
    const { node, queued } = this.#parts
    // Watched here until their slots moved: nobody knows whether they were touched since.
    if (node.watches.keysOf(session).length > 0) return this.#abort(session)
    new TravellingTransaction(this.#parts, session, transaction, [...slots], queued.selected)
    this.#drop(session)
    return false
  }

  #abort(session: Session): false {
    this.#drop(session)
    session.writer.nilArray()
    return false
  }

  #discard(session: Session, error: string): false {
    this.#drop(session)
    return refuse(session, error)
  }

  #drop(session: Session): void {
    session.transaction = null
    this.#parts.node.watches.unwatch(session)
  }
}

function refuse(session: Session, error: string): false {
  session.writer.error(error)
  return false
}
