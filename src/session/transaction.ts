/**
 * Transaction [Machine]: the requests between MULTI and EXEC, copied into one growing stretch of bytes. Rows are kept
 * as they are given; only their flags are read, to know what EXEC as a whole will do.
 * It runs nothing: EXEC takes the requests out one by one.
 */
import { Args } from '../../resp/index.ts'
import { firstByteOf, lastByteOf } from './kept-args.ts'
import type { Level } from './session.ts'

const FIRST_BYTES = 512
/** What a queued request costs beside its bytes: its row and the head of its offsets. */
const REQUEST_BYTES = 64
const ARGUMENT_BYTES = 16
const TOO_LARGE = 'ERR transaction exceeds client-query-buffer-limit'

export interface QueuedRow {
  readonly flags: number
}

export class Transaction {
  /** A request could not be queued: EXEC will refuse. */
  hasError = false
  /** Flags of all queued rows together. */
  flags = 0
  /** The strictest levels that a policy has for the keys queued; null: none has been asked. */
  readLevel: Level | null = null
  writeLevel: Level | null = null
  /** In a mesh: the slot of the first key queued, -1 while there is none. */
  slot = -1
  readonly rows: QueuedRow[] = []
  readonly #bytesMax: number
  readonly #writeFlags: number
  /** The request that `next` has taken out. */
  readonly #args = new Args()
  #bytes: Buffer = Buffer.allocUnsafe(FIRST_BYTES)
  #used = 0
  /** Per request: its start and end, how many words, then start and end of each word. */
  readonly #offsets: number[] = []
  #taken = 0
  #offsetsTaken = 0

  constructor(bytesMax: number, writeFlags: number) {
    this.#bytesMax = bytesMax
    this.#writeFlags = writeFlags
  }

  get count(): number {
    return this.rows.length
  }

  get hasWrites(): boolean {
    return (this.flags & this.#writeFlags) !== 0
  }

  /** Memory the queue takes (CLIENT LIST multi-mem). */
  get queuedBytes(): number {
    return this.#used + this.rows.length * REQUEST_BYTES + this.#offsets.length * (ARGUMENT_BYTES / 2)
  }

  /** Copies a request to the end of the queue, or answers why not. */
  queue(row: QueuedRow, args: Args): string | undefined {
    const first = firstByteOf(args)
    const length = lastByteOf(args) - first
    const more = length + REQUEST_BYTES + args.count * ARGUMENT_BYTES
    if (this.queuedBytes + more > this.#bytesMax) return TOO_LARGE
    const at = this.#room(length)
    args.bytes.copy(this.#bytes, at, first, first + length)
    const shift = at - first
    const offsets = this.#offsets
    offsets.push(args.requestStart + shift, args.requestEnd + shift, args.count)
    for (let i = 0; i < args.count; i++) offsets.push(args.starts[i]! + shift, args.ends[i]! + shift)
    this.rows.push(row)
    this.flags |= row.flags
    return undefined
  }

  /** The next queued request; its words are valid until the transaction is let go. Undefined when all are taken. */
  next(): { readonly row: QueuedRow; readonly args: Args } | undefined {
    if (this.#taken === this.rows.length) return undefined
    const offsets = this.#offsets
    const args = this.#args
    let at = this.#offsetsTaken
    args.clear()
    args.bytes = this.#bytes
    args.requestStart = offsets[at++]!
    args.requestEnd = offsets[at++]!
    for (let left = offsets[at++]!; left > 0; left--) args.push(offsets[at++]!, offsets[at++]!)
    this.#offsetsTaken = at
    return { row: this.rows[this.#taken++]!, args }
  }

  /** `next` begins with the first request again. */
  rewind(): void {
    this.#taken = 0
    this.#offsetsTaken = 0
  }

  #room(length: number): number {
    const at = this.#used
    this.#used = at + length
    if (this.#used <= this.#bytes.length) return at
    const bigger = Buffer.allocUnsafeSlow(Math.max(this.#used, this.#bytes.length * 2))
    this.#bytes.copy(bigger, 0, 0, at)
    this.#bytes = bigger
    return at
  }
}
