/*
 * Many memberships in one simulated world: the very machines that run over UDP, by the thousand.
 *
 * The idea: the mesh knows everything its members believe, so that a test can ask "does everyone know?" in one line.
 * Shape: machine (tests only).
 */
import type { MeshState, StateMember } from '../../gossip/agreement/mesh-state.ts'
import { EMPTY_STATE } from '../../gossip/agreement/merge.ts'
import { increment, lifeKey } from '../../gossip/agreement/vector-clock.ts'
import {
  type GossipEvent,
  Membership,
  type MembersPool,
  type MembershipOptions,
  type MembershipTimings,
} from '../../gossip/index.ts'
import type { Address } from '../../gossip/index.ts'
import { type LinkHabits, SimulatedWorld } from './simulated-world.ts'

export interface MeshOptions {
  readonly seed: number
  readonly size: number
  readonly links?: Partial<LinkHabits>
  readonly membership?: Partial<MembershipOptions>
  readonly timings?: Partial<MembershipTimings>
  readonly rolesOf?: (index: number) => readonly string[]
  /** Shared lists: what lets thousands fit into one process. */
  readonly pool?: MembersPool
  /** Members that start in one second of virtual time. */
  readonly startsPerSecond?: number
}

export interface Heard {
  readonly atMs: number
  readonly by: string
  readonly event: GossipEvent
}

/** Seldomer than system.ts does it: a thousand watches cost more than what they watch. */
const LAG_WATCH_MS = 1000

export class SimulatedMesh {
  readonly world: SimulatedWorld
  readonly members = new Map<Address, Membership>()
  /** Events of all members, when they are recorded. */
  readonly heard: Heard[] = []
  isRecording = true
  readonly #options: MeshOptions

  constructor(options: MeshOptions) {
    this.#options = options
    this.world = new SimulatedWorld({ seed: options.seed, ...(options.links && { links: options.links }) })
    const perSecond = options.startsPerSecond ?? 50
    for (let i = 0; i < options.size; i++) {
      this.world.at(Math.floor((i * 1000) / perSecond), () => this.start(i))
    }
  }

  get seedAddress(): Address {
    return addressOf(0)
  }

  at(index: number): Membership {
    return this.members.get(addressOf(index))!
  }

  /** Running and not frozen. */
  get awake(): Membership[] {
    return [...this.members.entries()]
      .filter(([address]) => this.world.isUp(address) && !this.world.isPaused(address))
      .map(([, membership]) => membership)
  }

  /** Begins member `index`, or its next process. */
  start(index: number, seeds: readonly Address[] = [this.seedAddress]): Membership {
    const address = addressOf(index)
    const { membership: options, timings, rolesOf, pool } = this.#options
    const agreement = { ...options?.agreement, ...(pool && { pool }) }
    let begun: Membership | undefined
    this.world.restart(address, (ports) => {
      const membership = new Membership(
        { id: idOf(index), address, roles: rolesOf?.(index) ?? [] },
        { cluster: 'simulation', ...options, agreement },
        ports,
        timings,
      )
      membership.events.subscribe((event) => {
        if (this.isRecording) this.heard.push({ atMs: this.world.nowMs, by: membership.self.id, event })
      })
      begun = membership
      // As system.ts does: a pause of ours is felt as lateness.
      const watchLag = (dueMs: number): void => {
        const nowMs = ports.monotonicMs()
        membership.onLoopLag(Math.max(0, nowMs - dueMs))
        ports.after(LAG_WATCH_MS, () => watchLag(nowMs + LAG_WATCH_MS))
      }
      if (options?.swim?.probeIntervalMs === undefined)
        ports.after(LAG_WATCH_MS, () => watchLag(ports.monotonicMs()))
      return {
        onDatagram: (from, bytes) => membership.onDatagram(from, bytes),
        onStream: (from, bytes) => membership.onStream(from, bytes),
        onStreamFailed: (to) => membership.onStreamFailed(to),
      }
    })
    this.members.set(address, begun!)
    begun!.start(seeds)
    return begun!
  }

  crash(index: number): void {
    this.world.crash(addressOf(index))
  }

  pause(index: number): void {
    this.world.pause(addressOf(index))
  }

  resume(index: number): void {
    this.world.resume(addressOf(index))
  }

  partition(...sides: readonly (readonly number[])[]): void {
    this.world.partition(...sides.map((side) => side.map(addressOf)))
  }

  /** Everyone awake has everyone awake as `up`, and agrees. */
  get isWhole(): boolean {
    const awake = this.awake
    return awake.every(
      (membership) => isUpWith(membership, awake.length) && membership.life.agreement.isConverged,
    )
  }

  formWhole(limitMs = 120_000): boolean {
    const startMs = ((this.#options.size + 1) * 1000) / (this.#options.startsPerSecond ?? 50)
    this.world.run(startMs)
    return this.world.runUntil(() => this.isWhole, limitMs, 250)
  }

  heardOf(type: GossipEvent['type'], id?: string): Heard[] {
    return this.heard.filter(
      ({ event }) => event.type === type && (id === undefined || ('id' in event && event.id === id)),
    )
  }
}

export function addressOf(index: number): Address {
  return `10.0.${index >>> 8}.${index & 255}:7946`
}

export function idOf(index: number): string {
  return `m${String(index).padStart(5, '0')}`
}

export function isUpWith(membership: Membership, count: number): boolean {
  const { members } = membership.life.agreement.state
  if (members.size !== count) return false
  for (const member of members.values()) if (member.status !== 'up') return false
  return true
}
