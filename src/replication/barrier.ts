/**
 * Barrier [Machine]: one turn's promise to its client: what was written in it is confirmed by as many owners as asked
 * for, or the replies that claim it are taken back.
 *
 * A turn may write into several groups, so a barrier waits for several batches; it is settled once, by the last
 * confirmation or by the first failure, whichever comes first. It knows neither replies nor peers.
 */
export interface BarrierOwner {
  onConfirmed(): void
  /** The outcome is open: some owners may hold the writes, too few have said so. */
  onUnconfirmed(): void
}

export class Barrier {
  readonly wantsAll: boolean
  readonly #owner: BarrierOwner
  #waitingFor = 0
  #isSealed = false
  #isSettled = false

  /** `wantsAll`: every owner must confirm, not just a quorum. */
  constructor(wantsAll: boolean, owner: BarrierOwner) {
    this.wantsAll = wantsAll
    this.#owner = owner
  }

  get isSettled(): boolean {
    return this.#isSettled
  }

  expectOneMore(): void {
    this.#waitingFor++
  }

  /** Nothing more will be waited for; before this it is never confirmed. */
  seal(): void {
    this.#isSealed = true
    this.#settleIfDone()
  }

  onBatchConfirmed(): void {
    this.#waitingFor--
    this.#settleIfDone()
  }

  onBatchFailed(): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#owner.onUnconfirmed()
  }

  #settleIfDone(): void {
    if (!this.#isSealed || this.#isSettled || this.#waitingFor > 0) return
    this.#isSettled = true
    this.#owner.onConfirmed()
  }
}
