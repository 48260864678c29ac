/**
 * Hash slot [Rule]: which of the 16384 slots a key belongs to, as Redis Cluster defines it (CRC16/XMODEM of the
 * key, or of the part between the first `{` and the next `}` when that part is not empty), and the seeded hash
 * that places a key inside a table. The slot is part of the protocol; the hash differs in every process.
 */
export const SLOT_COUNT = 16384

const CRC16 = buildCrcTable()

function buildCrcTable(): Uint16Array {
  const table = new Uint16Array(256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte << 8
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1
    table[byte] = crc & 0xffff
  }
  return table
}

export function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    if (byte === 123) return taggedSlotOf(bytes, start, end, at)
    crc = ((crc << 8) & 0xff00) ^ CRC16[(crc >>> 8) ^ byte]!
  }
  return crc & (SLOT_COUNT - 1)
}

function taggedSlotOf(bytes: Uint8Array, start: number, end: number, open: number): number {
  let close = open + 1
  while (close < end && bytes[close] !== 125) close++
  if (close < end && close > open + 1) return crcSlot(bytes, open + 1, close)
  return crcSlot(bytes, start, end)
}

function crcSlot(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0
  for (let at = start; at < end; at++) crc = ((crc << 8) & 0xff00) ^ CRC16[(crc >>> 8) ^ bytes[at]!]!
  return crc & (SLOT_COUNT - 1)
}

/** Secret of one process: multipliers and offsets, so that nobody outside can compute colliding keys. */
export interface HashSecret {
  readonly multiplierA: number
  readonly multiplierB: number
  readonly offset: number
}

export function hashSecret(random: () => number): HashSecret {
  return { multiplierA: random() | 1, multiplierB: random() | 1, offset: random() | 0 }
}

/** 32-bit seeded hash of the bytes, never 0 (the index keeps 0 for "empty"). */
export function hashOf(secret: HashSecret, bytes: Uint8Array, start: number, end: number): number {
  const a = secret.multiplierA
  const b = secret.multiplierB
  let hash = secret.offset ^ (end - start)
  let at = start
  for (; at + 3 < end; at += 4) {
    let word = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    word = Math.imul(word, a)
    word ^= word >>> 15
    hash = Math.imul((hash << 13) | (hash >>> 19), b) ^ word
    hash = (hash + 0x52dce729) | 0
  }
  for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, b)
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b ^ (a & ~1))
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  hash ^= hash >>> 16
  return hash >>> 0 || 1
}
