/*
 * One whole node in a simulated world: the very Node and MeshNode that main builds, with their doors made of virtual time,
 * seeded luck, simulated datagrams and wires, and clients' connections on wires of their own.
 *
 * The idea: it is one life at one address; a crash drops it with everything it held, a restart makes another that bears
 * the same name. It decides nothing. Shape: machine (tests only).
 */
import type { Address, GossipPorts } from '../../gossip/index.ts'
import { Args, Connection, type Outlet, RequestScan, SlabPool, TurnQueue } from '../../resp/index.ts'
import { Config } from '../../src/config/index.ts'
import { Log } from '../../src/log.ts'
import type { Wire, WireEvents } from '../../src/mesh/wires.ts'
import { MeshFacts } from '../../src/mesh-facts.ts'
import { MeshNode } from '../../src/mesh-node.ts'
import { type MeshSettings, meshSettings } from '../../src/mesh-settings.ts'
import { Node } from '../../src/node.ts'
import { hexIdOf } from '../../src/session/hex-id.ts'
import type { NodePorts } from '../../src/session/node-state.ts'
import type { SimulatedWires } from '../support/simulated-wires.ts'
import type { SimulatedWorld } from '../support/simulated-world.ts'

export const PEERS_DOOR = 'bus'
export const CLIENTS_DOOR = 'clients'
const CLIENT_PORT = 6379
export const BUS_PORT = 16379

export interface DataNodeOptions {
  readonly name: string
  readonly host: string
  readonly replicationFactor: number
  readonly seeds: readonly Address[]
  /** Lines of its log; left out, nothing is logged. */
  readonly onLine?: ((line: string) => void) | undefined
}

export class DataNode {
  readonly name: string
  readonly address: Address
  readonly node: Node
  readonly mesh: MeshNode
  readonly connections = new Set<Connection>()
  /** What a handler has thrown: never to happen. */
  readonly faults: unknown[] = []
  readonly #ports: GossipPorts
  readonly #turns: TurnQueue
  readonly #slabs = new SlabPool()
  readonly #args = new Args()
  readonly #scan = new RequestScan()
  #connectionLast = 0

  /** Begins a life at the address, which must have none. */
  constructor(world: SimulatedWorld, wires: SimulatedWires, options: DataNodeOptions) {
    const { host, name } = options
    this.name = name
    this.address = `${host}:${BUS_PORT}`
    const ports = world.portsFor(this.address)
    const life = world.lifeAt(this.address)
    this.#ports = ports
    this.#turns = new TurnQueue(
      () => ports.after(0, () => this.#onImmediate()),
      () => ports.after(1, () => this.#guard(() => this.#turns.onMoment())),
    )
    const config = new Config()
    const sink = (line: string): void => options.onLine?.(line)
    const level = options.onLine === undefined ? 'warning' : 'debug'
    const log = new Log({ sink, nowMs: () => ports.wallMs(), level })
    this.node = new Node(config, log, nodePortsOf(ports), hexIdOf(`run of ${name} ${ports.random()}`))
    const settings: MeshSettings = {
      ...meshSettings(config, hexIdOf(name), CLIENT_PORT, host),
      name,
      busPort: BUS_PORT,
      replicationFactor: options.replicationFactor,
    }
    this.mesh = new MeshNode(this.node, settings, {
      monotonicMs: () => ports.monotonicMs(),
      wallMs: () => ports.wallMs(),
      after: (delayMs, run) => ports.after(delayMs, () => this.#guard(run)),
      soon: (run) => ports.after(0, () => this.#guard(run)),
      random: () => ports.random(),
      randomBytes: (count) => ports.randomBytes(count),
      sendDatagram: (to, bytes) => ports.sendDatagram(to, bytes),
      wires: wires.wiresOf(life, PEERS_DOOR),
    })
    this.node.state.mesh = new MeshFacts(this.mesh)
    world.attach(this.address, {
      onDatagram: (from, bytes) => {
        this.mesh.membership.onTurn()
        this.#guard(() => this.mesh.membership.onDatagram(from, bytes))
      },
      onStream() {},
      onStreamFailed() {},
    })
    wires.listen(life, PEERS_DOOR, (wire, remote) => this.mesh.pool.accept(wire, remote))
    wires.listen(life, CLIENTS_DOOR, (wire, remote) => this.#meet(wire, remote))
    this.mesh.start(options.seeds)
  }

  /** A client's connection, served as server.ts does. */
  #meet(wire: Wire, remote: string): WireEvents {
    const { node } = this
    const nowMs = (): number => this.#ports.wallMs()
    const room = {
      args: this.#args,
      scan: this.#scan,
      slabs: this.#slabs,
      limits: node.serverLimits,
      stats: node.state.connectionStats,
      turns: this.#turns,
      clock: { nowMs },
    }
    const connection = new Connection(++this.#connectionLast, room, outletOf(wire), nowMs(), (fresh) => {
      fresh.remote = remote
      return node.converse(fresh)
    })
    this.connections.add(connection)
    return {
      onOpen() {},
      onBytes: (chunk) => this.#guard(() => connection.onChunk(chunk, nowMs())),
      onDrain() {},
      onClosed: () => {
        this.connections.delete(connection)
        connection.onClosed('client')
        this.#turns.flush()
      },
    }
  }

  #onImmediate(): void {
    this.#guard(() => this.#turns.onWake()?.onTurn(this.#ports.wallMs()))
    this.#turns.flush()
  }

  #guard(run: () => void): void {
    try {
      run()
    } catch (error) {
      this.faults.push(error)
    }
  }
}

function outletOf(wire: Wire): Outlet {
  return {
    write(bytes) {
      wire.write(bytes)
      return 0
    },
    pauseReading: () => wire.pause(),
    resumeReading: () => wire.resume(),
    close: () => wire.close(),
    destroy: () => wire.close(),
  }
}

function nodePortsOf(ports: GossipPorts): NodePorts {
  return {
    wallMs: () => ports.wallMs(),
    monotonicUs: () => ports.monotonicMs() * 1000,
    random32: () => Math.floor(ports.random() * 0x100000000) | 0,
    every(intervalMs, run) {
      const again = (): void => {
        run()
        ports.after(intervalMs(), again)
      }
      ports.after(intervalMs(), again)
    },
    readProcess: () => NO_FIGURES,
    readFile: () => '',
    writeFile() {},
    sleepMs() {},
    collectGarbage() {},
    stop() {},
  }
}

const NO_FIGURES = {
  pid: 1,
  residentBytes: 0,
  heapUsedBytes: 0,
  heapTotalBytes: 0,
  externalBytes: 0,
  cpuUserSeconds: 0,
  cpuSystemSeconds: 0,
  totalSystemBytes: 0,
  platform: 'simulated',
  architecture: 'none',
  nodeVersion: 'v0',
  executable: '',
}
