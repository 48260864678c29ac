/**
 * All nodes [Machine]: reads that concern the keys of the whole mesh: DBSIZE, KEYS, RANDOMKEY and SCAN. Each acting
 * node answers for the slots it acts for, settled ones only: who is asked before it has settled lets the request wait,
 * so that a count made during a takeover is late rather than wrong.
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { readCursor } from '../commands/element-scan.ts'
import { NOBODY, SERVING, type SlotRoles, UNSETTLED } from '../replication/slot-roles.ts'
import type { Session } from '../session/session.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { ActingNodes } from './acting-nodes.ts'
import { mannersByte } from './forward-body.ts'
import { NOT_PRIMARY } from './forwards.ts'
import { HeldPlace } from './held-place.ts'
import { concatOf, errorAmong, sumOf } from './joined-replies.ts'
import { NodeRound, type RoundParts } from './node-round.ts'
import type { PartSender } from './part-sender.ts'
import type { Parking } from './parking.ts'
import { RandomKey } from './random-keys.ts'
import type { RequestWriter } from './request-writer.ts'
import { DOWN, NOT_SERVED, type RouterSettings, TOO_MANY_WAITING } from './router.ts'
import { ScanWalk } from './scan-walk.ts'

const HASH_RANGE = 2 ** 32

export interface AllNodesParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly acting: ActingNodes
  readonly parking: Parking
  readonly sender: PartSender
  readonly writer: RequestWriter
  readonly settings: RouterSettings
  readonly ports: { monotonicMs(): number; random32(): number }
}

export class AllNodes {
  readonly #parts: AllNodesParts

  constructor(parts: AllNodesParts) {
    this.#parts = parts
  }

  /** True: run it here, over the slots served here. */
  admits(session: Session, row: CommandRow, args: Args): boolean {
    const { gather } = row
    const cursor = gather === 'cursor' ? readCursor(args.bytes, args.starts[1]!, args.ends[1]!) : -1
    // What is no cursor of ours is the command's to refuse.
    if (gather === 'cursor' && !(cursor < SLOT_COUNT * HASH_RANGE)) return true
    if (session.isProxied || this.#isAlone()) {
      return gather === 'cursor' ? this.#admitsScan(session, args, cursor) : this.#admitsWhole(session, args)
    }
    if (gather === 'cursor') this.#scan(session, args, cursor)
    else if (gather === 'any') this.#draw(session)
    else this.#ask(session, row, args)
    return false
  }

  #isAlone(): boolean {
    const nodes = this.#parts.acting.all()
    return nodes.length === 1 && nodes[0]!.id === this.#parts.selfId && this.#parts.acting.isComplete
  }

  #admitsWhole(session: Session, args: Args): boolean {
    const { acting, roles, settings } = this.#parts
    const slot = acting.unsettledSlot
    if (slot >= 0) return this.#park(session, args, slot)
    return !roles.hasLapses || settings.allowsStaleReads || refuse(session, DOWN)
  }

  #admitsScan(session: Session, args: Args, cursor: number): boolean {
    const { roles, settings } = this.#parts
    const slot = Math.floor(cursor / HASH_RANGE)
    const role = roles.roles[slot]!
    if (role === UNSETTLED) return this.#park(session, args, slot)
    if (role !== SERVING) return refuse(session, NOT_PRIMARY)
    const isLapsed = roles.hasLapses && roles.isLapsed(slot)
    return !isLapsed || settings.allowsStaleReads || refuse(session, DOWN)
  }

  #park(session: Session, args: Args, slot: number): false {
    const { parking, ports } = this.#parts
    if (parking.park(session, args, slot, ports.monotonicMs())) return false
    return refuse(session, TOO_MANY_WAITING)
  }

  #ask(session: Session, row: CommandRow, args: Args): void {
    const place = new HeldPlace(session)
    const raw = Buffer.from(args.bytes.subarray(args.requestStart, args.requestEnd))
    const request = { raw, database: session.database, manners: mannersByte(session) }
    const join = row.gather === 'concat' ? concatOf : sumOf
    const round = new NodeRound(
      this.#roundParts(),
      request,
      (_nodes, replies) => place.fill(errorAmong(replies, false) ?? join(replies)),
      0,
    )
    if (round.isWaiting) place.hold()
  }

  #draw(session: Session): void {
    const place = new HeldPlace(session)
    const { database, protocol } = session
    const request = { database, protocol, manners: mannersByte(session) }
    const draw = new RandomKey(this.#roundParts(), request, this.#parts.ports.random32, (reply) =>
      place.fill(reply),
    )
    if (draw.isWaiting) place.hold()
  }

  #scan(session: Session, args: Args, cursor: number): void {
    if (this.#parts.roles.roles[Math.floor(cursor / HASH_RANGE)] === NOBODY) {
      refuse(session, NOT_SERVED)
      return
    }
    const place = new HeldPlace(session)
    const request = { args, cursor, database: session.database, manners: mannersByte(session) }
    new ScanWalk(this.#parts, request, (reply) => place.fill(reply))
  }

  #roundParts(): RoundParts {
    return this.#parts
  }
}

function refuse(session: Session, error: string): false {
  session.writer.error(error)
  return false
}
