/*
 * A mesh of whole nodes in one simulated world, and what can be done to them: kill, cut the power, freeze, restart.
 *
 * The idea: it knows all nodes at once, as nobody in a real mesh does, so that "does everybody agree?" and "is all that was
 * confirmed still in enough memories?" are questions with answers. Shape: machine (tests only).
 */
import { ELSEWHERE, SERVING, type SlotRoles } from '../../src/replication/slot-roles.ts'
import { SlotSummary } from '../../src/replication/slot-summary.ts'
import { SLOT_COUNT } from '../../src/store/hash-slot.ts'
import { SimulatedWires } from '../support/simulated-wires.ts'
import { SimulatedWorld } from '../support/simulated-world.ts'
import { BUS_PORT, DataNode } from './data-node.ts'

/** How often it is looked whether who leaves is gone. */
const LOOK_MS = 250

export interface DataMeshOptions {
  readonly seed: number
  readonly size: number
  readonly replicationFactor: number
  /** A firewall that lets streams through and nothing else. */
  readonly areDatagramsBlocked: boolean
  /** Whom a node calls on when it first starts; left out, all nodes. */
  readonly seedsOf?: (number: number) => readonly string[]
  readonly onLine?: ((node: string, line: string) => void) | undefined
}

export class DataMesh {
  readonly world: SimulatedWorld
  readonly wires: SimulatedWires
  readonly options: DataMeshOptions
  /** By number; undefined while it is down. */
  readonly nodes: (DataNode | undefined)[] = []
  readonly addresses: string[]
  /** Numbers of those who are on their way out, and of those who are gone. */
  readonly #leaving = new Set<number>()
  readonly #departed = new Set<number>()
  /** Thrown by nodes that are gone by now. */
  readonly #faults: unknown[] = []

  constructor(options: DataMeshOptions) {
    this.options = options
    const { areDatagramsBlocked, seed } = options
    this.world = new SimulatedWorld({ seed, links: { areDatagramsBlocked } })
    this.wires = new SimulatedWires(this.world)
    this.addresses = Array.from({ length: options.size }, (_, number) => `${hostOf(number)}:${BUS_PORT}`)
    for (let number = 0; number < options.size; number++) this.start(number)
  }

  /** Who belongs to it, running or not. */
  get size(): number {
    return this.addresses.length - this.#departed.size
  }

  get up(): DataNode[] {
    return this.nodes.filter((node) => node !== undefined)
  }

  get faults(): unknown[] {
    return [...this.#faults, ...this.up.flatMap(({ faults }) => faults)]
  }

  start(number: number): void {
    const { onLine, replicationFactor, seedsOf } = this.options
    const name = nameOf(number)
    const address = this.addresses[number]!
    const host = this.world.hostAt(address)
    if (host !== undefined) this.wires.onPowerBack(host)
    this.nodes[number] = new DataNode(this.world, this.wires, {
      name,
      host: hostOf(number),
      replicationFactor,
      // Who comes back asks the others: the first of its own seeds would found another mesh if it is cut off just then.
      seeds:
        host === undefined
          ? (seedsOf?.(number) ?? this.addresses)
          : this.addresses.filter((other) => other !== address),
      onLine: onLine && ((line) => onLine(name, line)),
    })
  }

  /** One more that nobody has heard of; its number. */
  grow(): number {
    const number = this.addresses.push(`${hostOf(this.addresses.length)}:${BUS_PORT}`) - 1
    this.start(number)
    return number
  }

  /** It hands over what it has and goes for good, or for lack of time without that. */
  leave(number: number, patienceMs: number): void {
    const node = this.nodes[number]!
    this.#leaving.add(number)
    node.mesh.members.departure.begin(patienceMs)
    const look = (): void => {
      if (this.nodes[number] !== node) return
      if (node.mesh.membership.isRunning) return this.world.at(this.world.nowMs + LOOK_MS, look)
      this.crash(number, false)
      this.#departed.add(number)
    }
    look()
  }

  crash(number: number, isPowerLost: boolean): void {
    const node = this.nodes[number]
    if (node === undefined) return
    this.#leaving.delete(number)
    this.#faults.push(...node.faults)
    const address = this.addresses[number]!
    this.wires.onCrash(this.world.lifeAt(address), isPowerLost)
    this.world.crash(address)
    this.nodes[number] = undefined
  }

  isUp(number: number): boolean {
    return this.nodes[number] !== undefined
  }

  /** Up, and not about to go. */
  stays(number: number): boolean {
    return this.isUp(number) && !this.#leaving.has(number)
  }

  isPaused(number: number): boolean {
    return this.world.isPaused(this.addresses[number]!)
  }

  /** How many nodes have lost their memory, or do not trust it, and have not learnt all of it again; or are about to go. */
  get forgetfulCount(): number {
    let count = 0
    for (const [number, node] of this.nodes.entries()) {
      if (this.#departed.has(number)) continue
      if (node === undefined || this.#leaving.has(number) || !hasMemory(node)) count++
    }
    return count
  }

  /** Everybody is ready and agrees on who owns and who acts, and whoever acts serves, under a term that nobody will refuse. */
  get isCalm(): boolean {
    const { up } = this
    if (up.length !== this.size) return false
    const [first] = up
    for (const { mesh } of up) {
      if (!mesh.isReady || mesh.roles.hasLapses || mesh.placement.members.length !== up.length) return false
      if (mesh.placement.fingerprint !== first!.mesh.placement.fingerprint) return false
      if (mesh.placement !== mesh.roles.table || mesh.healing.settling.pendingCount > 0) return false
    }
    // The same placement numbers its members the same way.
    const { acting } = first!.mesh.roles
    const areServed = up.every(({ mesh }) =>
      servesAs(mesh.roles, acting, mesh.placement.numberOf(mesh.settings.id)),
    )
    return areServed && this.overtakenCount === 0
  }

  /** Slots that some owner has promised under a higher term than that of who acts: he will have to claim them anew. */
  get overtakenCount(): number {
    const { up } = this
    let count = 0
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      const acting = up[0]!.mesh.roles.actingId(slot)
      const term = up.find(({ mesh }) => mesh.settings.id === acting)?.node.space.terms[slot] ?? 0
      if (up.some(({ mesh }) => mesh.roles.owns(slot) && mesh.healing.claims.termOf(slot) > term)) count++
    }
    return count
  }

  /** Slots whose owners do not hold the same. */
  slotsThatDiffer(): number[] {
    const differing: number[] = []
    const own = new SlotSummary()
    const other = new SlotSummary()
    const { up } = this
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      let hasOwner = false
      for (const { mesh, node } of up) {
        if (!mesh.roles.owns(slot)) continue
        const summary = hasOwner ? other : own
        summary.measure(node.space, slot)
        hasOwner = true
        if (summary === own || own.isEqual(other)) continue
        differing.push(slot)
        break
      }
    }
    return differing
  }

  /** Two who both go on though each has buried the other. */
  get rivals(): string | undefined {
    const members = this.up
      .map(({ mesh }) => mesh.membership)
      .filter(({ life }) => life.agreement.status === 'up')
    for (const a of members) {
      for (const b of members) {
        const areBoth = a.self.id < b.self.id && hasBuried(a, b) && hasBuried(b, a)
        if (areBoth) return `${a.self.id} and ${b.self.id}`
      }
    }
    return undefined
  }

  /** One word a node, for people. */
  describe(): string {
    const words = this.nodes.map((node, number) => {
      if (node === undefined) return `${nameOf(number)} down`
      const { healing, isReady, placement, roles } = node.mesh
      const counts = [0, 0, 0, 0]
      for (const role of roles.roles) counts[role]!++
      const { missingCount, pendingCount } = healing.settling
      const state = `${isReady ? 'ready' : 'not ready'} of ${placement.members.length}`
      return `${nameOf(number)} ${state} serves ${counts[1]} unsettled ${counts[2]} nobody ${counts[3]} missing ${missingCount} pending ${pendingCount}${roles.hasLapses ? ' lapsed' : ''}`
    })
    return `${words.join('; ')}; promised away ${this.up.length === 0 ? 0 : this.overtakenCount}`
  }
}

type Member = DataNode['mesh']['membership']

function hasBuried(a: Member, b: Member): boolean {
  return (a.life.agreement.state.tombstones.get(b.self.id)?.birth ?? -1) >= b.self.birth
}

/** Does the node take the same ones for those who act, and serve what it acts for itself? */
function servesAs({ acting, roles }: SlotRoles, expected: Uint16Array, self: number): boolean {
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const number = acting[slot]!
    if (number !== expected[slot] || roles[slot] !== (number === self ? SERVING : ELSEWHERE)) return false
  }
  return true
}

function hasMemory({ mesh }: DataNode): boolean {
  return mesh.isReady && mesh.healing.settling.missingCount === 0
}

function hostOf(number: number): string {
  return `10.0.0.${number + 1}`
}

export function nameOf(number: number): string {
  return `n${number}`
}
