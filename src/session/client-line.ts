/**
 * Client line [Rule]: a session as CLIENT LIST prints it, field for field as Redis 7.0, and the class it belongs to.
 * Figures a node does not have as Redis has them (reply buffers, argv) are the nearest true thing here.
 */
import type { Session } from './session.ts'

export type ClientType = 'normal' | 'pubsub' | 'replica' | 'master'

/** The type a word means in any case, or undefined. Nobody here is ever a replica or a master. */
export function clientTypeOf(word: string): ClientType | undefined {
  const lower = word.toLowerCase()
  if (lower === 'slave') return 'replica'
  return lower === 'normal' || lower === 'pubsub' || lower === 'replica' || lower === 'master'
    ? lower
    : undefined
}

export function typeOfSession(session: Session): ClientType {
  return session.subscriptions === null ? 'normal' : 'pubsub'
}

/** Memory a session takes beside its buffers: itself, its connection, its socket. */
const SESSION_BYTES = 2048

export function clientLine(session: Session, nowMs: number): string {
  const { link, writer, subscriptions, transaction } = session
  const queryBytes = link.pendingBytes
  const queryFreeBytes = Math.max(0, link.bufferBytes - queryBytes)
  const transactionBytes = transaction === null ? 0 : transaction.queuedBytes
  const waitingBytes = Math.max(0, link.queuedBytes - writer.length)
  const totalBytes =
    SESSION_BYTES +
    queryBytes +
    queryFreeBytes +
    transactionBytes +
    writer.bytes.length +
    waitingBytes +
    (subscriptions === null ? 0 : subscriptions.nameBytes) +
    (session.watches === null ? 0 : session.watches.bytes)
  return [
    `id=${session.id} addr=${link.remoteAddress} laddr=${link.localAddress} fd=${link.descriptor}`,
    `name=${session.name} age=${secondsSince(session.createdMs, nowMs)}`,
    `idle=${secondsSince(session.lastActiveMs, nowMs)} flags=${flagsOf(session)} db=${session.database}`,
    `sub=${subscriptions === null ? 0 : subscriptions.channel.size}`,
    `psub=${subscriptions === null ? 0 : subscriptions.pattern.size}`,
    `ssub=${subscriptions === null ? 0 : subscriptions.shard.size}`,
    `multi=${transaction === null ? -1 : transaction.count} qbuf=${queryBytes} qbuf-free=${queryFreeBytes}`,
    `argv-mem=0 multi-mem=${transactionBytes} rbs=${writer.bytes.length} rbp=${writer.length}`,
    `obl=${writer.length} oll=${waitingBytes === 0 ? 0 : 1} omem=${waitingBytes} tot-mem=${totalBytes}`,
    `events=${waitingBytes === 0 ? 'r' : 'rw'} cmd=${session.lastCommand} user=${session.userName}`,
    `redir=-1 resp=${session.protocol}`,
  ].join(' ')
}

function secondsSince(thenMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - thenMs) / 1000))
}

/** Letters in Redis' order; N when none applies. */
function flagsOf(session: Session): string {
  let flags = ''
  if (session.isMonitor) flags += 'O'
  if (session.subscriptions !== null) flags += 'P'
  if (session.transaction !== null) flags += 'x'
  if (session.isBlocked) flags += 'b'
  if (session.watches?.isTouched === true) flags += 'd'
  if (session.isClosing) flags += 'c'
  if (session.isReadonly) flags += 'r'
  if (session.isNoEvict) flags += 'e'
  if (session.isNoTouch) flags += 'T'
  return flags === '' ? 'N' : flags
}
