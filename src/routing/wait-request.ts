/**
 * Wait request [Rule]: a blocking request as it waits at another node: for ever, because its time is kept where its client
 * is connected, and moves along with it from node to node.
 */
import type { Args } from '../../resp/index.ts'
import { readFloat } from '../commands/arguments.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { RequestWriter } from './request-writer.ts'

const INT64_LIMIT = 2 ** 63
const NIL_2 = Buffer.from('*-1\r\n', 'latin1')
const NIL_3 = Buffer.from('_\r\n', 'latin1')
/** Nobody has run the request: it may be asked again. */
const NOT_RUN = [Buffer.from('-NOTPRIMARY ', 'latin1'), Buffer.from('-CLUSTERDOWN ', 'latin1')]

/** How long the client waits; Infinity: for ever; undefined: the command itself says what is wrong with that. */
export function readWaitMs(row: CommandRow, args: Args): number | undefined {
  const at = timeoutAt(row, args)
  const waitMs = Math.ceil(readFloat(args.bytes, args.starts[at]!, args.ends[at]!) * 1000)
  if (!(waitMs >= 0 && waitMs < INT64_LIMIT)) return undefined
  return waitMs === 0 ? Number.POSITIVE_INFINITY : waitMs
}

/** The same request with a timeout of 0. */
export function withoutEnd(writer: RequestWriter, row: CommandRow, args: Args): Buffer {
  const at = timeoutAt(row, args)
  writer.begin(args.count)
  for (let i = 0; i < args.count; i++) {
    if (i === at) writer.text('0')
    else writer.bytes(args.bytes, args.starts[i]!, args.ends[i]!)
  }
  return writer.end()
}

/** What a client is told whose time is over. */
export function nilFor(protocol: 2 | 3): Buffer {
  return protocol === 3 ? NIL_3 : NIL_2
}

/** This reply gives the client nothing: the wait was ended, or never begun. */
export function isNothing(reply: Buffer): boolean {
  if (reply.equals(NIL_2) || reply.equals(NIL_3)) return true
  return NOT_RUN.some((start) => reply.subarray(0, start.length).equals(start))
}

function timeoutAt(row: CommandRow, args: Args): number {
  return row.timeout > 0 ? row.timeout : args.count + row.timeout
}
