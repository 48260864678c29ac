/**
 * Client turn [Machine]: the replies of one turn that claim something was written, held back until it is true.
 *
 *   replies of the turn   +----+-----------+-----+------+
 *                         | GET|  SET  OK  | GET | SET  |  -> later turns
 *                         +----+^----------+-----+------+
 *                               slot: nothing behind it leaves before it is filled
 *
 * Confirmed, the slot is filled with nothing and all leave in order; unconfirmed, the replies of the writes are taken
 * back first: the client must not be told what may not last.
 */
import { Barrier, type BarrierOwner } from '../replication/barrier.ts'
import type { SessionLink } from '../session/session.ts'

const NOTHING = Buffer.alloc(0)
/** The one answer that may follow a change: it was run, and it is open whether it will last. */
export const UNCONFIRMED = Buffer.from(
  '-TIMEOUT the write was run but not confirmed by enough owners in time: its outcome is open\r\n',
  'latin1',
)

export class ClientTurn implements BarrierOwner {
  readonly barrier: Barrier
  readonly #link: SessionLink
  readonly #slot: number
  readonly #distances: number[] = []

  /** The first write's reply was written from `length` on. */
  constructor(link: SessionLink, length: number, wantsAll: boolean) {
    this.barrier = new Barrier(wantsAll, this)
    this.#link = link
    this.#slot = link.openSlot(length)
  }

  onWritten(length: number): void {
    this.#distances.push(this.#link.distanceFrom(this.#slot, length))
  }

  onConfirmed(): void {
    this.#link.fillSlot(this.#slot, NOTHING)
  }

  onUnconfirmed(): void {
    this.#link.replaceReplies(this.#slot, this.#distances, UNCONFIRMED)
    this.#link.fillSlot(this.#slot, NOTHING)
  }
}
