/*
 * One node's part in the agreement about who belongs to the mesh.
 *
 * The idea: every input - a peer's envelope, a life heard of, a silence, an order - becomes one step from a
 * state to the next, made by rules, and everything told to the embedder is the difference of the two. Once
 * a second it looks whether it has something to say, something to do as the leader, and sends its version
 * to somebody. It refuses to know how liveness is found out and who decides about split brains: it is told.
 * Shape: machine.
 */
import { memberDc } from '../datacenter.ts'
import type { MemberRecord } from '../member.ts'
import type { Courier, Message, Sender } from '../messages.ts'
import type { Luck, Timing } from '../ports.ts'
import { AGREEMENT_DEFAULTS, type AgreementConfig } from './config.ts'
import { isConvergedBy } from './convergence.ts'
import { type AgreementCounters, newCounters } from './counters.ts'
import { type AgreementEvent, memberEvents, reachabilityEvents } from './events.ts'
import { Exchange } from './exchange.ts'
import type { Peer } from './gossip-target.ts'
import { History } from './history.ts'
import { isAbandoned, isHeir } from './inheritance.ts'
import { leaderBy } from './leader.ts'
import { admit, leaderActions, weaklyUpActions } from './leader-actions.ts'
import { LeaderHandover } from './leader-handover.ts'
import { statusAfterDown, statusAfterLeave } from './lifecycle.ts'
import type { MemberStatus, MeshState, ReachabilityStatus, StateMember } from './mesh-state.ts'
import { expireTombstones, isLifeOver, type Merged, mergeContent, withMembers } from './merge.ts'
import { newRow } from './observers.ts'
import { Outbox } from './outbox.ts'
import { silentSubjects, withRow } from './reachability.ts'
import { SeenSet } from './seen-set.ts'
import { type AgreementSnapshot, snapshotOf } from './snapshot.ts'
import { Spreading } from './spreading.ts'
import { type Envelope, RECORDS_COUNT_MAX } from './state-codec.ts'
import { increment, lifeKey } from './vector-clock.ts'

export interface AgreementHooks {
  emit(event: AgreementEvent): void
  /** This node's own belief; of whom it has never heard it has no reason to say no. */
  isReachable(id: string): boolean
  /** Somebody alive, drawn at random, never this node. */
  pickPeer(): Peer | undefined
}

/** Ticks between two looks at what is buried. */
const BURIAL_TICKS = 60

export class Agreement {
  readonly counters: AgreementCounters
  /** Exiting, this life does not say that it may go, and so is not buried, until this is off. */
  lingers = false
  readonly #self: MemberRecord
  readonly #selfKey: string
  readonly #dc: string
  readonly #config: AgreementConfig
  readonly #ports: Timing & Luck
  readonly #hooks: AgreementHooks
  readonly #history: History
  readonly #exchange: Exchange
  readonly #handover: LeaderHandover
  readonly #candidates: Map<string, MemberRecord>
  readonly #outbox: Outbox
  readonly #spreading: Spreading
  #end: 'none' | 'downed' | 'removed'
  #ticks = 0
  #unconvergedSinceMs: number | undefined
  #wasConverged: boolean
  #announced: MeshState | undefined
  #silent: ReadonlyMap<string, unknown> = new Map()

  constructor(
    self: MemberRecord,
    config: Partial<AgreementConfig>,
    ports: Timing & Luck,
    courier: Courier,
    hooks: AgreementHooks,
  ) {
    this.counters = newCounters()
    this.#self = self
    this.#selfKey = lifeKey(self.id, self.birth)
    this.#dc = memberDc(self)
    this.#config = { ...AGREEMENT_DEFAULTS, ...config }
    this.#ports = ports
    this.#hooks = hooks
    this.#history = new History(this.#config.pool)
    this.#exchange = new Exchange(self.id, this.#history, courier, this.counters, (envelope) =>
      this.#onEnvelope(envelope),
    )
    this.#handover = new LeaderHandover((state) => this.#leaderIn(state))
    this.#candidates = new Map()
    this.#outbox = new Outbox((event) => hooks.emit(event))
    this.#spreading = new Spreading(this.#config, { id: self.id, dc: this.#dc }, ports, {
      state: () => this.state,
      isSeenByAll: () => this.isConverged,
      isReachable: (id) => hooks.isReachable(id),
      drawPeer: () => hooks.pickPeer(),
      tell: (to) => this.#exchange.sendStatus(to),
    })
    this.#end = 'none'
    this.#unconvergedSinceMs = undefined
    this.#wasConverged = false
    this.#announced = undefined
  }

  // What is held

  get state(): MeshState {
    return this.#history.state
  }

  get leaderId(): string | undefined {
    return this.#leaderIn(this.state)
  }

  /** Has everyone of this data centre who counts seen this version? */
  get isConverged(): boolean {
    return this.isMember && isConvergedBy(this.#config.book, this.state, this.#dc)
  }

  /** Is this very life in the state? */
  get isMember(): boolean {
    return this.state.members.get(this.#self.id)?.birth === this.#self.birth
  }

  get status(): MemberStatus | undefined {
    return this.isMember ? this.state.members.get(this.#self.id)!.status : undefined
  }

  snapshot(): AgreementSnapshot {
    return snapshotOf(this.state, this.#self.id, this.#history.digest, this.leaderId, this.isConverged)
  }

  // Orders

  /** Makes a mesh of one. False when this node knows one already. */
  form(): boolean {
    if (this.state.members.size > 0 || this.#end !== 'none') return false
    this.#enter()
    this.#act(leaderActions(this.state, this.#self.id, this.#leaderSettings(), this.#ports.wallMs()))
    this.#announce()
    return true
  }

  /**
   * Goes on with a mesh none of whose members will ever be back, without having been let in: an operator's
   * last resort. Where that is provable it happens by itself. False when this node belongs already.
   */
  takeOver(): boolean {
    if (this.isMember || this.state.members.size === 0 || this.#end !== 'none') return false
    this.#enter()
    return true
  }

  /**
   * Goes on from a state that has this very life in it. False when it has not, or when this node knows a
   * mesh already.
   */
  resume(state: MeshState): boolean {
    const isIn = state.members.get(this.#self.id)?.birth === this.#self.birth
    if (!isIn || this.state.members.size > 0 || this.#end !== 'none') return false
    this.#history.advance(state, { members: [], tombstones: [], observers: [] })
    this.#history.seen = SeenSet.of(this.state.members, state.seen).with(this.#self.id)
    return true
  }

  leave(): boolean {
    return this.isMember && this.leaveOf(this.#self.id)
  }

  /** Asks a member to leave. False when it is unknown or on its way already. */
  leaveOf(id: string): boolean {
    const member = this.state.members.get(id)
    const status = member === undefined ? undefined : statusAfterLeave(member.status, this.#config.book)
    if (status === undefined || !this.#mayChange()) return false
    this.#change(withMembers(this.state, [{ ...member!, status }], []))
    return true
  }

  /** Gives members up for good; how many were not given up already. */
  down(ids: Iterable<string>): number {
    if (!this.#mayChange()) return 0
    const put: StateMember[] = []
    for (const id of new Set(ids)) {
      const member = this.state.members.get(id)
      const status = member === undefined ? undefined : statusAfterDown(member.status, this.#config.book)
      if (status !== undefined) put.push({ ...member!, status })
    }
    if (put.length > 0) this.#change(withMembers(this.state, put, []))
    return put.length
  }

  downSelf(): boolean {
    return this.isMember && this.down([this.#self.id]) === 1
  }

  // What is heard

  onMessage(sender: Sender, message: Message): void {
    this.#exchange.onMessage(sender, message)
  }

  /** Liveness knows this life to be alive: one that is no member is remembered until a leader lets it in. */
  onAlive(record: MemberRecord): void {
    if (record.id === this.#self.id) return
    const known = this.state.members.get(record.id)
    if (known !== undefined && known.birth >= record.birth) return
    if (isLifeOver(this.state, record)) {
      this.counters.candidatesBuried++
      return
    }
    const former = this.#candidates.get(record.id)
    if (former !== undefined && former.birth > record.birth) return
    if (former === undefined && this.#candidates.size >= this.#config.candidatesCountMax) {
      this.counters.candidatesDropped++
      return
    }
    this.#candidates.set(record.id, record)
  }

  /** Who falls silent before it was let in is not waited for; the table follows with the next tick, as with who is back. */
  onUnreachable(id: string): void {
    this.#candidates.delete(id)
  }

  onTick(): void {
    this.#ticks++
    if (this.#ticks % BURIAL_TICKS === 0) this.#forgetBuried()
    if (!this.isMember && isAbandoned(this.state, this.#self, this.#candidates)) {
      if (isHeir(this.#self, this.#candidates)) this.takeOver()
    }
    this.#sign()
    if (this.#mayChange()) {
      this.#observe()
      this.#lead()
    }
    this.#announce()
    this.#spreading.onTick()
  }

  /** This life is over: not one more word. */
  stop(): void {
    this.#spreading.stop()
  }

  // Steps

  #onEnvelope(envelope: Envelope): void {
    const { state: remote, digest, seenBits } = envelope
    const before = this.state
    const tombstones = expireTombstones(remote.tombstones, this.#ports.wallMs())
    const merged = mergeContent(before, { ...remote, tombstones }, this.#config.pool)
    const recordsCount = merged.state.reachability.length
    if (merged.state.members.size > this.#config.membersCountMax || recordsCount > RECORDS_COUNT_MAX) {
      this.counters.refusedFull++
      return
    }
    const isNews = this.#history.advance(merged.state, merged.touched)
    if (this.#history.digest === digest) {
      const seen = SeenSet.ofBits(this.state.members, seenBits)
      if (seen !== undefined) this.#history.seen = this.#history.seen.union(seen)
    }
    if (isNews) this.counters.changesMerged++
    this.#settle(before, merged)
  }

  /** A step of this node's own: it counts, and only this node has seen the result. */
  #change(merged: Merged): void {
    const before = this.state
    const { state } = merged
    const isStillMember = state.members.get(this.#self.id)?.birth === this.#self.birth
    const version = isStillMember ? increment(state.version, this.#selfKey) : state.version
    this.counters.changesMade++
    this.#history.advance({ ...state, version }, merged.touched)
    this.#settle(before, merged)
  }

  #enter(): void {
    const { id, birth, address, roles } = this.#self
    const self: StateMember = { id, birth, address, roles, status: 'joining', upNumber: 0 }
    this.#change(withMembers(this.state, [self], []))
  }

  #act(merged: Merged | undefined): void {
    if (merged !== undefined) this.#change(merged)
  }

  /**
   * After any step: this node has seen it, candidates may have come in, and the embedder hears the
   * difference.
   */
  #settle(before: MeshState, { touched }: Merged): void {
    const after = this.state
    this.#sign()
    if (after.version !== before.version) this.#spreading.onNews(after.members.size)
    if (this.#candidates.size > 0) {
      for (const id of touched.members) this.#dropCandidate(id)
      for (const id of touched.tombstones) this.#dropCandidate(id)
    }
    memberEvents(before, after, touched.members, this.#outbox.put)
    this.#noticeEnd()
    this.#outbox.flush()
  }

  /** This node has seen what it holds. */
  #sign(): void {
    const isHeldBack = this.lingers && this.status === 'exiting'
    if (this.isMember && !isHeldBack) this.#history.seen = this.#history.seen.with(this.#self.id)
  }

  #dropCandidate(id: string): void {
    const record = this.#candidates.get(id)
    if (record === undefined) return
    const isIn = (this.state.members.get(id)?.birth ?? -1) >= record.birth
    if (isIn || isLifeOver(this.state, record)) this.#candidates.delete(id)
  }

  #noticeEnd(): void {
    if (isLifeOver(this.state, this.#self)) {
      if (this.#end !== 'removed') this.#outbox.put({ type: 'self_removed' })
      this.#end = 'removed'
    } else if (this.#end === 'none' && this.status === 'down') {
      this.#outbox.put({ type: 'self_downed' })
      this.#end = 'downed'
    }
  }

  /** Somebody whose life is over has no more say, it only passes on what it holds. */
  #mayChange(): boolean {
    return this.#end === 'none' && this.isMember
  }

  // The tick

  #forgetBuried(): void {
    const kept = expireTombstones(this.state.tombstones, this.#ports.wallMs())
    this.counters.tombstonesExpired += this.state.tombstones.size - kept.size
    this.#history.advance({ ...this.state, tombstones: kept }, { members: [], tombstones: [], observers: [] })
  }

  #observe(): void {
    const { id } = this.#self
    const row = newRow(this.state, id, (subject) => this.#statusOf(subject), this.#config)
    if (row === undefined) return
    const reachability = withRow(this.state.reachability, id, row)
    const touched = { members: [], tombstones: [], observers: [id] }
    this.#change({ state: { ...this.state, reachability }, touched })
  }

  /** A life after which another one was heard of is over for good. */
  #statusOf(id: string): ReachabilityStatus {
    const next = this.#candidates.get(id)
    if (next !== undefined && next.birth > (this.state.members.get(id)?.birth ?? next.birth))
      return 'terminated'
    return this.#hooks.isReachable(id) ? 'reachable' : 'unreachable'
  }

  #lead(): void {
    const { id } = this.#self
    const nowMs = this.#ports.monotonicMs()
    this.#act(leaderActions(this.state, id, this.#leaderSettings(), this.#ports.wallMs()))
    if (!this.#mayChange()) return
    if (this.isConverged) this.#unconvergedSinceMs = undefined
    else {
      this.#unconvergedSinceMs ??= nowMs
      const isWeaklyUpDue = nowMs - this.#unconvergedSinceMs >= this.#config.weaklyUpAfterMs
      if (isWeaklyUpDue && this.#config.book === 'pekko') {
        this.#act(weaklyUpActions(this.state, id, this.#dc))
      }
    }
    if (this.#candidates.size === 0) return
    const { membersCountMax } = this.#config
    this.#act(admit(this.state, id, this.#candidates, membersCountMax))
    if (this.state.members.size >= membersCountMax && this.#candidates.size > 0) this.counters.refusedFull++
  }

  #announce(): void {
    if (this.state === this.#announced) return
    this.#announced = this.state
    const handover = this.#handover.observe(this.state)
    if (handover !== undefined) this.#outbox.put({ type: 'leader_changed', ...handover })
    const isConverged = this.isConverged
    if (isConverged !== this.#wasConverged) {
      this.#wasConverged = isConverged
      this.#outbox.put({ type: 'convergence', isConverged })
    }
    const silent = silentSubjects(this.state.reachability)
    reachabilityEvents(this.#silent, silent, this.state, this.#outbox.put)
    this.#silent = silent
    this.#outbox.flush()
  }

  #leaderIn(state: MeshState): string | undefined {
    return leaderBy(this.#config.book, state, this.#dc, this.#self.id)
  }

  #leaderSettings() {
    return { dc: this.#dc, book: this.#config.book, membersCountMin: this.#config.membersCountMin }
  }
}
