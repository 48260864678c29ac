/**
 * Distant watch [Machine]: one WATCH of keys some of which other nodes act for. Those nodes are asked how the keys stand;
 * the client hears OK, and may go on, when all have said so. Keys of this node are watched as ever, at the end.
 */
import type { Args } from '../../resp/index.ts'
import { replyEnd } from '../../resp/reply-span.ts'
import { SERVING, type SlotRoles } from '../replication/slot-roles.ts'
import type { NodeState } from '../session/node-state.ts'
import type { Session } from '../session/session.ts'
import { slotOf } from '../store/hash-slot.ts'
import { VERSIONS } from './distant-requests.ts'
import { mannersByte } from './forward-body.ts'
import { UNREACHABLE } from './forwards.ts'
import { HeldPlace } from './held-place.ts'
import { elementsOf, errorAmong, OK } from './joined-replies.ts'
import type { PartSender, PartTaker } from './part-sender.ts'
import type { RequestWriter } from './request-writer.ts'

export interface DistantWatchParts {
  readonly node: NodeState
  readonly roles: SlotRoles
  readonly sender: PartSender
  readonly writer: RequestWriter
}

interface AskedKeys {
  readonly keys: readonly Buffer[]
  readonly slot: number
  reply: Buffer | null
}

export class DistantWatch implements PartTaker {
  readonly #parts: DistantWatchParts
  readonly #session: Session
  readonly #place: HeldPlace
  readonly #own: Buffer[] = []
  /** Those asked anew, because their slots have moved, are replaced by theirs: null. */
  readonly #asked: (AskedKeys | null)[] = []
  #unanswered = 0

  constructor(parts: DistantWatchParts, session: Session, args: Args) {
    this.#parts = parts
    this.#session = session
    this.#place = new HeldPlace(session)
    this.#place.hold()
    const others: Buffer[] = []
    for (let i = 1; i < args.count; i++) {
      const isOwn = parts.roles.roles[slotOf(args.bytes, args.starts[i]!, args.ends[i]!)] === SERVING
      if (isOwn) this.#own.push(args.copy(i))
      else others.push(args.copy(i))
    }
    this.#ask(others, 0)
  }

  fillSlot(place: number, reply: Buffer): void {
    this.#asked[place]!.reply = reply
    this.#unanswered--
    if (this.#unanswered === 0) this.#finish()
  }

  reroute(place: number, tries: number): void {
    const { keys } = this.#asked[place]!
    this.#asked[place] = null
    this.#unanswered--
    this.#ask(keys, tries)
  }

  #ask(keys: readonly Buffer[], tries: number): void {
    const { roles, sender, writer } = this.#parts
    const byNode = new Map<string, Buffer[]>()
    for (const key of keys) {
      const id = roles.actingId(slotOf(key, 0, key.length)) ?? ''
      const others = byNode.get(id)
      if (others === undefined) byNode.set(id, [key])
      else others.push(key)
    }
    const first = this.#asked.length
    this.#unanswered += byNode.size
    for (const group of byNode.values())
      this.#asked.push({ keys: group, slot: slotOf(group[0]!, 0, group[0]!.length), reply: null })
    const { database } = this.#session
    const manners = mannersByte(this.#session)
    for (const [i, id] of [...byNode.keys()].entries()) {
      const asked = this.#asked[first + i]!
      if (id === '') this.fillSlot(first + i, UNREACHABLE)
      else {
        writer.begin(1 + asked.keys.length).text(VERSIONS)
        for (const key of asked.keys) writer.bytes(key, 0, key.length)
        const part = { raw: writer.end(), slot: asked.slot, isWrite: false, database, manners }
        sender.send(id, part, this, first + i, tries)
      }
    }
  }

  #finish(): void {
    const asked = this.#asked.filter((one) => one !== null)
    const error = errorAmong(
      asked.map(({ reply }) => reply!),
      false,
    )
    if (error !== undefined) return this.#place.fill(error)
    const { watches } = this.#parts.node
    const { database } = this.#session
    for (const key of this.#own) watches.watch(this.#session, key, 0, key.length)
    for (const { keys, reply } of asked) {
      let { at } = elementsOf(reply!)
      for (const key of keys) {
        const textAt = reply!.indexOf('\r\n', at, 'latin1') + 2
        const end = replyEnd(reply!, at)
        watches.watchDistant(this.#session, {
          database,
          key,
          standing: reply!.toString('latin1', textAt, end - 2),
        })
        at = end
      }
    }
    this.#place.fill(OK)
  }
}
