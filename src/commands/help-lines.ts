/**
 * Help lines [Rule]: the answer of a container's HELP sub-command in Redis' layout. Knows no command's lines.
 */
import type { ReplyWriter } from '../../resp/index.ts'

export function writeHelp(reply: ReplyWriter, container: string, lines: readonly string[]): void {
  reply.array(lines.length + 3)
  reply.status(`${container} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:`)
  for (const line of lines) reply.status(line)
  reply.status('HELP')
  reply.status('    Prints this help.')
}

/** A sub-command that exists, called with a number of arguments it has no use for. */
export function misusedSubcommand(container: string, word: string): string {
  return `ERR unknown subcommand or wrong number of arguments for '${word.slice(0, 128)}'. Try ${container} HELP.`
}
