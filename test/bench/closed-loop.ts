/*
 * A client of our own, for what redis-benchmark cannot send: several lanes at once, each with one batch of requests on
 * its way, the next one when all of it is answered.
 *
 * The idea: the requests are made beforehand and the answers are only counted, so that it takes little of the machine
 * and the same of it whomever it asks. Every answer of a lane has the same length; anything else, an error above all, ends
 * the run. Shape: door (bench only).
 */
import net from 'node:net'

export interface Lane {
  readonly port: number
  /** Said once after connecting, and answered with OK. */
  readonly greeting?: Buffer | undefined
  /** Sent in turn. */
  readonly batches: readonly Buffer[]
  /** Of the answer to one batch. */
  readonly answerBytes: number
}

export interface Course {
  readonly seconds: number
  /** Of every batch, in ascending order. */
  readonly waitsMs: Float64Array
}

const OK = '+OK\r\n'
/** What no answer holds unless it is an error or a nil. */
const MINUS = 45
const READ_BYTES = 65_536

/** Has the lanes send so many batches together. */
export async function runLanes(lanes: readonly Lane[], batchCount: number): Promise<Course> {
  const waitsMs = new Float64Array(batchCount)
  let sent = 0
  let answered = 0
  const runners = lanes.map((lane) => new Runner(lane))
  try {
    await Promise.all(runners.map((runner) => runner.ready))
    const startedMs = performance.now()
    await new Promise<void>((resolve, reject) => {
      const onAnswered = (runner: Runner, waitMs: number): void => {
        waitsMs[answered++] = waitMs
        if (answered === batchCount) resolve()
        else if (sent < batchCount) {
          sent++
          runner.send()
        }
      }
      for (const runner of runners) {
        runner.onAnswered = onAnswered
        runner.onFailed = reject
        if (sent++ < batchCount) runner.send()
      }
    })
    const seconds = (performance.now() - startedMs) / 1000
    return { seconds, waitsMs: waitsMs.sort() }
  } finally {
    for (const runner of runners) runner.end()
  }
}

export function percentile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!
}

class Runner {
  onAnswered: (runner: Runner, waitMs: number) => void = () => {}
  onFailed: (error: Error) => void = () => {}
  /** Connected, and greeted if that was asked for. */
  readonly ready: Promise<void>
  readonly #lane: Lane
  readonly #socket: net.Socket
  #next = 0
  #dueBytes = 0
  #sentMs = 0

  constructor(lane: Lane) {
    this.#lane = lane
    const onread = { buffer: Buffer.allocUnsafe(READ_BYTES), callback: this.#onRead.bind(this) }
    this.#socket = net.connect({ port: lane.port, host: '127.0.0.1', noDelay: true, onread })
    this.ready = new Promise((resolve, reject) => {
      this.onFailed = reject
      this.onAnswered = () => resolve()
      this.#socket.on('error', (error) => this.onFailed(error))
      this.#socket.on('close', () => this.onFailed(new Error(`port ${lane.port} has closed a connection`)))
      this.#socket.once('connect', () => {
        if (lane.greeting === undefined) resolve()
        else this.#write(lane.greeting, OK.length)
      })
    })
  }

  send(): void {
    const { answerBytes, batches } = this.#lane
    this.#write(batches[this.#next++ % batches.length]!, answerBytes)
  }

  end(): void {
    this.onFailed = () => {}
    this.#socket.destroy()
  }

  #write(bytes: Buffer, answerBytes: number): void {
    this.#dueBytes = answerBytes
    this.#sentMs = performance.now()
    this.#socket.write(bytes)
  }

  #onRead(count: number, buffer: Uint8Array): boolean {
    this.#dueBytes -= count
    if (this.#dueBytes < 0 || buffer.subarray(0, count).includes(MINUS))
      this.onFailed(new Error(`answer: ${Buffer.from(buffer.subarray(0, count)).toString('latin1', 0, 200)}`))
    else if (this.#dueBytes === 0) this.onAnswered(this, performance.now() - this.#sentMs)
    return true
  }
}
