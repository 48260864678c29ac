/**
 * Parking [Machine]: requests that cannot be run yet because their slot is not settled, or their keys are being
 * confirmed. The session reads no further until its request is taken up again, so nothing overtakes it.
 *
 * What waits too long is handed to `onExpired`, and a session that is gone takes its request with it.
 */
import type { Args } from '../../resp/index.ts'
import { keepArgs } from '../session/kept-args.ts'
import type { Session } from '../session/session.ts'

interface Parked {
  readonly session: Session
  readonly args: Args
  /** -1: it waits for something else than a slot. */
  readonly slot: number
  readonly sinceMs: number
}

export interface ParkingLimits {
  waitMs: number
  countMax: number
}

export class Parking {
  limits: ParkingLimits = { waitMs: 3000, countMax: 65_536 }
  readonly counters = { parked: 0, expired: 0, refused: 0 }
  readonly #bySession = new Map<Session, Parked>()
  readonly #run: (session: Session, args: Args) => void
  readonly #onExpired: (session: Session) => void

  constructor(run: (session: Session, args: Args) => void, onExpired: (session: Session) => void) {
    this.#run = run
    this.#onExpired = onExpired
  }

  get count(): number {
    return this.#bySession.size
  }

  /** Slots that requests wait for. */
  get slots(): Set<number> {
    const slots = new Set<number>()
    for (const { slot } of this.#bySession.values()) if (slot >= 0) slots.add(slot)
    return slots
  }

  /** False: there is no room, and the request is the caller's to refuse. */
  park(session: Session, args: Args, slot: number, nowMs: number): boolean {
    if (this.#bySession.size >= this.limits.countMax) {
      this.counters.refused++
      return false
    }
    this.counters.parked++
    this.#bySession.set(session, { session, args: keepArgs(args), slot, sinceMs: nowMs })
    session.isBlocked = true
    session.link.block()
    return true
  }

  has(session: Session): boolean {
    return this.#bySession.has(session)
  }

  forget(session: Session): void {
    this.#bySession.delete(session)
  }

  /** What these slots' requests waited for has come to pass, or they are somebody else's now. */
  release(slots: ReadonlySet<number>): void {
    for (const parked of [...this.#bySession.values()]) if (slots.has(parked.slot)) this.#takeUp(parked)
  }

  /** `around` is handed the request to run, and nothing that its session asks next. */
  releaseOne(session: Session, around: (run: () => void) => void = plainly): void {
    const parked = this.#bySession.get(session)
    if (parked !== undefined) this.#takeUp(parked, around)
  }

  /** What the session's request waited for will not come. */
  expire(session: Session): void {
    const parked = this.#bySession.get(session)
    if (parked === undefined) return
    this.counters.expired++
    this.#resume(parked, () => this.#onExpired(session))
  }

  onTick(nowMs: number): void {
    for (const parked of [...this.#bySession.values()]) {
      if (nowMs - parked.sinceMs < this.limits.waitMs) break
      this.expire(parked.session)
    }
  }

  #takeUp(parked: Parked, around: (run: () => void) => void = plainly): void {
    this.#resume(parked, () => around(() => this.#run(parked.session, parked.args)))
  }

  #resume({ session }: Parked, answer: () => void): void {
    this.#bySession.delete(session)
    session.isBlocked = false
    session.link.unblock()
    answer()
    session.link.markDirty()
  }
}

function plainly(run: () => void): void {
  run()
}
