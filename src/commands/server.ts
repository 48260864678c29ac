/**
 * Server [Table]: the rows by which a node is watched, set and stopped. The larger ones have files of their own;
 * here are those that only state a fact.
 */
import { NOT_AN_INTEGER } from './arguments.ts'
import type { Call } from './call.ts'
import { ADMIN, type Command, FAST, LOADING, NOSCRIPT, STALE } from './command.ts'
import { commandCommand } from './command-command.ts'
import { configCommand } from './config.ts'
import { debugCommand } from './debug.ts'
import { writeHelp } from './help-lines.ts'
import { infoCommand } from './info.ts'
import { latencyCommand } from './latency.ts'
import { lolwutCommand } from './lolwut.ts'
import { memoryCommand } from './memory.ts'
import { shutdownCommand } from './shutdown.ts'
import { slowlogCommand } from './slowlog.ts'

function time(call: Call): void {
  const { reply, node } = call
  const nowMs = node.ports.wallMs()
  const seconds = Math.floor(nowMs / 1000)
  reply.array(2)
  reply.bulkText(String(seconds))
  reply.bulkText(String(Math.floor((nowMs - seconds * 1000) * 1000)))
}

/** Every node takes writes and none follows another, so to Redis' clients each is a master without replicas. */
function role(call: Call): void {
  const { reply } = call
  reply.array(3)
  reply.bulkText('master')
  reply.integer(0)
  reply.array(0)
}

/**
 * Replies leave in order, so when this one does, each write before it has been confirmed by as many other owners as its
 * level asks for - or has been answered with an error. There is nothing left to wait for, and more will not come of it.
 */
function wait(call: Call): void {
  const { reply } = call
  const timeoutMs = call.integer(2)
  if (Number.isNaN(call.integer(1))) reply.error(NOT_AN_INTEGER)
  else if (Number.isNaN(timeoutMs)) reply.error('ERR timeout is not an integer or out of range')
  else if (timeoutMs < 0) reply.error('ERR timeout is negative')
  else reply.integer(call.node.router?.acknowledgements(call.session) ?? 0)
}

function moduleList(call: Call): void {
  call.reply.array(0)
}

function moduleHelp(call: Call): void {
  writeHelp(call.reply, 'MODULE', ['LIST', '    Return a list of loaded modules.'])
}

export const serverCommands: readonly Command[] = [
  infoCommand,
  configCommand,
  commandCommand,
  slowlogCommand,
  latencyCommand,
  memoryCommand,
  debugCommand,
  lolwutCommand,
  shutdownCommand,
  {
    name: 'time',
    arity: 1,
    flags: LOADING | STALE | FAST,
    group: 'server',
    serve: time,
    since: '2.6.0',
    complexity: 'O(1)',
    summary: 'Answers the time of the node',
    syntax: '',
  },
  {
    name: 'role',
    arity: 1,
    flags: NOSCRIPT | LOADING | STALE | FAST,
    group: 'server',
    categories: ['admin', 'dangerous'],
    serve: role,
    since: '2.8.12',
    complexity: 'O(1)',
    summary: 'Answers the part the node plays in replication',
    syntax: '',
  },
  {
    name: 'wait',
    arity: 3,
    flags: NOSCRIPT,
    group: 'generic',
    categories: ['connection'],
    serve: wait,
    since: '3.0.0',
    complexity: 'O(1)',
    summary: 'Answers how many replicas have acknowledged the last write',
    syntax: 'numreplicas timeout',
  },
  {
    name: 'module',
    arity: -2,
    flags: 0,
    group: 'server',
    since: '4.0.0',
    complexity: 'Depends on subcommand',
    summary: 'Tells about modules, of which there are none',
    syntax: '',
    subcommands: [
      {
        name: 'list',
        arity: 2,
        flags: ADMIN | NOSCRIPT,
        group: 'server',
        serve: moduleList,
        since: '4.0.0',
        complexity: 'O(1)',
        summary: 'Answers the modules loaded',
        syntax: '',
      },
      {
        name: 'help',
        arity: 2,
        flags: LOADING | STALE,
        group: 'server',
        serve: moduleHelp,
        since: '5.0.0',
        complexity: 'O(1)',
        summary: 'Explains the sub-commands of MODULE',
        syntax: '',
      },
    ],
  },
]
