/**
 * Peer port [Data]: how the parts of replication that ask other owners something reach them, and how keys are named
 * on the way: { u8 database | u32 length | key }*. The pool of links is such a port; tests bring their own.
 */
import type { Answered } from '../mesh/link-ports.ts'
import type { VerbRow } from '../mesh/verbs.ts'
import { ByteReader, type ByteWriter } from '../store/byte-writer.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'

export interface PeerPort {
  /** The body is used during the call only; `answered` follows exactly once, and not within it. */
  ask(
    peerId: string,
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start?: number,
    end?: number,
  ): void
}

/** A key in a physical database; the bytes are its own. */
export interface KeyName {
  readonly database: number
  readonly key: Buffer
}

export interface SlottedKey extends KeyName {
  readonly slot: number
}

/** The same as one text: the key of maps and sets. */
export function nameOf(database: number, key: Buffer, start: number, end: number): string {
  return String.fromCharCode(database) + key.toString('latin1', start, end)
}

export function writeKeyName(name: KeyName, out: ByteWriter): void {
  out.u8(name.database)
  out.sized(name.key, 0, name.key.length)
}

/** Goes through names of keys; broken ones end early, with `isBroken` on. */
export class KeyNames {
  database = 0
  /** The key lies in `bytes`. */
  start = 0
  end = 0
  isBroken = false
  readonly bytes: Buffer
  readonly #input: ByteReader

  constructor(bytes: Buffer, start: number, end: number) {
    this.bytes = bytes
    this.#input = new ByteReader(bytes, start, end)
  }

  next(): boolean {
    const input = this.#input
    if (this.isBroken || input.isAtEnd) return false
    this.database = input.u8()
    input.sized()
    this.start = input.start
    this.end = input.stop
    this.isBroken = input.isBroken || this.database >= DATABASE_COUNT
    return !this.isBroken
  }
}
