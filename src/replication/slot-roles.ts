/**
 * Slot roles [Machine]: what this node is to each slot, in the one form the hot path reads: a byte a slot.
 *
 *   ELSEWHERE   somebody else is the acting primary: forward
 *   SERVING     this node is, and it is settled there: run
 *   UNSETTLED   this node is, but may have missed writes: settle first
 *   NOBODY      no owner can act: refuse
 *
 * The acting primary is the first owner, in rank order, who is believed alive and ready (Dynamo 4.6 has no such node; here
 * it serialises writes). Who begins to act for a slot it did not act for before is unsettled there. A node acts only
 * while it hears enough owners to make a quorum, which is looked at before each turn: a process that was frozen
 * notices before it answers. It decides nothing about data and knows neither links nor gossip.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { PRESENCE_INTERVAL_MS } from './patience.ts'
import type { Group } from './batches.ts'
import { NO_MEMBER, NO_TABLE, OwnerLists, type OwnersTable } from './owners-table.ts'

export const ELSEWHERE = 0
export const SERVING = 1
export const UNSETTLED = 2
export const NOBODY = 3

export interface MemberBelief {
  /** Alive, linked or at least not refused, and ready: it may act, and its word counts. */
  mayAct(id: string): boolean
  /** Alive, though perhaps not ready: it keeps what it is sent. */
  mayHold(id: string): boolean
  /** Monotonic milliseconds of the last sign of life. */
  heardMs(id: string): number
}

export interface RoleEvents {
  /** These slots have to be settled before they are served; their waiting commands are the caller's. */
  onUnsettled(slots: readonly number[]): void
  /** This node acts for these slots no longer. */
  onLost(slots: readonly number[]): void
}

export class SlotRoles {
  readonly roles = new Uint8Array(SLOT_COUNT).fill(NOBODY)
  /** Number of the acting primary, or NO_MEMBER. */
  readonly acting = new Uint16Array(SLOT_COUNT).fill(NO_MEMBER)
  readonly groupOf = new Uint16Array(SLOT_COUNT)
  readonly #isOwned = new Uint8Array(SLOT_COUNT)
  readonly counters = { updates: 0, takeovers: 0, handovers: 0, lapses: 0 }
  groups: readonly Group[] = []
  table: OwnersTable = NO_TABLE
  lists = new OwnerLists(NO_TABLE)
  /** Some group of ours is out of reach of a quorum: each command has to ask which. */
  hasLapses = false
  #lapsed = new Uint8Array(0)
  /** By number of the member, as of the last update. */
  #mayAct: readonly boolean[] = []
  #lookedMs = Number.NEGATIVE_INFINITY
  readonly #selfId: string
  readonly #belief: MemberBelief
  readonly #events: RoleEvents
  readonly #presenceMs: () => number

  /** `presenceMs`: how long the last sign of life of an owner counts; the suspicion time. */
  constructor(selfId: string, belief: MemberBelief, events: RoleEvents, presenceMs: () => number) {
    this.#selfId = selfId
    this.#belief = belief
    this.#events = events
    this.#presenceMs = presenceMs
  }

  /** A new placement, or a new belief about who may act. */
  update(table: OwnersTable, nowMs: number): void {
    this.counters.updates++
    // Other owners than those asked before: what was settled with those says nothing about these.
    const hasNewOwners = table !== this.table
    if (hasNewOwners) this.#adopt(table)
    const { members, copies, owners } = table
    const mayAct = members.map((id) => this.#belief.mayAct(id))
    this.#lookedMs = Number.NEGATIVE_INFINITY
    if (!hasNewOwners && mayAct.every((may, member) => may === this.#mayAct[member])) return this.look(nowMs)
    this.#mayAct = mayAct
    const self = members.indexOf(this.#selfId)
    const unsettled: number[] = []
    const lost: number[] = []
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const acting = firstActing(owners, slot * copies, copies, mayAct)
      const before = this.roles[slot]!
      this.acting[slot] = acting
      const isOurs = acting !== NO_MEMBER && acting === self
      if (isOurs && !hasNewOwners && (before === SERVING || before === UNSETTLED)) continue
      if (isOurs) {
        this.roles[slot] = UNSETTLED
        unsettled.push(slot)
      } else {
        if (before === SERVING || before === UNSETTLED) lost.push(slot)
        this.roles[slot] = acting === NO_MEMBER ? NOBODY : ELSEWHERE
      }
    }
    this.counters.takeovers += unsettled.length
    this.counters.handovers += lost.length
    this.look(nowMs)
    if (lost.length > 0) this.#events.onLost(lost)
    if (unsettled.length > 0) this.#events.onUnsettled(unsettled)
  }

  /** Before each turn: are enough owners still heard? */
  look(nowMs: number): void {
    if (nowMs - this.#lookedMs < PRESENCE_INTERVAL_MS) return
    this.#lookedMs = nowMs
    const oldestMs = nowMs - this.#presenceMs()
    const recovered = new Set<number>()
    let hasLapses = false
    for (let group = 0; group < this.groups.length; group++) {
      const { peerIds, acksForQuorum } = this.groups[group]!
      let heard = 0
      for (const id of peerIds) {
        if (this.#belief.mayHold(id) && this.#belief.heardMs(id) >= oldestMs) heard++
      }
      const isLapsed = heard < acksForQuorum
      if (isLapsed && this.#lapsed[group] === 0) this.counters.lapses++
      if (!isLapsed && this.#lapsed[group] === 1) recovered.add(group)
      this.#lapsed[group] = isLapsed ? 1 : 0
      hasLapses ||= isLapsed
    }
    this.hasLapses = hasLapses
    // The owners that were out of reach may have let somebody else act meanwhile.
    if (recovered.size > 0) this.#unsettleWhere((slot) => recovered.has(this.groupOf[slot]!))
  }

  isLapsed(slot: number): boolean {
    return this.#lapsed[this.groupOf[slot]!] === 1
  }

  /** Can each of the slot's other owners be written to now? */
  hasAll(slot: number): boolean {
    return (this.groups[this.groupOf[slot]!]?.peerIds ?? []).every((id) => this.#belief.mayHold(id))
  }

  settled(slot: number): void {
    if (this.roles[slot] === UNSETTLED) this.roles[slot] = SERVING
  }

  /** This node was away: others may have acted for its slots meanwhile. */
  unsettleAll(): void {
    this.#unsettleWhere((slot) => (this.groups[this.groupOf[slot]!]?.peerIds.length ?? 0) > 0)
  }

  /** Settled no longer: an owner knew better than this node. */
  unsettle(slot: number): void {
    if (this.roles[slot] !== SERVING) return
    this.roles[slot] = UNSETTLED
    this.#events.onUnsettled([slot])
  }

  /** The same of many at a time. */
  unsettleEach(slots: readonly number[]): void {
    const served = slots.filter((slot) => this.roles[slot] === SERVING)
    for (const slot of served) this.roles[slot] = UNSETTLED
    if (served.length > 0) this.#events.onUnsettled(served)
  }

  #unsettleWhere(isConcerned: (slot: number) => boolean): void {
    const slots: number[] = []
    for (let slot = 0; slot < SLOT_COUNT; slot++) if (isConcerned(slot)) slots.push(slot)
    this.unsettleEach(slots)
  }

  actingId(slot: number): string | undefined {
    const acting = this.acting[slot]!
    return acting === NO_MEMBER ? undefined : this.table.members[acting]
  }

  owns(slot: number): boolean {
    return this.#isOwned[slot] === 1
  }

  /** Slots with the same owners share one list. */
  ownersOf(slot: number): readonly string[] {
    return this.lists.of(slot)
  }

  /** Place of a member among the slot's owners, or -1. */
  rankOf(slot: number, id: string): number {
    const { members, copies, owners } = this.table
    for (let rank = 0; rank < copies; rank++) {
      const owner = owners[slot * copies + rank]!
      if (owner !== NO_MEMBER && members[owner] === id) return rank
    }
    return -1
  }

  /**
   * May this sender's effects on the slot be applied? Not while an owner ranked before it is believed able to act: two
   * acting primaries can then never both gather a quorum.
   */
  acceptsFrom(slot: number, senderId: string): boolean {
    const { members, copies, owners } = this.table
    for (let rank = 0; rank < copies; rank++) {
      const owner = owners[slot * copies + rank]!
      if (owner === NO_MEMBER) return false
      const id = members[owner]!
      if (id === senderId) return true
      if (this.#belief.mayAct(id)) return false
    }
    return false
  }

  /** Groups by their set of other owners; slots this node does not own have a group without peers. */
  #adopt(table: OwnersTable): void {
    this.table = table
    this.lists = new OwnerLists(table)
    const { all, numbers } = this.lists
    const known = new Map<string, number>()
    const groups: Group[] = []
    const isOwned = all.map((owners) => owners.includes(this.#selfId))
    const groupOfList = all.map((owners, list) => {
      const others = isOwned[list] ? owners.filter((id) => id !== this.#selfId) : []
      const peers = others.map((id) => table.members.indexOf(id)).sort((a, b) => a - b)
      const peerIds = peers.map((peer) => table.members[peer]!)
      const name = peers.join()
      const group = known.get(name)
      if (group !== undefined) return group
      known.set(name, groups.length)
      // All ring owners count, the dead ones too: a minority can never be a quorum.
      return groups.push({ peerIds, acksForQuorum: Math.floor((peerIds.length + 1) / 2) }) - 1
    })
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const list = numbers[slot]!
      this.groupOf[slot] = groupOfList[list]!
      this.#isOwned[slot] = isOwned[list] ? 1 : 0
    }
    this.groups = groups
    this.#lapsed = new Uint8Array(groups.length)
  }
}

function firstActing(owners: Uint16Array, at: number, copies: number, mayAct: readonly boolean[]): number {
  for (let rank = 0; rank < copies; rank++) {
    const owner = owners[at + rank]!
    if (owner !== NO_MEMBER && mayAct[owner]) return owner
  }
  return NO_MEMBER
}
