/**
 * Slot contents [Rule + answers]: everything that is known of many slots, told frame by frame to who gained them: entries
 * first, then removals, with the versions and terms they have here. Nothing is compared: this is for receivers that
 * have next to nothing there; who has nearly all compares versions instead (slot-pull.ts).
 *
 *   question  { u16 slot }*, from a cursor within the first     answer  how many slots are told to the end, the next cursor
 *
 * The cursor is a hash of the teller's own, above 2^32 among the removals; what changes behind it reaches the asker as
 * effects, because it owns the slot. It does not know who asks, nor why.
 */
import type { Arrival, Correspondent } from '../mesh/link-ports.ts'
import type { Verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { writeLiving, writeRemoval } from './entry-transfer.ts'

export interface ContentsLimits {
  /** Of one answer: about a millisecond of work on either side. A single entry may be longer. */
  frameBytes: number
  /** Slots one answer goes through, empty ones included. */
  frameSlots: number
  /** An entry longer than this is not told: no frame could carry it. */
  entryBytesMax: number
}

const REMOVALS = 0x100000000
/** Entries looked at between two looks at the length of the frame. */
const STEP_KEYS = 32

export class SlotContents {
  limits: ContentsLimits = { frameBytes: 128 * 1024, frameSlots: 1024, entryBytesMax: 60 * 1024 * 1024 }
  readonly counters = { frames: 0, entries: 0, removals: 0, bytes: 0, oversized: 0 }
  readonly #space: Keyspace
  readonly #wallMs: () => number
  readonly #out = new ByteWriter()
  readonly #refs: number[] = []

  constructor(space: Keyspace, wallMs: () => number) {
    this.#space = space
    this.#wallMs = wallMs
  }

  bind(table: Verbs): void {
    table.bind('stream', (from, arrival) => this.#onStream(from, arrival))
  }

  #onStream(from: Correspondent, { correlation, fields, bytes, start, end }: Arrival): void {
    const { frameBytes, frameSlots } = this.limits
    const out = this.#out
    out.clear()
    this.#space.nowMs = this.#wallMs()
    const input = new ByteReader(bytes, start, end)
    let cursor = fields[0] as number
    let told = 0
    while (!input.isAtEnd && told < frameSlots && out.length < frameBytes) {
      const slot = input.u16()
      if (input.isBroken || slot >= SLOT_COUNT) return from.fail(correlation, 'not a list of slots')
      cursor = this.#write(slot, cursor)
      if (cursor === 0) told++
    }
    this.counters.frames++
    this.counters.bytes += out.length
    from.answer(correlation, [told, cursor], out.bytes, 0, out.length)
  }

  /** Writes until the frame is full or the slot is told to its end: then 0, else where to go on. */
  #write(slot: number, from: number): number {
    const { frameBytes } = this.limits
    let cursor = from
    while (this.#out.length < frameBytes) {
      cursor = cursor < REMOVALS ? this.#writeEntries(slot, cursor) : this.#writeRemovals(slot, cursor)
      if (cursor === 0) return 0
    }
    return cursor
  }

  #writeEntries(slot: number, cursor: number): number {
    const { entries, index, nowMs } = this.#space
    const out = this.#out
    const refs = this.#refs
    refs.length = 0
    const next = index.walk(slot, cursor, STEP_KEYS, refs)
    // One sweep first: cells lie far apart, and so memory is waited for once instead of at each.
    let living = 0
    for (const ref of refs) {
      const expiryMs = entries.expiryOf(ref)
      if (expiryMs === 0 || expiryMs > nowMs) refs[living++] = ref
    }
    refs.length = living
    for (const ref of refs) {
      const start = out.length
      writeLiving(this.#space, ref, out)
      this.counters.entries++
      if (out.length - start <= this.limits.entryBytesMax) continue
      out.length = start
      this.counters.oversized++
    }
    return next === 0 ? REMOVALS : next
  }

  #writeRemovals(slot: number, cursor: number): number {
    const { tombstones } = this.#space
    if (tombstones === null) return 0
    const { entries } = tombstones
    const refs = this.#refs
    refs.length = 0
    const next = tombstones.walk(slot, cursor - REMOVALS, STEP_KEYS, refs)
    for (const ref of refs) {
      const start = entries.keyStart(ref)
      const end = start + entries.keyLength(ref)
      const key = entries.keyBuffer(ref)
      const database = entries.databaseOf(ref)
      writeRemoval(database, key, start, end, entries.versionOf(ref), entries.termOf(ref), this.#out)
      this.counters.removals++
    }
    return next === 0 ? 0 : next + REMOVALS
  }
}
