/*
 * The header of a frame: one MessagePack array, `[verb, correlation, ...fields]`.
 *
 * The idea: decoding is total. A walk over the lengths alone, which allocates nothing and believes no length, comes
 * before msgpackr: what it lets through is one array of numbers, booleans, nil, strings, bytes and shallow arrays - no
 * map, extension or record, no depth, no element without a byte of its own, nothing behind the end. Correlation 0 is a
 * frame that nobody answers. It refuses to know what the fields mean. Shape: machine (its state is msgpackr's buffers).
 */
import { Packr, Unpackr } from 'msgpackr'

/** The length of a header travels in 16 bits. */
export const headerBytesMax = 65535
export const depthMax = 8

const refused = -1
const array = -2

export class HeaderCodec {
  readonly #packr: Packr
  readonly #unpackr: Unpackr
  readonly #scratch: unknown[]
  readonly #range: { start: number; end: number }

  constructor() {
    this.#packr = new Packr({ useRecords: false })
    this.#unpackr = new Unpackr({ useRecords: false, int64AsType: 'number', copyBuffers: true })
    this.#scratch = []
    this.#range = { start: 0, end: 0 }
  }

  /** The bytes lie in a buffer that the next encoding overwrites. */
  encode(verb: number, correlation: number, fields: readonly unknown[]): Uint8Array {
    const scratch = this.#scratch
    // Most frames have as many fields as the last one: its room is used again.
    if (scratch.length !== fields.length + 2) scratch.length = fields.length + 2
    scratch[0] = verb
    scratch[1] = correlation
    for (let at = 0; at < fields.length; at++) scratch[at + 2] = fields[at]
    const header = this.#packr.pack(scratch)
    if (header.length > headerBytesMax)
      throw new Error(
        `verb ${verb} has a header of ${header.length} bytes; what is long belongs into the body`,
      )
    return header
  }

  /** The array, owning all its bytes; undefined when it is anything but `[verb, correlation, ...]`. Never throws. */
  decode(bytes: Uint8Array, start: number, end: number): unknown[] | undefined {
    if (!isFlatArray(bytes, start, end)) return undefined
    this.#range.start = start
    this.#range.end = end
    let value: unknown
    try {
      value = this.#unpackr.unpack(bytes, this.#range)
    } catch {
      return undefined
    }
    return Array.isArray(value) && isHead(value[0]) && isHead(value[1]) ? value : undefined
  }
}

function isHead(value: unknown): boolean {
  return typeof value === 'number' && value >>> 0 === value
}

/** How many elements of each open array are still to come; the walk is never re-entered. */
const open = new Float64Array(depthMax)

/** Whether the bytes are exactly one array of the few shapes that headers have. */
function isFlatArray(bytes: Uint8Array, start: number, end: number): boolean {
  let depth = 0
  let at = start
  for (;;) {
    if (at >= end) return false
    const length = lengthOf(bytes, at)
    if (length === array) {
      const token = bytes[at]!
      const count = arrayCount(bytes, at, token)
      at += token < 0xa0 ? 1 : token === 0xdc ? 3 : 5
      if (count > end - at) return false
      if (count > 0) {
        if (depth === depthMax) return false
        open[depth++] = count
        continue
      }
    } else {
      if (length === refused || depth === 0 || length > end - at) return false
      at += length
    }
    while (depth > 0 && --open[depth - 1]! === 0) depth--
    if (depth === 0) return at === end
  }
}

function lengthOf(bytes: Uint8Array, at: number): number {
  const token = bytes[at]!
  if (token < 0x80 || token >= 0xe0) return 1
  if (token < 0x90) return refused
  if (token < 0xa0) return array
  return token < 0xc0 ? 1 + (token & 0x1f) : lengthFrom(bytes, at, token)
}

/** The length of a value whose first byte is 0xc0 to 0xdf, first byte and payload included. */
function lengthFrom(bytes: Uint8Array, at: number, token: number): number {
  switch (token) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
      return 1
    case 0xc4:
    case 0xd9:
      return 2 + (bytes[at + 1] ?? 0)
    case 0xc5:
    case 0xda:
      return 3 + (bytes[at + 1] ?? 0) * 0x100 + (bytes[at + 2] ?? 0)
    case 0xc6:
    case 0xdb:
      return 5 + u32At(bytes, at + 1)
    case 0xcc:
    case 0xd0:
      return 2
    case 0xcd:
    case 0xd1:
      return 3
    case 0xca:
    case 0xce:
    case 0xd2:
      return 5
    case 0xcb:
    case 0xcf:
    case 0xd3:
      return 9
    case 0xdc:
    case 0xdd:
      return array
    default:
      return refused
  }
}

function arrayCount(bytes: Uint8Array, at: number, token: number): number {
  if (token < 0xa0) return token & 0x0f
  return token === 0xdc ? (bytes[at + 1] ?? 0) * 0x100 + (bytes[at + 2] ?? 0) : u32At(bytes, at + 1)
}

function u32At(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
  return (bytes[at] ?? 0) * 0x1000000 + low
}
