/**
 * Acting nodes [Machine]: the nodes that act for some slot, each with one of its slots; made anew only when the roles
 * have changed. The state of slots is asked for here too, where a request concerns many of them.
 */
import type { SlotRoles } from '../replication/slot-roles.ts'
import { NO_MEMBER } from '../replication/owners-table.ts'
import { NOBODY, UNSETTLED } from '../replication/slot-roles.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'

export interface ActingNode {
  readonly id: string
  readonly slot: number
}

export class ActingNodes {
  readonly #roles: SlotRoles
  #nodes: readonly ActingNode[] = []
  #madeAt = -1

  constructor(roles: SlotRoles) {
    this.#roles = roles
  }

  all(): readonly ActingNode[] {
    const roles = this.#roles
    if (this.#madeAt === roles.counters.updates) return this.#nodes
    this.#madeAt = roles.counters.updates
    const slots = new Map<number, number>()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const acting = roles.acting[slot]!
      if (acting !== NO_MEMBER && !slots.has(acting)) slots.set(acting, slot)
    }
    this.#nodes = [...slots.values()].map((slot) => ({ id: roles.actingId(slot)!, slot }))
    return this.#nodes
  }

  /** Does somebody act for every slot? */
  get isComplete(): boolean {
    return this.#roles.roles.indexOf(NOBODY) === -1
  }

  /** A slot this node acts for and has not settled, or -1. */
  get unsettledSlot(): number {
    return this.#roles.roles.indexOf(UNSETTLED)
  }
}
