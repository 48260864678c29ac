/**
 * Monitor [Table]: MONITOR, which turns a connection into a view of every request the node runs.
 * What is shown, and how, belongs to the session's Monitors.
 */
import type { Call } from './call.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from './command.ts'

/** A monitor that asks again gets no second answer: Redis is silent too. */
function monitor(call: Call): void {
  const { node, reply, session } = call
  if (!call.mayBlock) {
    reply.error("ERR MONITOR isn't allowed for DENY BLOCKING client")
    return
  }
  if (session.isMonitor) return
  node.monitors.add(session)
  reply.ok()
}

export const monitorCommands: readonly Command[] = [
  {
    name: 'monitor',
    arity: 1,
    flags: ADMIN | NOSCRIPT | LOADING | STALE,
    group: 'server',
    serve: monitor,
    summary: 'Shows every request the node runs, as it runs it',
    since: '1.0.0',
    complexity: 'O(1)',
    syntax: '',
  },
]
