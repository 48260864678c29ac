/** Slowlog [Table]: SLOWLOG: the requests that took longest lately. What gets in is for session/slow-log to decide. */
import type { Call } from './call.ts'
import { ADMIN, type Command, LOADING, STALE } from './command.ts'
import { misusedSubcommand, writeHelp } from './help-lines.ts'

const COUNT_DEFAULT = 10

const HELP: readonly string[] = [
  'GET [<count>]',
  '    Return top <count> entries from the slowlog (default: 10, -1 mean all).',
  '    Entries are made of:',
  '    id, timestamp, time in microseconds, arguments array, client IP and port,',
  '    client name',
  'LEN',
  '    Return the length of the slowlog.',
  'RESET',
  '    Reset the slowlog.',
]

function get(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 3) {
    reply.error(misusedSubcommand('SLOWLOG', args.text(1)))
    return
  }
  const count = args.count === 3 ? call.integer(2) : COUNT_DEFAULT
  if (!(count >= -1)) {
    reply.error('ERR count should be greater than or equal to -1')
    return
  }
  const entries = node.slowLog.latest(count === -1 ? Number.POSITIVE_INFINITY : count)
  reply.array(entries.length)
  for (const entry of entries) {
    reply.array(6)
    reply.integer(entry.id)
    reply.integer(entry.unixSeconds)
    reply.integer(entry.elapsedUs)
    reply.array(entry.words.length)
    for (const word of entry.words) reply.bulkText(word)
    reply.bulkText(entry.address)
    reply.bulkText(entry.clientName)
  }
}

function length(call: Call): void {
  call.reply.integer(call.node.slowLog.length)
}

function reset(call: Call): void {
  call.node.slowLog.reset()
  call.reply.ok()
}

function help(call: Call): void {
  writeHelp(call.reply, 'SLOWLOG', HELP)
}

const COMMON = { flags: ADMIN | LOADING | STALE, group: 'server', since: '2.2.12' } as const

export const slowlogCommand: Command = {
  name: 'slowlog',
  arity: -2,
  flags: 0,
  group: 'server',
  since: '2.2.12',
  complexity: 'Depends on subcommand',
  syntax: '',
  summary: 'Tells which requests were slow',
  subcommands: [
    {
      ...COMMON,
      name: 'get',
      arity: -2,
      serve: get,
      complexity: 'O(N) for N entries',
      syntax: '[count]',
      summary: 'Answers the latest slow requests',
    },
    {
      ...COMMON,
      name: 'len',
      arity: 2,
      serve: length,
      complexity: 'O(1)',
      syntax: '',
      summary: 'Counts slow requests',
    },
    {
      ...COMMON,
      name: 'reset',
      arity: 2,
      serve: reset,
      complexity: 'O(N) for N entries',
      syntax: '',
      summary: 'Forgets the slow requests',
    },
    {
      name: 'help',
      arity: 2,
      flags: LOADING | STALE,
      group: 'server',
      serve: help,
      since: '6.2.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Explains the sub-commands of SLOWLOG',
    },
  ],
}
