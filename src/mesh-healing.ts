/**
 * Mesh healing [Machine]: everything by which owners of the same slots come to know the same, joined: claims and settling
 * when a node begins to act, hints for who was away, repairs, quorum reads, and the answers to others who ask.
 *
 * It decides nothing itself: it is the part of a mesh node's composition that is about healing.
 */
import type { Config } from './config/index.ts'
import type { Pool } from './mesh/pool.ts'
import { type Verbs, verbs } from './mesh/verbs.ts'
import { MeshRepair } from './mesh-repair.ts'
import type { Plan } from './placement/plan.ts'
import { Claims } from './replication/claims.ts'
import { Confirming } from './replication/confirming.ts'
import { Dissent } from './replication/dissent.ts'
import { Doubts } from './replication/doubts.ts'
import { FormerOwners } from './replication/former-owners.ts'
import { GivenUp } from './replication/given-up.ts'
import { Hints } from './replication/hints.ts'
import { Intake } from './replication/intake.ts'
import { Leftovers } from './replication/leftovers.ts'
import { OwnerAnswers, READ_AUTHORITATIVE, READ_ENTRIES } from './replication/owner-answers.ts'
import { writeKeyName } from './replication/peer-port.ts'
import type { Refusal } from './replication/received.ts'
import { Repairs } from './replication/repairs.ts'
import { Rebalance } from './replication/rebalance.ts'
import type { Replica } from './replication/replica.ts'
import { Settling } from './replication/settling.ts'
import { SlotContents } from './replication/slot-contents.ts'
import type { ExchangeParts } from './replication/slot-pull.ts'
import { SERVING, type SlotRoles } from './replication/slot-roles.ts'
import { Transfers } from './replication/transfers.ts'
import type { RequestKeys } from './routing/request-keys.ts'
import type { Session } from './session/session.ts'
import { ByteWriter } from './store/byte-writer.ts'
import type { Keyspace } from './store/keyspace.ts'

export interface HealingParts {
  readonly selfId: string
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly replica: Replica
  readonly pool: Pool
}

export interface HealingPorts {
  monotonicMs(): number
  wallMs(): number
  random32(): number
  after(delayMs: number, run: () => void): void
  /** Of repair-interval. */
  repairIntervalMs(): number
  /** Is some owner away? */
  isAnyAway(): boolean
  wake(): void
  /** The entry is written once more, as it is. */
  renew(ref: number): void
  fingerprint(): number
  mayAnswer(peerId: string): boolean
  /** Slots that requests wait for. */
  waitingSlots(): Iterable<number>
  onSettled(slots: readonly number[]): void
  /** This node has caught up with the owners of all its slots; false: it is not yet a member, and cannot say so. */
  onWhole(): boolean
}

const ASK_DEADLINE_MS = 1500

export class MeshHealing {
  readonly claims = new Claims()
  readonly dissent: Dissent
  readonly givenUp = new GivenUp()
  readonly transfers: Transfers
  readonly repairs: Repairs
  readonly former: FormerOwners
  readonly intake: Intake
  readonly contents: SlotContents
  readonly leftovers: Leftovers
  readonly rebalance: Rebalance
  readonly settling: Settling
  readonly hints: Hints
  readonly confirming: Confirming
  readonly doubts: Doubts
  readonly answers: OwnerAnswers
  readonly repair: MeshRepair
  readonly exchangeCounters = { pages: 0, keysPulled: 0, keysPushed: 0, bytesPulled: 0 }
  readonly #parts: HealingParts
  readonly #ports: HealingPorts
  readonly #names = new ByteWriter()

  constructor(parts: HealingParts, ports: HealingPorts) {
    this.#parts = parts
    this.#ports = ports
    const { pool, replica, roles, selfId, space } = parts
    const { claims } = this
    const ask = pool.ask.bind(pool)
    const monotonicMs = (): number => ports.monotonicMs()
    const wallMs = (): number => ports.wallMs()
    const fingerprint = (): number => ports.fingerprint()
    this.dissent = new Dissent({ roles, claims, peers: { ask }, fingerprint })
    this.transfers = new Transfers(space, replica, {
      ask,
      wallMs,
      promisedTermOf: (slot) => claims.termOf(slot),
    })
    const { transfers } = this
    const deadlineMs = (): number => ASK_DEADLINE_MS
    const exchange = { space, replica, peers: { ask }, wallMs, deadlineMs, counters: this.exchangeCounters }
    this.repairs = new Repairs({ roles, transfers, exchange, fingerprint })
    this.contents = new SlotContents(space, wallMs)
    this.former = new FormerOwners(selfId, claims)
    this.intake = new Intake(exchange, { monotonicMs, waitingSlots: () => ports.waitingSlots() })
    const mayAnswer = (peerId: string): boolean => ports.mayAnswer(peerId)
    const monotonicUs = (): number => ports.monotonicMs() * 1000
    const after = (delayMs: number, run: () => void): void => ports.after(delayMs, run)
    const leftoverPorts = { monotonicMs, monotonicUs, fingerprint, mayAnswer, after }
    this.leftovers = new Leftovers({ roles, transfers, exchange }, leftoverPorts)
    this.rebalance = this.#makeRebalance(selfId, monotonicMs)
    const { former, intake, repairs } = this
    this.settling = new Settling(
      { selfId, roles, claims, repairs, former, intake, exchange },
      {
        monotonicMs,
        fingerprint,
        mayAnswer,
        waitingSlots: () => ports.waitingSlots(),
        onSettled: (slots) => ports.onSettled(slots),
        onWhole: () => ports.onWhole(),
      },
    )
    const repair = (peerId: string, done: (isDone: boolean) => void): void => {
      if (!repairs.repairPeer(peerId, done)) done(false)
    }
    this.hints = new Hints(transfers, { monotonicMs, repair })
    const wake = (): void => ports.wake()
    const renew = (ref: number): void => ports.renew(ref)
    this.confirming = new Confirming(
      { space, roles, replica, transfers },
      { ask, monotonicMs, wallMs, wake, noteTerm: (slot, term) => this.noteTerm(slot, term) },
    )
    this.doubts = new Doubts({ selfId, space, roles, claims }, { ask, monotonicMs, wake, renew })
    replica.observer = this.doubts
    this.answers = this.#makeAnswers()
    this.repair = this.#makeRepair(exchange)
  }

  #makeRebalance(selfId: string, monotonicMs: () => number): Rebalance {
    return new Rebalance(selfId, {
      monotonicMs,
      isWhole: (slot) => this.settling.isWhole(slot),
      keysMoved: () => this.exchangeCounters.keysPulled,
      bytesMoved: () => this.exchangeCounters.bytesPulled,
    })
  }

  #makeRepair(exchange: ExchangeParts): MeshRepair {
    const { settling, transfers } = this
    const ports = this.#ports
    return new MeshRepair(
      { exchange, roles: this.#parts.roles, settling, transfers },
      {
        monotonicMs: () => ports.monotonicMs(),
        wallMs: () => ports.wallMs(),
        random32: () => ports.random32(),
        fingerprint: () => ports.fingerprint(),
        intervalMs: () => ports.repairIntervalMs(),
        mayAnswer: (peerId) => ports.mayAnswer(peerId),
        isAnyBehind: () => ports.isAnyAway() || this.hints.rows().length > 0 || this.#isAnyOut(),
      },
    )
  }

  #isAnyOut(): boolean {
    return this.givenUp.isAnyOut(this.#ports.monotonicMs(), (id) => this.#ports.mayAnswer(id))
  }

  /** Now, and whenever one of its directives is changed. */
  follow(config: Config): void {
    const { limits, throttle } = this.intake
    const apply = (): void => {
      throttle.bytesPerSecond = config.number('rebalance-rate')
      limits.streamsMax = config.number('rebalance-concurrency')
    }
    apply()
    config.onChange('rebalance-rate', apply)
    config.onChange('rebalance-concurrency', apply)
  }

  #makeAnswers(): OwnerAnswers {
    const { replica, roles, selfId, space } = this.#parts
    const { claims, leftovers, settling } = this
    return new OwnerAnswers(
      { selfId, space, roles, claims, replica },
      {
        wallMs: () => this.#ports.wallMs(),
        fingerprint: () => this.#ports.fingerprint(),
        isWhole: (slot) => settling.isWhole(slot),
        isHeld: (slot) => leftovers.isHeld(slot),
        isBereft: (slot) => settling.isBereft(slot),
        wasBereft: (slot) => leftovers.wasBereft(slot),
        // Coarse, and safe: while any effect waits for its entry, no slot is vouched for.
        hasPulls: () => replica.pulls.size > 0,
        onOutclaimed: (slots) => settling.onOutclaimed(slots),
      },
    )
  }

  /** No slot of this node is on its way. */
  get hasSettled(): boolean {
    return this.settling.pendingCount === 0
  }

  bind(table: Verbs): void {
    this.answers.bind(table)
    this.dissent.bind(table)
    this.repair.bind(table)
    this.transfers.bind(table)
    this.contents.bind(table)
  }

  /** At the end of a round, after the batches. */
  flush(): void {
    this.confirming.flush()
    this.doubts.flush()
  }

  /** The owners are about to change. */
  onPlaced(plan: Plan): void {
    this.former.onPlaced(plan.ranges)
    this.rebalance.onPlaced(plan)
  }

  /** The owners have changed, and roles follow the change already. */
  onOwners(): void {
    const { settling } = this
    this.leftovers.onOwners(
      (slot) => settling.isWhole(slot),
      (slot) => settling.wasBereft(slot),
    )
    this.settling.onOwners()
  }

  /** A member is no more. */
  onGone(id: string): void {
    this.givenUp.onGone(id, this.#ports.monotonicMs())
    this.hints.forget(id)
    this.former.forgetMember(id)
    this.repair.repaired.forget(id)
  }

  /** This one has left in good order, or its data is given up. False: nobody waits for its word. */
  excuse(id: string): boolean {
    this.givenUp.excuse(id)
    return this.settling.excuse(id)
  }

  /** `share`: of its budgets that background work may use now. */
  onTick(nowMs: number, share: number): void {
    this.intake.onTick()
    this.dissent.onTick(nowMs)
    this.settling.onTick(nowMs)
    this.leftovers.onTick(nowMs)
    this.rebalance.onTick(nowMs)
    this.hints.onTick(nowMs, share)
    this.confirming.onTick(nowMs)
    this.doubts.onTick(nowMs)
    this.repair.onTick(nowMs)
  }

  /** May this sender's effects on the slot, made under this term, be applied here? Then this node acts there no longer. */
  accepts(slot: number, senderId: string, term: number): boolean {
    const isOurs = this.#parts.roles.roles[slot] === SERVING
    if (!this.claims.accepts(slot, senderId, term)) return false
    if (isOurs) this.settling.onOutclaimed([slot])
    return true
  }

  /** An entry of this term has come: whoever acts under a lower one has been deposed. False: no such term can be. */
  noteTerm(slot: number, term: number): boolean {
    if (!this.claims.isPossible(slot, term)) return false
    const isNews = this.claims.learn(slot, term)
    if (isNews && this.#parts.roles.roles[slot] === SERVING) this.settling.onOutclaimed([slot])
    return true
  }

  /** A peer will not apply an effect of ours: somebody knows better, or it lacks what the effect builds on. */
  onRefused(peerId: string, { database, key, reason, slot }: Refusal): void {
    if (slot < 0) return
    if (reason === 'skewed') return
    // Whoever is right in the end: what stands here by then is told, and the newer of the two stays.
    this.hints.rememberKey(peerId, database, key)
    if (reason !== 'gap') this.#parts.roles.unsettle(slot)
  }

  /** An effect builds on what is not here: the whole entry is fetched from who made it. */
  pull(owner: string, database: number, key: Buffer): void {
    const { pool, replica } = this.#parts
    const names = this.#names
    names.clear()
    writeKeyName({ database, key }, names)
    const fields = [READ_ENTRIES | READ_AUTHORITATIVE]
    const answered: Parameters<Pool['ask']>[5] = (outcome) => {
      const bytes = outcome.kind === 'answer' ? outcome.body : null
      replica.onPulled(database, key, bytes, this.#ports.wallMs())
    }
    pool.ask(owner, verbs.read, fields, names.bytes, ASK_DEADLINE_MS, answered, 0, names.length)
  }

  /** Brings the keys up to what enough owners know. */
  confirm(
    session: Session,
    keys: RequestKeys,
    level: 'quorum' | 'all',
    done: (isConfirmed: boolean) => void,
  ): void {
    const { space } = this.#parts
    const database = space.databaseMap[session.database]!
    const { args } = keys
    const named = keys.positions.map((position, i) => ({
      database,
      key: Buffer.from(args.bytes.subarray(args.starts[position]!, args.ends[position]!)),
      slot: keys.slots[i]!,
    }))
    this.confirming.confirm(named, level, (outcome) => done(outcome === 'ok'))
  }
}
