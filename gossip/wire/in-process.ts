/*
 * A network inside one process: transports that reach each other through the registry they share.
 *
 * The idea: the same two verbs as the sockets and the same manners - bytes are copied, nothing arrives inside the call,
 * what nobody receives is lost or comes back as a failure - so that a mesh of many nodes fits into one test or one
 * program. Delivery runs on the registry's `after`, real or simulated. Shape: machine.
 */
import type { Address, Datagrams, Streams, Timing } from '../ports.ts'

/** Packets on their way; more are lost, or fail when they are streams. */
export const IN_FLIGHT_COUNT_MAX = 65_536

export interface InProcessEvents {
  onDatagram(from: Address, bytes: Uint8Array): void
  onStream(from: Address, bytes: Uint8Array): void
  onStreamFailed(to: Address): void
}

/** One logical network: who shares it can reach each other, nobody else can. */
export class InProcessRegistry {
  readonly counters: { delivered: number; datagramsLost: number; streamsFailed: number }
  readonly #timing: Pick<Timing, 'after'>
  readonly #inFlightCountMax: number
  readonly #transports: Map<Address, InProcessClusterTransport>
  #inFlightCount: number

  constructor(timing: Pick<Timing, 'after'>, inFlightCountMax = IN_FLIGHT_COUNT_MAX) {
    this.counters = { delivered: 0, datagramsLost: 0, streamsFailed: 0 }
    this.#timing = timing
    this.#inFlightCountMax = inFlightCountMax
    this.#transports = new Map()
    this.#inFlightCount = 0
  }

  /** Whom one can reach here, in the order of their coming. */
  get addresses(): Address[] {
    return [...this.#transports.keys()]
  }

  enter(transport: InProcessClusterTransport): void {
    if (this.#transports.has(transport.address))
      throw new Error(`${transport.address} is taken on this in-process network`)
    this.#transports.set(transport.address, transport)
  }

  leave(transport: InProcessClusterTransport): void {
    if (this.#transports.get(transport.address) === transport) this.#transports.delete(transport.address)
  }

  carry(from: InProcessClusterTransport, to: Address, bytes: Uint8Array, isStream: boolean): void {
    if (this.#inFlightCount >= this.#inFlightCountMax) {
      this.#lose(from, to, isStream)
      return
    }
    const copy = new Uint8Array(bytes)
    this.#inFlightCount++
    this.#timing.after(0, () => {
      this.#inFlightCount--
      const receiver = this.#transports.get(to)
      if (receiver === undefined) return this.#lose(from, to, isStream)
      this.counters.delivered++
      if (isStream) receiver.events.onStream(from.address, copy)
      else receiver.events.onDatagram(from.address, copy)
    })
  }

  #lose(from: InProcessClusterTransport, to: Address, isStream: boolean): void {
    if (!isStream) {
      this.counters.datagramsLost++
      return
    }
    this.counters.streamsFailed++
    // Told once for all that fail before the telling, so a sender that does not stop piles up nothing.
    if (from.failing.size === 0) this.#timing.after(0, () => this.#tellFailed(from))
    from.failing.add(to)
  }

  #tellFailed(from: InProcessClusterTransport): void {
    const failed = [...from.failing]
    from.failing.clear()
    if (this.#transports.get(from.address) !== from) return
    for (const to of failed) from.events.onStreamFailed(to)
  }
}

/** One node's place on the network. */
export class InProcessClusterTransport implements Datagrams, Streams {
  readonly address: Address
  readonly events: InProcessEvents
  /** Where streams were lost since the owner was last told. */
  readonly failing: Set<Address>
  readonly #network: InProcessRegistry
  #isStarted: boolean

  constructor(network: InProcessRegistry, address: Address, events: InProcessEvents) {
    this.address = address
    this.events = events
    this.failing = new Set()
    this.#network = network
    this.#isStarted = false
  }

  /** Throws when another transport has the address. */
  start(): void {
    if (this.#isStarted) return
    this.#network.enter(this)
    this.#isStarted = true
  }

  /** What is on its way here is lost, as with a closed socket. */
  stop(): void {
    this.#network.leave(this)
    this.#isStarted = false
  }

  sendDatagram(to: Address, bytes: Uint8Array): void {
    if (this.#isStarted) this.#network.carry(this, to, bytes, false)
  }

  sendStream(to: Address, bytes: Uint8Array): void {
    if (this.#isStarted) this.#network.carry(this, to, bytes, true)
  }
}
