/**
 * Own session [Rule]: a session nobody is connected to, for requests the node runs itself: replayed effects and the
 * executor's idle state. What is written to it is thrown away by whoever uses it.
 */
import { ReplyWriter, SlabPool } from '../../resp/index.ts'
import { Session, type SessionLink } from './session.ts'

const NOWHERE: SessionLink = {
  block() {},
  unblock() {},
  markDirty() {},
  openSlot: () => 0,
  distanceFrom: (_slot, length) => length,
  fillSlot() {},
  fillSpan() {},
  replaceReplies() {},
  closeAfterFlush() {},
  destroy() {},
  listens() {},
  queuedBytes: 0,
  pendingBytes: 0,
  bufferBytes: 0,
  remoteAddress: '',
  localAddress: '',
  descriptor: -1,
}

export function ownSession(): Session {
  const session = new Session(0, new ReplyWriter(new SlabPool()), NOWHERE, 0)
  session.isAuthenticated = true
  return session
}
