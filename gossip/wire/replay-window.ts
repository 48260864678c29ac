/*
 * Whether an authentic packet is new: recorded packets that are sent once more change nothing.
 *
 * The idea (the anti-replay window of IPsec, RFC 4303 3.4.3): each sender counts its packets, and the receiver keeps the
 * highest count and one bit for each of the last 1,024. What is older than that, or 30 s off the calendar, is refused, so
 * a sender's window may be forgotten once everything it saw is stale. Only authentic packets get here, so no
 * outsider can fill the memory. Shape: machine.
 */
import { Generations } from './generations.ts'

export const WINDOW_COUNT = 1024
/** How far a packet's time may be from ours, either way: clocks of one mesh have to agree that well. */
export const STALE_MS = 30_000
/** A packet heard now was stamped at most 30 s ahead (in whole seconds), so it is stale 61 s from now. */
const WINDOW_LIFE_MS = 2 * STALE_MS + 1000

export type Freshness = 'fresh' | 'stale' | 'replayed'

export class ReplayWindow {
  #highest: number
  readonly #bits: Uint32Array

  constructor() {
    this.#highest = -1
    this.#bits = new Uint32Array(WINDOW_COUNT / 32)
  }

  /** False when the counter was accepted before or lies below the window. */
  accept(counter: number): boolean {
    if (counter > this.#highest) {
      this.#advance(counter)
    } else if (this.#highest - counter >= WINDOW_COUNT) {
      return false
    }
    const bit = counter % WINDOW_COUNT
    const word = bit >>> 5
    const mask = 1 << (bit & 31)
    if ((this.#bits[word]! & mask) !== 0) return false
    this.#bits[word]! |= mask
    return true
  }

  #advance(counter: number): void {
    if (counter - this.#highest >= WINDOW_COUNT) {
      this.#bits.fill(0)
    } else {
      for (let passed = this.#highest + 1; passed <= counter; passed++) {
        const bit = passed % WINDOW_COUNT
        this.#bits[bit >>> 5]! &= ~(1 << (bit & 31))
      }
    }
    this.#highest = counter
  }
}

export class ReplayGuard {
  readonly #windows: Generations<ReplayWindow>

  constructor(sendersCountMax: number) {
    this.#windows = new Generations(WINDOW_LIFE_MS, sendersCountMax)
  }

  get sendersCount(): number {
    return this.#windows.count
  }

  get sendersForgottenEarlyCount(): number {
    return this.#windows.forgottenEarlyCount
  }

  judge(senderId: string, sentWallMs: number, counter: number, wallMs: number, nowMs: number): Freshness {
    if (Math.abs(wallMs - sentWallMs) > STALE_MS) return 'stale'
    let window = this.#windows.get(senderId, nowMs)
    if (window === undefined) {
      window = new ReplayWindow()
      this.#windows.set(senderId, window, nowMs)
    }
    return window.accept(counter) ? 'fresh' : 'replayed'
  }
}
