/**
 * Read flags [Rule]: `--maxmemory 1gb --seeds=a:1,b:2 --dynamic-hz file.conf`-like words to assignments.
 *
 * Every directive is a flag; a yes/no one may stand alone. A first word without dashes is the file, as redis-server
 * has it. Errors never quote a stray word: it may be a part of a password.
 */
import { emptyReading, type Reading, takesWords } from './assignment.ts'
import type { Directive } from './directive.ts'
import { findSpelling, suggestion } from './directives.ts'
import { toLatin1 } from './read-environment.ts'

export type Action = 'start' | 'help' | 'version'

export interface Flags extends Reading {
  action: Action
  configFile: string
  /** Flags of the calling command itself, such as `nodes` of `hypercache mesh`. */
  readonly own: Map<string, string>
}

/** `ownNames` take one value each and are handed back as they are. */
export function readFlags(argv: readonly string[], ownNames: readonly string[] = []): Flags {
  const flags: Flags = { ...emptyReading(), action: 'start', configFile: '', own: new Map() }
  const seen = new Set<Directive | string>()
  let at = 0
  if (argv[0] !== undefined && !argv[0].startsWith('-')) {
    flags.configFile = argv[0]
    seen.add('config')
    at = 1
  }
  while (at < argv.length) {
    const word = argv[at++]!
    if (word === '--help' || word === '-h') flags.action = 'help'
    else if (word === '--version' || word === '-v') flags.action = 'version'
    else if (!word.startsWith('--')) flags.errors.push(`argument ${at}: not a flag (flags begin with --)`)
    else at = readFlag(flags, seen, ownNames, argv, at, word)
  }
  return flags
}

/** Reads the values of one flag and returns where the next word is. */
function readFlag(
  flags: Flags,
  seen: Set<Directive | string>,
  ownNames: readonly string[],
  argv: readonly string[],
  start: number,
  word: string,
): number {
  const equals = word.indexOf('=')
  const name = word.slice(2, equals === -1 ? undefined : equals).toLowerCase()
  const place = `--${name.slice(0, 64)}`
  const row = findSpelling(name)
  const isOwn = name === 'config' || ownNames.includes(name)
  const values = equals === -1 ? followingValues(argv, start, row) : [word.slice(equals + 1)]
  const next = equals === -1 ? start + values.length : start
  if (row === undefined && !isOwn) {
    flags.errors.push(`${place}: unknown flag${suggestion(name)}`)
    return next
  }
  const key = row ?? name
  if (seen.has(key)) {
    flags.errors.push(`${place}: given twice`)
    return next
  }
  seen.add(key)
  if (values.length === 0 && row?.type === 'bool') values.push('yes')
  if (values.length === 0) flags.errors.push(`${place}: needs a value`)
  else if (name === 'config') flags.configFile = values[0]!
  else if (isOwn) flags.own.set(name, values[0]!)
  else flags.assignments.push({ row: row!, text: toLatin1(values.join(' ')), place })
  return next
}

function followingValues(argv: readonly string[], start: number, row: Directive | undefined): string[] {
  const valuesMax = row !== undefined && takesWords(row) ? argv.length : 1
  const values: string[] = []
  while (values.length < valuesMax && start + values.length < argv.length) {
    const word = argv[start + values.length]!
    if (word.startsWith('--')) break
    values.push(word)
  }
  return values
}
