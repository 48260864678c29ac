/*
 * Wires over TCP.
 *
 * Two detours around what node:net does per chunk, as for clients: all sockets read into one buffer instead of fresh memory
 * per read, and writes go to the socket's own `_write`, as the kernel nearly always takes them at once and the bytes may
 * then be used again. Time to connect, silence and strangers are the links' affair. It decides nothing. Shape: door.
 */
import { Buffer } from 'node:buffer'
import net from 'node:net'
import type { AcceptWire, Address, Wire, WireEnd, WireEvents, Wires } from './wires.ts'

/** What one read can bring. */
const readBytes = 262144
const keepAliveMs = 15000
/** A closed wire that cannot get rid of its last bytes is cut off. */
const lingerMs = 1000

export interface ListenOptions {
  readonly hosts: readonly string[]
  /** 0 takes any free port, the same for all hosts. */
  readonly port: number
  readonly connectionsMax: number
  readonly accept: AcceptWire
  /** Whether somebody from that address is let in at all. */
  mayEnter?(remoteAddress: string): boolean
  onError?(error: unknown): void
}

export interface Listening {
  readonly port: number
  /** Nobody is let in any more; wires that are open stay. */
  close(): void
}

type WriteSocket = { _write(bytes: Buffer, encoding: string, done: (error?: Error | null) => void): void }

class TcpWire implements Wire {
  readonly #socket: net.Socket
  readonly #done: (error?: Error | null) => void
  events: WireEvents | undefined
  #isInside: boolean
  #isTaken: boolean
  #isClosed: boolean
  #end: WireEnd

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.events = undefined
    this.#isInside = false
    this.#isTaken = false
    this.#isClosed = false
    this.#end = 'closed'
    this.#done = (error) => {
      if (error) socket.destroy(error)
      else if (this.#isInside) this.#isTaken = true
      else if (!this.#isClosed) this.events?.onDrain()
    }
    socket.on('error', (error) => {
      this.#end = endOf(error)
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.events?.onClosed(this.#end)
    })
  }

  write(bytes: Buffer): boolean {
    if (this.#isClosed || this.#socket.destroyed) return false
    this.#isInside = true
    this.#isTaken = false
    const socket = this.#socket as unknown as WriteSocket
    socket._write(bytes, 'buffer', this.#done)
    this.#isInside = false
    return this.#isTaken
  }

  close(): void {
    const socket = this.#socket
    if (this.#isClosed) return
    this.#isClosed = true
    if (socket.connecting) {
      socket.destroy()
      return
    }
    socket.end()
    setTimeout(() => socket.destroy(), lingerMs).unref()
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  onRead(chunk: Buffer): void {
    if (!this.#isClosed) this.events?.onBytes(chunk)
  }
}

export class TcpWires implements Wires {
  /** All sockets read into this one; whoever needs the bytes later copies them. */
  readonly #chunk: Buffer

  constructor() {
    this.#chunk = Buffer.allocUnsafeSlow(readBytes)
  }

  dial(address: Address, events: WireEvents): Wire {
    const colon = address.lastIndexOf(':')
    const host = address.slice(0, colon).replace(/^\[|\]$/g, '')
    const port = Number(address.slice(colon + 1))
    let wire: TcpWire | undefined
    const onread = this.#readInto((chunk) => wire?.onRead(chunk))
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs, onread }
    // Node throws at a port that cannot be: here it is a wire that ends like any other.
    const isPort = port >= 1 && port <= 65535
    const socket = isPort ? net.connect({ ...options, host, port }) : new net.Socket().destroy()
    wire = new TcpWire(socket)
    wire.events = events
    socket.on('connect', () => events.onOpen())
    return wire
  }

  async listen(options: ListenOptions): Promise<Listening> {
    const servers: net.Server[] = []
    const close = () => {
      for (const server of servers) server.close()
    }
    let { port } = options
    try {
      for (const host of options.hosts) {
        const server = net.createServer({ noDelay: true, pauseOnConnect: true }, (socket) =>
          this.#onSocket(socket, options),
        )
        server.maxConnections = options.connectionsMax
        servers.push(server)
        port = await listening(server, host, port)
        server.on('error', (error) => options.onError?.(error))
      }
    } catch (error) {
      close()
      throw error
    }
    return { port, close }
  }

  #onSocket(accepted: net.Socket, options: ListenOptions): void {
    const { remoteAddress, remotePort } = accepted
    accepted.on('error', () => {})
    if (remoteAddress === undefined || options.mayEnter?.(remoteAddress) === false) {
      accepted.destroy()
      return
    }
    accepted.setKeepAlive(true, keepAliveMs)
    let wire: TcpWire | undefined
    // An accepted socket cannot be asked for `onread`, so another one takes over its handle.
    const holder = accepted as unknown as { _handle: unknown }
    const handle = holder._handle
    holder._handle = null
    const onread = this.#readInto((chunk) => wire?.onRead(chunk))
    const socket = new net.Socket({ handle, onread } as unknown as net.SocketConstructorOpts)
    wire = new TcpWire(socket)
    wire.events = options.accept(wire, `${remoteAddress}:${remotePort}`)
    socket.resume()
  }

  #readInto(onRead: (chunk: Buffer) => void): net.OnReadOpts {
    const buffer = this.#chunk
    return {
      buffer,
      callback(length) {
        onRead(buffer.subarray(0, length))
        return true
      },
    }
  }
}

function listening(server: net.Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.removeListener('error', reject)
      resolve((server.address() as net.AddressInfo).port)
    })
  })
}

function endOf(error: unknown): WireEnd {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ECONNREFUSED':
      return 'refused'
    case 'ECONNRESET':
    case 'EPIPE':
      return 'reset'
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'unreachable'
    default:
      return 'closed'
  }
}
