/**
 * Command docs [Rule]: a row as COMMAND DOCS describes it to people and to redis-cli's hints: what it does, since
 * when, at what cost, with which arguments.
 */
import type { ReplyWriter } from '../../resp/index.ts'
import type { CommandRow } from './command-row.ts'
import { deprecationOf } from './command-tips.ts'
import { keySpecsOf } from './key-specs.ts'
import { type ArgumentDocs, parseSyntax } from './syntax-docs.ts'

/** Commands for tests and tools, not for applications. */
const SYSTEM_COMMANDS = new Set(['debug'])

export function writeCommandDocs(reply: ReplyWriter, row: CommandRow): void {
  const isContainer = row.subcommands.length !== 0
  const args = isContainer ? [] : parseSyntax(row.syntax, row.fullName)
  const deprecation = deprecationOf(row.fullName)
  const isSystem = SYSTEM_COMMANDS.has(row.name)
  const mark = reply.mark()
  let pairs = 4
  writePair(reply, 'summary', row.summary)
  writePair(reply, 'since', row.since)
  writePair(reply, 'group', row.group)
  writePair(reply, 'complexity', row.complexity)
  if (deprecation !== undefined || isSystem) {
    pairs++
    reply.bulkText('doc_flags')
    reply.set(1)
    reply.status(deprecation === undefined ? 'syscmd' : 'deprecated')
  }
  if (deprecation !== undefined) {
    pairs += 2
    writePair(reply, 'deprecated_since', deprecation.since)
    writePair(reply, 'replaced_by', deprecation.replacedBy)
  }
  if (args.length !== 0) {
    pairs++
    reply.bulkText('arguments')
    writeArguments(reply, args, new KeyCount(keySpecsOf(row).length))
  }
  if (isContainer) {
    pairs++
    reply.bulkText('subcommands')
    reply.map(row.subcommands.length)
    for (const sub of row.subcommands) {
      reply.bulkText(sub.fullName)
      writeCommandDocs(reply, sub)
    }
  }
  reply.insertMap(mark, pairs)
}

/** Which key spec an argument belongs to: one after the other, and what is too many to the last. */
class KeyCount {
  readonly #specs: number
  #seen = 0

  constructor(specs: number) {
    this.#specs = specs
  }

  get hasKeys(): boolean {
    return this.#specs !== 0
  }

  next(): number {
    return Math.min(this.#seen++, this.#specs - 1)
  }
}

function writeArguments(reply: ReplyWriter, args: readonly ArgumentDocs[], keys: KeyCount): void {
  reply.array(args.length)
  for (const one of args) writeArgument(reply, one, keys)
}

function writeArgument(reply: ReplyWriter, one: ArgumentDocs, keys: KeyCount): void {
  const isKey = one.type === 'key' && keys.hasKeys
  const flags: string[] = []
  if (one.isOptional) flags.push('optional')
  if (one.isMultiple) flags.push('multiple')
  if (one.isTokenMultiple) flags.push('multiple_token')
  const extras = [isKey, one.token !== undefined, flags.length !== 0, one.parts.length !== 0]
  reply.map(2 + extras.filter((isThere) => isThere).length)
  writePair(reply, 'name', one.name)
  writePair(reply, 'type', one.type === 'key' && !isKey ? 'string' : one.type)
  if (isKey) {
    reply.bulkText('key_spec_index')
    reply.integer(keys.next())
  }
  if (one.token !== undefined) writePair(reply, 'token', one.token)
  if (flags.length !== 0) {
    reply.bulkText('flags')
    reply.set(flags.length)
    for (const flag of flags) reply.status(flag)
  }
  if (one.parts.length !== 0) {
    reply.bulkText('arguments')
    writeArguments(reply, one.parts, keys)
  }
}

function writePair(reply: ReplyWriter, name: string, value: string): void {
  reply.bulkText(name)
  reply.bulkText(value)
}
