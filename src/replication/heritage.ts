/**
 * Heritage [Machine]: whose word a slot needs beyond that of its owners. What was confirmed is with a quorum of those who
 * owned the slot then; when owners change, and some of them are owners no longer, all of the new ones together may
 * know nothing of it - after a split that took two of three away, or when a mesh founds itself anew around an empty node. So
 * who owned the slot is remembered until enough of those have been heard:
 *
 *   so many with a memory that each quorum has one of them | all, with a memory or without: nobody is left who knows more
 *
 * Owners may follow each other before any of them has settled, and nobody else can tell whether they had: then all of them
 * are heard, the last first, down to those of whom one says that it owed nothing any more.
 *
 * Who has left in good order, having handed on what it had, or whose data the operator gives up, counts as heard. It is
 * what this node has seen itself: who has just started owes nobody anything. It asks nobody.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { NO_MEMBER, NO_TABLE, OwnerLists, type OwnersTable } from './owners-table.ts'

/** What somebody has said of a slot. */
export const UNHEARD = 0
export const HEARD = 1
export const HEARD_WHOLE = 2
/** Whole, and it owed nothing when it owned the slot: what was before is in what it says. */
export const HEARD_SETTLED = 3

/** Tables that slots may owe something to: a bit each. Beyond, the oldest is forgotten. */
const TABLES_MAX = 32

const EXCUSED_MAX = 1024

const NOBODY: readonly string[] = []

interface Ancestor {
  readonly lists: OwnerLists
  readonly excused: Set<string>
  readonly bit: number
}

/** Former owners of a slot that owed this much: what is owed is settled while the list is kept. */
interface Heirs {
  readonly slot: number
  readonly debts: number
  readonly all: boolean
  readonly ids: readonly string[]
}

/** What the owners of a slot have said. */
class Words {
  count = 0
  heard = 0
  whole = 0
  settled = 0

  get areEnough(): boolean {
    const quorum = Math.floor(this.count / 2) + 1
    return this.whole > this.count - quorum || this.heard === this.count
  }

  clear(): void {
    this.count = 0
    this.heard = 0
    this.whole = 0
    this.settled = 0
  }

  add(word: number): void {
    this.count++
    if (word !== UNHEARD) this.heard++
    if (word >= HEARD_WHOLE) this.whole++
    if (word === HEARD_SETTLED) this.settled++
  }
}

export class Heritage {
  readonly counters = { inherited: 0, resolved: 0, forgotten: 0 }
  #table: OwnersTable = NO_TABLE
  #change = 0
  /** The latest first. */
  #ancestors: Ancestor[] = []
  /** Whose word will not be waited for after the next change of owners. */
  readonly #excused = new Set<string>()
  /** By slot, the bits of the tables it owes something to. */
  readonly #debts = new Uint32Array(SLOT_COUNT)
  /** The same before the latest change. */
  readonly #debtsBefore = new Uint32Array(SLOT_COUNT)
  readonly #words = new Words()
  /** Those asked for last. */
  #known: Heirs | null = null

  /** Do former owners have to be heard before this node speaks for the slot? */
  isOwed(slot: number): boolean {
    return this.#debts[slot] !== 0
  }

  /** Had they to be before the owners changed? */
  wasOwed(slot: number): boolean {
    return this.#debtsBefore[slot] !== 0
  }

  resolve(slot: number): void {
    if (this.#debts[slot] === 0) return
    this.#debts[slot] = 0
    this.counters.resolved++
  }

  /** These are the owners now; answers the number of the change that made them so. */
  follow(table: OwnersTable): number {
    if (table === this.#table) return this.#change
    this.onOwners(this.#table, table)
    this.#table = table
    return ++this.#change
  }

  /** Other owners. */
  onOwners(before: OwnersTable, now: OwnersTable): void {
    this.#debtsBefore.set(this.#debts)
    if (before.copies === 0) return
    for (const id of this.#excused)
      if (now.members.includes(id) && !before.members.includes(id)) this.#excused.delete(id)
    // Bits are used again.
    this.#known = null
    const bit = this.#freeBit()
    const isStill = stillOwners(before, now)
    let inherited = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (isStill(slot)) continue
      this.#debts[slot]! |= bit
      inherited++
    }
    this.counters.inherited += inherited
    if (inherited === 0) return
    this.#ancestors.unshift({ lists: new OwnerLists(before), excused: new Set(this.#excused), bit })
  }

  /**
   * Former owners, `selfId` among them or not: the last ones, or `all` that are owed something. Neighbours that owe the same
   * to the same have the very same list.
   */
  ownersOf(slot: number, all = true): readonly string[] {
    const debts = this.#debts[slot]!
    if (debts === 0) return NOBODY
    const known = this.#known
    const isAlike = known !== null && known.debts === debts && this.#isOwedToSame(slot, known.slot)
    if (isAlike && known.all === all) return known.ids
    const ids = new Set<string>()
    for (const { bit, lists } of this.#ancestors) {
      if ((debts & bit) === 0) continue
      for (const id of lists.of(slot)) ids.add(id)
      if (!all) break
    }
    this.#known = { slot, debts, all, ids: [...ids] }
    return this.#known.ids
  }

  /** Do both slots wait for the same, or both for nobody? */
  areAlike(slot: number, other: number): boolean {
    return this.#debts[slot] === this.#debts[other] && this.#isOwedToSame(slot, other)
  }

  /** Did the same own the other slot whenever somebody owned this one whom it owes something? */
  #isOwedToSame(slot: number, other: number): boolean {
    const debts = this.#debts[slot]!
    if (debts === 0) return true
    for (const { bit, lists } of this.#ancestors)
      if ((debts & bit) !== 0 && lists.numbers[slot] !== lists.numbers[other]) return false
    return true
  }

  /**
   * Have enough of them been heard? Where nobody says that he owed nothing, there may have been others before the first
   * ones known here: who was among those and is whole knows better, anybody else has to hear all of them.
   */
  isHeard(slot: number, wordOf: (id: string) => number, selfId: string): boolean {
    const words = this.#words
    let isBeginningKnown = true
    for (const ancestor of this.#ancestors) {
      if ((this.#debts[slot]! & ancestor.bit) === 0) continue
      this.#hear(ancestor, slot, wordOf)
      if (!words.areEnough) return false
      if (words.settled > 0) return true
      const wasOurs = ancestor.lists.of(slot).includes(selfId) && wordOf(selfId) >= HEARD_WHOLE
      isBeginningKnown = wasOurs || words.heard === words.count
    }
    return isBeginningKnown
  }

  /** Notes what the owners of that time have said. Asked about every slot for every answer: it makes no lists. */
  #hear({ excused, lists }: Ancestor, slot: number, wordOf: (id: string) => number): void {
    const words = this.#words
    words.clear()
    for (const id of lists.of(slot)) words.add(excused.has(id) ? HEARD : wordOf(id))
  }

  /** Its word is not waited for any more; false: nobody waits for it. */
  excuse(id: string): boolean {
    let isAwaited = false
    if (this.#excused.size < EXCUSED_MAX) this.#excused.add(id)
    for (const { excused, lists } of this.#ancestors) {
      if (!lists.table.members.includes(id)) continue
      excused.add(id)
      isAwaited = true
    }
    return isAwaited
  }

  /** One that no slot has, if need be that of the oldest table. */
  #freeBit(): number {
    let used = 0
    for (const debts of this.#debts) used |= debts
    this.#ancestors = this.#ancestors.filter(({ bit }) => (used & bit) !== 0)
    for (let at = 0; at < TABLES_MAX; at++) if ((used & (1 << at)) === 0) return 1 << at
    const { bit } = this.#ancestors.pop()!
    for (let slot = 0; slot < SLOT_COUNT; slot++) this.#debts[slot]! &= ~bit
    this.counters.forgotten++
    return bit
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
