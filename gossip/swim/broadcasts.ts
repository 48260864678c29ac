/*
 * Words on their way to everyone: each is handed out a number of times, then forgotten.
 *
 * The idea: SWIM 4.1. What was sent the fewest times goes first, so that news is not drowned by repetition;
 * of one member only the newest word is kept, so the queue is never longer than the list. Words lie in tiers
 * by the times they were handed out: taking never sorts. It knows nothing of what the words mean. Shape:
 * machine.
 */
import type { Message } from '../messages.ts'
import { bytesOf } from './messages.ts'

interface Broadcast {
  readonly subjectId: string
  readonly message: Message
  readonly bytes: number
  transmits: number
}

/** Nothing we broadcast is shorter, so with less room left there is no use in looking. */
const BYTES_MIN = 9
/** Words passed over for being too long, before one datagram counts as full. */
const MISSES_MAX = 8

export const NO_MESSAGES: readonly Message[] = []

export class Broadcasts {
  readonly #onAdded: () => void
  readonly #bySubject = new Map<string, Broadcast>()
  readonly #tiers: Set<Broadcast>[] = []
  readonly #taken: Broadcast[] = []

  constructor(onAdded: () => void) {
    this.#onAdded = onAdded
  }

  get size(): number {
    return this.#bySubject.size
  }

  has(subjectId: string): boolean {
    return this.#bySubject.has(subjectId)
  }

  /** Replaces an older word about the same subject. False when another word had to go for it. */
  add(subjectId: string, message: Message, countMax: number): boolean {
    this.drop(subjectId)
    const isFull = this.#bySubject.size >= countMax
    if (isFull) this.#dropMostSent()
    const broadcast: Broadcast = { subjectId, message, bytes: bytesOf(message), transmits: 0 }
    this.#bySubject.set(subjectId, broadcast)
    this.#tier(0).add(broadcast)
    this.#onAdded()
    return !isFull
  }

  drop(subjectId: string): void {
    const broadcast = this.#bySubject.get(subjectId)
    if (broadcast === undefined) return
    this.#bySubject.delete(subjectId)
    this.#tiers[broadcast.transmits]!.delete(broadcast)
  }

  /** What fits, fewest transmits first; what has now been handed out `transmitsMax` times is forgotten. */
  take(bytesLeft: number, transmitsMax: number): readonly Message[] {
    if (this.#bySubject.size === 0) return NO_MESSAGES
    this.#choose(bytesLeft)
    if (this.#taken.length === 0) return NO_MESSAGES
    const messages: Message[] = []
    for (const broadcast of this.#taken) {
      messages.push(broadcast.message)
      this.#tiers[broadcast.transmits]!.delete(broadcast)
      broadcast.transmits++
      if (broadcast.transmits < transmitsMax) this.#tier(broadcast.transmits).add(broadcast)
      else this.#bySubject.delete(broadcast.subjectId)
    }
    this.#taken.length = 0
    return messages
  }

  #choose(bytesLeft: number): void {
    let left = bytesLeft
    let misses = 0
    for (const tier of this.#tiers) {
      for (const broadcast of tier) {
        if (left < BYTES_MIN || misses > MISSES_MAX) return
        if (broadcast.bytes > left) {
          misses++
          continue
        }
        left -= broadcast.bytes
        this.#taken.push(broadcast)
      }
    }
  }

  #dropMostSent(): void {
    for (let transmits = this.#tiers.length - 1; transmits >= 0; transmits--) {
      const [oldest] = this.#tiers[transmits]!
      if (oldest !== undefined) return this.drop(oldest.subjectId)
    }
  }

  #tier(transmits: number): Set<Broadcast> {
    while (this.#tiers.length <= transmits) this.#tiers.push(new Set())
    return this.#tiers[transmits]!
  }
}
