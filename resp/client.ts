// A small pipelining client: requests out as RESP2, replies read by the redis-parser package.
//
// Replies come in the order of the requests, so waiting is a queue. What the other side refuses is a value
// (ReplyError), a lost connection or a missed deadline is a rejection; reconnecting is the caller's business.
// redis-parser trusts lengths it reads: talk only to nodes you chose. Shape: door.

import { Buffer } from 'node:buffer'
import net from 'node:net'
import RedisParser from 'redis-parser'

export class ReplyError extends Error {
  override readonly name = 'ReplyError'

  /** The first word: ERR, MOVED, WRONGTYPE ... */
  get code(): string {
    return this.message.split(' ', 1)[0]!
  }
}

/** Simple and bulk strings both arrive as bytes. */
export type Reply = null | number | Buffer | ReplyError | Reply[]
export type Argument = string | Buffer | number

export interface ConnectOptions {
  host: string
  port: number
  username?: string
  password?: string
  connectTimeoutMs?: number
  /** How long a reply may take, unless the request says otherwise; 0 waits for ever. */
  deadlineMs?: number
}

export interface CallOptions {
  deadlineMs?: number
}

interface Waiting {
  readonly resolve: (reply: Reply) => void
  readonly reject: (error: Error) => void
  readonly dueMs: number
  isAbandoned: boolean
}

const deadlineTickMs = 50
const waitingMax = 1000000

export async function connect(options: ConnectOptions): Promise<Client> {
  const socket = net.connect({ host: options.host, port: options.port, noDelay: true })
  await new Promise<void>((resolve, reject) => {
    const timeoutMs = options.connectTimeoutMs ?? 5000
    const timer = setTimeout(() => {
      socket.destroy()
      reject(new Error(`no connection to ${options.host}:${options.port} within ${timeoutMs} ms`))
    }, timeoutMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeListener('error', reject)
      resolve()
    })
    socket.once('error', reject)
    socket.once('error', () => clearTimeout(timer))
  })
  const client = new Client(socket, options.deadlineMs ?? 10000)
  if (options.password === undefined) return client
  const credentials =
    options.username === undefined ? [options.password] : [options.username, options.password]
  const reply = await client.call('AUTH', ...credentials)
  if (!(reply instanceof ReplyError)) return client
  client.destroy(reply)
  throw reply
}

export class Client {
  readonly #socket: net.Socket
  readonly #parser: RedisParser
  readonly #deadlineMs: number
  #waiting: Waiting[]
  #first: number
  #lost: Error | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(socket: net.Socket, deadlineMs: number) {
    this.#socket = socket
    this.#deadlineMs = deadlineMs
    this.#waiting = []
    this.#first = 0
    this.#lost = undefined
    this.#timer = undefined
    this.#parser = new RedisParser({
      returnReply: (reply) => this.#settle(reply),
      returnError: (error) => this.#settle(error),
      returnFatalError: (error) => this.destroy(error),
      returnBuffers: true,
      stringNumbers: false,
    })
    socket.on('data', (chunk: Buffer) => this.#onData(chunk))
    socket.on('error', (error) => this.destroy(error))
    socket.on('close', () => this.destroy(new Error('the connection was closed')))
  }

  get isOpen(): boolean {
    return this.#lost === undefined
  }

  call(...request: Argument[]): Promise<Reply> {
    return this.#send(encodeRequest(request), 1, this.#deadlineMs)[0]!
  }

  /** Sends all requests in one write; a refused one does not stop the others. */
  pipeline(requests: readonly (readonly Argument[])[], options: CallOptions = {}): Promise<Reply[]> {
    const bytes = Buffer.concat(requests.map(encodeRequest))
    return Promise.all(this.#send(bytes, requests.length, options.deadlineMs ?? this.#deadlineMs))
  }

  /** Sends nothing more, waits for the replies still owed, then ends the connection. */
  async close(): Promise<void> {
    if (this.#lost !== undefined) return
    const owed = this.#waiting[this.#waiting.length - 1]
    if (owed !== undefined) await this.pipeline([['PING']]).catch(() => undefined)
    this.destroy(new Error('the connection was closed by its owner'))
  }

  destroy(reason: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = reason
    clearInterval(this.#timer)
    this.#socket.destroy()
    const waiting = this.#waiting.slice(this.#first)
    this.#waiting = []
    this.#first = 0
    for (const entry of waiting) entry.reject(reason)
  }

  #send(bytes: Buffer, count: number, deadlineMs: number): Promise<Reply>[] {
    const refusal =
      this.#lost ??
      (this.#waiting.length - this.#first + count > waitingMax
        ? new Error('too many requests in flight')
        : undefined)
    const replies: Promise<Reply>[] = []
    const dueMs = deadlineMs > 0 ? Date.now() + deadlineMs : Infinity
    for (let i = 0; i < count; i++) {
      replies.push(
        new Promise((resolve, reject) => {
          if (refusal !== undefined) reject(refusal)
          else this.#waiting.push({ resolve, reject, dueMs, isAbandoned: false })
        }),
      )
    }
    if (refusal !== undefined || count === 0) return replies
    this.#socket.write(bytes)
    if (deadlineMs > 0) this.#timer ??= setInterval(() => this.#onTick(), deadlineTickMs)
    return replies
  }

  #onData(chunk: Buffer): void {
    try {
      this.#parser.execute(chunk)
    } catch (error) {
      this.destroy(error as Error)
    }
  }

  #settle(reply: unknown): void {
    const entry = this.#waiting[this.#first]
    if (entry === undefined) return
    this.#first++
    if (this.#first === this.#waiting.length) {
      this.#waiting = []
      this.#first = 0
      clearInterval(this.#timer)
      this.#timer = undefined
    } else if (this.#first >= 4096 && this.#first * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#first)
      this.#first = 0
    }
    if (!entry.isAbandoned) entry.resolve(toReply(reply))
  }

  /** A late reply still has its place in the queue: the request is given up, its entry stays. */
  #onTick(): void {
    const nowMs = Date.now()
    for (let i = this.#first; i < this.#waiting.length; i++) {
      const entry = this.#waiting[i]!
      if (entry.isAbandoned || entry.dueMs > nowMs) continue
      entry.isAbandoned = true
      entry.reject(new Error('no reply within the deadline'))
    }
  }
}

function toReply(reply: unknown): Reply {
  if (reply instanceof Error) return new ReplyError(reply.message)
  if (Array.isArray(reply)) {
    for (let i = 0; i < reply.length; i++) reply[i] = toReply(reply[i])
  }
  return reply as Reply
}

function encodeRequest(request: readonly Argument[]): Buffer {
  const pieces: Buffer[] = [Buffer.from(`*${request.length}\r\n`)]
  for (const argument of request) {
    const body = typeof argument === 'object' ? argument : Buffer.from(String(argument), 'utf8')
    pieces.push(Buffer.from(`$${body.length}\r\n`), body, lineEnd)
  }
  return Buffer.concat(pieces)
}

const lineEnd = Buffer.from('\r\n')
