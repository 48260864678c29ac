/*
 * Differences from redis-server that are meant: each with its reason. Empty is the goal.
 *
 * The idea: an entry names a command and the shape of both replies, never a whole family. Shape: table.
 */
import { type Argument, type Reply, show } from '../support/reply.ts'

export interface Allowed {
  readonly reason: string
  readonly covers: (argv: readonly Argument[], ours: Reply, theirs: Reply) => boolean
}

export const ALLOWED: readonly Allowed[] = [
  {
    reason:
      'elements of a set or sorted set whose weights are equal come in the order of a hash that is seeded at start',
    covers: (argv, ours, theirs) => {
      const words = argv.map((word) => String(word).toLowerCase())
      return /^sort(_ro)?$/.test(words[0]!) && words.includes('by') && isReordered(ours, theirs)
    },
  },
]

function isReordered(ours: Reply, theirs: Reply): boolean {
  if (typeof ours.value === 'string' || typeof theirs.value === 'string') return false
  const [one, other] = [ours.value, theirs.value].map((replies) => replies.map((reply) => show(reply)).sort())
  return JSON.stringify(one) === JSON.stringify(other)
}
