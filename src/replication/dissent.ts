/**
 * Dissent [Machine]: slots this owner has promised to somebody else than who acts there now, under a term that may be
 * higher than the one in force: in a split each side claims what the other goes on with, in vain. What is written there is
 * refused here, and so who acts has to claim the slot anew. He would find out one slot at a time, whenever a client touches
 * it, and let that client wait. So he is told as soon as it is known who acts, some slots at a time, and claims them at once.
 *
 * A promise is kept all the same until a higher claim comes (claims.ts). It knows no data, and not who is right.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { type Verbs, verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Claims } from './claims.ts'
import type { PeerPort } from './peer-port.ts'
import { NO_MEMBER, NO_TABLE, type OwnersTable } from './owners-table.ts'
import { ELSEWHERE, type SlotRoles } from './slot-roles.ts'

export interface DissentParts {
  readonly roles: SlotRoles
  readonly claims: Claims
  readonly peers: PeerPort
  /** Of the placement: who sees another one tells nothing, and is not heeded - he may have been given up. */
  readonly fingerprint: () => number
}

export interface DissentLimits {
  /** Told to each who acts, in one tick: they are settled anew together, and their requests wait meanwhile. */
  slotsPerTick: number
  answerMs: number
  /** Before who has not answered is told again. */
  restMs: number
}

export class Dissent {
  limits: DissentLimits = { slotsPerTick: 1024, answerMs: 1500, restMs: 250 }
  readonly counters = { told: 0, heeded: 0 }
  readonly #parts: DissentParts
  /** By slot: who has been told, by number of the member, and of which term. */
  readonly #toldTo = new Uint16Array(SLOT_COUNT).fill(NO_MEMBER)
  readonly #toldTerms = new Uint32Array(SLOT_COUNT)
  readonly #body = new ByteWriter()
  #table: OwnersTable = NO_TABLE
  /** Of roles, as of the last look. */
  #updates = 0
  #isDue = false
  #restsUntilMs = 0

  constructor(parts: DissentParts) {
    this.#parts = parts
  }

  bind(table: Verbs): void {
    table.bind('dissent', (from, { correlation, bytes, end, fields, start }) => {
      if (fields[0] !== this.#parts.fingerprint()) from.fail(correlation, 'another placement')
      else if (this.#heed(new ByteReader(bytes, start, end))) from.answer(correlation, [])
      else from.fail(correlation, 'not a list of terms')
    })
  }

  onTick(nowMs: number): void {
    const { counters, table } = this.#parts.roles
    if (counters.updates !== this.#updates) {
      this.#updates = counters.updates
      this.#isDue = true
    }
    if (!this.#isDue || nowMs < this.#restsUntilMs) return
    this.#isDue = false
    if (table !== this.#table) {
      this.#table = table
      this.#toldTo.fill(NO_MEMBER)
    }
    for (const [acting, slots] of this.#portions()) this.#tell(acting, slots, nowMs)
  }

  /** By number of who acts. */
  #portions(): Map<number, number[]> {
    const portions = new Map<number, number[]>()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      if (!this.#isToBeTold(slot)) continue
      const acting = this.#parts.roles.acting[slot]!
      const portion = portions.get(acting)
      if (portion === undefined) portions.set(acting, [slot])
      else if (portion.length < this.limits.slotsPerTick) portion.push(slot)
      else this.#isDue = true
    }
    return portions
  }

  #isToBeTold(slot: number): boolean {
    const { claims, roles } = this.#parts
    if (roles.roles[slot] !== ELSEWHERE || !roles.owns(slot)) return false
    const acting = roles.acting[slot]!
    const term = claims.termOf(slot)
    if (term === 0 || claims.holderOf(slot) === this.#table.members[acting]) return false
    return this.#toldTo[slot] !== acting || this.#toldTerms[slot] !== term
  }

  #tell(acting: number, slots: readonly number[], nowMs: number): void {
    const { claims, fingerprint, peers } = this.#parts
    const body = this.#body
    const table = this.#table
    body.clear()
    for (const slot of slots) {
      const term = claims.termOf(slot)
      this.#toldTo[slot] = acting
      this.#toldTerms[slot] = term
      body.u16(slot)
      body.u32(term)
    }
    this.counters.told += slots.length
    const answered = (outcome: Outcome): void => {
      if (outcome.kind === 'answer' || table !== this.#table) return
      for (const slot of slots) if (this.#toldTo[slot] === acting) this.#toldTo[slot] = NO_MEMBER
      this.#isDue = true
      this.#restsUntilMs = nowMs + this.limits.restMs
    }
    const peerId = table.members[acting]!
    const { answerMs } = this.limits
    peers.ask(peerId, verbs.dissent, [fingerprint()], body.bytes, answerMs, answered, 0, body.length)
  }

  /** False: the rest of it cannot be read. */
  #heed(input: ByteReader): boolean {
    const { claims, roles } = this.#parts
    const overtaken: number[] = []
    let isSound = true
    while (isSound && !input.isAtEnd) {
      const slot = input.u16()
      const term = input.u32()
      isSound = !input.isBroken && slot < SLOT_COUNT
      if (isSound && roles.owns(slot) && claims.learn(slot, term)) overtaken.push(slot)
    }
    this.counters.heeded += overtaken.length
    roles.unsettleEach(overtaken)
    return isSound
  }
}
