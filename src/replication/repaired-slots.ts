/**
 * Repaired slots [Machine]: when each slot was last found, or made, equal with each of its other owners. A removal may
 * be forgotten once that has happened with all of them since: nobody holds an older value any more.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { SlotRoles } from './slot-roles.ts'

/** Versions of other nodes may be dated so much before the moment they came here. */
export const CLOCK_SLACK_MS = 120_000

export class RepairedSlots {
  readonly #sinceMs = new Map<string, Float64Array>()

  /** As of this moment, this owner and this node held the same in all slots marked, except for those left open. */
  note(peerId: string, atMs: number, isShared: Uint8Array, open: ReadonlySet<number>): void {
    let times = this.#sinceMs.get(peerId)
    if (times === undefined) this.#sinceMs.set(peerId, (times = new Float64Array(SLOT_COUNT)))
    for (let slot = 0; slot < SLOT_COUNT; slot++)
      if (isShared[slot] === 1 && !open.has(slot)) times[slot] = atMs
  }

  /** Has every other owner of the slot been compared with since then? */
  isSince(slot: number, ms: number, roles: SlotRoles): boolean {
    const peerIds = roles.groups[roles.groupOf[slot]!]?.peerIds ?? []
    return peerIds.every((peerId) => (this.#sinceMs.get(peerId)?.[slot] ?? 0) >= ms + CLOCK_SLACK_MS)
  }

  /** It is no member any more: should it come back, it has to be compared with anew. */
  forget(peerId: string): void {
    this.#sinceMs.delete(peerId)
  }
}
