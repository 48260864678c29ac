/**
 * Hex id [Rule]: the 40 hex characters by which Redis' clients know a node or a shard, made from its name. The same
 * name makes the same id everywhere and always, so an id outlives restarts. It identifies; it proves nothing.
 */
import { createHash } from 'node:crypto'

export function hexIdOf(name: string): string {
  return createHash('sha1').update(name, 'latin1').digest('hex')
}
