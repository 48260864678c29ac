/**
 * Scan walk [Machine]: one call of SCAN in a mesh. The cursor says at which slot the walk is, so it goes to whoever acts
 * for that slot, who walks on as far as its own slots reach and hands back the cursor of the next one.
 *
 *   cursor = slot * 2^32 + hash;   0 -> [slots of a] -> cursor into b's -> [slots of b] -> ... -> 0
 *
 * It is the same walk wherever it is asked, and every slot is passed once. Stretches without keys are passed within
 * one call, up to a limit: a client is not sent from node to node for nothing.
 */
import type { Args } from '../../resp/index.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import { UNREACHABLE } from './forwards.ts'
import { elementsOf, isError } from './joined-replies.ts'
import type { PartSender, PartTaker } from './part-sender.ts'
import type { RequestWriter } from './request-writer.ts'

const HASH_RANGE = 2 ** 32
/** Stretches passed in one call. */
const STRETCHES_MAX = 256

export interface ScanParts {
  readonly roles: SlotRoles
  readonly sender: PartSender
  readonly writer: RequestWriter
}

export interface ScanRequest {
  readonly args: Args
  readonly cursor: number
  readonly database: number
  readonly manners: number
}

export class ScanWalk implements PartTaker {
  readonly #parts: ScanParts
  readonly #request: ScanRequest
  readonly #options: readonly Buffer[]
  readonly #done: (reply: Buffer) => void
  #cursor: number
  #stretches = 0

  constructor(parts: ScanParts, request: ScanRequest, done: (reply: Buffer) => void) {
    const { args, cursor } = request
    this.#parts = parts
    this.#request = request
    this.#done = done
    this.#cursor = cursor
    this.#options = Array.from({ length: args.count - 2 }, (_, i) => args.copy(i + 2))
    this.reroute(0, 0)
  }

  fillSlot(_place: number, reply: Buffer): void {
    if (isError(reply)) return this.#done(reply)
    const cursorAt = reply.indexOf('\r\n', 4, 'latin1') + 2
    const cursorEnd = reply.indexOf('\r\n', cursorAt, 'latin1')
    const next = Number(reply.toString('latin1', cursorAt, cursorEnd))
    const isEmpty = elementsOf(reply, cursorEnd + 2).count === 0
    this.#stretches++
    if (!isEmpty || next === 0 || this.#stretches >= STRETCHES_MAX) return this.#done(reply)
    this.#cursor = next
    this.reroute(0, 0)
  }

  reroute(_place: number, tries: number): void {
    const { roles, sender, writer } = this.#parts
    const { database, manners } = this.#request
    const slot = Math.floor(this.#cursor / HASH_RANGE)
    const id = roles.actingId(slot)
    if (id === undefined) return this.#done(UNREACHABLE)
    writer
      .begin(2 + this.#options.length)
      .text('scan')
      .text(String(this.#cursor))
    for (const option of this.#options) writer.bytes(option, 0, option.length)
    sender.send(id, { raw: writer.end(), slot, isWrite: false, database, manners }, this, 0, tries)
  }
}
