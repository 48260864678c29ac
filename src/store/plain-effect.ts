/**
 * Plain effect [Rule]: the effect that says what a plain string is from now on - inline, without flags, and it never
 * expires - written in one go from the arena: what most effects, and most of what changes hands, are. Whatever is out of
 * the ordinary is declined, nothing written, and goes the long way (entry-codec.ts). It does not know what the effect
 * builds on: the header given says that.
 */
import { type Arena, SEGMENT_MASK, SEGMENT_SHIFT } from './arena.ts'
import type { ByteWriter } from './byte-writer.ts'
import { EFFECT_HEADER_BYTES, EFFECT_PUT, type EffectHeader } from './effect-header.ts'
import { HEADER_BYTES, KEY_INLINE_MAX, META_DATABASE_SHIFT } from './entry.ts'

/** What a plain string's entry has in its meta word: the length of its key and its database. */
const PLAIN_META = 0xffff | (15 << META_DATABASE_SHIFT)
/** Type, expiry, flags and length, all zero but the last (entry-codec.ts, string.ts). */
const PLAIN_HEAD_BYTES = 14
/** That, and the lengths of key and value. */
const PLAIN_HEADS_BYTES = PLAIN_HEAD_BYTES + 8
/** Up to here a loop is faster than a view and a call. */
const PLAIN_BYTES_MAX = 256

/** `head`: base, version and their terms; false: this is no plain string. */
export function writePlainPut(arena: Arena, ref: number, head: EffectHeader, out: ByteWriter): boolean {
  const segment = ref >>> SEGMENT_SHIFT
  const words = arena.u32[segment]!
  const word = (ref & SEGMENT_MASK) << 2
  const meta = words[word + 7]!
  const keyLength = meta & 0xffff
  const length = words[word + 6]!
  // Type string, storage inline and flags are all zero bits.
  if ((meta & ~PLAIN_META) !== 0 || keyLength > KEY_INLINE_MAX || length > PLAIN_BYTES_MAX) return false
  if (arena.f64[segment]![(word >> 1) + 1] !== 0) return false
  out.reserve(EFFECT_HEADER_BYTES + PLAIN_HEADS_BYTES + keyLength + length)
  head.verb = EFFECT_PUT
  head.database = meta >>> META_DATABASE_SHIFT
  head.argumentCount = 2
  head.write(out)
  const from = arena.bytes[segment]!
  const to = out.bytes
  let read = ((ref & SEGMENT_MASK) << 4) + HEADER_BYTES
  let at = to.writeUInt32LE(keyLength, out.length)
  for (let i = 0; i < keyLength; i++) to[at++] = from[read++]!
  at = to.writeUInt32LE(PLAIN_HEAD_BYTES + length, at)
  for (let i = 4; i < PLAIN_HEAD_BYTES; i++) to[at++] = 0
  at = to.writeUInt32LE(length, at)
  for (let i = 0; i < length; i++) to[at++] = from[read++]!
  out.length = at
  return true
}
