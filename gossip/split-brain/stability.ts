/*
 * How long a split has stood still, and how long it has been restless.
 *
 * The idea: to decide while things still move is to decide differently on each side. So a deadline starts
 * anew whenever a member comes up, goes, or changes in reach (Pekko), and a split that never comes to rest
 * has a longer deadline of its own, which starts with its first change. atomr knows only the time of first
 * sight. It decides nothing. Shape: machine.
 */
import { memberDc } from '../datacenter.ts'
import { isSplit } from './decide.ts'
import type { SplitBrainSettings } from './settings.ts'
import type { PartitionView, ViewedMember } from './view.ts'

/** The larger the mesh, the longer its news takes to be everywhere. */
export const STABLE_AFTER_BY_SIZE: readonly (readonly [countMax: number, stableAfterMs: number])[] = [
  [5, 7000],
  [10, 10_000],
  [20, 13_000],
  [50, 17_000],
  [100, 20_000],
  [Number.POSITIVE_INFINITY, 30_000],
]

export const UNSTABLE_MS_MIN = 4000

export function stableAfterFor(memberCount: number, settings: SplitBrainSettings): number {
  if (settings.stableAfterMs !== undefined) return settings.stableAfterMs
  return STABLE_AFTER_BY_SIZE.find(([countMax]) => memberCount <= countMax)![1]
}

/** 0: for ever. */
export function patienceFor(stableAfterMs: number, settings: SplitBrainSettings): number {
  const { downAllWhenUnstableMs } = settings
  if (downAllWhenUnstableMs !== 'derived') return downAllWhenUnstableMs
  return Math.max(UNSTABLE_MS_MIN, (stableAfterMs * 3) / 4)
}

export interface Deadlines {
  /** When the strategy decides, should nothing change until then; undefined while nobody is out of reach. */
  readonly decidesAtMs: number | undefined
  /** When all go down, should the split still be restless then. */
  readonly downsAllAtMs: number | undefined
}

export class StabilityWatch {
  /** Is somebody who counts out of reach? */
  isSplit: boolean
  /** Members that the book looks at: the size that the deadline goes by. */
  memberCount: number
  /** The last change that starts the deadline anew. */
  changedMs: number
  /** Since when a split has been in sight; undefined: it is not. */
  splitSinceMs: number | undefined
  /** Changes of reachability since all was last well. */
  restlessCount: number

  private firstRestlessMs: number
  private latestRestlessMs: number
  private known: readonly ViewedMember[]
  private members: readonly ViewedMember[] | undefined
  private hasLooked: boolean

  constructor() {
    this.isSplit = false
    this.memberCount = 0
    this.changedMs = 0
    this.splitSinceMs = undefined
    this.restlessCount = 0
    this.firstRestlessMs = 0
    this.latestRestlessMs = 0
    this.known = []
    this.members = undefined
    this.hasLooked = false
  }

  /**
   * Costs nothing while the members are the very same array as before. Answers whether the deadline starts
   * anew.
   */
  onView(view: PartitionView, nowMs: number, settings: SplitBrainSettings): boolean {
    if (view.members === this.members) return false
    const isFirst = !this.hasLooked
    this.hasLooked = true
    this.members = view.members
    this.isSplit = isSplit(view, settings)
    if (!this.isSplit) this.splitSinceMs = undefined
    else this.splitSinceMs ??= nowMs
    const hasMoved = this.noteChanges(view, nowMs, settings) || isFirst
    if (hasMoved) this.changedMs = nowMs
    return hasMoved
  }

  /** A decision was made: what follows from it needs time to come to rest, too. */
  onDecided(nowMs: number): void {
    this.changedMs = nowMs
    this.restlessCount = 0
  }

  /** Other settings look at the same members with other eyes. */
  onSettings(): void {
    this.members = undefined
  }

  isMember(id: string, birth: number): boolean {
    return this.known.some((member) => member.id === id && member.birth === birth)
  }

  isRestlessTooLong(nowMs: number, settings: SplitBrainSettings): boolean {
    if (this.restlessCount === 0) return false
    const stableAfterMs = stableAfterFor(this.memberCount, settings)
    const patienceMs = patienceFor(stableAfterMs, settings)
    if (patienceMs > 0 && nowMs - this.firstRestlessMs > stableAfterMs + patienceMs) return true
    if (nowMs - this.latestRestlessMs > stableAfterMs * 2) this.restlessCount = 0
    return false
  }

  /** The deadline that the book goes by. */
  isDue(nowMs: number, settings: SplitBrainSettings): boolean {
    const decidesAtMs = this.deadlines(settings).decidesAtMs
    return decidesAtMs !== undefined && nowMs >= decidesAtMs
  }

  deadlines(settings: SplitBrainSettings): Deadlines {
    if (!this.isSplit) return { decidesAtMs: undefined, downsAllAtMs: undefined }
    const stableAfterMs = stableAfterFor(this.memberCount, settings)
    if (settings.compat === 'atomr') {
      return { decidesAtMs: this.splitSinceMs! + stableAfterMs, downsAllAtMs: undefined }
    }
    const patienceMs = patienceFor(stableAfterMs, settings)
    const canLosePatience = patienceMs > 0 && this.restlessCount > 0
    return {
      decidesAtMs: this.changedMs + stableAfterMs,
      downsAllAtMs: canLosePatience ? this.firstRestlessMs + stableAfterMs + patienceMs : undefined,
    }
  }

  private noteChanges(view: PartitionView, nowMs: number, settings: SplitBrainSettings): boolean {
    const self = view.members.find((member) => member.id === view.selfId)
    if (self === undefined) return false
    const dc = settings.compat === 'pekko' ? memberDc(self) : undefined
    const former = new FormerMembers(this.known)
    let hasMoved = false
    let isSettled = true
    let count = 0
    for (const member of view.members) {
      if (member.status === 'removed' || (dc !== undefined && memberDc(member) !== dc)) continue
      count++
      if (!member.isReachable && member.status !== 'down' && member.status !== 'exiting') isSettled = false
      const last = former.next(member.id)
      if (last === member) continue
      const before = last?.birth === member.birth ? last : undefined
      const isNewStatus = before?.status !== member.status
      if (isNewStatus && (member.status === 'up' || member.status === 'exiting')) hasMoved = true
      if (member === self) continue
      const isNewReach = (before?.isReachable ?? true) !== member.isReachable
      if (isNewReach || (isNewStatus && member.status === 'down')) {
        hasMoved = true
        this.noteRestlessness(nowMs)
      }
    }
    if (isSettled) this.restlessCount = 0
    this.known = view.members
    this.memberCount = count
    return hasMoved
  }

  private noteRestlessness(nowMs: number): void {
    if (this.restlessCount++ === 0) this.firstRestlessMs = nowMs
    this.latestRestlessMs = nowMs
  }
}

/** Finds members again in an older list: mostly at the same place, or past one that is gone. */
class FormerMembers {
  private readonly list: readonly ViewedMember[]
  private place: number
  private byId: Map<string, ViewedMember> | undefined

  constructor(list: readonly ViewedMember[]) {
    this.list = list
    this.place = 0
    this.byId = undefined
  }

  next(id: string): ViewedMember | undefined {
    for (let skip = 0; skip < 2; skip++) {
      const member = this.list[this.place + skip]
      if (member?.id !== id) continue
      this.place += skip + 1
      return member
    }
    this.byId ??= new Map(this.list.map((member) => [member.id, member]))
    return this.byId.get(id)
  }
}
