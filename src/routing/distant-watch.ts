/**
 * Distant watch [Rule]: one WATCH of keys some of which other nodes act for. Those nodes are asked how the keys stand;
 * the client hears OK, and may go on, when all have said so. Keys of this node are watched as ever, at the end.
 */
import type { Args } from '../../resp/index.ts'
import { SERVING } from '../replication/slot-roles.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import { slotOf } from '../store/hash-slot.ts'
import { VERSIONS } from './distant-requests.ts'
import { mannersByte } from './forward-body.ts'
import { HeldPlace } from './held-place.ts'
import { OK } from './joined-replies.ts'
import { KeyQuestion, type KeyQuestionParts } from './key-question.ts'

export interface DistantWatchParts extends KeyQuestionParts {
  readonly node: NodeState
}

export function watchDistant(parts: DistantWatchParts, session: Session, args: Args): void {
  const place = new HeldPlace(session)
  const { database } = session
  const own: Buffer[] = []
  const keys: Buffer[] = []
  for (let i = 1; i < args.count; i++) {
    const isOwn = parts.roles.roles[slotOf(args.bytes, args.starts[i]!, args.ends[i]!)] === SERVING
    if (isOwn) own.push(args.copy(i))
    else keys.push(args.copy(i))
  }
  place.hold()
  const question = { name: VERSIONS, keys, database, manners: mannersByte(session) }
  new KeyQuestion(parts, question, (error, answers) => {
    if (error !== undefined) return place.fill(error)
    const { watches } = parts.node
    for (const key of own) watches.watch(session, key, 0, key.length)
    for (const [i, key] of keys.entries()) {
      watches.watchDistant(session, { database, key, standing: answers[i]!.toString('latin1') })
    }
    place.fill(OK)
  })
}
