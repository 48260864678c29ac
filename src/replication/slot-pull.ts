/**
 * Slot pull [Machine]: brings one slot up to what one other owner has there: pages of its versions, and after each the
 * entries and removals that are newer than ours. One question is under way at a time.
 *
 *   versions(cursor) -> what is newer? -> read(keys) until all are here -> next page
 *
 * What changes over there meanwhile comes as effects; a page goes on where the last one ended, whatever came or went.
 * It does not know why, and settles nothing.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { VersionList } from './entry-transfer.ts'
import { READ_ENTRIES } from './owner-answers.ts'
import { type KeyName, type PeerPort, writeKeyName } from './peer-port.ts'
import type { Replica } from './replica.ts'

/** What pulls and pushes work with. */
export interface ExchangeParts {
  readonly space: Keyspace
  readonly replica: Replica
  readonly peers: PeerPort
  readonly wallMs: () => number
  /** How long an answer with a page, or with a page's entries, may take. */
  readonly deadlineMs: () => number
  readonly counters: { pages: number; keysPulled: number; keysPushed: number; bytesPulled: number }
}

const NOTHING = Buffer.alloc(0)

export class SlotPull {
  readonly slot: number
  readonly peerId: string
  /** What has come of entries so far. */
  bytes = 0
  readonly #parts: ExchangeParts
  readonly #done: (isDone: boolean) => void
  readonly #standing: Standing
  #cursor = 0
  #wanted: KeyName[] = []
  #next = 0

  constructor(parts: ExchangeParts, peerId: string, slot: number, done: (isDone: boolean) => void) {
    this.#parts = parts
    this.peerId = peerId
    this.slot = slot
    this.#done = done
    this.#standing = new Standing(parts.space)
  }

  start(): void {
    this.#askPage()
  }

  #askPage(): void {
    const { counters, deadlineMs, peers } = this.#parts
    counters.pages++
    const fields = [this.slot, this.#cursor]
    peers.ask(this.peerId, verbs.versions, fields, NOTHING, deadlineMs(), (outcome) => this.#onPage(outcome))
  }

  #onPage(outcome: Outcome): void {
    if (outcome.kind === 'failed') return this.#done(false)
    const { bytes, start, end } = outcome
    this.#cursor = outcome.fields[0] as number
    this.#parts.space.nowMs = this.#parts.wallMs()
    this.#wanted = []
    this.#next = 0
    const list = new VersionList(new ByteReader(bytes, start, end))
    while (list.next()) {
      if (!list.isNewerThanHere(this.#standing)) continue
      this.#wanted.push({ database: list.database, key: Buffer.from(bytes.subarray(list.start, list.end)) })
    }
    if (list.isBroken) return this.#done(false)
    this.#goOn()
  }

  #goOn(): void {
    if (this.#next < this.#wanted.length) this.#askEntries()
    else if (this.#cursor !== 0) this.#askPage()
    else this.#done(true)
  }

  #askEntries(): void {
    const { deadlineMs, peers } = this.#parts
    const body = new ByteWriter()
    for (let at = this.#next; at < this.#wanted.length; at++) writeKeyName(this.#wanted[at]!, body)
    const answered = (outcome: Outcome) => this.#onEntries(outcome)
    peers.ask(this.peerId, verbs.read, [READ_ENTRIES], body.bytes, deadlineMs(), answered, 0, body.length)
  }

  #onEntries(outcome: Outcome): void {
    if (outcome.kind === 'failed') return this.#done(false)
    const { counters, replica, wallMs } = this.#parts
    const count = outcome.fields[0] as number
    if (count === 0 || count > this.#wanted.length - this.#next) return this.#done(false)
    const { applied, refusals } = replica.onTransfer(outcome.body, wallMs())
    counters.keysPulled += applied
    this.bytes += outcome.end - outcome.start
    counters.bytesPulled += outcome.end - outcome.start
    if (refusals.some(({ reason }) => reason !== 'ahead')) return this.#done(false)
    this.#next += count
    this.#goOn()
  }
}
