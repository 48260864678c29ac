/**
 * Router [Machine]: where a request runs. Asked before each one that touches keys, in a mesh:
 *
 *   this node acts for the slot and is settled      -> here
 *   it acts, but has yet to settle                  -> parked until it has
 *   somebody else acts                              -> forwarded (or -MOVED, for those who want it so)
 *   nobody can, or not with a quorum                -> refused before anything is touched
 *
 * and after each one that wrote: its reply joins the turn's barrier. A quorum read is confirmed first: its keys are
 * brought up to what a quorum knows, and then it runs here like any other. It knows no protocol between nodes.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import { BLOCKING, PUBSUB, READONLY, WRITE } from '../commands/command.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { carriedBytesMax } from '../mesh/frame.ts'
import type { Barrier } from '../replication/barrier.ts'
import type { Batches } from '../replication/batches.ts'
import { PAUSE_MS } from '../replication/patience.ts'
import { ELSEWHERE, NOBODY, SERVING, type SlotRoles } from '../replication/slot-roles.ts'
import { type ConsistencyPolicy, stricter } from '../session/consistency-policy.ts'
import type { RequestRouter } from '../session/request-router.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { ClientTurn } from './client-turn.ts'
import { mannersByte } from './forward-body.ts'
import { Forwarded } from './forwarded.ts'
import { type Forwards, NOT_PRIMARY, OVERLOADED, type ReplyTaker } from './forwards.ts'
import type { IdleWrites } from './idle-writes.ts'
import type { Parking } from './parking.ts'
import { RequestKeys } from './request-keys.ts'
import { refusesShardChannels } from './shard-channels.ts'
import type { Spreads } from './spreads.ts'
import type { Waits } from './waits.ts'

export const TOO_FEW_OWNERS = 'NOREPLICAS Not enough good replicas to write.'
export const DOWN = 'CLUSTERDOWN The cluster is down'
export const NOT_SERVED = 'CLUSTERDOWN Hash slot not served'
export const CROSS_SLOT = "CROSSSLOT Keys in request don't hash to the same slot"
export const TOO_LONG = 'ERR the request is too long to be sent to other nodes: nothing was done'
export const TOO_MANY_WAITING = 'TRYAGAIN too many requests wait for their slots to settle: nothing was run'

const ERROR_MARK = 45

/** Who asked wants no replies (CLIENT REPLY). */
const UNHEARD: ReplyTaker = { fillSlot() {} }

export interface RouterParts {
  readonly selfId: string
  readonly space: Keyspace
  readonly call: Call
  readonly roles: SlotRoles
  readonly batches: Batches
  readonly idle: IdleWrites
  readonly forwards: Forwards
  readonly parking: Parking
  readonly spreads: Spreads
  readonly waits: Waits
}

export interface RouterSettings {
  /** -MOVED instead of forwarding. */
  redirects: boolean
  /** Reads are answered without a quorum in reach. */
  allowsStaleReads: boolean
  /** Levels that depend on keys; null: there are none, and nobody looks. */
  policy: ConsistencyPolicy | null
  /** `host:port` of a node for its clients. */
  clientAddressOf(id: string): string | undefined
}

/** Brings the keys up to what enough owners know; false: too few answered. Never answers within the call. */
export type Confirm = (
  session: Session,
  keys: RequestKeys,
  level: 'quorum' | 'all',
  done: (isConfirmed: boolean) => void,
) => void

export class Router implements RequestRouter {
  readonly counters = { here: 0, pauses: 0, forwarded: 0, refused: 0, redirected: 0, confirmed: 0 }
  readonly settings: RouterSettings
  readonly #parts: RouterParts
  readonly #confirm: Confirm
  readonly #keys: RequestKeys
  readonly #turns = new Map<Session, ClientTurn>()
  /** The session whose keys have just been confirmed: its request, taken up again, runs. */
  #confirmed: Session | null = null
  #nowMs: () => number
  /** Long ago: this process was frozen, or far too busy. */
  #lastTickMs: number

  constructor(parts: RouterParts, settings: RouterSettings, confirm: Confirm, monotonicMs: () => number) {
    this.#parts = parts
    this.#keys = new RequestKeys(parts.space, parts.call)
    this.settings = settings
    this.#confirm = confirm
    this.#nowMs = monotonicMs
    this.#lastTickMs = monotonicMs()
  }

  get hasWritten(): boolean {
    return this.#parts.batches.hasTouched || this.#parts.idle.hasNoted
  }

  onIdle(session: Session, row: CommandRow, args: Args): void {
    if (session.writeLevel !== 'one') this.#parts.idle.note(session, row, args)
  }

  admits(session: Session, row: CommandRow, args: Args): boolean {
    if (args.requestEnd - args.requestStart > carriedBytesMax) return this.#refuse(session, TOO_LONG)
    if (this.settings.policy !== null) this.#obey(this.settings.policy, session, row, args)
    const { first, last } = row.keys
    if (first !== 0 && first === last && row.findKeys === undefined) {
      const { ahead } = this.#parts.space
      ahead.place(args.bytes, args.starts[first]!, args.ends[first]!)
      const { slot } = ahead
      const { roles } = this.#parts
      const isPlain = roles.roles[slot] === SERVING && !roles.hasLapses && session.readLevel === 'one'
      if (isPlain && session.writeLevel !== 'all') return true
      return this.#admitSlot(session, row, args, slot)
    }
    if (first === 0 && row.findKeys === undefined) return this.#admitKeyless(session, row, args)
    return this.#admitKeys(session, row, args)
  }

  hasTakenOver(session: Session, replyPlace: number): boolean {
    const { writer } = session
    const isRefused = writer.length > replyPlace && writer.bytes[replyPlace] === ERROR_MARK
    return !isRefused && !this.#parts.parking.has(session)
  }

  hasKeysElsewhere(row: CommandRow, args: Args): boolean {
    const { roles } = this.#parts.roles
    this.#keys.read(row, args)
    return this.#keys.slots.some((slot) => roles[slot] === ELSEWHERE)
  }

  refusesQueued(session: Session, row: CommandRow, args: Args): string | undefined {
    const { policy } = this.settings
    if (policy !== null) {
      const transaction = session.transaction!
      this.#obey(policy, session, row, args)
      transaction.readLevel = stricter(transaction.readLevel, session.readLevel)
      transaction.writeLevel = stricter(transaction.writeLevel, session.writeLevel)
    }
    return this.#parts.spreads.refusesQueued(session, row, args)
  }

  onTick(nowMs: number): void {
    this.#noticePause(nowMs)
    this.#lastTickMs = nowMs
  }

  onTurnStart(): void {
    const nowMs = this.#nowMs()
    this.#noticePause(nowMs)
    this.#parts.roles.look(nowMs)
    this.forgetWritten()
  }

  #noticePause(nowMs: number): void {
    // What came in while this process stood still makes the others look alive: only the clock tells.
    if (nowMs - this.#lastTickMs <= PAUSE_MS) return
    this.counters.pauses++
    this.#lastTickMs = nowMs
    this.#parts.roles.unsettleAll()
  }

  /** The turn's writes are all known: from now on their confirmation counts. */
  onTurnEnd(session: Session): void {
    const turn = this.#turns.get(session)
    if (turn === undefined) return
    this.#turns.delete(session)
    turn.barrier.seal()
  }

  onWritten(session: Session, length: number): void {
    if (session.writeLevel === 'one') return this.forgetWritten()
    const wantsAll = session.writeLevel === 'all'
    if (session.link instanceof Forwarded) return this.#join(session.link.barrierFor(wantsAll))
    let turn = this.#turns.get(session)
    if (turn === undefined) {
      turn = new ClientTurn(session.link, length, wantsAll)
      this.#turns.set(session, turn)
    }
    turn.onWritten(length)
    this.#join(turn.barrier)
  }

  #join(barrier: Barrier): void {
    const { batches, idle } = this.#parts
    batches.joinTouched(barrier)
    if (idle.hasNoted) idle.join(barrier)
  }

  forget(session: Session): void {
    this.onTurnEnd(session)
    this.#parts.parking.forget(session)
    this.#parts.spreads.forget(session)
    this.#parts.waits.forget(session)
  }

  unblock(session: Session, withError: boolean): boolean {
    return this.#parts.waits.unblock(session, withError)
  }

  acknowledgements(session: Session): number {
    if (session.writeLevel === 'one') return 0
    const { copies, members } = this.#parts.roles.table
    const others = Math.max(0, Math.min(copies, members.length) - 1)
    return session.writeLevel === 'all' ? others : Math.floor((others + 1) / 2)
  }

  forgetWritten(): void {
    this.#parts.batches.forgetTouched()
    this.#parts.idle.forget()
  }

  /** What another node has sent on works at the levels that node has found. */
  #obey(policy: ConsistencyPolicy, session: Session, row: CommandRow, args: Args): void {
    if (session.isProxied || session.hasOwnLevels) return
    this.#keys.read(row, args)
    policy.use(session, args, this.#keys.positions)
    if (row.name !== 'exec' || session.transaction === null) return
    session.readLevel = session.transaction.readLevel ?? session.readLevel
    session.writeLevel = session.transaction.writeLevel ?? session.writeLevel
  }

  #admitKeyless(session: Session, row: CommandRow, args: Args): boolean {
    if (row.name === 'exec') return this.#parts.spreads.admitsExec(session, row, args)
    if (row.spread !== 'all-nodes') return true
    return this.#parts.spreads.onAllNodes(session, row, args)
  }

  /** Several keys: all in slots that run here, all at one other node, or spread over several. */
  #admitKeys(session: Session, row: CommandRow, args: Args): boolean {
    if (row.name === 'watch') return this.#parts.spreads.admitsWatch(session, row, args)
    if ((row.flags & PUBSUB) !== 0) return this.#admitChannels(session, row, args)
    const keys = this.#keys
    keys.read(row, args)
    if (keys.count === 0) return true
    const { roles } = this.#parts
    const first = keys.slots[0]!
    let isOneActing = true
    for (let i = 1; i < keys.count; i++) {
      const slot = keys.slots[i]!
      if (slot === first) continue
      isOneActing &&= roles.acting[slot] === roles.acting[first]
    }
    if (!isOneActing || this.#parts.spreads.namesKeysElsewhere(row, args, first)) {
      if (session.isProxied) return this.#refuse(session, NOT_PRIMARY)
      return this.#parts.spreads.onManyNodes(session, row, args, keys)
    }
    for (let i = 0; i < keys.count; i++) {
      const slot = keys.slots[i]!
      if (i > 0 && slot === keys.slots[i - 1]) continue
      if (!this.#admitSlot(session, row, args, slot)) return false
    }
    return true
  }

  #admitSlot(session: Session, row: CommandRow, args: Args, slot: number): boolean {
    const { roles } = this.#parts
    const role = roles.roles[slot]!
    const isWrite = (row.flags & WRITE) !== 0
    if ((row.flags & PUBSUB) !== 0) return this.#admitChannels(session, row, args)
    if (role === SERVING) return this.#admitServed(session, row, args, slot, isWrite)
    if (session.isReadonly && !isWrite && (row.flags & READONLY) !== 0 && !session.isProxied) {
      if (roles.rankOf(slot, this.#parts.selfId) >= 0) return true
    }
    if (role === ELSEWHERE) {
      if (session.isProxied) return this.#refuse(session, NOT_PRIMARY)
      return this.#sendOn(session, row, args, slot)
    }
    if (role === NOBODY) return this.#refuse(session, NOT_SERVED)
    if (this.#parts.parking.park(session, args, slot, this.#nowMs())) return false
    return this.#refuse(session, TOO_MANY_WAITING)
  }

  #admitChannels(session: Session, row: CommandRow, args: Args): boolean {
    this.#keys.read(row, args)
    const refusal = refusesShardChannels(row, this.#keys.slots, this.#parts.roles, this.settings)
    return refusal === undefined || this.#refuse(session, refusal)
  }

  #admitServed(session: Session, row: CommandRow, args: Args, slot: number, isWrite: boolean): boolean {
    const { roles } = this.#parts
    if (roles.hasLapses && roles.isLapsed(slot)) {
      if (isWrite) return this.#refuse(session, TOO_FEW_OWNERS)
      return this.settings.allowsStaleReads || this.#refuse(session, DOWN)
    }
    if (isWrite) {
      const isAllMissing = session.writeLevel === 'all' && !roles.hasAll(slot)
      return isAllMissing ? this.#refuse(session, TOO_FEW_OWNERS) : true
    }
    if (session.readLevel === 'one' || (row.flags & READONLY) === 0) return true
    return this.#admitConfirmed(session, row, args, session.readLevel)
  }

  #admitConfirmed(session: Session, row: CommandRow, args: Args, level: 'quorum' | 'all'): boolean {
    if (this.#confirmed === session) return true
    const { call, parking, space } = this.#parts
    const keys = new RequestKeys(space, call)
    keys.read(row, args)
    if (!parking.park(session, args, -1, this.#nowMs())) return this.#refuse(session, TOO_MANY_WAITING)
    this.counters.confirmed++
    this.#confirm(session, keys, level, (isConfirmed) => {
      if (!isConfirmed) return parking.expire(session)
      parking.releaseOne(session, (run) => {
        this.#confirmed = session
        run()
        this.#confirmed = null
      })
    })
    return false
  }

  #sendOn(session: Session, row: CommandRow, args: Args, slot: number): boolean {
    const { forwards, roles, waits } = this.#parts
    const peerId = roles.actingId(slot)!
    if (this.settings.redirects) {
      const address = this.settings.clientAddressOf(peerId)
      this.counters.redirected++
      if (address !== undefined) return this.#refuse(session, `MOVED ${slot} ${address}`)
    }
    if (!forwards.hasRoom()) return this.#refuse(session, OVERLOADED)
    this.counters.forwarded++
    const isWaiting = (row.flags & BLOCKING) !== 0
    if (isWaiting && waits.beginElsewhere(session, row, args, this.#keys.slots)) return false
    const isMuted = session.replyMode !== 'on'
    forwards.forward(peerId, args, {
      link: isMuted ? UNHEARD : session.link,
      place: isMuted ? 0 : session.link.openSlot(),
      slot,
      isWrite: (row.flags & WRITE) !== 0,
      database: session.database,
      manners: mannersByte(session),
      tries: 0,
      start: 0,
      end: 0,
    })
    return false
  }

  #refuse(session: Session, error: string): false {
    this.counters.refused++
    session.writer.error(error)
    return false
  }
}
