/**
 * Connection [Table]: what a client says about the conversation itself: who it is, which protocol and database it
 * speaks to, whether the other end is alive, and good-bye.
 */
import { useConfiguredLevels } from '../session/consistency.ts'
import { isPassword } from '../session/password.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'
import { REDIS_VERSION } from '../version.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { BAD_CLIENT_NAME, isName } from './client-name.ts'
import { ALLOW_BUSY, type Command, FAST, LOADING, NO_AUTH, NOSCRIPT, STALE } from './command.ts'
import { dropTransaction } from './transactions.ts'

const DEFAULT_USER = 'default'
const WRONG_PASSWORD = 'WRONGPASS invalid username-password pair or user is disabled.'
const NO_PASSWORD_SET =
  'ERR AUTH <password> called without any password configured for the default user. ' +
  'Are you sure your configuration is correct?'
const HELLO_NEEDS_AUTH =
  'NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> ' +
  'option can be used to authenticate the client and select the RESP protocol version at the same time'
const INT32_MAX = 2147483647

/** Takes user and password as right or answers WRONGPASS. Without a password set the default user needs none. */
function authenticate(call: Call, userName: string, passwordArgument: number): boolean {
  const { args, node, reply, session } = call
  const expected = node.config.text('requirepass')
  const isRight =
    userName === DEFAULT_USER && (expected === '' || isPassword(args.copy(passwordArgument), expected))
  if (!isRight) {
    reply.error(WRONG_PASSWORD)
    return false
  }
  session.isAuthenticated = true
  session.userName = userName
  return true
}

function auth(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 3) {
    reply.error(SYNTAX_ERROR)
    return
  }
  if (args.count === 2 && node.config.text('requirepass') === '') {
    reply.error(NO_PASSWORD_SET)
    return
  }
  const userName = args.count === 2 ? DEFAULT_USER : args.text(1)
  if (authenticate(call, userName, args.count - 1)) reply.ok()
}

function hello(call: Call): void {
  const { args, reply, session } = call
  let version = 0
  if (args.count > 1) {
    version = call.integer(1)
    if (Number.isNaN(version)) {
      reply.error('ERR Protocol version is not an integer or out of range')
      return
    }
    if (version !== 2 && version !== 3) {
      reply.error('NOPROTO unsupported protocol version')
      return
    }
  }
  let authAt = 0
  let nameAt = 0
  for (let i = 2; i < args.count; i++) {
    const left = args.count - 1 - i
    if (left >= 2 && args.is(i, 'AUTH')) {
      authAt = i
      i += 2
    } else if (left >= 1 && args.is(i, 'SETNAME')) {
      nameAt = ++i
      if (!isName(args, nameAt)) {
        reply.error(BAD_CLIENT_NAME)
        return
      }
    } else {
      reply.error(`ERR Syntax error in HELLO option '${args.text(i)}'`)
      return
    }
  }
  if (authAt !== 0 && !authenticate(call, args.text(authAt + 1), authAt + 2)) return
  if (!session.isAuthenticated) {
    reply.error(HELLO_NEEDS_AUTH)
    return
  }
  if (nameAt !== 0) session.name = args.text(nameAt)
  if (version === 2 || version === 3) session.writer.protocol = version
  introduce(call)
}

function introduce(call: Call): void {
  const { reply, session } = call
  reply.map(7)
  reply.bulkText('server')
  reply.bulkText('redis')
  reply.bulkText('version')
  reply.bulkText(REDIS_VERSION)
  reply.bulkText('proto')
  reply.integer(session.protocol)
  reply.bulkText('id')
  reply.integer(session.id)
  reply.bulkText('mode')
  reply.bulkText('cluster')
  reply.bulkText('role')
  reply.bulkText('master')
  reply.bulkText('modules')
  reply.array(0)
}

/** A subscribed RESP2 client reads its PONG among messages, so it comes in a message's shape. */
function ping(call: Call): void {
  const { args, reply, session } = call
  if (args.count > 2) {
    reply.error("ERR wrong number of arguments for 'ping' command")
    return
  }
  if (session.subscriptions !== null && session.protocol === 2) {
    reply.array(2)
    reply.bulkText('pong')
    if (args.count === 1) reply.bulkText('')
    else reply.bulk(args.bytes, args.starts[1]!, args.ends[1]!)
  } else if (args.count === 1) reply.pong()
  else reply.bulk(args.bytes, args.starts[1]!, args.ends[1]!)
}

function echo(call: Call): void {
  const { args, reply } = call
  reply.bulk(args.bytes, args.starts[1]!, args.ends[1]!)
}

function select(call: Call): void {
  const { node, reply, session } = call
  const database = call.integer(1)
  if (Number.isNaN(database)) {
    reply.error(NOT_AN_INTEGER)
  } else if (database > INT32_MAX || database < -INT32_MAX - 1) {
    reply.error('ERR value is out of range, value must between -2147483648 and 2147483647')
  } else if (database < 0 || database >= Math.min(DATABASE_COUNT, node.config.number('databases'))) {
    reply.error('ERR DB index is out of range')
  } else {
    session.database = database
    reply.ok()
  }
}

function quit(call: Call): void {
  call.reply.ok()
  call.session.isClosing = true
  call.session.link.closeAfterFlush()
}

/** Back to how the conversation began; only NO-EVICT stays, as in Redis. */
function reset(call: Call): void {
  const { node, reply, session } = call
  node.monitors.remove(session)
  dropTransaction(call)
  node.channels.forget(session)
  session.database = 0
  session.writer.protocol = 2
  session.isAuthenticated = node.config.text('requirepass') === ''
  session.userName = DEFAULT_USER
  session.name = ''
  session.replyMode = 'on'
  session.isReadonly = false
  useConfiguredLevels(session, node.config)
  session.isNoTouch = false
  reply.status('RESET')
}

const ANY_TIME = NOSCRIPT | LOADING | STALE | FAST | NO_AUTH | ALLOW_BUSY

export const connectionCommands: readonly Command[] = [
  {
    name: 'hello',
    arity: -1,
    flags: ANY_TIME,
    group: 'connection',
    serve: hello,
    summary: 'Chooses the protocol, may log in and name the client, and answers who we are',
    since: '6.0.0',
    complexity: 'O(1)',
    syntax: '[protover [AUTH username password] [SETNAME clientname]]',
  },
  {
    name: 'auth',
    arity: -2,
    flags: ANY_TIME,
    group: 'connection',
    serve: auth,
    summary: 'Logs the client in',
    since: '1.0.0',
    complexity: 'O(N) where N is the number of passwords defined for the user',
    syntax: '[username] password',
  },
  {
    name: 'ping',
    arity: -1,
    flags: FAST,
    group: 'connection',
    serve: ping,
    summary: 'Answers PONG, or the message given',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: '[message]',
  },
  {
    name: 'echo',
    arity: 2,
    flags: LOADING | STALE | FAST,
    group: 'connection',
    serve: echo,
    summary: 'Answers the message given',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'message',
  },
  {
    name: 'select',
    arity: 2,
    flags: LOADING | STALE | FAST,
    group: 'connection',
    serve: select,
    summary: 'Chooses the database the next commands speak to',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: 'index',
  },
  {
    name: 'quit',
    arity: -1,
    flags: ANY_TIME,
    group: 'connection',
    serve: quit,
    summary: 'Answers OK and closes the connection',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: '',
  },
  {
    name: 'reset',
    arity: 1,
    flags: ANY_TIME,
    group: 'connection',
    serve: reset,
    summary: 'Puts the conversation back to how it began',
    since: '6.2.0',
    complexity: 'O(1)',
    syntax: '',
  },
]
