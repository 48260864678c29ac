/**
 * Distant requests [Machine]: what entry nodes ask an acting node on behalf of their clients and no client can ask: how
 * watched keys stand, whole entries, and a whole transaction at once.
 *
 *   versions      key [key ...]                    -> one word for each key
 *   entries       key [key ...]                    -> each entry as it is sent to owners that missed it; empty: none
 *   sources       key [key ...]                    -> the same, once everything written here before is confirmed
 *   store         (distant-writes.ts)              -> an entry another node has made for a key takes its place
 *   transaction   count {database key standing}* requests   -> the reply of EXEC
 *
 * They come as requests in forwarded frames, so they are parked, sent elsewhere and confirmed like any other. The
 * queue of a transaction goes through dispatch request by request, between a MULTI and an EXEC of its own.
 */
import { Args, defaultParserLimits, READY, RequestParser } from '../../resp/index.ts'
import { WRITE } from '../commands/command.ts'
import type { Dispatch } from '../commands/dispatch.ts'
import type { Batches } from '../replication/batches.ts'
import { writeLiving } from '../replication/entry-transfer.ts'
import { SERVING, type SlotRoles, UNSETTLED } from '../replication/slot-roles.ts'
import type { Session } from '../session/session.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { slotOf } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { type DistantWrites, STORE } from './distant-writes.ts'
import { Forwarded } from './forwarded.ts'
import { NOT_PRIMARY } from './forwards.ts'
import { isTouched, wordOf } from './key-standing.ts'
import type { Parking } from './parking.ts'
import { DOWN, type RouterSettings, TOO_FEW_OWNERS, TOO_MANY_WAITING } from './router.ts'
import type { QueuedKeys } from './queued-keys.ts'

export const VERSIONS = 'MESH-VERSIONS'
export const ENTRIES = 'MESH-ENTRIES'
export const SOURCES = 'MESH-SOURCES'
export const TRANSACTION = 'MESH-TRANSACTION'

const MULTI = Args.from('MULTI')
const EXEC = Args.from('EXEC')
const WORDS_PER_WATCH = 3

export interface DistantRequestsParts {
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly batches: Batches
  readonly writes: DistantWrites
  readonly parking: Parking
  readonly dispatch: Dispatch
  readonly queued: QueuedKeys
  readonly settings: RouterSettings
  readonly monotonicMs: () => number
}

export class DistantRequests {
  readonly #parts: DistantRequestsParts
  readonly #standing: Standing
  readonly #entry = new ByteWriter()

  constructor(parts: DistantRequestsParts) {
    this.#parts = parts
    this.#standing = new Standing(parts.space)
  }

  /** True: this was one of them, and is taken care of. */
  takes(session: Session, args: Args): boolean {
    if (!session.isProxied) return false
    if (args.is(0, VERSIONS)) this.#answerKeys(session, args, false)
    else if (args.is(0, ENTRIES)) this.#answerKeys(session, args, true)
    else if (args.is(0, SOURCES)) this.#answerConfirmed(session, args)
    else if (args.is(0, STORE)) this.#store(session, args)
    else if (args.is(0, TRANSACTION)) this.#runTransaction(session, args)
    else return false
    return true
  }

  /** Why these slots cannot be served here and now; undefined: they can. `parked`: they can be before long. */
  obstacle(
    session: Session,
    args: Args,
    slots: Iterable<number>,
    isWrite: boolean,
  ): string | 'parked' | undefined {
    const { monotonicMs, parking, roles, settings } = this.#parts
    for (const slot of slots) {
      const role = roles.roles[slot]!
      if (role === UNSETTLED)
        return parking.park(session, args, slot, monotonicMs()) ? 'parked' : TOO_MANY_WAITING
      if (role !== SERVING) return NOT_PRIMARY
      const isLapsed = roles.hasLapses && roles.isLapsed(slot)
      if (isLapsed && isWrite) return TOO_FEW_OWNERS
      if (isLapsed && !settings.allowsStaleReads) return DOWN
      if (isWrite && session.writeLevel === 'all' && !roles.hasAll(slot)) return TOO_FEW_OWNERS
    }
    return undefined
  }

  /** Has any of these keys, in logical databases, been touched since it stood like this? */
  isTouched(database: number, key: Buffer, standing: string): boolean {
    return isTouched(standing, this.#lookAt(database, key, 0, key.length))
  }

  #lookAt(database: number, key: Uint8Array, start: number, end: number): string {
    this.#standing.look(this.#parts.space.databaseMap[database]!, key, start, end)
    return wordOf(this.#standing)
  }

  /** What is made of these entries may be kept where the writes that made them are not known: they come first. */
  #answerConfirmed(session: Session, args: Args): void {
    const { batches } = this.#parts
    const { link } = session
    if (!this.#answerKeys(session, args, true)) return
    batches.flush()
    if (link instanceof Forwarded) batches.joinWaiting(link.barrierFor(false))
  }

  #store(session: Session, args: Args): void {
    const slot = slotOf(args.bytes, args.starts[1]!, args.ends[1]!)
    const obstacle = this.obstacle(session, args, [slot], true)
    if (obstacle === 'parked') return
    if (obstacle !== undefined) session.writer.error(obstacle)
    else this.#parts.writes.store(session, args)
  }

  /** False: they are not answered, or not yet. */
  #answerKeys(session: Session, args: Args, wantsEntries: boolean): boolean {
    const slots: number[] = []
    for (let i = 1; i < args.count; i++) slots.push(slotOf(args.bytes, args.starts[i]!, args.ends[i]!))
    const obstacle = this.obstacle(session, args, slots, false)
    const { writer } = session
    if (obstacle !== undefined && obstacle !== 'parked') writer.error(obstacle)
    if (obstacle !== undefined) return false
    writer.array(slots.length)
    this.#parts.space.touchesAccess = !session.isNoTouch
    for (let i = 1; i < args.count; i++) {
      if (wantsEntries) this.#writeEntry(session, args, i)
      else writer.bulkText(this.#lookAt(session.database, args.bytes, args.starts[i]!, args.ends[i]!))
    }
    return true
  }

  /** It is read on behalf of a client, so it counts as a hit or a miss. */
  #writeEntry(session: Session, args: Args, i: number): void {
    const { space } = this.#parts
    const database = space.databaseMap[session.database]!
    const ref = space.lookupRead(database, args.bytes, args.starts[i]!, args.ends[i]!)
    this.#entry.clear()
    if (ref !== 0) writeLiving(space, ref, this.#entry)
    session.writer.bulk(this.#entry.bytes, 0, this.#entry.length)
  }

  #runTransaction(session: Session, args: Args): void {
    const { dispatch, queued } = this.#parts
    const { writer } = session
    const before = writer.length
    const requestsAt = args.count - 1
    dispatch.onRequest(session, MULTI)
    const requests = args.bytes.subarray(args.starts[requestsAt]!, args.ends[requestsAt]!)
    const parser = new RequestParser(defaultParserLimits())
    const words = new Args()
    parser.feed(requests)
    while (parser.next(words, true) === READY) dispatch.onRequest(session, words)
    writer.truncate(before)
    const transaction = session.transaction!
    queued.read(transaction)
    const slots = new Set(queued.slots)
    for (let i = 1; i < requestsAt; i += WORDS_PER_WATCH) {
      slots.add(slotOf(args.bytes, args.starts[i + 1]!, args.ends[i + 1]!))
    }
    const obstacle = this.obstacle(session, args, slots, (transaction.flags & WRITE) !== 0)
    if (obstacle !== undefined || this.#isAnyTouched(args, requestsAt)) session.transaction = null
    if (obstacle === 'parked') return
    if (obstacle !== undefined) return writer.error(refusalOfExec(obstacle))
    if (session.transaction === null) return writer.nilArray()
    dispatch.onRequest(session, EXEC)
  }

  #isAnyTouched(args: Args, end: number): boolean {
    for (let i = 1; i < end; i += WORDS_PER_WATCH) {
      if (this.isTouched(Number(args.text(i)), args.copy(i + 1), args.text(i + 2))) return true
    }
    return false
  }
}

/** As Redis refuses an EXEC whose commands could be queued but cannot be run. */
export function refusalOfExec(error: string): string {
  return error === NOT_PRIMARY ? error : `EXECABORT Transaction discarded because of: ${error}`
}
