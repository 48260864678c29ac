/**
 * Debug gate [Rule]: who may use what only tests and tools need: nobody, clients on this machine, or everybody, as
 * enable-debug-command says; and the words of Redis for those who may not.
 */
import type { Call } from './call.ts'
import { isLocalSession } from './local-session.ts'

export function isDebugOpen({ node, session }: Call): boolean {
  const allowed = node.config.text('enable-debug-command')
  return allowed === 'yes' || (allowed === 'local' && isLocalSession(session))
}

export function closedText(command: string): string {
  return (
    `ERR ${command} command not allowed. If the enable-debug-command option is set to "local", you can run it from a ` +
    'local connection, otherwise you need to set this option in the configuration file, and then restart the server.'
  )
}
