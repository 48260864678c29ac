/**
 * List run [Rule]: elements of a list side by side in a buffer, readable from both ends.
 *
 *   element = length u8 | bytes | length u8                          length 0..253
 *           = 254 | length u32 LE | bytes | length u32 LE | 254      longer ones
 *
 * Small lists are one such run inside their entry's cell, large ones a chain of them (list-nodes.ts). All
 * positions are absolute offsets in the buffer. Making room is the caller's; counts are the caller's too.
 */
const LONG = 254
const LOOP_COPY_MAX = 64

/** Bytes an element of `length` bytes takes, both lengths included. */
export function runSize(length: number): number {
  return length < LONG ? length + 2 : length + 10
}

export function runLength(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!
  return first < LONG ? first : longLength(buffer, at + 1)
}

/** Where the bytes of the element at `at` begin. */
export function runBody(buffer: Uint8Array, at: number): number {
  return buffer[at]! < LONG ? at + 1 : at + 5
}

/** Where the element after the one at `at` begins. */
export function runNext(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!
  return first < LONG ? at + 2 + first : at + 10 + longLength(buffer, at + 1)
}

/** Where the element that ends at `end` begins. */
export function runPrevious(buffer: Uint8Array, end: number): number {
  const last = buffer[end - 1]!
  return last < LONG ? end - 2 - last : end - 10 - longLength(buffer, end - 5)
}

/** Writes one element at `at`; answers the offset behind it. Room must be there. */
export function runPut(
  buffer: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start
  if (length < LONG) {
    buffer[at++] = length
    if (length > LOOP_COPY_MAX) buffer.set(bytes.subarray(start, end), at)
    else for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i]!
    at += length
    buffer[at] = length
    return at + 1
  }
  buffer[at] = LONG
  putLongLength(buffer, at + 1, length)
  buffer.set(bytes.subarray(start, end), at + 5)
  at += 5 + length
  putLongLength(buffer, at, length)
  buffer[at + 4] = LONG
  return at + 5
}

/** Offset of element number `index` of the `count` in [start, end), walking from the nearer side. */
export function runSeek(
  buffer: Uint8Array,
  start: number,
  end: number,
  count: number,
  index: number,
): number {
  if (index <= count >> 1) {
    let at = start
    for (; index > 0; index--) at = runNext(buffer, at)
    return at
  }
  let at = end
  for (; index < count; index++) at = runPrevious(buffer, at)
  return at
}

/** Is the element at `at` these bytes? */
export function runEquals(
  buffer: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  const length = end - start
  if (runLength(buffer, at) !== length) return false
  const body = runBody(buffer, at)
  for (let i = 0; i < length; i++) if (buffer[body + i] !== bytes[start + i]) return false
  return true
}

/**
 * Takes out up to `countMax` elements equal to the given bytes, first ones first; answers the new end. All
 * that goes has one size, so the caller knows how many went.
 */
export function eraseFromHead(
  buffer: Uint8Array,
  start: number,
  end: number,
  countMax: number,
  bytes: Uint8Array,
  wantedStart: number,
  wantedEnd: number,
): number {
  let erased = 0
  let to = start
  let kept = start
  let at = start
  while (at < end && erased < countMax) {
    const next = runNext(buffer, at)
    if (runEquals(buffer, at, bytes, wantedStart, wantedEnd)) {
      if (to !== kept) buffer.copyWithin(to, kept, at)
      to += at - kept
      kept = next
      erased++
    }
    at = next
  }
  if (to !== kept) buffer.copyWithin(to, kept, end)
  return to + end - kept
}

/** The same, last ones first; the run stays at its end and the new start is answered. */
export function eraseFromTail(
  buffer: Uint8Array,
  start: number,
  end: number,
  countMax: number,
  bytes: Uint8Array,
  wantedStart: number,
  wantedEnd: number,
): number {
  let erased = 0
  let to = end
  let kept = end
  let at = end
  while (at > start && erased < countMax) {
    const previous = runPrevious(buffer, at)
    if (runEquals(buffer, previous, bytes, wantedStart, wantedEnd)) {
      to -= kept - at
      if (to !== at) buffer.copyWithin(to, at, kept)
      kept = previous
      erased++
    }
    at = previous
  }
  to -= kept - start
  if (to !== start) buffer.copyWithin(to, start, kept)
  return to
}

function longLength(buffer: Uint8Array, at: number): number {
  return (buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)) >>> 0
}

function putLongLength(buffer: Uint8Array, at: number, length: number): void {
  buffer[at] = length
  buffer[at + 1] = length >>> 8
  buffer[at + 2] = length >>> 16
  buffer[at + 3] = length >>> 24
}
