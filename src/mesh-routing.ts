/**
 * Mesh routing [Machine]: where requests run, joined: the router, those that wait (parking) and those that spread over
 * several nodes. The part of a mesh node's composition that is about requests on their way in.
 */
import type { Args } from '../resp/index.ts'
import { policyRules } from './config/index.ts'
import type { Verbs } from './mesh/verbs.ts'
import type { Node } from './node.ts'
import type { Batches } from './replication/batches.ts'
import type { Confirming } from './replication/confirming.ts'
import type { PeerPort } from './replication/peer-port.ts'
import type { Replica } from './replication/replica.ts'
import type { SlotRoles } from './replication/slot-roles.ts'
import type { ForwardedHost } from './routing/forwarded.ts'
import type { Forwards } from './routing/forwards.ts'
import { IdleWrites } from './routing/idle-writes.ts'
import { Parking } from './routing/parking.ts'
import { type Confirm, DOWN, Router, type RouterSettings } from './routing/router.ts'
import { Spreads } from './routing/spreads.ts'
import { Waits } from './routing/waits.ts'
import { useConfiguredLevels } from './session/consistency.ts'
import { ConsistencyPolicy } from './session/consistency-policy.ts'
import type { Level, Session } from './session/session.ts'

export interface RoutingPorts {
  wallMs(): number
  monotonicMs(): number
  after(delayMs: number, run: () => void): void
}

export interface RoutingParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly batches: Batches
  readonly confirming: Confirming
  readonly replica: Replica
  readonly forwards: Forwards
  readonly host: ForwardedHost
  readonly peers: PeerPort
  readonly confirm: Confirm
  clientAddressOf(id: string): string | undefined
  reachablePeers(): readonly string[]
}

/** Now, and whenever one of these directives is changed. */
function followConfig({ state }: Node, settings: RouterSettings): void {
  const { clients, config } = state
  const follow = (): void => {
    settings.redirects = config.text('redirect') === 'moved'
    settings.allowsStaleReads = config.is('allow-stale-reads')
  }
  const followPolicy = (): void => {
    const rules = policyRules(config.words('consistency-policy'))
    const read = config.text('read-consistency') as Level
    const write = config.text('write-consistency') as Level
    settings.policy = rules.length === 0 ? null : new ConsistencyPolicy(rules, read, write)
    // Nobody goes on at the levels that the former policy had for its last key.
    for (const session of clients.all()) if (!session.hasOwnLevels) useConfiguredLevels(session, config)
  }
  follow()
  followPolicy()
  config.onChange('redirect', follow)
  config.onChange('allow-stale-reads', follow)
  config.onChange('consistency-policy', followPolicy)
}

export class MeshRouting {
  readonly parking: Parking
  readonly spreads: Spreads
  readonly waits: Waits
  readonly router: Router
  readonly #host: ForwardedHost

  constructor(node: Node, parts: RoutingParts, ports: RoutingPorts) {
    const { executor, space, state } = node
    const { batches, confirm, confirming, forwards, host, peers, replica, roles, selfId } = parts
    const { call } = executor
    this.#host = host
    this.parking = new Parking(
      (session, args) => this.#resume(session, args),
      (session) => session.writer.error(DOWN),
    )
    const { parking } = this
    const settings: RouterSettings = {
      redirects: false,
      allowsStaleReads: false,
      policy: null,
      clientAddressOf: (peerId) => parts.clientAddressOf(peerId),
    }
    followConfig(node, settings)
    this.spreads = new Spreads({
      selfId,
      node: state,
      space,
      call,
      dispatch: node.dispatch,
      roles,
      batches,
      replica,
      forwards,
      parking,
      settings,
      host,
      peers,
      ports: {
        wallMs: () => ports.wallMs(),
        monotonicMs: () => ports.monotonicMs(),
        random32: () => state.ports.random32(),
        after: (delayMs, run) => ports.after(delayMs, run),
      },
      reachablePeers: () => parts.reachablePeers(),
    })
    const run = (session: Session, args: Args): void => this.#resume(session, args)
    this.waits = new Waits({ selfId, space, call, roles, forwards, parking, host, peers, run, ports })
    const { spreads, waits } = this
    const idle = new IdleWrites({ space, call, confirming })
    this.router = new Router(
      { selfId, space, call, roles, batches, idle, forwards, parking, spreads, waits },
      settings,
      confirm,
      () => ports.monotonicMs(),
    )
  }

  bind(table: Verbs): void {
    this.spreads.bind(table)
    this.waits.bind(table)
  }

  onLinkUp(peerId: string): void {
    this.spreads.onLinkUp(peerId)
    this.waits.onLinkUp(peerId)
  }

  onLinkDown(peerId: string): void {
    this.waits.onLinkDown(peerId)
  }

  /** These slots have settled, or are somebody else's now. */
  release(slots: readonly number[]): void {
    if (this.parking.count > 0) this.parking.release(new Set(slots))
  }

  onTick(nowMs: number): void {
    this.router.onTick(nowMs)
    this.parking.onTick(nowMs)
    this.waits.onTick(nowMs)
  }

  /** A request that waited is a turn of its own: nobody else would end it, and what it writes would never be answered. */
  #resume(session: Session, args: Args): void {
    this.#host.onTurnStart()
    this.spreads.onRequest(session, args)
    this.#host.onTurnEnd(session)
    this.router.onTurnEnd(session)
  }
}
