/**
 * Former owners [Machine]: who owned each of this node's slots before, for as long as that matters.
 *
 * When owners change, what was confirmed lies with a majority of the former ones, and none of those need be among the new.
 * So whoever gains a slot, or begins to act for it, asks the former owners as well, until this node has settled there; and
 * a former owner keeps what it has until the new ones have it (leftovers.ts). A majority of all who owned the slot before
 * knows everything that was confirmed then, whoever of the new owners is silent.
 *
 * That holds as long as the new owners remember what they confirmed since. When one of them is another process than at the
 * change, what it confirmed with somebody who is silent now may be known to no one else: then only those who know the
 * slot as it is count.
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

  /** Of the process of each member, as of the change or since. */
  readonly #births = new Map<string, number>()

  constructor(selfId: string, claims: Claims) {
    this.#selfId = selfId
    this.#claims = claims
  }

  /** Owners are about to change; told before anybody acts on it. */
  onPlaced(ranges: readonly PlanRange[]): void {
    for (const range of ranges) {
      if (range.gained.length === 0 && range.lost.length === 0) continue
      if (range.after.includes(this.#selfId)) this.#onChange(range)
      else for (let slot = range.start; slot <= range.end; slot++) this.forgetSlot(slot)
    }
  }

  /** Neighbours with the same former owners have the very same list. */
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

  /** A member is this process of its. If it was another before, its memory is gone. */
  onBirth(id: string, birth: number): void {
    const known = this.#births.get(id)
    if (known !== undefined && birth <= known) return
    this.#births.set(id, birth)
    if (known !== undefined) this.#before.fill(NOBODY)
  }

  /** The member is gone for good. */
  forgetMember(id: string): void {
    this.#births.delete(id)
    this.#replace(0, SLOT_COUNT - 1, (former) =>
      former.includes(id) ? former.filter((one) => one !== id) : former,
    )
  }

  #onChange({ after, before, end, lost, start }: PlanRange): void {
    for (let slot = start; slot <= end; slot++) this.#depose(slot, before, after)
    this.#replace(start, end, (earlier) => {
      const still = earlier.filter((id) => !after.includes(id) && !lost.includes(id))
      return still.length === 0 ? lost : [...still, ...lost]
    })
  }

  /** Whom the slot was promised to acts on no promise of ours any more, unless it still is an owner. */
  #depose(slot: number, before: readonly string[], after: readonly string[]): void {
    this.#before[slot] = this.#former[slot]!.length === 0 ? before : NOBODY
    const holder = this.#claims.holderOf(slot)
    if (!after.includes(holder)) this.#claims.learn(slot, this.#claims.termOf(slot) + 1)
  }

  /** What is made of a list is made once for all neighbours that share it. */
  #replace(start: number, end: number, next: (former: readonly string[]) => readonly string[]): void {
    let from: readonly string[] | undefined
    let to = NOBODY
    for (let slot = start; slot <= end; slot++) {
      const former = this.#former[slot]!
      if (former !== from) {
        from = former
        to = next(former)
      }
      this.#former[slot] = to
    }
  }
}
