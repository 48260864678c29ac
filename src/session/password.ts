/**
 * Password [Rule]: is this the password? Both sides are hashed before they are compared, so that the time taken tells
 * neither how many bytes were right nor how long the password is.
 */
import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * The expected text came from a file or the environment (characters) or from a client's CONFIG SET (one character a
 * byte); for ASCII both are the same, and for the rest either reading is accepted.
 */
export function isPassword(given: Uint8Array, expected: string): boolean {
  const hash = hashOf(given)
  const isAsText = timingSafeEqual(hash, hashOf(Buffer.from(expected, 'utf8')))
  const isAsBytes = timingSafeEqual(hash, hashOf(Buffer.from(expected, 'latin1')))
  return isAsText || isAsBytes
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest()
}
