/**
 * Transactions [Table]: MULTI opens a queue on the session, dispatch fills it, EXEC runs it in one go; WATCH makes EXEC
 * depend on keys nobody touched meanwhile. Nothing else runs in between because a turn is never interrupted.
 * How a queued row is run belongs to the executor: EXEC reaches it through the node's `runRow`.
 */
import type { Session } from '../session/session.ts'
import { Transaction } from '../session/transaction.ts'
import type { Call } from './call.ts'
import {
  ALL_KEYS,
  ALLOW_BUSY,
  type Command,
  FAST,
  LOADING,
  MAY_REPLICATE,
  NOSCRIPT,
  SKIP_SLOWLOG,
  STALE,
  WRITE,
} from './command.ts'

const EXECABORT = 'EXECABORT Transaction discarded because of previous errors.'

function multi(call: Call): void {
  const { node, reply, session } = call
  if (session.transaction !== null) {
    reply.error('ERR MULTI calls can not be nested')
    return
  }
  session.transaction = new Transaction(
    node.config.number('client-query-buffer-limit'),
    WRITE | MAY_REPLICATE,
  )
  reply.ok()
}

function exec(call: Call): void {
  const { node, reply, session } = call
  const transaction = session.transaction
  if (transaction === null) {
    reply.error('ERR EXEC without MULTI')
    return
  }
  const isTouched = node.watches.isTouched(session)
  node.watches.unwatch(session)
  if (transaction.hasError) reply.error(EXECABORT)
  else if (isTouched) reply.nilArray()
  else runQueue(call, session, transaction)
  session.transaction = null
}

/** The queue's rows refill the call, so nothing is read from it once the first has run. */
function runQueue(call: Call, session: Session, transaction: Transaction): void {
  const { node, reply } = call
  reply.array(transaction.count)
  for (let queued = transaction.next(); queued !== undefined; queued = transaction.next()) {
    const before = reply.mark()
    const wasClosing = session.isClosing
    node.runRow(session, queued.row, queued.args)
    // A client that had itself killed gets no more replies, though its transaction runs to the end.
    if (wasClosing) reply.truncate(before)
  }
}

/** Drops the open transaction, its queue and the watches it depends on. */
export function dropTransaction(call: Call): void {
  call.session.transaction = null
  call.node.watches.unwatch(call.session)
}

function discard(call: Call): void {
  if (call.session.transaction === null) {
    call.reply.error('ERR DISCARD without MULTI')
    return
  }
  dropTransaction(call)
  call.reply.ok()
}

function watch(call: Call): void {
  const { args, node, reply, session } = call
  if (session.transaction !== null) {
    reply.error('ERR WATCH inside MULTI is not allowed')
    return
  }
  const bytes = args.ends[args.count - 1]! - args.starts[1]!
  const refusal = node.watches.refusal(session, args.count - 1, bytes)
  if (refusal !== undefined) {
    reply.error(refusal)
    return
  }
  for (let i = 1; i < args.count; i++) node.watches.watch(session, args.bytes, args.starts[i]!, args.ends[i]!)
  reply.ok()
}

function unwatch(call: Call): void {
  call.node.watches.unwatch(call.session)
  call.reply.ok()
}

const FLAGS = NOSCRIPT | LOADING | STALE

export const transactionCommands: readonly Command[] = [
  {
    name: 'multi',
    arity: 1,
    flags: FLAGS | FAST | ALLOW_BUSY,
    group: 'transactions',
    serve: multi,
    summary: 'Queues the commands that follow until EXEC runs or DISCARD drops them',
    since: '1.2.0',
    complexity: 'O(1)',
    syntax: '',
  },
  {
    name: 'exec',
    arity: 1,
    flags: FLAGS | SKIP_SLOWLOG,
    group: 'transactions',
    serve: exec,
    summary: 'Runs the queued commands as one, unless a watched key was touched',
    since: '1.2.0',
    complexity: 'Depends on commands in the transaction',
    syntax: '',
  },
  {
    name: 'discard',
    arity: 1,
    flags: FLAGS | FAST | ALLOW_BUSY,
    group: 'transactions',
    serve: discard,
    summary: 'Drops the queued commands and all watches',
    since: '2.0.0',
    complexity: 'O(N), when N is the number of queued commands',
    syntax: '',
  },
  {
    name: 'watch',
    arity: -2,
    flags: FLAGS | FAST | ALLOW_BUSY,
    keys: ALL_KEYS,
    group: 'transactions',
    serve: watch,
    summary: 'Makes the next EXEC fail if one of the keys is touched before it',
    since: '2.2.0',
    complexity: 'O(1) for every key.',
    syntax: 'key [key ...]',
  },
  {
    name: 'unwatch',
    arity: 1,
    flags: FLAGS | FAST | ALLOW_BUSY,
    group: 'transactions',
    serve: unwatch,
    summary: 'Forgets all watched keys',
    since: '2.2.0',
    complexity: 'O(1)',
    syntax: '',
  },
]
