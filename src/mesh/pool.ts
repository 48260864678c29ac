/*
 * The links of a node, by peer.
 *
 * The idea: the view says who the peers are, demand says who is dialled, and whoever dials in and proves itself is a peer
 * as well: a member, or a stranger for a while - somebody has to hear those who want to join. Sending to a peer that is out
 * of reach fails at once. It refuses to know what is said. Shape: machine.
 */
import type { Buffer } from 'node:buffer'
import type { Log } from '../log.ts'
import { Link } from './link.ts'
import {
  type Answered,
  type CloseReason,
  defaultLinkLimits,
  type LinkLimits,
  type LinkOwner,
  type MeshIdentity,
  nothing,
  type PeerIdentity,
  type Refusal,
} from './link-ports.ts'
import { LinkRoom } from './link-room.ts'
import { Peer, type PeerHost } from './peer.ts'
import {
  defaultPoolLimits,
  isLoss,
  isRefusal,
  type LinkDescription,
  type MeshMember,
  type PoolEvents,
  type PoolLimits,
} from './pool-ports.ts'
import type { VerbRow, Verbs } from './verbs.ts'
import type { Address, MeshPorts, Wire, WireEvents, Wires } from './wires.ts'

export interface PoolOptions {
  readonly identity: MeshIdentity
  readonly wires: Wires
  readonly ports: MeshPorts
  readonly verbs: Verbs
  readonly events: PoolEvents
  readonly log: Log
  readonly limits?: Partial<PoolLimits>
  readonly linkLimits?: Partial<LinkLimits>
  /** There is something to flush: `flush` is due at the end of this turn. */
  wake(): void
  onFault(error: unknown): void
}

/** What becomes of a wire that is not let in. */
const deaf: WireEvents = { onOpen() {}, onBytes() {}, onDrain() {}, onClosed() {} }

export class Pool implements PeerHost, LinkOwner<Link> {
  readonly room: LinkRoom
  readonly selfId: string
  readonly limits: PoolLimits
  readonly ports: MeshPorts
  readonly counters = { dials: 0, accepted: 0, turnedDown: 0, dialsFailed: 0 }
  readonly #wires: Wires
  readonly #events: PoolEvents
  readonly #peers: Map<string, Peer>
  readonly #byAddress: Map<Address, Peer>
  readonly #links: Set<Link>
  /** Accepted links that have not said who they are. */
  #greetingsCount: number
  #isLeaving: boolean

  constructor(options: PoolOptions) {
    const { identity, ports, verbs, log } = options
    this.room = new LinkRoom({
      identity,
      ports,
      verbs,
      log,
      limits: { ...defaultLinkLimits(), ...options.linkLimits },
      wake: () => options.wake(),
      onFault: (error) => options.onFault(error),
    })
    this.selfId = identity.id
    this.limits = { ...defaultPoolLimits(), ...options.limits }
    this.ports = ports
    this.#wires = options.wires
    this.#events = options.events
    this.#peers = new Map()
    this.#byAddress = new Map()
    this.#links = new Set()
    this.#greetingsCount = 0
    this.#isLeaving = false
  }

  get linksCount(): number {
    return this.#links.size
  }

  /** The view has changed: these are the peers now. Who is no longer among them loses its links. */
  onMembers(members: readonly MeshMember[]): void {
    const remaining = new Set<string>()
    for (const { id, address } of members) {
      if (id === this.selfId) continue
      remaining.add(id)
      const peer = this.#peers.get(id) ?? this.#admit(id, address)
      if (!peer.isMember) peer.sinceMs = this.ports.monotonicMs()
      peer.isMember = true
      if (peer.address !== address) this.#forgetAddress(peer)
      peer.address = address
      this.#byAddress.set(address, peer)
    }
    for (const peer of [...this.#peers.values()]) {
      if (peer.isMember && !remaining.has(peer.id)) this.#remove(peer)
    }
  }

  /** Somebody has dialled us; returns who listens to the wire. */
  accept(wire: Wire, remote: string): WireEvents {
    const { linksCountMax, greetingsCountMax } = this.limits
    if (this.#isLeaving || this.#links.size >= linksCountMax || this.#greetingsCount >= greetingsCountMax) {
      this.counters.turnedDown++
      wire.close()
      return deaf
    }
    this.counters.accepted++
    const link = new Link(this.room, this, 'from', remote)
    this.#links.add(link)
    this.#greetingsCount++
    link.start(wire)
    return link
  }

  /** The link to a peer that can be talked to right now; asking for another one has it dialled. */
  to(id: string): Link | undefined {
    const link = this.#linkTo(id)
    return link?.isUp ? link : undefined
  }

  isUp(id: string): boolean {
    return this.#peers.get(id)?.isUp ?? false
  }

  /** How the peer answers, while a link to it is up; undefined: none is. */
  manners(id: string): Pick<Link, 'circuit' | 'answerMs'> | undefined {
    const link = this.#peers.get(id)?.current
    return link?.isUp ? link : undefined
  }

  /** Peers that are heard but do not answer. */
  get openCircuitsCount(): number {
    let count = 0
    for (const link of this.#links) if (link.isUp && link.circuit !== 'closed') count++
    return count
  }

  /** False: not sent. True: queued on a link that is up or being dialled for the first time. */
  send(
    id: string,
    verb: VerbRow,
    fields: readonly unknown[],
    body = nothing,
    start = 0,
    end = body.length,
  ): boolean {
    const link = this.#linkTo(id)
    if (link !== undefined) return link.send(verb, fields, body, start, end)
    this.room.counters.framesDropped++
    return false
  }

  /** `answered` is called exactly once, at the end of this turn at the earliest. */
  ask(
    id: string,
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start = 0,
    end = body.length,
  ): void {
    const link = this.#linkTo(id)
    if (link === undefined) this.room.fail(answered, 'closed', 'the peer is out of reach')
    else link.ask(verb, fields, body, deadlineMs, answered, start, end)
  }

  /** For those who know only where a peer is. Whether it arrived is told by `onUnreachable` or not at all. */
  sendToAddress(
    address: Address,
    verb: VerbRow,
    fields: readonly unknown[],
    body = nothing,
    start = 0,
    end = body.length,
  ): boolean {
    const peer = this.#byAddress.get(address) ?? this.#meetAt(address)
    const link = this.#isLeaving ? undefined : peer?.patientLink()
    if (link !== undefined) return link.send(verb, fields, body, start, end)
    this.room.counters.framesDropped++
    return false
  }

  onTick(nowMs: number): void {
    for (const link of [...this.#links]) link.onTick(nowMs)
    for (const peer of [...this.#everybody()]) {
      if (!this.#isLeaving) peer.onTick(nowMs)
      if (peer.isMember) continue
      if (peer.isAlone || nowMs - peer.sinceMs >= this.limits.strangerMs) this.#remove(peer)
    }
    this.flush()
  }

  /** The end of a turn. */
  flush(): void {
    this.room.flush()
  }

  /** Says goodbye to everybody and starts nothing more; `linksCount` is 0 when all that was under way has ended. */
  leave(): void {
    this.#isLeaving = true
    for (const peer of [...this.#everybody()]) peer.leave()
    for (const link of [...this.#links]) if (!link.isUp) link.close('dropped')
    this.flush()
  }

  /** Ends everything at once. */
  close(): void {
    this.#isLeaving = true
    for (const link of [...this.#links]) link.close('dropped')
    this.flush()
  }

  /** All links that are up, for CLUSTER LINKS. */
  describe(): LinkDescription[] {
    const rows: LinkDescription[] = []
    for (const link of this.#links) {
      if (!link.isUp) continue
      const { direction, createdMs, queuedBytes, allocatedBytes, waitingCount } = link
      const { id, address } = link.peer
      rows.push({ id, address, direction, createdMs, queuedBytes, allocatedBytes, waitingCount })
    }
    return rows
  }

  // Links that nobody else owns: accepted ones, until they have said who they are.

  admits(link: Link, peer: PeerIdentity): Refusal | undefined {
    const known = this.#peers.get(peer.id)
    if (known !== undefined) return known.admits(link, peer)
    return this.strangersCount >= this.limits.strangersCountMax ? 'capacity' : undefined
  }

  onReady(link: Link): void {
    const { id, address } = link.peer
    // Several may have been admitted at the same moment.
    if (!this.#peers.has(id) && this.admits(link, link.peer) !== undefined) {
      this.room.counters.refusals.capacity++
      link.close('capacity')
      return
    }
    this.#greetingsCount--
    const peer = this.#peers.get(id) ?? this.#admit(id, address)
    if (!peer.isMember) {
      this.#forgetAddress(peer)
      peer.address = address
      this.#byAddress.set(address, peer)
    }
    link.owner = peer
    peer.onReady(link)
  }

  onGoodbye(): void {}

  onGoodbyeAnswered(): void {}

  onClosed(link: Link): void {
    this.#greetingsCount--
    this.#links.delete(link)
  }

  // What peers need.

  dial(peer: Peer): Link {
    this.counters.dials++
    const link = new Link(this.room, peer, 'to', peer.address, peer.id)
    this.#links.add(link)
    link.start(this.#wires.dial(peer.address, link))
    return link
  }

  onIdentified(peer: Peer, link: Link): boolean {
    const { id } = link.peer
    const known = this.#peers.get(id)
    if (known === undefined) {
      peer.id = id
      this.#peers.set(id, peer)
      return true
    }
    this.#byAddress.set(peer.address, known)
    link.owner = known
    known.onReady(link)
    return false
  }

  onUp(peer: Peer, link: Link): void {
    this.#events.onLinkUp(peer.id, link)
  }

  onDown(peer: Peer, reason: CloseReason): void {
    this.#events.onLinkDown(peer.id, isLoss(reason))
  }

  onUnreachable(peer: Peer, reason: CloseReason): void {
    this.counters.dialsFailed++
    this.#events.onUnreachable(peer.address, peer.id, isRefusal(reason))
  }

  onLinkClosed(link: Link): void {
    this.#links.delete(link)
  }

  #linkTo(id: string): Link | undefined {
    return this.#isLeaving ? undefined : this.#peers.get(id)?.link()
  }

  #admit(id: string, address: Address): Peer {
    const peer = new Peer(this, id, address, false)
    this.#peers.set(id, peer)
    return peer
  }

  /** Somebody at that address, whoever it is; undefined when there are too many such acquaintances. */
  #meetAt(address: Address): Peer | undefined {
    if (this.#isLeaving || this.strangersCount >= this.limits.strangersCountMax) return undefined
    const peer = new Peer(this, '', address, false)
    this.#byAddress.set(address, peer)
    return peer
  }

  #remove(peer: Peer): void {
    peer.isMember = false
    if (this.#peers.get(peer.id) === peer) this.#peers.delete(peer.id)
    this.#forgetAddress(peer)
    peer.drop()
  }

  #forgetAddress(peer: Peer): void {
    if (this.#byAddress.get(peer.address) === peer) this.#byAddress.delete(peer.address)
  }

  /** Those with an id, then those who are only an address. */
  *#everybody(): Iterable<Peer> {
    yield* this.#peers.values()
    for (const peer of this.#byAddress.values()) if (peer.id === '') yield peer
  }

  /** Peers outside the view. */
  get strangersCount(): number {
    let count = 0
    for (const peer of this.#everybody()) if (!peer.isMember) count++
    return count
  }
}
