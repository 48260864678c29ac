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
import { ByteWriter } from './byte-writer.ts'
import { EFFECT_EXPIRE, EFFECT_PUT, EFFECT_REMOVE, EFFECT_RUN, EffectHeader } from './effect-header.ts'
import { writeEntry } from './entry-codec.ts'
import type { Keyspace } from './keyspace.ts'
import { writePlainPut } from './plain-effect.ts'

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

  /** Nothing changes but the stamp: the entry is said once more, as of now and under the present term. */
  renew(ref: number): void {
    this.#space.changed(ref)
    this.put(ref)
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

  #putPlain(ref: number): boolean {
    this.#describeChange()
    if (!writePlainPut(this.#space.arena, ref, this.#head, this.out)) return false
    this.count++
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
    this.#describeChange()
    const head = this.#head
    head.verb = verb
    head.database = database
    head.argumentCount = argumentCount
    head.write(this.out)
  }

  /** The change made last. */
  #describeChange(): void {
    const head = this.#head
    const space = this.#space
    head.base = space.baseVersion
    head.baseTerm = space.baseTerm
    head.version = space.newVersion
    head.term = space.newTerm
  }
}
