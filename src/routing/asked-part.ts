/**
 * Asked part [Machine]: one request about one key, made here, on its way to whoever acts for the key, wherever that is by
 * then. The reply comes once, perhaps within the call.
 */
import type { SlotRoles } from '../replication/slot-roles.ts'
import { slotOf } from '../store/hash-slot.ts'
import { UNREACHABLE } from './forwards.ts'
import type { Part, PartSender, PartTaker } from './part-sender.ts'
import type { RequestWriter } from './request-writer.ts'

export interface AskedPartParts {
  readonly roles: SlotRoles
  readonly sender: PartSender
  readonly writer: RequestWriter
}

/** On whose behalf it is asked. */
export interface Asker {
  readonly database: number
  readonly manners: number
}

export type Replied = (reply: Buffer) => void

class AskedPart implements PartTaker {
  readonly #parts: AskedPartParts
  readonly #part: Part
  readonly #replied: Replied

  constructor(parts: AskedPartParts, part: Part, replied: Replied) {
    this.#parts = parts
    this.#part = part
    this.#replied = replied
  }

  fillSlot(_place: number, reply: Buffer): void {
    this.#replied(reply)
  }

  reroute(_place: number, tries: number): void {
    const { roles, sender } = this.#parts
    const nodeId = roles.actingId(this.#part.slot)
    if (nodeId === undefined) this.#replied(UNREACHABLE)
    else sender.send(nodeId, this.#part, this, 0, tries)
  }
}

/** `words`: the request; one of them is the key. */
export function askPart(
  parts: AskedPartParts,
  asker: Asker,
  isWrite: boolean,
  key: Buffer,
  words: readonly (string | Buffer)[],
  replied: Replied,
): void {
  const { writer } = parts
  writer.begin(words.length)
  for (const word of words) {
    if (typeof word === 'string') writer.text(word)
    else writer.bytes(word, 0, word.length)
  }
  const slot = slotOf(key, 0, key.length)
  new AskedPart(parts, { raw: writer.end(), slot, isWrite, ...asker }, replied).reroute(0, 0)
}
