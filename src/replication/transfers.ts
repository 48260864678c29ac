/**
 * Transfers [Machine]: whole entries on their way to an owner that missed them, and those that come in. One home for
 * hints, settling and read repair: they name keys, and what stands under them when the frame is written is sent, entry
 * or removal; the receiver takes what is newer than its own. One frame of one transfer is under way at a time.
 *
 * It does not know why anybody misses anything, and remembers nothing: what fails is the caller's to try again.
 */
import { carriedBytesMax } from '../mesh/frame.ts'
import type { Arrival, Correspondent, Outcome } from '../mesh/link-ports.ts'
import { type VerbRow, type Verbs, verbs } from '../mesh/verbs.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { writeStanding } from './entry-transfer.ts'
import type { KeyName, PeerPort } from './peer-port.ts'
import type { Replica } from './replica.ts'

export interface TransferPorts extends PeerPort {
  wallMs(): number
  /** The highest term this owner has promised the slot under. */
  promisedTermOf(slot: number): number
}

/** Nobody wants to know whom a slot is promised to. */
const NO_SLOT = SLOT_COUNT

export interface TransferLimits {
  /** Entries in one frame; a single one may be longer. */
  frameBytes: number
  /** An entry longer than this is not sent: no frame could carry it. */
  entryBytesMax: number
  /** Of a frame; a long one is given more. */
  deadlineMs: number
}

/** What became of the keys that were sent. */
export interface TransferResult {
  /** The peer has answered for every key. */
  isDone: boolean
  bytes: number
  /** Keys under which nothing is known here. */
  absent: number
  /** The peer has something newer. */
  outdated: number
  /** The peer could not take these, or no frame could carry them. */
  refused: number
  /** Of the slot that was asked about, by the time the keys were there. */
  promisedTerm: number
}

interface Transfer {
  readonly peerId: string
  readonly keys: readonly KeyName[]
  readonly slot: number
  readonly result: TransferResult
  readonly done: (result: TransferResult) => void
  readonly verb: VerbRow
  next: number
}

export class Transfers {
  limits: TransferLimits = { frameBytes: 512 * 1024, entryBytesMax: carriedBytesMax, deadlineMs: 5000 }
  readonly counters = {
    framesOut: 0,
    keysOut: 0,
    bytesOut: 0,
    failed: 0,
    oversized: 0,
    framesIn: 0,
    keysIn: 0,
  }
  readonly #space: Keyspace
  readonly #replica: Replica
  readonly #ports: TransferPorts
  readonly #standing: Standing
  readonly #out = new ByteWriter()

  constructor(space: Keyspace, replica: Replica, ports: TransferPorts) {
    this.#space = space
    this.#replica = replica
    this.#ports = ports
    this.#standing = new Standing(space)
  }

  bind(table: Verbs): void {
    table.bind('transfer', (from, arrival) => this.#onTransfer(from, arrival, false))
    table.bind('confirmed', (from, arrival) => this.#onTransfer(from, arrival, true))
  }

  /**
   * Sends what stands under the keys. `done` follows exactly once: within the call when there is nothing to send,
   * else when the peer has answered for all, or failed to. Who acts for the keys' slot, and counts on the peer, names it:
   * the peer may have promised it to another meanwhile.
   */
  send(
    peerId: string,
    keys: readonly KeyName[],
    done: (result: TransferResult) => void,
    slot: number = NO_SLOT,
  ): void {
    this.#send(peerId, keys, done, verbs.transfer, slot)
  }

  /** The same of entries that a quorum holds: they are taken however old they are. */
  sendConfirmed(peerId: string, keys: readonly KeyName[], done: (result: TransferResult) => void): void {
    this.#send(peerId, keys, done, verbs.confirmed, NO_SLOT)
  }

  #send(
    peerId: string,
    keys: readonly KeyName[],
    done: (result: TransferResult) => void,
    verb: VerbRow,
    slot: number,
  ): void {
    const result = { isDone: true, bytes: 0, absent: 0, outdated: 0, refused: 0, promisedTerm: 0 }
    this.#sendNext({ peerId, keys, slot, result, done, verb, next: 0 })
  }

  #sendNext(transfer: Transfer): void {
    const { keys, peerId, result, slot } = transfer
    const out = this.#out
    out.clear()
    this.#space.nowMs = this.#ports.wallMs()
    let count = 0
    while (transfer.next < keys.length && out.length < this.limits.frameBytes) {
      if (this.#write(keys[transfer.next++]!, result)) count++
    }
    if (count === 0) return transfer.done(result)
    this.counters.framesOut++
    this.counters.keysOut += count
    this.counters.bytesOut += out.length
    result.bytes += out.length
    const { deadlineMs } = this.limits
    const answered = (outcome: Outcome) => this.#onAnswered(transfer, outcome)
    this.#ports.ask(peerId, transfer.verb, [slot], out.bytes, deadlineMs, answered, 0, out.length)
  }

  #write({ database, key }: KeyName, result: TransferResult): boolean {
    const out = this.#out
    const start = out.length
    this.#standing.look(database, key, 0, key.length)
    if (!writeStanding(this.#space, this.#standing, database, key, 0, key.length, out)) {
      result.absent++
      return false
    }
    if (out.length - start <= this.limits.entryBytesMax) return true
    out.length = start
    this.counters.oversized++
    result.refused++
    return false
  }

  #onAnswered(transfer: Transfer, outcome: Outcome): void {
    const { result } = transfer
    if (outcome.kind === 'failed') {
      this.counters.failed++
      result.isDone = false
      return transfer.done(result)
    }
    result.outdated += outcome.fields[1] as number
    result.refused += outcome.fields[2] as number
    result.promisedTerm = Math.max(result.promisedTerm, outcome.fields[3] as number)
    this.#sendNext(transfer)
  }

  #onTransfer(from: Correspondent, { correlation, body, fields }: Arrival, isConfirmed: boolean): void {
    const nowMs = this.#ports.wallMs()
    const replica = this.#replica
    const { applied, refusals } = isConfirmed ? replica.onTransfer(body, nowMs) : replica.onSent(body, nowMs)
    let outdated = 0
    // What is late is of no use here either; whoever holds it finds out what is the matter when slots are compared.
    for (const { reason } of refusals) if (reason === 'ahead' || reason === 'late') outdated++
    this.counters.framesIn++
    this.counters.keysIn += applied
    const slot = fields[0] as number
    const promisedTerm = slot < SLOT_COUNT ? this.#ports.promisedTermOf(slot) : 0
    from.answer(correlation, [applied, outdated, refusals.length - outdated, promisedTerm])
  }
}
