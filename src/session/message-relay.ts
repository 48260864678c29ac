/**
 * Message relay [Data]: what publishing asks of the mesh, when there is one: that listeners at other nodes are told too.
 * Listeners at this node have been told already.
 */
import type { Args } from '../../resp/index.ts'
import type { Session } from './session.ts'

export interface MessageRelay {
  /** Arguments 1 and 2: channel and message. Nobody says whom it has reached. */
  publish(args: Args): void
  /** The same for a shard channel: the session is answered with `receivers` and all there are at other nodes. */
  publishToShard(session: Session, args: Args, receivers: number): void
  /** The same for a request that is answered at once. */
  publishToShardUncounted(args: Args): void
}
