/**
 * String limit [Rule]: how long a string may become: proto-max-bulk-len, never more than offsets can reach, and in a mesh
 * never more than can be sent to its other owners.
 * Knows the configuration's word for it and Redis' refusal, nothing of any one command.
 */
import { carriedBytesMax } from '../mesh/frame.ts'
import { STRING_BYTES_MAX } from '../store/string.ts'
import type { Call } from './call.ts'

export function stringBytesMax({ node }: Call): number {
  const ownMax = node.router === null ? STRING_BYTES_MAX : carriedBytesMax
  return Math.min(node.config.number('proto-max-bulk-len'), ownMax)
}

/** The configuration cannot ask for less: below it, nobody needs to be asked. */
const LIMIT_BYTES_MIN = 1 << 20

/** Is `byteCount` too long for a string? The error is replied then. */
export function refusesLength(call: Call, byteCount: number): boolean {
  if (byteCount <= LIMIT_BYTES_MIN || byteCount <= stringBytesMax(call)) return false
  call.reply.error('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  return true
}
