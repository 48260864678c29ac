/**
 * Waiters [Machine]: the clients that wait for a key (BLPOP, BLMOVE, BZPOPMIN ...), in the order they came.
 *
 * A blocking row that finds nothing parks its session with a copy of its arguments. A change of a key
 * somebody waits for only notes that key; after the command, `serveReady` runs the parked requests again,
 * key by key in the order the keys became ready, client by client in the order they parked, until nothing
 * is ready: what a served request pushes may wake the next. As in Redis 7.0 a woken request is offered the
 * ready key only (`offers`). It does not know what a row is or does; time comes in through `onTick`.
 */
import type { Args } from '../../resp/index.ts'
import { hashOf } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { keepArgs } from './kept-args.ts'
import type { Session } from './session.ts'

export const UNBLOCKED_ERROR = 'UNBLOCKED client unblocked via CLIENT UNBLOCK'

/** Runs a parked request; true when it replied, false when it would block again. */
export type RunAgain<Row> = (session: Session, row: Row, args: Args, database: number) => boolean

/** A wait that is over though nothing was answered. */
export interface TakenOut<Row> {
  readonly session: Session
  readonly row: Row
  readonly args: Args
  /** Wall ms; Infinity = never. */
  readonly deadlineMs: number
}

interface Waiter<Row> extends TakenOut<Row> {
  readonly first: number
  readonly last: number
  readonly type: number
  readonly onTimeout: 'nil' | 'nil-array'
  /** Physical database; SWAPDB changes it. */
  database: number
}

/** A key somebody waits for. Sets keep the order in which the waiters came. */
interface WaitedKey<Row> {
  readonly database: number
  readonly hash: number
  readonly bytes: Buffer
  readonly waiters: Set<Waiter<Row>>
  /** Other keys of the same hash. */
  next: WaitedKey<Row> | undefined
  isReady: boolean
}

export class Waiters<Row = unknown> {
  /** Clients that wait. The keyspace observer looks here before it calls `onKeyChanged`. */
  count = 0
  /** Different keys that are waited for. */
  keyCount = 0
  /** Keys noted as ready and not served yet. */
  readyCount = 0
  readonly #space: Keyspace
  readonly #bySession = new Map<Session, Waiter<Row>>()
  readonly #byHash = new Map<number, WaitedKey<Row>>()
  readonly #countOfType = new Uint32Array(16)
  #ready: WaitedKey<Row>[] = []
  #offered: WaitedKey<Row> | null = null
  #isServing = false
  #nextDeadlineMs = Number.POSITIVE_INFINITY

  constructor(space: Keyspace) {
    this.#space = space
  }

  /** No waiter times out before this (wall ms; Infinity: none ever does). */
  get nextDeadlineMs(): number {
    return this.#nextDeadlineMs
  }

  /**
   * A session that already waits (its request was run again and found nothing) keeps its place and its
   * deadline.
   */
  park(
    session: Session,
    row: Row,
    args: Args,
    database: number,
    first: number,
    last: number,
    type: number,
    timeoutMs: number,
    onTimeout: 'nil' | 'nil-array',
  ): void {
    if (this.#bySession.has(session)) return
    const deadlineMs = timeoutMs > 0 ? this.#space.nowMs + timeoutMs : Number.POSITIVE_INFINITY
    const own = keepArgs(args)
    const waiter = { session, row, args: own, first, last, type, onTimeout, deadlineMs, database }
    this.#bySession.set(session, waiter)
    this.count++
    this.#space.attention++
    this.#countOfType[type]!++
    this.#enlist(waiter, false)
    if (deadlineMs < this.#nextDeadlineMs) this.#nextDeadlineMs = deadlineMs
    session.isBlocked = true
    session.link.block()
  }

  isWaiting(session: Session): boolean {
    return this.#bySession.has(session)
  }

  /**
   * An entry of `type` changed: its key is ready if somebody waits for it. Comes in the middle of commands.
   */
  onKeyChanged(database: number, ref: number, type: number): void {
    if (this.#countOfType[type] === 0) return
    const entries = this.#space.entries
    const start = entries.keyStart(ref)
    const bytes = entries.keyBuffer(ref)
    const end = start + entries.keyLength(ref)
    const key = this.#find(hashOf(this.#space.secret, bytes, start, end), database, bytes, start, end)
    if (key !== undefined) this.#makeReady(key)
  }

  /**
   * The contents of two physical databases changed places in the eyes of the clients: so do those who wait
   * there.
   */
  onDatabasesSwapped(a: number, b: number): void {
    for (const waiter of this.#bySession.values()) {
      if (waiter.database !== a && waiter.database !== b) continue
      this.#delist(waiter)
      waiter.database = waiter.database === a ? b : a
      this.#enlist(waiter, true)
    }
  }

  /** Serves all that is ready. `runAgain` runs a parked request and says whether it replied. */
  serveReady(runAgain: RunAgain<Row>): void {
    if (this.#isServing || this.readyCount === 0) return
    this.#isServing = true
    try {
      while (this.readyCount > 0) {
        const round = this.#ready
        this.#ready = []
        this.readyCount = 0
        for (const key of round) this.#serve(key, runAgain)
      }
    } finally {
      this.#offered = null
      this.#isServing = false
    }
  }

  /**
   * May the running request take from the key at argument i? A woken request may only from the key that
   * woke it.
   */
  offers(args: Args, i: number): boolean {
    const key = this.#offered
    return key === null || args.equals(i, key.bytes, 0, key.bytes.length)
  }

  onTick(nowMs: number): void {
    if (nowMs < this.#nextDeadlineMs) return
    let next = Number.POSITIVE_INFINITY
    for (const waiter of this.#bySession.values()) {
      if (waiter.deadlineMs <= nowMs) this.#dismiss(waiter, null)
      else if (waiter.deadlineMs < next) next = waiter.deadlineMs
    }
    this.#nextDeadlineMs = next
  }

  /**
   * CLIENT UNBLOCK: the waiter gets its timeout's reply or an error. False when the session does not wait.
   */
  unblock(session: Session, withError: boolean): boolean {
    const waiter = this.#bySession.get(session)
    if (waiter === undefined) return false
    this.#dismiss(waiter, withError ? UNBLOCKED_ERROR : null)
    return true
  }

  /** Ends the wait of everybody `concerns` says yes to, unanswered: what becomes of them is the caller's to say. */
  takeOut(concerns: (row: Row, args: Args) => boolean): readonly TakenOut<Row>[] {
    const taken = [...this.#bySession.values()].filter(({ row, args }) => concerns(row, args))
    for (const waiter of taken) this.#remove(waiter)
    return taken
  }

  /** The client is gone. */
  forget(session: Session): void {
    const waiter = this.#bySession.get(session)
    if (waiter !== undefined) this.#remove(waiter)
  }

  #serve(key: WaitedKey<Row>, runAgain: RunAgain<Row>): void {
    key.isReady = false
    const space = this.#space
    for (const waiter of key.waiters) {
      const ref = space.peek(key.database, key.bytes, 0, key.bytes.length)
      if (ref === 0) return
      if (space.entries.typeOf(ref) !== waiter.type) continue
      this.#offered = key
      const hasReplied = runAgain(waiter.session, waiter.row, waiter.args, waiter.database)
      this.#offered = null
      if (hasReplied) this.#release(waiter)
    }
  }

  /** Ends the wait with the timeout's reply, or with an error. */
  #dismiss(waiter: Waiter<Row>, error: string | null): void {
    const { writer, replyMode } = waiter.session
    if (replyMode !== 'off') {
      if (error !== null) writer.error(error)
      else if (waiter.onTimeout === 'nil') writer.nil()
      else writer.nilArray()
    }
    this.#release(waiter)
  }

  #release(waiter: Waiter<Row>): void {
    this.#remove(waiter)
    waiter.session.link.unblock()
    waiter.session.link.markDirty()
  }

  #remove(waiter: Waiter<Row>): void {
    if (!this.#bySession.delete(waiter.session)) return
    waiter.session.isBlocked = false
    this.count--
    this.#space.attention--
    this.#countOfType[waiter.type]!--
    this.#delist(waiter)
    if (this.count === 0) this.#nextDeadlineMs = Number.POSITIVE_INFINITY
  }

  #enlist(waiter: Waiter<Row>, isReady: boolean): void {
    const { args, database } = waiter
    for (let i = waiter.first; i <= waiter.last; i++) {
      const start = args.starts[i]!
      const end = args.ends[i]!
      const hash = hashOf(this.#space.secret, args.bytes, start, end)
      let key = this.#find(hash, database, args.bytes, start, end)
      if (key === undefined) {
        const next = this.#byHash.get(hash)
        key = { database, hash, bytes: args.copy(i), waiters: new Set(), next, isReady: false }
        this.#byHash.set(hash, key)
        this.keyCount++
      }
      key.waiters.add(waiter)
      if (isReady) this.#makeReady(key)
    }
  }

  #delist(waiter: Waiter<Row>): void {
    const { args, database } = waiter
    for (let i = waiter.first; i <= waiter.last; i++) {
      const start = args.starts[i]!
      const end = args.ends[i]!
      const hash = hashOf(this.#space.secret, args.bytes, start, end)
      const key = this.#find(hash, database, args.bytes, start, end)
      // A key named twice is gone the second time.
      if (key === undefined || !key.waiters.delete(waiter) || key.waiters.size > 0) continue
      this.#unlink(key)
      this.keyCount--
    }
  }

  #unlink(key: WaitedKey<Row>): void {
    const head = this.#byHash.get(key.hash)
    if (head === key) {
      if (key.next === undefined) this.#byHash.delete(key.hash)
      else this.#byHash.set(key.hash, key.next)
      return
    }
    let before = head
    while (before !== undefined && before.next !== key) before = before.next
    if (before !== undefined) before.next = key.next
  }

  #find(
    hash: number,
    database: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): WaitedKey<Row> | undefined {
    let key = this.#byHash.get(hash)
    while (key !== undefined) {
      if (key.database === database && holds(key.bytes, bytes, start, end)) return key
      key = key.next
    }
    return undefined
  }

  #makeReady(key: WaitedKey<Row>): void {
    if (key.isReady) return
    key.isReady = true
    this.#ready.push(key)
    this.readyCount++
  }
}

function holds(own: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (own.length !== end - start) return false
  for (let i = 0; i < own.length; i++) if (own[i] !== bytes[start + i]) return false
  return true
}
