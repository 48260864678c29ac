/**
 * String limit [Rule]: how long a string may become: proto-max-bulk-len, and never more than offsets can reach.
 * Knows the configuration's word for it and Redis' refusal, nothing of any one command.
 */
import { STRING_BYTES_MAX } from '../store/string.ts'
import type { Call } from './call.ts'

export function stringBytesMax(call: Call): number {
  return Math.min(call.node.config.number('proto-max-bulk-len'), STRING_BYTES_MAX)
}

/** The configuration cannot ask for less: below it, nobody needs to be asked. */
const LIMIT_BYTES_MIN = 1 << 20

/** Is `byteCount` too long for a string? The error is replied then. */
export function refusesLength(call: Call, byteCount: number): boolean {
  if (byteCount <= LIMIT_BYTES_MIN || byteCount <= stringBytesMax(call)) return false
  call.reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  return true
}
