/**
 * Element table [Machine]: the off-heap dictionary inside large hashes, sets and sorted sets. Elements are cells in
 * the node's arena, found through one table of the node's hash index:
 *
 *   f64 score | u32 name length | u32 value length | name bytes | value bytes
 *
 * Elements longer than a cell keep name and value in a buffer apart. Walking goes by hash (stable scan cursors).
 * `bytes` is what the table holds in cells of elements; index regions are accounted by the index's own arena.
 */
import { type Arena, CELL_BYTES_MAX, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import type { HashIndex } from './hash-index.ts'
import type { LookAhead } from './look-ahead.ts'

const APART = 0xffffffff
const HEAD_BYTES = 16
/** A cell up to this size is kept however little of it a new value needs. */
const ROOMY_CELL_BYTES = 128

export class ElementTable {
  readonly #arena: Arena
  readonly #index: HashIndex
  readonly #ahead: LookAhead
  /** The table of the index that is its own. */
  readonly table: number
  readonly #apart = new Map<number, Buffer>()
  /** Bytes kept apart (outside the arena, which accounts for its cells itself). */
  apartBytes = 0
  /** Bytes of the elements' cells in the arena. */
  cellBytes = 0

  constructor(arena: Arena, index: HashIndex, ahead: LookAhead) {
    this.#arena = arena
    this.#index = index
    this.#ahead = ahead
    this.table = index.createTable()
  }

  get count(): number {
    return this.#index.countOf(this.table)
  }

  /** Ref of the element with this name, or 0. */
  find(name: Uint8Array, start: number, end: number): number {
    let ref = this.#index.seek(this.table, this.#ahead.hashOfName(name, start, end))
    while (ref !== 0 && !this.#isNamed(ref, name, start, end)) ref = this.#index.seekNext()
    return ref
  }

  /** Adds an element that is not there yet (find answered 0). Name and value are copied. */
  insert(
    name: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    score: number,
  ): number {
    const ref = this.#make(name, start, end, value, valueStart, valueEnd, score)
    this.#index.insert(this.table, this.#ahead.hashOfName(name, start, end), ref)
    return ref
  }

  /** Replaces the value; answers the (possibly new) ref. */
  setValue(ref: number, value: Uint8Array, valueStart: number, valueEnd: number): number {
    const length = valueEnd - valueStart
    const nameLength = this.nameLength(ref)
    const needed = HEAD_BYTES + nameLength + length
    const capacity = this.#arena.capacityOf(ref)
    if (
      !this.#isApart(ref) &&
      needed <= capacity &&
      (needed * 2 >= capacity || capacity <= ROOMY_CELL_BYTES)
    ) {
      const bytes = this.#bytes(ref)
      const to = this.nameStart(ref) + nameLength
      if (length > 64) bytes.set(value.subarray(valueStart, valueEnd), to)
      else for (let i = 0; i < length; i++) bytes[to + i] = value[valueStart + i]!
      this.#words(ref)[this.#word(ref) + 3] = length
      return ref
    }
    const name = this.nameBuffer(ref)
    const start = this.nameStart(ref)
    const moved = this.#make(name, start, start + nameLength, value, valueStart, valueEnd, this.scoreOf(ref))
    this.#index.locate(this.table, this.#ahead.hashOfName(name, start, start + nameLength), ref)
    this.#index.moveFound(moved)
    this.#free(ref)
    return moved
  }

  remove(ref: number): void {
    const start = this.nameStart(ref)
    const hash = this.#ahead.hashOfName(this.nameBuffer(ref), start, start + this.nameLength(ref))
    this.#index.locate(this.table, hash, ref)
    this.#index.removeFound()
    this.#free(ref)
  }

  scoreOf(ref: number): number {
    return this.#arena.f64[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 1]!
  }
  setScore(ref: number, score: number): void {
    this.#arena.f64[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 1] = score
  }
  nameBuffer(ref: number): Buffer {
    return this.#isApart(ref) ? this.#apart.get(ref)! : this.#bytes(ref)
  }
  nameStart(ref: number): number {
    return this.#isApart(ref) ? 0 : ((ref & SEGMENT_MASK) << 4) + HEAD_BYTES
  }
  nameLength(ref: number): number {
    return this.#words(ref)[this.#word(ref) + 2]!
  }
  /** The value lies in the same buffer as the name. */
  valueStart(ref: number): number {
    return this.nameStart(ref) + this.nameLength(ref)
  }
  valueLength(ref: number): number {
    const length = this.#words(ref)[this.#word(ref) + 3]!
    return length === APART ? this.#apart.get(ref)!.length - this.nameLength(ref) : length
  }

  each(visit: (ref: number) => void): void {
    this.#index.each(this.table, (_hash, ref) => visit(ref))
  }
  /** See HashIndex.walk: appends refs, answers the hash to continue from or 0. */
  walk(fromHash: number, count: number, into: number[]): number {
    return this.#index.walk(this.table, fromHash, count, into)
  }
  sample(random: number): number {
    return this.#index.sample(this.table, random)
  }

  /** Gives everything back; the table must not be used afterwards. */
  release(): void {
    this.#index.each(this.table, (_hash, ref) => this.#free(ref))
    this.#index.dropTable(this.table)
  }

  #make(
    name: Uint8Array,
    start: number,
    end: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    score: number,
  ): number {
    const nameLength = end - start
    const valueLength = valueEnd - valueStart
    const needed = HEAD_BYTES + nameLength + valueLength
    const isApart = needed > CELL_BYTES_MAX
    const ref = this.#arena.allocate(isApart ? HEAD_BYTES : needed)
    this.cellBytes += this.#arena.capacityOf(ref)
    this.#arena.f64[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 1] = score
    const words = this.#words(ref)
    const word = this.#word(ref)
    words[word + 2] = nameLength
    words[word + 3] = isApart ? APART : valueLength
    if (isApart) {
      const own = Buffer.allocUnsafeSlow(nameLength + valueLength)
      own.set(name.subarray(start, end), 0)
      own.set(value.subarray(valueStart, valueEnd), nameLength)
      this.#apart.set(ref, own)
      this.apartBytes += own.length
      return ref
    }
    const bytes = this.#bytes(ref)
    let to = ((ref & SEGMENT_MASK) << 4) + HEAD_BYTES
    if (nameLength > 64) bytes.set(name.subarray(start, end), to)
    else for (let i = 0; i < nameLength; i++) bytes[to + i] = name[start + i]!
    to += nameLength
    if (valueLength > 64) bytes.set(value.subarray(valueStart, valueEnd), to)
    else for (let i = 0; i < valueLength; i++) bytes[to + i] = value[valueStart + i]!
    return ref
  }

  #free(ref: number): void {
    const own = this.#isApart(ref) ? this.#apart.get(ref) : undefined
    if (own !== undefined) {
      this.apartBytes -= own.length
      this.#apart.delete(ref)
    }
    this.cellBytes -= this.#arena.capacityOf(ref)
    this.#arena.free(ref)
  }

  #isApart(ref: number): boolean {
    return this.#words(ref)[this.#word(ref) + 3] === APART
  }

  #isNamed(ref: number, name: Uint8Array, start: number, end: number): boolean {
    const length = end - start
    if (this.nameLength(ref) !== length) return false
    const bytes = this.nameBuffer(ref)
    const at = this.nameStart(ref)
    for (let i = 0; i < length; i++) if (bytes[at + i] !== name[start + i]) return false
    return true
  }

  #bytes(ref: number): Buffer {
    return this.#arena.bytes[ref >>> SEGMENT_SHIFT]!
  }
  #words(ref: number): Uint32Array {
    return this.#arena.u32[ref >>> SEGMENT_SHIFT]!
  }
  #word(ref: number): number {
    return (ref & SEGMENT_MASK) << 2
  }
}
