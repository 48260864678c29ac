/**
 * Anti-entropy [Machine]: when this node compares itself with whom: one other owner at a time (pair-repair.ts), each at
 * its own interval, so that whatever hints and effects have not told is found out in the end.
 *
 *   clean -> the interval doubles, up to its most     dirty, moving or failed -> the shortest     other owners -> soon
 *   by hand (MESH REPAIR) -> before all that is due
 *
 * Clients come first: a round may use so many bytes, and while the event loop lags nothing is begun or gone on with. It
 * knows nothing of what is compared.
 */
import { DurationHistogram } from './duration-histogram.ts'
import { type PairParts, PairRepair, type PairResult } from './pair-repair.ts'
import type { RepairedSlots } from './repaired-slots.ts'
import type { SlotRoles } from './slot-roles.ts'
import type { SlotWalks } from './slot-walks.ts'

export interface AntiEntropyLimits {
  /** The longest interval, in shortest ones. */
  intervalsMax: number
  /** After a change of owners, so that they do not all begin at once. */
  soonMs: number
  /** Sent and received between two ticks. */
  bytesPerTick: number
  /** A tick that comes so much after the last one says that the event loop is busy. */
  lagMs: number
  /** Comparisons asked for by hand that wait. */
  ordersMax: number
}

export interface AntiEntropyParts extends Omit<PairParts, 'pace'> {
  readonly walks: SlotWalks
  readonly roles: SlotRoles
  readonly repaired: RepairedSlots
}

export interface AntiEntropyPorts {
  monotonicMs(): number
  /** 32 bits of luck. */
  random32(): number
  /** The shortest interval; 0: only by hand. */
  intervalMs(): number
  /** This node has caught up, and nothing is being settled. */
  mayStart(): boolean
  mayAsk(peerId: string): boolean
}

/** Another owner, as comparisons see it. */
export interface PairRow {
  readonly nodeId: string
  readonly state: 'waiting' | 'running' | 'away'
  readonly intervalMs: number
  readonly dueInMs: number
  /** Since the last comparison ended; -1: there was none. */
  readonly comparedMsAgo: number
  /** `moving`: nothing differed but what was too young to say. */
  readonly verdict: 'none' | 'clean' | 'moving' | 'dirty' | 'failed'
  readonly slotsLeft: number
}

interface Pair {
  readonly peerId: string
  intervalMs: number
  dueMs: number
  endedMs: number
  verdict: PairRow['verdict']
}

interface Order {
  readonly peerId: string
  /** -1: all. */
  readonly slot: number
}

export class AntiEntropy {
  limits: AntiEntropyLimits = {
    intervalsMax: 16,
    soonMs: 2000,
    bytesPerTick: 2 * 1024 * 1024,
    lagMs: 250,
    ordersMax: 1024,
  }
  readonly counters = {
    cycles: 0,
    clean: 0,
    moving: 0,
    dirty: 0,
    failed: 0,
    ordersDropped: 0,
    ticksLagged: 0,
    slotsCompared: 0,
    slotsDiffering: 0,
    keysListed: 0,
    keysPulled: 0,
    keysPushed: 0,
    keysLate: 0,
    bytes: 0,
    lastMs: 0,
  }
  readonly durations = new DurationHistogram()
  readonly #parts: AntiEntropyParts
  readonly #ports: AntiEntropyPorts
  readonly #pairs = new Map<string, Pair>()
  readonly #orders: Order[] = []
  #running: PairRepair | null = null
  #startedMs = 0
  /** What the comparison under way does as soon as there is room. */
  #parked: (() => void) | null = null
  #bytesLeft = 0
  #tickedMs = Number.NEGATIVE_INFINITY
  #isLagging = false
  #owners = ''
  /** Of the directive, when it was looked at last. */
  #intervalMs = 0

  constructor(parts: AntiEntropyParts, ports: AntiEntropyPorts) {
    this.#parts = parts
    this.#ports = ports
  }

  get orderCount(): number {
    return this.#orders.length
  }

  get isRunning(): boolean {
    return this.#running !== null
  }

  /** Owners have changed, or come and gone: what was clean says little now. */
  onMembers(): void {
    const { roles } = this.#parts
    const ids = new Set(roles.groups.flatMap(({ peerIds }) => peerIds))
    const there = [...ids].filter((id) => this.#ports.mayAsk(id))
    const owners = `${this.#parts.fingerprint()} ${there.sort().join()}`
    if (owners === this.#owners) return
    this.#owners = owners
    for (const id of this.#pairs.keys()) if (!ids.has(id)) this.#pairs.delete(id)
    for (const peerId of ids) if (!this.#pairs.has(peerId)) this.#pairs.set(peerId, freshPair(peerId))
    this.#hasten()
  }

  /** All are compared with soon, and begin with the shortest interval. */
  #hasten(): void {
    this.#intervalMs = this.#ports.intervalMs()
    for (const pair of this.#pairs.values()) {
      pair.intervalMs = this.#intervalMs
      pair.dueMs = this.#ports.monotonicMs() + this.limits.soonMs * this.#luck()
    }
  }

  /** Compares with every other owner as soon as possible; a slot, or -1 for all. Answers how many comparisons that is. */
  order(slot: number): number {
    const { roles } = this.#parts
    const peerIds =
      slot === -1 ? [...this.#pairs.keys()] : (roles.groups[roles.groupOf[slot]!]?.peerIds ?? [])
    let count = 0
    for (const peerId of peerIds) {
      const isOrdered = this.#orders.some((order) => order.peerId === peerId && order.slot === slot)
      if (!isOrdered && this.#orders.length < this.limits.ordersMax) this.#orders.push({ peerId, slot })
      count++
    }
    return count
  }

  onTick(nowMs: number): void {
    this.#isLagging = nowMs - this.#tickedMs > this.limits.lagMs
    this.#tickedMs = nowMs
    const { bytesPerTick } = this.limits
    this.#bytesLeft = Math.min(bytesPerTick, this.#bytesLeft + bytesPerTick)
    if (this.#isLagging) {
      this.counters.ticksLagged++
      return
    }
    if (this.#ports.intervalMs() !== this.#intervalMs) this.#hasten()
    this.#parts.walks.onTick()
    this.#resume()
    if (this.#running === null && this.#ports.mayStart()) this.#startNext(nowMs)
  }

  rows(): PairRow[] {
    const nowMs = this.#ports.monotonicMs()
    return [...this.#pairs.values()].map(({ dueMs, endedMs, intervalMs, peerId, verdict }) => {
      const isRunning = this.#running?.peerId === peerId
      return {
        nodeId: peerId,
        state: isRunning ? 'running' : this.#ports.mayAsk(peerId) ? 'waiting' : 'away',
        intervalMs,
        dueInMs: isRunning ? 0 : Math.max(0, Math.round(dueMs - nowMs)),
        comparedMsAgo: Number.isFinite(endedMs) ? Math.round(nowMs - endedMs) : -1,
        verdict,
        slotsLeft: isRunning ? this.#running!.slotsLeft : 0,
      }
    })
  }

  #resume(): void {
    const next = this.#parked
    if (next === null || this.#bytesLeft <= 0) return
    this.#parked = null
    next()
  }

  #startNext(nowMs: number): void {
    for (let order = this.#orders.shift(); order !== undefined; order = this.#orders.shift()) {
      if (this.#ports.mayAsk(order.peerId)) return this.#start(order.peerId, order.slot, nowMs)
      this.counters.ordersDropped++
    }
    if (this.#ports.intervalMs() === 0) return
    let first: Pair | undefined
    for (const pair of this.#pairs.values()) {
      if (pair.dueMs > nowMs || !this.#ports.mayAsk(pair.peerId)) continue
      if (first === undefined || pair.dueMs < first.dueMs) first = pair
    }
    if (first !== undefined) this.#start(first.peerId, -1, nowMs)
  }

  #start(peerId: string, slot: number, nowMs: number): void {
    const parts: PairParts = {
      ...this.#parts,
      pace: (bytes, next) => {
        this.#bytesLeft -= bytes
        if (this.#bytesLeft > 0 && !this.#isLagging) next()
        else this.#parked = next
      },
    }
    this.#startedMs = nowMs
    this.#running = new PairRepair(parts, peerId, slot, (repair) => this.#onDone(repair))
    this.#running.start()
  }

  #onDone(repair: PairRepair): void {
    const { open, peerId, result, slot, startedMs, tree } = repair
    const nowMs = this.#ports.monotonicMs()
    this.#running = null
    this.#note(repair, nowMs - this.#startedMs)
    const compared = slot === -1 ? tree.isShared : only(tree.isShared, slot)
    this.#parts.repaired.note(peerId, startedMs, compared, open)
    const verdict = verdictOn(result)
    this.counters[verdict]++
    const pair = this.#pairs.get(peerId)
    if (pair === undefined) return
    pair.verdict = verdict
    pair.endedMs = nowMs
    // One slot says nothing about the others.
    if (slot !== -1) return
    const shortestMs = this.#ports.intervalMs()
    const longestMs = shortestMs * this.limits.intervalsMax
    pair.intervalMs =
      verdict === 'clean' ? Math.min(longestMs, Math.max(pair.intervalMs, shortestMs) * 2) : shortestMs
    pair.dueMs = nowMs + pair.intervalMs * (0.75 + 0.5 * this.#luck())
  }

  #note({ result }: PairRepair, tookMs: number): void {
    const { counters } = this
    counters.cycles++
    counters.slotsCompared += result.slotsCompared
    counters.slotsDiffering += result.slotsDiffering
    counters.keysListed += result.keysListed
    counters.keysPulled += result.keysPulled
    counters.keysPushed += result.keysPushed
    counters.keysLate += result.keysLate
    counters.bytes += result.bytes
    counters.lastMs = Math.round(tookMs)
    this.durations.add(tookMs)
  }

  #luck(): number {
    return (this.#ports.random32() >>> 0) / 0x100000000
  }
}

function verdictOn(result: PairResult): PairRow['verdict'] & keyof AntiEntropy['counters'] {
  if (!result.isDone) return 'failed'
  if (result.keysPulled + result.keysPushed > 0) return 'dirty'
  return result.slotsMoving > 0 ? 'moving' : 'clean'
}

function freshPair(peerId: string): Pair {
  return { peerId, intervalMs: 0, dueMs: 0, endedMs: Number.NEGATIVE_INFINITY, verdict: 'none' }
}

function only(isShared: Uint8Array, slot: number): Uint8Array {
  const one = new Uint8Array(isShared.length)
  one[slot] = isShared[slot]!
  return one
}
