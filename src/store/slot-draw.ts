/**
 * Slot draw [Machine]: draws a hash slot with a chance in proportion to what it holds, so that drawing an entry out of
 * the drawn slot is fair however unevenly keys lie. It searches sums of the slots' counts, which it takes anew after
 * a number of draws that grows with the total. A ticket stands for one entry of that time: when the slot holds fewer
 * by now and the ticket is beyond them, it is void, so removals do not make old sums unfair. Entries that came since
 * have their first chance at the next sums.
 */
import { SLOT_COUNT } from './hash-slot.ts'

const DRAWS_MIN = 64
const DRAWS_MAX = 1024
/** The sums are taken anew after one draw for so many entries. */
const DRAWS_SHARE = 16

export class SlotDraw {
  readonly #countOf: (slot: number) => number
  readonly #sums = new Float64Array(SLOT_COUNT)
  #drawsLeft = 0

  constructor(countOf: (slot: number) => number) {
    this.#countOf = countOf
  }

  /** A slot that holds something, or -1 when none does. */
  draw(random32: () => number): number {
    for (;;) {
      if (this.#drawsLeft === 0 && !this.#refresh()) return -1
      this.#drawsLeft--
      const ticket = ((random32() >>> 0) / 2 ** 32) * this.#sums[SLOT_COUNT - 1]!
      const slot = this.#slotOf(ticket)
      const below = slot === 0 ? 0 : this.#sums[slot - 1]!
      if (ticket - below < this.#countOf(slot)) return slot
    }
  }

  /** The first slot whose sum is above the ticket. */
  #slotOf(ticket: number): number {
    let low = 0
    let high = SLOT_COUNT - 1
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sums[middle]! > ticket) high = middle
      else low = middle + 1
    }
    return low
  }

  #refresh(): boolean {
    let total = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      total += this.#countOf(slot)
      this.#sums[slot] = total
    }
    if (total === 0) return false
    this.#drawsLeft = Math.max(DRAWS_MIN, Math.min(DRAWS_MAX, Math.ceil(total / DRAWS_SHARE)))
    return true
  }
}
