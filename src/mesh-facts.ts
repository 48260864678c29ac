/**
 * Mesh facts [Rule + a short memory of events]: the face of the mesh as commands see it, read off a mesh node's parts
 * when somebody asks. It changes nothing but by the few orders an operator may give.
 */
import type { GossipEvent } from '../gossip/index.ts'
import { splitAddress } from '../gossip/index.ts'
import type { Faults } from './mesh/faults.ts'
import { handOffLines, handOffOf, slotStateOf } from './mesh-hand-off.ts'
import { limitLines, limitsOf } from './mesh-limits.ts'
import type { MeshNode as MeshNodeMachine } from './mesh-node.ts'
import { HTTP_OFFSET, weightOf } from './mesh-settings.ts'
import { NOBODY, SERVING, UNSETTLED } from './replication/slot-roles.ts'
import { ToldRanges } from './routing/told-ranges.ts'
import type { Pressure } from './pressure.ts'
import type {
  HandOffFacts,
  KeyStanding,
  LinkFacts,
  MeshFace,
  MeshNode,
  NodeHealth,
  RepairState,
  SlotRange,
  SlotState,
} from './session/mesh-face.ts'
import { SLOT_COUNT } from './store/hash-slot.ts'

const EVENTS_MAX = 256
const ORDINARY_POINTS = 64

export class MeshFacts implements MeshFace {
  readonly isOn = true
  readonly clusterName: string
  readonly selfId: string
  readonly faults: Faults | null
  readonly #mesh: MeshNodeMachine
  readonly #ranges: ToldRanges
  readonly #events: { atMs: number; text: string }[] = []

  constructor(mesh: MeshNodeMachine, faults: Faults | null = null) {
    this.#mesh = mesh
    this.faults = faults
    this.#ranges = new ToldRanges(mesh.roles)
    this.clusterName = mesh.settings.cluster
    this.selfId = mesh.settings.id
    mesh.membership.events.subscribe((event) => this.#note(event))
  }

  /** A node that has not caught up yet says so, as Redis does while it loads. */
  get state(): 'ok' | 'fail' {
    const { isReady, placement, roles } = this.#mesh
    const isFine = isReady && placement.copies > 0 && !roles.hasLapses && this.slotsFailed === 0
    return isFine ? 'ok' : 'fail'
  }

  get slotsServed(): number {
    return SLOT_COUNT - this.slotsFailed - this.slotsSuspect
  }

  get slotsSuspect(): number {
    return count(this.#mesh.roles.roles, UNSETTLED)
  }

  get slotsFailed(): number {
    return count(this.#mesh.roles.roles, NOBODY)
  }

  get fingerprint(): string {
    return this.#mesh.placement.fingerprint.toString(16).padStart(16, '0')
  }

  get epoch(): number {
    return Math.max(1, ...[...this.#members()].map(({ upNumber }) => upNumber))
  }

  nodes(): readonly MeshNode[] {
    const others = [...this.#members()].filter(({ id }) => id !== this.selfId)
    return [
      this.#self(),
      ...others.sort((a, b) => (a.id < b.id ? -1 : 1)).map((member) => this.#node(member)),
    ]
  }

  ranges(): readonly SlotRange[] {
    return this.#ranges.of(this.nodes().map(({ id }) => id))
  }

  links(): readonly LinkFacts[] {
    return this.#mesh.pool.describe().map((link) => ({
      direction: link.direction,
      nodeId: link.id,
      createdMs: link.createdMs,
      events: link.direction === 'to' ? 'rw' : 'r',
      sendBufferAllocated: link.allocatedBytes,
      sendBufferUsed: link.queuedBytes,
    }))
  }

  messageCounts(): ReturnType<MeshFace['messageCounts']> {
    const { swim } = this.#mesh.membership.life
    const { counters: wire } = this.#mesh.membership.courier
    const { counters: links } = this.#mesh.pool.room
    const { counters: messages } = this.#mesh.messages.relay
    return [
      { kind: 'ping', sent: swim.counters.probes, received: 0 },
      { kind: 'pong', sent: 0, received: swim.counters.acks },
      { kind: 'gossip', sent: wire.messagesSent, received: wire.messagesReceived },
      { kind: 'frames', sent: links.framesOut, received: links.framesIn },
      { kind: 'publish', sent: messages.sent, received: messages.received },
      { kind: 'publishshard', sent: messages.shardSent, received: messages.shardReceived },
    ]
  }

  failureReports(nodeId: string): number | undefined {
    const member = this.#mesh.membership.snapshot().members.find(({ id }) => id === nodeId)
    return member?.observedBy.length
  }

  explainSlot(slot: number): KeyStanding {
    const { placement, roles } = this.#mesh
    const owners = [...placement.ownersOf(slot)].map((owner) => {
      const id = placement.members[owner]!
      return { id, name: this.#nameOf(id), health: this.#healthOf(id) }
    })
    const actingPrimary = roles.actingId(slot)
    const role = roles.roles[slot]!
    return {
      slot,
      owners,
      actingPrimary,
      isServedHere: role === SERVING && !roles.isLapsed(slot),
      explanation: this.#explain(slot, role, actingPrimary),
    }
  }

  slotState(slot: number): SlotState {
    return slotStateOf(this.#mesh.roles, this.#mesh.healing, slot)
  }

  handOff(): HandOffFacts {
    const { departure } = this.#mesh.members
    return handOffOf(this.#mesh.healing, departure, (id) => this.#nameOf(id))
  }

  hints(): ReturnType<MeshFace['hints']> {
    return this.#mesh.healing.hints.rows()
  }

  repair(slot: number): number {
    return this.#mesh.healing.repair.antiEntropy.order(slot)
  }

  repairState(): RepairState {
    return this.#mesh.healing.repair.state()
  }

  events(countMax: number): ReturnType<MeshFace['events']> {
    return this.#events.slice(-countMax).reverse()
  }

  explainSplit(): string {
    return this.#mesh.membership.explain()
  }

  limits(): ReturnType<MeshFace['limits']> {
    return limitsOf(this.#mesh)
  }

  figures(): ReturnType<MeshFace['figures']> {
    const { batches, beliefs, forwards, isReady, membership, pool } = this.#mesh
    const { replica, roles, routing, settings } = this.#mesh
    const { doubts } = this.#mesh.healing
    const snapshot = membership.snapshot()
    const { counters: messages } = this.#mesh.messages.relay
    return [
      ['mesh_enabled', 1],
      ['mesh_state', this.state],
      ['mesh_name', settings.cluster],
      ['mesh_node_id', this.selfId],
      ['mesh_node_name', settings.name],
      ['mesh_ready', isReady ? 1 : 0],
      ['mesh_nodes', snapshot.members.length],
      ['mesh_nodes_alive', [...beliefs.all()].filter(({ isAlive }) => isAlive).length + 1],
      ['mesh_leader', snapshot.leader ?? ''],
      ['mesh_converged', snapshot.isConverged ? 1 : 0],
      ['mesh_epoch', this.epoch],
      ['mesh_fingerprint', this.fingerprint],
      ['mesh_replication_factor', settings.replicationFactor],
      ['mesh_slots_acting', count(roles.roles, SERVING)],
      ['mesh_slots_unsettled', this.slotsSuspect],
      ['mesh_batches_sent', batches.counters.batches],
      ['mesh_batches_unconfirmed', batches.counters.expired],
      ['mesh_effects_applied', replica.counters.applied],
      ['mesh_effects_gaps', replica.counters.gaps],
      ...Object.entries(replica.counters.refused).map(
        ([reason, count]) => [`mesh_effects_refused_${reason}`, count] as const,
      ),
      ['mesh_promised', this.#promises()],
      ['mesh_batches_refused', batches.counters.refusals],
      ['mesh_batches_missed', batches.counters.missed],
      ['mesh_doubts_opened', doubts.counters.opened],
      ['mesh_doubts_confirmed', doubts.counters.confirmed],
      [
        'mesh_doubts_left_open',
        doubts.counters.leftOpen + doubts.counters.overwritten + doubts.counters.dropped,
      ],
      ...handOffLines(this.#mesh.healing),
      ['mesh_requests_forwarded', forwards.counters.forwarded],
      ['mesh_requests_rerouted', forwards.counters.rerouted],
      ['mesh_requests_failed', forwards.counters.failed],
      ['mesh_requests_parked', routing.parking.count],
      ['mesh_waits_elsewhere', routing.waits.distant.count],
      ['mesh_waits_served', routing.waits.served.count],
      ['mesh_messages_sent', messages.sent + messages.shardSent],
      ['mesh_messages_received', messages.received + messages.shardReceived],
      ['mesh_messages_dropped', messages.dropped],
      ['mesh_circuits_open', pool.openCircuitsCount],
      ['mesh_circuits_opened', pool.room.counters.circuitsOpened],
      ['mesh_links_silent', pool.room.counters.silentLinks],
      ...this.#mesh.healing.repair.figures(),
      ...limitLines(this.#mesh),
      ['mesh_awareness', snapshot.awarenessScore],
      ...pressureLines(this.#mesh.node.state.pressure),
    ]
  }

  /** To how many slots' effects each node has been promised here: `name=slots`. */
  #promises(): string {
    const counts = new Map<string, number>()
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const holder = this.#mesh.healing.claims.holderOf(slot)
      if (holder !== '') counts.set(holder, (counts.get(holder) ?? 0) + 1)
    }
    return [...counts].map(([id, slots]) => `${this.#nameOf(id)}=${slots}`).join(',')
  }

  meet(host: string, busPort: number): string | undefined {
    this.#mesh.membership.addSeeds([host.includes(':') ? `[${host}]:${busPort}` : `${host}:${busPort}`])
    return undefined
  }

  forget(nodeId: string): string | undefined {
    const { agreement } = this.#mesh.membership.life
    if (nodeId === this.selfId) return "ERR I tried hard but I can't forget myself..."
    // Whoever removes a node does not wait for what it may have known.
    const wasAwaited = this.#mesh.healing.excuse(nodeId)
    if (!agreement.state.members.has(nodeId) && wasAwaited) return undefined
    if (!agreement.state.members.has(nodeId)) return `ERR Unknown node ${nodeId}`
    agreement.down([nodeId])
    return undefined
  }

  leave(): string | undefined {
    const { members, node } = this.#mesh
    members.departure.begin(node.state.config.number('shutdown-timeout') * 1000)
    return undefined
  }

  failover(): string | undefined {
    return 'ERR the acting primary of each slot is the first owner who is ready: nothing to fail over by hand'
  }

  #members() {
    return this.#mesh.membership.life.agreement.state.members.values()
  }

  #self(): MeshNode {
    const { node, settings } = this.#mesh
    const member = this.#mesh.membership.life.agreement.state.members.get(this.selfId)
    return {
      id: this.selfId,
      name: settings.name,
      host: settings.host,
      hostname: hostnameOf(settings.host),
      port: node.state.port,
      busPort: settings.busPort,
      httpPort: settings.httpPort,
      roles: settings.roles,
      status: member?.status ?? 'joining',
      health: this.#mesh.isReady ? 'online' : 'loading',
      isSelf: true,
      isLinkUp: true,
      circuit: 'none',
      answerMs: 0,
      weight: weightOf(settings.roles) * ORDINARY_POINTS,
      upNumber: member?.upNumber ?? 0,
      pingSentMs: 0,
      pongReceivedMs: 0,
    }
  }

  #node(member: {
    id: string
    address: string
    roles: readonly string[]
    status: string
    upNumber: number
  }): MeshNode {
    const belief = this.#mesh.beliefs.get(member.id)
    const bus = splitAddress(member.address)
    const host = belief?.sheet.host || bus.host
    const port = belief?.sheet.clientPort || Math.max(0, bus.port - 10_000)
    const nowMs = this.#mesh.monotonicMs()
    const heardMs = this.#mesh.beliefs.heardMs(member.id)
    const isHeard = Number.isFinite(heardMs)
    const manners = this.#mesh.pool.manners(member.id)
    return {
      id: member.id,
      name: belief?.sheet.name || member.id,
      host,
      hostname: hostnameOf(host),
      port,
      busPort: bus.port,
      httpPort: belief?.sheet.httpPort || port + HTTP_OFFSET,
      roles: member.roles,
      status: member.status,
      health: this.#healthOf(member.id),
      isSelf: false,
      isLinkUp: belief?.isLinkUp ?? false,
      circuit: manners?.circuit ?? 'none',
      answerMs: manners?.answerMs ?? 0,
      weight: weightOf(member.roles) * ORDINARY_POINTS,
      upNumber: member.upNumber,
      pingSentMs: 0,
      pongReceivedMs: isHeard ? Math.floor(this.#mesh.wallMs() - (nowMs - heardMs)) : 0,
    }
  }

  #healthOf(id: string): NodeHealth {
    if (id === this.selfId) return this.#mesh.isReady ? 'online' : 'loading'
    const belief = this.#mesh.beliefs.get(id)
    const liveness = this.#mesh.membership.life.swim.get(id)?.liveness
    if (belief === undefined || liveness === 'dead' || liveness === 'left') return 'failed'
    if (liveness === 'suspect' || belief.isLost) return 'suspect'
    return belief.sheet.isReady ? 'online' : 'loading'
  }

  #nameOf(id: string): string {
    return id === this.selfId ? this.#mesh.settings.name : this.#mesh.beliefs.get(id)?.sheet.name || id
  }

  #explain(slot: number, role: number, actingPrimary: string | undefined): string {
    const { roles } = this.#mesh
    if (role === SERVING && roles.isLapsed(slot))
      return 'this node acts for the slot, but hears too few of its owners to make a quorum'
    if (role === SERVING) return 'this node acts for the slot and is settled there'
    if (role === UNSETTLED)
      return 'this node acts for the slot and is comparing it with the other owners: requests wait'
    if (actingPrimary === undefined) return 'no owner of the slot can act: all are silent or not ready'
    return `requests are sent on to ${this.#nameOf(actingPrimary)}, the first owner that can act`
  }

  #note(event: GossipEvent): void {
    const text = textOf(event)
    if (text === undefined) return
    if (this.#events.length === EVENTS_MAX) this.#events.shift()
    this.#events.push({ atMs: this.#mesh.wallMs(), text })
  }
}

function textOf(event: GossipEvent): string | undefined {
  const name = event.type.replaceAll('_', ' ')
  if ('member' in event)
    return `${name}: ${event.member.id} at ${event.member.address} (${event.member.status})`
  if ('id' in event) return `${name}: ${event.id}`
  if (event.type === 'leader_changed') return `${name}: ${event.from ?? 'nobody'} to ${event.to ?? 'nobody'}`
  if (event.type === 'split_brain_decided')
    return `${name}: ${event.decision.action}: ${event.decision.reason}`
  if (event.type === 'convergence') return undefined
  return name
}

function pressureLines({ counters, lagMs, lagMsMax }: Pressure): (readonly [name: string, value: number])[] {
  return [
    ['loop_lag_ms', Math.round(lagMs)],
    ['loop_lag_ms_max', Math.round(lagMsMax)],
    ['loop_late_cycles', counters.lateCycles],
    ['background_budgets_cut', counters.budgetsCut],
  ]
}

function hostnameOf(host: string): string {
  return /^[0-9.]+$/.test(host) || host.includes(':') ? '' : host
}

function count(roles: Uint8Array, role: number): number {
  let total = 0
  for (let slot = 0; slot < SLOT_COUNT; slot++) if (roles[slot] === role) total++
  return total
}
