/*
 * Whether bytes are exactly one MessagePack value of the few shapes that gossip speaks.
 *
 * The idea: a walk over the lengths alone, which allocates nothing and believes no length, comes before the decoder.
 * What it lets through holds arrays, strings, bytes, numbers, booleans and nil: no map, no extension, no record, no
 * depth, no claimed element without a byte of its own, nothing behind the end. Shape: rule.
 */

/** Deeper than any message; a bomb of nested arrays ends here and not on the stack. */
export const DEPTH_MAX = 16
/** More values than a push/pull of the largest mesh holds. */
export const ITEMS_COUNT_MAX = 1 << 21

const REFUSED = -1
const ARRAY = -2

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
      return ARRAY
    default:
      return REFUSED
  }
}

function u32At(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0)
  return (bytes[at] ?? 0) * 0x1000000 + low
}

function lengthOf(bytes: Uint8Array, at: number): number {
  const token = bytes[at]!
  if (token < 0x80 || token >= 0xe0) return 1
  if (token < 0x90) return REFUSED
  if (token < 0xa0) return ARRAY
  return token < 0xc0 ? 1 + (token & 0x1f) : lengthFrom(bytes, at, token)
}

/** How many elements of each open array are still to come; the walk is never re-entered. */
const open = new Float64Array(DEPTH_MAX)

export function isWellFormed(bytes: Uint8Array, start: number, end: number): boolean {
  let depth = 0
  let at = start
  let itemCount = 0
  for (;;) {
    if (at >= end || ++itemCount > ITEMS_COUNT_MAX) return false
    const length = lengthOf(bytes, at)
    if (length === ARRAY) {
      const token = bytes[at]!
      const headBytes = token < 0xa0 ? 1 : token === 0xdc ? 3 : 5
      if (at + headBytes > end) return false
      const count = arrayCount(bytes, at, token)
      at += headBytes
      if (count > end - at) return false
      if (count > 0) {
        if (depth === DEPTH_MAX) return false
        open[depth++] = count
        continue
      }
    } else {
      if (length === REFUSED || length > end - at) return false
      at += length
    }
    while (depth > 0 && --open[depth - 1]! === 0) depth--
    if (depth === 0) return at === end
  }
}

function arrayCount(bytes: Uint8Array, at: number, token: number): number {
  if (token < 0xa0) return token & 0x0f
  return token === 0xdc ? bytes[at + 1]! * 0x100 + bytes[at + 2]! : u32At(bytes, at + 1)
}
