/**
 * Slot stream [Machine]: brings slots of which next to nothing is here from one other owner, many in a row: frames of whole
 * entries and removals, one question under way at a time. A slot is reported as soon as it is here to its end, so that what
 * waits for it waits no longer; after a failure the slots that are left are reported as failed. It does not know why.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import type { ExchangeParts } from './slot-pull.ts'

export interface SlotStreamEvents {
  /** May the next frame be asked for? No: `goOn` is called when it may. */
  mayGoOn(): boolean
  onFrame(bytes: number): void
  onSlot(slot: number, isDone: boolean): void
  /** All slots have been reported. */
  onEnd(): void
}

export class SlotStream {
  readonly peerId: string
  readonly #parts: ExchangeParts
  readonly #slots: readonly number[]
  readonly #events: SlotStreamEvents
  #next = 0
  #cursor = 0
  #isAsking = false

  constructor(parts: ExchangeParts, peerId: string, slots: readonly number[], events: SlotStreamEvents) {
    this.#parts = parts
    this.peerId = peerId
    this.#slots = slots
    this.#events = events
  }

  goOn(): void {
    if (this.#isAsking || this.#next >= this.#slots.length || !this.#events.mayGoOn()) return
    this.#isAsking = true
    const { counters, deadlineMs, peers } = this.#parts
    counters.pages++
    const body = new ByteWriter()
    for (let at = this.#next; at < this.#slots.length; at++) body.u16(this.#slots[at]!)
    const answered = (outcome: Outcome) => this.#onAnswer(outcome)
    peers.ask(this.peerId, verbs.stream, [this.#cursor], body.bytes, deadlineMs(), answered, 0, body.length)
  }

  #onAnswer(outcome: Outcome): void {
    this.#isAsking = false
    if (outcome.kind === 'failed') return this.#fail()
    const [told, cursor] = outcome.fields as [number, number]
    const left = this.#slots.length - this.#next
    const hasMoved = told > 0 || cursor > this.#cursor
    if (told > left || (told === left && cursor !== 0) || !hasMoved) return this.#fail()
    const { counters, replica, wallMs } = this.#parts
    const bytes = outcome.end - outcome.start
    const { applied, refusals } = replica.onTransfer(outcome.body, wallMs())
    counters.keysPulled += applied
    counters.bytesPulled += bytes
    this.#events.onFrame(bytes)
    if (refusals.some(({ reason }) => reason !== 'ahead')) return this.#fail()
    const from = this.#next
    this.#next += told
    this.#cursor = cursor
    for (let at = from; at < from + told; at++) this.#events.onSlot(this.#slots[at]!, true)
    if (this.#next >= this.#slots.length) this.#events.onEnd()
    else this.goOn()
  }

  #fail(): void {
    const from = this.#next
    this.#next = this.#slots.length
    for (let at = from; at < this.#slots.length; at++) this.#events.onSlot(this.#slots[at]!, false)
    this.#events.onEnd()
  }
}
