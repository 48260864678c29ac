/**
 * Pair repair [Machine]: one comparison of this node with one other owner, over the slots they share:
 *
 *   root equal? over : level by level down to the slots that differ -> portions of those, one after the other:
 *   sums of buckets -> versions in the buckets that differ -> push what it lacks, pull what is missing here
 *
 * One question is under way at a time, and between two of them the budget of the round is asked. What the other will not
 * take on our word alone is handed to whoever can find out (late-keys.ts). It does not know when it is time for it.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { type VerbRow, verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { slotOf } from '../store/hash-slot.ts'
import { Standing } from '../store/standing.ts'
import { BucketList, sketchOf } from './bucket-walks.ts'
import { VersionList } from './entry-transfer.ts'
import { pullKeys } from './key-pull.ts'
import { isLate } from './lateness.ts'
import { type KeyName, nameOf } from './peer-port.ts'
import { SlotBuckets } from './slot-buckets.ts'
import type { ExchangeParts } from './slot-pull.ts'
import type { SlotRoles } from './slot-roles.ts'
import { bitsFor, isOldEnough } from './slot-sketch.ts'
import { SlotSummary } from './slot-summary.ts'
import { childrenOf, LEAF_LEVEL, leafParentOf, SlotTree } from './slot-tree.ts'
import type { SlotWalks } from './slot-walks.ts'
import type { Transfers } from './transfers.ts'
import { keysIn, takeHead, writeHead } from './tree-answers.ts'

/** Long enough for walks over the largest slots. */
const DEADLINE_MS = 30_000
const PORTION_KEYS = 16_384
const PORTION_SLOTS = 1024
const NO_FIELDS: readonly number[] = []

export interface PairParts {
  readonly exchange: ExchangeParts
  readonly roles: SlotRoles
  readonly transfers: Transfers
  readonly walks: SlotWalks
  readonly fingerprint: () => number
  readonly mayCompare: (slot: number) => boolean
  /** Calls `next` when there is room for more work in this round, or a later one; `bytes` have gone since. */
  readonly pace: (bytes: number, next: () => void) => void
  /** The other has no trace of these keys, and may have forgotten their removal. */
  readonly onLate: (keys: readonly KeyName[]) => void
}

export interface PairResult {
  /** All there was to compare has been, and what differed was exchanged. */
  isDone: boolean
  slotsCompared: number
  slotsDiffering: number
  /** Of those: in which nothing differs but what is moving just now. */
  slotsMoving: number
  keysListed: number
  keysPulled: number
  keysPushed: number
  keysLate: number
  bytes: number
}

interface Differing {
  readonly slot: number
  readonly keys: number
}

export class PairRepair {
  readonly peerId: string
  /** -1: all. */
  readonly slot: number
  readonly startedMs: number
  readonly tree = new SlotTree()
  /** Slots that could not be compared, or not be made equal. */
  readonly open = new Set<number>()
  readonly result: PairResult = {
    isDone: true,
    slotsCompared: 0,
    slotsDiffering: 0,
    slotsMoving: 0,
    keysListed: 0,
    keysPulled: 0,
    keysPushed: 0,
    keysLate: 0,
    bytes: 0,
  }
  readonly #parts: PairParts
  readonly #done: (repair: PairRepair) => void
  readonly #standing: Standing
  /** Of the placement the slots were shared by; who has another one by now does not answer. */
  readonly #fingerprint: number
  readonly #summary = new SlotSummary()
  readonly #theirs = new SlotSummary()
  #differing: Differing[] = []
  #asOfMs = 0
  #bytesSincePaced = 0

  /** `done` follows exactly once, not within the call. */
  constructor(parts: PairParts, peerId: string, slot: number, done: (repair: PairRepair) => void) {
    this.#parts = parts
    this.peerId = peerId
    this.slot = slot
    this.#done = done
    this.#standing = new Standing(parts.exchange.space)
    this.#fingerprint = parts.fingerprint()
    this.startedMs = parts.exchange.wallMs()
  }

  get slotsLeft(): number {
    return this.#differing.length
  }

  start(): void {
    this.tree.share(this.#parts.roles, this.peerId)
    this.result.slotsCompared = this.slot === -1 ? this.tree.sharedCount : this.tree.isShared[this.slot]!
    if (this.slot === -1) this.#askTree(0, [0])
    else this.#askTree(LEAF_LEVEL, [leafParentOf(this.slot)])
  }

  // Which slots differ

  #askTree(level: number, parents: readonly number[]): void {
    const body = new ByteWriter()
    writeHead(this.#parts.exchange.space, body)
    for (const parent of parents) body.u16(parent)
    this.#ask(verbs.tree, [level], body, (input) => this.#onTree(level, parents, input))
  }

  #onTree(level: number, parents: readonly number[], input: ByteReader): boolean {
    const { replica, space, wallMs } = this.#parts.exchange
    if (!takeHead(input, space, replica, wallMs())) return false
    if (level === LEAF_LEVEL) return this.#onSlots(parents, input)
    this.tree.measure(space, level)
    const { sums } = this.tree
    const differing: number[] = []
    for (const parent of parents) {
      const { count, first } = childrenOf(level, parent)
      for (let node = first; node < first + count; node++) {
        const isFirst = (input.u32() | 0) === sums[node << 1]
        const isSecond = (input.u32() | 0) === sums[(node << 1) + 1]
        if (!isFirst || !isSecond) differing.push(node)
      }
    }
    if (input.isBroken) return false
    if (differing.length === 0) this.#end()
    else this.#go(() => this.#askTree(level + 1, differing))
    return true
  }

  #onSlots(parents: readonly number[], input: ByteReader): boolean {
    const { space } = this.#parts.exchange
    const [mine, theirs] = [this.#summary, this.#theirs]
    for (const parent of parents) {
      const { count, first } = childrenOf(LEAF_LEVEL, parent)
      for (let slot = first; slot < first + count; slot++) {
        if (this.tree.isShared[slot] === 0) continue
        const mayCompare = input.u8() === 1 && this.#parts.mayCompare(slot)
        theirs.read(input)
        const keys = Math.max(input.u32(), keysIn(space, slot))
        mine.measure(space, slot)
        if ((this.slot !== -1 && slot !== this.slot) || mine.isEqual(theirs)) continue
        if (mayCompare) this.#differing.push({ slot, keys })
        else this.open.add(slot)
      }
    }
    if (input.isBroken) return false
    this.result.slotsDiffering = this.#differing.length
    this.#go(() => this.#takePortion())
    return true
  }

  // What differs in them

  #takePortion(): void {
    if (this.#differing.length === 0) return this.#end()
    const buckets = new SlotBuckets()
    for (let keys = 0; keys < PORTION_KEYS && buckets.slots.length < PORTION_SLOTS; ) {
      const next = this.#differing.at(-1)
      if (next === undefined || !buckets.add(next.slot, bitsFor(next.keys))) break
      keys += next.keys
      this.#differing.pop()
    }
    this.#compare(buckets)
  }

  #compare(buckets: SlotBuckets): void {
    const { exchange, walks } = this.#parts
    this.#asOfMs = exchange.wallMs()
    const sketched = () => {
      const body = new ByteWriter()
      body.f64(this.#asOfMs)
      buckets.writeQuestion(body)
      this.#ask(verbs.sketch, NO_FIELDS, body, (input) => this.#onSketch(buckets, input))
    }
    if (!walks.start(sketchOf(exchange.space, buckets, this.#asOfMs, sketched))) this.#fail()
  }

  #onSketch(buckets: SlotBuckets, input: ByteReader): boolean {
    const chosen = buckets.choose(input)
    if (chosen < 0) return false
    if (chosen === 0) this.#passOver(buckets.slots.length)
    else this.#go(() => this.#list(buckets))
    return true
  }

  /** What differs in these slots is moving. */
  #passOver(slotCount: number): void {
    this.result.slotsMoving += slotCount
    this.#go(() => this.#takePortion())
  }

  #list(buckets: SlotBuckets): void {
    const { exchange, walks } = this.#parts
    const list = new BucketList(exchange.space, buckets, this.#asOfMs, exchange.wallMs())
    const listed = () => {
      const body = new ByteWriter()
      body.f64(this.#asOfMs)
      buckets.writeChosen(body)
      body.raw(list.out.bytes, 0, list.out.length)
      this.#ask(verbs.compare, NO_FIELDS, body, (input) => this.#onCompared(buckets, list, input))
    }
    if (!walks.start(list.walk(listed))) this.#fail()
  }

  #onCompared(buckets: SlotBuckets, list: BucketList, input: ByteReader): boolean {
    const wanted = numbersOf(input)
    const older = numbersOf(input)
    const late = numbersOf(input)
    const isCut = input.u8() === 1 || list.isCut
    if (input.isBroken) return false
    const pushes = new Map<string, KeyName>()
    const pulls = new Map<string, KeyName>()
    const doubtful: KeyName[] = []
    const mine = new VersionList(new ByteReader(list.out.bytes, 0, list.out.length))
    for (let index = 0; mine.next(); index++) {
      this.result.keysListed++
      if (wanted.has(index)) note(pushes, mine)
      else if (older.has(index)) note(pulls, mine)
      else if (late.has(index)) doubtful.push(nameIn(mine))
    }
    if (!this.#readTheirs(new VersionList(input), pushes, pulls)) return false
    this.result.keysLate += doubtful.length
    for (const { key } of doubtful) this.open.add(slotOf(key, 0, key.length))
    if (doubtful.length > 0) this.#parts.onLate(doubtful)
    if (pushes.size + pulls.size + doubtful.length === 0 && !isCut) this.#passOver(buckets.slots.length)
    else this.#exchange(buckets, isCut, [...pushes.values()], [...pulls.values()])
    return true
  }

  #readTheirs(list: VersionList, pushes: Map<string, KeyName>, pulls: Map<string, KeyName>): boolean {
    const standing = this.#standing
    const { space, wallMs } = this.#parts.exchange
    space.nowMs = wallMs()
    while (list.next()) {
      this.result.keysListed++
      if (list.isNewerThanHere(standing)) {
        // Whoever has what may have been removed asks the others about it when it compares itself.
        if (!list.isEntry || !isLate(space, standing, list.version)) note(pulls, list)
      } else if (list.isOlderThanHere(standing) && isOldEnough(standing.version, this.#asOfMs)) {
        note(pushes, list)
      }
    }
    return !list.isBroken
  }

  #exchange(
    buckets: SlotBuckets,
    isCut: boolean,
    pushes: readonly KeyName[],
    pulls: readonly KeyName[],
  ): void {
    const { exchange, transfers } = this.#parts
    const { result } = this
    transfers.send(this.peerId, pushes, (sent) => {
      const pushed = pushes.length - sent.absent - sent.outdated - sent.refused
      if (sent.isDone) {
        result.keysPushed += pushed
        exchange.counters.keysPushed += pushed
      }
      if (!sent.isDone || sent.refused > 0) this.#leaveOpen(buckets)
      this.#note(sent.bytes)
      pullKeys(exchange, this.peerId, pulls, (pulled) => {
        result.keysPulled += pulled.keys
        if (!pulled.isDone) this.#leaveOpen(buckets)
        this.#note(pulled.bytes)
        const hasMore = isCut && sent.isDone && pulled.isDone && pushed + pulled.keys > 0
        if (isCut && !hasMore) this.#leaveOpen(buckets)
        // The lists were cut short: what has been exchanged is not in the next ones.
        this.#go(() => (hasMore ? this.#compare(buckets) : this.#takePortion()))
      })
    })
  }

  #leaveOpen(buckets: SlotBuckets): void {
    this.result.isDone = false
    for (const slot of buckets.slots) this.open.add(slot)
  }

  // Questions, one at a time

  #ask(
    verb: VerbRow,
    fields: readonly number[],
    body: ByteWriter,
    read: (input: ByteReader) => boolean,
  ): void {
    const { exchange } = this.#parts
    this.#note(body.length)
    const answered = (outcome: Outcome): void => {
      if (outcome.kind === 'failed') return this.#fail()
      this.#note(outcome.end - outcome.start)
      if (!read(new ByteReader(outcome.bytes, outcome.start, outcome.end))) this.#fail()
    }
    const words = [this.#fingerprint, ...fields]
    exchange.peers.ask(this.peerId, verb, words, body.bytes, DEADLINE_MS, answered, 0, body.length)
  }

  #note(bytes: number): void {
    this.result.bytes += bytes
    this.#bytesSincePaced += bytes
  }

  #go(next: () => void): void {
    const bytes = this.#bytesSincePaced
    this.#bytesSincePaced = 0
    this.#parts.pace(bytes, next)
  }

  /** Nothing was learnt about what has not been compared yet. */
  #fail(): void {
    this.result.isDone = false
    for (let slot = 0; slot < this.tree.isShared.length; slot++)
      if (this.tree.isShared[slot] === 1) this.open.add(slot)
    this.#end()
  }

  #end(): void {
    if (this.open.size > 0) this.result.isDone = false
    this.#done(this)
  }
}

function numbersOf(input: ByteReader): Set<number> {
  const numbers = new Set<number>()
  for (let count = input.u32(); count > 0 && !input.isBroken; count--) numbers.add(input.u32())
  return numbers
}

function nameIn({ bytes, database, end, start }: VersionList): KeyName {
  return { database, key: Buffer.from(bytes.subarray(start, end)) }
}

function note(into: Map<string, KeyName>, list: VersionList): void {
  into.set(nameOf(list.database, list.bytes, list.start, list.end), nameIn(list))
}
