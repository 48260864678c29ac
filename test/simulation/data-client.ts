/*
 * One client of a simulated mesh: a session at one node, at some levels, that asks, waits, thinks and asks again, and goes
 * to another node when its own is gone or does not answer.
 *
 * The idea: it believes nothing; it writes down what it asked and was told, and when. It refuses to know which operations
 * make sense: they are given to it. Shape: machine (tests only).
 */
import type { Address } from '../../gossip/index.ts'
import type { Wire } from '../../src/mesh/wires.ts'
import { encodeRequest, ReplyParser } from '../support/reply.ts'
import type { SimulatedWires } from '../support/simulated-wires.ts'
import type { SimulatedWorld } from '../support/simulated-world.ts'
import { CLIENTS_DOOR } from './data-node.ts'
import { conclude, type Operation } from './history.ts'

export interface ClientOptions {
  readonly name: string
  readonly addresses: readonly Address[]
  readonly readLevel: 'one' | 'quorum'
  readonly thinkMsMin: number
  readonly thinkMsMax: number
  /** The words of the next request; the second one is the key. */
  next(draw: () => number): readonly string[]
}

const READS: ReadonlySet<string> = new Set(['GET', 'SMEMBERS', 'LRANGE'])
const PATIENCE_MS = 8000
const CONNECT_MS = 1500
const RECONNECT_MS = 60
const PIPELINE_SHARE = 0.15
const PIPELINE_MAX = 4

export class DataClient {
  readonly name: string
  readonly history: Operation[]
  readonly defects: unknown[] = []
  isStopped = false
  readonly #world: SimulatedWorld
  readonly #options: ClientOptions
  readonly #life
  readonly #wires
  #wire: Wire | undefined
  #parser = new ReplyParser()
  #address = ''
  #isGreeted = false
  #waiting: Operation[] = []
  #serial = 0

  constructor(world: SimulatedWorld, wires: SimulatedWires, history: Operation[], options: ClientOptions) {
    this.#world = world
    this.#options = options
    this.name = options.name
    this.history = history
    this.#life = world.lifeAt(options.name)
    this.#wires = wires.wiresOf(this.#life, CLIENTS_DOOR, true)
    this.#after(this.#thinkMs(), () => this.#connect())
  }

  /** Nothing more is asked, and all that was has been answered or given up. */
  get isDone(): boolean {
    return this.isStopped && this.#waiting.length === 0
  }

  #thinkMs(): number {
    const { thinkMsMax, thinkMsMin } = this.#options
    return this.#life.luck.between(thinkMsMin, thinkMsMax)
  }

  #after(delayMs: number, run: () => void): void {
    this.#world.at(this.#world.nowMs + delayMs, run)
  }

  #connect(): void {
    if (this.isStopped) return
    const { addresses } = this.#options
    const serial = ++this.#serial
    this.#address = addresses[this.#life.luck.below(addresses.length)]!
    this.#parser = new ReplyParser()
    this.#isGreeted = false
    const isCurrent = (): boolean => serial === this.#serial
    this.#wire = this.#wires.dial(this.#address, {
      onOpen: () => {
        if (isCurrent()) this.#greet()
      },
      onBytes: (chunk) => {
        if (isCurrent()) this.#onBytes(Buffer.from(chunk))
      },
      onDrain() {},
      onClosed: () => {
        if (isCurrent()) this.#giveUp()
      },
    })
    this.#after(CONNECT_MS, () => {
      if (isCurrent() && !this.#isGreeted) this.#giveUp()
    })
  }

  #greet(): void {
    const words = ['MESH', 'CONSISTENCY', 'READ', this.#options.readLevel, 'WRITE', 'quorum']
    this.#wire!.write(encodeRequest(words))
  }

  /** What was asked and not answered stays open for ever. */
  #giveUp(): void {
    this.#serial++
    this.#wire?.close()
    this.#wire = undefined
    this.#waiting = []
    this.#after(RECONNECT_MS, () => this.#connect())
  }

  #onBytes(chunk: Buffer): void {
    this.#parser.feed(chunk)
    for (let reply = this.#parser.next(); reply !== undefined; reply = this.#parser.next()) {
      if (!this.#isGreeted) {
        this.#isGreeted = true
        if (reply.type === 'error') this.defects.push(new Error(`greeted with ${reply.value as string}`))
        this.#after(this.#thinkMs(), () => this.#ask())
        continue
      }
      const operation = this.#waiting.shift()
      try {
        if (operation === undefined) throw new Error('a reply to nothing')
        conclude(operation, reply, this.#world.nowMs)
      } catch (error) {
        this.defects.push(error)
      }
      if (this.#waiting.length === 0) this.#after(this.#thinkMs(), () => this.#ask())
    }
  }

  #ask(): void {
    // What was to be asked on a connection that has ended meanwhile is asked when the next one knows its levels.
    if (this.isStopped || !this.#isGreeted || this.#wire === undefined || this.#waiting.length > 0) return
    const { luck } = this.#life
    const count = luck.chance(PIPELINE_SHARE) ? 1 + luck.below(PIPELINE_MAX) : 1
    const requests: Buffer[] = []
    for (let i = 0; i < count; i++) requests.push(this.#begin(this.#options.next(() => luck.random())))
    const serial = this.#serial
    const last = this.#waiting.at(-1)!
    this.#wire.write(Buffer.concat(requests))
    this.#after(PATIENCE_MS, () => {
      if (serial === this.#serial && this.#waiting.includes(last)) this.#giveUp()
    })
  }

  #begin(words: readonly string[]): Buffer {
    const isWrite = !READS.has(words[0]!)
    const operation: Operation = {
      client: this.name,
      words,
      key: words[1]!,
      isWrite,
      isOrdered: isWrite || this.#options.readLevel === 'quorum',
      invokedMs: this.#world.nowMs,
      returnedMs: Number.POSITIVE_INFINITY,
      outcome: 'open',
      reply: undefined,
      node: this.#address,
    }
    this.history.push(operation)
    this.#waiting.push(operation)
    return encodeRequest(words)
  }
}
