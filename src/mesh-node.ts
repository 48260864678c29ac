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
import { SlabPool } from '../resp/index.ts'
import { Pool } from './mesh/pool.ts'
import { Verbs, verbs } from './mesh/verbs.ts'
import type { Wires } from './mesh/wires.ts'
import { dcOf, type MeshSettings, originOfId, weightOf, zoneOf } from './mesh-settings.ts'
import type { Node } from './node.ts'
import { Placement } from './placement/placement.ts'
import { placementOf } from './placement/ring.ts'
import { decodeAcknowledgement, encodeExceptions } from './replication/acknowledgement-codec.ts'
import { Batches, type EffectFrame } from './replication/batches.ts'
import { Replica } from './replication/replica.ts'
import { SlotRoles } from './replication/slot-roles.ts'
import { rawsAt } from './routing/forward-body.ts'
import { Forwarded, type ForwardedHost, type RespondForwarded } from './routing/forwarded.ts'
import { type ForwardOutcome, Forwards } from './routing/forwards.ts'
import { Parking } from './routing/parking.ts'
import { encodeSheet, PeerBeliefs } from './routing/peer-beliefs.ts'
import { DOWN, Router, type RouterSettings } from './routing/router.ts'
import { Spreads } from './routing/spreads.ts'
import type { Session } from './session/session.ts'
import { ByteWriter } from './store/byte-writer.ts'
import { Tombstones } from './store/tombstones.ts'

export interface MeshNodePorts extends Omit<GossipPorts, 'sendStream'> {
  readonly wires: Wires
  /** Calls `run` when this round of the event loop has ended. */
  soon(run: () => void): void
}

const TICK_MS = 50
const FORWARD_DEADLINE_MS = 4000
/** An owner not heard for this long may be gone: who depends on it for a quorum stops acting. */
const PRESENCE_MS = 3000
/** Agreed parts that own slots. */
const OWNING = new Set(['up', 'leaving'])

export class MeshNode {
  readonly node: Node
  readonly settings: MeshSettings
  readonly membership: Membership
  readonly pool: Pool
  readonly beliefs: PeerBeliefs
  readonly roles: SlotRoles
  readonly batches: Batches
  readonly replica: Replica
  readonly forwards: Forwards
  readonly parking: Parking
  readonly spreads: Spreads
  readonly router: Router
  placement = new Placement([], 0, new Uint16Array(0))
  isReady = false
  readonly #ports: MeshNodePorts
  readonly #bound = new Verbs()
  readonly #host: ForwardedHost
  readonly #exceptions = new ByteWriter()
  readonly #tombstones: Tombstones
  readonly #owedAcknowledgements = new Set<string>()
  #isFlushAsked = false
  #isStopped = false

  constructor(node: Node, settings: MeshSettings, ports: MeshNodePorts) {
    this.node = node
    this.settings = settings
    this.#ports = ports
    const { space, state, executor, effects } = node
    const { id } = settings
    space.origin = originOfId(id)
    this.#tombstones = new Tombstones(space.secret, () => ports.monotonicMs() * 1000)
    this.beliefs = new PeerBeliefs(
      id,
      () => this.isReady,
      (peerId) => this.membership.heartbeats?.peer(peerId)?.heardMs,
    )
    this.roles = new SlotRoles(
      id,
      this.beliefs,
      { onUnsettled: (slots) => this.#onUnsettled(slots), onLost: (slots) => this.#release(slots) },
      () => PRESENCE_MS,
    )
    this.batches = this.#makeBatches()
    effects.route = this.batches
    this.replica = new Replica(space, node.replay, {
      pull: (owner, slot, database, key) => this.#pull(owner, slot, database, key),
      acknowledge: (sender) => this.#oweAcknowledgement(sender),
    })
    this.pool = this.#makePool()
    this.forwards = this.#makeForwards()
    this.parking = new Parking(
      (session, args) => this.spreads.onRequest(session, args),
      (session) => session.writer.error(DOWN),
    )
    const { roles, batches, forwards, parking } = this
    const routing: RouterSettings = {
      redirects: state.config.text('redirect') === 'moved',
      allowsStaleReads: state.config.is('allow-stale-reads'),
      clientAddressOf: (peerId) => this.#clientAddressOf(peerId),
    }
    this.#host = this.#makeHost()
    this.spreads = this.#makeSpreads(routing)
    this.router = new Router(
      { selfId: id, space, call: executor.call, roles, batches, forwards, parking, spreads: this.spreads },
      routing,
      (session, keys, level, done) => this.#confirm(session, keys, level, done),
      () => ports.monotonicMs(),
    )
    state.router = this.router
    state.servedSlots = roles.roles
    this.membership = this.#makeMembership()
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
    this.batches.flush()
    for (const sender of this.#owedAcknowledgements) this.#acknowledge(sender)
    this.#owedAcknowledgements.clear()
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
        this.isReady = false
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
    this.placement = placementOf(members, { replicationFactor })
    this.#onBeliefs(true)
    if (!this.isReady && this.membership.life.agreement.status === 'up') this.#becomeReady()
  }

  /** From now on this node acts for the slots it is first in, and its word counts. */
  #becomeReady(): void {
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
      verbs: this.#bindVerbs(),
      log: this.node.state.log,
      wake: () => this.#wake(),
      onFault: (error) => {
        throw error
      },
      events: {
        onLinkUp: (peerId) => {
          this.beliefs.onLinkUp(peerId, this.#ports.monotonicMs())
          this.#onBeliefs(false)
          this.spreads.onLinkUp(peerId)
        },
        onLinkDown: (peerId, wasRefused) => {
          this.beliefs.onLinkDown(peerId, wasRefused)
          this.batches.onPeerGone(peerId)
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

  #bindVerbs(): Verbs {
    const bound = this.#bound
    const heard = (peerId: string): void => this.beliefs.onHeard(peerId, this.#ports.monotonicMs())
    bound.bind('gossip', (from, arrival) => {
      heard(from.peer.id)
      this.membership.onStream(from.peer.address, arrival.body)
    })
    bound.bind('effects', (from, arrival) => {
      heard(from.peer.id)
      this.#onEffects(from.peer.id, arrival.fields as [number, number, number], arrival.body)
    })
    bound.bind('acknowledge', (from, arrival) => {
      heard(from.peer.id)
      const { bytes, end, fields, start } = arrival
      const acknowledgement = decodeAcknowledgement(fields[0] as number, bytes, start, end)
      if (acknowledgement !== undefined) this.batches.onAcknowledged(from.peer.id, acknowledgement)
    })
    bound.bind('forward', (from, arrival) => {
      heard(from.peer.id)
      const { correlation } = arrival
      this.#serveForwarded(from.peer.id, arrival.body, (body, length) => {
        if (body === undefined) from.fail(correlation, 'these are no requests')
        else from.answer(correlation, [], body, 0, length)
        this.#wake()
      })
    })
    return bound
  }

  // Writes

  #makeBatches(): Batches {
    return new Batches({
      monotonicMs: () => this.#ports.monotonicMs(),
      sendEffects: (peerId, frame) => this.#sendEffects(peerId, frame),
      onRefused: (_peerId, refusal) => {
        // Somebody knows better than we do: settle before serving again.
        if (refusal.slot >= 0 && refusal.reason !== 'skewed') this.roles.unsettle(refusal.slot)
      },
      onMissed: () => {},
      wake: () => this.#wake(),
    })
  }

  #sendEffects(peerId: string, { bytes, floor, length, number, previous }: EffectFrame): boolean {
    const link = this.pool.to(peerId)
    return link?.send(verbs.effects, [number, previous, floor], bytes, 0, length) ?? false
  }

  #onEffects(sender: string, [number, previous, floor]: [number, number, number], bytes: Buffer): void {
    const mayAct = (slot: number): boolean => this.roles.acceptsFrom(slot, sender)
    this.replica.onEffects({ sender, number, previous, floor, bytes }, mayAct, this.#ports.wallMs())
    this.#oweAcknowledgement(sender)
  }

  #oweAcknowledgement(sender: string): void {
    this.#owedAcknowledgements.add(sender)
    this.#wake()
  }

  #acknowledge(sender: string): void {
    const acknowledgement = this.replica.acknowledgementFor(sender)
    encodeExceptions(acknowledgement, this.#exceptions)
    const { bytes, length } = this.#exceptions
    this.pool.send(sender, verbs.acknowledge, [acknowledgement.upTo], bytes, 0, length)
  }

  #pull(_owner: string, _slot: number, database: number, key: Buffer): void {
    this.#ports.soon(() => this.replica.onPulled(database, key, null, this.#ports.wallMs()))
  }

  #onUnsettled(slots: readonly number[]): void {
    for (const slot of slots) this.roles.settled(slot)
    this.#release(slots)
  }

  #release(slots: readonly number[]): void {
    if (this.parking.count > 0) this.parking.release(new Set(slots))
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
      host: this.#host,
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

  #confirm(_s: Session, _k: unknown, _l: string, done: (isConfirmed: boolean) => void): void {
    this.#ports.soon(() => done(true))
  }

  #makeForwards(): Forwards {
    return new Forwards({
      ask: (peerId, body, length, answered) => this.#askForward(peerId, body, length, answered),
      actingId: (slot) => this.roles.actingId(slot),
      after: (delayMs, run) => this.#ports.after(delayMs, run),
      wake: () => this.#wake(),
    })
  }

  #askForward(
    peerId: string,
    body: Buffer,
    length: number,
    answered: (outcome: ForwardOutcome) => void,
  ): void {
    if (peerId === this.settings.id) {
      const own = Buffer.from(body.subarray(0, length))
      this.#ports.soon(() =>
        this.#serveForwarded(peerId, own, (bytes, end) =>
          answered(
            bytes === undefined
              ? { kind: 'failed', hasRunMaybe: false }
              : { kind: 'answer', bytes, start: 0, end },
          ),
        ),
      )
      return
    }
    const fields = [this.placement.fingerprint]
    this.pool.ask(
      peerId,
      verbs.forward,
      fields,
      body,
      FORWARD_DEADLINE_MS,
      (outcome) => {
        if (outcome.kind === 'answer') answered({ ...outcome, kind: 'answer', bytes: outcome.bytes })
        else {
          const hasRunMaybe = outcome.reason === 'deadline' || outcome.reason === 'closed'
          answered({ kind: 'failed', hasRunMaybe })
        }
      },
      0,
      length,
    )
  }

  #makeHost(): ForwardedHost {
    const { executor, space } = this.node
    return {
      slabs: new SlabPool(),
      onRequest: (session, args) => this.spreads.onRequest(session, args),
      onTurnStart: () => {
        executor.beginTurn(this.#ports.wallMs())
        this.router.onTurnStart()
      },
      onTurnEnd: () => {
        executor.endTurn()
        space.ahead.forget()
      },
    }
  }

  #serveForwarded(from: string, body: Buffer, respond: RespondForwarded): void {
    const at = rawsAt(body)
    if (at < 0) return respond(undefined, 0)
    new Forwarded(this.#host, from, body, at, this.#ports.wallMs(), respond).run()
  }
}
