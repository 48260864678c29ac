/**
 * Mesh repair [Machine]: anti-entropy of a mesh node, joined: its schedule, the answers to others who compare, what
 * becomes of late keys, and the forgetting of removals that all owners have heard of.
 *
 * It decides nothing itself: it is the part of a mesh node's composition that is about comparing with other owners.
 */
import type { Verbs } from './mesh/verbs.ts'
import { AntiEntropy } from './replication/anti-entropy.ts'
import { LateKeys } from './replication/late-keys.ts'
import { RepairedSlots } from './replication/repaired-slots.ts'
import type { Settling } from './replication/settling.ts'
import type { ExchangeParts } from './replication/slot-pull.ts'
import { type SlotRoles, UNSETTLED } from './replication/slot-roles.ts'
import { SlotWalks } from './replication/slot-walks.ts'
import { TOMBSTONE_TTL_MS } from './replication/tombstone-age.ts'
import type { RepairState } from './session/mesh-face.ts'
import { TreeAnswers } from './replication/tree-answers.ts'
import type { Transfers } from './replication/transfers.ts'

export interface MeshRepairParts {
  readonly exchange: ExchangeParts
  readonly roles: SlotRoles
  readonly settling: Settling
  readonly transfers: Transfers
}

export interface MeshRepairPorts {
  monotonicMs(): number
  wallMs(): number
  random32(): number
  fingerprint(): number
  /** Of the directive, in milliseconds. */
  intervalMs(): number
  mayAnswer(peerId: string): boolean
  /** Is some owner away, given up for now, or has hints to be told? */
  isAnyBehind(): boolean
}

const TOMBSTONE_BUDGET_US = 200

export class MeshRepair {
  readonly walks: SlotWalks
  readonly repaired = new RepairedSlots()
  readonly lateKeys: LateKeys
  readonly answers: TreeAnswers
  readonly antiEntropy: AntiEntropy
  readonly #parts: MeshRepairParts
  readonly #ports: MeshRepairPorts

  constructor(parts: MeshRepairParts, ports: MeshRepairPorts) {
    this.#parts = parts
    this.#ports = ports
    const { exchange, roles, settling, transfers } = parts
    const { replica, space } = exchange
    const { repaired } = this
    const walks = new SlotWalks(space)
    const fingerprint = (): number => ports.fingerprint()
    const mayCompare = (slot: number): boolean => settling.isWhole(slot) && roles.roles[slot] !== UNSETTLED
    this.walks = walks
    this.lateKeys = new LateKeys({ exchange, roles, transfers })
    this.answers = new TreeAnswers(
      { space, roles, replica, walks },
      { wallMs: () => ports.wallMs(), fingerprint, mayCompare },
    )
    this.antiEntropy = new AntiEntropy(
      {
        ...{ exchange, roles, transfers, walks, repaired, fingerprint, mayCompare },
        onLate: (keys) => this.lateKeys.resolve(keys),
      },
      {
        monotonicMs: () => ports.monotonicMs(),
        random32: () => ports.random32(),
        intervalMs: () => ports.intervalMs(),
        mayStart: () => settling.pendingCount === 0 && settling.missingCount === 0,
        mayAsk: (peerId) => ports.mayAnswer(peerId),
      },
    )
  }

  bind(table: Verbs): void {
    this.answers.bind(table)
  }

  onTick(nowMs: number): void {
    this.antiEntropy.onTick(nowMs)
    this.#tendTombstones()
  }

  state(): RepairState {
    const { counters, durations, isRunning, orderCount } = this.antiEntropy
    const figures = Object.entries({ running: isRunning ? 1 : 0, ordered: orderCount, ...counters })
    return {
      figures: figures.map(([name, value]) => [wordsOf(name), value] as const),
      cycleTimes: durations.steps(),
      owners: this.antiEntropy.rows(),
    }
  }

  /** Of INFO and MESH INFO. */
  figures(): (readonly [name: string, value: number])[] {
    const { counters } = this.antiEntropy
    const { tombstones } = this.#parts.exchange.space
    return [
      ['mesh_repair_cycles', counters.cycles],
      ['mesh_repair_cycles_clean', counters.clean],
      ['mesh_repair_cycles_moving', counters.moving],
      ['mesh_repair_cycles_dirty', counters.dirty],
      ['mesh_repair_cycles_failed', counters.failed],
      ['mesh_repair_slots_compared', counters.slotsCompared],
      ['mesh_repair_slots_differing', counters.slotsDiffering],
      ['mesh_repair_keys_listed', counters.keysListed],
      ['mesh_repair_keys_pulled', counters.keysPulled],
      ['mesh_repair_keys_pushed', counters.keysPushed],
      ['mesh_repair_bytes', counters.bytes],
      ['mesh_repair_last_ms', counters.lastMs],
      ['mesh_late_asked', this.lateKeys.counters.asked],
      ['mesh_late_confirmed', this.lateKeys.counters.confirmed],
      ['mesh_late_removed', this.lateKeys.counters.removed],
      ['mesh_late_undecided', this.lateKeys.counters.undecided],
      ['mesh_tombstones', tombstones?.count ?? 0],
      ['mesh_tombstones_collected', tombstones?.counters.collected ?? 0],
      ['mesh_tombstones_dropped', tombstones?.counters.dropped ?? 0],
    ]
  }

  /**
   * Old graves are opened a few at a time: those of removals once every owner of the slot has been compared with since;
   * those of what expired, which any owner sees for itself, while nobody is behind.
   */
  #tendTombstones(): void {
    const { tombstones } = this.#parts.exchange.space
    if (tombstones === null) return
    const isAnyBehind = this.#ports.isAnyBehind()
    tombstones.collect(
      this.#ports.wallMs(),
      TOMBSTONE_TTL_MS,
      TOMBSTONE_BUDGET_US,
      (slot, removedMs, hasExpired) =>
        hasExpired ? !isAnyBehind : this.repaired.isSince(slot, removedMs, this.#parts.roles),
    )
  }
}

function wordsOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
