/**
 * Told ranges [Machine]: the slots as clients are told of them: ranges with the same nodes in the same order, whoever acts
 * standing first. Every client that connects asks for them, some at every redirection, so they are worked out once and
 * kept while they hold: until owners, beliefs or the nodes themselves have changed. It writes no replies.
 */
import { NO_MEMBER } from '../replication/owners-table.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import type { SlotRange } from '../session/mesh-face.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'

export class ToldRanges {
  readonly counters = { made: 0 }
  readonly #roles: SlotRoles
  #ranges: readonly SlotRange[] = []
  /** What the kept ranges were made of. */
  #updates = -1
  #ids: readonly string[] = []

  constructor(roles: SlotRoles) {
    this.#roles = roles
  }

  /** `ids`: the nodes there are; ranges name them by their place in it. */
  of(ids: readonly string[]): readonly SlotRange[] {
    const { updates } = this.#roles.counters
    if (updates !== this.#updates || !isSame(ids, this.#ids)) {
      this.#updates = updates
      this.#ids = ids
      this.#ranges = this.#make()
    }
    return this.#ranges
  }

  #make(): SlotRange[] {
    this.counters.made++
    const { acting, table } = this.#roles
    const { copies, owners } = table
    const ranges: SlotRange[] = []
    if (copies === 0) return ranges
    const hasSameNodes = (slot: number, other: number): boolean => {
      if (acting[slot] !== acting[other]) return false
      for (let rank = 0; rank < copies; rank++) {
        if (owners[slot * copies + rank] !== owners[other * copies + rank]) return false
      }
      return true
    }
    let first = 0
    for (let slot = 1; slot <= SLOT_COUNT; slot++) {
      if (slot < SLOT_COUNT && hasSameNodes(slot, first)) continue
      const owners = this.#toldOf(first)
      const before = ranges.at(-1)
      // Others in rank order may be told alike when one of them acts for another.
      if (before?.owners.join() === owners.join()) ranges[ranges.length - 1] = { ...before, last: slot - 1 }
      else ranges.push({ first, last: slot - 1, owners })
      first = slot
    }
    return ranges
  }

  #toldOf(slot: number): number[] {
    const { acting, table } = this.#roles
    const own = [...table.owners.subarray(slot * table.copies, (slot + 1) * table.copies)]
    const first = acting[slot]!
    const ranked = first === NO_MEMBER ? own : [first, ...own.filter((owner) => owner !== first)]
    const places = ranked
      .filter((owner) => owner !== NO_MEMBER)
      .map((o) => this.#ids.indexOf(table.members[o]!))
    return places.filter((place) => place >= 0)
  }
}

function isSame(ids: readonly string[], others: readonly string[]): boolean {
  return ids.length === others.length && ids.every((id, at) => id === others[at])
}
