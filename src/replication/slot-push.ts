/**
 * Slot push [Machine]: the counterpart of a slot pull: offers one slot's versions to another owner page by page, and
 * sends what it says are news. One question is under way at a time. It does not know why.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { VersionList } from './entry-transfer.ts'
import type { KeyName } from './peer-port.ts'
import type { ExchangeParts } from './slot-pull.ts'
import type { TransferResult, Transfers } from './transfers.ts'
import { writePage } from './version-page.ts'

export class SlotPush {
  readonly slot: number
  readonly peerId: string
  /** Keys the peer could not take. */
  refused = 0
  readonly #parts: ExchangeParts
  readonly #transfers: Transfers
  readonly #done: (isDone: boolean) => void
  readonly #page = new ByteWriter()
  #cursor = 0

  constructor(
    parts: ExchangeParts,
    transfers: Transfers,
    peerId: string,
    slot: number,
    done: (isDone: boolean) => void,
  ) {
    this.#parts = parts
    this.#transfers = transfers
    this.peerId = peerId
    this.slot = slot
    this.#done = done
  }

  start(): void {
    this.#offer()
  }

  #offer(): void {
    const { counters, deadlineMs, peers, space, wallMs } = this.#parts
    const page = this.#page
    page.clear()
    const nowMs = wallMs()
    space.nowMs = nowMs
    this.#cursor = writePage(space, this.slot, this.#cursor, nowMs, page)
    if (page.length === 0) return this.#done(true)
    counters.pages++
    const answered = (outcome: Outcome) => this.#onAnswer(outcome)
    peers.ask(this.peerId, verbs.offer, [], page.bytes, deadlineMs(), answered, 0, page.length)
  }

  #onAnswer(outcome: Outcome): void {
    if (outcome.kind === 'failed') return this.#done(false)
    const keys = this.#chosen(new ByteReader(outcome.bytes, outcome.start, outcome.end))
    if (keys === undefined) return this.#done(false)
    this.#transfers.send(this.peerId, keys, (result) => this.#onSent(result, keys.length))
  }

  /** The keys whose numbers in the page were answered, in rising order. */
  #chosen(numbers: ByteReader): KeyName[] | undefined {
    const keys: KeyName[] = []
    const list = new VersionList(new ByteReader(this.#page.bytes, 0, this.#page.length))
    let index = -1
    while (!numbers.isAtEnd) {
      const wanted = numbers.u32()
      if (numbers.isBroken || wanted <= index) return undefined
      for (; index < wanted; index++) if (!list.next()) return undefined
      const key = Buffer.from(list.bytes.subarray(list.start, list.end))
      keys.push({ database: list.database, key })
    }
    return keys
  }

  #onSent(result: TransferResult, count: number): void {
    if (!result.isDone) return this.#done(false)
    this.refused += result.refused
    this.#parts.counters.keysPushed += count - result.absent - result.refused
    if (this.#cursor === 0) this.#done(true)
    else this.#offer()
  }
}
