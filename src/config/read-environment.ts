/**
 * Read the environment [Rule]: HYPERCACHE_MAXMEMORY=1gb to an assignment of maxmemory.
 *
 * Others put variables with our prefix there too (Kubernetes does for a service of that name), so a name nobody knows
 * is a notice and no error, and an empty one is as good as none.
 */
import { type Assignment, emptyReading, type Reading } from './assignment.ts'
import type { Directive } from './directive.ts'
import { findSpelling, suggestion } from './directives.ts'

export const ENVIRONMENT_PREFIX = 'HYPERCACHE_'
/** Names the file to read; the flag of that name wins. */
export const CONFIG_VARIABLE = `${ENVIRONMENT_PREFIX}CONFIG`

export type Environment = Readonly<Record<string, string | undefined>>

export function readEnvironment(environment: Environment): Reading {
  const reading = emptyReading()
  const seen = new Map<Directive, Assignment>()
  for (const variable of Object.keys(environment).sort()) {
    const text = environment[variable]
    if (!variable.startsWith(ENVIRONMENT_PREFIX) || variable === CONFIG_VARIABLE) continue
    if (text === undefined || text === '') continue
    const name = variable.slice(ENVIRONMENT_PREFIX.length).toLowerCase().replaceAll('_', '-')
    const row = findSpelling(name)
    if (row === undefined) {
      reading.notices.push(`${variable}: ignored, there is no directive '${name}'${suggestion(name)}`)
      continue
    }
    if (row.type === 'int' && /^(tcp|udp):\/\//.test(text)) {
      reading.notices.push(`${variable}: ignored, this is the address of a Kubernetes service`)
      continue
    }
    const before = seen.get(row)
    if (before !== undefined) {
      reading.errors.push(`${variable}: ${row.name}: already set by ${before.place}`)
      continue
    }
    const assignment = { row, text: toLatin1(text), place: variable }
    seen.set(row, assignment)
    reading.assignments.push(assignment)
  }
  return reading
}

/** Values are bytes, one character each; the system hands over UTF-8 already decoded. */
export function toLatin1(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
