/**
 * Mesh members [Machine]: who is there, what is believed of each, and who therefore owns what: membership, beliefs and
 * placement. The part of a mesh node's composition that is about the others.
 *
 * Ownership follows from what was agreed, so that it is the same everywhere; who may act follows from what this node
 * itself believes. It knows nothing of keys.
 */
import { type GossipEvent, type GossipPorts, Membership } from '../gossip/index.ts'
import { dcOf, type MeshSettings, weightOf, zoneOf } from './mesh-settings.ts'
import { KnownPlacements } from './placement/known-placements.ts'
import { Placement } from './placement/placement.ts'
import { type Plan, planOf } from './placement/plan.ts'
import { Departure } from './replication/departure.ts'
import { encodeSheet, PeerBeliefs } from './routing/peer-beliefs.ts'

export interface MembersHooks {
  /** `canDialChanged`: not only beliefs have changed, but who there is and where. */
  onChanged(canDialChanged: boolean): void
  /** Other owners from now on; what has to change hands. */
  onPlaced(plan: Plan, placement: Placement): void
  /** For good: nothing is kept for it any longer. */
  onGone(id: string): void
  /** It has left in good order: what it had it has handed on. */
  onExited(id: string): void
  /** This node was given up by the mesh, and goes on as somebody new. */
  onOut(): void
  /** When a frame of the peer came last. */
  linkHeardMs(id: string): number
  clientPort(): number
  /** Slots that this node has lost and not handed over yet. */
  pendingCount(): number
}

/** Nodes of one process share them. */
const placements = new KnownPlacements()

export class MeshMembers {
  readonly membership: Membership
  readonly beliefs: PeerBeliefs
  placement = new Placement([], 0, new Uint16Array(0))
  /** Has caught up: acts for the slots it is first in, and its word counts. */
  isReady = false
  readonly departure: Departure
  readonly #settings: MeshSettings
  readonly #hooks: MembersHooks

  constructor(settings: MeshSettings, address: string, ports: GossipPorts, hooks: MembersHooks) {
    this.#settings = settings
    this.#hooks = hooks
    const { cluster, gossipKeys, id, roles } = settings
    this.membership = new Membership(
      { id, address, roles, meta: this.#sheet() },
      { cluster, heartbeats: {}, keys: gossipKeys },
      ports,
    )
    this.beliefs = new PeerBeliefs(
      id,
      () => this.isReady,
      (peerId) => this.#heardMs(peerId),
    )
    this.departure = new Departure({
      monotonicMs: () => ports.monotonicMs(),
      leave: () => this.membership.leave(true),
      go: () => this.membership.go(),
      isOwner: () => this.placement.numberOf(id) >= 0,
      pendingCount: () => hooks.pendingCount(),
    })
    this.membership.events.subscribe((event) => this.#onGossip(event))
  }

  get isUp(): boolean {
    return this.membership.life.agreement.status === 'up'
  }

  /** This node owns every slot by itself. Not to be told by effects: who owns nothing, or an only copy, has none to send. */
  get isAlone(): boolean {
    return this.isReady && this.isUp && this.placement.members.every((id) => id === this.#settings.id)
  }

  /** This node has caught up with the owners of its slots, and says so; false: it is no member to whom that matters. */
  becomeReady(): boolean {
    if (this.isReady || !this.isUp) return this.isReady
    this.isReady = true
    this.membership.updateSelf({ meta: this.#sheet() })
    this.#hooks.onChanged(false)
    return true
  }

  /** `host:port` of a node for its clients. */
  clientAddressOf(id: string): string | undefined {
    const sheet = this.beliefs.get(id)?.sheet
    return sheet === undefined || sheet.clientPort === 0 ? undefined : `${sheet.host}:${sheet.clientPort}`
  }

  /** Others that keep what they are sent. */
  get reachableIds(): string[] {
    return [...this.beliefs.all()].map(({ id }) => id).filter((id) => this.beliefs.mayHold(id))
  }

  get isAnyAway(): boolean {
    return [...this.beliefs.all()].some(({ id }) => !this.beliefs.mayAct(id))
  }

  /** Its heartbeat, or any frame on its link. */
  #heardMs(id: string): number {
    const beatMs = this.membership.heartbeats?.peer(id)?.heardMs ?? Number.NEGATIVE_INFINITY
    return Math.max(beatMs, this.#hooks.linkHeardMs(id))
  }

  #sheet(): Buffer {
    const { host, httpPort, name } = this.#settings
    return encodeSheet({
      clientPort: this.#hooks.clientPort(),
      httpPort,
      isReady: this.isReady,
      host,
      name,
    })
  }

  #onGossip(event: GossipEvent): void {
    switch (event.type) {
      case 'peer_joined':
      case 'peer_alive':
      case 'peer_updated':
        this.beliefs.onGossip(event.record!, true)
        return this.#hooks.onChanged(true)
      case 'peer_suspect':
      case 'peer_dead':
      case 'peer_left':
        if (event.record !== undefined) this.beliefs.onGossip(event.record, event.type === 'peer_suspect')
        return this.#hooks.onChanged(false)
      case 'peer_evicted':
        this.beliefs.forget(event.id)
        this.#hooks.onGone(event.id)
        return this.#hooks.onChanged(true)
      case 'member_up':
      case 'member_left':
      case 'member_downed':
        return this.#onAgreed()
      case 'member_exited':
        this.#onAgreed()
        return this.#hooks.onExited(event.member.id)
      case 'member_removed':
        this.#onAgreed()
        if (event.previous === 'exiting') this.#hooks.onExited(event.member.id)
        return
      case 'self_downed':
      case 'self_removed':
        this.isReady = false
        this.#hooks.onOut()
        return this.#onAgreed()
      case 'self_reborn':
        this.membership.updateSelf({ meta: this.#sheet() })
        return this.#onAgreed()
      default:
    }
  }

  /** The agreed members have changed: so may have who owns what. */
  #onAgreed(): void {
    const { state } = this.membership.life.agreement
    const { self } = this.membership
    // Who is leaving owns nothing any more: it hands over what it has before it goes. Nor does this node what was its
    // former life's: it is to be let in first, or those who gave it up and those who have not heard of that both count it.
    const owning = [...state.members.values()].filter(({ birth, id, status }) => {
      return status === 'up' && (id !== self.id || birth === self.birth)
    })
    const members = owning.map(({ id, roles }) => ({
      id,
      weight: weightOf(roles),
      zone: zoneOf(roles),
      dc: dcOf(roles),
    }))
    const { replicationFactor } = this.#settings
    const placement = placements.of(members, { replicationFactor })
    if (placement.fingerprint !== this.placement.fingerprint) {
      this.#hooks.onPlaced(planOf(this.placement, placement), placement)
      this.placement = placement
    }
    this.#hooks.onChanged(true)
  }
}
