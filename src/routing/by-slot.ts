/**
 * By slot [Machine]: one request over keys of several nodes, as one request for each of them.
 *
 *   MGET a b c d  ->  node 1: MGET a c   ->  [1, 3] \
 *                     node 2: MGET b d   ->  [2, 4] /  [1, 2, 3, 4]
 *
 * Each part is as whole and as confirmed as a request over one node's keys; together they are not one: another client
 * may see some of the parts run before the others, and a part may be refused when others have run. A part that comes
 * back because its slots have moved is split again by who acts for them now.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { WRITE } from '../commands/command.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import type { Session } from '../session/session.ts'
import { slotOf } from '../store/hash-slot.ts'
import { mannersByte } from './forward-body.ts'
import { UNREACHABLE } from './forwards.ts'
import { HeldPlace } from './held-place.ts'
import { errorAmong, inOrder, OK, sumOf } from './joined-replies.ts'
import { type PartSender, type PartTaker, wordsOf } from './part-sender.ts'
import type { RequestWriter } from './request-writer.ts'

export interface BySlotParts {
  readonly roles: SlotRoles
  readonly sender: PartSender
  readonly writer: RequestWriter
}

interface KeyedPart {
  readonly nodeId: string
  readonly slot: number
  readonly raw: Buffer
  /** Which keys of the whole request these are. */
  readonly keyNumbers: readonly number[]
  reply: Buffer | null
}

export class BySlot implements PartTaker {
  readonly #parts: BySlotParts
  readonly #row: CommandRow
  readonly #place: HeldPlace
  readonly #database: number
  readonly #manners: number
  readonly #isWrite: boolean
  /** Those that were split again have been replaced by theirs: null. */
  readonly #pieces: (KeyedPart | null)[] = []
  #unanswered = 0

  constructor(parts: BySlotParts, session: Session, row: CommandRow, args: Args) {
    this.#parts = parts
    this.#row = row
    this.#place = new HeldPlace(session)
    this.#database = session.database
    this.#manners = mannersByte(session)
    this.#isWrite = (row.flags & WRITE) !== 0
    const pieces = this.#split(args, (i) => i)
    if (pieces === undefined) this.#place.fill(UNREACHABLE)
    else if (!this.#send(pieces, 0)) this.#place.hold()
  }

  fillSlot(place: number, reply: Buffer): void {
    this.#pieces[place]!.reply = reply
    this.#unanswered--
    if (this.#unanswered === 0) this.#finish()
  }

  reroute(place: number, tries: number): void {
    const piece = this.#pieces[place]!
    const pieces = this.#split(wordsOf(piece.raw), (i) => piece.keyNumbers[i]!)
    if (pieces === undefined) return this.fillSlot(place, UNREACHABLE)
    this.#pieces[place] = null
    this.#unanswered--
    this.#send(pieces, tries)
  }

  /** One part for each node that acts for some of the keys; undefined: nobody acts for one of them. */
  #split(args: Args, numberOf: (i: number) => number): KeyedPart[] | undefined {
    const { step } = this.#row.keys
    const { roles } = this.#parts
    const keysByNode = new Map<string, number[]>()
    for (let at = 1; at < args.count; at += step) {
      const id = roles.actingId(slotOf(args.bytes, args.starts[at]!, args.ends[at]!))
      if (id === undefined) return undefined
      const keys = keysByNode.get(id)
      if (keys === undefined) keysByNode.set(id, [at])
      else keys.push(at)
    }
    const pieces: KeyedPart[] = []
    for (const [nodeId, keys] of keysByNode) {
      const slot = slotOf(args.bytes, args.starts[keys[0]!]!, args.ends[keys[0]!]!)
      const keyNumbers = keys.map((at) => numberOf((at - 1) / step))
      pieces.push({ nodeId, slot, keyNumbers, raw: this.#rawOf(args, keys), reply: null })
    }
    return pieces
  }

  #rawOf(args: Args, keys: readonly number[]): Buffer {
    const { step } = this.#row.keys
    const writer = this.#parts.writer.begin(1 + keys.length * step).text(this.#row.name)
    for (const at of keys) {
      for (let i = at; i < at + step; i++) writer.bytes(args.bytes, args.starts[i]!, args.ends[i]!)
    }
    return writer.end()
  }

  /** False: some part waits here. */
  #send(pieces: readonly KeyedPart[], tries: number): boolean {
    const first = this.#pieces.length
    this.#pieces.push(...pieces)
    this.#unanswered += pieces.length
    let hasRun = true
    for (const [i, { nodeId, raw, slot }] of pieces.entries()) {
      const part = { raw, slot, isWrite: this.#isWrite, database: this.#database, manners: this.#manners }
      hasRun = this.#parts.sender.send(nodeId, part, this, first + i, tries) && hasRun
    }
    return hasRun
  }

  #finish(): void {
    const pieces = this.#pieces.filter((piece) => piece !== null)
    const replies = pieces.map((piece) => piece.reply!)
    const error = errorAmong(replies, this.#isWrite)
    if (error !== undefined) return this.#place.fill(error)
    const { gather } = this.#row
    if (gather === 'sum') this.#place.fill(sumOf(replies))
    else if (gather === 'all-ok') this.#place.fill(OK)
    else
      this.#place.fill(
        inOrder(
          replies,
          pieces.map((piece) => piece.keyNumbers),
        ),
      )
  }
}
