/**
 * Shutdown [Table]: SHUTDOWN: the node is asked to end; it answers what is in flight and goes. There is nothing to
 * save, so SAVE, NOSAVE, NOW and FORCE all mean the same, and an end once begun is not called off.
 */
import { SYNTAX_ERROR } from './arguments.ts'
import type { Call } from './call.ts'
import { ADMIN, ALLOW_BUSY, type Command, LOADING, NO_MULTI, NOSCRIPT, STALE } from './command.ts'

function shutdown(call: Call): void {
  const { args, node, reply } = call
  let aborts = false
  let saves = false
  let savesNot = false
  for (let i = 1; i < args.count; i++) {
    if (args.is(i, 'ABORT')) aborts = true
    else if (args.is(i, 'SAVE')) saves = true
    else if (args.is(i, 'NOSAVE')) savesNot = true
    else if (!args.is(i, 'NOW') && !args.is(i, 'FORCE')) {
      reply.error(SYNTAX_ERROR)
      return
    }
  }
  if ((aborts && args.count > 2) || (saves && savesNot)) reply.error(SYNTAX_ERROR)
  else if (aborts) reply.error('ERR No shutdown in progress.')
  else if (!node.isShuttingDown) {
    node.isShuttingDown = true
    node.log.notice('SHUTDOWN asked for', { from: call.session.link.remoteAddress })
    node.ports.stop('SHUTDOWN')
  }
}

export const shutdownCommand: Command = {
  name: 'shutdown',
  arity: -1,
  flags: ADMIN | NOSCRIPT | LOADING | STALE | NO_MULTI | ALLOW_BUSY,
  group: 'server',
  serve: shutdown,
  since: '1.0.0',
  complexity: 'O(1)',
  syntax: '[NOSAVE|SAVE] [NOW] [FORCE] [ABORT]',
  summary: 'Ends the node',
}
