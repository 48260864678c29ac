/**
 * Load [Rule]: arguments, environment and file to a Config: flags over environment over file over defaults.
 *
 * All errors are collected, so that one start shows them all. The caller hands in what it read from the system; this
 * decides what it means.
 */
import type { Reading } from './assignment.ts'
import { Config, type Source } from './config.ts'
import type { Directive } from './directive.ts'
import { CONFIG_VARIABLE, type Environment, readEnvironment } from './read-environment.ts'
import { type ReadFile, readConfigFile } from './read-file.ts'
import { type Action, readFlags } from './read-flags.ts'

export interface Sources {
  /** The words after the command: `hypercache start <these>`. */
  readonly argv: readonly string[]
  readonly environment: Environment
  readonly readFile: ReadFile
  /** Flags of the command itself, handed back in `own`. */
  readonly ownFlags?: readonly string[]
}

export interface Loaded {
  readonly action: Action
  readonly config: Config
  /** The file CONFIG REWRITE changes; empty when there is none. */
  readonly configFile: string
  /** Sentences with their place. With any of them the node must not start. */
  readonly errors: readonly string[]
  /** Sentences to log once the node is up. */
  readonly notices: readonly string[]
  readonly own: ReadonlyMap<string, string>
}

export function loadConfig(sources: Sources): Loaded {
  const config = new Config()
  const flags = readFlags(sources.argv, sources.ownFlags)
  const environment = readEnvironment(sources.environment)
  const configFile = flags.configFile || sources.environment[CONFIG_VARIABLE] || ''
  const file = configFile === '' ? undefined : readConfigFile(configFile, sources.readFile)
  const errors: string[] = []
  const places = new Map<Directive, string>()
  if (file !== undefined) assignAll(config, file, 'file', errors, places)
  assignAll(config, environment, 'environment', errors, places)
  assignAll(config, flags, 'flag', errors, places)
  const notices = [...(file?.notices ?? []), ...environment.notices, ...withoutEffect(config, places)]
  return { action: flags.action, config, configFile, errors, notices, own: flags.own }
}

function assignAll(
  config: Config,
  reading: Reading,
  source: Source,
  errors: string[],
  places: Map<Directive, string>,
): void {
  errors.push(...reading.errors)
  for (const { row, text, place } of reading.assignments) {
    const error = config.assign(row, text, source)
    if (error === undefined) places.set(row, place)
    else errors.push(place.startsWith('--') ? `${place}: ${error}` : `${place}: ${row.name}: ${error}`)
  }
}

function withoutEffect(config: Config, places: ReadonlyMap<Directive, string>): string[] {
  const notices: string[] = []
  for (const [row, place] of places) {
    if (row.notice === undefined || !config.differsFromDefault(row)) continue
    notices.push(`${place}: ${row.name} is accepted but has no effect: ${row.notice}`)
  }
  return notices
}
