/**
 * Claims [Machine]: whom this owner has promised each of its slots to, and under which term.
 *
 * Who begins to act for a slot claims it: under a term higher than any it knows of it asks the other owners for what they
 * know, and whoever grants that promises to take the slot's effects under no lower term from then on. A term is granted to
 * one claimant only, so no two nodes ever act under the same. Every quorum that confirms a write shares an owner with
 * the quorum of each later claim: so an acting primary knows, once it has settled, everything that was or will be
 * confirmed under lower terms, whatever anybody believes about who is alive (Paxos; the slot is the register, the term
 * the ballot). Versions carry the term they were made under (resolve.ts). A promise lasts as long as the process; who
 * has forgotten its promises counts for nothing until it has heard the others' (settling.ts). It knows no effects.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'

/** Nobody. */
const NONE = 0
const NAMES_MAX = 0xffff
/** At a claim every tenth of a second this is more than a day. */
const TERM_JUMP_MAX = 2 ** 20

export class Claims {
  /** By slot, the number of a name. */
  readonly #holders = new Uint16Array(SLOT_COUNT)
  readonly #terms = new Uint32Array(SLOT_COUNT)
  #names: string[] = ['']
  #numbers = new Map<string, number>()
  #lastId = ''
  #lastNumber = NONE

  promise(slot: number, id: string, term: number): void {
    this.#terms[slot] = term
    this.#holders[slot] = this.#numberOfLast(id)
  }

  /** The highest term promised: a claim must be above it. */
  termOf(slot: number): number {
    return this.#terms[slot]!
  }

  /**
   * Others have promised the slot under this term: whoever it was, this owner holds itself to it as well. False: it did
   * already, or there cannot be such a term.
   */
  learn(slot: number, term: number): boolean {
    if (term <= this.#terms[slot]! || !this.isPossible(slot, term)) return false
    this.#terms[slot] = term
    this.#holders[slot] = NONE
    return true
  }

  /** Empty: nobody has claimed the slot here. */
  holderOf(slot: number): string {
    return this.#names[this.#holders[slot]!]!
  }

  /** So many claims as this term says there may have been. */
  isPossible(slot: number, term: number): boolean {
    return term - this.#terms[slot]! <= TERM_JUMP_MAX
  }

  /**
   * May an effect on this slot come from this sender, who acts under this term? Who writes has a quorum's promise: that it
   * is not this owner's, who promised nobody anything as high or somebody whose claim has failed, does not matter.
   */
  accepts(slot: number, senderId: string, term: number): boolean {
    const promised = this.#terms[slot]!
    if (term < promised || !this.isPossible(slot, term)) return false
    this.promise(slot, senderId, term)
    return true
  }

  /** This node owns the slot no longer. */
  release(slot: number): void {
    this.#holders[slot] = NONE
  }

  /** Effects and claims come in runs of one sender. */
  #numberOfLast(id: string): number {
    if (id !== this.#lastId) {
      this.#lastNumber = this.#numberOf(id)
      this.#lastId = id
    }
    return this.#lastNumber
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
