// One accepted socket, seen from its connection: bytes out, reading on and off, the end.
//
// Two detours around what node:net does per chunk, each measured with redis-benchmark at pipeline 1: all sockets read
// into one buffer instead of into 64 KiB of fresh memory per read (a sixth of all CPU was collecting those), and
// writes go to the socket's own `_write` instead of through the stream's queue and its tick per write, since the
// kernel nearly always takes a reply at once. It decides nothing. Shape: door.

import type { Buffer } from 'node:buffer'
import net from 'node:net'
import type { Connection } from './connection.ts'
import type { Outlet } from './connection-ports.ts'

type WriteSocket = { _write(bytes: Buffer, encoding: string, done: (error?: Error | null) => void): void }

export class SocketOutlet implements Outlet {
  readonly socket: net.Socket
  connection: Connection | undefined
  /** Bytes the kernel has not taken yet. */
  queuedBytes: number
  /** Sizes of the writes those bytes belong to, oldest first. */
  readonly #waiting: number[]
  #isInside: boolean
  #isTaken: boolean
  readonly #done: (error?: Error | null) => void

  constructor(socket: net.Socket, onWritten: (outlet: SocketOutlet) => void) {
    this.socket = socket
    this.connection = undefined
    this.queuedBytes = 0
    this.#waiting = []
    this.#isInside = false
    this.#isTaken = false
    this.#done = (error) => {
      if (error) {
        socket.destroy(error)
      } else if (this.#isInside) {
        this.#isTaken = true
      } else {
        this.queuedBytes -= this.#waiting.shift() ?? 0
        onWritten(this)
      }
    }
  }

  /** Nothing queued after the call means that the kernel has copied it all: the bytes may be reused. */
  write(bytes: Buffer): number {
    if (this.socket.destroyed) return 0
    this.#isInside = true
    this.#isTaken = false
    const socket = this.socket as unknown as WriteSocket
    socket._write(bytes, 'buffer', this.#done)
    this.#isInside = false
    if (!this.#isTaken && !this.socket.destroyed) {
      this.queuedBytes += bytes.length
      this.#waiting.push(bytes.length)
    }
    return this.queuedBytes
  }

  pauseReading(): void {
    this.socket.pause()
  }

  resumeReading(): void {
    this.socket.resume()
  }

  /** What was written before still leaves: the kernel's queue ends only after it. */
  close(): void {
    this.socket.end()
  }

  destroy(): void {
    this.socket.destroy()
  }
}

/**
 * The accepted socket again, reading into `chunk`. Accepted sockets cannot be asked for that, so another one takes
 * over the handle, with the `onread` that net.Socket offers.
 */
export function readingInto(
  accepted: net.Socket,
  chunk: Buffer,
  onRead: (length: number) => void,
): net.Socket {
  const holder = accepted as unknown as { _handle: unknown }
  const handle = holder._handle
  holder._handle = null
  const onread = {
    buffer: chunk,
    callback(length: number): boolean {
      onRead(length)
      return true
    },
  }
  const socket = new net.Socket({
    handle,
    allowHalfOpen: true,
    onread,
  } as unknown as net.SocketConstructorOpts)
  socket.on('error', () => {})
  return socket
}
