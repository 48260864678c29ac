/**
 * Sort pattern [Rule]: what BY and GET of SORT name: the key a pattern stands for once its first `*` is replaced by
 * an element, or a field of the hash at that key (`key*->field`). As in Redis a pattern ends at its first zero byte
 * where `*` and `->` are looked for.
 */
import { STORAGE_OBJECT, TYPE_HASH, TYPE_STRING } from '../store/entry.ts'
import { hashGet } from '../store/hash.ts'
import type { Span } from '../store/span.ts'
import type { Call } from './call.ts'

const STAR = 42
const HASH_SIGN = 35
const MINUS = 45
const GREATER = 62

let key: Buffer = Buffer.allocUnsafeSlow(256)

/** Without a star the pattern is the same for all elements: BY then means "do not sort". */
export function isConstantPattern(call: Call, i: number): boolean {
  return starOf(call, i) === -1
}

/** `#`: the element itself. */
export function isElementPattern(call: Call, i: number): boolean {
  return call.args.length(i) === 1 && call.args.bytes[call.args.starts[i]!] === HASH_SIGN
}

/** Points `into` at the value the pattern at argument i names for this element; false when there is none. */
export function lookUpByPattern(
  call: Call,
  i: number,
  element: Buffer,
  elementStart: number,
  elementEnd: number,
  into: Span,
): boolean {
  const { args, space } = call
  const length = makeKey(call, i, element, elementStart, elementEnd)
  if (length === -1) return false
  const ref = space.lookupRead(call.database, key, 0, length)
  if (ref === 0) return false
  const entries = space.entries
  const end = args.ends[i]!
  const arrow = arrowAfter(args.bytes, starOf(call, i) + 1, end)
  if (arrow !== -1)
    return entries.typeOf(ref) === TYPE_HASH && hashGet(space, ref, args.bytes, arrow + 2, end, into)
  if (entries.typeOf(ref) !== TYPE_STRING) return false
  if (entries.storageOf(ref) === STORAGE_OBJECT) throw new Error('sort: a string in a collection object')
  const from = entries.valueStart(ref)
  into.set(entries.valueBuffer(ref), from, from + entries.valueLength(ref))
  return true
}

/** The key that the pattern at argument i names for this element; undefined: it names none. */
export function keyByPattern(
  call: Call,
  i: number,
  element: Buffer,
  elementStart: number,
  elementEnd: number,
): Buffer | undefined {
  const length = makeKey(call, i, element, elementStart, elementEnd)
  return length === -1 ? undefined : Buffer.from(key.subarray(0, length))
}

/** Puts the element in the place of the star; the length of the key then, -1 without a star. */
function makeKey(call: Call, i: number, element: Buffer, elementStart: number, elementEnd: number): number {
  const pattern = call.args.bytes
  const start = call.args.starts[i]!
  const end = call.args.ends[i]!
  const star = starOf(call, i)
  if (star === -1) return -1
  const arrow = arrowAfter(pattern, star + 1, end)
  const keyEnd = arrow === -1 ? end : arrow
  const length = star - start + elementEnd - elementStart + keyEnd - star - 1
  if (key.length < length) key = Buffer.allocUnsafeSlow(length * 2)
  pattern.copy(key, 0, start, star)
  element.copy(key, star - start, elementStart, elementEnd)
  pattern.copy(key, star - start + elementEnd - elementStart, star + 1, keyEnd)
  return length
}

function starOf(call: Call, i: number): number {
  const bytes = call.args.bytes
  const end = call.args.ends[i]!
  for (let at = call.args.starts[i]!; at < end && bytes[at] !== 0; at++) if (bytes[at] === STAR) return at
  return -1
}

/** Where `->` with a field behind it begins, or -1. An arrow with nothing behind it belongs to the key. */
function arrowAfter(bytes: Buffer, from: number, end: number): number {
  for (let at = from; at + 1 < end && bytes[at] !== 0; at++) {
    if (bytes[at] !== MINUS || bytes[at + 1] !== GREATER) continue
    return at + 2 < end && bytes[at + 2] !== 0 ? at : -1
  }
  return -1
}
