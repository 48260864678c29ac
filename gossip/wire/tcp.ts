/*
 * The TCP door: whole messages, one way, over connections that are dialled when needed.
 *
 * The idea: whoever sends dials, says hello and writes length-prefixed frames; an answer is a connection the other way. So
 * a frame never waits for another peer's, and what a stranger can cost us is limited before it has said who it is.
 * With a keyring each frame is a sealed packet; that is the courier's business. Shape: door.
 */
import type { Buffer } from 'node:buffer'
import net from 'node:net'
import { isAddress } from '../messages.ts'
import type { Address, Streams } from '../ports.ts'
import { framed } from './frame-reader.ts'
import { answerAddress, joinAddress } from './socket-address.ts'
import { decodeHello, encodeHello } from './tcp-hello.ts'
import { type InboundEvents, TcpInbound } from './tcp-inbound.ts'
import { freshTcpCounters, TCP_LIMITS, type TcpCounters, type TcpLimits } from './tcp-limits.ts'
import { type OutboundEvents, TcpOutbound } from './tcp-outbound.ts'

/** How long closing waits for what is being written. */
const CLOSE_GRACE_MS = 500

export interface TcpOptions {
  /** A literal address to bind. */
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  readonly label: string
  /** Where others reach us; asked for each hello, since the port may be known only after opening. */
  listeningAddress(): Address
  onStream(from: Address, bytes: Uint8Array): void
  /** What was sent there may be lost. Comes in a later turn than the sending. */
  onFailed(to: Address): void
  isKnownAddress(address: Address): boolean
  /** Errors of the listener, and what the owner's handlers threw. */
  onError?(what: string, error: unknown): void
  readonly limits?: Partial<TcpLimits>
}

/** Rejects with a sentence that names the address when it cannot be bound; trying again is a new opening. */
export async function openTcp(options: TcpOptions): Promise<TcpDoor> {
  const limits = { ...TCP_LIMITS, ...options.limits }
  const server = net.createServer({ noDelay: true })
  server.maxConnections = limits.inboundCountMax
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = joinAddress(options.host, options.port)
      const why = error.code ?? String(error)
      reject(new Error(`cannot listen on TCP ${where} for gossip: ${why}`, { cause: error }))
    })
    server.listen({ host: options.host, port: options.port, exclusive: true }, resolve)
  })
  server.removeAllListeners('error')
  return new TcpDoor(server, limits, options)
}

export class TcpDoor implements Streams {
  readonly port: number
  readonly counters: TcpCounters
  readonly #server: net.Server
  readonly #limits: TcpLimits
  readonly #options: TcpOptions
  readonly #inbounds: Set<TcpInbound>
  readonly #inboundsPerHost: Map<string, number>
  readonly #outbounds: Map<Address, TcpOutbound>
  /** Whose frames were refused in this turn, to be told of in the next. */
  readonly #refused: Set<Address>
  readonly #sweeper: NodeJS.Timeout
  readonly #inboundEvents: InboundEvents
  readonly #outboundEvents: OutboundEvents
  #halfFramesBytes: number
  #closing: Promise<void> | undefined

  constructor(server: net.Server, limits: TcpLimits, options: TcpOptions) {
    this.port = (server.address() as net.AddressInfo).port
    this.counters = freshTcpCounters()
    this.#server = server
    this.#limits = limits
    this.#options = options
    this.#inbounds = new Set()
    this.#inboundsPerHost = new Map()
    this.#outbounds = new Map()
    this.#refused = new Set()
    this.#halfFramesBytes = 0
    this.#closing = undefined
    this.#inboundEvents = {
      greet: (hello, remoteHost) => this.#greet(hello, remoteHost),
      onFrame: (from, frame) => this.#onFrame(from, frame),
      onHeld: (moreBytes) => (this.#halfFramesBytes += moreBytes) <= limits.halfFramesBytesMax,
      onClosed: (inbound) => this.#onClosed(inbound),
    }
    this.#outboundEvents = {
      hello: () => framed(encodeHello(options.label, options.listeningAddress())),
      onFailed: (to) => this.#guard('a failed delivery', () => options.onFailed(to)),
    }
    server.on('connection', (socket) => this.#accept(socket))
    server.on('drop', () => {
      this.counters.refusedFull++
    })
    server.on('error', (error) => options.onError?.('the TCP listener of gossip', error))
    this.#sweeper = setInterval(() => this.#sweep(), limits.sweepMs)
    this.#sweeper.unref()
  }

  get inboundCount(): number {
    return this.#inbounds.size
  }

  get outboundCount(): number {
    return this.#outbounds.size
  }

  /** Memory in frames that are not complete. */
  get halfFramesBytes(): number {
    return this.#halfFramesBytes
  }

  sendStream(to: Address, bytes: Uint8Array): void {
    const isSendable = bytes.length > 0 && bytes.length <= this.#limits.frameBytesMax && isAddress(to)
    const outbound = isSendable && this.#closing === undefined ? this.#outboundTo(to) : undefined
    if (outbound === undefined || !outbound.send(framed(bytes), performance.now())) this.#refuse(to)
  }

  /** Resolves when the port is free again, however often it is called. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeper)
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const inbound of this.#inbounds) inbound.destroy()
    await Promise.all([...this.#outbounds.values()].map((outbound) => outbound.end(CLOSE_GRACE_MS)))
    await closed
  }

  #outboundTo(to: Address): TcpOutbound | undefined {
    const former = this.#outbounds.get(to)
    if (former !== undefined) return former
    if (this.#outbounds.size >= this.#limits.outboundCountMax && !this.#makeRoom()) return undefined
    const outbound = new TcpOutbound(to, this.#limits, this.counters, this.#outboundEvents)
    this.#outbounds.set(to, outbound)
    return outbound
  }

  /** The peer that was sent nothing for the longest time gives way, if one has nothing waiting. */
  #makeRoom(): boolean {
    let idlest: [Address, TcpOutbound] | undefined
    for (const entry of this.#outbounds) {
      if (entry[1].isIdle && (idlest === undefined || entry[1].usedMs < idlest[1].usedMs)) idlest = entry
    }
    if (idlest === undefined) return false
    this.#outbounds.delete(idlest[0])
    void idlest[1].end(CLOSE_GRACE_MS)
    return true
  }

  #refuse(to: Address): void {
    this.counters.framesRefused++
    if (this.#refused.size === 0) setImmediate(() => this.#tellRefused())
    if (this.#refused.size < this.#limits.outboundCountMax) this.#refused.add(to)
  }

  #tellRefused(): void {
    const refused = [...this.#refused]
    this.#refused.clear()
    if (this.#closing !== undefined) return
    for (const to of refused) this.#outboundEvents.onFailed(to)
  }

  #accept(socket: net.Socket): void {
    const host = socket.remoteAddress ?? ''
    const count = this.#inboundsPerHost.get(host) ?? 0
    if (count >= this.#limits.inboundPerHostMax || this.#closing !== undefined) {
      this.counters.refusedHost++
      socket.on('error', () => undefined)
      socket.destroy()
      return
    }
    this.counters.accepted++
    this.#inboundsPerHost.set(host, count + 1)
    const now = performance.now()
    this.#inbounds.add(new TcpInbound(socket, this.#limits, this.counters, this.#inboundEvents, now))
  }

  #onClosed(inbound: TcpInbound): void {
    if (!this.#inbounds.delete(inbound)) return
    const count = (this.#inboundsPerHost.get(inbound.remoteHost) ?? 1) - 1
    if (count > 0) this.#inboundsPerHost.set(inbound.remoteHost, count)
    else this.#inboundsPerHost.delete(inbound.remoteHost)
  }

  #greet(hello: Buffer, remoteHost: string): Address | undefined {
    const claimed = decodeHello(hello, this.#options.label)
    if (claimed === undefined) return undefined
    return answerAddress(claimed, remoteHost, (address) => this.#options.isKnownAddress(address))
  }

  #onFrame(from: Address, frame: Buffer): void {
    this.#guard('a stream frame', () => this.#options.onStream(from, frame))
  }

  #guard(what: string, run: () => void): void {
    try {
      run()
    } catch (error) {
      this.counters.handlerErrors++
      if (this.#options.onError === undefined) throw error
      this.#options.onError(what, error)
    }
  }

  #sweep(): void {
    const nowMs = performance.now()
    for (const inbound of this.#inbounds) inbound.onSweep(nowMs)
    for (const [to, outbound] of this.#outbounds) {
      if (outbound.onSweep(nowMs)) this.#outbounds.delete(to)
    }
  }
}
