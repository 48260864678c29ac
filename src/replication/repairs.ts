/**
 * Repairs [Machine]: pushes slots to owners that are behind there, when nobody waits for it: those found by settling,
 * and all slots shared with an owner whose hints did not tell everything.
 *
 *   offer(peer, slot)  -> queue -> slot push
 *   repairPeer(peer)   -> survey of its slots, a portion at a time -> offers where summaries differ -> next portion
 *
 * It claims nothing: a claim of one owner alone would prove nothing. Nor does it decide what is newer.
 */
import type { ExchangeParts } from './slot-pull.ts'
import { SlotPush } from './slot-push.ts'
import type { SlotRoles } from './slot-roles.ts'
import type { OwnersSummaries } from './slot-runs.ts'
import { SlotSummary } from './slot-summary.ts'
import { Survey } from './survey.ts'
import type { Transfers } from './transfers.ts'

export interface RepairLimits {
  /** Pushes under way. */
  pushesMax: number
  /** The same, of those somebody waits for. */
  bringsMax: number
  /** Slots in one question. */
  slotsPerSurvey: number
  /** Slots to push that wait; more are not remembered: the next comparison finds them again. */
  queuedMax: number
}

export interface RepairParts {
  readonly roles: SlotRoles
  readonly transfers: Transfers
  readonly exchange: ExchangeParts
  readonly fingerprint: () => number
}

interface Push {
  readonly peerId: string
  readonly slot: number
  readonly of: PeerRepair | null
}

/** One owner on its way to knowing all that this node knows of the slots they share. */
interface PeerRepair {
  readonly peerId: string
  readonly slots: readonly number[]
  readonly done: (isDone: boolean) => void
  next: number
  pushesLeft: number
  hasFailed: boolean
}

export class Repairs {
  limits: RepairLimits = { pushesMax: 8, bringsMax: 32, slotsPerSurvey: 2048, queuedMax: 65_536 }
  readonly counters = { surveys: 0, pushes: 0, pushesFailed: 0, pushesDropped: 0, peersRepaired: 0 }
  readonly #parts: RepairParts
  readonly #queue = new Map<string, Push>()
  readonly #byPeer = new Map<string, PeerRepair>()
  #underWay = 0
  readonly #brought: { peerId: string; slot: number; done: (isDone: boolean) => void }[] = []
  #bringing = 0
  readonly #own = new SlotSummary()

  constructor(parts: RepairParts) {
    this.#parts = parts
  }

  get queuedCount(): number {
    return this.#queue.size
  }

  get underWayCount(): number {
    return this.#underWay
  }

  /** The owner lacks something in the slot. */
  offer(peerId: string, slot: number): void {
    if (this.#enqueue({ peerId, slot, of: null })) this.#pump()
  }

  /** The same at once, for somebody who waits for it. */
  bring(peerId: string, slot: number, done: (isDone: boolean) => void): void {
    this.#brought.push({ peerId, slot, done })
    this.#bringNext()
  }

  #bringNext(): void {
    const next = this.#bringing < this.limits.bringsMax ? this.#brought.shift() : undefined
    if (next === undefined) return
    this.#bringing++
    const onDone = (isDone: boolean): void => {
      this.#bringing--
      next.done(isDone)
      this.#bringNext()
    }
    new SlotPush(this.#parts.exchange, this.#parts.transfers, next.peerId, next.slot, onDone).start()
  }

  /** Compares every slot shared with the owner and pushes where it differs; one at a time for each owner. */
  repairPeer(peerId: string, done: (isDone: boolean) => void): boolean {
    if (this.#byPeer.has(peerId)) return false
    const slots = this.#sharedWith(peerId)
    const repair = { peerId, slots, done, next: 0, pushesLeft: 0, hasFailed: false }
    this.#byPeer.set(peerId, repair)
    this.#goOn(repair)
    return true
  }

  #sharedWith(peerId: string): number[] {
    const { roles } = this.#parts
    const isIn = roles.groups.map((group) => group.peerIds.includes(peerId))
    const slots: number[] = []
    for (let slot = 0; slot < roles.roles.length; slot++) {
      if (isIn[roles.groupOf[slot]!]) slots.push(slot)
    }
    return slots
  }

  #goOn(repair: PeerRepair): void {
    if (repair.hasFailed || repair.next >= repair.slots.length) return this.#end(repair)
    const end = repair.next + this.limits.slotsPerSurvey
    const slots = repair.slots.slice(repair.next, end)
    repair.next = end
    this.counters.surveys++
    const events = {
      onAnswer: ({ slots }: Survey, answer: OwnersSummaries) => this.#onAnswer(repair, slots, answer),
      onEnd: (_survey: Survey, isWhole: boolean) => {
        if (!isWhole) repair.hasFailed = true
        if (repair.pushesLeft === 0) this.#goOn(repair)
        else this.#pump()
      },
    }
    const survey = new Survey(this.#parts.exchange, events, slots.length)
    const peerIds = [repair.peerId]
    for (const slot of slots) survey.add(slot, 0, peerIds)
    survey.start(this.#parts.fingerprint())
  }

  #onAnswer(repair: PeerRepair, slots: Uint16Array, answer: OwnersSummaries): void {
    for (let place = 0; place < slots.length; place++) {
      const slot = slots[place]!
      if (!answer.isOwner(place)) continue
      this.#own.measure(this.#parts.exchange.space, slot)
      if (answer.isEqual(place, this.#own)) continue
      if (this.#enqueue({ peerId: repair.peerId, slot, of: repair })) repair.pushesLeft++
    }
  }

  #end(repair: PeerRepair): void {
    this.#byPeer.delete(repair.peerId)
    if (!repair.hasFailed) this.counters.peersRepaired++
    repair.done(!repair.hasFailed)
  }

  #enqueue(push: Push): boolean {
    const name = `${push.slot} ${push.peerId}`
    const queued = this.#queue.get(name)
    if (queued !== undefined && (queued.of !== null || push.of === null)) return false
    if (queued === undefined && this.#queue.size >= this.limits.queuedMax) {
      this.counters.pushesDropped++
      if (push.of !== null) push.of.hasFailed = true
      return false
    }
    this.#queue.set(name, push)
    return true
  }

  #pump(): void {
    for (const [name, push] of this.#queue) {
      if (this.#underWay >= this.limits.pushesMax) break
      this.#queue.delete(name)
      this.#underWay++
      this.counters.pushes++
      const done = (isDone: boolean) => this.#onPushed(push, isDone)
      new SlotPush(this.#parts.exchange, this.#parts.transfers, push.peerId, push.slot, done).start()
    }
  }

  #onPushed({ of }: Push, isDone: boolean): void {
    this.#underWay--
    if (!isDone) this.counters.pushesFailed++
    if (of !== null) {
      of.pushesLeft--
      if (!isDone) of.hasFailed = true
      if (of.pushesLeft === 0) this.#goOn(of)
    }
    this.#pump()
  }
}
