/**
 * Mesh channel [Machine]: what this node sees of the members, told to its own clients by publish and subscribe: one channel
 * a member, `__system.membership.<mesh>.<id of the member>`, with a heartbeat a second and whatever happens to it.
 *
 * Every node tells what it has seen itself, so subscribers at different nodes may hear different things: that is
 * the point. Nothing of it travels. While nobody listens it costs nothing. It decides nothing.
 */
import { type GossipEvent, heartbeatChannel, type Membership } from '../gossip/index.ts'
import { decodeSheet } from './routing/peer-beliefs.ts'
import type { Channels } from './session/channels.ts'

export interface MeshChannelParts {
  readonly cluster: string
  readonly selfId: string
  readonly channels: Channels
  readonly membership: Membership
  /** What the operator calls a node, or its id. */
  nameOf(id: string): string
  wallMs(): number
}

/** One message, as JSON. Liveness is what this node believes, status what all have agreed on. */
export interface MembershipMessage {
  readonly event: string
  /** Its id, 40 hex characters. */
  readonly node: string
  readonly name: string
  readonly status: string
  readonly liveness: string
  /** When this life of it began, in wall milliseconds; 0: not known any more. */
  readonly birth: number
  /** When this node saw it, in wall milliseconds. */
  readonly at: number
}

/** However often a member is heard, its heartbeats are told no closer to each other. */
export const HEARTBEAT_MS = 1000
/** Who listens to `*` means what clients publish, and hears nothing of this. */
const PREFIX = '__system.'

export class MeshChannel {
  readonly #parts: MeshChannelParts
  /** When each member had been heard as its last heartbeat was told. */
  #heardMs = new Map<string, number>()
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(parts: MeshChannelParts) {
    this.#parts = parts
    parts.membership.events.subscribe((event) => this.#onGossip(event))
  }

  onTick(nowMs: number): void {
    const { channels, membership, selfId } = this.#parts
    const { heartbeats } = membership
    if (!channels.hasListeners || nowMs - this.#toldMs < HEARTBEAT_MS) return
    if (heartbeats === undefined || !heartbeats.isRunning) return
    this.#toldMs = nowMs
    this.#tell('heartbeat', selfId)
    const heardMs = new Map<string, number>()
    for (const peer of heartbeats.peers()) {
      heardMs.set(peer.id, peer.heardMs)
      if (peer.heardMs > (this.#heardMs.get(peer.id) ?? peer.heardMs)) this.#tell('heartbeat', peer.id)
    }
    this.#heardMs = heardMs
  }

  #onGossip(event: GossipEvent): void {
    if (!this.#parts.channels.hasListeners) return
    if ('member' in event) {
      const { id, birth, status } = event.member
      this.#tell(event.type, id, { birth, status: event.type === 'member_removed' ? 'removed' : status })
    } else if ('record' in event && event.record !== undefined) {
      const { id, birth, meta } = event.record
      this.#tell(event.type, id, { birth, name: decodeSheet(meta).name || this.#parts.nameOf(id) })
    } else if ('id' in event) {
      this.#tell(event.type, event.id)
    } else if (event.type === 'leader_changed') {
      if (event.to !== undefined) this.#tell('leader_changed', event.to)
    } else if (event.type.startsWith('self_')) {
      this.#tell(event.type, this.#parts.selfId)
    }
  }

  #tell(event: string, node: string, known: Partial<MembershipMessage> = {}): void {
    const { channels, cluster, membership } = this.#parts
    const { agreement, swim } = membership.life
    const believed = swim.get(node)
    const agreed = agreement.state.members.get(node)
    const message: MembershipMessage = {
      event,
      node,
      name: known.name ?? this.#parts.nameOf(node),
      status: known.status ?? agreed?.status ?? 'removed',
      liveness: event === 'peer_evicted' ? 'evicted' : (believed?.liveness ?? 'evicted'),
      birth: known.birth ?? believed?.record.birth ?? agreed?.birth ?? 0,
      at: Math.floor(this.#parts.wallMs()),
    }
    const bytes = Buffer.from(JSON.stringify(message), 'utf8')
    channels.publish(heartbeatChannel(cluster, node), bytes, 0, bytes.length, PREFIX)
  }
}
