/**
 * Effect log [Machine]: what a command did, in the form a replica applies: one effect per key touched, each naming
 * the version it builds on and the version it makes. Encoded straight into one growing buffer.
 *
 *   header (effect-header.ts) | { u32 length | bytes }*
 *
 *   RUN     a request that is deterministic given the base version; arguments = its words
 *   PUT     the whole entry (key, value as entry-codec writes it, expiry inside); builds on nothing
 *   REMOVE  the key goes
 *   EXPIRE  the key's absolute expiry (f64, 0 = never)
 *
 * While it is off (no replicas, nobody listening) every call returns at once. With a route, each effect goes to the
 * writer of its key's slot.
 */
import type { Args } from '../../resp/index.ts'
import { SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import { ByteWriter } from './byte-writer.ts'
import {
  EFFECT_EXPIRE,
  EFFECT_HEADER_BYTES,
  EFFECT_PUT,
  EFFECT_REMOVE,
  EFFECT_RUN,
  EffectHeader,
} from './effect-header.ts'
import { writeEntry } from './entry-codec.ts'
import { HEADER_BYTES, KEY_INLINE_MAX, META_DATABASE_SHIFT } from './entry.ts'
import type { Keyspace } from './keyspace.ts'

/** What a plain string's entry has in its meta word: the length of its key and its database. */
const PLAIN_META = 0xffff | (15 << META_DATABASE_SHIFT)
/** Type, expiry, flags and length, all zero but the last (entry-codec.ts, string.ts). */
const PLAIN_HEAD_BYTES = 14
/** That, and the lengths of key and value. */
const PLAIN_HEADS_BYTES = PLAIN_HEAD_BYTES + 8
/** Up to here a loop is faster than a view and a call. */
const PLAIN_BYTES_MAX = 96

export interface EffectRoute {
  /** Where an effect on this slot is to be written now. */
  writerFor(slot: number): ByteWriter
}

export class EffectLog {
  isOn = false
  route: EffectRoute | null = null
  out = new ByteWriter()
  /** Effects recorded since start; `self` rows look whether their handler declared any. */
  count = 0
  readonly #space: Keyspace
  readonly #head = new EffectHeader()

  constructor(space: Keyspace) {
    this.#space = space
  }

  /** The request as it came is the effect. */
  self(database: number, args: Args): void {
    if (!this.isOn) return
    this.#aim(args.bytes, args.starts[1]!, args.ends[1]!)
    this.#header(EFFECT_RUN, database, args.count)
    for (let i = 0; i < args.count; i++) this.out.sized(args.bytes, args.starts[i]!, args.ends[i]!)
  }

  /** Another request says what happened: `SREM key member`, `LPOP key`. Words are latin1 text or bytes. */
  run(database: number, ...words: (string | Uint8Array)[]): void {
    if (!this.isOn) return
    const key = words[1]!
    const bytes = typeof key === 'string' ? Buffer.from(key, 'latin1') : key
    this.#aim(bytes, 0, bytes.length)
    this.#header(EFFECT_RUN, database, words.length)
    for (const word of words) {
      if (typeof word === 'string') this.out.sizedText(word)
      else this.out.sized(word, 0, word.length)
    }
  }

  /** The whole entry as it is now. Call after `changed`. */
  put(ref: number): void {
    if (!this.isOn) return
    if (this.route !== null) this.out = this.route.writerFor(this.#space.newSlot)
    if (this.#putPlain(ref)) return
    const entries = this.#space.entries
    const start = entries.keyStart(ref)
    this.#header(EFFECT_PUT, entries.databaseOf(ref), 2)
    this.out.sized(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
    const mark = this.out.beginSized()
    writeEntry(this.#space, ref, this.out)
    this.out.endSized(mark)
  }

  /** Call after `space.remove`, with the key's bytes. */
  remove(database: number, key: Uint8Array, start: number, end: number): void {
    if (!this.isOn) return
    this.#aim(key, start, end)
    this.#header(EFFECT_REMOVE, database, 1)
    this.out.sized(key, start, end)
  }

  /** Only the expiry changed. Call after `setExpiry`. */
  expire(ref: number): void {
    if (!this.isOn) return
    const entries = this.#space.entries
    const start = entries.keyStart(ref)
    this.#aim(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
    this.#header(EFFECT_EXPIRE, entries.databaseOf(ref), 2)
    this.out.sized(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
    const mark = this.out.beginSized()
    this.out.f64(entries.expiryOf(ref))
    this.out.endSized(mark)
  }

  /** A plain string that never expires, in one go: what most effects are. */
  #putPlain(ref: number): boolean {
    const { arena } = this.#space
    const segment = ref >>> SEGMENT_SHIFT
    const words = arena.u32[segment]!
    const word = (ref & SEGMENT_MASK) << 2
    const meta = words[word + 7]!
    const keyLength = meta & 0xffff
    const length = words[word + 6]!
    // Type string, storage inline and flags are all zero bits.
    if ((meta & ~PLAIN_META) !== 0 || keyLength > KEY_INLINE_MAX || length > PLAIN_BYTES_MAX) return false
    if (arena.f64[segment]![(word >> 1) + 1] !== 0) return false
    const { out } = this
    out.reserve(EFFECT_HEADER_BYTES + PLAIN_HEADS_BYTES + keyLength + length)
    this.#header(EFFECT_PUT, meta >>> META_DATABASE_SHIFT, 2)
    const from = arena.bytes[segment]!
    const to = out.bytes
    let read = ((ref & SEGMENT_MASK) << 4) + HEADER_BYTES
    let at = to.writeUInt32LE(keyLength, out.length)
    for (let i = 0; i < keyLength; i++) to[at++] = from[read++]!
    at = to.writeUInt32LE(PLAIN_HEAD_BYTES + length, at)
    for (let i = 4; i < PLAIN_HEAD_BYTES; i++) to[at++] = 0
    at = to.writeUInt32LE(length, at)
    for (let i = 0; i < length; i++) to[at++] = from[read++]!
    out.length = at
    return true
  }

  #aim(key: Uint8Array, start: number, end: number): void {
    if (this.route === null) return
    const { ahead } = this.#space
    ahead.place(key, start, end)
    this.out = this.route.writerFor(ahead.slot)
  }

  #header(verb: number, database: number, argumentCount: number): void {
    this.count++
    const head = this.#head
    const space = this.#space
    head.verb = verb
    head.database = database
    head.argumentCount = argumentCount
    head.base = space.baseVersion
    head.baseTerm = space.baseTerm
    head.version = space.newVersion
    head.term = space.newTerm
    head.write(this.out)
  }
}
