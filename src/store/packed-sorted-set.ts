/**
 * Packed sorted set [Rule]: a small sorted set as one run of bytes in its entry's cell, in order of (score, member):
 *
 *   count u32 LE | { score f64 LE | member as a packed element }*
 *
 * Functions read and write (buffer, start, length); making room is the caller's. An element's position is its
 * offset from the start, never 0, so 0 means "not there". Zero has one sign here, as it has in Redis' small form.
 */
import type { Cut } from './cut.ts'
import { packedBody, packedLength, packedNext, packedPut, packedSize } from './packed.ts'

export const HEAD_BYTES = 4
const SCORE_BYTES = 8

/** Bytes an element takes. */
export function elementSize(memberLength: number): number {
  return SCORE_BYTES + packedSize(memberLength)
}

export function elementCount(buffer: Buffer, start: number): number {
  return buffer.readUInt32LE(start)
}

export function setElementCount(buffer: Buffer, start: number, count: number): void {
  buffer.writeUInt32LE(count, start)
}

export function scoreAt(buffer: Buffer, at: number): number {
  return buffer.readDoubleLE(at)
}

export function setScoreAt(buffer: Buffer, at: number, score: number): void {
  buffer.writeDoubleLE(score + 0, at)
}

export function memberStart(buffer: Buffer, at: number): number {
  return packedBody(buffer, at + SCORE_BYTES)
}

export function memberLength(buffer: Buffer, at: number): number {
  return packedLength(buffer, at + SCORE_BYTES)
}

/** Absolute offset of the element after the one at absolute offset `at`. */
export function nextElement(buffer: Buffer, at: number): number {
  return packedNext(buffer, at + SCORE_BYTES)
}

/** Position of the element with this member, or 0. */
export function findElement(
  buffer: Buffer,
  start: number,
  length: number,
  wanted: Uint8Array,
  wantedStart: number,
  wantedEnd: number,
): number {
  const end = start + length
  const wantedLength = wantedEnd - wantedStart
  for (let at = start + HEAD_BYTES; at < end; at = nextElement(buffer, at)) {
    if (memberLength(buffer, at) !== wantedLength) continue
    const body = memberStart(buffer, at)
    let i = 0
    while (i < wantedLength && buffer[body + i] === wanted[wantedStart + i]) i++
    if (i === wantedLength) return at - start
  }
  return 0
}

/** Position of the element of this rank; the end of the run when there are not so many. */
export function seekElement(buffer: Buffer, start: number, length: number, rank: number): number {
  const end = start + length
  let at = start + HEAD_BYTES
  while (rank-- > 0 && at < end) at = nextElement(buffer, at)
  return at - start
}

/** Rank of the element at this position. */
export function rankOfElement(buffer: Buffer, start: number, position: number): number {
  let rank = 0
  for (let at = start + HEAD_BYTES; at < start + position; at = nextElement(buffer, at)) rank++
  return rank
}

/** Position of the first element that is not below the cut; the end of the run when all are. */
export function seekCut(buffer: Buffer, start: number, length: number, cut: Cut): number {
  const end = start + length
  let at = start + HEAD_BYTES
  while (
    at < end &&
    cut.isAbove(scoreAt(buffer, at), buffer, memberStart(buffer, at), memberLength(buffer, at))
  ) {
    at = nextElement(buffer, at)
  }
  return at - start
}

/** Writes an element at absolute offset `at`; room must be there. Answers the offset behind it. */
export function putElement(
  buffer: Buffer,
  at: number,
  score: number,
  member: Uint8Array,
  start: number,
  end: number,
): number {
  setScoreAt(buffer, at, score)
  return packedPut(buffer, at + SCORE_BYTES, member, start, end)
}
