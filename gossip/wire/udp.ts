/*
 * The UDP socket: datagrams in and out, nothing else.
 *
 * The idea: a promise for each step that can fail for good (open, close), a counter for each that may fail now and then.
 * A bind that fails spoils its socket, so every opening makes a new one. Messages are taken from the inner socket,
 * since the promises of dgram-as-promised lose what arrives between two of them. Shape: door.
 */
import { Buffer } from 'node:buffer'
import type { RemoteInfo } from 'node:dgram'
import { lookup } from 'node:dns'
import { DgramAsPromised, type SocketAsPromised } from 'dgram-as-promised'
import type { Address, Datagrams } from '../ports.ts'
import { type HostNameLimits, HostNames } from './host-names.ts'
import { isIpv6Literal, isLiteral, joinAddress, splitAddress } from './socket-address.ts'

const RECEIVE_BUFFER_BYTES = 1024 * 1024

export interface UdpOptions {
  /** A literal address to bind: `0.0.0.0`, `::`, one interface. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  onDatagram(from: Address, bytes: Uint8Array): void
  /** Datagrams are about to come: the first of this turn of the event loop. */
  onTurn?(): void
  /** Errors of the socket, and what the owner's handlers threw. */
  onError?(what: string, error: unknown): void
  readonly hostNameLimits?: HostNameLimits
}

export interface UdpCounters {
  received: number
  sent: number
  sendsRefused: number
  sendsTooLong: number
  sendsFailed: number
  socketErrors: number
  handlerErrors: number
}

/** Rejects with a sentence that names the address when it cannot be bound; trying again is a new opening. */
export async function openUdp(options: UdpOptions): Promise<UdpDoor> {
  const isIpv6 = isIpv6Literal(options.host)
  const socket = DgramAsPromised.createSocket({
    type: isIpv6 ? 'udp6' : 'udp4',
    reuseAddr: false,
    lookup: asIs,
  })
  try {
    const { port } = await socket.bind(options.port, options.host)
    return new UdpDoor(socket, port, isIpv6, options)
  } catch (error) {
    await socket.close().catch(() => undefined)
    const why = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new Error(`cannot bind UDP ${joinAddress(options.host, options.port)} for gossip: ${why}`, {
      cause: error,
    })
  }
}

/** Only literals get as far as the socket, and those need no resolver and no later turn. */
function asIs(
  host: string,
  _options: unknown,
  done: (error: null, host: string, family: number) => void,
): void {
  done(null, host, isIpv6Literal(host) ? 6 : 4)
}

export class UdpDoor implements Datagrams {
  readonly port: number
  readonly counters: UdpCounters
  readonly names: HostNames
  readonly #socket: SocketAsPromised
  readonly #isIpv6: boolean
  readonly #options: UdpOptions
  #isInTurn: boolean
  #closing: Promise<void> | undefined

  constructor(socket: SocketAsPromised, port: number, isIpv6: boolean, options: UdpOptions) {
    this.port = port
    this.counters = {
      received: 0,
      sent: 0,
      sendsRefused: 0,
      sendsTooLong: 0,
      sendsFailed: 0,
      socketErrors: 0,
      handlerErrors: 0,
    }
    this.names = new HostNames((name) => this.#resolve(name), options.hostNameLimits)
    this.#socket = socket
    this.#isIpv6 = isIpv6
    this.#options = options
    this.#isInTurn = false
    this.#closing = undefined
    try {
      socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES)
    } catch {
      // The system allows less: bursts are lost earlier, and gossip lives with that.
    }
    socket.socket.on('error', (error) => {
      this.counters.socketErrors++
      options.onError?.('the UDP socket of gossip', error)
    })
    socket.socket.on('message', (bytes, from) => this.#onMessage(bytes, from))
  }

  sendDatagram(to: Address, bytes: Uint8Array): void {
    if (this.#closing !== undefined) return
    const { host, port } = splitAddress(to)
    const literal = isLiteral(host) ? host : this.names.hostFor(host, { port, bytes }, performance.now())
    if (literal !== undefined) this.#send(literal, port, bytes)
  }

  /** Resolves when the port is free again, however often it is called. */
  close(): Promise<void> {
    this.#closing ??= this.#socket.close().catch(() => undefined)
    return this.#closing
  }

  #send(host: string, port: number, bytes: Uint8Array): void {
    const literal = this.#isIpv6 && !isIpv6Literal(host) ? `::ffff:${host}` : host
    // The kernel may take it later than this call, and the caller uses its buffer again.
    this.#socket.send(Buffer.from(bytes), port, literal).then(
      () => {
        this.counters.sent++
      },
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ECONNREFUSED') this.counters.sendsRefused++
        else if (error.code === 'EMSGSIZE') this.counters.sendsTooLong++
        else this.counters.sendsFailed++
      },
    )
  }

  #resolve(name: string): void {
    lookup(name, { family: this.#isIpv6 ? 0 : 4 }, (error, host) => {
      if (this.#closing !== undefined) return
      const found = error === null ? host : undefined
      for (const { port, bytes } of this.names.onAnswer(name, found, performance.now()))
        this.#send(host, port, bytes)
    })
  }

  #onMessage(bytes: Buffer, from: RemoteInfo): void {
    if (this.#closing !== undefined) return
    this.counters.received++
    try {
      if (!this.#isInTurn) this.#beginTurn()
      this.#options.onDatagram(joinAddress(from.address, from.port), bytes)
    } catch (error) {
      this.counters.handlerErrors++
      if (this.#options.onError === undefined) throw error
      this.#options.onError('a datagram', error)
    }
  }

  #beginTurn(): void {
    this.#isInTurn = true
    setImmediate(() => {
      this.#isInTurn = false
    })
    this.#options.onTurn?.()
  }
}
