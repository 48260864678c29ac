/**
 * Standing [Machine]: what is known of one key here: its entry, the tombstone of its removal, or nothing; with
 * version and term. This is what effects are held against, what other owners ask for, and what is sent to whoever
 * missed it. A flush is known beside that: whatever it covers is over, under whichever term it was made.
 */
import { type Here, supersedes } from '../replication/resolve.ts'
import type { Keyspace } from './keyspace.ts'

export class Standing {
  here: Here = 'nothing'
  /** The entry, or 0. Valid as any ref is. */
  ref = 0
  /** Both 0 when nothing is known. */
  version = 0
  term = 0
  /** The database was flushed: everything up to this version is gone. */
  flushed = 0
  readonly #space: Keyspace

  constructor(space: Keyspace) {
    this.#space = space
  }

  look(database: number, key: Uint8Array, start: number, end: number): void {
    this.take(this.#space.peek(database, key, start, end), database, key, start, end)
  }

  /** The same when the key has been looked up: `ref` is what `peek` answered. */
  take(ref: number, database: number, key: Uint8Array, start: number, end: number): void {
    const { entries, tombstones } = this.#space
    this.ref = ref
    this.flushed = tombstones === null ? 0 : tombstones.flushVersion[database]!
    if (ref !== 0) {
      this.here = 'entry'
      this.version = entries.versionOf(ref)
      this.term = entries.termOf(ref)
      return
    }
    this.here = tombstones?.look(database, key, start, end) ? 'tombstone' : 'nothing'
    this.version = this.here === 'tombstone' ? tombstones!.version : 0
    this.term = this.here === 'tombstone' ? tombstones!.term : 0
    if (this.version > this.flushed) return
    this.here = 'nothing'
    this.version = 0
    this.term = 0
  }

  /** Is what came from elsewhere newer than what is known here? */
  isOlderThan(version: number, term: number): boolean {
    return version > this.flushed && supersedes(version, term, this.version, this.term)
  }

  /** Somewhere this very version is over: it expires, and its time has come on another clock. */
  isOverBy(version: number, term: number): boolean {
    const isThis = this.here === 'entry' && version === this.version && term === this.term
    return isThis && this.#space.entries.expiryOf(this.ref) !== 0
  }

  /** Is it older? Neither: it is what is here. */
  isNewerThan(version: number, term: number): boolean {
    return version <= this.flushed || supersedes(this.version, this.term, version, term)
  }
}
