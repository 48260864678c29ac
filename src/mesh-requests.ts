/**
 * Mesh requests [Machine]: requests that travel: sent on to the node that acts for their keys, and run here for others.
 * The part of a mesh node's composition that is about forwarding.
 */
import { SlabPool } from '../resp/index.ts'
import type { Answered } from './mesh/link-ports.ts'
import type { Pool } from './mesh/pool.ts'
import { type Verbs, verbs } from './mesh/verbs.ts'
import type { Node } from './node.ts'
import { rawsAt } from './routing/forward-body.ts'
import { Forwarded, type ForwardedHost, type RespondForwarded } from './routing/forwarded.ts'
import { type ForwardOutcome, Forwards } from './routing/forwards.ts'
import type { Router } from './routing/router.ts'
import type { Spreads } from './routing/spreads.ts'

export interface RequestsPorts {
  readonly selfId: string
  wallMs(): number
  after(delayMs: number, run: () => void): void
  soon(run: () => void): void
  wake(): void
  pool(): Pool
  fingerprint(): number
  actingId(slot: number): string | undefined
  router(): Router
  spreads(): Spreads
}

const DEADLINE_MS = 4000
/**
 * Each frame of another node's holds a buffer until its writes are confirmed, and while an owner is away those are many:
 * large ones would leave the process larger for good.
 */
const [SLABS_MAX, SLAB_BYTES] = [512, 16_384]

export class MeshRequests {
  readonly forwards: Forwards
  readonly host: ForwardedHost
  readonly #ports: RequestsPorts

  constructor(node: Node, ports: RequestsPorts) {
    this.#ports = ports
    this.forwards = new Forwards({
      ask: (peerId, body, length, answered) => {
        if (peerId === ports.selfId) this.#askSelf(body, length, answered)
        else this.#ask(peerId, body, length, answered)
      },
      actingId: (slot) => ports.actingId(slot),
      after: (delayMs, run) => ports.after(delayMs, run),
      wake: () => ports.wake(),
    })
    const { executor, space } = node
    this.host = {
      slabs: new SlabPool(SLABS_MAX, SLAB_BYTES),
      onRequest: (session, args) => ports.spreads().onRequest(session, args),
      onTurnStart: () => {
        executor.beginTurn(ports.wallMs())
        ports.router().onTurnStart()
      },
      onTurnEnd: () => {
        executor.endTurn()
        space.ahead.forget()
      },
    }
  }

  bind(table: Verbs): void {
    table.bind('forward', (from, arrival) => {
      const { correlation } = arrival
      this.#serve(from.peer.id, arrival.body, (body, length) => {
        if (body === undefined) from.fail(correlation, 'these are no requests', true)
        else from.answer(correlation, [], body, 0, length)
        this.#ports.wake()
      })
    })
  }

  #ask(peerId: string, body: Buffer, length: number, answered: (outcome: ForwardOutcome) => void): void {
    const onAnswered: Answered = (outcome) => {
      if (outcome.kind === 'answer') {
        const { bytes, end, start } = outcome
        return answered({ kind: 'answer', bytes, start, end })
      }
      const isOverloaded = outcome.reason === 'overload'
      const hasRunMaybe = outcome.reason !== 'refused' && !isOverloaded
      answered({ kind: 'failed', hasRunMaybe, isOverloaded })
    }
    const fields = [this.#ports.fingerprint()]
    this.#ports.pool().ask(peerId, verbs.forward, fields, body, DEADLINE_MS, onAnswered, 0, length)
  }

  /** What was to be sent on may be ours to run by now. */
  #askSelf(body: Buffer, length: number, answered: (outcome: ForwardOutcome) => void): void {
    const own = Buffer.from(body.subarray(0, length))
    const respond: RespondForwarded = (bytes, end) => {
      if (bytes === undefined) answered({ kind: 'failed', hasRunMaybe: true, isOverloaded: false })
      else answered({ kind: 'answer', bytes, start: 0, end })
    }
    this.#ports.soon(() => this.#serve(this.#ports.selfId, own, respond))
  }

  #serve(from: string, body: Buffer, respond: RespondForwarded): void {
    const at = rawsAt(body)
    if (at < 0) return respond(undefined, 0)
    new Forwarded(this.host, from, body, at, this.#ports.wallMs(), respond).run()
  }
}
