/*
 * The wires between the hosts of a simulation: how long a packet takes, whether it arrives, and who is cut off.
 *
 * The idea: one set of habits for all links, others for single directions, and on top of them cuts (one direction)
 * and partitions (sides that do not hear each other). Every packet draws its own latency, so packets overtake each
 * other. It refuses to know what is in a packet and who is up. Shape: machine.
 */
import type { SimulatedHost } from './simulated-host.ts'
import type { SimulatedLuck } from './simulated-luck.ts'

export interface LinkHabits {
  /** One way; each packet draws its own between these two. */
  readonly latencyMsMin: number
  readonly latencyMsMax: number
  /** Shares of all datagrams, 0 to 1. A stream is slowed by loss instead. */
  readonly lossRate: number
  readonly duplicateRate: number
  /** One bit of the datagram arrives wrong. */
  readonly corruptRate: number
  /** A firewall that lets streams through and nothing else. */
  readonly areDatagramsBlocked: boolean
}

export const LAN_HABITS: LinkHabits = {
  latencyMsMin: 0.2,
  latencyMsMax: 2,
  lossRate: 0,
  duplicateRate: 0,
  corruptRate: 0,
  areDatagramsBlocked: false,
}

/** TCP's first retransmission timeout on a short link; it doubles with each loss in a row. */
const RETRANSMIT_MS = 200
const RETRANSMITS_COUNT_MAX = 6

export class SimulatedNetwork {
  readonly counters = { lost: 0, duplicated: 0, corrupted: 0, blocked: 0 }
  private readonly luck: SimulatedLuck
  private habits: LinkHabits
  private readonly habitsOfLinks = new Map<number, LinkHabits>()
  private readonly cuts = new Set<number>()
  private readonly sides = new Map<SimulatedHost, number>()

  constructor(luck: SimulatedLuck, habits: Partial<LinkHabits>) {
    this.luck = luck
    this.habits = { ...LAN_HABITS, ...habits }
  }

  /** Of all links that have none of their own. */
  setHabits(changes: Partial<LinkHabits>): void {
    this.habits = { ...this.habits, ...changes }
  }

  setLinkHabits(from: SimulatedHost, to: SimulatedHost, changes: Partial<LinkHabits>): void {
    this.habitsOfLinks.set(linkKey(from, to), { ...this.habitsOf(from, to), ...changes })
  }

  /** The link behaves like all others again. */
  clearLinkHabits(from: SimulatedHost, to: SimulatedHost): void {
    this.habitsOfLinks.delete(linkKey(from, to))
  }

  cut(from: SimulatedHost, to: SimulatedHost): void {
    this.cuts.add(linkKey(from, to))
  }

  mend(from: SimulatedHost, to: SimulatedHost): void {
    this.cuts.delete(linkKey(from, to))
  }

  /** Replaces the former partition. Hosts in none of the sides are one more side together. */
  partition(sides: readonly (readonly SimulatedHost[])[]): void {
    this.sides.clear()
    for (const [at, side] of sides.entries()) for (const host of side) this.sides.set(host, at + 1)
  }

  /** No partition and no cut is left; habits stay. */
  heal(): void {
    this.sides.clear()
    this.cuts.clear()
  }

  isOpen(from: SimulatedHost, to: SimulatedHost): boolean {
    if (this.sides.size > 0 && (this.sides.get(from) ?? 0) !== (this.sides.get(to) ?? 0)) return false
    return this.cuts.size === 0 || !this.cuts.has(linkKey(from, to))
  }

  habitsOf(from: SimulatedHost, to: SimulatedHost): LinkHabits {
    if (this.habitsOfLinks.size === 0) return this.habits
    return this.habitsOfLinks.get(linkKey(from, to)) ?? this.habits
  }

  latencyMs(habits: LinkHabits): number {
    return this.luck.between(habits.latencyMsMin, habits.latencyMsMax)
  }

  /** How often a datagram will arrive: 0, 1 or 2 times. */
  arrivalsCount(from: SimulatedHost, to: SimulatedHost, habits: LinkHabits): number {
    if (habits.areDatagramsBlocked || !this.isOpen(from, to)) {
      this.counters.blocked++
      return 0
    }
    if (this.luck.chance(habits.lossRate)) {
      this.counters.lost++
      return 0
    }
    if (!this.luck.chance(habits.duplicateRate)) return 1
    this.counters.duplicated++
    return 2
  }

  /** A copy of what was sent, as it will arrive. */
  carry(bytes: Uint8Array, habits: LinkHabits): Uint8Array {
    const copy = Buffer.allocUnsafe(bytes.length)
    copy.set(bytes)
    if (copy.length > 0 && this.luck.chance(habits.corruptRate)) {
      const at = this.luck.below(copy.length)
      copy[at] = copy[at]! ^ (1 << this.luck.below(8))
      this.counters.corrupted++
    }
    return copy
  }

  /** A stream's bytes are sent again until they arrive, so loss only makes them late. */
  streamLatencyMs(habits: LinkHabits): number {
    let latencyMs = this.latencyMs(habits)
    let waitMs = RETRANSMIT_MS
    for (let count = 0; count < RETRANSMITS_COUNT_MAX && this.luck.chance(habits.lossRate); count++) {
      latencyMs += waitMs
      waitMs *= 2
    }
    return latencyMs
  }
}

function linkKey(from: SimulatedHost, to: SimulatedHost): number {
  return from.index * 0x100000 + to.index
}
