/**
 * Mesh messages [Machine]: publish and subscribe over several nodes: what is published here and listened to elsewhere, the
 * other way round, and what this node tells its listeners of the members. The part of a mesh node's composition that
 * is about messages.
 */
import type { Membership } from '../gossip/index.ts'
import type { Answered } from './mesh/link-ports.ts'
import type { Pool } from './mesh/pool.ts'
import { type Verbs, verbs } from './mesh/verbs.ts'
import { MeshChannel } from './mesh-channel.ts'
import type { MeshSettings } from './mesh-settings.ts'
import { ChannelRelay, type Counted } from './routing/channel-relay.ts'
import type { PeerBeliefs } from './routing/peer-beliefs.ts'
import type { NodeState } from './session/node-state.ts'

export interface MessagesPorts {
  readonly settings: MeshSettings
  readonly membership: Membership
  readonly beliefs: PeerBeliefs
  readonly pool: Pool
  wallMs(): number
  wake(): void
}

/** How long who publishes to a shard channel waits for others to count; a node that is silent for longer does not. */
const COUNT_DEADLINE_MS = 1000

export class MeshMessages {
  readonly relay: ChannelRelay
  readonly channel: MeshChannel
  readonly #state: NodeState
  readonly #ports: MessagesPorts

  constructor(state: NodeState, ports: MessagesPorts) {
    this.#state = state
    this.#ports = ports
    const { beliefs, membership, pool, settings } = ports
    const { channels } = state
    this.relay = new ChannelRelay(channels, {
      peers: () => this.#peers(),
      send: (peerId, count, body, length) =>
        pool.to(peerId)?.send(verbs.publish, [count], body, 0, length) ?? false,
      ask: (peerId, count, body, length, counted) => this.#ask(peerId, count, body, length, counted),
      wake: () => ports.wake(),
    })
    this.channel = new MeshChannel({
      cluster: settings.cluster,
      selfId: settings.id,
      channels,
      membership,
      nameOf: (id) => (id === settings.id ? settings.name : beliefs.get(id)?.sheet.name || id),
      wallMs: () => ports.wallMs(),
    })
  }

  bind(table: Verbs): void {
    table.bind('publish', (_from, { bytes, end, fields, start }) => {
      this.relay.onMessages(fields[0] as number, bytes, start, end)
    })
    table.bind('shard-publish', (from, { bytes, correlation, end, fields, start }) => {
      const answer = this.relay.onShardMessages(fields[0] as number, bytes, start, end)
      if (answer === undefined) from.fail(correlation, 'these are no messages')
      else from.answer(correlation, [], answer.bytes, 0, answer.length)
    })
  }

  /** Who is there has changed: without anybody else, publishing is as cheap as in a node that stands alone. */
  onMembers(): void {
    const isAlone = this.#ports.beliefs.all().next().done === true
    this.#state.relay = isAlone ? null : this.relay
  }

  onTick(nowMs: number): void {
    this.channel.onTick(nowMs)
  }

  /** At the end of a round. */
  flush(): void {
    this.relay.flush()
  }

  *#peers(): Iterable<string> {
    for (const { id, isAlive } of this.#ports.beliefs.all()) if (isAlive) yield id
  }

  #ask(peerId: string, count: number, body: Buffer, length: number, counted: Counted): boolean {
    const link = this.#ports.pool.to(peerId)
    if (link === undefined) return false
    const answered: Answered = (outcome) => {
      if (outcome.kind === 'answer') counted(outcome.bytes, outcome.start, outcome.end)
      else counted(undefined, 0, 0)
    }
    link.ask(verbs.shardPublish, [count], body, COUNT_DEADLINE_MS, answered, 0, length)
    return true
  }
}
