/**
 * Mesh node [Machine]: a node among others: membership, links, placement, replication and routing, built around a
 * Node and connected in a written order.
 *
 *   gossip -> beliefs + agreed members -> placement -> roles -> router <- clients' requests
 *   effects of commands -> batches -> links -> other owners' replicas -> acknowledgements -> barriers -> replies
 *
 * It decides nothing itself. One round of the event loop ends with `flush`: batches, forwards, acknowledgements, then the
 * links. The simulator and main build the same mesh node.
 */
import { type Address, type GossipEvent, type GossipPorts, joinAddress, Membership } from '../gossip/index.ts'
import { Pool } from './mesh/pool.ts'
import { Verbs, verbs } from './mesh/verbs.ts'
import type { Wires } from './mesh/wires.ts'
import { MeshEffects } from './mesh-effects.ts'
import { MeshHealing } from './mesh-healing.ts'
import { MeshRequests } from './mesh-requests.ts'
import { dcOf, type MeshSettings, originOfId, weightOf, zoneOf } from './mesh-settings.ts'
import type { Node } from './node.ts'
import { Placement } from './placement/placement.ts'
import { placementOf } from './placement/ring.ts'
import type { Batches } from './replication/batches.ts'
import type { Replica } from './replication/replica.ts'
import { type RoleEvents, SlotRoles } from './replication/slot-roles.ts'
import type { Forwards } from './routing/forwards.ts'
import { Parking } from './routing/parking.ts'
import { encodeSheet, PeerBeliefs } from './routing/peer-beliefs.ts'
import { DOWN, Router, type RouterSettings } from './routing/router.ts'
import { Spreads } from './routing/spreads.ts'
import { Tombstones } from './store/tombstones.ts'

export interface MeshNodePorts extends Omit<GossipPorts, 'sendStream'> {
  readonly wires: Wires
  /** Calls `run` when this round of the event loop has ended. */
  soon(run: () => void): void
}

const TICK_MS = 50
/** An owner not heard for this long may be gone: who depends on it for a quorum stops acting. */
const PRESENCE_MS = 3000
/** Above the age at which hints are given up: who was away for longer is compared slot by slot. */
const TOMBSTONE_TTL_MS = 4 * 3600 * 1000
const TOMBSTONE_BUDGET_US = 200
/** Agreed parts that own slots. */
const OWNING = new Set(['up', 'leaving'])

export class MeshNode {
  readonly node: Node
  readonly settings: MeshSettings
  readonly membership: Membership
  readonly pool: Pool
  readonly beliefs: PeerBeliefs
  readonly roles: SlotRoles
  readonly healing: MeshHealing
  readonly parking: Parking
  readonly spreads: Spreads
  readonly router: Router
  placement = new Placement([], 0, new Uint16Array(0))
  isReady = false
  readonly #ports: MeshNodePorts
  readonly #bound = new Verbs()
  readonly #effects: MeshEffects
  readonly #requests: MeshRequests
  readonly #tombstones: Tombstones
  #isFlushAsked = false
  #isStopped = false

  constructor(node: Node, settings: MeshSettings, ports: MeshNodePorts) {
    this.node = node
    this.settings = settings
    this.#ports = ports
    const { space, state, executor } = node
    const { id } = settings
    space.origin = originOfId(id)
    this.#tombstones = new Tombstones(space.secret, () => ports.monotonicMs() * 1000)
    this.beliefs = new PeerBeliefs(
      id,
      () => this.isReady,
      (peerId) => this.#heardMs(peerId),
    )
    this.roles = new SlotRoles(id, this.beliefs, this.#roleEvents(), () => PRESENCE_MS)
    this.#effects = this.#makeEffects()
    this.pool = this.#makePool()
    this.healing = this.#makeHealing()
    this.#requests = this.#makeRequests()
    this.parking = new Parking(
      (session, args) => this.spreads.onRequest(session, args),
      (session) => session.writer.error(DOWN),
    )
    const { batches, forwards, parking, roles } = this
    const routing: RouterSettings = {
      redirects: state.config.text('redirect') === 'moved',
      allowsStaleReads: state.config.is('allow-stale-reads'),
      clientAddressOf: (peerId) => this.#clientAddressOf(peerId),
    }
    this.spreads = this.#makeSpreads(routing)
    this.router = new Router(
      { selfId: id, space, call: executor.call, roles, batches, forwards, parking, spreads: this.spreads },
      routing,
      (session, keys, level, done) => this.healing.confirm(session, keys, level, done),
      () => ports.monotonicMs(),
    )
    state.router = this.router
    state.servedSlots = roles.roles
    this.membership = this.#makeMembership()
    this.#bindVerbs()
  }

  get batches(): Batches {
    return this.#effects.batches
  }

  get replica(): Replica {
    return this.#effects.replica
  }

  get forwards(): Forwards {
    return this.#requests.forwards
  }

  get busAddress(): Address {
    return joinAddress(this.settings.host, this.settings.busPort)
  }

  monotonicMs(): number {
    return this.#ports.monotonicMs()
  }

  wallMs(): number {
    return this.#ports.wallMs()
  }

  start(seeds: readonly Address[]): void {
    this.membership.start(seeds)
    this.#tick()
  }

  stop(): void {
    this.#isStopped = true
    this.membership.stop()
    this.pool.close()
  }

  /** The end of a round of the event loop: everything that waited for it leaves. */
  flush(): void {
    this.#isFlushAsked = false
    this.forwards.flush()
    this.#effects.flush()
    this.healing.flush()
    this.pool.flush()
  }

  #tick(): void {
    if (this.#isStopped) return
    const nowMs = this.#ports.monotonicMs()
    this.pool.onTick(nowMs)
    // A link to everybody alive: its end is the quickest sign of a failure.
    for (const { id, isAlive, isLinkUp } of this.beliefs.all()) if (isAlive && !isLinkUp) this.pool.to(id)
    this.batches.onTick(nowMs)
    this.parking.onTick(nowMs)
    this.healing.onTick(nowMs)
    this.roles.look(nowMs)
    this.#tendTombstones()
    this.flush()
    this.#ports.after(TICK_MS, () => this.#tick())
  }

  #wake(): void {
    if (this.#isFlushAsked) return
    this.#isFlushAsked = true
    this.#ports.soon(() => this.flush())
  }

  // Who is there

  #makeMembership(): Membership {
    const { cluster, gossipKeys, id, roles } = this.settings
    const meta = this.#sheet()
    const ports: GossipPorts = {
      ...this.#ports,
      sendStream: (to, bytes) => {
        // A copy: all packers share one buffer, and the frame's header is packed before its body is taken.
        this.pool.sendToAddress(to, verbs.gossip, [], Buffer.from(bytes))
        this.#wake()
      },
    }
    const membership = new Membership(
      { id, address: this.busAddress, roles, meta },
      { cluster, heartbeats: {}, keys: gossipKeys },
      ports,
    )
    membership.events.subscribe((event) => this.#onGossip(event))
    return membership
  }

  #onGossip(event: GossipEvent): void {
    switch (event.type) {
      case 'peer_joined':
      case 'peer_alive':
      case 'peer_updated':
        this.beliefs.onGossip(event.record!, true)
        return this.#onBeliefs(true)
      case 'peer_suspect':
      case 'peer_dead':
      case 'peer_left':
        if (event.record !== undefined) this.beliefs.onGossip(event.record, event.type === 'peer_suspect')
        return this.#onBeliefs(false)
      case 'peer_evicted':
        this.beliefs.forget(event.id)
        this.replica.forget(event.id)
        this.healing.hints.forget(event.id)
        return this.#onBeliefs(true)
      case 'member_up':
      case 'member_left':
      case 'member_exited':
      case 'member_downed':
      case 'member_removed':
        return this.#onMembers()
      case 'self_reborn':
      case 'self_downed':
      case 'self_removed':
        // Out of the mesh nothing was heard: what is held counts for nothing until it has been compared.
        this.isReady = false
        this.healing.settling.forgetAll()
        return this.#onMembers()
      default:
    }
  }

  /** The agreed members have changed: so has who owns what. */
  #onMembers(): void {
    const { state } = this.membership.life.agreement
    const owning = [...state.members.values()].filter(({ status }) => OWNING.has(status))
    const members = owning.map(({ id, roles }) => ({
      id,
      weight: weightOf(roles),
      zone: zoneOf(roles),
      dc: dcOf(roles),
    }))
    const { replicationFactor } = this.settings
    const placement = placementOf(members, { replicationFactor })
    if (placement.fingerprint !== this.placement.fingerprint) this.placement = placement
    this.#onBeliefs(true)
  }

  /** Caught up: from now on this node acts for the slots it is first in, and its word counts. */
  #becomeReady(): void {
    if (this.isReady || this.membership.life.agreement.status !== 'up') return
    this.isReady = true
    this.membership.updateSelf({ meta: this.#sheet() })
    this.#onBeliefs(false)
  }

  #sheet(): Buffer {
    const { host, httpPort, name } = this.settings
    return encodeSheet({ clientPort: this.node.state.port, httpPort, isReady: this.isReady, host, name })
  }

  /** `isPeersChanged`: who can be dialled has changed too. */
  #onBeliefs(isPeersChanged: boolean): void {
    if (isPeersChanged) {
      const peers = [...this.beliefs.all()].map(({ id, record }) => ({ id, address: record.address }))
      this.pool.onMembers(peers)
    }
    const isAdopted = this.placement !== this.roles.table
    this.roles.update(this.placement, this.#ports.monotonicMs())
    if (isAdopted) {
      this.batches.onGroups(this.roles.groups, this.roles.groupOf)
      // Alone, a node pays for no copies: neither effects nor tombstones are kept for nobody.
      const hasPeers = this.roles.groups.some(({ peerIds }) => peerIds.length > 0)
      this.node.effects.isOn = hasPeers
      if (hasPeers) this.node.space.tombstones = this.#tombstones
      this.healing.settling.onOwners()
    }
    this.#wake()
  }

  #clientAddressOf(id: string): string | undefined {
    const sheet = this.beliefs.get(id)?.sheet
    return sheet === undefined || sheet.clientPort === 0 ? undefined : `${sheet.host}:${sheet.clientPort}`
  }

  // Links

  #makePool(): Pool {
    const { cluster, id, secret } = this.settings
    return new Pool({
      identity: {
        cluster,
        id,
        birth: this.node.state.startedMs,
        address: this.busAddress,
        features: [],
        secret,
      },
      wires: this.#ports.wires,
      ports: this.#ports,
      verbs: this.#bound,
      log: this.node.state.log,
      wake: () => this.#wake(),
      onFault: (error) => {
        throw error
      },
      events: {
        onLinkUp: (peerId) => {
          this.beliefs.onLinkUp(peerId, this.#ports.monotonicMs())
          this.#onBeliefs(false)
          this.healing.hints.onPeerUp(peerId)
          this.spreads.onLinkUp(peerId)
        },
        onLinkDown: (peerId, wasRefused) => {
          this.beliefs.onLinkDown(peerId, wasRefused)
          this.batches.onPeerGone(peerId)
          this.healing.hints.onPeerDown(peerId)
          this.membership.onLinkDown(peerId)
          this.#onBeliefs(false)
        },
        onUnreachable: (address, peerId, wasRefused) => {
          this.membership.onStreamFailed(address)
          if (peerId === '') return
          this.beliefs.onLinkDown(peerId, wasRefused)
          if (wasRefused) this.membership.onLinkDown(peerId)
          this.#onBeliefs(false)
        },
      },
    })
  }

  #bindVerbs(): void {
    this.#bound.bind('gossip', (from, arrival) => {
      this.membership.onStream(from.peer.address, arrival.body)
    })
    this.#effects.bind(this.#bound)
    this.#requests.bind(this.#bound)
    this.healing.bind(this.#bound)
  }

  /** When a peer was last heard: its heartbeat, or any frame on its link. */
  #heardMs(peerId: string): number {
    const beatMs = this.membership.heartbeats?.peer(peerId)?.heardMs ?? Number.NEGATIVE_INFINITY
    return Math.max(beatMs, this.pool.to(peerId)?.heardAtMs ?? Number.NEGATIVE_INFINITY)
  }

  // What the parts ask of each other

  #roleEvents(): RoleEvents {
    return {
      onUnsettled: (slots) => this.healing.settling.onUnsettled(slots),
      onLost: (slots) => {
        this.healing.settling.onLost(slots)
        this.#release(slots)
      },
    }
  }

  #makeEffects(): MeshEffects {
    return new MeshEffects(this.node, {
      monotonicMs: () => this.#ports.monotonicMs(),
      wallMs: () => this.#ports.wallMs(),
      wake: () => this.#wake(),
      pool: () => this.pool,
      mayApply: (slot, sender) =>
        this.roles.acceptsFrom(slot, sender) && this.healing.claims.allows(slot, sender),
      onMissed: (peerId, bytes, length) => this.healing.hints.remember(peerId, bytes, length),
      onRefused: (peerId, refusal) => this.healing.onRefused(peerId, refusal),
      pull: (owner, database, key) => this.healing.pull(owner, database, key),
    })
  }

  #makeHealing(): MeshHealing {
    const { pool, replica, roles } = this
    return new MeshHealing(
      { selfId: this.settings.id, space: this.node.space, roles, replica, pool },
      {
        monotonicMs: () => this.#ports.monotonicMs(),
        wallMs: () => this.#ports.wallMs(),
        wake: () => this.#wake(),
        fingerprint: () => this.placement.fingerprint,
        waitingSlots: () => this.parking.slots,
        onSettled: (slots) => {
          for (const slot of slots) this.roles.settled(slot)
          this.#release(slots)
        },
        onWhole: () => this.#becomeReady(),
      },
    )
  }

  #makeRequests(): MeshRequests {
    return new MeshRequests(this.node, {
      selfId: this.settings.id,
      wallMs: () => this.#ports.wallMs(),
      after: (delayMs, run) => this.#ports.after(delayMs, run),
      soon: (run) => this.#ports.soon(run),
      wake: () => this.#wake(),
      pool: () => this.pool,
      fingerprint: () => this.placement.fingerprint,
      actingId: (slot) => this.roles.actingId(slot),
      router: () => this.router,
      spreads: () => this.spreads,
    })
  }

  /** While an owner is away, what expires here must be told to it as well; old graves are opened a few at a time. */
  #tendTombstones(): void {
    const { tombstones } = this.node.space
    if (tombstones === null) return
    const isAnyAway = [...this.beliefs.all()].some(({ id }) => !this.beliefs.mayAct(id))
    tombstones.keepsExpired = isAnyAway || this.healing.hints.rows().length > 0
    tombstones.collect(this.#ports.wallMs(), TOMBSTONE_TTL_MS, TOMBSTONE_BUDGET_US, () => !isAnyAway)
  }

  // Requests

  #makeSpreads(routing: RouterSettings): Spreads {
    const { batches, beliefs, forwards, node, parking, pool, replica, roles } = this
    const spreads = new Spreads({
      selfId: this.settings.id,
      node: node.state,
      space: node.space,
      call: node.executor.call,
      dispatch: node.dispatch,
      roles,
      batches,
      replica,
      forwards,
      parking,
      settings: routing,
      host: this.#requests.host,
      peers: pool,
      ports: {
        wallMs: () => this.#ports.wallMs(),
        monotonicMs: () => this.#ports.monotonicMs(),
        random32: () => node.state.ports.random32(),
        after: (delayMs, run) => this.#ports.after(delayMs, run),
      },
      reachablePeers: () => [...beliefs.all()].map(({ id }) => id).filter((id) => beliefs.mayHold(id)),
    })
    spreads.bind(this.#bound)
    return spreads
  }

  #release(slots: readonly number[]): void {
    if (this.parking.count > 0) this.parking.release(new Set(slots))
  }
}
