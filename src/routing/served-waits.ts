/**
 * Served waits [Machine]: blocking requests of other nodes' clients that wait here, where their keys are acted for.
 *
 *   wait n  ->  runs, or joins the line of its key   ->  (woken n: being confirmed)  ->  woken n: reply
 *   unwait  ->  leaves the line, answered nil
 *
 * That a wait is being served leaves before its effects do: an asker who has heard nothing when the link ends may
 * wait elsewhere without anything having been taken on its behalf that others know of. Waits end with the link of who
 * asked. When the reply does not reach the asker, what was popped is gone, as when a client of Redis is gone by then.
 */
import { type Verbs, verbs } from '../mesh/verbs.ts'
import type { Barrier } from '../replication/barrier.ts'
import type { PeerPort } from '../replication/peer-port.ts'
import type { Waiters } from '../session/waiters.ts'
import { rawsAt, replyOf, requestBody } from './forward-body.ts'
import { Forwarded, type ForwardedHost } from './forwarded.ts'
import { NOT_PRIMARY, OUTCOME_OPEN } from './forwards.ts'
import { errorReply } from './joined-replies.ts'
import type { Parking } from './parking.ts'
import { withSmallBuffers } from './small-buffers.ts'

/** Hears what becomes of waits; `isOver`: with this reply. */
export type Woken = (number: number, isOver: boolean, reply: Buffer) => void

export interface ServedWaitsParts {
  readonly selfId: string
  readonly host: ForwardedHost
  readonly waiters: Waiters
  readonly parking: Parking
  readonly peers: PeerPort
  readonly ports: {
    wallMs(): number
    after(delayMs: number, run: () => void): void
  }
}

/** In the place of a number: all that were asked for before. */
export const EVERY_WAIT = 0

const DEADLINE_MS = 4000
const RETRY_DELAY_MS = 200
const TRIES_MAX = 20
const NOTHING = Buffer.alloc(0)

/** One of them: the connection of a session nobody is connected to, as all forwarded requests have. */
class ServedWait extends Forwarded {
  onServing: () => void = () => {}

  override barrierFor(wantsAll: boolean): Barrier {
    this.onServing()
    return super.barrierFor(wantsAll)
  }
}

export class ServedWaits {
  readonly limits = { perPeerMax: 16_384 }
  readonly counters = { served: 0, refused: 0, undelivered: 0 }
  readonly #parts: ServedWaitsParts
  readonly #host: ForwardedHost
  readonly #byPeer = new Map<string, Map<number, ServedWait>>()
  /** Peers whose waits ended with a link, which they may not have noticed. */
  readonly #unheard = new Set<string>()
  /** For waits of this node's own clients. */
  #woken: Woken = () => {}

  constructor(parts: ServedWaitsParts) {
    this.#parts = parts
    this.#host = withSmallBuffers(parts.host)
  }

  get count(): number {
    let count = 0
    for (const waits of this.#byPeer.values()) count += waits.size
    return count
  }

  /** Of the peer that has most of them. */
  get countOfBusiest(): number {
    let count = 0
    for (const waits of this.#byPeer.values()) count = Math.max(count, waits.size)
    return count
  }

  bind(bound: Verbs): void {
    bound.bind('wait', (from, { body, correlation, fields }) => {
      const [number, database, manners] = fields as [number, number, number]
      const isTaken = this.begin(from.peer.id, number, database, manners, body)
      from.answer(correlation, [isTaken])
    })
    bound.bind('unwait', (from, { correlation, fields }) => {
      const [first, last] = fields as [number, number]
      this.end(from.peer.id, first, last)
      from.answer(correlation, [])
    })
  }

  /** Who is told of waits that were begun for ourselves. */
  listen(woken: Woken): void {
    this.#woken = woken
  }

  /** False: there is no room. The bytes are used during the call only. */
  begin(peerId: string, number: number, database: number, manners: number, raw: Buffer): boolean {
    const waits = this.#waitsOf(peerId)
    if (waits.size >= this.limits.perPeerMax || waits.has(number)) {
      this.counters.refused++
      return false
    }
    this.counters.served++
    const body = requestBody(database, manners, raw)
    const wait = new ServedWait(
      this.#host,
      peerId,
      body,
      rawsAt(body),
      this.#parts.ports.wallMs(),
      (bytes, length) => {
        if (!waits.delete(number)) return
        const reply = bytes === undefined ? undefined : replyOf(bytes, length)
        this.#tell(peerId, number, reply ?? errorReply(NOT_PRIMARY), 0)
      },
    )
    wait.onServing = () => this.#tellServing(peerId, number)
    waits.set(number, wait)
    wait.run()
    return true
  }

  /**
   * Those of the peer's waits, from one number to another, that have not been served are over. One that is not known here
   * is said not to be: what became of it has been told before, or it ended with a link.
   */
  end(peerId: string, first: number, last: number): void {
    const { parking, waiters } = this.#parts
    const waits = this.#waitsOf(peerId)
    if (first === last && !waits.has(first)) return this.#tell(peerId, first, errorReply(NOT_PRIMARY), 0)
    const ended = first === last ? [first] : [...waits.keys()]
    for (const number of ended) {
      const wait = waits.get(number)
      if (wait === undefined || wait.hasRun || number < first || number > last) continue
      if (!waiters.unblock(wait.session, false)) parking.expire(wait.session)
    }
  }

  /** Nobody is left to be told. */
  onLinkDown(peerId: string): void {
    const { parking, waiters } = this.#parts
    const waits = this.#waitsOf(peerId)
    for (const { session } of waits.values()) {
      waiters.forget(session)
      parking.forget(session)
    }
    if (waits.size > 0) this.#unheard.add(peerId)
    waits.clear()
    this.#byPeer.delete(peerId)
  }

  onLinkUp(peerId: string): void {
    if (!this.#unheard.delete(peerId)) return
    this.#parts.peers.ask(peerId, verbs.woken, [EVERY_WAIT, true], NOTHING, DEADLINE_MS, () => {})
  }

  #waitsOf(peerId: string): Map<number, ServedWait> {
    let waits = this.#byPeer.get(peerId)
    if (waits === undefined) {
      waits = new Map()
      this.#byPeer.set(peerId, waits)
    }
    return waits
  }

  #tellServing(peerId: string, number: number): void {
    const { peers, selfId } = this.#parts
    if (peerId === selfId) this.#woken(number, false, NOTHING)
    else peers.ask(peerId, verbs.woken, [number, false], NOTHING, DEADLINE_MS, () => {})
  }

  /** A peer that cannot be told what its client got is told at least that it got something. */
  #tell(peerId: string, number: number, reply: Buffer, tries: number): void {
    const { peers, ports, selfId } = this.#parts
    if (peerId === selfId) return this.#woken(number, true, reply)
    peers.ask(peerId, verbs.woken, [number, true], reply, DEADLINE_MS, (outcome) => {
      if (outcome.kind === 'answer' || outcome.reason === 'closed') return
      if (tries >= TRIES_MAX) this.counters.undelivered++
      else ports.after(RETRY_DELAY_MS, () => this.#tell(peerId, number, OUTCOME_OPEN, tries + 1))
    })
  }
}
