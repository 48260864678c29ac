/**
 * Lone mesh [Rule]: the mesh as seen by a node that stands alone: one member, itself, owning every slot, with nobody
 * to link to, to miss or to be parted from. It asks the configuration each time and holds nothing.
 */
import type { Config } from '../config/index.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import { hexIdOf } from './hex-id.ts'
import type {
  HandOffFacts,
  KeyStanding,
  LinkFacts,
  MeshFace,
  MeshNode,
  RepairState,
  SlotRange,
  SlotState,
} from './mesh-face.ts'

const PORT_MAX = 65535
const BUS_PORT_DISTANCE = 10000
const HTTP_PORT_DISTANCE = 2000
const NOTHING: readonly never[] = []
const EVERY_SLOT: readonly SlotRange[] = [{ first: 0, last: SLOT_COUNT - 1, owners: [0] }]
const ALONE = 'this node stands alone'

export class LoneMesh implements MeshFace {
  readonly isOn = false
  readonly clusterName = ''
  readonly selfId: string
  readonly state = 'ok'
  readonly slotsServed = SLOT_COUNT
  readonly slotsSuspect = 0
  readonly slotsFailed = 0
  readonly fingerprint: string
  readonly epoch = 1
  readonly faults = null
  readonly #config: Config
  readonly #name: string
  readonly #listeningPort: () => number

  /** `runId` is who the node is when it was given no name; the port is only known once it listens. */
  constructor(config: Config, runId: string, listeningPort: () => number) {
    const name = config.text('id')
    this.#config = config
    this.#name = name === '' ? runId : name
    this.#listeningPort = listeningPort
    this.selfId = name === '' ? runId : hexIdOf(name)
    this.fingerprint = hexIdOf(this.selfId).slice(0, 16)
  }

  nodes(): readonly MeshNode[] {
    return [this.#self()]
  }

  ranges(): readonly SlotRange[] {
    return EVERY_SLOT
  }

  links(): readonly LinkFacts[] {
    return NOTHING
  }

  messageCounts(): ReturnType<MeshFace['messageCounts']> {
    return NOTHING
  }

  failureReports(nodeId: string): number | undefined {
    return nodeId === this.selfId ? 0 : undefined
  }

  explainSlot(slot: number): KeyStanding {
    return {
      slot,
      owners: [{ id: this.selfId, name: this.#name, health: 'online' }],
      actingPrimary: this.selfId,
      isServedHere: true,
      explanation: `${ALONE} and serves every slot`,
    }
  }

  slotState(): SlotState {
    return 'serving'
  }

  handOff(): HandOffFacts {
    return { state: 'idle', figures: [], ranges: NOTHING }
  }

  hints(): ReturnType<MeshFace['hints']> {
    return NOTHING
  }

  /** There is nobody to compare with. */
  repair(): number {
    return 0
  }

  repairState(): RepairState {
    return { figures: NOTHING, cycleTimes: NOTHING, owners: NOTHING }
  }

  events(): ReturnType<MeshFace['events']> {
    return NOTHING
  }

  explainSplit(): string {
    return `${ALONE}: there is nobody to be parted from`
  }

  limits(): ReturnType<MeshFace['limits']> {
    return []
  }

  figures(): ReturnType<MeshFace['figures']> {
    return [
      ['mesh_enabled', 0],
      ['mesh_state', this.state],
      ['mesh_node_id', this.selfId],
      ['mesh_node_name', this.#name],
      ['mesh_nodes', 1],
      ['mesh_epoch', this.epoch],
      ['mesh_fingerprint', this.fingerprint],
    ]
  }

  meet(): string | undefined {
    return `ERR ${ALONE} and meets nobody while it runs: start it with --seeds host:busport`
  }

  forget(nodeId: string): string | undefined {
    return `ERR Unknown node ${nodeId}`
  }

  /** Who has no peers has left them already. */
  leave(): string | undefined {
    return undefined
  }

  failover(): string | undefined {
    return 'ERR You should send CLUSTER FAILOVER to a replica'
  }

  #self(): MeshNode {
    const config = this.#config
    const port = this.#listeningPort()
    const host = config.text('advertise') || firstAddress(config.words('bind'))
    const isName = host !== '' && !/^[0-9.]+$|:/.test(host)
    return {
      id: this.selfId,
      name: this.#name,
      host,
      hostname: isName ? host : '',
      port,
      busPort: config.number('bus-port') || portAbove(port, BUS_PORT_DISTANCE),
      httpPort: config.number('http-port') || portAbove(port, HTTP_PORT_DISTANCE),
      roles: config.words('roles'),
      status: 'up',
      health: 'online',
      isSelf: true,
      isLinkUp: true,
      circuit: 'none',
      answerMs: 0,
      weight: config.number('virtual-nodes'),
      upNumber: 1,
      pingSentMs: 0,
      pongReceivedMs: 0,
    }
  }
}

/** The first address bound to that is one; empty when the node listens on all there are. */
function firstAddress(words: readonly string[]): string {
  const hosts = words.map((word) => word.replace(/^-/, ''))
  return hosts.find((host) => !/^(?:\*|::\*|0\.0\.0\.0|::)$/.test(host))?.replace(/^\[|\]$/g, '') ?? ''
}

/** 0 when there is no such port. */
function portAbove(port: number, distance: number): number {
  return port + distance > PORT_MAX ? 0 : port + distance
}
