/**
 * Integer set [Rule]: sets of integers as one sorted run in their entry's cell, searched by halves.
 *
 *   u8 width | values, little endian, `width` (2, 4 or 8) bytes each, ascending
 *
 * All values have the width of the widest; a wider newcomer widens them all. Functions read (buffer, start, length)
 * and write in place; making room is the caller's.
 */
import { Integer64 } from './integer64.ts'

const probe = new Integer64()

export function integerCount(buffer: Uint8Array, start: number, length: number): number {
  return length === 0 ? 0 : (length - 1) / buffer[start]!
}

export function integerAt(buffer: Uint8Array, start: number, index: number, into: Integer64): void {
  const width = buffer[start]!
  load(buffer, start + 1 + index * width, width, into)
}

/** Index of the value, or -1 - (the index it belongs at). */
export function integerSearch(buffer: Uint8Array, start: number, length: number, value: Integer64): number {
  let low = 0
  let high = integerCount(buffer, start, length) - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    integerAt(buffer, start, middle, probe)
    const order = probe.compare(value)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return -1 - low
}

/** Bytes the run takes with one more value of the given width. */
export function integerLengthWith(buffer: Uint8Array, start: number, length: number, width: number): number {
  if (length === 0) return 1 + width
  return 1 + (integerCount(buffer, start, length) + 1) * Math.max(width, buffer[start]!)
}

/** Inserts before `index`; `length` is the length before, and the room `integerLengthWith` asked for is there. */
export function integerInsert(
  buffer: Uint8Array,
  start: number,
  length: number,
  index: number,
  value: Integer64,
): void {
  const oldWidth = length === 0 ? 0 : buffer[start]!
  const width = Math.max(oldWidth, value.width)
  const at = start + 1 + index * width
  if (width === oldWidth) buffer.copyWithin(at + width, at, start + length)
  else if (length !== 0) {
    // From the last to the first: a value never lands on one that has not been read yet.
    for (let i = integerCount(buffer, start, length) - 1; i >= 0; i--) {
      load(buffer, start + 1 + i * oldWidth, oldWidth, probe)
      store(buffer, start + 1 + (i >= index ? i + 1 : i) * width, width, probe)
    }
  }
  buffer[start] = width
  store(buffer, at, width, value)
}

/** Takes the value at `index` out; answers the new length. */
export function integerRemove(buffer: Uint8Array, start: number, length: number, index: number): number {
  const width = buffer[start]!
  const at = start + 1 + index * width
  buffer.copyWithin(at, at + width, start + length)
  return length - width
}

function load(buffer: Uint8Array, at: number, width: number, into: Integer64): void {
  if (width === 2) setSmall(into, ((buffer[at]! | (buffer[at + 1]! << 8)) << 16) >> 16)
  else if (width === 4) setSmall(into, word(buffer, at))
  else {
    into.low = word(buffer, at) >>> 0
    into.high = word(buffer, at + 4)
  }
}

function store(buffer: Uint8Array, at: number, width: number, value: Integer64): void {
  const low = value.low
  buffer[at] = low
  buffer[at + 1] = low >>> 8
  if (width === 2) return
  buffer[at + 2] = low >>> 16
  buffer[at + 3] = low >>> 24
  if (width === 4) return
  const high = value.high
  buffer[at + 4] = high
  buffer[at + 5] = high >>> 8
  buffer[at + 6] = high >>> 16
  buffer[at + 7] = high >>> 24
}

function setSmall(into: Integer64, value: number): void {
  into.low = value >>> 0
  into.high = value >> 31
}

function word(buffer: Uint8Array, at: number): number {
  return buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) | (buffer[at + 3]! << 24)
}
