/*
 * The split-brain resolver of one node: when to decide, and what became of it.
 *
 * The idea: every node watches, those that may act decide. With Pekko that is the leader of the reachable
 * side (`shouldAct`, which the caller knows) - all the more where a lease is asked for, since two members of
 * one side would deny it to each other - while a split that stays restless downs all on every node at once.
 * With atomr each node acts for itself, again and again while the split lasts. A decision that waits for the
 * lease keeps the members it was made with. With Pekko's rules a decision that hangs on members who are only believed
 * to be in reach waits until they are heard from or missed. The resolver downs nobody: it says who is to be downed.
 * Shape: machine.
 */
import { decide, decideDownAll } from './decide.ts'
import type { Decision } from './decision.ts'
import type { LeasePort } from './lease.ts'
import { type LeaseCounters, LeaseHolder } from './lease-holder.ts'
import { decideAsHeard } from './lost-observers.ts'
import type { SplitBrainSettings } from './settings.ts'
import { type Deadlines, StabilityWatch } from './stability.ts'
import { hangsOnUnheard } from './unheard.ts'
import type { PartitionView, ViewedMember } from './view.ts'

/** Then it is made all the same, unless the split has been found restless before. */
export const UNHEARD_WAIT_MS_MAX = 30_000

export interface ResolverPorts {
  /** Needed by lease-majority. */
  readonly lease?: LeasePort
  /** This side has decided to give up: once per split. */
  onQuorumLost?(): void
  /** Everyone is in reach again after that: once. */
  onQuorumRegained?(): void
}

export interface ResolverCounters extends LeaseCounters {
  /** Decisions handed out, each with somebody to down. */
  decisions: number
  /** Of these, splits that stayed restless for too long. */
  unstableDecisions: number
  /** Members that were to be downed. */
  membersDowned: number
  /** Times that a deadline started anew. */
  deadlineRestarts: number
  /**
   * Decisions dropped on their way to the lease, because the split changed or this node may no longer act.
   */
  leaseWaitsDropped: number
  /** Ticks that a decision was due and hung on somebody who had not been heard from. */
  waitsForUnheard: number
  quorumLosses: number
}

/** A decision that needs the lease. */
interface LeaseWait {
  readonly decision: Decision
  readonly askAtMs: number
  isAsked: boolean
  /** The births of those who were members when it was made. */
  readonly births: ReadonlyMap<string, number>
}

export class SplitBrainResolver {
  readonly counters: ResolverCounters

  private settings: SplitBrainSettings
  private readonly ports: ResolverPorts
  private readonly watch: StabilityWatch
  private readonly lease: LeaseHolder | undefined
  private leaseWait: LeaseWait | undefined
  private hasLostQuorum: boolean

  constructor(settings: SplitBrainSettings, ports: ResolverPorts = {}) {
    this.counters = {
      decisions: 0,
      unstableDecisions: 0,
      membersDowned: 0,
      deadlineRestarts: 0,
      leaseWaitsDropped: 0,
      waitsForUnheard: 0,
      quorumLosses: 0,
      leasesAsked: 0,
      leasesHeld: 0,
      leasesDenied: 0,
      leasesUnanswered: 0,
      leasesLate: 0,
      leasesLost: 0,
      leasesReleased: 0,
    }
    this.settings = settings
    this.ports = ports
    this.watch = new StabilityWatch()
    this.lease = ports.lease && new LeaseHolder(ports.lease, this.counters)
    this.leaseWait = undefined
    this.hasLostQuorum = false
    this.checkLease(settings)
  }

  /**
   * Takes effect at once; deadlines are reckoned from the same changes as before, and a lease is kept as
   * planned.
   */
  configure(settings: SplitBrainSettings): void {
    this.checkLease(settings)
    this.settings = settings
    this.watch.onSettings()
    this.dropLeaseWait()
  }

  /**
   * To be called about once a second, with `shouldAct` on the leader of the reachable side. Answers who is to be downed;
   * undefined: nobody, or not yet, or not by this node.
   */
  onTick(view: PartitionView, nowMs: number, shouldAct: boolean): Decision | undefined {
    if (this.watch.onView(view, nowMs, this.settings)) this.counters.deadlineRestarts++
    this.lease?.onTick(nowMs, (id, birth) => this.watch.isMember(id, birth))
    const self = view.members.find((member) => member.id === view.selfId)
    if (self === undefined || self.status === 'down') {
      this.dropLeaseWait()
      return undefined
    }
    const decision =
      this.settings.compat === 'atomr'
        ? this.tickAtomr(view, self, nowMs, shouldAct)
        : this.tickPekko(view, self, nowMs, shouldAct)
    this.followQuorum(decision)
    return decision
  }

  /** True while nobody is out of reach, and once a split has stood still for long enough. */
  isStable(nowMs: number): boolean {
    return !this.watch.isSplit || this.watch.isDue(nowMs, this.settings)
  }

  deadlines(): Deadlines {
    return this.watch.deadlines(this.settings)
  }

  private tickPekko(
    view: PartitionView,
    self: ViewedMember,
    nowMs: number,
    shouldAct: boolean,
  ): Decision | undefined {
    if (this.leaseWait !== undefined) return this.advanceLeaseWait(view, self, nowMs, shouldAct)
    const { settings, watch } = this
    if (settings.strategy !== 'none' && watch.isRestlessTooLong(nowMs, settings)) {
      this.counters.unstableDecisions++
      const reason = `after ${watch.restlessCount} changes of reachability the split has found no rest`
      return this.hand(view, decideDownAll(view, settings, reason), nowMs)
    }
    if (!shouldAct || !watch.isDue(nowMs, settings)) return undefined
    const decision = decideAsHeard(view, settings)
    const { decidesAtMs } = watch.deadlines(settings)
    if (nowMs < decidesAtMs! + UNHEARD_WAIT_MS_MAX && hangsOnUnheard(view, self, settings, decision)) {
      this.counters.waitsForUnheard++
      return undefined
    }
    return this.startOrHand(view, self, decision, nowMs)
  }

  private tickAtomr(
    view: PartitionView,
    self: ViewedMember,
    nowMs: number,
    shouldAct: boolean,
  ): Decision | undefined {
    if (this.leaseWait !== undefined) return this.advanceLeaseWait(view, self, nowMs, shouldAct)
    if (!this.watch.isDue(nowMs, this.settings)) return undefined
    const decision = decide(view, this.settings)
    if (decision.lease !== undefined && !shouldAct) return undefined
    return this.startOrHand(view, self, decision, nowMs)
  }

  private startOrHand(
    view: PartitionView,
    self: ViewedMember,
    decision: Decision,
    nowMs: number,
  ): Decision | undefined {
    if (decision.lease === undefined) return this.hand(view, decision, nowMs)
    const births = new Map<string, number>()
    for (const member of view.members) births.set(member.id, member.birth)
    if (this.lease!.heldEpoch(nowMs) !== undefined) return this.handUnderLease(view, decision, births, nowMs)
    const { delayMs } = decision.lease
    this.leaseWait = { decision, askAtMs: nowMs + delayMs, isAsked: false, births }
    if (delayMs === 0) this.askLease(this.leaseWait, self, nowMs)
    return undefined
  }

  private advanceLeaseWait(
    view: PartitionView,
    self: ViewedMember,
    nowMs: number,
    shouldAct: boolean,
  ): Decision | undefined {
    const wait = this.leaseWait!
    if (!wait.isAsked) {
      if (!shouldAct || !this.watch.isDue(nowMs, this.settings)) this.dropLeaseWait()
      else if (nowMs >= wait.askAtMs) this.askLease(wait, self, nowMs)
      return undefined
    }
    const outcome = this.lease!.outcome(nowMs, this.settings.leaseAnswerMsMax)
    if (outcome === 'waiting') return undefined
    this.leaseWait = undefined
    if (outcome === 'held') return this.handUnderLease(view, wait.decision, wait.births, nowMs)
    return this.hand(view, stillThere(wait.decision.lease!.denied, view, wait.births), nowMs)
  }

  /** A life of a node holds the lease, so that its next life is somebody else. */
  private askLease(wait: LeaseWait, self: ViewedMember, nowMs: number): void {
    wait.isAsked = true
    this.lease!.ask(`${self.id}/${self.birth}`, nowMs, this.settings.leaseTtlMs)
  }

  private handUnderLease(
    view: PartitionView,
    planned: Decision,
    births: ReadonlyMap<string, number>,
    nowMs: number,
  ): Decision | undefined {
    const { action, reason } = planned
    const epoch = this.lease!.heldEpoch(nowMs)!
    const { ids } = stillThere(planned, view, births)
    const lives = new Map(ids.map((id) => [id, births.get(id)!]))
    this.lease!.keepFor(lives, this.settings.releaseAfterMs)
    return this.hand(view, { action, ids, reason, epoch }, nowMs)
  }

  private hand(view: PartitionView, decision: Decision, nowMs: number): Decision | undefined {
    if (decision.ids.length === 0) return undefined
    this.counters.decisions++
    this.counters.membersDowned += decision.ids.length
    if (this.settings.compat === 'pekko') this.watch.onDecided(nowMs)
    if (losesQuorum(decision, view.selfId, this.settings) && !this.hasLostQuorum) {
      this.hasLostQuorum = true
      this.counters.quorumLosses++
      this.ports.onQuorumLost?.()
    }
    return decision
  }

  private followQuorum(decision: Decision | undefined): void {
    if (decision !== undefined || this.watch.isSplit || !this.hasLostQuorum) return
    this.hasLostQuorum = false
    this.ports.onQuorumRegained?.()
  }

  private dropLeaseWait(): void {
    if (this.leaseWait === undefined) return
    if (this.leaseWait.isAsked) this.lease!.forgetQuestion()
    this.leaseWait = undefined
    this.counters.leaseWaitsDropped++
  }

  private checkLease(settings: SplitBrainSettings): void {
    const isAsked = settings.strategy === 'lease-majority' && settings.isLeaseAcquired === undefined
    if (isAsked && this.lease === undefined) throw new Error('lease-majority was set without a lease')
  }
}

/** atomr calls it a loss only when a node downs itself. */
function losesQuorum(decision: Decision, selfId: string, settings: SplitBrainSettings): boolean {
  return settings.compat === 'atomr' ? decision.action === 'down-self' : decision.ids.at(-1) === selfId
}

/** Without those who are gone, down or reborn since the decision was made. */
function stillThere(decision: Decision, view: PartitionView, births: ReadonlyMap<string, number>): Decision {
  const present = new Set<string>()
  for (const member of view.members) {
    if (member.status !== 'down' && births.get(member.id) === member.birth) present.add(member.id)
  }
  return { ...decision, ids: decision.ids.filter((id) => present.has(id)) }
}
