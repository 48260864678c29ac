/**
 * Memory units [Rule]: `64mb` to bytes, as Redis reads it: k is 1000 and kb is 1024.
 *
 * Exact up to 64 bits, so bigint; only configuration is read this way, never a command on the hot path.
 */
import { UINT64_MAX } from './directive.ts'

const FACTORS: ReadonlyMap<string, bigint> = new Map([
  ['', 1n],
  ['b', 1n],
  ['k', 1000n],
  ['kb', 1024n],
  ['m', 1000n ** 2n],
  ['mb', 1024n ** 2n],
  ['g', 1000n ** 3n],
  ['gb', 1024n ** 3n],
])

/** Bytes, at most 2^64 - 1; undefined when it is no amount of memory. Nothing at all is 0, as in Redis. */
export function parseMemory(text: string): bigint | undefined {
  const match = /^(\d{0,64})([a-z]{0,2})$/i.exec(text)
  const factor = match === null ? undefined : FACTORS.get(match[2]!.toLowerCase())
  if (match === null || factor === undefined) return undefined
  const bytes = BigInt(match[1] || 0) * factor
  return bytes > UINT64_MAX ? UINT64_MAX : bytes
}

/** The shortest exact way to write it in a file: `64mb`, `1000`. */
export function formatMemory(bytes: bigint): string {
  if (bytes === 0n) return '0'
  for (const unit of ['gb', 'mb', 'kb']) {
    const factor = FACTORS.get(unit)!
    if (bytes % factor === 0n) return `${bytes / factor}${unit}`
  }
  return String(bytes)
}
