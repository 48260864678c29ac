/**
 * Sort elements [Machine]: the elements SORT works on, copied side by side into one buffer, with what they are
 * weighed by and the order found. Elements are named by their number of arrival, places by their rank in the order.
 *
 * The order is Redis': equal numbers are told apart by the elements' bytes, missing weights count as 0 (as numbers)
 * or come first (as texts), and texts end at a zero byte unless the result is stored.
 */
import { TYPE_LIST, TYPE_SET } from '../store/entry.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { ListCursor, listLength } from '../store/list.ts'
import { setEach } from '../store/set.ts'
import { countMembers } from '../store/sorted-set.ts'
import { SortedSetWalk } from '../store/sorted-set-walk.ts'
import { readWeight } from './sort-weight.ts'

const BYTES_KEPT_MAX = 1 << 20
const COUNT_FIRST = 64
const MISSING = -1

const cursor = new ListCursor()
const walk = new SortedSetWalk()

export class SortElements {
  count = 0
  /** Elements, and weights when they were looked up. */
  bytes: Buffer = Buffer.allocUnsafeSlow(4096)
  #used = 0
  /** Start and end of each element, then start and end of its weight's text. */
  #bounds = new Float64Array(COUNT_FIRST * 4)
  #order = new Uint32Array(0)
  #hasWeights = false

  /** Copies the elements of a list, set or sorted set (0: of nothing), from the back if `isReverse`. */
  load(space: Keyspace, ref: number, isReverse: boolean): void {
    this.count = 0
    this.#used = 0
    this.#hasWeights = false
    if (ref !== 0) {
      const type = space.entries.typeOf(ref)
      if (type === TYPE_LIST) this.#loadList(space, ref, isReverse)
      else if (type === TYPE_SET) setEach(space, ref, (bytes, start, end) => this.#add(bytes, start, end))
      else this.#loadSortedSet(space, ref, isReverse)
    }
    this.#order = new Uint32Array(this.count)
    for (let i = 0; i < this.count; i++) this.#order[i] = i
  }

  startOf(i: number): number {
    return this.#bounds[i * 4]!
  }
  endOf(i: number): number {
    return this.#bounds[i * 4 + 1]!
  }
  /** The element at a place of the order. */
  at(place: number): number {
    return this.#order[place]!
  }

  /** From now on elements are weighed by what `setWeight` says; all are without a weight at first. */
  expectWeights(): void {
    this.#hasWeights = true
    for (let i = 0; i < this.count; i++) this.#bounds[i * 4 + 2] = MISSING
  }

  setWeight(i: number, bytes: Buffer, start: number, end: number): void {
    const at = this.#copy(bytes, start, end)
    this.#bounds[i * 4 + 2] = at
    this.#bounds[i * 4 + 3] = at + end - start
  }

  orderByText(isDescending: boolean, usesAllBytes: boolean): void {
    const bounds = this.#bounds
    const column = this.#hasWeights ? 2 : 0
    const sign = isDescending ? -1 : 1
    const order = (a: number, b: number): number => {
      const startA = bounds[a * 4 + column]!
      const startB = bounds[b * 4 + column]!
      if (startA === MISSING || startB === MISSING) {
        return startA === startB ? 0 : startA === MISSING ? -sign : sign
      }
      const endA = bounds[a * 4 + column + 1]!
      const endB = bounds[b * 4 + column + 1]!
      return sign * this.#compare(startA, endA, startB, endB, usesAllBytes)
    }
    this.#order.sort(order)
  }

  /** False when a weight is no number; there is no order then. */
  orderByNumber(isDescending: boolean): boolean {
    const bounds = this.#bounds
    const column = this.#hasWeights ? 2 : 0
    const weights = new Float64Array(this.count)
    for (let i = 0; i < this.count; i++) {
      const start = bounds[i * 4 + column]!
      if (start === MISSING) continue
      const weight = readWeight(this.bytes, start, bounds[i * 4 + column + 1]!)
      if (weight !== weight) return false
      weights[i] = weight
    }
    const sign = isDescending ? -1 : 1
    this.#order.sort((a, b) => {
      const weightA = weights[a]!
      const weightB = weights[b]!
      if (weightA !== weightB) return weightA < weightB ? -sign : sign
      return (
        sign * this.#compare(bounds[a * 4]!, bounds[a * 4 + 1]!, bounds[b * 4]!, bounds[b * 4 + 1]!, true)
      )
    })
    return true
  }

  /** Lets go of what an unusually large sort needed. */
  clear(): void {
    this.count = 0
    this.#used = 0
    this.#order = new Uint32Array(0)
    if (this.bytes.length > BYTES_KEPT_MAX) this.bytes = Buffer.allocUnsafeSlow(4096)
    if (this.#bounds.length > COUNT_FIRST * 64) this.#bounds = new Float64Array(COUNT_FIRST * 4)
  }

  #loadList(space: Keyspace, ref: number, isReverse: boolean): void {
    const count = listLength(space, ref)
    cursor.seek(space, ref, isReverse ? count - 1 : 0)
    do this.#add(cursor.buffer, cursor.start, cursor.end)
    while (isReverse ? cursor.previous() : cursor.next())
    cursor.rest()
  }

  #loadSortedSet(space: Keyspace, ref: number, isReverse: boolean): void {
    const count = countMembers(space, ref)
    walk.open(space, ref, isReverse ? count - 1 : 0, count, isReverse)
    while (walk.next()) this.#add(walk.buffer, walk.start, walk.end)
  }

  #add(bytes: Buffer, start: number, end: number): void {
    const at = this.count * 4
    if (at === this.#bounds.length) {
      const bounds = new Float64Array(at * 2)
      bounds.set(this.#bounds)
      this.#bounds = bounds
    }
    const from = this.#copy(bytes, start, end)
    this.#bounds[at] = from
    this.#bounds[at + 1] = from + end - start
    this.count++
  }

  #copy(bytes: Buffer, start: number, end: number): number {
    const at = this.#used
    const needed = at + end - start
    if (needed > this.bytes.length) {
      const bigger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2))
      this.bytes.copy(bigger, 0, 0, at)
      this.bytes = bigger
    }
    bytes.copy(this.bytes, at, start, end)
    this.#used = needed
    return at
  }

  #compare(startA: number, endA: number, startB: number, endB: number, usesAllBytes: boolean): number {
    const bytes = this.bytes
    for (;;) {
      if (startA === endA || startB === endB) break
      const a = bytes[startA++]!
      const b = bytes[startB++]!
      if (a !== b) return a < b ? -1 : 1
      if (a === 0 && !usesAllBytes) return 0
    }
    if (usesAllBytes) return endA - startA - (endB - startB)
    const isOverA = startA === endA || bytes[startA] === 0
    const isOverB = startB === endB || bytes[startB] === 0
    return (isOverA ? 0 : 1) - (isOverB ? 0 : 1)
  }
}
