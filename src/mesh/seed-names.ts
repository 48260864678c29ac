/*
 * Seeds as they were given, and the addresses they stand for just now.
 *
 *   10.0.0.1:16379          an address is itself
 *   cache-1:16379           a name is its first address; until it has one, the name itself, which nobody answers at
 *   dns://cache:16379       all addresses of a name, in one order everywhere; without a port, the port we listen on
 *
 * The idea: names mean something else tomorrow, so they are asked again: often while this node is alone or has lost
 * somebody, who may come back elsewhere, and now and then for ever, as those who were named one by one may each have
 * founded a mesh: they find each other when the name lists both. An answer only ever adds to what may be called on: no name that fails makes
 * anybody leave, and a node whose seeds cannot be found yet waits for them instead of founding a mesh of its own. It
 * knows neither resolvers nor gossip. Shape: machine.
 */
import { joinAddress, splitAddress } from '../../gossip/index.ts'
import type { Address } from './wires.ts'

export interface SeedPorts {
  monotonicMs(): number
  after(delayMs: number, run: () => void): void
  /** All addresses of a name; none, and why, when there are none. Answers once, later. */
  resolve(name: string, answered: (addresses: readonly string[], why?: string) => void): void
  /** A name that has had an answer has none, or has one again. */
  onTrouble(name: string, why: string): void
  onRelief(name: string, addresses: readonly string[]): void
}

export interface SeedTimings {
  /** While nobody else is there: at first after this, then later each time. */
  readonly aloneMs: number
  /** At least this long between two questions while somebody is missing, and at most while alone. */
  readonly intervalMs: number
  /** Between two questions of a mesh in which nobody is missing. */
  readonly calmMs: number
  /** How long somebody who is lost is looked for. */
  readonly missedMs: number
  readonly lookMs: number
}

export const SEED_TIMINGS: SeedTimings = {
  aloneMs: 1000,
  intervalMs: 30_000,
  calmMs: 60_000,
  missedMs: 600_000,
  lookMs: 1000,
}

interface Seed {
  readonly isSet: boolean
  readonly host: string
  readonly port: number
}

const DNS = 'dns://'

export class SeedNames {
  readonly #seeds: readonly Seed[]
  readonly #ports: SeedPorts
  readonly #timings: SeedTimings
  /** What each name stood for when it last had an answer. */
  readonly #found = new Map<string, readonly string[]>()
  readonly #troubled = new Set<string>()
  #isAsking = false
  #askedMs = Number.NEGATIVE_INFINITY
  #waitMs: number
  /** As many as were there at a time; fewer are too few. */
  #most = 0
  #missingSinceMs = 0
  #isStopped = false

  constructor(words: readonly string[], busPort: number, ports: SeedPorts, timings = SEED_TIMINGS) {
    this.#seeds = words.map((word) => readSeed(word, busPort))
    this.#ports = ports
    this.#timings = timings
    this.#waitMs = timings.aloneMs
  }

  /** All that the seeds stand for now, the first one first. */
  get addresses(): Address[] {
    const all = this.#seeds.flatMap(({ host, isSet, port }) => {
      const found = isLiteral(host) ? [host] : (this.#found.get(host) ?? [])
      if (found.length === 0) return [joinAddress(host, port)]
      return (isSet ? [...found].sort() : found.slice(0, 1)).map((one) => joinAddress(one, port))
    })
    return [...new Set(all)]
  }

  /** Asks for every name; `done` is told when all have answered, not within the call unless there are none. */
  ask(done: () => void): void {
    const names = [...new Set(this.#seeds.map(({ host }) => host))].filter((host) => !isLiteral(host))
    if (names.length === 0) return done()
    this.#isAsking = true
    this.#askedMs = this.#ports.monotonicMs()
    let waiting = names.length
    for (const name of names) {
      this.#ports.resolve(name, (addresses, why = 'it has no addresses') => {
        this.#onAnswer(name, addresses, why)
        waiting--
        if (waiting > 0) return
        this.#isAsking = false
        done()
      })
    }
  }

  /** Goes on asking as long as it may help; `changed` is told what the seeds stand for whenever that is something else. */
  follow(aliveCount: () => number, changed: (addresses: readonly Address[]) => void): void {
    if (this.#seeds.every(({ host }) => isLiteral(host))) return
    let known = this.addresses.join()
    const look = (): void => {
      if (this.#isStopped) return
      if (this.#isDue(aliveCount())) {
        this.ask(() => {
          const { addresses } = this
          if (this.#isStopped || addresses.join() === known) return
          known = addresses.join()
          changed(addresses)
        })
      }
      this.#ports.after(this.#timings.lookMs, look)
    }
    this.#ports.after(this.#timings.lookMs, look)
  }

  stop(): void {
    this.#isStopped = true
  }

  #isDue(aliveCount: number): boolean {
    const { aloneMs, calmMs, intervalMs, missedMs } = this.#timings
    const nowMs = this.#ports.monotonicMs()
    const isFirstMiss = aliveCount < this.#most && this.#missingSinceMs === 0
    if (aliveCount >= this.#most) {
      this.#most = aliveCount
      this.#missingSinceMs = 0
    } else if (isFirstMiss) this.#missingSinceMs = nowMs
    else if (nowMs - this.#missingSinceMs > missedMs) this.#most = aliveCount
    if (this.#isAsking) return false
    if (isFirstMiss) return true
    if (aliveCount > 1) {
      this.#waitMs = aloneMs
      return nowMs - this.#askedMs >= (aliveCount < this.#most ? intervalMs : calmMs)
    }
    if (nowMs - this.#askedMs < this.#waitMs) return false
    this.#waitMs = Math.min(this.#waitMs * 2, intervalMs)
    return true
  }

  #onAnswer(name: string, addresses: readonly string[], why: string): void {
    if (addresses.length > 0) {
      this.#found.set(name, addresses)
      if (this.#troubled.delete(name)) this.#ports.onRelief(name, addresses)
    } else if (!this.#troubled.has(name)) {
      this.#troubled.add(name)
      this.#ports.onTrouble(name, why)
    }
  }
}

function readSeed(word: string, busPort: number): Seed {
  const isSet = word.startsWith(DNS)
  const rest = isSet ? word.slice(DNS.length) : word
  if (isSet && !/:[0-9]+$/.test(rest)) return { isSet, host: rest, port: busPort }
  return { isSet, ...splitAddress(rest) }
}

function isLiteral(host: string): boolean {
  return /^[0-9.]+$/.test(host) || host.includes(':')
}
