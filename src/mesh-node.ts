/**
 * Mesh node [Machine]: a node among others: membership, links, placement, replication and routing, built around a
 * Node and connected in a written order.
 *
 *   gossip -> beliefs + agreed members -> placement -> roles -> router <- clients' requests
 *   effects of commands -> batches -> links -> other owners' replicas -> acknowledgements -> barriers -> replies
 *
 * It decides nothing itself. One round of the event loop ends with `flush`: batches, forwards, acknowledgements, links.
 * The simulator and main build the same mesh node.
 */
import { type Address, type GossipPorts, joinAddress, type Membership } from '../gossip/index.ts'
import { Pool } from './mesh/pool.ts'
import { Verbs, verbs } from './mesh/verbs.ts'
import type { Wires } from './mesh/wires.ts'
import { MeshEffects } from './mesh-effects.ts'
import { MeshHealing } from './mesh-healing.ts'
import { MeshMessages } from './mesh-messages.ts'
import { MeshRequests } from './mesh-requests.ts'
import { MeshRouting } from './mesh-routing.ts'
import { MeshMembers } from './mesh-members.ts'
import type { MeshSettings } from './mesh-settings.ts'
import type { Node } from './node.ts'
import type { Placement } from './placement/placement.ts'
import type { Batches } from './replication/batches.ts'
import type { Replica } from './replication/replica.ts'
import { PRESENCE_MS } from './replication/patience.ts'
import { type RoleEvents, SlotRoles } from './replication/slot-roles.ts'
import type { Forwards } from './routing/forwards.ts'
import type { PeerBeliefs } from './routing/peer-beliefs.ts'
import { Tombstones } from './store/tombstones.ts'

export interface MeshNodePorts extends Omit<GossipPorts, 'sendStream'> {
  readonly wires: Wires
  /** Calls `run` when this round of the event loop has ended. */
  soon(run: () => void): void
}

const TICK_MS = 50

export class MeshNode {
  readonly node: Node
  readonly settings: MeshSettings
  readonly members: MeshMembers
  readonly pool: Pool
  readonly roles: SlotRoles
  readonly healing: MeshHealing
  readonly routing: MeshRouting
  readonly messages: MeshMessages
  readonly #ports: MeshNodePorts
  readonly #bound = new Verbs()
  readonly #effects: MeshEffects
  readonly #requests: MeshRequests
  readonly tombstones: Tombstones
  #isFlushAsked = false
  #isStopped = false

  constructor(node: Node, settings: MeshSettings, ports: MeshNodePorts) {
    this.node = node
    this.settings = settings
    this.#ports = ports
    const { id } = settings
    this.tombstones = new Tombstones(node.space.secret, () => ports.monotonicMs() * 1000)
    this.tombstones.keepsExpired = true
    this.members = this.#makeMembers()
    this.roles = new SlotRoles(id, this.beliefs, this.#roleEvents(), () => PRESENCE_MS)
    this.#effects = this.#makeEffects()
    this.pool = this.#makePool()
    this.healing = this.#makeHealing()
    this.healing.follow(node.state.config)
    this.#requests = this.#makeRequests()
    this.routing = this.#makeRouting()
    this.messages = this.#makeMessages()
    this.#bindVerbs()
    node.state.pressure.onLag = (lagMs) => this.membership.onLoopLag(lagMs)
  }

  get membership(): Membership {
    return this.members.membership
  }

  get beliefs(): PeerBeliefs {
    return this.members.beliefs
  }

  get placement(): Placement {
    return this.members.placement
  }

  get isReady(): boolean {
    return this.members.isReady
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
    this.#route()
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
    this.messages.flush()
    this.pool.flush()
  }

  #tick(): void {
    if (this.#isStopped) return
    const nowMs = this.#ports.monotonicMs()
    this.routing.onTick(nowMs)
    this.pool.onTick(nowMs)
    // A link to everybody alive: its end is the quickest sign of a failure.
    for (const { id, isAlive, isLinkUp } of this.beliefs.all()) {
      // It may have come up before anything else was known of the peer.
      if (isAlive && !isLinkUp && this.pool.to(id) !== undefined) this.beliefs.onLinkUp(id, nowMs)
    }
    this.batches.onTick(nowMs)
    this.healing.onTick(nowMs, this.node.state.pressure.share)
    this.members.departure.onTick(nowMs)
    this.messages.onTick(nowMs)
    this.roles.look(nowMs)
    this.flush()
    this.#ports.after(TICK_MS, () => this.#tick())
  }

  #wake(): void {
    if (this.#isFlushAsked) return
    this.#isFlushAsked = true
    this.#ports.soon(() => this.flush())
  }

  // Who is there

  #makeMembers(): MeshMembers {
    const ports: GossipPorts = {
      ...this.#ports,
      sendStream: (to, bytes) => {
        // A copy: all packers share one buffer, and the frame's header is packed before its body is taken.
        this.pool.sendToAddress(to, verbs.gossip, [], Buffer.from(bytes))
        this.#wake()
      },
    }
    return new MeshMembers(this.settings, this.busAddress, ports, {
      onChanged: (canDialChanged) => this.#onMembers(canDialChanged),
      onPlaced: (plan, { copies, members }) => {
        const { placesGained, primariesChanged } = plan
        for (const { id, record } of this.beliefs.all()) this.healing.former.onBirth(id, record.birth)
        this.healing.onPlaced(plan)
        const facts = { owners: members.length, copies, placesGained, primariesChanged }
        this.node.state.log.notice('owners have changed', facts)
      },
      onGone: (id) => {
        this.replica.forget(id)
        this.healing.onGone(id)
      },
      onExited: (id) => this.healing.excuse(id),
      // Out of the mesh nothing was heard: what is held counts for nothing until it has been compared.
      onOut: () => this.healing.settling.forgetAll(),
      linkHeardMs: (id) => this.pool.to(id)?.heardAtMs ?? Number.NEGATIVE_INFINITY,
      clientPort: () => this.node.state.port,
      pendingCount: () => this.healing.leftovers.pendingCount,
    })
  }

  #onMembers(canDialChanged: boolean): void {
    if (canDialChanged) {
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
      if (hasPeers) this.node.space.tombstones = this.tombstones
      this.healing.onOwners()
    }
    this.healing.repair.antiEntropy.onMembers()
    this.messages.onMembers()
    this.#route()
    this.#wake()
  }

  /** Requests are routed as soon as there may be others to route them to: alone, a node pays nothing for the mesh. */
  #route(): void {
    const { healing, members, node, routing } = this
    // Those who waited elsewhere wait here by the router's leave, and are to be known to it until they are served.
    const isAlone = members.isAlone && healing.hasSettled && routing.waits.distant.count === 0
    node.state.router = isAlone ? null : routing.router
    node.state.servedSlots = isAlone ? null : this.roles.roles
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
        onLinkUp: (peerId, { peer }) => {
          this.healing.former.onBirth(peerId, peer.birth)
          this.beliefs.onLinkUp(peerId, this.#ports.monotonicMs())
          this.#onMembers(false)
          this.healing.hints.onPeerUp(peerId)
          this.routing.onLinkUp(peerId)
        },
        onLinkDown: (peerId, isLost) => {
          this.beliefs.onLinkDown(peerId, isLost)
          this.batches.onPeerGone(peerId)
          this.healing.hints.onPeerDown(peerId)
          this.routing.onLinkDown(peerId)
          this.membership.onLinkDown(peerId)
          this.#onMembers(false)
        },
        onUnreachable: (address, peerId, wasRefused) => {
          this.membership.onStreamFailed(address)
          if (peerId === '') return
          this.beliefs.onLinkDown(peerId, wasRefused)
          if (wasRefused) this.membership.onLinkDown(peerId)
          this.#onMembers(false)
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
    this.routing.bind(this.#bound)
    this.messages.bind(this.#bound)
  }

  // What the parts ask of each other

  #roleEvents(): RoleEvents {
    return {
      onUnsettled: (slots) => {
        this.healing.settling.onUnsettled(slots)
        this.routing.waits.onSlots(slots)
      },
      onLost: (slots) => {
        this.healing.settling.onLost(slots)
        this.routing.release(slots)
        this.routing.waits.onSlots(slots)
      },
    }
  }

  #makeEffects(): MeshEffects {
    return new MeshEffects(this.node, {
      monotonicMs: () => this.#ports.monotonicMs(),
      wallMs: () => this.#ports.wallMs(),
      wake: () => this.#wake(),
      pool: () => this.pool,
      mayApply: (slot, sender, term) => {
        return this.roles.owns(slot) && this.healing.accepts(slot, sender, term)
      },
      onMissed: (peerId, bytes, length) => this.healing.hints.remember(peerId, bytes, length),
      onRefused: (peerId, refusal) => {
        if (refusal.reason === 'full') this.node.eviction.relieve()
        else this.healing.onRefused(peerId, refusal)
      },
      onDoubt: (barriers, bytes, length, deadlineMs) => {
        this.healing.doubts.open(barriers, bytes, length, deadlineMs)
      },
      pull: (owner, database, key) => this.healing.pull(owner, database, key),
      noteTerm: (slot, term) => this.healing.noteTerm(slot, term),
      isWhole: (slot) => this.healing.settling.isWhole(slot),
    })
  }

  #makeMessages(): MeshMessages {
    const { beliefs, members, pool, settings } = this
    return new MeshMessages(this.node.state, {
      settings,
      beliefs,
      pool,
      membership: members.membership,
      wallMs: () => this.#ports.wallMs(),
      wake: () => this.#wake(),
    })
  }

  #makeHealing(): MeshHealing {
    const { pool, replica, roles } = this
    return new MeshHealing(
      { selfId: this.settings.id, space: this.node.space, roles, replica, pool },
      {
        monotonicMs: () => this.#ports.monotonicMs(),
        wallMs: () => this.#ports.wallMs(),
        random32: () => this.node.state.ports.random32(),
        after: (delayMs, run) => this.#ports.after(delayMs, run),
        repairIntervalMs: () => this.node.state.config.number('repair-interval') * 1000,
        isAnyAway: () => this.members.isAnyAway,
        wake: () => this.#wake(),
        renew: (ref) => this.node.effects.renew(ref),
        fingerprint: () => this.placement.fingerprint,
        mayAnswer: (peerId) => this.beliefs.mayHold(peerId),
        waitingSlots: () => this.routing.parking.slots,
        onSettled: (slots) => {
          for (const slot of slots) this.roles.settled(slot)
          this.healing.doubts.onSettled()
          this.routing.release(slots)
          this.#route()
        },
        onWhole: () => this.members.becomeReady(),
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
      router: () => this.routing.router,
      spreads: () => this.routing.spreads,
    })
  }

  #makeRouting(): MeshRouting {
    const { batches, forwards, healing, members, pool, replica, roles } = this
    return new MeshRouting(
      this.node,
      {
        selfId: this.settings.id,
        roles,
        batches,
        confirming: healing.confirming,
        replica,
        forwards,
        host: this.#requests.host,
        peers: pool,
        confirm: (session, keys, level, done) => healing.confirm(session, keys, level, done),
        clientAddressOf: (peerId) => members.clientAddressOf(peerId),
        reachablePeers: () => members.reachableIds,
      },
      this.#ports,
    )
  }
}
