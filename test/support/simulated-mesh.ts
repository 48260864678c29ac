/*
 * Many memberships in one simulated world: the very machines that run over UDP, by the thousand.
 *
 * The idea: the mesh knows everything its members believe, so that a test can ask "does everyone know?" in one line.
 * It may grow from its first member as meshes do, or begin grown: then everyone remembers everyone, and thousands
 * need not be simulated coming. Shape: machine (tests only).
 */
import { EMPTY_STATE } from '../../gossip/agreement/merge.ts'
import type { MeshState, StateMember } from '../../gossip/agreement/mesh-state.ts'
import { increment, lifeKey } from '../../gossip/agreement/vector-clock.ts'
import {
  type Address,
  type GossipEvent,
  type GossipPorts,
  type MemberRecord,
  Membership,
  type MembershipOptions,
  type MembershipTimings,
  type MembersPool,
  type Remembered,
} from '../../gossip/index.ts'
import { type ClockSkew, type LinkHabits, SimulatedWorld } from './simulated-world.ts'

export interface MeshOptions {
  readonly seed: number
  readonly size: number
  readonly links?: Partial<LinkHabits>
  readonly membership?: Partial<MembershipOptions>
  /** What one member is told beside what all are. */
  readonly membershipOf?: (index: number) => Partial<MembershipOptions>
  readonly timings?: Partial<MembershipTimings>
  readonly rolesOf?: (index: number) => readonly string[]
  readonly seedsOf?: (index: number) => readonly Address[]
  readonly skewOf?: (index: number) => ClockSkew
  /** Shared lists: what lets thousands fit into one process. */
  readonly pool?: MembersPool
  /** Members that start in one second of virtual time. */
  readonly startsPerSecond?: number
  /** All are there from the first moment, up, and know each other. */
  readonly isGrown?: boolean
}

export interface Heard {
  readonly atMs: number
  readonly by: string
  readonly event: GossipEvent
}

export class SimulatedMesh {
  readonly world: SimulatedWorld
  /** The newest process at each address. */
  readonly members = new Map<Address, Membership>()
  /** Events of all members, while they are recorded. */
  readonly heard: Heard[] = []
  isRecording = true
  readonly #options: MeshOptions
  readonly #pausedMs = new Map<number, number>()

  constructor(options: MeshOptions) {
    this.#options = options
    this.world = new SimulatedWorld({ seed: options.seed, ...(options.links && { links: options.links }) })
    if (options.isGrown) this.#beginGrown()
    else for (let i = 0; i < options.size; i++) this.world.at(this.#startMs(i), () => this.start(i))
  }

  at(index: number): Membership {
    return this.members.get(addressOf(index))!
  }

  /** Running and not frozen. */
  get awake(): Membership[] {
    return [...this.members.entries()]
      .filter(([address, one]) => one.isRunning && this.world.isUp(address) && !this.world.isPaused(address))
      .map(([, membership]) => membership)
  }

  /** Begins member `index`, or its next process. */
  start(index: number, seeds?: readonly Address[]): Membership {
    const membership = this.#birth(index)
    membership.start(seeds ?? this.#options.seedsOf?.(index) ?? [addressOf(0)])
    return membership
  }

  /** Begins a process at the address of `index` that bears the id of another. */
  startAs(index: number, id: string): Membership {
    const membership = this.#birth(index, id)
    membership.start([addressOf(0)])
    return membership
  }

  crash(index: number): void {
    this.world.crash(addressOf(index))
  }

  pause(index: number): void {
    this.world.pause(addressOf(index))
    this.#pausedMs.set(index, this.world.nowMs)
  }

  resume(index: number): void {
    // As system.ts does: what measures the event loop's lateness is among the first that run again.
    this.at(index).onLoopLag(this.world.nowMs - (this.#pausedMs.get(index) ?? this.world.nowMs))
    this.world.resume(addressOf(index))
  }

  partition(...sides: readonly (readonly number[])[]): void {
    this.world.partition(...sides.map((side) => side.map(addressOf)))
  }

  /** Both directions. */
  cut(a: number, b: number): void {
    this.world.cut(addressOf(a), addressOf(b))
    this.world.cut(addressOf(b), addressOf(a))
  }

  /** Everyone awake has everyone awake as `up`, and agrees. */
  get isWhole(): boolean {
    return this.isWholeAmong(this.awake)
  }

  isWholeAmong(members: readonly Membership[]): boolean {
    const lives = new Map(members.map(({ self }) => [self.id, self.birth]))
    return members.every((one) => isUpWith(one, lives) && one.life.agreement.isConverged)
  }

  formWhole(limitMs = 120_000): boolean {
    if (this.#options.isGrown !== true) this.world.run(this.#startMs(this.#options.size))
    return this.world.runUntil(() => this.isWhole, limitMs, 250)
  }

  heardOf(type: GossipEvent['type'], id?: string): Heard[] {
    return this.heard.filter(
      ({ event }) => event.type === type && (id === undefined || subjectOf(event) === id),
    )
  }

  #startMs(index: number): number {
    return Math.floor((index * 1000) / (this.#options.startsPerSecond ?? 50))
  }

  #beginGrown(): void {
    const born = Array.from({ length: this.#options.size }, (_, index) => this.#birth(index))
    const remembered = grown(born.map((membership) => membership.self))
    for (const membership of born) membership.start([addressOf(0)], remembered)
  }

  #birth(index: number, id = idOf(index)): Membership {
    const address = addressOf(index)
    let membership: Membership | undefined
    this.world.restart(address, (ports) => {
      const skew = this.#options.skewOf?.(index)
      if (skew !== undefined) this.world.setSkew(address, skew)
      const made = this.#make(index, id, ports)
      membership = made
      return {
        onDatagram: (from, bytes) => made.onDatagram(from, bytes),
        onStream: (from, bytes) => made.onStream(from, bytes),
        onStreamFailed: (to) => made.onStreamFailed(to),
      }
    })
    this.members.set(address, membership!)
    this.#pausedMs.delete(index)
    return membership!
  }

  #make(index: number, id: string, ports: GossipPorts): Membership {
    const { membership: shared, membershipOf, timings, rolesOf, pool } = this.#options
    const options = { cluster: 'simulation', ...shared, ...membershipOf?.(index) }
    const agreement = { ...options.agreement, ...(pool && { pool }) }
    const self = { id, address: addressOf(index), roles: rolesOf?.(index) ?? [] }
    const membership = new Membership(self, { ...options, agreement }, ports, timings)
    membership.events.subscribe((event) => {
      if (this.isRecording) this.heard.push({ atMs: this.world.nowMs, by: self.id, event })
    })
    return membership
  }
}

export function addressOf(index: number): Address {
  return `10.0.${index >>> 8}.${index & 255}:7946`
}

export function idOf(index: number): string {
  return `m${String(index).padStart(5, '0')}`
}

/** Who an event is about, where it is about one member. */
export function subjectOf(event: GossipEvent): string | undefined {
  if ('id' in event) return event.id
  return 'member' in event ? event.member.id : undefined
}

/** What everyone remembers in a mesh where all are up. */
function grown(records: readonly MemberRecord[]): Remembered {
  const members = new Map<string, StateMember>()
  for (const [at, { id, birth, address, roles }] of records.entries()) {
    members.set(id, { id, birth, address, roles, status: 'up', upNumber: at + 1 })
  }
  const [first] = records
  const version = increment(EMPTY_STATE.version, lifeKey(first!.id, first!.birth))
  const state: MeshState = { ...EMPTY_STATE, members, version, seen: new Set(members.keys()) }
  return { records, state }
}

function isUpWith(membership: Membership, lives: ReadonlyMap<string, number>): boolean {
  const { members } = membership.life.agreement.state
  if (members.size !== lives.size) return false
  for (const { id, birth, status } of members.values()) {
    if (status !== 'up' || birth !== lives.get(id)) return false
  }
  return true
}
