/**
 * Standing [Machine]: what is known of one key here: its entry, the tombstone of its removal, or nothing; with
 * version and origin. This is what effects are held against, what other owners ask for, and what is sent to whoever
 * missed it. A flush counts as the tombstone of every key it covers. It decides nothing.
 */
import type { Here } from '../replication/resolve.ts'
import type { Keyspace } from './keyspace.ts'

export class Standing {
  here: Here = 'nothing'
  /** The entry, or 0. Valid as any ref is. */
  ref = 0
  /** Both 0 when nothing is known. */
  version = 0
  origin = 0
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
    if (ref !== 0) {
      this.here = 'entry'
      this.version = entries.versionOf(ref)
      this.origin = entries.originOf(ref)
      return
    }
    this.here = tombstones?.look(database, key, start, end) ? 'tombstone' : 'nothing'
    this.version = this.here === 'tombstone' ? tombstones!.version : 0
    this.origin = this.here === 'tombstone' ? tombstones!.origin : 0
  }
}
