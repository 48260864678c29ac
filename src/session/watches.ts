/**
 * Watches [Machine]: keys that sessions WATCH, and the mark on a session whose watched key was touched.
 *
 * A key that has expired counts as missing from the moment its time is up: looking it up removes it, and the removal
 * is the touch. So WATCH looks the key up before watching it (an old corpse touches nobody later), and EXEC looks
 * again. Keys are watched in logical databases: SWAPDB swaps what lies under a watch.
 * Changes are frequent and watches rare: a small tally by length and last byte answers most changes at once.
 */
import type { Keyspace } from '../store/keyspace.ts'
import type { Session } from './session.ts'

/** How much one client may watch. */
export const WATCHED_KEYS_MAX = 1048576
export const WATCHED_BYTES_MAX = 64 * 1024 * 1024
const TOO_MUCH = 'ERR too many watched keys for one client'
const TALLY_SIZE = 1024

/** How a watched key stood with the node that acts for it. */
export interface DistantKey {
  readonly database: number
  readonly key: Buffer
  readonly standing: string
}

/** What one session watches. Once touched it stays so until UNWATCH, EXEC or DISCARD, and need not watch on. */
export class WatchList {
  readonly names = new Set<string>()
  /** Keys that other nodes act for; they compare the standings when EXEC comes. */
  readonly distant: DistantKey[] = []
  bytes = 0
  isTouched = false
}

export class Watches {
  readonly #space: Keyspace
  /** Name (database character, then the key as latin1) -> sessions. */
  readonly #watchers = new Map<string, Set<Session>>()
  readonly #tally = new Uint32Array(TALLY_SIZE)

  constructor(space: Keyspace) {
    this.#space = space
  }

  get keyCount(): number {
    return this.#watchers.size
  }

  /** Why a session may not watch this much more, or undefined. */
  refusal(session: Session, count: number, bytes: number): string | undefined {
    const list = session.watches
    const isTooMany = count + (list === null ? 0 : list.names.size + list.distant.length) > WATCHED_KEYS_MAX
    const isTooLong = bytes + (list === null ? 0 : list.bytes) > WATCHED_BYTES_MAX
    return isTooMany || isTooLong ? TOO_MUCH : undefined
  }

  watch(session: Session, key: Uint8Array, start: number, end: number): void {
    if (session.watches === null) session.watches = new WatchList()
    const list = session.watches
    if (list.isTouched) return
    this.#space.peek(this.#space.databaseMap[session.database]!, key, start, end)
    const name = nameOf(session.database, key, start, end)
    if (list.isTouched || list.names.has(name)) return
    list.names.add(name)
    list.bytes += name.length
    this.#tally[tallyOf(key, start, end)]!++
    const watchers = this.#watchers.get(name)
    if (watchers !== undefined) watchers.add(session)
    else {
      this.#watchers.set(name, new Set([session]))
      this.#space.attention++
    }
  }

  watchDistant(session: Session, watched: DistantKey): void {
    if (session.watches === null) session.watches = new WatchList()
    session.watches.distant.push(watched)
    session.watches.bytes += watched.key.length
  }

  /** The keys this node itself watches for the session, in logical databases. */
  keysOf(session: Session): readonly (readonly [database: number, key: Buffer])[] {
    return session.watches === null ? [] : [...session.watches.names].map(partsOf)
  }

  /** Forgets the session's watches and its mark. */
  unwatch(session: Session): void {
    if (session.watches === null) return
    this.#release(session, session.watches)
    session.watches = null
  }

  /** Was a watched key touched, its own expiry included? EXEC asks. */
  isTouched(session: Session): boolean {
    const list = session.watches
    if (list === null) return false
    for (const name of list.names) {
      const [database, key] = partsOf(name)
      this.#peek(database, key)
      if (list.isTouched) break
    }
    return list.isTouched
  }

  /** A key was changed or removed, for whatever reason. The database is the physical one, as entries have it. */
  onTouched(physicalDatabase: number, key: Uint8Array, start: number, end: number): void {
    if (this.#watchers.size === 0 || this.#tally[tallyOf(key, start, end)] === 0) return
    const watchers = this.#watchers.get(
      nameOf(this.#space.logicalDatabase(physicalDatabase), key, start, end),
    )
    if (watchers !== undefined) this.#touch(watchers)
  }

  /** The same for an entry that can still be read: what the keyspace's observer has in its hand. */
  onEntryTouched(physicalDatabase: number, ref: number): void {
    if (this.#watchers.size === 0) return
    const entries = this.#space.entries
    const start = entries.keyStart(ref)
    this.onTouched(physicalDatabase, entries.keyBuffer(ref), start, start + entries.keyLength(ref))
  }

  /** All keys of a logical database (-1: of all) are about to go at once, unseen: touched is what exists. */
  onClearing(logicalDatabase: number): void {
    this.#touchWhere((database, key) => {
      return (logicalDatabase === -1 || database === logicalDatabase) && this.#peek(database, key) !== 0
    })
  }

  /** Two logical databases have changed places: touched is what exists, or now exists, on either side. */
  onSwapped(a: number, b: number): void {
    if (a === b) return
    this.#touchWhere((database, key) => {
      return (database === a || database === b) && (this.#peek(a, key) !== 0 || this.#peek(b, key) !== 0)
    })
  }

  /** Two rounds, because a look at a key may let it expire, and that touches too. */
  #touchWhere(isTouched: (database: number, key: Buffer) => boolean): void {
    const touched: Set<Session>[] = []
    for (const [name, watchers] of this.#watchers) {
      const [database, key] = partsOf(name)
      if (isTouched(database, key)) touched.push(watchers)
    }
    for (const watchers of touched) this.#touch(watchers)
  }

  #peek(logicalDatabase: number, key: Buffer): number {
    return this.#space.peek(this.#space.databaseMap[logicalDatabase]!, key, 0, key.length)
  }

  #touch(watchers: Set<Session>): void {
    for (const session of [...watchers]) {
      const list = session.watches!
      list.isTouched = true
      this.#release(session, list)
    }
  }

  #release(session: Session, list: WatchList): void {
    for (const name of list.names) {
      const watchers = this.#watchers.get(name)!
      watchers.delete(session)
      if (watchers.size === 0) {
        this.#watchers.delete(name)
        this.#space.attention--
      }
      const key = partsOf(name)[1]
      this.#tally[tallyOf(key, 0, key.length)]!--
    }
    list.names.clear()
    list.bytes = 0
  }
}

function tallyOf(key: Uint8Array, start: number, end: number): number {
  const last = end === start ? 0 : key[end - 1]!
  return ((end - start) * 37 + last) & (TALLY_SIZE - 1)
}

function nameOf(database: number, key: Uint8Array, start: number, end: number): string {
  const bytes = Buffer.from(key.buffer, key.byteOffset + start, end - start)
  return String.fromCharCode(database) + bytes.toString('latin1')
}

function partsOf(name: string): [database: number, key: Buffer] {
  return [name.charCodeAt(0), Buffer.from(name.slice(1), 'latin1')]
}
