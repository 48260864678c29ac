/*
 * Names of hosts, looked up once and remembered, and the datagrams that wait for an answer.
 *
 * The idea: a resolver asked per packet would be the slowest part of the wire. A name that was once found keeps its
 * address while it is looked up again, and also when that fails: a silent resolver must not take the mesh apart. It
 * asks through a port and learns the answer as an event. Shape: machine.
 */

export interface HostNameLimits {
  readonly namesCountMax: number
  /** Datagrams that wait for one name; more are lost. */
  readonly waitingCountMax: number
  readonly foundMs: number
  readonly notFoundMs: number
}

export const HOST_NAME_LIMITS: HostNameLimits = {
  namesCountMax: 1024,
  waitingCountMax: 16,
  foundMs: 30_000,
  notFoundMs: 2000,
}

interface KnownName {
  host: string | undefined
  isAsking: boolean
  askAgainMs: number
  waiting: WaitingDatagram[]
}

export interface WaitingDatagram {
  readonly port: number
  readonly bytes: Uint8Array
}

export class HostNames {
  readonly #limits: HostNameLimits
  readonly #ask: (name: string) => void
  /** Oldest first: the name that was added first makes room. */
  readonly #names: Map<string, KnownName>
  readonly counters: { asked: number; notFound: number; datagramsLost: number }

  constructor(ask: (name: string) => void, limits: HostNameLimits = HOST_NAME_LIMITS) {
    this.#limits = limits
    this.#ask = ask
    this.#names = new Map()
    this.counters = { asked: 0, notFound: 0, datagramsLost: 0 }
  }

  get namesCount(): number {
    return this.#names.size
  }

  /** The address of the host, or undefined when nobody knows yet: then the datagram waits, or is lost. */
  hostFor(name: string, datagram: WaitingDatagram, nowMs: number): string | undefined {
    const known = this.#names.get(name) ?? this.#add(name)
    if (!known.isAsking && nowMs >= known.askAgainMs) {
      known.isAsking = true
      this.counters.asked++
      this.#ask(name)
    }
    if (known.host !== undefined) return known.host
    if (known.isAsking && known.waiting.length < this.#limits.waitingCountMax) {
      known.waiting.push({ port: datagram.port, bytes: new Uint8Array(datagram.bytes) })
    } else {
      this.counters.datagramsLost++
    }
    return undefined
  }

  /** What waited for the name, to be sent now; nothing when it was not found. */
  onAnswer(name: string, host: string | undefined, nowMs: number): readonly WaitingDatagram[] {
    const known = this.#names.get(name)
    if (known === undefined) return []
    const { waiting } = known
    known.isAsking = false
    known.waiting = []
    known.askAgainMs = nowMs + (host === undefined ? this.#limits.notFoundMs : this.#limits.foundMs)
    if (host !== undefined) {
      known.host = host
      return waiting
    }
    this.counters.notFound++
    this.counters.datagramsLost += waiting.length
    return []
  }

  #add(name: string): KnownName {
    if (this.#names.size >= this.#limits.namesCountMax) {
      for (const [oldest, { waiting }] of this.#names) {
        this.counters.datagramsLost += waiting.length
        this.#names.delete(oldest)
        break
      }
    }
    const known: KnownName = {
      host: undefined,
      isAsking: false,
      askAgainMs: Number.NEGATIVE_INFINITY,
      waiting: [],
    }
    this.#names.set(name, known)
    return known
  }
}
