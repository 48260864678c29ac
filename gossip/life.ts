/*
 * One life of this node in the mesh: liveness, agreement and split-brain resolution, wired together.
 *
 * The idea: who was downed or removed may only come back as somebody new, and the simplest way to forget everything a
 * former life believed is to drop it: the machines in here live exactly as long as one birth. Beliefs flow one
 * way - SWIM tells the agreement, the agreement the resolver - and removal flows back. Shape: machine.
 */
import { Agreement } from './agreement/agreement.ts'
import type { AgreementConfig } from './agreement/config.ts'
import type { AgreementEvent } from './agreement/events.ts'
import type { MeshState } from './agreement/mesh-state.ts'
import { AGREEMENT_ROWS } from './agreement/messages.ts'
import { isAllReachable } from './agreement/reachability.ts'
import type { MembershipEvent, MembershipEventType } from './events.ts'
import type { MemberRecord } from './member.ts'
import { answer, type Courier, type Message, type Sender } from './messages.ts'
import type { GossipEvent } from './membership-events.ts'
import type { Address, Luck, Timing } from './ports.ts'
import type { Decision } from './split-brain/decision.ts'
import type { LeasePort } from './split-brain/lease.ts'
import { SplitBrainResolver } from './split-brain/resolver.ts'
import type { SplitBrainSettings } from './split-brain/settings.ts'
import { ViewTaker } from './split-brain/view.ts'
import type { SwimConfig } from './swim/config.ts'
import type { SwimEvents } from './swim/events.ts'
import type { PackingCourier } from './swim/messages.ts'
import { Swim } from './swim/swim.ts'

export interface LifeSettings {
  readonly swim: SwimConfig
  readonly agreement: Partial<AgreementConfig>
  readonly splitBrain: SplitBrainSettings
  readonly lease: LeasePort | undefined
}

export interface LifeHooks {
  emit(event: GossipEvent): void
  /** The end of this life, told once: as one of those given up, or because the way out was walked. */
  onEnded(): void
}

const FAREWELLS_COUNT_MAX = 1024

const AGREEMENT_KINDS = new Set(AGREEMENT_ROWS.map((row) => row.kind))

export class Life {
  readonly swim: Swim
  readonly agreement: Agreement
  readonly resolver: SplitBrainResolver
  readonly #ports: Timing & Luck
  readonly #hooks: LifeHooks
  readonly #views: ViewTaker
  /** Who lives where, for the courier: members of this life only. */
  readonly #idByAddress: Map<Address, string>
  /** Dead or gone, members whom liveness has forgotten since included: nearly always nobody, so asking is free. */
  readonly #silent: Set<string>
  /** Where evicted members lived: should one of them still live, it is owed the whole story. The newest ones. */
  readonly #farewells: Set<Address>
  readonly #book: SplitBrainSettings['compat']
  readonly #hasLease: boolean
  #isOver: boolean
  #lookedAt: MeshState['reachability'] | undefined
  #isWhole: boolean

  constructor(
    record: MemberRecord,
    settings: LifeSettings,
    ports: Timing & Luck,
    courier: PackingCourier,
    hooks: LifeHooks,
  ) {
    this.#ports = ports
    this.#hooks = hooks
    this.#idByAddress = new Map()
    this.#silent = new Set()
    this.#farewells = new Set()
    this.#isOver = false
    this.swim = new Swim(record, settings.swim, ports, courier, this.#swimEvents())
    const byAnyWay: Courier = {
      send: (to, message) => answer(courier, { address: to, isStream: this.#isDeaf(to) }, message),
      sendReliably: (to, message) => courier.sendReliably(to, message),
    }
    this.agreement = new Agreement(record, settings.agreement, ports, byAnyWay, {
      emit: (event) => this.#onAgreed(event),
      isReachable: (id) => this.#silent.size === 0 || !this.#silent.has(id),
      pickPeer: () => this.swim.pickAlive(),
    })
    const { lease, splitBrain } = settings
    this.#book = splitBrain.compat
    this.#hasLease = lease !== undefined
    this.#lookedAt = undefined
    this.#isWhole = true
    this.resolver = new SplitBrainResolver(splitBrain, lease === undefined ? {} : { lease })
    this.#views = new ViewTaker(record.id)
  }

  get isOver(): boolean {
    return this.#isOver
  }

  isKnownAddress(address: Address): boolean {
    return this.#idByAddress.has(address) || (this.#farewells.size > 0 && this.#farewells.has(address))
  }

  get addresses(): Address[] {
    return [...this.#idByAddress.keys()]
  }

  onMessage(sender: Sender, message: Message): void {
    if (this.#isOver) return
    if (AGREEMENT_KINDS.has(message[0])) this.agreement.onMessage(sender, message)
    else this.swim.onMessage(sender, message)
  }

  /** Once a second. */
  onTick(): void {
    if (this.#isOver) return
    this.agreement.onTick()
    if (this.#isOver || !this.agreement.isMember) return
    // While nobody is out of reach there is nothing to decide, and a view of thousands is not taken for nothing.
    const wasWhole = this.#isWhole
    this.#lookAround(this.agreement.state.reachability)
    if (wasWhole && this.#isWhole && !this.#hasLease) return
    const shouldAct = this.agreement.leaderId === this.swim.self.id
    const view = this.#views.take(this.agreement.state, this.#book)
    const decision = this.resolver.onTick(view, this.#ports.monotonicMs(), shouldAct)
    if (decision !== undefined) this.#obey(decision)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.swim.stop()
    this.agreement.stop()
    this.#idByAddress.clear()
  }

  #lookAround(reachability: MeshState['reachability']): void {
    if (reachability === this.#lookedAt) return
    this.#lookedAt = reachability
    this.#isWhole = isAllReachable(reachability)
  }

  #obey(decision: Decision): void {
    this.#hooks.emit({ type: 'split_brain_decided', decision })
    this.agreement.down(decision.ids)
  }

  #tell(type: MembershipEventType, record: MemberRecord): void {
    const event: MembershipEvent = { type, id: record.id, record, wallMs: this.#ports.wallMs() }
    this.#hooks.emit(event)
  }

  #swimEvents(): SwimEvents {
    return {
      onJoined: (record) => {
        this.#idByAddress.set(record.address, record.id)
        this.#silent.delete(record.id)
        this.agreement.onAlive(record)
        this.#tell('peer_joined', record)
      },
      onAlive: (record) => {
        this.#idByAddress.set(record.address, record.id)
        this.#silent.delete(record.id)
        this.agreement.onAlive(record)
        this.#tell('peer_alive', record)
      },
      onSuspect: (record) => this.#tell('peer_suspect', record),
      onDead: (record) => {
        this.#silent.add(record.id)
        this.agreement.onUnreachable(record.id)
        this.#tell('peer_dead', record)
      },
      onLeft: (record) => {
        this.#silent.add(record.id)
        this.agreement.onUnreachable(record.id)
        this.#tell('peer_left', record)
        // Who has said goodbye is not waited for, and no split brain: the leader lets it go at once.
        if (this.agreement.leaderId === this.swim.self.id) this.agreement.down([record.id])
      },
      onUpdated: (record, former) => {
        this.#forgetAddress(former)
        this.#idByAddress.set(record.address, record.id)
        this.#tell('peer_updated', record)
      },
      onEvicted: (record) => {
        this.#forgetAddress(record)
        if (!this.agreement.state.members.has(record.id)) this.#silent.delete(record.id)
        this.#tell('peer_evicted', record)
      },
      onUdpBlocked: (id) => this.#hooks.emit({ type: 'udp_blocked', id }),
      onUdpRestored: (id) => this.#hooks.emit({ type: 'udp_restored', id }),
      onIdConflict: (record) => this.#hooks.emit({ type: 'id_conflict', record }),
      onSelfChanged: () => {},
      onSelfLeft: () => this.#hooks.onEnded(),
    }
  }

  #onAgreed(event: AgreementEvent): void {
    this.#hooks.emit(event)
    if (event.type === 'self_downed' || event.type === 'self_removed') this.#hooks.onEnded()
    else if (event.type === 'member_removed') this.#evict(event.member.id, event.member.birth)
  }

  /** What was agreed to be over is forgotten by liveness too, unless it lives on as somebody newer. */
  #evict(id: string, birth: number): void {
    const view = this.swim.get(id)
    if (view === undefined) this.#silent.delete(id)
    if (view === undefined || view.record.birth > birth || id === this.swim.self.id) return
    this.swim.evict(id)
    this.#silent.delete(id)
    this.#forgetAddress(view.record)
    this.#rememberFarewell(view.record.address)
    this.#tell('peer_evicted', view.record)
  }

  #rememberFarewell(address: Address): void {
    this.#farewells.delete(address)
    this.#farewells.add(address)
    for (const oldest of this.#farewells) {
      if (this.#farewells.size > FAREWELLS_COUNT_MAX) this.#farewells.delete(oldest)
      break
    }
  }

  /** Do datagrams not get through to who lives there? */
  #isDeaf(address: Address): boolean {
    return this.swim.isUdpBlocked(this.#idByAddress.get(address) ?? '')
  }

  #forgetAddress(record: MemberRecord): void {
    if (this.#idByAddress.get(record.address) === record.id) this.#idByAddress.delete(record.address)
  }
}
