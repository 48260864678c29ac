/**
 * Received [Machine]: what one sender may be told of the batches it has sent over one link: up to which number they
 * have come, and every exception, so that it never counts an effect that is not applied here.
 *
 * Numbers rise but skip (a batch goes only to the owners of its slots), so each batch names the one sent before it:
 * what does not join on has been lost on the way. Exceptions are told again and again, as acknowledgements may be lost
 * too, until the sender's `floor` says that it awaits nothing older. Beyond the limit exceptions are told more
 * coarsely: whole batches count as lost, never the other way round. It does not know what is in a batch.
 */
export type RefusalReason = 'gap' | 'ahead' | 'outranked' | 'skewed' | 'broken' | 'full' | 'late'

export interface Refusal {
  batch: number
  /** Which effect of the batch. With `broken`, this one and all behind it. */
  index: number
  /** -1 and no key: the bytes do not tell. */
  slot: number
  database: number
  key: Buffer
  reason: RefusalReason
}

export interface Acknowledgement {
  /** All batches up to this one are in and applied, except for what follows. 0: none. */
  upTo: number
  /** Batches of which some effects wait for a whole entry; a later acknowledgement says what became of them. */
  waiting: number[]
  refusals: Refusal[]
  /** Numbers in (after, upTo] that were sent to us have not come, or count as if. */
  lost: { after: number; upTo: number }[]
}

export class Received {
  /** The highest batch that came. */
  upTo = 0
  readonly #exceptionsMax: number
  /** Batch -> how many of its effects wait. */
  readonly #waiting = new Map<number, number>()
  #refusals: Refusal[] = []
  #lost: { after: number; upTo: number }[] = []

  constructor(exceptionsMax: number) {
    this.#exceptionsMax = exceptionsMax
  }

  /** Answers false when batches between `previous` and what came last were lost. */
  onBatch(number: number, previous: number): boolean {
    const isWhole = previous <= this.upTo
    if (!isWhole) this.#lose(this.upTo, previous)
    if (number > this.upTo) this.upTo = number
    return isWhole
  }

  /** The sender no longer asks about batches below `floor`. */
  forgetBefore(floor: number): void {
    if (this.#refusals.length !== 0) this.#refusals = this.#refusals.filter(({ batch }) => batch >= floor)
    if (this.#lost.length !== 0) this.#lost = this.#lost.filter(({ upTo }) => upTo >= floor)
  }

  wait(batch: number): void {
    this.#waiting.set(batch, (this.#waiting.get(batch) ?? 0) + 1)
  }

  /** One effect of the batch waits no longer. */
  endWait(batch: number): void {
    const left = this.#waiting.get(batch)! - 1
    if (left === 0) this.#waiting.delete(batch)
    else this.#waiting.set(batch, left)
  }

  refuse(refusal: Refusal): void {
    if (this.#refusals.length < this.#exceptionsMax) this.#refusals.push(refusal)
    else this.#lose(refusal.batch - 1, refusal.batch)
  }

  acknowledgement(): Acknowledgement {
    return {
      upTo: this.upTo,
      waiting: [...this.#waiting.keys()],
      refusals: this.#refusals.slice(),
      lost: this.#lost.slice(),
    }
  }

  #lose(after: number, upTo: number): void {
    const last = this.#lost.at(-1)
    const isFull = this.#lost.length >= this.#exceptionsMax
    if (last === undefined || !(isFull || (after <= last.upTo && upTo >= last.after))) {
      this.#lost.push({ after, upTo })
      return
    }
    this.#lost[this.#lost.length - 1] = {
      after: Math.min(last.after, after),
      upTo: Math.max(last.upTo, upTo),
    }
  }
}
