/*
 * A client for answers of many megabytes: collects chunks until a mark sent behind the request has come back, and
 * only then parses, once.
 *
 * The idea: the ordinary test client parses as bytes arrive, which for one reply of half a million elements
 * would measure the client. It refuses to send a second request before the first is answered. Shape: door (tests only).
 */
import net from 'node:net'
import { type Argument, encodeRequest, type Reply, ReplyParser } from '../support/reply.ts'

const MARK = encodeRequest(['ECHO', 'end of the heavy answer'])
const ECHOED = Buffer.from('\r\nend of the heavy answer\r\n')
const DEADLINE_MS = 60_000

export class HeavyClient {
  readonly #socket: net.Socket

  private constructor(socket: net.Socket) {
    this.#socket = socket
  }

  static connect(port: number): Promise<HeavyClient> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new HeavyClient(socket)))
    })
  }

  async call(...argv: Argument[]): Promise<Reply> {
    return this.callWith(argv)
  }

  /** For requests of so many arguments that they cannot be spread. */
  async callWith(argv: readonly Argument[]): Promise<Reply> {
    const bytes = await this.#collect(Buffer.concat([encodeRequest(argv), MARK]))
    const parser = new ReplyParser()
    parser.feed(bytes)
    const reply = parser.next()
    if (reply === undefined) throw new Error(`no whole reply in ${bytes.length} bytes`)
    return reply
  }

  #collect(request: Buffer): Promise<Buffer> {
    const socket = this.#socket
    const chunks: Buffer[] = []
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no answer in time')), DEADLINE_MS)
      const finish = (settle: () => void): void => {
        clearTimeout(timer)
        socket.removeAllListeners('data')
        socket.removeAllListeners('close')
        settle()
      }
      socket.on('close', () => finish(() => reject(new Error('closed instead of answered'))))
      socket.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        const tail = Buffer.concat(chunks.slice(-ECHOED.length)).subarray(-ECHOED.length)
        if (tail.equals(ECHOED)) finish(() => resolve(Buffer.concat(chunks)))
      })
      socket.write(request)
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
