/**
 * HTTP door [Door]: listens, reads bodies within their limits and writes answers. Everything that can grow is bounded:
 * connections, requests on one, the time a head and a body may take, the bytes of one body and of all together, and
 * how long an answer may go unread. It decides nothing about what is asked.
 */
import { Buffer } from 'node:buffer'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { HttpHead } from './http-admission.ts'
import { answerOf, type HttpAnswer, type HttpDesk } from './http-desk.ts'
import { overloaded, problem } from './item-port.ts'

export interface HttpLimits {
  readonly connectionsMax: number
  readonly requestsPerConnectionMax: number
  readonly headBytesMax: number
  readonly headMs: number
  /** Head and body together. */
  readonly requestMs: number
  /** Between two requests of a connection. */
  readonly idleMs: number
  /** Nothing is read or written for so long: the other side does not take its answer. */
  readonly silenceMs: number
  readonly bodyBytesMax: number
  /** Of all requests together, while they are read and served. */
  readonly bodiesBytesMax: number
  /** Requests being served at a time. */
  readonly servedMax: number
}

export function defaultHttpLimits(): HttpLimits {
  return {
    connectionsMax: 256,
    requestsPerConnectionMax: 10_000,
    headBytesMax: 16_384,
    headMs: 10_000,
    requestMs: 30_000,
    idleMs: 5000,
    silenceMs: 30_000,
    bodyBytesMax: 8 * 2 ** 20,
    bodiesBytesMax: 64 * 2 ** 20,
    servedMax: 512,
  }
}

export interface HttpOptions {
  readonly hosts: readonly string[]
  /** 0 takes any free port, the same for all hosts. */
  readonly port: number
  readonly desk: HttpDesk
  readonly limits: HttpLimits
  onError(error: unknown): void
}

export interface RunningHttp {
  readonly port: number
  /** Those who ask whether the node is ready are told no; everything else goes on. */
  drain(): void
  close(): Promise<void>
}

const CHECK_MS = 1000
const CLOSE_GRACE_MS = 1000
const TOO_LARGE = problem(413, 'TOO_LARGE', 'the body is too large')

export async function openHttp(options: HttpOptions): Promise<RunningHttp> {
  const { desk, hosts, onError } = options
  const reception = new Reception(options)
  const servers: Server[] = []
  const close = (): Promise<unknown> => Promise.all(servers.map(closeServer))
  let { port } = options
  try {
    for (const host of hosts) {
      const server = reception.makeServer()
      servers.push(server)
      port = await listening(server, host, port)
      server.on('error', onError)
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    port,
    drain: () => {
      desk.isDraining = true
    },
    close: async () => void (await close()),
  }
}

class Reception {
  readonly #desk: HttpDesk
  readonly #limits: HttpLimits
  readonly #onError: (error: unknown) => void
  #bodiesBytes = 0
  #served = 0

  constructor({ desk, limits, onError }: HttpOptions) {
    this.#desk = desk
    this.#limits = limits
    this.#onError = onError
  }

  makeServer(): Server {
    const { headBytesMax, headMs, idleMs, requestMs } = this.#limits
    const server = createServer(
      {
        maxHeaderSize: headBytesMax,
        headersTimeout: headMs,
        requestTimeout: requestMs,
        keepAliveTimeout: idleMs,
        connectionsCheckingInterval: CHECK_MS,
        insecureHTTPParser: false,
      },
      (request, response) => this.#onRequest(request, response),
    )
    server.maxConnections = this.#limits.connectionsMax
    server.maxRequestsPerSocket = this.#limits.requestsPerConnectionMax
    server.setTimeout(this.#limits.silenceMs, (socket) => socket.destroy())
    // Who waits to be told before sending a body is told by the head.
    server.on('checkContinue', (request, response) => this.#onRequest(request, response))
    return server
  }

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    request.on('error', () => {})
    response.on('error', () => {})
    const head = headOf(request)
    const refusal = this.#desk.refuses(head) ?? this.#refusesSize(request)
    if (refusal !== undefined) return end(request, response, refusal)
    if (this.#served >= this.#limits.servedMax) return end(request, response, answerOf(overloaded))
    if (request.headers.expect !== undefined) response.writeContinue()
    this.#served++
    let bytes = 0
    response.on('close', () => {
      this.#served--
      this.#bodiesBytes -= bytes
    })
    const chunks: Buffer[] = []
    let isRefused = false
    request.on('data', (chunk: Buffer) => {
      if (isRefused) return
      bytes += chunk.length
      this.#bodiesBytes += chunk.length
      chunks.push(chunk)
      const isTooLarge = bytes > this.#limits.bodyBytesMax
      if (!isTooLarge && this.#bodiesBytes <= this.#limits.bodiesBytesMax) return
      isRefused = true
      chunks.length = 0
      end(request, response, answerOf(isTooLarge ? TOO_LARGE : overloaded))
    })
    request.on('end', () => {
      if (!isRefused) this.#serve(head, Buffer.concat(chunks), request, response)
    })
  }

  #serve(head: HttpHead, body: Buffer, request: IncomingMessage, response: ServerResponse): void {
    try {
      this.#desk.serve(head, body, (answer) => end(request, response, answer))
    } catch (error) {
      this.#onError(error)
      end(request, response, answerOf(problem(500, 'INTERNAL', 'internal error')))
    }
  }

  #refusesSize({ headers }: IncomingMessage): HttpAnswer | undefined {
    const bytes = Number(headers['content-length'] ?? 0)
    if (bytes > this.#limits.bodyBytesMax) return answerOf(TOO_LARGE)
    return bytes + this.#bodiesBytes > this.#limits.bodiesBytesMax ? answerOf(overloaded) : undefined
  }
}

function headOf({ headers, method, socket, url }: IncomingMessage): HttpHead {
  const target = url ?? ''
  const mark = target.indexOf('?')
  return {
    method: method ?? '',
    path: mark === -1 ? target : target.slice(0, mark),
    query: mark === -1 ? '' : target.slice(mark + 1),
    remoteAddress: socket.remoteAddress ?? '',
    host: headers.host ?? '',
    origin: headers.origin,
    authorization: headers.authorization,
    contentType: headers['content-type'],
  }
}

/** Who has not sent all of its body yet is hung up on afterwards: what it still sends is no request. */
function end(request: IncomingMessage, response: ServerResponse, answer: HttpAnswer): void {
  if (response.writableEnded || response.destroyed) return
  const body = Buffer.from(`${JSON.stringify(answer.json)}\n`)
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(request.complete ? {} : { connection: 'close' }),
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  })
  response.end(body)
  if (!request.complete) request.resume()
}

function listening(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.removeListener('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

/** Lets who is being answered have the answer. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}
