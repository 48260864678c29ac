/**
 * Acknowledgement codec [Rule]: the exceptions of an acknowledgement as bytes; none at all in the usual case.
 *
 *   u32 count | { f64 batch }*                                                     effects that wait for an entry
 *   u32 count | { f64 batch | u32 index | u32 slot + 1 | u8 database | u8 reason | u32 length | key }*   refused
 *   u32 count | { f64 after | f64 up to }*                                          lost
 */
import { ByteReader, type ByteWriter } from '../store/byte-writer.ts'
import type { Acknowledgement, Refusal, RefusalReason } from './received.ts'

const REASONS: readonly RefusalReason[] = ['gap', 'ahead', 'outranked', 'skewed', 'broken', 'full', 'late']
const COUNT_MAX = 65_536

export function encodeExceptions({ waiting, refusals, lost }: Acknowledgement, out: ByteWriter): void {
  out.clear()
  if (waiting.length + refusals.length + lost.length === 0) return
  out.u32(waiting.length)
  for (const batch of waiting) out.f64(batch)
  out.u32(refusals.length)
  for (const { batch, index, slot, database, reason, key } of refusals) {
    out.f64(batch)
    out.u32(index)
    out.u32(slot + 1)
    out.u8(database)
    out.u8(REASONS.indexOf(reason))
    out.sized(key, 0, key.length)
  }
  out.u32(lost.length)
  for (const { after, upTo } of lost) {
    out.f64(after)
    out.f64(upTo)
  }
}

/** Undefined when the bytes are no exceptions. The keys are copies. */
export function decodeAcknowledgement(
  upTo: number,
  bytes: Buffer,
  start: number,
  end: number,
): Acknowledgement | undefined {
  const acknowledgement: Acknowledgement = { upTo, waiting: [], refusals: [], lost: [] }
  if (start === end) return acknowledgement
  const input = new ByteReader(bytes, start, end)
  const { waiting, refusals, lost } = acknowledgement
  for (let left = countOf(input); left > 0 && !input.isBroken; left--) waiting.push(input.f64())
  for (let left = countOf(input); left > 0 && !input.isBroken; left--) refusals.push(readRefusal(input))
  for (let left = countOf(input); left > 0 && !input.isBroken; left--) {
    lost.push({ after: input.f64(), upTo: input.f64() })
  }
  return input.isBroken || !input.isAtEnd ? undefined : acknowledgement
}

function countOf(input: ByteReader): number {
  return Math.min(input.u32(), COUNT_MAX)
}

function readRefusal(input: ByteReader): Refusal {
  const batch = input.f64()
  const index = input.u32()
  const slot = input.u32() - 1
  const database = input.u8()
  const reason = REASONS[input.u8()] ?? 'broken'
  input.sized()
  const key = Buffer.from(input.bytes.subarray(input.start, input.stop))
  return { batch, index, slot, database, key, reason }
}
