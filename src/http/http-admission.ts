/**
 * HTTP admission [Rule]: who may ask what over HTTP. Health is for everybody. Keys are for those who know the secret of
 * the mesh, or the password of clients where there is no secret; where there is neither, for this machine alone - and
 * even there not for web pages, which a browser would let ask on behalf of whoever looks at them.
 */
import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopback } from '../session/protected-mode.ts'
import { type Problem, problem } from './item-port.ts'

/** What is known of a request before its body. */
export interface HttpHead {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly remoteAddress: string
  readonly host: string
  readonly origin: string | undefined
  readonly authorization: string | undefined
  readonly contentType: string | undefined
}

const UNAUTHORIZED = problem(401, 'UNAUTHORIZED', 'send Authorization: Bearer with the secret of the mesh')
const WEB_PAGE = problem(403, 'FORBIDDEN', 'web pages may not ask for keys')
const STRANGER = problem(403, 'FORBIDDEN', 'without mesh-secret or requirepass only this machine is let in')

/** `token`: empty when there is none. `advertised`: a name this node is called by. */
export function refusesHead(head: HttpHead, token: string, advertised: string): Problem | undefined {
  if (head.origin !== undefined) return WEB_PAGE
  if (token !== '') return bearerOf(head.authorization, token) ? undefined : UNAUTHORIZED
  if (!isLoopback(head.remoteAddress)) return STRANGER
  return isOwnName(head.host, advertised) ? undefined : WEB_PAGE
}

/** Takes the same time however wrong the token is. */
function bearerOf(authorization: string | undefined, token: string): boolean {
  const given = /^Bearer +(.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digestOf(given), digestOf(token))
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(Buffer.from(text, 'latin1')).digest()
}

/** A name that somebody else may point at this machine (DNS rebinding) is not ours. */
function isOwnName(host: string, advertised: string): boolean {
  const name = host.replace(/:[0-9]*$/, '').toLowerCase()
  const isLiteral = /^[0-9.]+$/.test(name) || /^\[[0-9a-f:.]+\]$/.test(name)
  return isLiteral || name === 'localhost' || name === advertised.toLowerCase()
}
