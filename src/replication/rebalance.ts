/**
 * Rebalance [Machine]: what changes hands at this node since its owners last changed, and how far that has come: the ranges
 * it gained with whom they come from, how many of their slots are here, how fast the rest is coming. It moves nothing and
 * decides nothing; it counts what intake, settling and leftovers do.
 */
import type { Plan, PlanRange } from '../placement/plan.ts'

export interface RebalancePorts {
  monotonicMs(): number
  isWhole(slot: number): boolean
  /** Since the process began. */
  keysMoved(): number
  bytesMoved(): number
}

export type RangeState = 'planned' | 'moving' | 'done'

export interface RangeProgress {
  readonly first: number
  readonly last: number
  readonly from: readonly string[]
  readonly slotsDone: number
  readonly state: RangeState
}

export interface RebalanceProgress {
  readonly slotsPlanned: number
  readonly slotsDone: number
  readonly rangesPlanned: number
  readonly rangesMoving: number
  readonly rangesDone: number
  /** Primaries that moved, here or elsewhere, with the last change. */
  readonly primariesChanged: number
  readonly keys: number
  readonly bytes: number
  readonly keysPerSecond: number
  readonly bytesPerSecond: number
  readonly elapsedMs: number
  /** Until everything is here, at the pace so far; 0: nothing is left, -1: there is no pace yet. */
  readonly etaMs: number
}

/** The rate is that of about this long. */
const RATE_MS = 2000

export class Rebalance {
  readonly counters = { plans: 0, placesGained: 0, placesLost: 0 }
  readonly #selfId: string
  readonly #ports: RebalancePorts
  #gains: readonly PlanRange[] = []
  #primariesChanged = 0
  #startMs = 0
  #endMs = 0
  #keysAtStart = 0
  #bytesAtStart = 0
  // Where the rate was measured last.
  #lookedMs = 0
  #keysSeen = 0
  #bytesSeen = 0
  #keysPerSecond = 0
  #bytesPerSecond = 0

  constructor(selfId: string, ports: RebalancePorts) {
    this.#selfId = selfId
    this.#ports = ports
  }

  onPlaced(plan: Plan): void {
    const { bytesMoved, isWhole, keysMoved, monotonicMs } = this.#ports
    this.counters.plans++
    for (const { end, gained, lost, start } of plan.ranges) {
      if (gained.includes(this.#selfId)) this.counters.placesGained += end - start + 1
      if (lost.includes(this.#selfId)) this.counters.placesLost += end - start + 1
    }
    // What an earlier change has brought under way is still on its way, unless it is ours no longer.
    const isOver = (slot: number): boolean => isWhole(slot) || isTaken(plan, slot, this.#selfId)
    const kept = this.#gains.flatMap((range) => remainders(range, isOver))
    const gained = plan.ranges.filter((range) => range.gained.includes(this.#selfId))
    if (kept.length === 0) {
      this.#startMs = monotonicMs()
      this.#keysAtStart = keysMoved()
      this.#bytesAtStart = bytesMoved()
    }
    this.#gains = [...kept, ...gained]
    this.#primariesChanged = plan.primariesChanged
    this.#endMs = 0
  }

  onTick(nowMs: number): void {
    if (nowMs - this.#lookedMs >= RATE_MS) {
      const seconds = (nowMs - this.#lookedMs) / 1000
      const keys = this.#ports.keysMoved()
      const bytes = this.#ports.bytesMoved()
      this.#keysPerSecond = Math.round((keys - this.#keysSeen) / seconds)
      this.#bytesPerSecond = Math.round((bytes - this.#bytesSeen) / seconds)
      this.#keysSeen = keys
      this.#bytesSeen = bytes
      this.#lookedMs = nowMs
    }
    if (this.#endMs === 0 && this.#gains.length > 0 && this.#slotsLeft() === 0) this.#endMs = nowMs
  }

  ranges(): RangeProgress[] {
    return this.#gains.map(({ before, end, start }) => {
      const slotsDone = countWhole(start, end, this.#ports.isWhole)
      const state = slotsDone > end - start ? 'done' : slotsDone > 0 ? 'moving' : 'planned'
      return { first: start, last: end, from: before, slotsDone, state }
    })
  }

  progress(): RebalanceProgress {
    const ranges = this.ranges()
    let slotsPlanned = 0
    let slotsDone = 0
    const counts = { planned: 0, moving: 0, done: 0 }
    for (const range of ranges) {
      slotsPlanned += range.last - range.first + 1
      slotsDone += range.slotsDone
      counts[range.state]++
    }
    const elapsedMs = ranges.length === 0 ? 0 : (this.#endMs || this.#ports.monotonicMs()) - this.#startMs
    const left = slotsPlanned - slotsDone
    const paceMs = slotsDone === 0 ? -1 : (elapsedMs / slotsDone) * left
    return {
      slotsPlanned,
      slotsDone,
      rangesPlanned: counts.planned,
      rangesMoving: counts.moving,
      rangesDone: counts.done,
      primariesChanged: this.#primariesChanged,
      keys: this.#ports.keysMoved() - this.#keysAtStart,
      bytes: this.#ports.bytesMoved() - this.#bytesAtStart,
      keysPerSecond: this.#keysPerSecond,
      bytesPerSecond: this.#bytesPerSecond,
      elapsedMs: Math.round(elapsedMs),
      etaMs: left === 0 ? 0 : Math.round(paceMs),
    }
  }

  #slotsLeft(): number {
    let left = 0
    for (const { end, start } of this.#gains)
      left += end - start + 1 - countWhole(start, end, this.#ports.isWhole)
    return left
  }
}

function countWhole(first: number, last: number, isWhole: (slot: number) => boolean): number {
  let count = 0
  for (let slot = first; slot <= last; slot++) if (isWhole(slot)) count++
  return count
}

/** What of the range is not over yet, as ranges. */
function remainders(range: PlanRange, isOver: (slot: number) => boolean): PlanRange[] {
  const left: PlanRange[] = []
  for (let slot = range.start; slot <= range.end; slot++) {
    if (isOver(slot)) continue
    const last = left.at(-1)
    if (last !== undefined && last.end === slot - 1) left[left.length - 1] = { ...last, end: slot }
    else left.push({ ...range, start: slot, end: slot })
  }
  return left
}

function isTaken(plan: Plan, slot: number, selfId: string): boolean {
  const range = plan.ranges.find(({ end, start }) => start <= slot && slot <= end)
  return range !== undefined && !range.after.includes(selfId)
}
