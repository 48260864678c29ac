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
import { ByteReader } from '../store/byte-writer.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { VersionList } from './entry-transfer.ts'
import { pullKeys } from './key-pull.ts'
import type { KeyName, PeerPort } from './peer-port.ts'
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
    const wanted: KeyName[] = []
    const list = new VersionList(new ByteReader(bytes, start, end))
    while (list.next()) {
      if (!list.isNewerThanHere(this.#standing)) continue
      wanted.push({ database: list.database, key: Buffer.from(bytes.subarray(list.start, list.end)) })
    }
    if (list.isBroken) return this.#done(false)
    pullKeys(this.#parts, this.peerId, wanted, ({ bytes: pulledBytes, isDone }) => {
      this.bytes += pulledBytes
      if (isDone && this.#cursor !== 0) this.#askPage()
      else this.#done(isDone)
    })
  }
}
