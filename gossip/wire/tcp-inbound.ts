/*
 * One accepted connection: a hello, then frames, until somebody has had enough.
 *
 * The idea: before the hello only a hello's worth of bytes is let in, and no state survives the connection.
 * Shape: door.
 */
import type { Buffer } from 'node:buffer'
import type net from 'node:net'
import type { Address } from '../ports.ts'
import { FrameReader } from './frame-reader.ts'
import { HELLO_BYTES_MAX } from './tcp-hello.ts'
import type { TcpCounters, TcpLimits } from './tcp-limits.ts'

export interface InboundEvents {
  /** Where the one who says this listens, or undefined to turn it away. */
  greet(hello: Buffer, remoteHost: string): Address | undefined
  onFrame(from: Address, frame: Buffer): void
  /** The half frame grew or went; false when all of them together hold too much. */
  onHeld(moreBytes: number): boolean
  onClosed(inbound: TcpInbound): void
}

type CloseReason = 'NoHello' | 'BadHello' | 'BadFrame' | 'SlowFrame' | 'HalfFrames' | 'Idle'

export class TcpInbound {
  readonly remoteHost: string
  readonly #socket: net.Socket
  readonly #limits: TcpLimits
  readonly #counters: TcpCounters
  readonly #events: InboundEvents
  readonly #reader: FrameReader
  readonly #openedMs: number
  readonly #onFrame: (frame: Buffer) => boolean
  #from: Address | undefined
  #heardMs: number
  /** When the half frame began, if there is one. */
  #halfSinceMs: number | undefined
  #heldBytes: number

  constructor(
    socket: net.Socket,
    limits: TcpLimits,
    counters: TcpCounters,
    events: InboundEvents,
    nowMs: number,
  ) {
    this.remoteHost = socket.remoteAddress ?? ''
    this.#socket = socket
    this.#limits = limits
    this.#counters = counters
    this.#events = events
    this.#reader = new FrameReader(HELLO_BYTES_MAX)
    this.#openedMs = nowMs
    this.#onFrame = (frame) => this.#take(frame)
    this.#from = undefined
    this.#heardMs = nowMs
    this.#halfSinceMs = undefined
    this.#heldBytes = 0
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    // An error is followed by the end, which is all that matters here.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#onClose())
  }

  onSweep(nowMs: number): void {
    const { helloMs, frameMs, inboundIdleMs } = this.#limits
    if (this.#from === undefined) {
      if (nowMs - this.#openedMs > helloMs) this.#close('NoHello')
    } else if (this.#halfSinceMs !== undefined) {
      if (nowMs - this.#halfSinceMs > frameMs) this.#close('SlowFrame')
    } else if (nowMs - this.#heardMs > inboundIdleMs) {
      this.#close('Idle')
    }
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    if (this.#socket.destroyed) return
    this.#heardMs = performance.now()
    this.#counters.bytesReceived += chunk.length
    if (!this.#reader.onBytes(chunk, this.#onFrame))
      return this.#close(this.#from === undefined ? 'BadHello' : 'BadFrame')
    if (!this.#reader.hasHalfFrame) this.#halfSinceMs = undefined
    else this.#halfSinceMs ??= this.#heardMs
    const { heldBytes } = this.#reader
    const moreBytes = heldBytes - this.#heldBytes
    this.#heldBytes = heldBytes
    if (moreBytes !== 0 && !this.#events.onHeld(moreBytes)) this.#close('HalfFrames')
  }

  #take(frame: Buffer): boolean {
    this.#halfSinceMs = undefined
    if (this.#from !== undefined) {
      this.#counters.framesReceived++
      this.#events.onFrame(this.#from, frame)
      return !this.#socket.destroyed
    }
    this.#from = this.#events.greet(frame, this.remoteHost)
    if (this.#from === undefined) return false
    this.#reader.frameBytesMax = this.#limits.frameBytesMax
    return true
  }

  #close(reason: CloseReason): void {
    if (this.#socket.destroyed) return
    this.#counters[`closed${reason}`]++
    this.#release()
    this.#socket.destroy()
  }

  #onClose(): void {
    this.#release()
    this.#events.onClosed(this)
  }

  #release(): void {
    if (this.#heldBytes !== 0) this.#events.onHeld(-this.#heldBytes)
    this.#heldBytes = 0
  }
}
