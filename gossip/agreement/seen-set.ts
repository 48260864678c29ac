/*
 * Who has seen this version: one bit a member, in the order of the sorted ids.
 *
 * The idea: two nodes that hold the same version hold the same list of ids, so a bit needs no name: five
 * thousand members fit a datagram and a union is an OR. It refuses to know who is not a member. Immutable.
 * Shape: data.
 */
import { type Members, placeOfId, sortedIds } from './roster.ts'
import { hashBytes } from './state-digest.ts'

export class SeenSet implements ReadonlySet<string> {
  readonly ids: readonly string[]
  /** Never changed after construction. */
  readonly bits: Uint8Array
  readonly size: number
  #digest: number

  private constructor(ids: readonly string[], bits: Uint8Array) {
    this.ids = ids
    this.bits = bits
    this.size = countBits(bits)
    this.#digest = -1
  }

  static of(members: Members, seen: Iterable<string> = []): SeenSet {
    const ids = sortedIds(members)
    if (seen instanceof SeenSet && seen.ids === ids) return seen
    const bits = new Uint8Array((ids.length + 7) >>> 3)
    for (const id of seen) {
      const place = placeOfId(ids, id)
      if (place >= 0) bits[place >>> 3] = bits[place >>> 3]! | (1 << (place & 7))
    }
    return new SeenSet(ids, bits)
  }

  /** From the wire: undefined when the bits are not one for each member. The bytes are copied. */
  static ofBits(members: Members, bits: Uint8Array): SeenSet | undefined {
    const ids = sortedIds(members)
    if (bits.length !== (ids.length + 7) >>> 3) return undefined
    const spare = ids.length & 7
    if (spare !== 0 && bits[bits.length - 1]! >>> spare !== 0) return undefined
    return new SeenSet(ids, Uint8Array.from(bits))
  }

  hasAt(place: number): boolean {
    return ((this.bits[place >>> 3]! >>> (place & 7)) & 1) === 1
  }

  has(id: string): boolean {
    const place = placeOfId(this.ids, id)
    return place >= 0 && this.hasAt(place)
  }

  /** The very same set where nothing is added. */
  with(id: string): SeenSet {
    const place = placeOfId(this.ids, id)
    if (place < 0 || this.hasAt(place)) return this
    const bits = Uint8Array.from(this.bits)
    bits[place >>> 3] = bits[place >>> 3]! | (1 << (place & 7))
    return new SeenSet(this.ids, bits)
  }

  /** Of two sets over the same members; the very same set where nothing is added. */
  union(other: SeenSet): SeenSet {
    let bits: Uint8Array | undefined
    for (let at = 0; at < this.bits.length; at++) {
      const both = this.bits[at]! | other.bits[at]!
      if (both === this.bits[at]) continue
      bits ??= Uint8Array.from(this.bits)
      bits[at] = both
    }
    return bits === undefined ? this : new SeenSet(this.ids, bits)
  }

  get digest(): number {
    if (this.#digest < 0) this.#digest = hashBytes(this.bits)
    return this.#digest
  }

  *values(): SetIterator<string> {
    for (let place = 0; place < this.ids.length; place++) if (this.hasAt(place)) yield this.ids[place]!
  }

  keys(): SetIterator<string> {
    return this.values()
  }

  *entries(): SetIterator<[string, string]> {
    for (const id of this.values()) yield [id, id]
  }

  [Symbol.iterator](): SetIterator<string> {
    return this.values()
  }

  forEach(run: (id: string, again: string, set: ReadonlySet<string>) => void): void {
    for (const id of this.values()) run(id, id, this)
  }
}

function countBits(bits: Uint8Array): number {
  let count = 0
  for (let at = 0; at < bits.length; at++) {
    let left = bits[at]!
    while (left !== 0) {
      left &= left - 1
      count++
    }
  }
  return count
}
