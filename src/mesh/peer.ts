/*
 * One peer and the links to it: when to dial, and which link new frames take.
 *
 * The idea: there is one current link. When a better one comes up the current one says goodbye, and the new one is corked
 * until the peer has answered that: all frames arrive once and in order across the change, and what was asked on the old
 * link is answered there. After a failed dial nothing is queued any more until the peer is reached: who asks learns
 * at once that it is gone. It refuses to know other peers and the view. Shape: machine.
 */
import { backoffMs } from './backoff.ts'
import type { Link } from './link.ts'
import type { CloseReason, FarewellReason, LinkOwner, PeerIdentity, Refusal } from './link-ports.ts'
import type { PoolLimits } from './pool-ports.ts'
import { supersedes } from './precedence.ts'
import type { Address, MeshPorts } from './wires.ts'

/** What a peer needs of its pool. */
export interface PeerHost {
  readonly selfId: string
  readonly limits: PoolLimits
  readonly ports: MeshPorts
  /** A new link on its way to `peer.address`, owned by the peer. */
  dial(peer: Peer): Link
  /** A peer known by address has said who it is; true: it is the first with that id, and bears it now. */
  onIdentified(peer: Peer, link: Link): boolean
  onUp(peer: Peer, link: Link): void
  onDown(peer: Peer, reason: CloseReason): void
  onUnreachable(peer: Peer, reason: CloseReason): void
  onLinkClosed(link: Link): void
}

export class Peer implements LinkOwner<Link> {
  /** Empty until a peer that is known by its address alone has introduced itself. */
  id: string
  address: Address
  isMember: boolean
  /** Since when it is, or is not, a member. */
  sinceMs: number
  /** Where new frames go: up, or dialled and taking frames. */
  current: Link | undefined
  readonly #host: PeerHost
  /** Our dial, while another link serves. */
  #pending: Link | undefined
  /** Links that said goodbye, with those that wait for their end. */
  readonly #retiring: Map<Link, Link | undefined>
  #isUp: boolean
  #isWanted: boolean
  #failuresCount: number
  #mayDialAtMs: number

  constructor(host: PeerHost, id: string, address: Address, isMember: boolean) {
    this.id = id
    this.address = address
    this.isMember = isMember
    this.sinceMs = host.ports.monotonicMs()
    this.current = undefined
    this.#host = host
    this.#pending = undefined
    this.#retiring = new Map()
    this.#isUp = false
    this.#isWanted = false
    this.#failuresCount = 0
    this.#mayDialAtMs = 0
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** No link of any kind is left. */
  get isAlone(): boolean {
    return this.current === undefined && this.#pending === undefined && this.#retiring.size === 0
  }

  /** Where to put a frame now, dialling if need be; undefined: the peer is out of reach. */
  link(): Link | undefined {
    const link = this.patientLink()
    return this.#isUp || this.#failuresCount === 0 ? link : undefined
  }

  /** The same for frames that may wait while a peer is dialled that was out of reach before. */
  patientLink(): Link | undefined {
    this.#isWanted = true
    if (this.current === undefined) this.#dialIfDue(this.#host.ports.monotonicMs())
    return this.current
  }

  onTick(nowMs: number): void {
    if (this.isMember && this.#isWanted && this.current === undefined) this.#dialIfDue(nowMs)
  }

  /** Ends everything at once. */
  drop(): void {
    this.#isWanted = false
    for (const link of [...this.#retiring.keys()]) link.close('dropped')
    this.#pending?.close('dropped')
    this.current?.close('dropped')
  }

  /** Starts nothing more, and lets what is under way come to its end. */
  leave(): void {
    const { current } = this
    this.#isWanted = false
    this.#mayDialAtMs = Number.POSITIVE_INFINITY
    this.#pending?.close('dropped')
    if (current?.isUp) this.#retire(current, 'leaving')
    else current?.close('dropped')
  }

  admits(_link: Link, peer: PeerIdentity): Refusal | undefined {
    const { current } = this
    return current?.isUp && current.peer.birth > peer.birth ? 'identity' : undefined
  }

  onReady(link: Link): void {
    const { current } = this
    if (this.id === '' && !this.#host.onIdentified(this, link)) {
      this.current = undefined
      return
    }
    if (link === this.#pending) this.#pending = undefined
    if (current === undefined || current === link) {
      this.#serve(link)
    } else if (!current.isUp) {
      link.adopt(current)
      this.#pending = current
      this.#serve(link)
    } else if (!supersedes(link, current, this.#host.selfId)) {
      this.#retiring.set(link, undefined)
      if (link.peer.birth < current.peer.birth) link.close('replaced')
      else link.retire('duplicate')
    } else if (link.peer.birth > current.peer.birth) {
      current.close('replaced')
      this.#pending = this.current
      this.#serve(link)
    } else {
      link.cork()
      this.#retiring.set(current, link)
      this.current = link
      current.retire('duplicate')
    }
  }

  onGoodbye(link: Link, reason: FarewellReason): void {
    if (reason !== 'leaving') return
    const { ports, limits } = this.#host
    this.#mayDialAtMs = ports.monotonicMs() + limits.backoff.maxMs
    if (link === this.current) this.#retire(link, 'leaving')
    else link.retire('leaving')
  }

  onGoodbyeAnswered(link: Link): void {
    if (this.#retiring.has(link)) {
      this.#retiring.get(link)?.uncork()
      this.#retiring.set(link, undefined)
    }
  }

  onClosed(link: Link, reason: CloseReason): void {
    this.#host.onLinkClosed(link)
    this.#retiring.get(link)?.uncork()
    this.#retiring.delete(link)
    if (link === this.#pending) this.#pending = undefined
    if (link !== this.current) return
    this.current = this.#pending
    this.#pending = undefined
    // Who was silent must say something before anything is queued for it again.
    if (!this.#isUp || reason === 'silent') this.#failuresCount++
    this.#waitBeforeDial()
    if (this.#isUp) this.#onDown(reason)
    else this.#host.onUnreachable(this, reason)
  }

  #serve(link: Link): void {
    this.current = link
    this.#failuresCount = 0
    if (this.#isUp) return
    this.#isUp = true
    this.#host.onUp(this, link)
  }

  #retire(current: Link, reason: FarewellReason): void {
    this.#retiring.set(current, undefined)
    this.current = undefined
    current.retire(reason)
    this.#onDown('retired')
  }

  #onDown(reason: CloseReason): void {
    this.#isUp = false
    this.#host.onDown(this, reason)
  }

  #dialIfDue(nowMs: number): void {
    if (nowMs >= this.#mayDialAtMs && this.#pending === undefined) this.current = this.#host.dial(this)
  }

  #waitBeforeDial(): void {
    const { ports, limits } = this.#host
    const waitMs = backoffMs(this.#failuresCount, limits.backoff, ports.random())
    this.#mayDialAtMs = Math.max(this.#mayDialAtMs, ports.monotonicMs() + waitMs)
  }
}
