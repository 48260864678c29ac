/** Server [Table]: the rows by which a node is watched, set and stopped. */
import type { Call } from './call.ts'
import { type Command, FAST, LOADING, STALE } from './command.ts'
import { commandCommand } from './command-command.ts'
import { configCommand } from './config.ts'

function time(call: Call): void {
  const { reply, nowMs } = call
  reply.array(2)
  reply.bulkText(String(Math.floor(nowMs / 1000)))
  reply.bulkText(String(Math.floor(nowMs % 1000) * 1000))
}

export const serverCommands: readonly Command[] = [
  commandCommand, configCommand,
  {
    name: 'time', arity: 1, flags: LOADING | STALE | FAST, group: 'server', serve: time, since: '2.6.0',
    complexity: 'O(1)', summary: 'Answers the time of the node', syntax: '',
  },
]
