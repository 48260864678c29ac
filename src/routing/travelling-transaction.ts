/**
 * Travelling transaction [Machine]: one EXEC on its way to the node that acts for all its keys, as one request that holds
 * the queue and how the watched keys stood. When the slots have moved it follows them, as long as they moved together.
 */
import { WRITE } from '../commands/command.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import type { Session } from '../session/session.ts'
import type { Transaction } from '../session/transaction.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { TRANSACTION } from './distant-requests.ts'
import { mannersByte } from './forward-body.ts'
import { UNREACHABLE } from './forwards.ts'
import { HeldPlace } from './held-place.ts'
import { errorReply, isError } from './joined-replies.ts'
import type { Part, PartSender, PartTaker } from './part-sender.ts'
import type { RequestWriter } from './request-writer.ts'
import { CROSS_SLOT } from './router.ts'

export interface TravelParts {
  readonly roles: SlotRoles
  readonly sender: PartSender
  readonly writer: RequestWriter
}

export class TravellingTransaction implements PartTaker {
  readonly #parts: TravelParts
  readonly #session: Session
  readonly #place: HeldPlace
  readonly #slots: readonly number[]
  readonly #part: Part
  /** The database SELECT leads to, or -1. */
  readonly #selected: number

  constructor(
    parts: TravelParts,
    session: Session,
    transaction: Transaction,
    slots: readonly number[],
    selected: number,
  ) {
    this.#parts = parts
    this.#session = session
    this.#slots = slots
    this.#selected = selected
    this.#place = new HeldPlace(session)
    // What the client sends next must see the database that was selected.
    if (selected >= 0) this.#place.hold()
    this.#part = {
      raw: rawOf(parts.writer, session, transaction),
      slot: slots[0]!,
      isWrite: (transaction.flags & WRITE) !== 0,
      database: session.database,
      manners: mannersByte(session),
    }
    this.reroute(0, 0)
  }

  fillSlot(_place: number, reply: Buffer): void {
    const hasRun = !isError(reply) && reply[1] !== 0x2d && reply[0] !== 0x5f
    if (this.#selected >= 0 && hasRun) this.#session.database = this.#selected
    this.#place.fill(reply)
  }

  reroute(_place: number, tries: number): void {
    const { roles, sender } = this.#parts
    const [first] = this.#slots
    const id = roles.actingId(first!)
    if (id === undefined) return this.#place.fill(UNREACHABLE)
    if (this.#slots.some((slot) => roles.acting[slot] !== roles.acting[first!])) {
      return this.#place.fill(errorReply(CROSS_SLOT))
    }
    if (!sender.send(id, this.#part, this, 0, tries)) this.#place.hold()
  }
}

function rawOf(writer: RequestWriter, session: Session, transaction: Transaction): Buffer {
  const watched = session.watches?.distant ?? []
  const requests = new ByteWriter()
  transaction.rewind()
  for (let queued = transaction.next(); queued !== undefined; queued = transaction.next()) {
    const { bytes, requestEnd, requestStart } = queued.args
    requests.raw(bytes, requestStart, requestEnd)
  }
  writer.begin(2 + watched.length * 3).text(TRANSACTION)
  for (const { database, key, standing } of watched) {
    writer.text(String(database)).bytes(key, 0, key.length).text(standing)
  }
  return writer.bytes(requests.bytes, 0, requests.length).end()
}
