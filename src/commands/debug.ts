/**
 * Debug [Table]: DEBUG: what tests and tools ask of a node that applications never should. Closed unless
 * enable-debug-command opens it.
 */
import { idleSeconds, lruClock } from '../store/access.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { valueTypeOf } from '../store/entry-codec.ts'
import { NO_SUCH_KEY } from './arguments.ts'
import type { Call } from './call.ts'
import { ADMIN, type Command, LOADING, NOSCRIPT, STALE } from './command.ts'
import { digestOfAll, digestOfValue } from './data-digest.ts'
import { closedText, isDebugOpen } from './debug-gate.ts'
import { LOSE_HELP, lose } from './debug-losses.ts'
import { debugProtocol } from './debug-protocol.ts'
import { misusedSubcommand, writeHelp } from './help-lines.ts'
import { findUnnoticed } from './untouched-lookup.ts'

/** Nobody means to stop a node for longer. */
const SLEEP_MS_MAX = 3_600_000

const HELP: readonly string[] = [
  'DIGEST',
  '    Output a hex signature representing the current DB content.',
  'DIGEST-VALUE <key> [<key> ...]',
  '    Output a hex signature of the values of all the specified keys.',
  'ERROR <string>',
  '    Return a Redis protocol error with <string> as message. Useful for clients',
  '    unit tests to simulate Redis errors.',
  'LOG <message>',
  '    Write <message> to the server log.',
  ...LOSE_HELP,
  'OBJECT <key>',
  '    Show low level info about `key` and associated value.',
  'PROTOCOL <type>',
  '    Reply with a test value of the specified type. <type> can be: string,',
  '    integer, double, bignum, null, array, set, map, attrib, push, verbatim,',
  '    true, false.',
  'SET-ACTIVE-EXPIRE <0|1>',
  '    Setting it to 0 disables expiring keys in background when they are not',
  '    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the',
  '    default.',
  'SLEEP <seconds>',
  '    Stop the server for <seconds>. Decimals allowed.',
]

interface Part {
  /** As a row's: words of the whole request; negative: at least. */
  readonly arity: number
  readonly serve: (call: Call) => void
}

const PARTS: ReadonlyMap<string, Part> = new Map([
  ['DIGEST', { arity: 2, serve: digest }],
  ['DIGEST-VALUE', { arity: -2, serve: digestValues }],
  ['ERROR', { arity: 3, serve: error }],
  ['HELP', { arity: 2, serve: (call) => writeHelp(call.reply, 'DEBUG', HELP) }],
  ['LOG', { arity: 3, serve: log }],
  ['LOSE', { arity: 3, serve: lose }],
  ['OBJECT', { arity: 3, serve: object }],
  ['PROTOCOL', { arity: 3, serve: debugProtocol }],
  ['SET-ACTIVE-EXPIRE', { arity: 3, serve: setActiveExpire }],
  ['SLEEP', { arity: 3, serve: sleep }],
])

function debug(call: Call): void {
  const { args, reply } = call
  if (!isDebugOpen(call)) {
    reply.error(closedText('DEBUG'))
    return
  }
  const part = PARTS.get(args.text(1).toUpperCase())
  if (part === undefined || (part.arity > 0 ? args.count !== part.arity : args.count < -part.arity)) {
    reply.error(misusedSubcommand('DEBUG', args.text(1)))
  } else part.serve(call)
}

function digest(call: Call): void {
  call.reply.status(digestOfAll(call.space))
}

function digestValues(call: Call): void {
  const { args, reply, space } = call
  reply.array(args.count - 2)
  for (let i = 2; i < args.count; i++) reply.status(digestOfValue(space, call.peek(i)))
}

function error(call: Call): void {
  call.reply.error(call.args.text(2))
}

function log(call: Call): void {
  call.node.log.warning('DEBUG LOG', { text: call.args.text(2) })
  call.reply.ok()
}

/** As C's strtod reads the number: what does not begin like one is zero. */
function sleep(call: Call): void {
  const seconds = Number.parseFloat(call.args.text(2))
  if (seconds > 0) call.node.ports.sleepMs(Math.min(seconds * 1000, SLEEP_MS_MAX))
  call.reply.ok()
}

function setActiveExpire(call: Call): void {
  call.node.isActiveExpireOn = Number.parseInt(call.args.text(2), 10) === 1
  call.reply.ok()
}

function object(call: Call): void {
  const { reply, space } = call
  const ref = findUnnoticed(call, 2)
  if (ref === 0) {
    reply.error(NO_SUCH_KEY)
    return
  }
  const valueType = valueTypeOf(space, ref)
  const out = new ByteWriter()
  valueType.write(space, ref, out)
  const access = space.entries.accessOf(ref)
  reply.status(
    `Value at:0x${ref.toString(16)} refcount:1 encoding:${valueType.encoding(space, ref)} ` +
      `serializedlength:${out.length} lru:${access} lru_seconds_idle:${idleSeconds(access, lruClock(call.nowMs))}`,
  )
}

export const debugCommand: Command = {
  name: 'debug',
  arity: -2,
  flags: ADMIN | NOSCRIPT | LOADING | STALE,
  group: 'server',
  serve: debug,
  since: '1.0.0',
  complexity: 'Depends on subcommand',
  syntax: 'subcommand [argument [argument ...]]',
  summary: 'Does what tests and tools need',
}
