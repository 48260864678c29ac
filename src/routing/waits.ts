/**
 * Waits [Machine]: blocking requests in a mesh (BLPOP, BLMOVE, BZPOPMIN ...). They wait in the line of their key at the
 * node that acts for it, wherever their client is connected. The front of three rooms: those of this node's clients that
 * wait elsewhere (distant-waits), those of others that wait here (served-waits), and those whose slots move (moved-waits).
 *
 * A request over keys that several nodes act for is refused before it comes here: nobody could wait for all at once.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Verbs } from '../mesh/verbs.ts'
import type { PeerPort } from '../replication/peer-port.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import type { Session } from '../session/session.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { DistantWaits } from './distant-waits.ts'
import type { ForwardedHost } from './forwarded.ts'
import type { Forwards } from './forwards.ts'
import { MovedWaits } from './moved-waits.ts'
import type { Parking } from './parking.ts'
import { RequestKeys } from './request-keys.ts'
import { RequestWriter } from './request-writer.ts'
import { ServedWaits } from './served-waits.ts'
import { readWaitMs } from './wait-request.ts'

export interface WaitsParts {
  readonly selfId: string
  readonly space: Keyspace
  readonly call: Call
  readonly roles: SlotRoles
  readonly forwards: Forwards
  readonly parking: Parking
  readonly host: ForwardedHost
  readonly peers: PeerPort
  /** Runs a request as a turn of its own. */
  readonly run: (session: Session, args: Args) => void
  readonly ports: {
    wallMs(): number
    monotonicMs(): number
    after(delayMs: number, run: () => void): void
  }
}

export const TOO_MANY_WAITS =
  'TRYAGAIN too many clients of this node wait for keys of other nodes: nothing was run'

export class Waits {
  readonly served: ServedWaits
  readonly distant: DistantWaits
  readonly #moved: MovedWaits

  constructor(parts: WaitsParts) {
    const { call, forwards, host, parking, peers, ports, roles, run, selfId, space } = parts
    const { waiters } = call.node
    this.served = new ServedWaits({ selfId, host, waiters, parking, peers, ports })
    const { served } = this
    const writer = new RequestWriter()
    this.distant = new DistantWaits({ selfId, roles, forwards, writer, served, peers, ports })
    const { distant } = this
    const keys = new RequestKeys(space, call)
    const isRouted = (): boolean => call.node.router !== null
    this.#moved = new MovedWaits({ waiters, distant, keys, isRouted, run, ports })
  }

  bind(bound: Verbs): void {
    this.served.bind(bound)
    this.distant.bind(bound)
  }

  /** False: it does not wait, because the command itself will answer what is wrong with it. */
  beginElsewhere(session: Session, row: CommandRow, args: Args, slots: readonly number[]): boolean {
    const waitMs = readWaitMs(row, args)
    if (waitMs === undefined) return false
    if (!this.distant.isFull) this.distant.begin(session, row, args, slots, waitMs)
    else {
      this.distant.counters.refused++
      session.writer.error(TOO_MANY_WAITS)
    }
    return true
  }

  unblock(session: Session, withError: boolean): boolean {
    return this.distant.unblock(session, withError)
  }

  forget(session: Session): void {
    this.distant.forget(session)
  }

  /** These slots are acted for elsewhere, or are to be settled. */
  onSlots(slots: readonly number[]): void {
    this.#moved.onSlots(slots)
  }

  onTick(nowMs: number): void {
    this.distant.onTick(nowMs)
  }

  onLinkUp(peerId: string): void {
    this.served.onLinkUp(peerId)
    this.distant.onLinkUp(peerId)
  }

  onLinkDown(peerId: string): void {
    this.served.onLinkDown(peerId)
    this.distant.onLinkDown(peerId)
  }
}
