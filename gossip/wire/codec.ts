/*
 * Messages to bytes and back, as one MessagePack array of positional arrays.
 *
 * The idea: decoding is total. A walk over the lengths comes before the decoder, and every field is checked by the row
 * of its kind after it, so what comes out is exactly what the areas declared; one bad message spoils its packet.
 * It knows nothing of senders, packets or keys. Shape: machine (its state is msgpackr's buffer).
 */
import { Buffer } from 'node:buffer'
import { Packr, RESERVE_START_SPACE, RESET_BUFFER_MODE, Unpackr } from 'msgpackr'
import type { Message, MessageRow } from '../messages.ts'
import { encodedSize } from './encoded-size.ts'
import { isWellFormed } from './well-formed.ts'

/** No packet of ours holds more. */
export const MESSAGES_COUNT_MAX = 4096
/** What the array around the messages takes at most. */
export const ENVELOPE_BYTES_MAX = 3
/** As much as msgpackr can leave free in front. */
export const RESERVED_BYTES_MAX = 255

export class Codec {
  readonly #rows: (MessageRow | undefined)[]
  readonly #packr: Packr
  readonly #unpackr: Unpackr
  readonly #range: { start: number; end: number }
  /** For hooks that size messages: bound once. */
  readonly sizeOf: (message: Message) => number

  constructor(rows: readonly MessageRow[]) {
    this.#rows = []
    for (const row of rows) {
      const former = this.#rows[row.kind]
      if (former !== undefined)
        throw new Error(`message kind ${row.kind} is both ${former.name} and ${row.name}`)
      if (!Number.isInteger(row.kind) || row.kind < 0 || row.kind > 127)
        throw new Error(`message kind ${row.kind} (${row.name}) is not between 0 and 127`)
      this.#rows[row.kind] = row
    }
    this.#packr = new Packr({ useRecords: false })
    this.#unpackr = new Unpackr({ useRecords: false, int64AsType: 'number', copyBuffers: true })
    this.#range = { start: 0, end: 0 }
    this.sizeOf = encodedSize
  }

  /**
   * The bytes of the messages behind `reservedBytes` of free room for a header. They lie in a buffer that the next
   * encoding overwrites: send or copy them before that.
   */
  encode(messages: readonly Message[], reservedBytes = 0): Uint8Array {
    for (const message of messages) {
      const row = this.#rows[message[0]]
      if (row === undefined || message.length !== row.fields.length + 1)
        throw new Error(`message kind ${message[0]} with ${message.length - 1} fields was never declared`)
    }
    if (messages.length === 0 || messages.length > MESSAGES_COUNT_MAX)
      throw new Error(`a packet cannot hold ${messages.length} messages`)
    if (reservedBytes > RESERVED_BYTES_MAX) throw new Error(`${reservedBytes} bytes are too much to reserve`)
    // The typings miss that the options are a sum of flags.
    const pack = this.#packr.pack as (value: unknown, flags: number) => Buffer
    return pack(messages, RESERVE_START_SPACE | RESET_BUFFER_MODE | reservedBytes)
  }

  /** The messages, owning all their bytes; undefined when anything is wrong with any of them. Never throws. */
  decode(bytes: Uint8Array, start = 0, end = bytes.length): readonly Message[] | undefined {
    if (!isWellFormed(bytes, start, end)) return undefined
    this.#range.start = start
    this.#range.end = end
    // Fields that hold bytes are of the type of what they are cut from: plain, wherever the packet came from.
    const plain = Buffer.isBuffer(bytes)
      ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
      : bytes
    try {
      const value: unknown = this.#unpackr.unpack(plain, this.#range)
      return this.#isPacket(value) ? value : undefined
    } catch {
      return undefined
    }
  }

  #isPacket(value: unknown): value is readonly Message[] {
    if (!Array.isArray(value) || value.length === 0 || value.length > MESSAGES_COUNT_MAX) return false
    for (const message of value) if (!this.#isMessage(message)) return false
    return true
  }

  #isMessage(message: unknown): message is Message {
    if (!Array.isArray(message) || typeof message[0] !== 'number') return false
    const fields = this.#rows[message[0]]?.fields
    if (fields === undefined || message.length !== fields.length + 1) return false
    for (let at = 0; at < fields.length; at++) if (!fields[at]!(message[at + 1])) return false
    return true
  }
}
