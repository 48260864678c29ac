/**
 * Config [Table]: CONFIG: the directives read, set and written back, and the statistics set to zero. What a directive
 * means is for src/config and its listeners to know.
 */
import { freshDefragmentationStats } from '../store/defragmentation.ts'
import { freshKeyspaceStats } from '../store/keyspace-stats.ts'
import type { Call } from './call.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from './command.ts'
import { writeHelp } from './help-lines.ts'
import { isLocalSession } from './local-session.ts'

const HELP: readonly string[] = [
  'GET <pattern>',
  '    Return parameters matching the glob-like <pattern> and their values.',
  'SET <directive> <value>',
  '    Set the configuration <directive> to <value>.',
  'RESETSTAT',
  '    Reset statistics reported by the INFO command.',
  'REWRITE',
  '    Rewrite the configuration file.',
]

/** A name that was asked for as it is comes back in the client's own spelling. */
function get(call: Call): void {
  const { node, reply } = call
  const patterns = words(call)
  const found = node.config.get(patterns)
  reply.map(found.length / 2)
  for (let i = 0; i < found.length; i += 2) {
    reply.bulkText(patterns.find((pattern) => pattern.toLowerCase() === found[i]) ?? found[i]!)
    reply.bulkText(found[i + 1]!)
  }
}

function set(call: Call): void {
  const refusal = call.node.config.setMany(words(call), isLocalSession(call.session))
  if (refusal === undefined) call.reply.ok()
  else call.reply.error(`ERR ${refusal}`)
}

function words(call: Call): string[] {
  const found: string[] = []
  for (let i = 2; i < call.args.count; i++) found.push(call.args.text(i))
  return found
}

function resetStatistics(call: Call): void {
  const { statistics, connectionStats, expiry, defragmentation } = call.node
  statistics.reset()
  for (const name of Object.keys(connectionStats)) connectionStats[name as keyof typeof connectionStats] = 0
  Object.assign(call.space.stats, freshKeyspaceStats())
  Object.assign(defragmentation.stats, freshDefragmentationStats())
  expiry.timeLimitReached = 0
  expiry.stalePercent = 0
  call.reply.ok()
}

function rewrite(call: Call): void {
  const { configFile, config, ports, log } = call.node
  if (configFile === '') {
    call.reply.error('ERR The server is running without a config file')
    return
  }
  try {
    ports.writeFile(configFile, config.rewrite(ports.readFile(configFile)))
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    log.warning('CONFIG REWRITE failed', { reason })
    call.reply.error(`ERR Rewriting config file: ${reason}`)
    return
  }
  log.notice('configuration file rewritten')
  call.reply.ok()
}

function help(call: Call): void {
  writeHelp(call.reply, 'CONFIG', HELP)
}

const COMMON = { flags: ADMIN | NOSCRIPT | LOADING | STALE, group: 'server', since: '2.0.0' } as const

export const configCommand: Command = {
  name: 'config',
  arity: -2,
  flags: 0,
  group: 'server',
  since: '2.0.0',
  complexity: 'Depends on subcommand',
  syntax: '',
  summary: 'Reads and changes the configuration',
  subcommands: [
    {
      ...COMMON,
      name: 'get',
      arity: -3,
      serve: get,
      complexity: 'O(N) for N directives',
      syntax: 'parameter [parameter ...]',
      summary: 'Answers directives whose names match',
    },
    {
      ...COMMON,
      name: 'set',
      arity: -4,
      serve: set,
      complexity: 'O(N) for N directives',
      syntax: 'parameter value [parameter value ...]',
      summary: 'Changes directives, all or none',
    },
    {
      ...COMMON,
      name: 'resetstat',
      arity: 2,
      serve: resetStatistics,
      complexity: 'O(1)',
      syntax: '',
      summary: 'Sets the counters of INFO to zero',
    },
    {
      ...COMMON,
      name: 'rewrite',
      arity: 2,
      serve: rewrite,
      since: '2.8.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Writes the present values into the configuration file',
    },
    {
      name: 'help',
      arity: 2,
      flags: LOADING | STALE,
      group: 'server',
      serve: help,
      since: '5.0.0',
      complexity: 'O(1)',
      syntax: '',
      summary: 'Explains the sub-commands of CONFIG',
    },
  ],
}
