/*
 * A small world for tests of the mesh: virtual time, one in-process network, and nodes with a pool each.
 *
 * The idea: nothing happens but in `run`, in the order of time and then of asking, so every test is one history.
 * Shape: machine (tests only).
 */
import { Faults } from '../../src/mesh/faults.ts'
import { type InProcessHooks, InProcessNetwork } from '../../src/mesh/inprocess.ts'
import type { LinkLimits, MeshIdentity } from '../../src/mesh/link-ports.ts'
import { Pool } from '../../src/mesh/pool.ts'
import type { PoolLimits } from '../../src/mesh/pool-ports.ts'
import { Verbs } from '../../src/mesh/verbs.ts'
import type { MeshPorts } from '../../src/mesh/wires.ts'
import { Log } from '../../src/log.ts'

export interface NodeOptions {
  secret?: string
  cluster?: string
  birth?: number
  features?: string[]
  limits?: Partial<PoolLimits>
  linkLimits?: Partial<LinkLimits>
}

interface Due {
  atMs: number
  order: number
  run: () => void
}

export class Clock {
  nowMs = 1000
  readonly #queue: Due[] = []
  #order = 0

  after(delayMs: number, run: () => void): void {
    this.#queue.push({ atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run })
  }

  /** Everything that is due within the next `ms`. */
  run(ms: number): void {
    const untilMs = this.nowMs + ms
    for (;;) {
      let first: Due | undefined
      for (const item of this.#queue) {
        if (item.atMs > untilMs) continue
        if (
          first === undefined ||
          item.atMs < first.atMs ||
          (item.atMs === first.atMs && item.order < first.order)
        )
          first = item
      }
      if (first === undefined) break
      this.#queue.splice(this.#queue.indexOf(first), 1)
      this.nowMs = first.atMs
      first.run()
    }
    this.nowMs = untilMs
  }
}

export function luckOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 0x100000000
  }
}

export function portsOf(clock: Clock, random: () => number): MeshPorts {
  return {
    monotonicMs: () => clock.nowMs,
    wallMs: () => 1700000000000 + clock.nowMs,
    random,
    randomBytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)),
  }
}

export function identityOf(id: string, options: NodeOptions = {}): MeshIdentity {
  return {
    cluster: options.cluster ?? 'test',
    id,
    birth: options.birth ?? 1,
    address: `${id}:7000`,
    features: options.features ?? [],
    secret: options.secret ?? '',
  }
}

export class MeshNode {
  readonly id: string
  readonly pool: Pool
  readonly verbs = new Verbs()
  readonly faults: Faults
  readonly events: string[] = []
  readonly logLines: string[] = []
  readonly faultsSeen: unknown[] = []

  constructor(world: MeshWorld, id: string, options: NodeOptions) {
    this.id = id
    const ports = portsOf(world.clock, world.random)
    this.faults = new Faults({ ...ports, after: (delayMs, run) => world.clock.after(delayMs, run) })
    const sink = (line: string) => void this.logLines.push(line)
    this.pool = new Pool({
      identity: identityOf(id, options),
      wires: this.faults.wrap(world.network.wiresOf(`${id}:7000`)),
      ports,
      verbs: this.verbs,
      log: new Log({ sink, nowMs: () => world.clock.nowMs, level: 'debug' }),
      events: {
        onLinkUp: (peer) => void this.events.push(`up ${peer}`),
        onLinkDown: (peer, isLost) => void this.events.push(`down ${peer}${isLost ? ' lost' : ''}`),
        onUnreachable: (address, peer, wasRefused) =>
          void this.events.push(`unreachable ${address} ${peer}${wasRefused ? ' refused' : ''}`),
      },
      ...(options.limits === undefined ? {} : { limits: options.limits }),
      ...(options.linkLimits === undefined ? {} : { linkLimits: options.linkLimits }),
      wake: () => world.clock.after(0, () => this.pool.flush()),
      onFault: (error) => void this.faultsSeen.push(error),
    })
    world.network.listen(
      `${id}:7000`,
      this.faults.wrapAccept((wire, remote) => this.pool.accept(wire, remote)),
    )
  }
}

export class MeshWorld {
  readonly clock: Clock
  readonly random: () => number
  readonly network: InProcessNetwork
  readonly nodes = new Map<string, MeshNode>()
  #isTicking = false

  constructor(hooks?: InProcessHooks, seed = 1, clock = new Clock()) {
    this.clock = clock
    this.random = luckOf(seed)
    const later = { after: (delayMs: number, run: () => void) => this.clock.after(delayMs, run) }
    this.network = new InProcessNetwork(later, hooks)
  }

  node(id: string, options: NodeOptions = {}): MeshNode {
    const node = new MeshNode(this, id, options)
    this.nodes.set(id, node)
    if (!this.#isTicking) {
      this.#isTicking = true
      this.#tick()
    }
    return node
  }

  /** The process dies: nothing of it runs any more. */
  kill(id: string): void {
    this.nodes.delete(id)
    this.network.kill(`${id}:7000`)
  }

  /** Everybody is told of everybody. */
  meet(): void {
    const members = [...this.nodes.keys()].map((id) => ({ id, address: `${id}:7000` }))
    for (const node of this.nodes.values()) node.pool.onMembers(members)
  }

  run(ms: number): void {
    this.clock.run(ms)
  }

  #tick(): void {
    for (const node of this.nodes.values()) node.pool.onTick(this.clock.nowMs)
    this.clock.after(50, () => this.#tick())
  }
}
