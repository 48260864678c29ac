/**
 * Placement [Data]: which members own each of the 16384 slots, in rank order: rank 0 is the primary, the others hold
 * the copies. Members that hold no data do not appear. A member's number is its place among the sorted ids, good
 * within one placement only. Two nodes whose fingerprints are equal agree on every owner of every slot.
 * It refuses to know who is alive.
 */
import { Buffer } from 'node:buffer'
import { fingerprintOf } from '../hash.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'

export interface PlacementMember {
  readonly id: string
  /** Its part of the data relative to the others; 1 is an ordinary member, 0 holds no data. */
  readonly weight: number
  /** What fails together, within its data centre; empty when unknown. */
  readonly zone: string
  /** Its data centre; empty when unknown. */
  readonly dc: string
}

/** Slots in a row whose owners are the same members in the same order. */
export interface OwnedRange {
  readonly start: number
  /** The last slot of the range. */
  readonly end: number
  /** Member numbers, the primary first. */
  readonly owners: readonly number[]
}

export class Placement {
  /** Ids in sorted order; the index is the member's number. */
  readonly members: readonly string[]
  /** How many owners every slot has: the replication factor, or fewer when there are fewer members. */
  readonly copies: number
  /** Member numbers: the owner of rank r of slot s is at s * copies + r. */
  readonly owners: Uint16Array
  /** Below 2^53, over the ids and the table. */
  readonly fingerprint: number
  readonly #numbers: ReadonlyMap<string, number>

  constructor(members: readonly string[], copies: number, owners: Uint16Array) {
    if (owners.length !== SLOT_COUNT * copies) throw new Error('a placement covers every slot')
    this.members = members
    this.copies = copies
    this.owners = owners
    this.fingerprint = fingerprint(members, copies, owners)
    this.#numbers = new Map(members.map((id, number) => [id, number]))
  }

  get isEmpty(): boolean {
    return this.copies === 0
  }

  /** The member's number, -1 for one that holds no data. */
  numberOf(id: string): number {
    return this.#numbers.get(id) ?? -1
  }

  /** Member numbers in rank order; a view of the table. */
  ownersOf(slot: number): Uint16Array {
    return this.owners.subarray(slot * this.copies, (slot + 1) * this.copies)
  }

  /** The member number of the owner of rank 0, -1 when nobody holds data. */
  primaryOf(slot: number): number {
    return this.copies === 0 ? -1 : this.owners[slot * this.copies]!
  }

  /** 0 for the primary, -1 for a member that does not own the slot. */
  rankOf(slot: number, member: number): number {
    const start = slot * this.copies
    for (let rank = 0; rank < this.copies; rank++) {
      if (this.owners[start + rank] === member) return rank
    }
    return -1
  }

  /** All slots, as few ranges as there can be; none when nobody holds data. */
  ranges(): OwnedRange[] {
    const ranges: OwnedRange[] = []
    if (this.copies === 0) return ranges
    let start = 0
    for (let slot = 1; slot <= SLOT_COUNT; slot++) {
      if (slot < SLOT_COUNT && this.#hasSameOwners(slot, start)) continue
      ranges.push({ start, end: slot - 1, owners: Array.from(this.ownersOf(start)) })
      start = slot
    }
    return ranges
  }

  #hasSameOwners(slot: number, other: number): boolean {
    for (let rank = 0; rank < this.copies; rank++) {
      if (this.owners[slot * this.copies + rank] !== this.owners[other * this.copies + rank]) return false
    }
    return true
  }
}

/** Ids are written with their lengths and the table in little-endian order: the same bytes on every machine. */
function fingerprint(members: readonly string[], copies: number, owners: Uint16Array): number {
  const parts: Uint8Array[] = [Uint8Array.of(copies)]
  for (const id of members) {
    const bytes = Buffer.from(id, 'utf8')
    parts.push(Uint8Array.of(bytes.length & 255, bytes.length >>> 8), bytes)
  }
  const table = new Uint8Array(owners.length * 2)
  for (let at = 0; at < owners.length; at++) {
    table[at * 2] = owners[at]! & 255
    table[at * 2 + 1] = owners[at]! >>> 8
  }
  parts.push(table)
  return fingerprintOf(Buffer.concat(parts))
}
