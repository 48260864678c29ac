/**
 * Entries [Machine]: cells laid out as entry.ts says: made, read, resized and freed. Values of strings and small
 * collections lie in the cell; longer strings lie apart in buffers of their own (reused in place while they fit);
 * large collections are objects behind a handle. Knows nothing of tables, databases' counts or expiry rules.
 */
import { type Arena, CELL_BYTES_MAX, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import type { ElementTable } from './element-table.ts'
import * as E from './entry.ts'

/** A collection too large for a cell. */
export interface LargeValue {
  /** Bytes it holds outside the arena (apart buffers, and an honest estimate of its JS objects), kept current. */
  readonly bytes: number
  /** Its elements by name, where it has such a table. */
  readonly elements: ElementTable | null
  /** Bytes of its cells in the arena, which the arena accounts for itself (MEMORY USAGE adds both). */
  readonly arenaBytes: number
  /** Gives back every cell and table it holds. */
  release(): void
}

const INLINE_VALUE_MAX = CELL_BYTES_MAX - E.HEADER_BYTES - E.KEY_INLINE_MAX
/** What a Buffer costs beyond its bytes: the object, its store and the allocator's head. */
const APART_OVERHEAD_BYTES = 160
/** Up to here a loop is faster than calling into the engine. */
const LOOP_BYTES_MAX = 256

export class Entries {
  readonly arena: Arena
  /** Bytes held outside the arena: apart values and keys, and large collections as of their last account. */
  outsideBytes = 0

  readonly #apart: (Buffer | undefined)[] = []
  #apartLength = new Float64Array(16)
  readonly #freeApart: number[] = []
  readonly #objects: (LargeValue | undefined)[] = []
  #objectBytes = new Float64Array(16)
  readonly #freeObjects: number[] = []
  readonly #longKeys = new Map<number, Buffer>()

  constructor(arena: Arena) {
    this.arena = arena
  }

  /** A cell for the key with room for `valueLength` bytes; header zeroed, key written, value bytes undefined. */
  create(
    database: number,
    type: number,
    key: Uint8Array,
    keyStart: number,
    keyEnd: number,
    valueLength: number,
  ): number {
    const keyLength = keyEnd - keyStart
    const isLongKey = keyLength > E.KEY_INLINE_MAX
    const keyRoom = isLongKey ? 0 : keyLength
    const isApart = valueLength > INLINE_VALUE_MAX
    const ref = this.arena.allocate(E.HEADER_BYTES + keyRoom + (isApart ? 0 : valueLength))
    const segment = ref >>> SEGMENT_SHIFT
    const units = ref & SEGMENT_MASK
    const u32 = this.arena.u32[segment]!
    const word = units << 2
    const f64 = this.arena.f64[segment]!
    f64[units << 1] = 0
    f64[(units << 1) + 1] = 0
    u32[word + 4] = 0
    u32[word + 5] = 0
    u32[word + 6] = isApart ? this.#takeApart(valueLength) : valueLength
    u32[word + 7] =
      (isLongKey ? E.KEY_APART : keyLength) |
      (type << E.META_TYPE_SHIFT) |
      (database << E.META_DATABASE_SHIFT) |
      ((isApart ? E.STORAGE_APART : E.STORAGE_INLINE) << E.META_STORAGE_SHIFT)
    if (isLongKey) {
      const own = Buffer.from(key.subarray(keyStart, keyEnd))
      this.#longKeys.set(ref, own)
      this.outsideBytes += own.length + APART_OVERHEAD_BYTES
    } else {
      const bytes = this.arena.bytes[segment]!
      let to = (units << 4) + E.HEADER_BYTES
      for (let at = keyStart; at < keyEnd; at++) bytes[to++] = key[at]!
    }
    return ref
  }

  free(ref: number): void {
    const meta = this.metaOf(ref)
    const storage = (meta >>> E.META_STORAGE_SHIFT) & 3
    if (storage === E.STORAGE_APART) this.#giveApart(this.#lengthWord(ref))
    else if (storage === E.STORAGE_OBJECT) this.#giveObject(this.#lengthWord(ref))
    if ((meta & 0xffff) === E.KEY_APART) this.#dropLongKey(ref)
    this.arena.free(ref)
  }

  /** Frees everything at once. Large collections hold cells of this arena only, so they need not be asked. */
  reset(): void {
    this.arena.reset()
    this.outsideBytes = 0
    this.#apart.length = 0
    this.#freeApart.length = 0
    this.#objects.length = 0
    this.#freeObjects.length = 0
    this.#longKeys.clear()
  }

  metaOf(ref: number): number {
    return this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 7]!
  }
  typeOf(ref: number): number {
    return (this.metaOf(ref) >>> E.META_TYPE_SHIFT) & 15
  }
  databaseOf(ref: number): number {
    return (this.metaOf(ref) >>> E.META_DATABASE_SHIFT) & 15
  }
  storageOf(ref: number): number {
    return (this.metaOf(ref) >>> E.META_STORAGE_SHIFT) & 3
  }
  flagsOf(ref: number): number {
    return this.metaOf(ref) >>> E.META_FLAGS_SHIFT
  }
  setFlags(ref: number, flags: number): void {
    const u32 = this.arena.u32[ref >>> SEGMENT_SHIFT]!
    const word = ((ref & SEGMENT_MASK) << 2) + 7
    u32[word] = (u32[word]! & ((1 << E.META_FLAGS_SHIFT) - 1)) | (flags << E.META_FLAGS_SHIFT)
  }
  setTypeAndFlags(ref: number, type: number, flags: number): void {
    const u32 = this.arena.u32[ref >>> SEGMENT_SHIFT]!
    const word = ((ref & SEGMENT_MASK) << 2) + 7
    const kept = u32[word]! & ~((15 << E.META_TYPE_SHIFT) | (63 << E.META_FLAGS_SHIFT))
    u32[word] = kept | (type << E.META_TYPE_SHIFT) | (flags << E.META_FLAGS_SHIFT)
  }
  versionOf(ref: number): number {
    return this.arena.f64[ref >>> SEGMENT_SHIFT]![(ref & SEGMENT_MASK) << 1]!
  }
  expiryOf(ref: number): number {
    return this.arena.f64[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 1) + 1]!
  }
  termOf(ref: number): number {
    return this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 4]!
  }
  accessOf(ref: number): number {
    return this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 5]!
  }
  setAccess(ref: number, access: number): void {
    this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 5] = access
  }

  keyBuffer(ref: number): Buffer {
    if ((this.metaOf(ref) & 0xffff) === E.KEY_APART) return this.#longKeys.get(ref)!
    return this.arena.bytes[ref >>> SEGMENT_SHIFT]!
  }
  keyStart(ref: number): number {
    if ((this.metaOf(ref) & 0xffff) === E.KEY_APART) return 0
    return ((ref & SEGMENT_MASK) << 4) + E.HEADER_BYTES
  }
  keyLength(ref: number): number {
    const length = this.metaOf(ref) & 0xffff
    return length === E.KEY_APART ? this.#longKeys.get(ref)!.length : length
  }

  /** Is this the key of an entry whose key, as told by its `meta`, is so long that it lies apart? */
  holdsLongKey(ref: number, meta: number, key: Uint8Array, start: number, end: number): boolean {
    if ((meta & 0xffff) !== E.KEY_APART || this.keyLength(ref) !== end - start) return false
    return this.keyBuffer(ref).compare(key, start, end) === 0
  }

  /** Buffer, start and length of a value's bytes (strings and packed collections). Valid until the next change. */
  valueBuffer(ref: number): Buffer {
    if (this.storageOf(ref) === E.STORAGE_APART) return this.#apart[this.#lengthWord(ref)]!
    return this.arena.bytes[ref >>> SEGMENT_SHIFT]!
  }
  valueStart(ref: number): number {
    const meta = this.metaOf(ref)
    if (((meta >>> E.META_STORAGE_SHIFT) & 3) === E.STORAGE_APART) return 0
    const keyLength = meta & 0xffff
    return ((ref & SEGMENT_MASK) << 4) + E.HEADER_BYTES + (keyLength === E.KEY_APART ? 0 : keyLength)
  }
  valueLength(ref: number): number {
    const word = this.#lengthWord(ref)
    return this.storageOf(ref) === E.STORAGE_APART ? this.#apartLength[word]! : word
  }

  /** The large collection of an entry whose storage is OBJECT. */
  objectOf(ref: number): LargeValue {
    return this.#objects[this.#lengthWord(ref)]!
  }

  /**
   * Makes room for `length` value bytes, keeping the first min(old, new) of them. Returns the ref, which is a new
   * one when the entry had to move: the caller re-points the index. `slack` asks for spare room (growing values).
   */
  resizeValue(ref: number, length: number, slack: number): number {
    if (this.storageOf(ref) === E.STORAGE_APART) return this.#resizeApart(ref, length, slack)
    const meta = this.metaOf(ref)
    const keyRoom = (meta & 0xffff) === E.KEY_APART ? 0 : meta & 0xffff
    const needed = E.HEADER_BYTES + keyRoom + length
    const capacity = this.arena.capacityOf(ref)
    if (needed <= capacity && (needed * 2 >= capacity || capacity <= 64)) {
      this.#setLengthWord(ref, length)
      return ref
    }
    if (length > INLINE_VALUE_MAX) return this.#moveApart(ref, length, slack, keyRoom)
    const room = Math.min(needed + slack, CELL_BYTES_MAX)
    const moved = this.arena.allocate(room)
    const copied = Math.min(needed, E.HEADER_BYTES + keyRoom + this.#lengthWord(ref))
    this.#copyCell(ref, moved, copied)
    this.#setLengthWord(moved, length)
    this.#moveLongKey(ref, moved)
    this.arena.free(ref)
    return moved
  }

  /** Could the cell be an entry? Cells inside large collections may look like one: the index has the last word. */
  mayBeEntry(ref: number): boolean {
    const capacity = this.arena.capacityOf(ref)
    if (capacity < E.HEADER_BYTES) return false
    const keyLength = this.metaOf(ref) & 0xffff
    if (keyLength === E.KEY_APART) return this.#longKeys.has(ref)
    return keyLength <= E.KEY_INLINE_MAX && E.HEADER_BYTES + keyLength <= capacity
  }

  /** Moves an entry as it is to another cell of its size; the caller re-points the index. */
  relocate(ref: number): number {
    const byteCount = this.arena.capacityOf(ref)
    const moved = this.arena.allocate(byteCount)
    if (byteCount > LOOP_BYTES_MAX) this.#copyCell(ref, moved, byteCount)
    else {
      const from = this.arena.u32[ref >>> SEGMENT_SHIFT]!
      const to = this.arena.u32[moved >>> SEGMENT_SHIFT]!
      let at = (ref & SEGMENT_MASK) << 2
      const start = (moved & SEGMENT_MASK) << 2
      for (let word = start; word < start + byteCount / 4; word++) to[word] = from[at++]!
    }
    if ((this.metaOf(moved) & 0xffff) === E.KEY_APART) this.#moveLongKey(ref, moved)
    this.arena.free(ref)
    return moved
  }

  /** Replaces the value by a large collection; the cell shrinks to header and key. Returns the (new) ref. */
  becomeObject(ref: number, object: LargeValue): number {
    const small = this.resizeValue(ref, 0, 0)
    const handle = this.#freeObjects.pop() ?? this.#objects.length
    if (handle >= this.#objectBytes.length) this.#objectBytes = doubled(this.#objectBytes)
    this.#objects[handle] = object
    this.#objectBytes[handle] = object.bytes
    this.outsideBytes += object.bytes
    this.#setLengthWord(small, handle)
    this.#setStorage(small, E.STORAGE_OBJECT)
    return small
  }

  /** The opposite: the object is released and the value is `length` undefined bytes again. */
  becomeInline(ref: number, length: number): number {
    this.#giveObject(this.#lengthWord(ref))
    this.#setStorage(ref, E.STORAGE_INLINE)
    this.#setLengthWord(ref, 0)
    return this.resizeValue(ref, length, 0)
  }

  /**
   * A new cell for another key that takes over type, flags and value of `ref`, which is left with an empty value.
   * Values outside the cell change hands without being copied.
   */
  transfer(ref: number, database: number, key: Uint8Array, start: number, end: number): number {
    const storage = this.storageOf(ref)
    const length = storage === E.STORAGE_INLINE ? this.#lengthWord(ref) : 0
    const from = this.valueStart(ref)
    const made = this.create(database, this.typeOf(ref), key, start, end, length)
    this.setFlags(made, this.flagsOf(ref))
    if (storage === E.STORAGE_INLINE) {
      const source = this.arena.bytes[ref >>> SEGMENT_SHIFT]!
      source.copy(this.arena.bytes[made >>> SEGMENT_SHIFT]!, this.valueStart(made), from, from + length)
    } else {
      this.#setLengthWord(made, this.#lengthWord(ref))
      this.#setStorage(made, storage)
      this.#setStorage(ref, E.STORAGE_INLINE)
    }
    this.#setLengthWord(ref, 0)
    return made
  }

  /** Re-reads the object's own byte count into the account; call after each change of a large collection. */
  account(ref: number): void {
    const handle = this.#lengthWord(ref)
    const bytes = this.#objects[handle]!.bytes
    this.outsideBytes += bytes - this.#objectBytes[handle]!
    this.#objectBytes[handle] = bytes
  }

  /** Bytes this entry holds in all places (MEMORY USAGE). */
  bytesOf(ref: number): number {
    let bytes = this.arena.capacityOf(ref)
    const storage = this.storageOf(ref)
    if (storage === E.STORAGE_APART)
      bytes += this.#apart[this.#lengthWord(ref)]!.length + APART_OVERHEAD_BYTES
    else if (storage === E.STORAGE_OBJECT) {
      const object = this.#objects[this.#lengthWord(ref)]!
      bytes += object.bytes + object.arenaBytes
    }
    const longKey = this.#longKeys.get(ref)
    return longKey ? bytes + longKey.length + APART_OVERHEAD_BYTES : bytes
  }

  #lengthWord(ref: number): number {
    return this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 6]!
  }
  #setLengthWord(ref: number, word: number): void {
    this.arena.u32[ref >>> SEGMENT_SHIFT]![((ref & SEGMENT_MASK) << 2) + 6] = word
  }
  #setStorage(ref: number, storage: number): void {
    const u32 = this.arena.u32[ref >>> SEGMENT_SHIFT]!
    const word = ((ref & SEGMENT_MASK) << 2) + 7
    u32[word] = (u32[word]! & ~(3 << E.META_STORAGE_SHIFT)) | (storage << E.META_STORAGE_SHIFT)
  }

  #copyCell(from: number, to: number, byteCount: number): void {
    const source = this.arena.bytes[from >>> SEGMENT_SHIFT]!
    const target = this.arena.bytes[to >>> SEGMENT_SHIFT]!
    const sourceStart = (from & SEGMENT_MASK) << 4
    source.copy(target, (to & SEGMENT_MASK) << 4, sourceStart, sourceStart + byteCount)
  }

  #moveApart(ref: number, length: number, slack: number, keyRoom: number): number {
    const oldLength = this.#lengthWord(ref)
    const oldStart = this.valueStart(ref)
    const handle = this.#takeApart(length + slack)
    this.#apartLength[handle] = length
    const source = this.arena.bytes[ref >>> SEGMENT_SHIFT]!
    source.copy(this.#apart[handle]!, 0, oldStart, oldStart + Math.min(oldLength, length))
    const moved = this.arena.allocate(E.HEADER_BYTES + keyRoom)
    this.#copyCell(ref, moved, E.HEADER_BYTES + keyRoom)
    this.#setLengthWord(moved, handle)
    this.#setStorage(moved, E.STORAGE_APART)
    this.#moveLongKey(ref, moved)
    this.arena.free(ref)
    return moved
  }

  #resizeApart(ref: number, length: number, slack: number): number {
    const handle = this.#lengthWord(ref)
    const buffer = this.#apart[handle]!
    if (length <= INLINE_VALUE_MAX / 2) {
      const kept = Math.min(this.#apartLength[handle]!, length)
      this.#setStorage(ref, E.STORAGE_INLINE)
      this.#setLengthWord(ref, 0)
      const moved = this.resizeValue(ref, length, 0)
      buffer.copy(this.arena.bytes[moved >>> SEGMENT_SHIFT]!, this.valueStart(moved), 0, kept)
      this.#giveApart(handle)
      return moved
    }
    if (length > buffer.length || length * 2 < buffer.length) {
      const grown = Buffer.allocUnsafeSlow(length + slack)
      buffer.copy(grown, 0, 0, Math.min(length, this.#apartLength[handle]!))
      this.#apart[handle] = grown
      this.outsideBytes += grown.length - buffer.length
    }
    this.#apartLength[handle] = length
    return ref
  }

  #takeApart(length: number): number {
    const handle = this.#freeApart.pop() ?? this.#apart.length
    if (handle >= this.#apartLength.length) this.#apartLength = doubled(this.#apartLength)
    this.#apart[handle] = Buffer.allocUnsafeSlow(length)
    this.#apartLength[handle] = length
    this.outsideBytes += length + APART_OVERHEAD_BYTES
    return handle
  }

  #giveApart(handle: number): void {
    this.outsideBytes -= this.#apart[handle]!.length + APART_OVERHEAD_BYTES
    this.#apart[handle] = undefined
    this.#freeApart.push(handle)
  }

  #giveObject(handle: number): void {
    this.outsideBytes -= this.#objectBytes[handle]!
    this.#objects[handle]!.release()
    this.#objects[handle] = undefined
    this.#freeObjects.push(handle)
  }

  #moveLongKey(from: number, to: number): void {
    const key = this.#longKeys.get(from)
    if (key === undefined) return
    this.#longKeys.delete(from)
    this.#longKeys.set(to, key)
  }

  #dropLongKey(ref: number): void {
    this.outsideBytes -= this.#longKeys.get(ref)!.length + APART_OVERHEAD_BYTES
    this.#longKeys.delete(ref)
  }
}

function doubled(from: Float64Array): Float64Array<ArrayBuffer> {
  const to = new Float64Array(from.length * 2)
  to.set(from)
  return to
}
