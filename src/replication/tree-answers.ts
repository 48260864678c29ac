/**
 * Tree answers [Machine]: the owner's side of a comparison: nodes of the tree of shared slots, sums of the buckets of
 * slots that differ, and of what stands in buckets that differ: what the asker has that is news here, and what is here.
 *
 *   tree     16 f64 flush marks | f64 forgotten up to | { u16 parent }*
 *            -> the same head | { i32 | i32 }* of all children, or of slots { u8 comparable | summary | u32 keys }*
 *   sketch   f64 as of | question of slot-buckets.ts                              -> their sums
 *   compare  f64 as of | chosen buckets | list of versions
 *            -> { u32 count | { u32 number }* }: wanted, older than here, late | u8 cut short | list of versions
 *
 * It asks nobody anything, and changes nothing but the marks that travel in the heads.
 */
import { wallMsOf } from '../hlc.ts'
import type { Arrival, Correspondent } from '../mesh/link-ports.ts'
import type { Verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { slotOf } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { VersionList } from './entry-transfer.ts'
import { isLate } from './lateness.ts'
import type { Replica } from './replica.ts'
import { SlotBuckets } from './slot-buckets.ts'
import type { SlotRoles } from './slot-roles.ts'
import { SlotSummary, takeMarks, writeMarks } from './slot-summary.ts'
import { isOldEnough } from './slot-sketch.ts'
import { childrenOf, LEAF_LEVEL, nodeCount, SlotTree } from './slot-tree.ts'
import { BucketList, sketchOf } from './bucket-walks.ts'
import type { SlotWalks } from './slot-walks.ts'

export interface TreeParts {
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly replica: Replica
  readonly walks: SlotWalks
}

export interface TreePorts {
  wallMs(): number
  fingerprint(): number
  /** Has this node nothing left to learn in the slot, so that it is worth comparing? */
  mayCompare(slot: number): boolean
}

/** The flush marks, and the mark up to which removals are forgotten. */
export function writeHead(space: Keyspace, out: ByteWriter): void {
  writeMarks(space, out)
  out.f64(space.tombstones?.forgottenUpTo ?? 0)
}

/** False: some mark is impossible. */
export function takeHead(input: ByteReader, space: Keyspace, replica: Replica, nowMs: number): boolean {
  if (!takeMarks(input, space, (database, version) => replica.onFlush(database, version, nowMs))) return false
  const forgottenUpTo = input.f64()
  if (input.isBroken || !Number.isSafeInteger(forgottenUpTo)) return false
  if (wallMsOf(forgottenUpTo) > nowMs + replica.limits.driftMsMax) return false
  space.tombstones?.noteForgotten(forgottenUpTo)
  return true
}

export class TreeAnswers {
  readonly counters = { trees: 0, sketches: 0, comparisons: 0, late: 0 }
  readonly #parts: TreeParts
  readonly #ports: TreePorts
  readonly #tree = new SlotTree()
  readonly #summary = new SlotSummary()
  readonly #standing: Standing
  readonly #out = new ByteWriter()

  constructor(parts: TreeParts, ports: TreePorts) {
    this.#parts = parts
    this.#ports = ports
    this.#standing = new Standing(parts.space)
  }

  bind(table: Verbs): void {
    table.bind('tree', (from, arrival) => this.#onTree(from, arrival))
    table.bind('sketch', (from, arrival) => this.#onSketch(from, arrival))
    table.bind('compare', (from, arrival) => this.#onCompare(from, arrival))
  }

  #onTree(from: Correspondent, { correlation, fields, bytes, start, end }: Arrival): void {
    if (fields[0] !== this.#ports.fingerprint()) return from.fail(correlation, 'another placement')
    const { replica, roles, space } = this.#parts
    const level = fields[1] as number
    const input = new ByteReader(bytes, start, end)
    if (!takeHead(input, space, replica, this.#ports.wallMs()))
      return from.fail(correlation, 'impossible marks')
    const out = this.#out
    out.clear()
    writeHead(space, out)
    this.#tree.share(roles, from.peer.id)
    if (level < LEAF_LEVEL) this.#tree.measure(space, level)
    const parents = level === 0 ? 1 : nodeCount(Math.min(level, LEAF_LEVEL) - 1)
    while (!input.isAtEnd) {
      const parent = input.u16()
      if (input.isBroken || level > LEAF_LEVEL || parent >= parents)
        return from.fail(correlation, 'no such nodes')
      this.#writeChildren(level, parent)
    }
    this.counters.trees++
    from.answer(correlation, [], out.bytes, 0, out.length)
  }

  #writeChildren(level: number, parent: number): void {
    const { first, count } = childrenOf(level, parent)
    for (let node = first; node < first + count; node++) {
      if (level === LEAF_LEVEL) this.#writeSlot(node)
      else {
        this.#out.u32(this.#tree.sums[node << 1]!)
        this.#out.u32(this.#tree.sums[(node << 1) + 1]!)
      }
    }
  }

  #writeSlot(slot: number): void {
    if (this.#tree.isShared[slot] === 0) return
    this.#out.u8(this.#ports.mayCompare(slot) ? 1 : 0)
    this.#summary.measure(this.#parts.space, slot)
    this.#summary.write(this.#out)
    this.#out.u32(keysIn(this.#parts.space, slot))
  }

  #onSketch(from: Correspondent, { correlation, fields, bytes, start, end }: Arrival): void {
    if (fields[0] !== this.#ports.fingerprint()) return from.fail(correlation, 'another placement')
    const input = new ByteReader(bytes, start, end)
    const asOfMs = input.f64()
    const buckets = SlotBuckets.readQuestion(input)
    if (buckets === undefined) return from.fail(correlation, 'not a list of slots')
    const { space, walks } = this.#parts
    const answered = () => {
      const out = new ByteWriter()
      buckets.writeSums(out)
      this.counters.sketches++
      from.answer(correlation, [], out.bytes, 0, out.length)
    }
    if (!walks.start(sketchOf(space, buckets, asOfMs, answered)))
      from.fail(correlation, 'too many comparisons')
  }

  #onCompare(from: Correspondent, { correlation, fields, bytes, start, end }: Arrival): void {
    if (fields[0] !== this.#ports.fingerprint()) return from.fail(correlation, 'another placement')
    const input = new ByteReader(bytes, start, end)
    const asOfMs = input.f64()
    const buckets = SlotBuckets.readChosen(input)
    if (buckets === undefined) return from.fail(correlation, 'not a list of buckets')
    const { space, walks } = this.#parts
    // The arrival is gone when a long walk has ended; what it says is looked at now.
    const out = new ByteWriter()
    if (!this.#writeVerdicts(new VersionList(input), asOfMs, out))
      return from.fail(correlation, 'not a list of versions')
    const list = new BucketList(space, buckets, asOfMs, this.#ports.wallMs())
    const answered = () => {
      this.counters.comparisons++
      out.u8(list.isCut ? 1 : 0)
      out.raw(list.out.bytes, 0, list.out.length)
      from.answer(correlation, [], out.bytes, 0, out.length)
    }
    if (!walks.start(list.walk(answered))) from.fail(correlation, 'too many comparisons')
  }

  #writeVerdicts(list: VersionList, asOfMs: number, out: ByteWriter): boolean {
    const { roles, space } = this.#parts
    const standing = this.#standing
    const wanted: number[] = []
    const older: number[] = []
    const late: number[] = []
    space.nowMs = this.#ports.wallMs()
    for (let index = 0; list.next(); index++) {
      const slot = slotOf(list.bytes, list.start, list.end)
      if (!roles.owns(slot)) continue
      if (!list.isNewerThanHere(standing)) {
        if (list.isOlderThanHere(standing) && isOldEnough(standing.version, asOfMs)) older.push(index)
      } else if (list.isEntry && isLate(space, standing, list.version) && this.#ports.mayCompare(slot))
        late.push(index)
      else wanted.push(index)
    }
    this.counters.late += late.length
    for (const numbers of [wanted, older, late]) {
      out.u32(numbers.length)
      for (const number of numbers) out.u32(number)
    }
    return !list.isBroken
  }
}

/** Entries and tombstones. */
export function keysIn(space: Keyspace, slot: number): number {
  return space.index.countOf(slot) + (space.tombstones?.countIn(slot) ?? 0)
}
