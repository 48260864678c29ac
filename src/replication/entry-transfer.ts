/**
 * Entry transfer [Rule + reader]: whole entries and removals as bytes, for whoever missed effects: the answer to a
 * pull, a hint, settling, repair. Each is an effect that builds on nothing, PUT or REMOVE (effect-log.ts), so there
 * is one way in: the replica takes them by the rule all effects are taken by. No bytes at all mean: nothing is known.
 *
 * Before entries, owners compare lists of versions, in the order of the lister's index and so in pages:
 *
 *   { u8 1 = entry, 0 = removal | u8 database | f64 version | u32 term | u32 length | key }*
 *
 * Entries whose time has come are neither sent nor listed. It does not know who asks, nor why.
 */
import type { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { EFFECT_PUT, EFFECT_REMOVE, EffectHeader } from '../store/effect-header.ts'
import type { Entries } from '../store/entries.ts'
import { TYPE_STRING } from '../store/entry.ts'
import { writeEntry } from '../store/entry-codec.ts'
import { DATABASE_COUNT, type Keyspace } from '../store/keyspace.ts'
import { writePlainPut } from '../store/plain-effect.ts'
import type { Standing } from '../store/standing.ts'

/** Writes the entry or the removal of the key `standing` was asked for; false: nothing is known, nothing was written. */
export function writeStanding(
  space: Keyspace,
  standing: Standing,
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  out: ByteWriter,
): boolean {
  const { version, term } = standing
  if (standing.here === 'nothing') return false
  if (standing.here === 'entry') writeLiving(space, standing.ref, out)
  else writeRemoval(database, key, start, end, version, term, out)
  return true
}

export function writeLiving(space: Keyspace, ref: number, out: ByteWriter): void {
  const entries = space.entries
  // Its base stays 0: it builds on nothing.
  head.version = entries.versionOf(ref)
  head.term = entries.termOf(ref)
  if (writePlainPut(space.arena, ref, head, out)) return
  const start = entries.keyStart(ref)
  writeHead(EFFECT_PUT, entries.databaseOf(ref), 2, entries.versionOf(ref), entries.termOf(ref), out)
  out.sized(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
  const mark = out.beginSized()
  writeEntry(space, ref, out)
  out.endSized(mark)
}

/** A string that is not held here, as somebody else stamped it. */
export function writeStringEntry(
  database: number,
  key: Uint8Array,
  value: Uint8Array,
  expiryMs: number,
  version: number,
  term: number,
  out: ByteWriter,
): void {
  writeHead(EFFECT_PUT, database, 2, version, term, out)
  out.sized(key, 0, key.length)
  const mark = out.beginSized()
  out.u8(TYPE_STRING)
  out.f64(expiryMs)
  out.u8(0)
  out.sized(value, 0, value.length)
  out.endSized(mark)
}

export function writeRemoval(
  database: number,
  key: Uint8Array,
  start: number,
  end: number,
  version: number,
  term: number,
  out: ByteWriter,
): void {
  writeHead(EFFECT_REMOVE, database, 1, version, term, out)
  out.sized(key, start, end)
}

const head = new EffectHeader()

function writeHead(
  verb: number,
  database: number,
  count: number,
  version: number,
  term: number,
  out: ByteWriter,
): void {
  // Its base stays 0: it builds on nothing.
  head.verb = verb
  head.database = database
  head.argumentCount = count
  head.version = version
  head.term = term
  head.write(out)
}

/** Lists about `countMax` entries of a slot from `fromHash` on; answers the hash to go on from, 0 at the end. */
export function listEntries(
  space: Keyspace,
  slot: number,
  fromHash: number,
  countMax: number,
  nowMs: number,
  out: ByteWriter,
): number {
  const entries = space.entries
  const refs: number[] = []
  const next = space.index.walk(slot, fromHash, countMax, refs)
  for (const ref of refs) {
    const expiryMs = entries.expiryOf(ref)
    if (expiryMs === 0 || expiryMs > nowMs) listOne(entries, ref, true, out)
  }
  return next
}

/** The same for removals. */
export function listRemovals(
  space: Keyspace,
  slot: number,
  fromHash: number,
  countMax: number,
  out: ByteWriter,
): number {
  if (space.tombstones === null) return 0
  const { entries } = space.tombstones
  const refs: number[] = []
  const next = space.tombstones.walk(slot, fromHash, countMax, refs)
  for (const ref of refs) listOne(entries, ref, false, out)
  return next
}

/** One entry, or one removal, of a list of versions. */
export function listOne(entries: Entries, ref: number, isEntry: boolean, out: ByteWriter): void {
  const start = entries.keyStart(ref)
  out.u8(isEntry ? 1 : 0)
  out.u8(entries.databaseOf(ref))
  out.f64(entries.versionOf(ref))
  out.u32(entries.termOf(ref))
  out.sized(entries.keyBuffer(ref), start, start + entries.keyLength(ref))
}

/** Goes through a list of versions; a list that is broken ends early, with `isBroken` on. */
export class VersionList {
  isEntry = false
  database = 0
  version = 0
  term = 0
  /** The key lies in `bytes`. */
  start = 0
  end = 0
  readonly bytes: Buffer
  readonly #input: ByteReader
  #isBroken = false

  constructor(input: ByteReader) {
    this.#input = input
    this.bytes = input.bytes
  }

  get isBroken(): boolean {
    return this.#isBroken
  }

  next(): boolean {
    const input = this.#input
    if (this.#isBroken || input.isAtEnd) return false
    const kind = input.u8()
    this.isEntry = kind === 1
    this.database = input.u8()
    this.version = input.f64()
    this.term = input.u32()
    input.sized()
    this.start = input.start
    this.end = input.stop
    const isSound = kind <= 1 && this.database < DATABASE_COUNT && Number.isSafeInteger(this.version)
    this.#isBroken = input.isBroken || !isSound || this.version <= 0
    return !this.#isBroken
  }

  /** Is what the lister has newer than what is known here? Then it is to be pulled. */
  isNewerThanHere(standing: Standing): boolean {
    standing.look(this.database, this.bytes, this.start, this.end)
    const { term, version } = this
    return standing.isOlderThan(version, term) || (!this.isEntry && standing.isOverBy(version, term))
  }

  /** Is it older, or the same? Older, the lister is the one to be sent something. */
  isOlderThanHere(standing: Standing): boolean {
    standing.look(this.database, this.bytes, this.start, this.end)
    return standing.isNewerThan(this.version, this.term)
  }
}
