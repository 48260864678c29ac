/**
 * Forward body [Rule]: requests on their way to the node that acts for their keys, and the replies on their way back.
 *
 *   requests   u32 count | { u8 database | u8 manners }* | raw requests, one behind the other
 *   replies    u32 count | { u32 length }*               | raw replies, one behind the other
 *
 * Requests and replies travel as the bytes they are: neither side decodes what the other has encoded. Manners are what
 * the owner must know of the client: its protocol, whether reads refresh the access clock, and its consistency levels.
 */
import type { Level } from '../session/session.ts'
import type { ByteWriter } from '../store/byte-writer.ts'

export const HEAD_BYTES = 2

const PROTOCOL_3 = 1
const NO_TOUCH = 2
const WRITE_LEVEL_SHIFT = 2
const READ_LEVEL_SHIFT = 4

const LEVELS: readonly Level[] = ['one', 'quorum', 'all']

export interface Manners {
  protocol: 2 | 3
  isNoTouch: boolean
  writeLevel: Level
  readLevel: Level
}

export function mannersByte(session: Readonly<Manners>): number {
  return (
    (session.protocol === 3 ? PROTOCOL_3 : 0) |
    (session.isNoTouch ? NO_TOUCH : 0) |
    (LEVELS.indexOf(session.writeLevel) << WRITE_LEVEL_SHIFT) |
    (LEVELS.indexOf(session.readLevel) << READ_LEVEL_SHIFT)
  )
}

export function protocolOf(manners: number): 2 | 3 {
  return (manners & PROTOCOL_3) !== 0 ? 3 : 2
}

export function isNoTouch(manners: number): boolean {
  return (manners & NO_TOUCH) !== 0
}

export function writeLevelOf(manners: number): Level {
  return LEVELS[(manners >>> WRITE_LEVEL_SHIFT) & 3] ?? 'quorum'
}

export function readLevelOf(manners: number): Level {
  return LEVELS[(manners >>> READ_LEVEL_SHIFT) & 3] ?? 'one'
}

export function writeRequests(count: number, heads: ByteWriter, raws: ByteWriter, body: ByteWriter): void {
  body.reserve(4 + heads.length + raws.length)
  body.u32(count)
  body.raw(heads.bytes, 0, heads.length)
  body.raw(raws.bytes, 0, raws.length)
}

/** A body of one request. */
export function requestBody(database: number, manners: number, raw: Buffer): Buffer {
  const body = Buffer.allocUnsafe(4 + HEAD_BYTES + raw.length)
  body.writeUInt32LE(1, 0)
  body[4] = database
  body[5] = manners
  raw.copy(body, 4 + HEAD_BYTES)
  return body
}

/** Where the raw requests begin, or -1 when the body is none. */
export function rawsAt(body: Buffer): number {
  if (body.length < 4) return -1
  const at = 4 + body.readUInt32LE(0) * HEAD_BYTES
  return at <= body.length ? at : -1
}

export function writeReplies(bytes: Uint8Array, ends: readonly number[], body: ByteWriter): void {
  body.u32(ends.length)
  let start = 0
  for (const end of ends) {
    body.u32(end - start)
    start = end
  }
  body.raw(bytes, 0, start)
}

/** Where the first reply begins and each of them ends; undefined when these bytes are not `count` replies. */
export function replyEndsOf(
  bytes: Buffer,
  start: number,
  end: number,
  count: number,
): Float64Array | undefined {
  let at = start + 4 + count * 4
  if (at > end || bytes.readUInt32LE(start) !== count) return undefined
  const ends = new Float64Array(count + 1)
  ends[0] = at
  for (let i = 0; i < count; i++) {
    at += bytes.readUInt32LE(start + 4 + i * 4)
    if (at > end) return undefined
    ends[i + 1] = at
  }
  return at === end ? ends : undefined
}

/** The only reply, as a copy of its own; undefined when these bytes are not one reply. */
export function replyOf(bytes: Buffer, end: number): Buffer | undefined {
  const ends = replyEndsOf(bytes, 0, end, 1)
  return ends === undefined ? undefined : Buffer.from(bytes.subarray(ends[0]!, ends[1]!))
}
