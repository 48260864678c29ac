/**
 * Claims [Machine]: whom this owner has promised each of its slots to.
 *
 * Who begins to act for a slot claims it: it asks the other owners for what they know, and whoever answers promises to
 * take the slot's effects from nobody else until somebody else claims. Every quorum that confirms a write then shares
 * an owner with the quorum of the latest claim, and that owner refuses whoever claimed before: so an acting primary
 * knows, once it has settled, everything that was or will be confirmed, whatever anybody believes about who is alive
 * (the first phase of Paxos; the slot is the register). A promise lasts as long as the process. It knows no effects.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'

/** Nobody. */
const NONE = 0
const NAMES_MAX = 0xffff

export class Claims {
  /** By slot, the number of a name. */
  readonly #holders = new Uint16Array(SLOT_COUNT)
  #names: string[] = ['']
  #numbers = new Map<string, number>()
  // Effects come in runs of one sender.
  #lastId = ''
  #lastNumber = NONE

  promise(slot: number, id: string): void {
    this.#holders[slot] = this.#numberOf(id)
  }

  /** Empty: nobody has claimed the slot here. */
  holderOf(slot: number): string {
    return this.#names[this.#holders[slot]!]!
  }

  /** May effects on this slot come from this sender? */
  allows(slot: number, senderId: string): boolean {
    const holder = this.#holders[slot]!
    if (holder === NONE) return true
    if (senderId !== this.#lastId) {
      this.#lastId = senderId
      this.#lastNumber = this.#numbers.get(senderId) ?? NONE
    }
    return holder === this.#lastNumber
  }

  /** This node owns the slot no longer: its promise is worth nothing to anybody. */
  release(slot: number): void {
    this.#holders[slot] = NONE
  }

  #numberOf(id: string): number {
    const known = this.#numbers.get(id)
    if (known !== undefined) return known
    if (this.#names.length >= NAMES_MAX) this.#dropUnused()
    const number = this.#names.length
    this.#names.push(id)
    this.#numbers.set(id, number)
    this.#lastId = ''
    return number
  }

  /** There are fewer slots than numbers, so some are always free again. */
  #dropUnused(): void {
    const names = this.#names
    this.#names = ['']
    this.#numbers = new Map()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const holder = this.#holders[slot]!
      if (holder !== NONE) this.#holders[slot] = this.#numberOf(names[holder]!)
    }
  }
}
