/**
 * Owners table, owner lists [Data]: the owners of each slot by name, in rank order. Slots with the same owners share one list: whoever
 * finds the same list for two slots knows that their owners are the same, without comparing names, and may conclude for
 * the second what was concluded for the first. There are a few dozen lists for 16384 slots. They know one table of owners
 * and nothing of who is alive.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'

/** No member: an empty place in a table of owners. */
export const NO_MEMBER = 0xffff

/** Who owns what, by number of the member: `owners[slot * copies + rank]`. */
export interface OwnersTable {
  readonly members: readonly string[]
  /** Owners of each slot. */
  readonly copies: number
  readonly owners: Uint16Array
}

export const NO_TABLE: OwnersTable = { members: [], copies: 0, owners: new Uint16Array(0) }

export class OwnerLists {
  readonly table: OwnersTable
  /** By number, in the order of their first slots. */
  readonly all: (readonly string[])[] = []
  /** Of each slot the number of its list. */
  readonly numbers = new Uint16Array(SLOT_COUNT)

  constructor(table: OwnersTable) {
    this.table = table
    const { copies, owners } = table
    const known = new Map<string, number>()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      this.numbers[slot] =
        slot > 0 && areAlike(owners, copies, slot) ? this.numbers[slot - 1]! : this.#numberOf(slot, known)
    }
  }

  of(slot: number): readonly string[] {
    return this.all[this.numbers[slot]!]!
  }

  #numberOf(slot: number, known: Map<string, number>): number {
    const { copies, members, owners } = this.table
    const row = owners.subarray(slot * copies, (slot + 1) * copies)
    const name = row.join()
    let number = known.get(name)
    if (number === undefined) {
      number = this.all.length
      known.set(name, number)
      this.all.push([...row].filter((owner) => owner !== NO_MEMBER).map((owner) => members[owner]!))
    }
    return number
  }
}

/** Does the slot before have the same owners? */
function areAlike(owners: Uint16Array, copies: number, slot: number): boolean {
  const at = slot * copies
  for (let rank = 0; rank < copies; rank++) {
    if (owners[at + rank] !== owners[at + rank - copies]) return false
  }
  return true
}
