/*
 * What all links of a node share: limits, counters, verbs, buffers, and the work of this turn.
 *
 * The idea: a link that has something to write, and an ask that has failed, wait here for the end of the turn. `flush`
 * then tells the askers - so that no one is called back inside a call of its own - and writes each link's output at
 * once. `wake` asks the owner for that flush, once a turn. It refuses to know peers. Shape: machine.
 */
import { Buffer } from 'node:buffer'
import { SlabPool } from '../../resp/index.ts'
import type { Log } from '../log.ts'
import { type Ask, Correlations } from './asks.ts'
import { HeaderCodec } from './header.ts'
import {
  Answer,
  Arrival,
  type Answered,
  type FailReason,
  type LinkCounters,
  type LinkLimits,
  type MeshIdentity,
  newLinkCounters,
} from './link-ports.ts'
import type { Verbs } from './verbs.ts'
import type { MeshPorts } from './wires.ts'

export interface LinkRoomOptions {
  readonly identity: MeshIdentity
  readonly ports: MeshPorts
  readonly limits: LinkLimits
  readonly verbs: Verbs
  readonly log: Log
  /** There is something to flush; called once until it is flushed. */
  wake(): void
  /** A handler or an asker has thrown; its link is closed. */
  onFault(error: unknown): void
}

export interface FlushableLink {
  flush(): void
}

interface Failure {
  readonly answered: Answered
  readonly reason: FailReason
  readonly detail: string
}

export class LinkRoom {
  readonly identity: MeshIdentity
  readonly ports: MeshPorts
  readonly limits: LinkLimits
  readonly verbs: Verbs
  readonly log: Log
  readonly counters: LinkCounters
  readonly slabs: SlabPool
  readonly headers: HeaderCodec
  readonly correlations: Correlations
  /** Used again for every frame. */
  readonly arrival: Arrival
  readonly reply: Answer
  readonly #options: LinkRoomOptions
  #linksCount: number
  #dirty: FlushableLink[]
  #failures: Failure[]
  #isAwake: boolean

  constructor(options: LinkRoomOptions) {
    this.identity = options.identity
    this.ports = options.ports
    this.limits = options.limits
    this.verbs = options.verbs
    this.log = options.log
    this.counters = newLinkCounters()
    this.slabs = new SlabPool()
    this.headers = new HeaderCodec()
    this.correlations = new Correlations()
    this.arrival = new Arrival()
    this.reply = new Answer()
    this.#options = options
    this.#linksCount = 0
    this.#dirty = []
    this.#failures = []
    this.#isAwake = false
  }

  nextSerial(): number {
    return ++this.#linksCount
  }

  nonce(count: number): Uint8Array {
    return Buffer.from(this.ports.randomBytes(count))
  }

  /** The caller sees to it that a link is announced once a turn. */
  onOutput(link: FlushableLink): void {
    this.#dirty.push(link)
    this.#wake()
  }

  failAsk(ask: Ask, reason: FailReason, detail: string): void {
    this.fail(ask.answered, reason, detail)
  }

  fail(answered: Answered, reason: FailReason, detail: string): void {
    this.counters.asksFailed[reason]++
    this.#failures.push({ answered, reason, detail })
    this.#wake()
  }

  onFault(error: unknown): void {
    this.counters.faults++
    this.#options.onFault(error)
  }

  /** The end of a turn: tells the askers of failed asks, then writes what the links have queued. */
  flush(): void {
    this.#isAwake = true
    const failures = this.#failures
    if (failures.length > 0) {
      this.#failures = []
      for (const { answered, reason, detail } of failures) this.#tell(answered, reason, detail)
    }
    const dirty = this.#dirty
    if (dirty.length > 0) {
      this.#dirty = []
      for (const link of dirty) link.flush()
    }
    this.#isAwake = false
    if (this.#failures.length > 0 || this.#dirty.length > 0) this.#wake()
  }

  #tell(answered: Answered, reason: FailReason, detail: string): void {
    try {
      answered({ kind: 'failed', reason, detail })
    } catch (error) {
      this.onFault(error)
    }
  }

  #wake(): void {
    if (this.#isAwake) return
    this.#isAwake = true
    this.#options.wake()
  }
}
