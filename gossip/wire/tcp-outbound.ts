/*
 * One peer that is sent frames: a connection dialled on demand, what waits for it, and its rest after a failure.
 *
 * The idea: everything not yet taken by the kernel stands in one bounded queue. When the connection is lost the whole
 * queue has failed, in one event, and the next frame after the rest dials anew; nothing is sent twice.
 * Shape: door.
 */
import type { Buffer } from 'node:buffer'
import net from 'node:net'
import type { Address } from '../ports.ts'
import { splitAddress } from './socket-address.ts'
import type { TcpCounters, TcpLimits } from './tcp-limits.ts'

interface QueuedFrame {
  readonly frame: Buffer
  readonly sentMs: number
}

export interface OutboundEvents {
  /** The hello as a frame, for a new connection. */
  hello(): Buffer
  onFailed(to: Address): void
}

export class TcpOutbound {
  readonly #to: Address
  readonly #limits: TcpLimits
  readonly #counters: TcpCounters
  readonly #events: OutboundEvents
  /** Sent, and not yet taken by the kernel; the head is the oldest. */
  #queue: QueuedFrame[]
  #queuedBytes: number
  #socket: net.Socket | undefined
  #isOpen: boolean
  #dialledMs: number
  #usedMs: number
  #failureCount: number
  #restUntilMs: number

  constructor(to: Address, limits: TcpLimits, counters: TcpCounters, events: OutboundEvents) {
    this.#to = to
    this.#limits = limits
    this.#counters = counters
    this.#events = events
    this.#queue = []
    this.#queuedBytes = 0
    this.#socket = undefined
    this.#isOpen = false
    this.#dialledMs = 0
    this.#usedMs = 0
    this.#failureCount = 0
    this.#restUntilMs = Number.NEGATIVE_INFINITY
  }

  get isIdle(): boolean {
    return this.#queue.length === 0
  }

  get usedMs(): number {
    return this.#usedMs
  }

  /** False when it is refused at once. */
  send(frame: Buffer, nowMs: number): boolean {
    if (nowMs < this.#restUntilMs) return false
    const { queueCountMax, queueBytesMax } = this.#limits
    if (this.#queue.length >= queueCountMax || this.#queuedBytes + frame.length > queueBytesMax) return false
    this.#usedMs = nowMs
    this.#queue.push({ frame, sentMs: nowMs })
    this.#queuedBytes += frame.length
    if (this.#socket === undefined) this.#dial(nowMs)
    else if (this.#isOpen) this.#write(this.#socket, frame)
    return true
  }

  /** Looks after the deadlines; true when nothing needs to be remembered of this peer any more. */
  onSweep(nowMs: number): boolean {
    const oldest = this.#queue[0]
    const isDialSlow =
      this.#socket !== undefined && !this.#isOpen && nowMs - this.#dialledMs > this.#limits.dialMs
    if (isDialSlow || (oldest !== undefined && nowMs - oldest.sentMs > this.#limits.deliveryMs)) {
      this.#fail(nowMs)
      return false
    }
    if (!this.isIdle || nowMs - this.#usedMs <= this.#limits.outboundIdleMs) return false
    void this.end(this.#limits.dialMs)
    return nowMs >= this.#restUntilMs
  }

  /** Says goodbye once everything is written; resolves when the connection is gone, after `graceMs` at the latest. */
  end(graceMs: number): Promise<void> {
    const socket = this.#detach()
    if (socket === undefined) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => socket.destroy(), graceMs)
      socket.once('close', () => {
        clearTimeout(timer)
        resolve()
      })
      socket.destroySoon()
    })
  }

  /** From here on the socket's events are nobody's. */
  #detach(): net.Socket | undefined {
    const socket = this.#socket
    this.#socket = undefined
    this.#isOpen = false
    return socket
  }

  #dial(nowMs: number): void {
    this.#counters.dialled++
    this.#dialledMs = nowMs
    const { host, port } = splitAddress(this.#to)
    const socket = net.connect({ host, port, noDelay: true })
    this.#socket = socket
    socket.on('connect', () => this.#onConnect(socket))
    // Nothing is ever said in this direction; reading it lets the end of the connection be noticed.
    socket.resume()
    socket.on('error', () => {
      if (socket === this.#socket) this.#fail(performance.now())
    })
    socket.on('close', () => this.#onClose(socket))
  }

  #onConnect(socket: net.Socket): void {
    if (socket !== this.#socket) return
    this.#isOpen = true
    socket.write(this.#events.hello())
    for (const { frame } of this.#queue) this.#write(socket, frame)
  }

  #write(socket: net.Socket, frame: Buffer): void {
    socket.write(frame, (error) => {
      if (error || socket !== this.#socket) return
      const taken = this.#queue.shift()
      if (taken === undefined) return
      this.#failureCount = 0
      this.#queuedBytes -= taken.frame.length
      this.#counters.framesSent++
      this.#counters.bytesSent += taken.frame.length
    })
  }

  #onClose(socket: net.Socket): void {
    if (socket !== this.#socket) return
    if (!this.isIdle) return this.#fail(performance.now())
    this.#detach()
  }

  /** The connection is lost, and with it all that waits: even when nothing waits, its end may have cut off the last frame. */
  #fail(nowMs: number): void {
    const { backOffMinMs, backOffMaxMs } = this.#limits
    if (!this.#isOpen) this.#counters.dialsFailed++
    this.#detach()?.destroy()
    this.#counters.framesFailed += this.#queue.length
    this.#queue = []
    this.#queuedBytes = 0
    this.#restUntilMs = nowMs + Math.min(backOffMaxMs, backOffMinMs * 2 ** this.#failureCount++)
    this.#events.onFailed(this.#to)
  }
}
