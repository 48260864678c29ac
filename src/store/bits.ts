/**
 * Bits [Rule]: strings as rows of bits, most significant first: counting, finding, and integers of any
 * width at any place. Positions count from `base`, the offset of the first byte; they exceed 32 bits, so they are
 * divided, never shifted. Ranges include both ends and lie within the string. Long runs are read in 32-bit words.
 */
const WORD_RUN_BYTES_MIN = 64

export function byteOfBit(position: number): number {
  return Math.floor(position / 8)
}

/** How many bits from `first` to `last` are set. */
export function countBits(bytes: Buffer, base: number, first: number, last: number): number {
  const start = base + byteOfBit(first)
  const end = base + byteOfBit(last)
  const before = bytes[start]! & ~(0xff >>> (first % 8))
  const behind = bytes[end]! & (0x7f >>> (last % 8))
  return countBytes(bytes, start, end + 1) - countWord(before) - countWord(behind)
}

/** Position of the first bit from `first` to `last` that is `bit`, or -1. */
export function findBit(bytes: Buffer, base: number, first: number, last: number, bit: number): number {
  const skipped = bit === 1 ? 0 : 0xff
  let byte = byteOfBit(first)
  const lastByte = byteOfBit(last)
  // Its set bits are those that differ from what is skipped.
  let found = (bytes[base + byte]! ^ skipped) & (0xff >>> (first % 8))
  if (found === 0 && byte < lastByte) {
    byte = skipBytes(bytes, base + byte + 1, base + lastByte, skipped) - base
    found = bytes[base + byte]! ^ skipped
  }
  if (found === 0) return -1
  const position = byte * 8 + Math.clz32(found) - 24
  return position <= last ? position : -1
}

/** An unsigned integer of up to 64 bits; bits at or behind `end` (an absolute offset) read as zero. */
export function readField(
  bytes: Uint8Array,
  base: number,
  end: number,
  position: number,
  width: number,
): bigint {
  let at = base + byteOfBit(position)
  const skipped = position % 8
  let value = 0n
  for (let have = 0; have < skipped + width; have += 8) {
    value = (value << 8n) | BigInt(at < end ? bytes[at]! : 0)
    at++
  }
  const surplus = (8 - ((skipped + width) % 8)) % 8
  return BigInt.asUintN(width, value >> BigInt(surplus))
}

/** Writes the low `width` bits of an integer; all its bytes are there. */
export function writeField(
  bytes: Uint8Array,
  base: number,
  position: number,
  width: number,
  value: bigint,
): void {
  let rest = BigInt.asUintN(width, value)
  let left = width
  while (left > 0) {
    const end = position + left
    const low = (8 - (end % 8)) % 8
    const taken = Math.min(left, 8 - low)
    const mask = ((1 << taken) - 1) << low
    const at = base + byteOfBit(end - 1)
    bytes[at] = (bytes[at]! & ~mask) | ((Number(rest & 0xffn) << low) & mask)
    rest >>= BigInt(taken)
    left -= taken
  }
}

function countBytes(bytes: Buffer, start: number, end: number): number {
  let count = 0
  let at = start
  if (end - start >= WORD_RUN_BYTES_MIN) {
    const words = wordsIn(bytes, start, end)
    const wordsStart = words.byteOffset - bytes.byteOffset
    for (; at < wordsStart; at++) count += countWord(bytes[at]!)
    for (let i = 0; i < words.length; i++) count += countWord(words[i]!)
    at += words.length * 4
  }
  for (; at < end; at++) count += countWord(bytes[at]!)
  return count
}

/** Offset of the first byte from `start` on that is not `skipped`; `last` if there is none before it. */
function skipBytes(bytes: Buffer, start: number, last: number, skipped: number): number {
  let at = start
  if (last - start >= WORD_RUN_BYTES_MIN) {
    const words = wordsIn(bytes, start, last)
    const wordsStart = words.byteOffset - bytes.byteOffset
    while (at < wordsStart && bytes[at] === skipped) at++
    if (at === wordsStart) {
      const skippedWord = skipped === 0 ? 0 : 0xffffffff
      let i = 0
      while (i < words.length && words[i] === skippedWord) i++
      at += i * 4
    }
  }
  while (at < last && bytes[at] === skipped) at++
  return at
}

/** The whole aligned words between two offsets. */
function wordsIn(bytes: Buffer, start: number, end: number): Uint32Array {
  const from = Math.ceil((bytes.byteOffset + start) / 4) * 4
  const count = Math.floor((bytes.byteOffset + end - from) / 4)
  return new Uint32Array(bytes.buffer, from, count)
}

function countWord(word: number): number {
  word -= (word >>> 1) & 0x55555555
  word = (word & 0x33333333) + ((word >>> 2) & 0x33333333)
  word = (word + (word >>> 4)) & 0x0f0f0f0f
  return Math.imul(word, 0x01010101) >>> 24
}
