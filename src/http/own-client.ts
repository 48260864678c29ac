/**
 * Own client [Machine]: a client of this node within its own process: requests go in as the bytes any client would send,
 * replies come back when they are due, and everything between - routing, quorum, parking, limits - is what clients
 * get. One connection lives as long as one conversation.
 *
 * It listens nowhere and knows no HTTP. What is said after the deadline is not heard.
 */
import RedisParser from 'redis-parser'
import { Args, Connection, type Outlet, RequestScan, SlabPool, TurnQueue } from '../../resp/index.ts'
import type { Node } from '../node.ts'

export interface OwnClientPorts {
  wallMs(): number
  after(delayMs: number, run: () => void): void
  /** Calls `run` when this round of the event loop has ended. */
  soon(run: () => void): void
}

export type OwnRequest = readonly (string | Buffer)[]
/** As redis-parser gives them: errors are Errors, strings are bytes. */
export type OwnReplies = readonly unknown[]

/** Far above the numbers a listener gives to its connections. */
const FIRST_ID = 2 ** 40
/** Above what a request may wait for its slot, and then for its answer from elsewhere. */
const DEADLINE_MS = 10_000
const LOOK_MS = 1000

export class OwnClient {
  readonly #node: Node
  readonly #ports: OwnClientPorts
  readonly #turns: TurnQueue
  readonly #room: ConstructorParameters<typeof Connection>[1]
  /** By the number of the connection, the oldest first. */
  readonly #open = new Map<number, { readonly dueMs: number; readonly end: () => void }>()
  #nextId = FIRST_ID
  #isWatching = false

  constructor(node: Node, ports: OwnClientPorts) {
    this.#node = node
    this.#ports = ports
    this.#turns = new TurnQueue(() => ports.soon(() => this.#onTurn()))
    this.#room = {
      args: new Args(),
      scan: new RequestScan(),
      slabs: new SlabPool(),
      limits: node.serverLimits,
      stats: node.state.connectionStats,
      turns: this.#turns,
      clock: { nowMs: () => ports.wallMs() },
    }
  }

  /** `remote`: on whose behalf, for people to read. Undefined: there was no answer. Never answers within the call. */
  ask(
    remote: string,
    requests: readonly OwnRequest[],
    answered: (replies: OwnReplies | undefined) => void,
  ): void {
    const nowMs = this.#ports.wallMs()
    const id = this.#nextId++
    let connection: Connection | undefined
    const end = (replies: OwnReplies | undefined): void => {
      if (!this.#open.delete(id)) return
      this.#ports.soon(() => {
        connection?.onClosed('client')
        this.#turns.flush()
        answered(replies)
      })
    }
    const outlet = outletInto(requests.length, end)
    this.#open.set(id, { dueMs: nowMs + DEADLINE_MS, end: () => end(undefined) })
    this.#watch()
    connection = new Connection(id, this.#room, outlet, nowMs, (fresh) => {
      fresh.remote = remote
      return this.#node.converse(fresh)
    })
    try {
      connection.onChunk(bytesOf(requests), nowMs)
    } catch (error) {
      this.#node.state.log.warning('unexpected error', { what: 'http', error: String(error) })
      connection.onFault()
    }
  }

  /** Not within this call, and before anything that comes in later. */
  soon(run: () => void): void {
    this.#ports.soon(run)
  }

  /** One timer for all, and none while nobody waits. */
  #watch(): void {
    if (this.#isWatching || this.#open.size === 0) return
    this.#isWatching = true
    this.#ports.after(LOOK_MS, () => {
      this.#isWatching = false
      const nowMs = this.#ports.wallMs()
      for (const { dueMs, end } of [...this.#open.values()]) {
        if (dueMs > nowMs) break
        end()
      }
      this.#watch()
    })
  }

  #onTurn(): void {
    this.#turns.onWake()?.onTurn(this.#ports.wallMs())
    this.#turns.flush()
  }
}

/** Replies are complete when there are as many as requests, or one of them ended the connection. */
function outletInto(count: number, end: (replies: OwnReplies | undefined) => void): Outlet {
  const replies: unknown[] = []
  const take = (reply: unknown): void => {
    replies.push(reply)
    if (replies.length === count) end(replies)
  }
  const parser = new RedisParser({ returnReply: take, returnError: take, returnBuffers: true })
  return {
    write(bytes) {
      // The connection writes over these bytes once they have left.
      parser.execute(Buffer.from(bytes))
      return 0
    },
    pauseReading() {},
    resumeReading() {},
    close: () => end(replies.length === 0 ? undefined : replies),
    destroy: () => end(undefined),
  }
}

function bytesOf(requests: readonly OwnRequest[]): Buffer {
  const parts: Buffer[] = []
  for (const words of requests) {
    parts.push(Buffer.from(`*${words.length}\r\n`))
    for (const word of words) {
      const bytes = typeof word === 'string' ? Buffer.from(word, 'latin1') : word
      parts.push(Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n'))
    }
  }
  return Buffer.concat(parts)
}
