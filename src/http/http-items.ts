/**
 * HTTP items [Door]: the item port of a node elsewhere, over HTTP and JSON: for programs that reach nodes by nothing
 * else, and for those that take the node inside their process in tests and one elsewhere in earnest. Connections are
 * kept, requests at a time and bytes of an answer are bounded, and nothing waits for ever.
 *
 * A connection that was refused has done nothing; one that broke off later leaves the outcome open.
 */
import { Buffer } from 'node:buffer'
import { Agent, type IncomingMessage, request as ask } from 'node:http'
import {
  foundOf,
  getQuery,
  isProblem,
  type Json,
  problemOf,
  removedOf,
  removeQuery,
  setJson,
  storedOf,
} from './item-json.ts'
import {
  type Found,
  type GetOrder,
  type ItemPort,
  outcomeUnknown,
  overloaded,
  type Problem,
  problem,
  type Removed,
  type RemoveOrder,
  type SetOrder,
  type Stored,
} from './item-port.ts'

export interface HttpItemsOptions {
  readonly host: string
  readonly port: number
  /** The secret of the mesh, or the password of its clients; empty: none. */
  readonly token?: string
  readonly deadlineMs?: number
  readonly connectionsMax?: number
  /** Asked and not yet answered; more are refused. */
  readonly waitingMax?: number
}

const DEADLINE_MS = 12_000
const CONNECTIONS_MAX = 32
const WAITING_MAX = 1024
/** Twice what a node takes in, as base64 and escapes are longer than what they stand for. */
const ANSWER_BYTES_MAX = 16 * 2 ** 20
const NOT_REACHED = problem(503, 'NOT_DONE', 'the node cannot be reached')
const BAD_ANSWER = problem(502, 'BAD_ANSWER', 'the node has answered something else')

export class HttpItems implements ItemPort {
  readonly #options: HttpItemsOptions
  readonly #agent: Agent
  #waiting = 0

  constructor(options: HttpItemsOptions) {
    this.#options = options
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connectionsMax ?? CONNECTIONS_MAX })
  }

  set(order: SetOrder, done: (outcome: Stored | Problem) => void): void {
    this.#ask('POST', '/internal/set', setJson(order), (json) =>
      done(isProblem(json) ? json : storedOf(json)),
    )
  }

  get(order: GetOrder, done: (outcome: Found | Problem) => void): void {
    const path = `/internal/get?${getQuery(order)}`
    this.#ask('GET', path, undefined, (json) => done(isProblem(json) ? json : foundOf(json)))
  }

  remove(order: RemoveOrder, done: (outcome: Removed | Problem) => void): void {
    const path = `/internal/del?${removeQuery(order)}`
    this.#ask('DELETE', path, undefined, (json) => done(isProblem(json) ? json : removedOf(json)))
  }

  close(): void {
    this.#agent.destroy()
  }

  #ask(method: string, path: string, json: Json | undefined, done: (json: unknown) => void): void {
    const { deadlineMs = DEADLINE_MS, host, port, token = '', waitingMax = WAITING_MAX } = this.#options
    if (this.#waiting >= waitingMax) {
      setImmediate(() => done(overloaded))
      return
    }
    this.#waiting++
    let isOver = false
    const end = (outcome: unknown): void => {
      if (isOver) return
      isOver = true
      this.#waiting--
      clearTimeout(timer)
      done(outcome)
    }
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
    const headers = {
      ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.length }),
    }
    const request = ask({ agent: this.#agent, host, port, method, path, headers })
    const timer = setTimeout(() => request.destroy(), deadlineMs)
    let hasConnected = false
    request.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => (hasConnected = true))
      else hasConnected = true
    })
    request.on('response', (response) => read(response, end))
    request.on('error', () => end(hasConnected ? outcomeUnknown : NOT_REACHED))
    request.on('close', () => end(hasConnected ? outcomeUnknown : NOT_REACHED))
    request.end(body)
  }
}

function read(response: IncomingMessage, end: (outcome: unknown) => void): void {
  const chunks: Buffer[] = []
  let bytes = 0
  response.on('error', () => end(outcomeUnknown))
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > ANSWER_BYTES_MAX) {
      end(BAD_ANSWER)
      response.destroy()
    } else chunks.push(chunk)
  })
  response.on('end', () => {
    const status = response.statusCode ?? 0
    const json = parsed(Buffer.concat(chunks).toString('utf8'))
    end(status === 200 ? json : problemOf(status, json))
  })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
