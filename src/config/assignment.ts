/**
 * Assignment [Data]: one directive given a text at one place, before anything is checked.
 *
 * `place` says where, in words for an error: `redis.conf:12`, `--maxmemory`, `HYPERCACHE_MAXMEMORY`.
 */
import type { Directive } from './directive.ts'

export interface Assignment {
  readonly row: Directive
  readonly text: string
  readonly place: string
}

/** What reading one source gave; errors and notices are whole sentences with their place. */
export interface Reading {
  readonly assignments: Assignment[]
  readonly errors: string[]
  readonly notices: string[]
}

export function emptyReading(): Reading {
  return { assignments: [], errors: [], notices: [] }
}

/** Directives that take several words; the others take exactly one. */
export function takesWords(row: Directive): boolean {
  return (
    row.type === 'list' ||
    row.type === 'enum-set' ||
    row.type === 'output-limits' ||
    row.type === 'percentiles' ||
    row.type === 'save-points' ||
    row.type === 'consistency-policy'
  )
}
