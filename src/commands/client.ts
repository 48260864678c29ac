/**
 * Client [Table]: CLIENT and its sub-commands: what a client may ask and say about connections, its own or others'.
 * LIST, INFO, KILL and UNBLOCK live in client-selection.ts. Pausing only sets the node's state: dispatch holds
 * requests back by it.
 */
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { BAD_CLIENT_NAME, isName } from './client-name.ts'
import { info, kill, list, unblock } from './client-selection.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from './command.ts'
import { misusedSubcommand, writeHelp } from './help-lines.ts'

/** A pause that would end after the last int64 millisecond has overflowed and ends at once, as in Redis. */
const LAST_MS = 2 ** 63

function id(call: Call): void {
  call.reply.integer(call.session.id)
}

function getName(call: Call): void {
  if (call.session.name === '') call.reply.nil()
  else call.reply.bulkText(call.session.name)
}

function setName(call: Call): void {
  const { args, reply, session } = call
  if (!isName(args, 2)) {
    reply.error(BAD_CLIENT_NAME)
    return
  }
  session.name = args.text(2)
  reply.ok()
}

/** CLIENT SETINFO LIB-NAME name | LIB-VER version */
function setInfo(call: Call): void {
  const { args, reply, session } = call
  const isLibName = args.is(2, 'LIB-NAME')
  if (!isLibName && !args.is(2, 'LIB-VER')) {
    reply.error(`ERR Unrecognized option '${args.text(2).slice(0, 128)}'`)
    return
  }
  if (!isName(args, 3)) {
    const option = isLibName ? 'lib-name' : 'lib-ver'
    reply.error(`ERR ${option} cannot contain spaces, newlines or special characters.`)
    return
  }
  if (isLibName) session.libName = args.text(3)
  else session.libVersion = args.text(3)
  reply.ok()
}

/** True for ON, false for OFF, undefined (and the error is written) for anything else. */
function readSwitch(call: Call): boolean | undefined {
  if (call.args.is(2, 'ON')) return true
  if (call.args.is(2, 'OFF')) return false
  call.reply.error(SYNTAX_ERROR)
  return undefined
}

function noEvict(call: Call): void {
  const isOn = readSwitch(call)
  if (isOn === undefined) return
  call.session.isNoEvict = isOn
  call.reply.ok()
}

function noTouch(call: Call): void {
  const isOn = readSwitch(call)
  if (isOn === undefined) return
  call.session.isNoTouch = isOn
  call.reply.ok()
}

/** Silence is part of the answer: OFF and SKIP write nothing, and dispatch mutes what follows. */
function replyMode(call: Call): void {
  const { args, reply, session } = call
  if (args.is(2, 'ON')) {
    session.replyMode = 'on'
    reply.ok()
  } else if (args.is(2, 'OFF')) session.replyMode = 'off'
  else if (!args.is(2, 'SKIP')) reply.error(SYNTAX_ERROR)
  else if (session.replyMode !== 'off') session.replyMode = 'skip-next'
}

/** CLIENT PAUSE timeout [WRITE|ALL]. A pause on top of a pause never makes it shorter or weaker. */
function pause(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 4) {
    reply.error(misusedSubcommand('CLIENT', args.text(1)))
    return
  }
  const isWritesOnly = args.count === 4 && args.is(3, 'WRITE')
  if (args.count === 4 && !isWritesOnly && !args.is(3, 'ALL')) {
    reply.error('ERR CLIENT PAUSE mode must be WRITE or ALL')
    return
  }
  const timeoutMs = call.integer(2)
  if (Number.isNaN(timeoutMs)) {
    reply.error('ERR timeout is not an integer or out of range')
    return
  }
  if (timeoutMs < 0) {
    reply.error('ERR timeout is negative')
    return
  }
  const isPaused = node.pausedUntilMs > call.nowMs
  const untilMs = timeoutMs === 0 || timeoutMs + call.nowMs >= LAST_MS ? 0 : timeoutMs + call.nowMs
  if (untilMs !== 0 || isPaused) {
    node.pausesWritesOnly = isWritesOnly && (!isPaused || node.pausesWritesOnly)
    node.pausedUntilMs = isPaused ? Math.max(node.pausedUntilMs, untilMs) : untilMs
  }
  reply.ok()
}

function unpause(call: Call): void {
  call.node.pausedUntilMs = 0
  call.reply.ok()
}

function help(call: Call): void {
  writeHelp(call.reply, 'CLIENT', [
    'GETNAME',
    '    Return the name of the current connection.',
    'ID',
    '    Return the ID of the current connection.',
    'INFO',
    '    Return information about the current client connection.',
    'KILL <ip:port>',
    '    Kill connection made from <ip:port>.',
    'KILL <option> <value> [<option> <value> [...]]',
    '    Kill connections. Options are:',
    '    * ADDR (<ip:port>|<unixsocket>:0)',
    '      Kill connections made from the specified address',
    '    * LADDR (<ip:port>|<unixsocket>:0)',
    '      Kill connections made to specified local address',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '      Kill connections by type.',
    '    * USER <username>',
    '      Kill connections authenticated by <username>.',
    '    * SKIPME (YES|NO)',
    '      Skip killing current connection (default: yes).',
    'LIST [options ...]',
    '    Return information about client connections. Options:',
    '    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)',
    '      Return clients of specified type.',
    'UNPAUSE',
    '    Stop the current client pause, resuming traffic.',
    'PAUSE <timeout> [WRITE|ALL]',
    '    Suspend all, or just write, clients for <timeout> milliseconds.',
    'REPLY (ON|OFF|SKIP)',
    '    Control the replies sent to the current connection.',
    'SETNAME <name>',
    '    Assign the name <name> to the current connection.',
    'SETINFO <option> <value>',
    '    Set client meta attr. Options are:',
    '    * LIB-NAME: the client lib name.',
    '    * LIB-VER: the client lib version.',
    'UNBLOCK <clientid> [TIMEOUT|ERROR]',
    '    Unblock the specified blocked client.',
    'NO-EVICT (ON|OFF)',
    '    Protect current client connection from eviction.',
    'NO-TOUCH (ON|OFF)',
    '    Will not touch LRU/LFU stats when this mode is on.',
  ])
}

const OWN = NOSCRIPT | LOADING | STALE
const OTHERS = ADMIN | OWN
const PER_CLIENT = 'O(N) where N is the number of client connections'

const subcommands: readonly Command[] = [
  {
    name: 'id',
    arity: 2,
    flags: OWN,
    group: 'connection',
    serve: id,
    summary: "Answers this connection's number",
    since: '5.0.0',
    complexity: 'O(1)',
    syntax: '',
  },
  {
    name: 'info',
    arity: 2,
    flags: OWN,
    group: 'connection',
    serve: info,
    summary: 'Describes this connection in one line',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: '',
  },
  {
    name: 'list',
    arity: -2,
    flags: OTHERS,
    group: 'connection',
    serve: list,
    summary: 'Describes connections, one a line',
    since: '2.4.0',
    complexity: PER_CLIENT,
    syntax: '[TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID client-id [client-id ...]]',
  },
  {
    name: 'kill',
    arity: -3,
    flags: OTHERS,
    group: 'connection',
    serve: kill,
    summary: 'Closes connections',
    since: '2.4.0',
    complexity: PER_CLIENT,
    syntax:
      'ip:port|[ID client-id] [TYPE NORMAL|MASTER|REPLICA|PUBSUB] [USER username] [ADDR ip:port] ' +
      '[LADDR ip:port] [SKIPME YES|NO]',
  },
  {
    name: 'getname',
    arity: 2,
    flags: OWN,
    group: 'connection',
    serve: getName,
    summary: "Answers this connection's name",
    since: '2.6.9',
    complexity: 'O(1)',
    syntax: '',
  },
  {
    name: 'setname',
    arity: 3,
    flags: OWN,
    group: 'connection',
    serve: setName,
    summary: 'Names this connection',
    since: '2.6.9',
    complexity: 'O(1)',
    syntax: 'connection-name',
  },
  {
    name: 'setinfo',
    arity: 4,
    flags: OWN,
    group: 'connection',
    serve: setInfo,
    summary: 'Says which client library this connection uses',
    since: '7.2.0',
    complexity: 'O(1)',
    syntax: 'LIB-NAME libname|LIB-VER libver',
  },
  {
    name: 'no-evict',
    arity: 3,
    flags: OTHERS,
    group: 'connection',
    serve: noEvict,
    summary: 'Keeps this connection when client memory runs short',
    since: '7.0.0',
    complexity: 'O(1)',
    syntax: 'ON|OFF',
  },
  {
    name: 'no-touch',
    arity: 3,
    flags: OWN,
    group: 'connection',
    serve: noTouch,
    summary: "Lets this connection's reads leave the access clocks of keys alone",
    since: '7.2.0',
    complexity: 'O(1)',
    syntax: 'ON|OFF',
  },
  {
    name: 'reply',
    arity: 3,
    flags: OWN,
    group: 'connection',
    serve: replyMode,
    summary: 'Turns replies to this connection on or off, or leaves one out',
    since: '3.2.0',
    complexity: 'O(1)',
    syntax: 'ON|OFF|SKIP',
  },
  {
    name: 'pause',
    arity: -3,
    flags: OTHERS,
    group: 'connection',
    serve: pause,
    summary: 'Makes all requests, or those that write, wait',
    since: '2.9.50',
    complexity: 'O(1)',
    syntax: 'timeout [WRITE|ALL]',
  },
  {
    name: 'unpause',
    arity: 2,
    flags: OTHERS,
    group: 'connection',
    serve: unpause,
    summary: 'Ends a pause',
    since: '6.2.0',
    complexity: 'O(N) Where N is the number of paused clients',
    syntax: '',
  },
  {
    name: 'unblock',
    arity: -3,
    flags: OTHERS,
    group: 'connection',
    serve: unblock,
    summary: 'Ends the wait of a blocked connection',
    since: '5.0.0',
    complexity: 'O(log N) where N is the number of client connections',
    syntax: 'client-id [TIMEOUT|ERROR]',
  },
  {
    name: 'help',
    arity: 2,
    flags: LOADING | STALE,
    group: 'connection',
    serve: help,
    summary: 'Explains the sub-commands',
    since: '5.0.0',
    complexity: 'O(1)',
    syntax: '',
  },
]

export const clientCommands: readonly Command[] = [
  {
    name: 'client',
    arity: -2,
    flags: 0,
    group: 'connection',
    subcommands,
    summary: 'Looks at connections and changes how they are treated',
    since: '2.4.0',
    complexity: 'Depends on subcommand.',
    syntax: 'subcommand [argument ...]',
  },
]
