/**
 * Slot exchanges [Data]: the pulls and pushes of slots that are under way, each with a number. A slot may begin anew before
 * its former one has ended: only the latest of a slot still means something. It does not know what they bring.
 */
export class SlotExchanges {
  underWay = 0
  #last = 0
  /** By slot. */
  readonly #latest = new Map<number, number>()

  /** Answers its number. */
  begin(slot: number): number {
    this.underWay++
    this.#latest.set(slot, ++this.#last)
    return this.#last
  }

  isLatest(slot: number, number: number): boolean {
    return this.#latest.get(slot) === number
  }

  end(slot: number, number: number): void {
    this.underWay--
    if (this.isLatest(slot, number)) this.#latest.delete(slot)
  }
}
