/**
 * Moved waits [Machine]: clients that wait in line for keys of slots which this node acts for no longer, or has to settle
 * anew. They are taken out of the line and asked again from the start, in their order: what has come in meanwhile from
 * elsewhere woke nobody.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Session } from '../session/session.ts'
import type { TakenOut, Waiters } from '../session/waiters.ts'
import type { DistantWaits } from './distant-waits.ts'
import type { RequestKeys } from './request-keys.ts'

export interface MovedWaitsParts {
  readonly waiters: Waiters
  readonly distant: DistantWaits
  readonly keys: RequestKeys
  /** Is there anybody else who may act? Alone, a node keeps everybody in line. */
  readonly isRouted: () => boolean
  /** Runs a request as a turn of its own. */
  readonly run: (session: Session, args: Args) => void
  readonly ports: {
    wallMs(): number
    after(delayMs: number, run: () => void): void
  }
}

export class MovedWaits {
  readonly counters = { moved: 0 }
  readonly #parts: MovedWaitsParts
  readonly #slots = new Set<number>()

  constructor(parts: MovedWaitsParts) {
    this.#parts = parts
  }

  /** May come in the middle of anything: who waits is looked for a moment later. */
  onSlots(slots: readonly number[]): void {
    const { ports, waiters } = this.#parts
    if (waiters.count === 0) return
    const isFirst = this.#slots.size === 0
    for (const slot of slots) this.#slots.add(slot)
    if (isFirst) ports.after(0, () => this.#move())
  }

  #move(): void {
    const { isRouted, keys, waiters } = this.#parts
    if (!isRouted()) return this.#slots.clear()
    const taken = waiters.takeOut((row, args) => {
      keys.read(row as CommandRow, args)
      return keys.slots.some((slot) => this.#slots.has(slot))
    })
    this.#slots.clear()
    for (const waiter of taken) this.#again(waiter as TakenOut<CommandRow>)
  }

  #again({ args, deadlineMs, row, session }: TakenOut<CommandRow>): void {
    const { distant, keys, ports, run } = this.#parts
    this.counters.moved++
    if (!session.isProxied) {
      keys.read(row, args)
      return distant.begin(session, row, args, keys.slots, Math.max(0, deadlineMs - ports.wallMs()))
    }
    session.link.unblock()
    run(session, args)
    session.link.markDirty()
  }
}
