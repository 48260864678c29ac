/**
 * Late keys [Machine]: this node holds values of which another owner has no trace, as old as removals that are forgotten
 * by now: were they removed? All owners are asked how the keys stand. What is confirmed is held by a quorum, so:
 *
 *   a quorum holds it              it lives: who lacks it is sent it, and takes it
 *   somebody knows something newer  that is fetched
 *   a quorum cannot hold it         it was removed, or never confirmed: it goes here too
 *   else                            some owner is not in reach: it stays as it is, and comes up again
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { slotOf } from '../store/hash-slot.ts'
import { Standing } from '../store/standing.ts'
import { pullKeys } from './key-pull.ts'
import { READ_STANDINGS, STANDS_AS_ENTRY, STANDS_AS_TOMBSTONE, STANDS_NOWHERE } from './owner-answers.ts'
import { type KeyName, writeKeyName } from './peer-port.ts'
import { supersedes } from './resolve.ts'
import type { ExchangeParts } from './slot-pull.ts'
import type { SlotRoles } from './slot-roles.ts'
import type { Transfers } from './transfers.ts'

/** Asked about at the same time; more come up again when slots are compared next. */
const KEYS_MAX = 16_384
const DEADLINE_MS = 5000

export interface LateParts {
  readonly exchange: ExchangeParts
  readonly roles: SlotRoles
  readonly transfers: Transfers
}

interface LateKey extends KeyName {
  readonly version: number
  readonly term: number
  readonly peerIds: readonly string[]
  readonly quorum: number
  /** This node among them. */
  holders: number
  unknown: number
  newerAt: string
  readonly lackedBy: string[]
}

export class LateKeys {
  readonly counters = { asked: 0, confirmed: 0, outdated: 0, removed: 0, undecided: 0 }
  readonly #parts: LateParts
  readonly #standing: Standing
  #asked = 0

  constructor(parts: LateParts) {
    this.#parts = parts
    this.#standing = new Standing(parts.exchange.space)
  }

  /** How many are being asked about. */
  get count(): number {
    return this.#asked
  }

  resolve(keys: readonly KeyName[]): void {
    const late = keys.slice(0, KEYS_MAX - this.#asked).flatMap((name) => this.#lateKey(name) ?? [])
    if (late.length === 0) return
    this.#asked += late.length
    this.counters.asked += late.length
    const byPeer = new Map<string, LateKey[]>()
    for (const key of late)
      for (const peerId of key.peerIds) {
        const own = byPeer.get(peerId)
        if (own === undefined) byPeer.set(peerId, [key])
        else own.push(key)
      }
    let open = byPeer.size
    for (const [peerId, own] of byPeer) {
      const body = new ByteWriter()
      for (const key of own) writeKeyName(key, body)
      const answered = (outcome: Outcome): void => {
        this.#onStandings(peerId, own, outcome)
        if (--open === 0) this.#decide(late)
      }
      const { peers } = this.#parts.exchange
      peers.ask(peerId, verbs.read, [READ_STANDINGS], body.bytes, DEADLINE_MS, answered, 0, body.length)
    }
  }

  #lateKey(name: KeyName): LateKey | undefined {
    const { roles } = this.#parts
    const slot = slotOf(name.key, 0, name.key.length)
    const group = roles.groups[roles.groupOf[slot]!]
    if (!this.#look(name) || group === undefined || group.peerIds.length === 0) return undefined
    const { term, version } = this.#standing
    const { peerIds } = group
    const quorum = group.acksForQuorum + 1
    return {
      ...name,
      version,
      term,
      peerIds,
      quorum,
      holders: 1,
      unknown: peerIds.length,
      newerAt: '',
      lackedBy: [],
    }
  }

  /** Is there an entry here? */
  #look({ database, key }: KeyName): boolean {
    const { space, wallMs } = this.#parts.exchange
    space.nowMs = wallMs()
    this.#standing.look(database, key, 0, key.length)
    return this.#standing.here === 'entry'
  }

  #onStandings(peerId: string, keys: readonly LateKey[], outcome: Outcome): void {
    if (outcome.kind === 'failed') return
    const input = new ByteReader(outcome.bytes, outcome.start, outcome.end)
    const count = Math.min(keys.length, outcome.fields[0] as number)
    for (let at = 0; at < count; at++) {
      const here = input.u8()
      const version = input.f64()
      const term = input.u32()
      if (input.isBroken) return
      noteStanding(keys[at]!, peerId, here, version, term)
    }
  }

  #decide(late: readonly LateKey[]): void {
    this.#asked -= late.length
    const pushes = new Map<string, LateKey[]>()
    const pulls = new Map<string, LateKey[]>()
    for (const key of late) {
      // It may have changed meanwhile.
      if (!this.#look(key) || this.#standing.version !== key.version) continue
      if (key.newerAt !== '') {
        this.counters.outdated++
        push(pulls, key.newerAt, key)
      } else if (key.holders >= key.quorum) {
        this.counters.confirmed++
        for (const peerId of key.lackedBy) push(pushes, peerId, key)
      } else if (key.holders + key.unknown < key.quorum) this.#remove(key)
      else this.counters.undecided++
    }
    const { exchange, transfers } = this.#parts
    for (const [peerId, keys] of pushes) transfers.sendConfirmed(peerId, keys, () => {})
    for (const [peerId, keys] of pulls) pullKeys(exchange, peerId, keys, () => {})
  }

  /** No news for anybody: nobody else knows of it. Its own version stays dead here. */
  #remove({ term, version }: LateKey): void {
    const { space } = this.#parts.exchange
    this.counters.removed++
    space.forcedVersion = version
    space.forcedTerm = term
    space.remove(this.#standing.ref)
    space.forcedVersion = 0
    space.forcedTerm = 0
  }
}

function noteStanding(key: LateKey, peerId: string, here: number, version: number, term: number): void {
  const isKnown = here === STANDS_NOWHERE || here === STANDS_AS_ENTRY || here === STANDS_AS_TOMBSTONE
  if (!isKnown) return
  key.unknown--
  const isNewer = here !== STANDS_NOWHERE && supersedes(version, term, key.version, key.term)
  if (isNewer) key.newerAt = peerId
  else if (here === STANDS_AS_ENTRY && version === key.version && term === key.term) key.holders++
  else if (here === STANDS_NOWHERE) key.lackedBy.push(peerId)
}

function push(into: Map<string, LateKey[]>, peerId: string, key: LateKey): void {
  const keys = into.get(peerId)
  if (keys === undefined) into.set(peerId, [key])
  else keys.push(key)
}
