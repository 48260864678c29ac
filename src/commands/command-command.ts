/**
 * Command command [Table]: COMMAND and its sub-commands: what the table of rows says about itself to clients.
 */
import { Args } from '../../resp/index.ts'
import { matchesGlob } from '../store/glob.ts'
import { ACL_CATEGORIES, categoriesOf } from './acl-categories.ts'
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { type Command, LOADING, NO_MANDATORY_KEYS, STALE } from './command.ts'
import { writeCommandDocs } from './command-docs.ts'
import { writeCommandInfo, writeWords } from './command-info.ts'
import type { CommandRow } from './command-row.ts'
import { writeHelp } from './help-lines.ts'
import { hasKeys, keyPositions, type UsedKey } from './key-positions.ts'

const HELP: readonly string[] = [
  '(no subcommand)',
  '    Return details about all Redis commands.',
  'COUNT',
  '    Return the total number of commands in this Redis server.',
  'LIST',
  '    Return a list of all commands in this Redis server.',
  'INFO [<command-name> ...]',
  '    Return details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'DOCS [<command-name> ...]',
  '    Return documentation details about multiple Redis commands.',
  '    If no command names are given, documentation details for all',
  '    commands are returned.',
  'GETKEYS <full-command>',
  '    Return the keys from a full Redis command.',
  'GETKEYSANDFLAGS <full-command>',
  '    Return the keys and the access flags from a full Redis command.',
]

function all(call: Call): void {
  const { reply, table } = call
  reply.array(table.rows.length)
  for (const row of table.rows) writeCommandInfo(reply, row)
}

function count(call: Call): void {
  call.reply.integer(call.table.rows.length)
}

function info(call: Call): void {
  const { args, reply, table } = call
  if (args.count === 2) {
    all(call)
    return
  }
  reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) {
    const row = table.named(args.text(i))
    if (row === undefined) reply.nil()
    else writeCommandInfo(reply, row)
  }
}

function docs(call: Call): void {
  const { args, reply, table } = call
  const rows: CommandRow[] = []
  if (args.count === 2) rows.push(...table.rows)
  for (let i = 2; i < args.count; i++) {
    const row = table.named(args.text(i))
    if (row !== undefined) rows.push(row)
  }
  reply.map(rows.length)
  for (const row of rows) {
    reply.bulkText(row.fullName)
    writeCommandDocs(reply, row)
  }
}

function list(call: Call): void {
  const { args, reply } = call
  let names = allNames(call)
  if (args.count !== 2) {
    if (args.count !== 5 || !args.is(2, 'FILTERBY')) {
      reply.error(SYNTAX_ERROR)
      return
    }
    if (args.is(3, 'MODULE')) names = []
    else if (args.is(3, 'ACLCAT')) names = namesOfCategory(call, args.text(4).toLowerCase())
    else if (args.is(3, 'PATTERN')) names = names.filter((name) => matches(call, 4, name))
    else {
      reply.error(SYNTAX_ERROR)
      return
    }
  }
  reply.array(names.length)
  for (const name of names) reply.bulkText(name)
}

function allNames(call: Call): string[] {
  return call.table.byNumber.map((row) => row.fullName)
}

function namesOfCategory(call: Call, category: string): string[] {
  if (!ACL_CATEGORIES.includes(category)) return []
  return call.table.byNumber.filter((row) => categoriesOf(row).includes(category)).map((row) => row.fullName)
}

function matches(call: Call, i: number, name: string): boolean {
  const { bytes, starts, ends } = call.args
  return matchesGlob(bytes, starts[i]!, ends[i]!, Buffer.from(name, 'latin1'), 0, name.length, true)
}

function getKeys(call: Call): void {
  const keys = inquire(call)
  if (keys === undefined) return
  call.reply.array(keys.length)
  for (const key of keys) writeArgument(call, key.at + 2)
}

function getKeysAndFlags(call: Call): void {
  const keys = inquire(call)
  if (keys === undefined) return
  call.reply.array(keys.length)
  for (const key of keys) {
    call.reply.array(2)
    writeArgument(call, key.at + 2)
    writeWords(call.reply, key.uses)
  }
}

function writeArgument(call: Call, i: number): void {
  const args = call.args
  call.reply.bulk(args.bytes, args.starts[i]!, args.ends[i]!)
}

/** The keys of the request that follows the sub-command's word; undefined when the error is replied. */
function inquire(call: Call): UsedKey[] | undefined {
  const { args, reply } = call
  const inner = new Args()
  inner.bytes = args.bytes
  for (let i = 2; i < args.count; i++) inner.push(args.starts[i]!, args.ends[i]!)
  const row = rowOf(call, inner)
  if (row === undefined) reply.error('ERR Invalid command specified')
  else if (!hasKeys(row)) reply.error('ERR The command has no key arguments')
  else if (row.arity > 0 ? inner.count !== row.arity : inner.count < -row.arity) {
    reply.error('ERR Invalid number of arguments specified for command')
  } else {
    call.args = inner
    const keys = keyPositions(call, row)
    call.args = args
    if (keys !== undefined && (keys.length > 0 || (row.flags & NO_MANDATORY_KEYS) !== 0)) return keys
    reply.error('ERR Invalid arguments specified for command')
  }
  return undefined
}

function rowOf(call: Call, args: Args): CommandRow | undefined {
  const row = call.table.find(args)
  if (row === undefined || row.subrows.size === 0) return row
  return args.count < 2 ? row : row.subrows.get(args.text(1).toLowerCase())
}

function help(call: Call): void {
  writeHelp(call.reply, 'COMMAND', HELP)
}

const COMMON = { flags: LOADING | STALE, group: 'server', categories: ['connection'] } as const

export const commandCommand: Command = {
  ...COMMON,
  name: 'command',
  arity: -1,
  serve: all,
  since: '2.8.13',
  complexity: 'O(N) for N commands',
  syntax: '',
  summary: 'Describes all commands',
  subcommands: [
    {
      ...COMMON,
      name: 'count',
      arity: 2,
      serve: count,
      since: '2.8.13',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Answers how many commands there are',
    },
    {
      ...COMMON,
      name: 'list',
      arity: -2,
      serve: list,
      since: '7.0.0',
      complexity: 'O(N) for N commands',
      syntax: '[FILTERBY MODULE module-name|ACLCAT category|PATTERN pattern]',
      summary: 'Answers names of commands',
    },
    {
      ...COMMON,
      name: 'info',
      arity: -2,
      serve: info,
      since: '2.8.13',
      complexity: 'O(N) for N names',
      syntax: '[command-name [command-name ...]]',
      summary: 'Describes commands to clients: flags, keys, categories',
    },
    {
      ...COMMON,
      name: 'docs',
      arity: -2,
      serve: docs,
      since: '7.0.0',
      complexity: 'O(N) for N names',
      syntax: '[command-name [command-name ...]]',
      summary: 'Describes commands to people',
    },
    {
      ...COMMON,
      name: 'getkeys',
      arity: -4,
      serve: getKeys,
      since: '2.8.13',
      complexity: 'O(N) for N arguments',
      syntax: 'command [arg [arg ...]]',
      summary: 'Answers the keys in a request',
    },
    {
      ...COMMON,
      name: 'getkeysandflags',
      arity: -4,
      serve: getKeysAndFlags,
      since: '7.0.0',
      complexity: 'O(N) for N arguments',
      syntax: 'command [arg [arg ...]]',
      summary: 'Answers the keys in a request and what is done to them',
    },
    {
      ...COMMON,
      name: 'help',
      arity: 2,
      serve: help,
      since: '5.0.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Explains the sub-commands of COMMAND',
    },
  ],
}
