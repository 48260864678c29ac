/** Local session [Rule]: does a client sit on this machine? Some settings and DEBUG may be open to those alone. */
import { isLoopback } from '../session/protected-mode.ts'
import type { Session } from '../session/session.ts'

export function isLocalSession(session: Session): boolean {
  const address = session.link.remoteAddress
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '')
  return isLoopback(host)
}
