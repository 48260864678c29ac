/**
 * Config [Machine]: the values of all directives of one node, where each came from, and who wants to know.
 *
 * The idea: readers ask by name, and a name of the wrong kind does not compile; who reads on a hot path keeps the
 * value in a field of its own and renews it in `onChange`. Several changes at once happen all or not at all. Secrets
 * go in and are only ever given to `text`. Knows no files, no environment and no clients.
 */
import { meaning } from './describe.ts'
import type { Directive } from './directive.ts'
import {
  type ClaimName,
  type DirectiveName,
  directives,
  findDirective,
  type ListName,
  type NumberName,
  type TextName,
} from './directives.ts'
import { isGlob, matchesGlob } from './glob.ts'
import { type ClientClass, type OutputLimit, outputLimit } from './output-limits.ts'
import { parseValue } from './parse-value.ts'
import { rewriteFile } from './rewrite.ts'
import type { Value } from './value.ts'

/** In order of precedence, except that `runtime` is simply the latest. */
export type Source = 'default' | 'file' | 'environment' | 'flag' | 'runtime'

interface Slot {
  readonly row: Directive
  value: Value
  source: Source
  readonly listeners: (() => void)[]
}

export interface Described {
  readonly name: string
  /** `(hidden)` for a secret that is set. */
  readonly text: string
  readonly source: Source
}

const HIDDEN = '(hidden)'

function readDefault(row: Directive): Value {
  const parsed = parseValue(row, row.default, undefined)
  if ('error' in parsed) throw new Error(`default of ${row.name}: ${parsed.error}`)
  return parsed.value
}

export class Config {
  private readonly slots: Map<string, Slot>

  constructor() {
    this.slots = new Map()
    for (const row of directives) {
      this.slots.set(row.name, { row, value: readDefault(row), source: 'default', listeners: [] })
    }
  }

  number(name: NumberName): number {
    return this.slots.get(name)!.value.number
  }

  /** Is the directive `yes`? */
  is(name: ClaimName): boolean {
    return this.slots.get(name)!.value.number === 1
  }

  text(name: TextName): string {
    return this.slots.get(name)!.value.text
  }

  words(name: ListName): readonly string[] {
    return this.slots.get(name)!.value.words
  }

  outputLimit(clientClass: ClientClass): OutputLimit {
    return outputLimit(this.words('client-output-buffer-limit'), clientClass)
  }

  source(name: DirectiveName): Source {
    return this.slots.get(name)!.source
  }

  /** `changed` is called after the value has become another one, when all changes of the same call are made. */
  onChange(name: DirectiveName, changed: () => void): void {
    this.slots.get(name)!.listeners.push(changed)
  }

  /** At start: sets even what CONFIG SET may not change. Returns the error, without the name. */
  assign(row: Directive, text: string, source: Source): string | undefined {
    const slot = this.slots.get(row.name)!
    const parsed = parseValue(row, text, slot.value)
    if ('error' in parsed) return parsed.error
    slot.value = parsed.value
    slot.source = source
    return undefined
  }

  differsFromDefault(row: Directive): boolean {
    return this.slots.get(row.name)!.value.text !== row.default
  }

  /** CONFIG SET of one directive. Returns the error as Redis words it, without its `ERR `. */
  set(name: string, text: string): string | undefined {
    return this.setMany([name, text])
  }

  /**
   * CONFIG SET name text [name text ...]: all or nothing. Texts are latin1, one character a byte. `isLocal`: does
   * the client sit on this machine (enable-protected-configs local)?
   */
  setMany(pairs: readonly string[], isLocal = false): string | undefined {
    const refused = this.refusePairs(pairs, isLocal)
    if (refused !== undefined) return refused
    const changes = new Map<Slot, Value>()
    for (let at = 0; at < pairs.length; at += 2) {
      const slot = this.find(pairs[at]!)!
      const parsed = parseValue(slot.row, pairs[at + 1]!, changes.get(slot) ?? slot.value)
      if ('error' in parsed) return failed(pairs[at]!, parsed.error)
      changes.set(slot, parsed.value)
    }
    const changed: Slot[] = []
    for (const [slot, value] of changes) {
      if (slot.value.text !== value.text) changed.push(slot)
      slot.value = value
      slot.source = 'runtime'
    }
    for (const slot of changed) {
      for (const listener of slot.listeners) listener()
    }
    return undefined
  }

  /** CONFIG GET: name, text, name, text ... of all that match any of the patterns. */
  get(patterns: readonly string[]): string[] {
    const found: string[] = []
    for (const { row, value } of this.slots.values()) {
      for (const name of [row.name, ...(row.aliases ?? [])]) {
        const isWanted = patterns.some((pattern) =>
          isGlob(pattern) ? matchesGlob(pattern, name) : pattern.toLowerCase() === name,
        )
        if (isWanted) found.push(name, visible(row, value))
      }
    }
    return found
  }

  /** CONFIG REWRITE: the text of the file, so changed that a restart with it gives the present values. */
  rewrite(text: string): string {
    const kept = [...this.slots.values()].filter(
      ({ row, source }) => !(row.isSecret && (source === 'environment' || source === 'flag')),
    )
    return rewriteFile(text, kept)
  }

  /** What differs from the defaults or has a meaning here, for the log and for people. Holds no secret. */
  describe(): Described[] {
    const described: Described[] = []
    for (const { row, value, source } of this.slots.values()) {
      if (source === 'default' && meaning(row) !== 'used') continue
      described.push({ name: row.name, text: visible(row, value), source })
    }
    return described
  }

  private find(name: string): Slot | undefined {
    const row = findDirective(name)
    return row === undefined ? undefined : this.slots.get(row.name)
  }

  private refusePairs(pairs: readonly string[], isLocal: boolean): string | undefined {
    if (pairs.length % 2 !== 0) return 'syntax error'
    const seen = new Set<string>()
    for (let at = 0; at < pairs.length; at += 2) {
      const name = pairs[at]!
      const row = findDirective(name)
      if (row === undefined) return `Unknown option or number of arguments for CONFIG SET - '${name}'`
      if (!row.isMutable) return failed(name, "can't set immutable config")
      if (row.isProtected && !this.mayChangeProtected(isLocal))
        return failed(name, "can't set protected config")
      if (seen.has(name.toLowerCase())) return failed(name, 'duplicate parameter')
      seen.add(name.toLowerCase())
    }
    return undefined
  }

  private mayChangeProtected(isLocal: boolean): boolean {
    const allowed = this.text('enable-protected-configs')
    return allowed === 'yes' || (allowed === 'local' && isLocal)
  }
}

function failed(name: string, reason: string): string {
  return `CONFIG SET failed (possibly related to argument '${name}') - ${reason}`
}

function visible(row: Directive, value: Value): string {
  return row.isSecret && value.text !== '' ? HIDDEN : value.text
}
