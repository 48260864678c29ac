/*
 * One connection of a workload: requests go out one behind the other, replies come back in their order.
 *
 * The idea: whatever happens to the node, each request ends exactly once: answered, or unanswered when the connection is
 * lost or was silent for too long; then it dials again. Shape: door (tests only).
 */
import net from 'node:net'
import { encodeRequest, type Reply, ReplyParser } from '../support/reply.ts'

const DIAL_MS = 200
const SILENT_MS = 20_000
/** Behind one that is late nothing more is sent: longer than a node waits for another, so that who is held up is not given up. */
const LATE_MS = 5000
const UNDER_WAY_MAX = 4000
const LOOK_MS = 100

export interface Waiting {
  readonly sentMs: number
  answered(reply: Reply): void
  unanswered(): void
}

export class Line {
  readonly #host: string
  readonly #port: number
  readonly #greeting: readonly string[]
  readonly #waiting: Waiting[] = []
  readonly #looking: NodeJS.Timeout
  #socket: net.Socket | undefined
  #isOpen = false
  #isOver = false

  /** `greeting`: said at the beginning of each connection; it must be answered with OK. */
  constructor(host: string, port: number, greeting: readonly string[]) {
    this.#host = host
    this.#port = port
    this.#greeting = greeting
    this.#looking = setInterval(() => this.#look(), LOOK_MS)
    this.#dial()
  }

  get isUsable(): boolean {
    const oldest = this.#waiting[0]
    const isLate = oldest !== undefined && performance.now() - oldest.sentMs > LATE_MS
    return this.#isOpen && !isLate && this.#waiting.length < UNDER_WAY_MAX
  }

  get underWayCount(): number {
    return this.#waiting.length
  }

  send(words: readonly string[], waiting: Waiting): void {
    this.#waiting.push(waiting)
    this.#socket!.write(encodeRequest(words))
  }

  end(): void {
    this.#isOver = true
    clearInterval(this.#looking)
    this.#socket?.destroy()
  }

  #look(): void {
    const oldest = this.#waiting[0]
    if (oldest !== undefined && performance.now() - oldest.sentMs > SILENT_MS) this.#socket!.destroy()
  }

  #dial(): void {
    const socket = net.connect({ host: this.#host, port: this.#port, noDelay: true })
    const parser = new ReplyParser()
    this.#socket = socket
    socket.once('connect', () => this.#greet())
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk: Buffer) => {
      parser.feed(chunk)
      for (let reply = parser.next(); reply !== undefined; reply = parser.next()) {
        this.#waiting.shift()!.answered(reply)
      }
    })
    socket.once('close', () => {
      this.#isOpen = false
      for (const waiting of this.#waiting.splice(0)) waiting.unanswered()
      if (!this.#isOver) setTimeout(() => this.#isOver || this.#dial(), DIAL_MS)
    })
  }

  #greet(): void {
    const socket = this.#socket!
    this.send(this.#greeting, {
      sentMs: performance.now(),
      answered: ({ type }) => {
        if (type === 'error') socket.destroy()
        else this.#isOpen = true
      },
      unanswered: () => {},
    })
  }
}
