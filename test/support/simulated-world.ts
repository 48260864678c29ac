/*
 * A world for machines: virtual time, seeded luck, hosts that crash, freeze and restart, and a network between them.
 *
 * The idea: hosts get their GossipPorts from here, so what runs over UDP in earnest runs here unchanged, thousands to
 * a thread, and one seed is one run: `traceHash` is the same whenever everything happened the same. Times are virtual
 * milliseconds since the world began. It refuses to know what the hosts are. Shape: machine.
 *
 *   const world = new SimulatedWorld({ seed })
 *   const node = new Node(world.portsFor('10.0.0.1:7946'))
 *   world.attach('10.0.0.1:7946', node)
 *   world.runFor(60_000)
 */
import type { Address, GossipPorts } from '../../gossip/ports.ts'
import {
  type ClockSkew,
  type Happening,
  type SimulatedHandlers,
  SimulatedHost,
  SimulatedLife,
} from './simulated-host.ts'
import { SimulatedLuck } from './simulated-luck.ts'
import { type LinkHabits, SimulatedNetwork } from './simulated-network.ts'
import { SimulatedQueue } from './simulated-queue.ts'
import {
  crash,
  resume,
  type Stage,
  sendDatagram,
  sendStream,
  setTimer,
  TRAFFIC_LIMITS,
  type TrafficLimits,
} from './simulated-traffic.ts'

export type { ClockSkew, SimulatedHandlers } from './simulated-host.ts'
export type { LinkHabits } from './simulated-network.ts'

export interface WorldOptions {
  readonly seed: number
  /** What is not named is as on a quiet local network. */
  readonly links?: Partial<LinkHabits>
  readonly limits?: Partial<TrafficLimits>
  readonly wallStartMs?: number
}

const WALL_START_MS = 1_750_000_000_000
/** So much at one instant is a loop that never lets time go on. */
const HAPPENINGS_AT_ONCE_MAX = 5_000_000
/** Salts of the world's own streams of luck; those of hosts start at 0. */
const NETWORK_SALT = -1
const SCRIPT_SALT = -2
const TRACE_PRIME = 0x01000193

export class SimulatedWorld implements Stage {
  readonly seed: number
  readonly queue = new SimulatedQueue<Happening>()
  readonly network: SimulatedNetwork
  readonly limits: TrafficLimits
  /** For whoever writes the run's script: kept apart from the luck of network and hosts. */
  readonly luck: SimulatedLuck
  nowMs = 0
  happeningsCount = 0
  private readonly wallStartMs: number
  private readonly hosts = new Map<Address, SimulatedHost>()
  /** The life in whose name the script's own timers run: it never ends. */
  private readonly script: SimulatedLife
  private atOnceCount = 0
  private trace = 0x811c9dc5
  private readonly traceTime = new Float64Array(1)
  private readonly traceWords = new Uint32Array(this.traceTime.buffer)

  constructor(options: WorldOptions) {
    this.seed = options.seed
    this.network = new SimulatedNetwork(new SimulatedLuck(options.seed, NETWORK_SALT), options.links ?? {})
    this.limits = { ...TRAFFIC_LIMITS, ...options.limits }
    this.wallStartMs = options.wallStartMs ?? WALL_START_MS
    this.luck = new SimulatedLuck(options.seed, SCRIPT_SALT)
    this.script = new SimulatedLife(new SimulatedHost('script', SCRIPT_SALT), this.luck)
  }

  /** Depends on all that happened, where, when and how large; unsigned 32 bits. */
  get traceHash(): number {
    return this.trace >>> 0
  }

  /**
   * The ports of the life at this address, which begins with this call when there is none. With the life's end
   * they fall silent for good: nothing is sent, no timer runs.
   */
  portsFor(address: Address, options: { readonly skew?: ClockSkew } = {}): GossipPorts {
    const host = this.hostOf(address)
    if (options.skew !== undefined) host.setSkew(this.nowMs, options.skew)
    const life = this.lifeOf(host)
    return {
      monotonicMs: () => this.nowMs + life.monotonicZeroMs,
      wallMs: () => Math.floor(this.wallStartMs + this.nowMs + host.skewMs(this.nowMs)),
      after: (delayMs, run) => setTimer(this, life, delayMs, run),
      random: () => life.luck.random(),
      randomBytes: (count) => life.luck.randomBytes(count),
      sendDatagram: (to, bytes) => sendDatagram(this, life, this.hosts.get(to), bytes),
      sendStream: (to, bytes) => sendStream(this, life, this.hosts.get(to), to, bytes),
    }
  }

  /** From now on what arrives at the address is given to these. */
  attach(address: Address, handlers: SimulatedHandlers): void {
    this.lifeOf(this.hostOf(address)).handlers = handlers
  }

  /** kill -9: the life's timers never fire; a later portsFor begins another life. */
  crash(address: Address): void {
    const host = this.known(address)
    if (host.life !== undefined) crash(this, host.life)
    host.life = undefined
  }

  /** Ends the life, if there is one, and begins the next with what `begin` makes of its ports. */
  restart(address: Address, begin: (ports: GossipPorts) => SimulatedHandlers): void {
    if (this.isUp(address)) this.crash(address)
    this.attach(address, begin(this.portsFor(address)))
  }

  isUp(address: Address): boolean {
    return this.hosts.get(address)?.life !== undefined
  }

  hostAt(address: Address): SimulatedHost | undefined {
    return this.hosts.get(address)
  }

  /** The life at this address, which begins with this call when there is none. */
  lifeAt(address: Address): SimulatedLife {
    return this.lifeOf(this.hostOf(address))
  }

  /** SIGSTOP: what arrives and comes due waits, as far as the buffers hold. */
  pause(address: Address): void {
    const life = this.known(address).life
    if (life !== undefined) life.isPaused = true
  }

  /** SIGCONT: first the timers that came due, then what arrived, in order. */
  resume(address: Address): void {
    const life = this.known(address).life
    if (life?.isPaused) resume(this, life)
  }

  isPaused(address: Address): boolean {
    return this.hosts.get(address)?.life?.isPaused === true
  }

  /** The calendar of the address jumps. */
  stepWallClock(address: Address, byMs: number): void {
    const host = this.known(address)
    host.setSkew(this.nowMs, { offsetMs: host.skewMs(this.nowMs) + byMs })
  }

  setSkew(address: Address, skew: ClockSkew): void {
    this.known(address).setSkew(this.nowMs, skew)
  }

  /** Of all links without habits of their own. */
  setLinks(changes: Partial<LinkHabits>): void {
    this.network.setHabits(changes)
  }

  /** Of one direction. */
  setLink(from: Address, to: Address, changes: Partial<LinkHabits>): void {
    this.network.setLinkHabits(this.hostOf(from), this.hostOf(to), changes)
  }

  /** The direction has no habits of its own any more. */
  clearLink(from: Address, to: Address): void {
    this.network.clearLinkHabits(this.hostOf(from), this.hostOf(to))
  }

  /** One direction; what is on its way is lost too. */
  cut(from: Address, to: Address): void {
    this.network.cut(this.hostOf(from), this.hostOf(to))
  }

  mend(from: Address, to: Address): void {
    this.network.mend(this.hostOf(from), this.hostOf(to))
  }

  /** Each side hears only itself; addresses in none of them are one more side. Replaces the former partition. */
  partition(...sides: readonly (readonly Address[])[]): void {
    this.network.partition(sides.map((side) => side.map((address) => this.hostOf(address))))
  }

  /** Ends partition and cuts. */
  heal(): void {
    this.network.heal()
  }

  counters(address: Address): SimulatedHost['counters'] {
    return this.known(address).counters
  }

  /** A step of the script. */
  at(timeMs: number, run: () => void): void {
    setTimer(this, this.script, timeMs - this.nowMs, run)
  }

  /** The next thing happens, and time goes on to it. False when nothing is left to happen. */
  step(): boolean {
    const timeMs = this.queue.nextMs
    if (timeMs === Number.POSITIVE_INFINITY) return false
    if (timeMs > this.nowMs) {
      this.nowMs = timeMs
      this.atOnceCount = 0
    } else if (++this.atOnceCount > HAPPENINGS_AT_ONCE_MAX) {
      throw new Error(`time stands still at ${this.nowMs} ms`)
    }
    const happening = this.queue.pop()
    this.happeningsCount++
    this.remember(timeMs, happening.trace)
    happening.fire()
    return true
  }

  /** All that happens until this time, which it is afterwards. */
  run(untilMs: number): void {
    while (this.queue.nextMs <= untilMs) this.step()
    if (untilMs > this.nowMs) {
      this.nowMs = untilMs
      this.atOnceCount = 0
    }
  }

  runFor(durationMs: number): void {
    this.run(this.nowMs + durationMs)
  }

  /**
   * Until the predicate holds, for at most `limitMs` of virtual time: answers whether it does. It is asked every
   * `everyMs`, because asking after each event would cost more than the events.
   */
  runUntil(predicate: () => boolean, limitMs: number, everyMs = 10): boolean {
    const endMs = this.nowMs + limitMs
    while (!predicate()) {
      if (this.nowMs >= endMs) return false
      this.run(Math.min(this.nowMs + everyMs, endMs))
    }
    return true
  }

  private remember(timeMs: number, word: number): void {
    this.traceTime[0] = timeMs
    let trace = Math.imul(this.trace ^ word, TRACE_PRIME)
    trace = Math.imul(trace ^ this.traceWords[0]!, TRACE_PRIME)
    trace = Math.imul(trace ^ this.traceWords[1]!, TRACE_PRIME)
    this.trace = trace ^ (trace >>> 15)
  }

  private hostOf(address: Address): SimulatedHost {
    let host = this.hosts.get(address)
    if (host === undefined) {
      host = new SimulatedHost(address, this.hosts.size)
      this.hosts.set(address, host)
    }
    return host
  }

  private known(address: Address): SimulatedHost {
    const host = this.hosts.get(address)
    if (host === undefined) throw new Error(`there is no host ${address}`)
    return host
  }

  private lifeOf(host: SimulatedHost): SimulatedLife {
    if (host.life === undefined) {
      host.livesCount++
      host.life = new SimulatedLife(host, new SimulatedLuck(this.seed, host.index, host.livesCount))
    }
    return host.life
  }
}
