/**
 * Former owners [Machine]: who owned each of this node's slots before, for as long as that matters.
 *
 * When owners change, what was confirmed lies with a majority of the former ones, and none of those need be among the new.
 * So whoever gains a slot, or begins to act for it, asks the former owners as well, until this node has settled there; and
 * a former owner keeps what it has until the new ones have it (leftovers.ts). A majority of all who owned the slot before
 * knows everything that was confirmed then, whoever of the new owners is silent.
 *
 * Nor may a former owner that has not heard of the change go on with the help of those who stayed: what it was promised is
 * over with the change (claims.ts). It asks nobody and holds no data.
 */
import type { PlanRange } from '../placement/plan.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Claims } from './claims.ts'

const NOBODY: readonly string[] = []

export class FormerOwners {
  readonly #selfId: string
  readonly #claims: Claims
  /** By slot: those who owned it and do not any more. */
  readonly #former: (readonly string[])[] = new Array<readonly string[]>(SLOT_COUNT).fill(NOBODY)
  /** By slot: all who owned it before the change, or nobody where changes have overtaken each other. */
  readonly #before: (readonly string[])[] = new Array<readonly string[]>(SLOT_COUNT).fill(NOBODY)

  constructor(selfId: string, claims: Claims) {
    this.#selfId = selfId
    this.#claims = claims
  }

  /** Owners are about to change; told before anybody acts on it. */
  onPlaced(ranges: readonly PlanRange[]): void {
    for (const { after, before, end, gained, lost, start } of ranges) {
      if (gained.length === 0 && lost.length === 0) continue
      const isOurs = after.includes(this.#selfId)
      for (let slot = start; slot <= end; slot++) {
        if (isOurs) this.#onChange(slot, before, after, lost)
        else this.forgetSlot(slot)
      }
    }
  }

  of(slot: number): readonly string[] {
    return this.#former[slot]!
  }

  /** All owners before the change, of whom a majority knows everything; nobody: that cannot be said. */
  electorateOf(slot: number): readonly string[] {
    return this.#before[slot]!
  }

  /** This node knows all they knew. */
  forgetSlot(slot: number): void {
    this.#former[slot] = NOBODY
    this.#before[slot] = NOBODY
  }

  /** The member is gone for good. */
  forgetMember(id: string): void {
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const former = this.#former[slot]!
      if (former.includes(id)) this.#former[slot] = former.filter((one) => one !== id)
    }
  }

  #onChange(
    slot: number,
    before: readonly string[],
    after: readonly string[],
    lost: readonly string[],
  ): void {
    const earlier = this.#former[slot]!
    const isFirst = earlier.length === 0
    const stillFormer = isFirst ? earlier : earlier.filter((id) => !after.includes(id) && !lost.includes(id))
    this.#former[slot] = stillFormer.length === 0 ? lost : [...stillFormer, ...lost]
    this.#before[slot] = isFirst ? before : NOBODY
    const holder = this.#claims.holderOf(slot)
    if (!after.includes(holder)) this.#claims.learn(slot, this.#claims.termOf(slot) + 1)
  }
}
