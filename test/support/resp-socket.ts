/*
 * A raw client for tests: sends any bytes, hands back every reply with its type.
 *
 * The idea: nothing is thrown for what a server may legally do to us. A closed socket and a missing
 * answer are replies too (CLOSED, SILENCE), so two servers can be compared in everything.
 * Push messages are kept apart. Shape: door (tests only).
 */
import net from 'node:net'
import { type Argument, CLOSED, encodeRequest, type Reply, ReplyParser, SILENCE } from './reply.ts'

const DEADLINE_MS = 20_000

export class RespSocket {
  readonly pushes: Reply[] = []
  readonly replies: Reply[] = []
  isClosed = false
  /** Set when the bytes received were not RESP at all. */
  failure = ''
  private readonly socket: net.Socket
  private readonly parser = new ReplyParser()
  private waiting: (() => void) | undefined

  private constructor(socket: net.Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => this.onData(chunk))
    socket.on('error', () => this.onClose())
    socket.on('close', () => this.onClose())
  }

  static connect(port: number, host = '127.0.0.1'): Promise<RespSocket> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.removeListener('error', reject)
        resolve(new RespSocket(socket))
      })
    })
  }

  private onData(chunk: Buffer): void {
    try {
      this.parser.feed(chunk)
      for (let reply = this.parser.next(); reply !== undefined; reply = this.parser.next()) {
        if (reply.type === 'push') this.pushes.push(reply)
        else this.replies.push(reply)
      }
    } catch (error) {
      this.failure = String(error)
      this.replies.push({ type: 'closed', value: this.failure })
      this.destroy()
    }
    this.wake()
  }

  private onClose(): void {
    this.isClosed = true
    this.wake()
  }

  private wake(): void {
    const waiting = this.waiting
    this.waiting = undefined
    waiting?.()
  }

  send(bytes: Buffer): void {
    if (!this.isClosed) this.socket.write(bytes)
  }

  /** The half of the conversation that is ours is over; the peer may still answer. */
  end(): void {
    this.socket.end()
  }

  command(...argv: Argument[]): void {
    this.send(encodeRequest(argv))
  }

  async call(...argv: Argument[]): Promise<Reply> {
    this.command(...argv)
    return this.next()
  }

  /** The next reply in order; waits for it, but not for ever. */
  async next(deadlineMs = DEADLINE_MS): Promise<Reply> {
    await this.until(() => this.replies.length > 0, deadlineMs)
    return this.replies.shift() ?? (this.isClosed ? CLOSED : SILENCE)
  }

  /** Waits for `count` replies and takes them; fewer when the peer closes or falls silent. */
  async take(count: number, deadlineMs = DEADLINE_MS): Promise<Reply[]> {
    await this.until(() => this.replies.length >= count, deadlineMs)
    return this.replies.splice(0, count)
  }

  async closed(deadlineMs = DEADLINE_MS): Promise<boolean> {
    await this.until(() => this.isClosed, deadlineMs)
    return this.isClosed
  }

  /** Waits until the claim holds, the peer has closed, or nothing at all came for the deadline. */
  private async until(claim: () => boolean, deadlineMs: number): Promise<void> {
    while (!claim() && !this.isClosed) {
      const isLate = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(true), deadlineMs)
        this.waiting = () => {
          clearTimeout(timer)
          resolve(false)
        }
      })
      if (isLate) return
    }
  }

  pauseReading(): void {
    this.socket.pause()
  }

  resumeReading(): void {
    this.socket.resume()
  }

  destroy(): void {
    this.isClosed = true
    this.socket.destroy()
  }
}
