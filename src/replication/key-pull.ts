/**
 * Key pull [Machine]: fetches what one other owner has under some keys, as many at a time as it answers with, until all
 * are here. It does not know why.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { READ_ENTRIES } from './owner-answers.ts'
import { type KeyName, writeKeyName } from './peer-port.ts'
import type { ExchangeParts } from './slot-pull.ts'

export interface PulledKeys {
  /** The owner has answered for every key. */
  isDone: boolean
  /** Here now. */
  keys: number
  bytes: number
}

/** `done` follows exactly once: within the call when there is nothing to fetch. */
export function pullKeys(
  parts: ExchangeParts,
  peerId: string,
  keys: readonly KeyName[],
  done: (pulled: PulledKeys) => void,
): void {
  new KeyPull(parts, peerId, keys, done).goOn()
}

class KeyPull {
  readonly #parts: ExchangeParts
  readonly #peerId: string
  readonly #keys: readonly KeyName[]
  readonly #done: (pulled: PulledKeys) => void
  readonly #pulled: PulledKeys = { isDone: true, keys: 0, bytes: 0 }
  #next = 0

  constructor(
    parts: ExchangeParts,
    peerId: string,
    keys: readonly KeyName[],
    done: (pulled: PulledKeys) => void,
  ) {
    this.#parts = parts
    this.#peerId = peerId
    this.#keys = keys
    this.#done = done
  }

  goOn(): void {
    if (this.#next >= this.#keys.length) return this.#done(this.#pulled)
    const { deadlineMs, peers } = this.#parts
    const body = new ByteWriter()
    for (let at = this.#next; at < this.#keys.length; at++) writeKeyName(this.#keys[at]!, body)
    const answered = (outcome: Outcome) => this.#onEntries(outcome)
    peers.ask(this.#peerId, verbs.read, [READ_ENTRIES], body.bytes, deadlineMs(), answered, 0, body.length)
  }

  #fail(): void {
    this.#pulled.isDone = false
    this.#done(this.#pulled)
  }

  #onEntries(outcome: Outcome): void {
    if (outcome.kind === 'failed') return this.#fail()
    const { counters, replica, wallMs } = this.#parts
    const count = outcome.fields[0] as number
    if (count === 0 || count > this.#keys.length - this.#next) return this.#fail()
    const { applied, refusals } = replica.onTransfer(outcome.body, wallMs())
    const bytes = outcome.end - outcome.start
    counters.keysPulled += applied
    counters.bytesPulled += bytes
    this.#pulled.keys += applied
    this.#pulled.bytes += bytes
    if (refusals.some(({ reason }) => reason !== 'ahead')) return this.#fail()
    this.#next += count
    this.goOn()
  }
}
