// The listener: sockets become connections, and a few rules keep one client from hurting the others.
//
// Per chunk: one look at the clock, one try/catch. Per round of the event loop: one flush of all who have output, as
// a write between two reads wakes its client at once and costs twice as much. Per half second: one sweep over all
// connections for every timeout there is (no timer per socket). A thrown error ends one connection, an accept error none.
// It decides nothing about commands or who may enter. Shape: door.

import { Buffer } from 'node:buffer'
import net from 'node:net'
import { Args } from './args.ts'
import { RequestScan } from './request-scan.ts'
import { Connection } from './connection.ts'
import type { CloseReason, ConnectionRoom, Conversation } from './connection-ports.ts'
import { type ConnectionLimits, type ConnectionStats, defaultConnectionLimits } from './limits.ts'
import { SlabPool } from './slab-pool.ts'
import { readingInto, SocketOutlet } from './socket-outlet.ts'
import { TurnQueue } from './turn-queue.ts'

export interface ServerLimits extends ConnectionLimits {
  clientsMax: number
  backlogMax: number
  /** 0 turns TCP keep-alive off. */
  tcpKeepAliveSeconds: number
}

export function defaultServerLimits(): ServerLimits {
  return { ...defaultConnectionLimits(), clientsMax: 10000, backlogMax: 511, tcpKeepAliveSeconds: 300 }
}

export interface ServerOptions {
  hosts: readonly string[]
  /** 0 takes any free port, the same for all hosts. */
  port: number
  limits: ServerLimits
  stats: ConnectionStats
  clock: { nowMs(): number }
  onConnection(connection: Connection): Conversation
  /** The text of the refusal ('DENIED ...'), or undefined to let the client in. */
  accept?(remoteAddress: string): string | undefined
  /** Errors that are nobody's reply. */
  onError?(what: string, error: unknown): void
}

export interface RunningServer {
  readonly port: number
  readonly connections: ReadonlyMap<number, Connection>
  /** Sends output written outside of any request now, rather than at the end of this event-loop turn. */
  flush(): void
  /** Stops accepting, lets every client have what it is owed, and cuts off who is not done after `graceMs`. */
  close(graceMs?: number): Promise<void>
}

/** What one read can bring; the kernel's socket buffers are about this large. */
const readBytes = 65536
/** Output is kept back this long for the rest of a pipeline's replies. */
const KEPT_MS = 1
const tickMs = 500
const refusalLingerMs = 1000
const refusedMax = 1000

export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const listener = new Listener(options)
  try {
    await listener.listen()
  } catch (error) {
    await listener.close(0)
    throw error
  }
  return listener
}

class Listener implements RunningServer {
  port: number
  readonly connections: Map<number, Connection>
  readonly #options: ServerOptions
  readonly #room: ConnectionRoom
  readonly #turns: TurnQueue
  readonly #outlets: Set<SocketOutlet>
  readonly #refused: Map<net.Socket, number>
  readonly #servers: net.Server[]
  /** All sockets read into this one; a connection copies what it has not parsed at the end of its chunk. */
  readonly #chunk: Buffer
  readonly #ticker: NodeJS.Timeout
  #nextId: number
  #onEmpty: (() => void) | undefined

  constructor(options: ServerOptions) {
    this.port = options.port
    this.connections = new Map()
    this.#options = options
    this.#turns = new TurnQueue(
      () => setImmediate(() => this.#onImmediate()),
      () => setTimeout(() => this.#turns.onMoment(), KEPT_MS),
    )
    this.#room = {
      args: new Args(),
      scan: new RequestScan(),
      slabs: new SlabPool(),
      limits: options.limits,
      stats: options.stats,
      turns: this.#turns,
      clock: options.clock,
    }
    this.#outlets = new Set()
    this.#refused = new Map()
    this.#servers = []
    this.#chunk = Buffer.allocUnsafeSlow(readBytes)
    this.#ticker = setInterval(() => this.#onTick(), tickMs)
    this.#ticker.unref()
    this.#nextId = 1
    this.#onEmpty = undefined
  }

  async listen(): Promise<void> {
    for (const host of this.#options.hosts) {
      const server = net.createServer(
        { allowHalfOpen: true, noDelay: true, pauseOnConnect: true },
        (socket) => this.#onSocket(socket),
      )
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen({ host, port: this.port, backlog: this.#options.limits.backlogMax }, () => {
          server.removeListener('error', reject)
          resolve()
        })
      })
      server.on('error', (error) => {
        this.#options.stats.acceptErrors++
        this.#options.onError?.('accept', error)
      })
      this.#servers.push(server)
      this.port = (server.address() as net.AddressInfo).port
    }
  }

  flush(): void {
    this.#turns.flush()
  }

  async close(graceMs = 1000): Promise<void> {
    for (const server of this.#servers) server.close()
    this.#servers.length = 0
    for (const socket of this.#refused.keys()) socket.destroy()
    for (const connection of this.connections.values()) connection.closeAfterFlush()
    if (this.#outlets.size > 0) {
      const timer = setTimeout(() => {
        for (const outlet of this.#outlets) outlet.socket.destroy()
      }, graceMs)
      await new Promise<void>((resolve) => {
        this.#onEmpty = resolve
      })
      clearTimeout(timer)
    }
    clearInterval(this.#ticker)
  }

  #onSocket(socket: net.Socket): void {
    const { limits, stats, accept } = this.#options
    socket.on('error', () => {})
    const remoteAddress = socket.remoteAddress
    if (remoteAddress === undefined) {
      socket.destroy()
      return
    }
    stats.connectionsReceived++
    const refusal =
      this.connections.size >= limits.clientsMax
        ? 'ERR max number of clients reached'
        : accept?.(remoteAddress)
    if (refusal !== undefined) {
      this.#refuse(socket, refusal)
      return
    }
    if (limits.tcpKeepAliveSeconds > 0) socket.setKeepAlive(true, limits.tcpKeepAliveSeconds * 1000)
    let connection: Connection | undefined
    const reading = readingInto(socket, this.#chunk, (length) => {
      if (connection !== undefined) this.#onData(connection, this.#chunk.subarray(0, length))
    })
    const outlet = new SocketOutlet(reading, this.#onWritten)
    connection = this.#meet(outlet, remoteAddress)
    if (connection === undefined) return
    this.#serve(outlet, connection)
  }

  #serve(outlet: SocketOutlet, connection: Connection): void {
    const { socket } = outlet
    outlet.connection = connection
    this.connections.set(connection.id, connection)
    this.#outlets.add(outlet)
    socket.on('end', () => connection.onEnd())
    socket.on('close', (hadError) => this.#onClose(outlet, connection, hadError ? 'error' : 'client'))
    socket.resume()
  }

  #meet(outlet: SocketOutlet, remoteAddress: string): Connection | undefined {
    const { socket } = outlet
    try {
      return new Connection(this.#nextId++, this.#room, outlet, this.#options.clock.nowMs(), (fresh) => {
        fresh.remote = endpoint(remoteAddress, socket.remotePort)
        fresh.local = endpoint(socket.localAddress ?? '', socket.localPort)
        return this.#options.onConnection(fresh)
      })
    } catch (error) {
      this.#options.onError?.('connection', error)
      socket.destroy()
      return undefined
    }
  }

  /** Says why and hangs up; the socket lingers a moment so that the text is not lost to a reset. */
  #refuse(socket: net.Socket, text: string): void {
    this.#options.stats.connectionsRejected++
    if (this.#refused.size >= refusedMax) {
      socket.destroy()
      return
    }
    this.#refused.set(socket, this.#options.clock.nowMs() + refusalLingerMs)
    socket.on('close', () => this.#refused.delete(socket))
    socket.resume()
    socket.end(`-${text}\r\n`, 'latin1')
  }

  #onData(connection: Connection, chunk: Buffer): void {
    try {
      connection.onChunk(chunk, this.#options.clock.nowMs())
    } catch (error) {
      this.#onFault(connection, error)
    }
  }

  #onImmediate(): void {
    const connection = this.#turns.onWake()
    if (connection !== undefined) {
      try {
        connection.onTurn(this.#options.clock.nowMs())
      } catch (error) {
        this.#onFault(connection, error)
      }
    }
    this.#turns.flush()
  }

  readonly #onWritten = (outlet: SocketOutlet): void => {
    const connection = outlet.connection
    if (connection?.hasUnsent) connection.onDrain(outlet.queuedBytes)
  }

  #onClose(outlet: SocketOutlet, connection: Connection, reason: CloseReason): void {
    this.connections.delete(connection.id)
    this.#outlets.delete(outlet)
    try {
      connection.onClosed(reason)
    } catch (error) {
      this.#options.onError?.('close', error)
    }
    this.#turns.flush()
    if (this.#outlets.size === 0) this.#onEmpty?.()
  }

  #onFault(connection: Connection, error: unknown): void {
    this.#options.onError?.('request', error)
    connection.onFault()
  }

  #onTick(): void {
    const nowMs = this.#options.clock.nowMs()
    for (const outlet of this.#outlets) {
      const connection = outlet.connection!
      if (connection.hasUnsent) connection.onDrain(outlet.queuedBytes)
      connection.onTick(nowMs)
    }
    for (const [socket, untilMs] of this.#refused) {
      if (nowMs > untilMs) socket.destroy()
    }
  }
}

/** Redis' way to write an address: IPv6 in brackets, IPv4 as itself even when it came over IPv6. */
function endpoint(address: string, port: number | undefined): string {
  const plain = address.startsWith('::ffff:') ? address.slice(7) : address
  return plain.includes(':') ? `[${plain}]:${port}` : `${plain}:${port}`
}
