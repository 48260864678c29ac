/**
 * Hints [Machine]: what absent owners have missed, by key. Not the effect is kept but where it happened: when the owner
 * is back, it is sent what stands under the key by then, entry or removal, so a hint never brings back anything old,
 * and a key that changes a thousand times is one hint.
 *
 *   effects that did not arrive -> keys, each once -> owner is back -> a portion, its answer, the next portion
 *
 * Beyond the limits, and past their time, hints are dropped; the owner then needs a repair (its slots are compared),
 * which is asked for once it is back and the hints it still has are told. It does not know who is alive.
 */
import { EffectReader } from './effect-reader.ts'
import { type KeyName, nameOf } from './peer-port.ts'
import type { TransferResult, Transfers } from './transfers.ts'

export interface HintLimits {
  /** Of one owner. A million keys and their strings are about as long away as a node should be at full load. */
  countPerPeerMax: number
  bytesPerPeerMax: number
  /** Of all owners: hints are memory that maxmemory does not count. */
  countMax: number
  bytesMax: number
  /**
   * Since the owner went away. Must be less than the time to live of tombstones: what was removed and is forgotten
   * cannot be told any more.
   */
  ttlMs: number
  /** Keys in one portion. */
  portionKeys: number
  /** What may be sent to one owner between two ticks, so that its return does not drown the clients' requests. */
  bytesPerTick: number
  keysPerTick: number
}

export const HINT_LIMITS: HintLimits = {
  countPerPeerMax: 1_000_000,
  bytesPerPeerMax: 128 * 2 ** 20,
  countMax: 3_000_000,
  bytesMax: 256 * 2 ** 20,
  ttlMs: 3 * 3_600_000,
  portionKeys: 1024,
  bytesPerTick: 4 * 2 ** 20,
  keysPerTick: 16_384,
}

/** What a name costs beside its characters: string, set entry. */
export const HINT_OVERHEAD_BYTES = 64

export interface HintPorts {
  monotonicMs(): number
  /** The owner has been told all hints it had, but some were dropped: compare its slots. `done(false)`: again later. */
  repair(peerId: string, done: (isDone: boolean) => void): void
}

export interface HintRow {
  readonly nodeId: string
  readonly count: number
  readonly bytes: number
  /** How long the first of them has waited. */
  readonly oldestMs: number
}

export interface HintCounters {
  hintedQueued: number
  hintedReplayed: number
  hintedExpired: number
  hintedDropped: number
}

/** What one owner has missed. */
interface Absence {
  readonly peerId: string
  readonly names: Set<string>
  readonly counters: HintCounters
  bytes: number
  /** When the first was remembered since there were none. */
  sinceMs: number
  isUp: boolean
  /** Sent and not yet answered; still counted. */
  portion: string[]
  keysLeft: number
  bytesLeft: number
  needsRepair: boolean
  isRepairing: boolean
}

function freshCounters(): HintCounters {
  return { hintedQueued: 0, hintedReplayed: 0, hintedExpired: 0, hintedDropped: 0 }
}

export class Hints {
  limits: HintLimits
  readonly counters = freshCounters()
  count = 0
  bytes = 0
  readonly #transfers: Transfers
  readonly #ports: HintPorts
  readonly #absences = new Map<string, Absence>()

  constructor(transfers: Transfers, ports: HintPorts, limits: HintLimits = { ...HINT_LIMITS }) {
    this.#transfers = transfers
    this.#ports = ports
    this.limits = limits
  }

  /** These effects did not reach the owner, or it is not known that they did. */
  remember(peerId: string, bytes: Buffer, length: number): void {
    const absence = this.#absenceOf(peerId)
    const effects = new EffectReader(bytes, length)
    while (effects.next()) {
      this.#add(absence, nameOf(effects.database, bytes, effects.keyStart, effects.keyEnd))
    }
    this.#replay(absence)
  }

  /** The same for a single key. */
  rememberKey(peerId: string, database: number, key: Buffer): void {
    const absence = this.#absenceOf(peerId)
    this.#add(absence, nameOf(database, key, 0, key.length))
    this.#replay(absence)
  }

  onPeerUp(peerId: string): void {
    const absence = this.#absenceOf(peerId)
    absence.isUp = true
    this.#replay(absence)
  }

  onPeerDown(peerId: string): void {
    this.#absenceOf(peerId).isUp = false
  }

  /** The owner is no member any more. */
  forget(peerId: string): void {
    const absence = this.#absences.get(peerId)
    if (absence === undefined) return
    this.#clear(absence)
    this.#absences.delete(peerId)
  }

  needsRepair(peerId: string): boolean {
    return this.#absences.get(peerId)?.needsRepair ?? false
  }

  /** Its hints cannot have told everything: compare its slots when it is up. */
  requireRepair(peerId: string): void {
    const absence = this.#absenceOf(peerId)
    absence.needsRepair = true
    this.#replay(absence)
  }

  countersOf(peerId: string): HintCounters | undefined {
    return this.#absences.get(peerId)?.counters
  }

  rows(): HintRow[] {
    const nowMs = this.#ports.monotonicMs()
    const rows: HintRow[] = []
    for (const absence of this.#absences.values()) {
      const count = countOf(absence)
      if (count === 0 && !absence.needsRepair) continue
      const oldestMs = count === 0 ? 0 : Math.round(nowMs - absence.sinceMs)
      rows.push({ nodeId: absence.peerId, count, bytes: absence.bytes, oldestMs })
    }
    return rows
  }

  /** `share`: of what may be sent between two ticks, as long as this node has enough to do. */
  onTick(nowMs: number, share = 1): void {
    for (const absence of this.#absences.values()) {
      absence.keysLeft = Math.ceil(this.limits.keysPerTick * share)
      absence.bytesLeft = Math.ceil(this.limits.bytesPerTick * share)
      if (countOf(absence) > 0 && nowMs - absence.sinceMs > this.limits.ttlMs) this.#expire(absence)
      this.#replay(absence)
    }
  }

  #absenceOf(peerId: string): Absence {
    let absence = this.#absences.get(peerId)
    if (absence === undefined) {
      absence = {
        peerId,
        names: new Set(),
        counters: freshCounters(),
        bytes: 0,
        sinceMs: 0,
        isUp: false,
        portion: [],
        keysLeft: this.limits.keysPerTick,
        bytesLeft: this.limits.bytesPerTick,
        needsRepair: false,
        isRepairing: false,
      }
      this.#absences.set(peerId, absence)
    }
    return absence
  }

  #add(absence: Absence, name: string): void {
    if (absence.names.has(name)) return
    const bytes = name.length + HINT_OVERHEAD_BYTES
    const { bytesMax, bytesPerPeerMax, countMax, countPerPeerMax } = this.limits
    const isFull = countOf(absence) >= countPerPeerMax || absence.bytes + bytes > bytesPerPeerMax
    if (isFull || this.count >= countMax || this.bytes + bytes > bytesMax) {
      this.#note(absence, 'hintedDropped', 1)
      absence.needsRepair = true
      return
    }
    if (countOf(absence) === 0) absence.sinceMs = this.#ports.monotonicMs()
    absence.names.add(name)
    absence.bytes += bytes
    this.bytes += bytes
    this.count++
    this.#note(absence, 'hintedQueued', 1)
  }

  #note(absence: Absence, counter: keyof HintCounters, count: number): void {
    this.counters[counter] += count
    absence.counters[counter] += count
  }

  #expire(absence: Absence): void {
    this.#note(absence, 'hintedExpired', countOf(absence))
    this.#clear(absence)
    absence.needsRepair = true
  }

  /** The portion on its way counts no more, whatever becomes of it. */
  #clear(absence: Absence): void {
    this.count -= countOf(absence)
    this.bytes -= absence.bytes
    absence.bytes = 0
    absence.names.clear()
    absence.portion = []
  }

  #replay(absence: Absence): void {
    if (!absence.isUp || absence.portion.length > 0) return
    if (absence.names.size === 0) return this.#repair(absence)
    if (absence.keysLeft <= 0 || absence.bytesLeft <= 0) return
    const portion: string[] = []
    const keys: KeyName[] = []
    const countMax = Math.min(this.limits.portionKeys, absence.keysLeft)
    for (const name of absence.names) {
      portion.push(name)
      keys.push({ database: name.charCodeAt(0), key: Buffer.from(name.slice(1), 'latin1') })
      absence.names.delete(name)
      if (portion.length >= countMax) break
    }
    absence.portion = portion
    absence.keysLeft -= portion.length
    this.#transfers.send(absence.peerId, keys, (result) => this.#onSent(absence, portion, result))
  }

  #onSent(absence: Absence, portion: readonly string[], result: TransferResult): void {
    if (absence.portion !== portion) return
    absence.portion = []
    absence.bytesLeft -= result.bytes
    if (result.isDone) this.#settle(absence, portion, result.refused)
    else this.#keep(absence, portion)
    if (result.isDone) this.#replay(absence)
  }

  #settle(absence: Absence, portion: readonly string[], refused: number): void {
    let bytes = 0
    for (const name of portion) bytes += name.length + HINT_OVERHEAD_BYTES
    absence.bytes -= bytes
    this.bytes -= bytes
    this.count -= portion.length
    this.#note(absence, 'hintedReplayed', portion.length - refused)
    if (refused === 0) return
    this.#note(absence, 'hintedDropped', refused)
    absence.needsRepair = true
  }

  /** Nobody answered: the next tick, or the next time it is up, tries again. What was remembered twice is one again. */
  #keep(absence: Absence, portion: readonly string[]): void {
    for (const name of portion) {
      if (!absence.names.has(name)) {
        absence.names.add(name)
        continue
      }
      const bytes = name.length + HINT_OVERHEAD_BYTES
      absence.bytes -= bytes
      this.bytes -= bytes
      this.count--
    }
  }

  #repair(absence: Absence): void {
    if (!absence.needsRepair || absence.isRepairing) return
    absence.isRepairing = true
    absence.needsRepair = false
    this.#ports.repair(absence.peerId, (isDone) => {
      absence.isRepairing = false
      if (!isDone) absence.needsRepair = true
    })
  }
}

function countOf(absence: Absence): number {
  return absence.names.size + absence.portion.length
}
