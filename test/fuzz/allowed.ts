/*
 * Differences from redis-server that are meant: each with its reason. Empty is the goal.
 *
 * The idea: an entry names a command and the shape of both replies, never a whole family. Shape: table.
 */
import type { Argument, Reply } from '../support/reply.ts'

export interface Allowed {
  readonly reason: string
  readonly covers: (argv: readonly Argument[], ours: Reply, theirs: Reply) => boolean
}

export const ALLOWED: readonly Allowed[] = []
