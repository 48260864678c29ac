/**
 * Client selection [Rule]: the sub-commands of CLIENT that look at or act on other clients: LIST, INFO, KILL, UNBLOCK.
 * A killed client is forgotten by every machine at once, so that nothing is sent to it while its connection ends.
 */
import { type ClientType, clientLine, clientTypeOf } from '../session/client-line.ts'
import type { ClientFilter } from '../session/clients.ts'
import type { Session } from '../session/session.ts'
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { misusedSubcommand } from './help-lines.ts'

const BAD_ID = 'ERR client-id should be greater than 0'
const USER_NAMES: ReadonlySet<string> = new Set(['default'])

export function info(call: Call): void {
  call.reply.verbatim('txt', `${clientLine(call.session, call.nowMs)}\n`)
}

/** CLIENT LIST [TYPE type] | [ID id ...] */
export function list(call: Call): void {
  const { reply } = call
  const sessions = selectedSessions(call)
  if (typeof sessions === 'string') {
    reply.error(sessions)
    return
  }
  reply.verbatim('txt', sessions.map((session) => `${clientLine(session, call.nowMs)}\n`).join(''))
}

function selectedSessions(call: Call): Session[] | string {
  const { args, node } = call
  if (args.count === 2) return [...node.clients.all()]
  if (args.count === 4 && args.is(2, 'TYPE')) {
    const type = clientTypeOf(args.text(3))
    if (type === undefined) return unknownType(args.text(3))
    return node.clients.matching({ ...ANYBODY, type })
  }
  if (args.count === 3 || !args.is(2, 'ID')) return SYNTAX_ERROR
  const sessions: Session[] = []
  for (let i = 3; i < args.count; i++) {
    const id = call.integer(i)
    if (Number.isNaN(id)) return 'ERR Invalid client ID'
    const session = node.clients.get(id)
    if (session !== undefined) sessions.push(session)
  }
  return sessions
}

const ANYBODY: ClientFilter = {
  id: undefined,
  address: undefined,
  localAddress: undefined,
  type: undefined,
  userName: undefined,
}

function unknownType(word: string): string {
  return `ERR Unknown client type '${word}'`
}

interface Killing {
  id: number | undefined
  address: string | undefined
  localAddress: string | undefined
  type: ClientType | undefined
  userName: string | undefined
  sparesSelf: boolean
}

/** CLIENT KILL address:port, or CLIENT KILL filter value [filter value ...]. */
export function kill(call: Call): void {
  const { args, node, reply, session } = call
  if (args.count === 3) {
    const [victim] = node.clients.matching({ ...ANYBODY, address: args.text(2) })
    if (victim === undefined) {
      reply.error('ERR No such client')
      return
    }
    reply.ok()
    end(call, victim)
    return
  }
  const killing = readKilling(call)
  if (typeof killing === 'string') {
    reply.error(killing)
    return
  }
  const victims = node.clients.matching(killing).filter((victim) => victim !== session || !killing.sparesSelf)
  reply.integer(victims.length)
  for (const victim of victims) end(call, victim)
}

function readKilling(call: Call): Killing | string {
  const { args } = call
  const killing: Killing = { ...ANYBODY, sparesSelf: true }
  for (let i = 2; i < args.count; i += 2) {
    if (i + 1 === args.count) return SYNTAX_ERROR
    const error = readFilter(call, i, killing)
    if (error !== undefined) return error
  }
  return killing
}

function readFilter(call: Call, i: number, killing: Killing): string | undefined {
  const { args } = call
  const value = args.text(i + 1)
  if (args.is(i, 'ID')) {
    const id = call.integer(i + 1)
    if (!(id >= 1)) return BAD_ID
    killing.id = id
  } else if (args.is(i, 'TYPE')) {
    killing.type = clientTypeOf(value)
    if (killing.type === undefined) return unknownType(value)
  } else if (args.is(i, 'ADDR')) {
    killing.address = value
  } else if (args.is(i, 'LADDR')) {
    killing.localAddress = value
  } else if (args.is(i, 'USER')) {
    if (!USER_NAMES.has(value)) return `ERR No such user '${value}'`
    killing.userName = value
  } else if (args.is(i, 'SKIPME') && (args.is(i + 1, 'YES') || args.is(i + 1, 'NO'))) {
    killing.sparesSelf = args.is(i + 1, 'YES')
  } else return SYNTAX_ERROR
  return undefined
}

/** Ends a client. The one who asks still gets its answer. */
function end(call: Call, victim: Session): void {
  victim.isClosing = true
  if (victim === call.session) {
    victim.link.closeAfterFlush()
    return
  }
  const node = call.node
  node.clients.remove(victim)
  node.channels.forget(victim)
  node.watches.unwatch(victim)
  node.monitors.remove(victim)
  node.waiters.forget(victim)
  victim.link.destroy('killed')
}

/** CLIENT UNBLOCK id [TIMEOUT|ERROR] */
export function unblock(call: Call): void {
  const { args, node, reply } = call
  if (args.count > 4) {
    reply.error(misusedSubcommand('CLIENT', args.text(1)))
    return
  }
  const withError = args.count === 4 && args.is(3, 'ERROR')
  if (args.count === 4 && !withError && !args.is(3, 'TIMEOUT')) {
    reply.error('ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
    return
  }
  const id = call.integer(2)
  if (Number.isNaN(id)) {
    reply.error(NOT_AN_INTEGER)
    return
  }
  const session = node.clients.get(id)
  const hasWaited =
    session !== undefined &&
    (node.waiters.unblock(session, withError) || (node.router?.unblock(session, withError) ?? false))
  reply.integer(hasWaited ? 1 : 0)
}
