/**
 * Directives [Table]: all rows in one list, and the ways to find one.
 *
 * The idea: a name, an older name and a spelling lead to the same row; the names that hold a number, a claim, a word
 * or a list are types of their own, so that a misspelt or misused name does not compile. Knows no values.
 */
import type { Directive } from './directive.ts'
import { manyProcessRows } from './many-process-rows.ts'
import { memoryRows } from './memory-rows.ts'
import { meshRows } from './mesh-rows.ts'
import { serverRows } from './server-rows.ts'
import { singleProcessRows } from './single-process-rows.ts'

type Row = (typeof serverRows | typeof memoryRows | typeof meshRows)[number]
type Named<T> = Extract<Row, { readonly type: T }>['name']

export type NumberName = Named<'int' | 'bytes' | 'bytes-or-percent' | 'keyspace-events'>
export type ClaimName = Named<'bool'>
export type TextName = Named<'enum' | 'text'>
export type ListName = Named<'list' | 'output-limits' | 'percentiles' | 'consistency-policy'>
export type DirectiveName = Row['name']

/** In the order CONFIG GET and the documentation list them. */
export const meaningfulDirectives: readonly Directive[] = [...serverRows, ...memoryRows, ...meshRows]
export const directives: readonly Directive[] = [
  ...meaningfulDirectives,
  ...singleProcessRows,
  ...manyProcessRows,
]

/** Lines a redis.conf may have that are no directives with a value; why they are refused. */
export const refusedLines: ReadonlyMap<string, string> = new Map([
  ['rename-command', 'commands cannot be renamed: set a password instead'],
  ['loadmodule', 'modules are not supported'],
  ['user', 'users in the file are not supported: use requirepass, or ACL SETUSER at run time'],
])

const byName = new Map<string, Directive>()
const bySpelling = new Map<string, Directive>()

function index(map: Map<string, Directive>, name: string, row: Directive): void {
  if (map.has(name)) throw new Error(`directive declared twice: ${name}`)
  map.set(name, row)
}

for (const row of directives) {
  for (const name of [row.name, ...(row.aliases ?? [])]) {
    index(byName, name, row)
    index(bySpelling, name, row)
  }
  for (const spelling of row.spellings ?? []) index(bySpelling, spelling, row)
}

/** By the names CONFIG knows, in any case. */
export function findDirective(name: string): Directive | undefined {
  return byName.get(name.toLowerCase())
}

/** By the names a file, the environment or a flag may use, in any case. */
export function findSpelling(name: string): Directive | undefined {
  return bySpelling.get(name.toLowerCase())
}

/** ` (did you mean 'maxmemory'?)`, or nothing when no name is near. */
export function suggestion(name: string): string {
  const wanted = name.toLowerCase().slice(0, 64)
  let nearest = ''
  let least = Math.min(4, Math.ceil(wanted.length / 3) + 1)
  for (const known of bySpelling.keys()) {
    const distance = editDistance(wanted, known, least)
    if (distance < least) {
      least = distance
      nearest = known
    }
  }
  return nearest === '' ? '' : ` (did you mean '${nearest}'?)`
}

/** Letters to add, drop or replace (Levenshtein), one row of the matrix at a time; `limit` when not below it. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit
  let above = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1))
    }
    above = row
  }
  return above[b.length]!
}
