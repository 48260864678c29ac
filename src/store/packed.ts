/**
 * Packed list [Rule]: small collections as one run of bytes inside their entry's cell.
 *
 *   element = length u8 | bytes            length 0..253
 *           = 254 | length u32 LE | bytes  longer ones
 *
 * Functions read (buffer, start, length) and write in place; making room is the caller's (`space.resizeValue`).
 * A position is an offset from the start of the packed bytes; -1 means "not there". There are no back lengths:
 * packed values are a few kilobytes at most, a walk from the front is cheaper than the bytes.
 */
const LONG = 254

/** Bytes an element of `length` bytes takes, header included. */
export function packedSize(length: number): number {
  return length < LONG ? length + 1 : length + 5
}

/** Length of the element at `at` (absolute offset in buffer). */
export function packedLength(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!
  if (first < LONG) return first
  return (buffer[at + 1]! | (buffer[at + 2]! << 8) | (buffer[at + 3]! << 16) | (buffer[at + 4]! << 24)) >>> 0
}

/** Absolute offset of the bytes of the element at `at`. */
export function packedBody(buffer: Uint8Array, at: number): number {
  return buffer[at]! < LONG ? at + 1 : at + 5
}

/** Absolute offset of the element after the one at `at`. */
export function packedNext(buffer: Uint8Array, at: number): number {
  const first = buffer[at]!
  return first < LONG ? at + 1 + first : at + 5 + packedLength(buffer, at)
}

export function packedCount(buffer: Uint8Array, start: number, length: number): number {
  let count = 0
  const end = start + length
  for (let at = start; at < end; at = packedNext(buffer, at)) count++
  return count
}

/** Position of the element number `index` (>= 0), or -1. */
export function packedSeek(buffer: Uint8Array, start: number, length: number, index: number): number {
  const end = start + length
  let at = start
  while (index > 0 && at < end) {
    at = packedNext(buffer, at)
    index--
  }
  return at < end ? at - start : -1
}

/**
 * Position of the first element equal to the given bytes, looking at every `stride`-th element (1: all, 2: only
 * the fields of field-value pairs), or -1.
 */
export function packedFind(
  buffer: Uint8Array,
  start: number,
  length: number,
  stride: number,
  wanted: Uint8Array,
  wantedStart: number,
  wantedEnd: number,
): number {
  const end = start + length
  const wantedLength = wantedEnd - wantedStart
  let at = start
  while (at < end) {
    if (packedLength(buffer, at) === wantedLength) {
      const body = packedBody(buffer, at)
      let i = 0
      while (i < wantedLength && buffer[body + i] === wanted[wantedStart + i]) i++
      if (i === wantedLength) return at - start
    }
    at = packedNext(buffer, at)
    if (stride === 2) at = packedNext(buffer, at)
  }
  return -1
}

/** Writes one element at absolute offset `at`; answers the offset behind it. Room must be there. */
export function packedPut(
  buffer: Uint8Array,
  at: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const length = end - start
  if (length < LONG) buffer[at++] = length
  else {
    buffer[at] = LONG
    buffer[at + 1] = length
    buffer[at + 2] = length >>> 8
    buffer[at + 3] = length >>> 16
    buffer[at + 4] = length >>> 24
    at += 5
  }
  if (length > 64) buffer.set(bytes.subarray(start, end), at)
  else for (let i = 0; i < length; i++) buffer[at + i] = bytes[start + i]!
  return at + length
}

/** Opens (`by` > 0) or closes (`by` < 0) a gap at absolute offset `at`; `end` is the end of the used bytes before. */
export function packedShift(buffer: Uint8Array, at: number, end: number, by: number): void {
  if (by > 0) buffer.copyWithin(at + by, at, end)
  else buffer.copyWithin(at, at - by, end)
}
