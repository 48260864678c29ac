/*
 * Lives that are over for us, remembered so that late gossip does not bring them back.
 *
 * The idea: whom the embedder evicted is refused for the whole of that life; whom we evicted ourselves, for
 * want of hearing it, may come back in the same life by raising its incarnation: it is told so. The memory is
 * bounded and forgets the oldest. Shape: machine.
 */
import { compareLife, type MemberRecord } from '../member.ts'

interface Departure {
  readonly birth: number
  /** Infinite: nothing this life says counts any more. */
  readonly incarnation: number
  accusedMs: number
}

export class Departed {
  readonly #departures = new Map<string, Departure>()

  get size(): number {
    return this.#departures.size
  }

  /** False when the oldest departure had to be forgotten for it. */
  remember(record: MemberRecord, isForGood: boolean, countMax: number): boolean {
    this.#departures.delete(record.id)
    const isFull = this.#departures.size >= countMax
    if (isFull)
      for (const oldest of this.#departures.keys()) {
        this.#departures.delete(oldest)
        break
      }
    const incarnation = isForGood ? Number.POSITIVE_INFINITY : record.incarnation
    this.#departures.set(record.id, { birth: record.birth, incarnation, accusedMs: Number.NEGATIVE_INFINITY })
    return !isFull
  }

  forget(id: string): void {
    this.#departures.delete(id)
  }

  refuses(id: string, birth: number, incarnation: number): boolean {
    const departure = this.#departures.get(id)
    return departure !== undefined && compareLife({ birth, incarnation }, departure) <= 0
  }

  /**
   * The incarnation that this life has to exceed to come back, at most once per `pauseMs`; undefined: it
   * cannot, or was told.
   */
  incarnationToRefute(id: string, birth: number, nowMs: number, pauseMs: number): number | undefined {
    const departure = this.#departures.get(id)
    if (departure === undefined || departure.birth !== birth) return undefined
    if (!Number.isFinite(departure.incarnation) || nowMs - departure.accusedMs < pauseMs) return undefined
    departure.accusedMs = nowMs
    return departure.incarnation
  }
}
