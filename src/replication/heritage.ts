/**
 * Heritage [Machine]: whose word a slot needs beyond that of its owners. What was confirmed is with a quorum of those who
 * owned the slot then; when owners change, and some of them are owners no longer, all of the new ones together may
 * know nothing of it - after a split that took two of three away, or when a mesh founds itself anew around an empty node. So
 * who owned the slot last is remembered until enough of those have been heard:
 *
 *   so many with a memory that each quorum has one of them | all, with a memory or without: nobody is left who knows more
 *
 * Who has left in good order, having handed on what it had, or whose data the operator gives up, counts as heard. It is
 * what this node has seen itself: who has just started owes nobody anything. It asks nobody.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { NO_MEMBER, OwnerLists, type OwnersTable } from './owners-table.ts'

/** What somebody has said of a slot. */
export const UNHEARD = 0
export const HEARD = 1
export const HEARD_WHOLE = 2

/** Tables that slots still owe something to; beyond, the newest is not remembered. */
const TABLES_MAX = 255

const EXCUSED_MAX = 1024

const NOBODY: readonly string[] = []

interface Ancestor {
  readonly lists: OwnerLists
  readonly excused: Set<string>
}

export class Heritage {
  readonly counters = { inherited: 0, resolved: 0, forgotten: 0 }
  /** By number, from 1. */
  readonly #ancestors: (Ancestor | undefined)[] = []
  /** Whose word will not be waited for after the next change of owners. */
  readonly #excused = new Set<string>()
  /** By slot, the number of the table it was served under last; 0: the present one, or none. */
  readonly #numbers = new Uint8Array(SLOT_COUNT)

  /** Do former owners have to be heard before this node speaks for the slot? */
  isOwed(slot: number): boolean {
    return this.#numbers[slot] !== 0
  }

  resolve(slot: number): void {
    if (this.#numbers[slot] === 0) return
    this.#numbers[slot] = 0
    this.counters.resolved++
  }

  /** Other owners. Under owners this node was not one of, a slot was served if `wasServed` says so. */
  onOwners(
    before: OwnersTable,
    now: OwnersTable,
    wasOwned: (slot: number) => boolean,
    wasServed: (slot: number) => boolean,
  ): void {
    if (before.copies === 0) return
    for (const id of this.#excused)
      if (now.members.includes(id) && !before.members.includes(id)) this.#excused.delete(id)
    const number = this.#freeNumber()
    const isStill = stillOwners(before, now)
    let isUsed = false
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      // Who owned it then has not been settled there: what it owes is older.
      if (this.#numbers[slot] !== 0 && (wasOwned(slot) || !wasServed(slot))) continue
      const isOwed = !isStill(slot)
      this.#numbers[slot] = isOwed ? number : 0
      isUsed ||= isOwed
      if (isOwed) this.counters.inherited++
    }
    if (number === 0) this.counters.forgotten++
    else if (isUsed) {
      this.#ancestors[number] = { lists: new OwnerLists(before), excused: new Set(this.#excused) }
    }
  }

  /** Former owners, `selfId` among them or not. Slots that owe the same to the same have the very same list. */
  ownersOf(slot: number): readonly string[] {
    return this.#ancestors[this.#numbers[slot]!]?.lists.of(slot) ?? NOBODY
  }

  /** Do both slots wait for the same, or both for nobody? */
  areAlike(slot: number, other: number): boolean {
    const number = this.#numbers[slot]
    if (number !== this.#numbers[other]) return false
    return number === 0 || this.ownersOf(slot) === this.ownersOf(other)
  }

  /** Have enough of them been heard? */
  isHeard(slot: number, wordOf: (id: string) => number): boolean {
    const ancestor = this.#ancestors[this.#numbers[slot]!]
    if (ancestor === undefined) return true
    const owners = ancestor.lists.of(slot)
    let heard = 0
    let whole = 0
    for (const id of owners) {
      const word = ancestor.excused.has(id) ? HEARD : wordOf(id)
      if (word !== UNHEARD) heard++
      if (word === HEARD_WHOLE) whole++
    }
    const quorum = Math.floor(owners.length / 2) + 1
    return heard === owners.length || whole > owners.length - quorum
  }

  /** Its word is not waited for any more; false: nobody waits for it. */
  excuse(id: string): boolean {
    let isAwaited = false
    if (this.#excused.size < EXCUSED_MAX) this.#excused.add(id)
    for (const ancestor of this.#ancestors) {
      if (ancestor === undefined || !ancestor.lists.table.members.includes(id)) continue
      ancestor.excused.add(id)
      isAwaited = true
    }
    return isAwaited
  }

  #freeNumber(): number {
    const isUsed = new Uint8Array(TABLES_MAX + 1)
    for (const number of this.#numbers) isUsed[number] = 1
    let free = 0
    for (let number = TABLES_MAX; number > 0; number--) {
      if (isUsed[number] === 1) continue
      this.#ancestors[number] = undefined
      free = number
    }
    return free
  }
}

/** Are all who owned a slot among those who own it now? */
function stillOwners(before: OwnersTable, now: OwnersTable): (slot: number) => boolean {
  const numbers = before.members.map((id) => now.members.indexOf(id))
  return (slot) => {
    for (let rank = 0; rank < before.copies; rank++) {
      const owner = before.owners[slot * before.copies + rank]!
      if (owner === NO_MEMBER) continue
      if (!isAmong(now, slot, numbers[owner]!)) return false
    }
    return true
  }
}

function isAmong({ copies, owners }: OwnersTable, slot: number, number: number): boolean {
  for (let at = slot * copies; at < (slot + 1) * copies; at++) if (owners[at] === number) return true
  return false
}
