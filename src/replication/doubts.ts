/**
 * Doubts [Machine]: writes that were run here and that too few owners confirmed, because slots were changing hands or a
 * link broke just then. Most of them are safe all the same - who acts next pulled them, or a repair brought them - so
 * the owners are asked how the keys stand before anybody is told that the outcome is open.
 *
 *   batch refused or missed -> asked, every tick -> X serves the slot, holds the write, and a quorum that has promised the
 *                                 |                 slot to X holds it too: confirmed
 *                                 +-> time is up, or the key was replaced by who did not know the write: open
 *
 * That is the very condition under which a batch counts (claims.ts): whoever claims the slot later asks one of that quorum.
 * An owner holds a write when its key stands at the write's version or at one that was built on it, made under X's term or
 * the one before: under a term between somebody may have acted who never knew of the write, and what he made would win
 * over it. So who still serves the slot, under a later term, says once more what stands there (Raft 5.4.2: only what was
 * made under the present term is confirmed by counting). It knows no clients.
 */
import type { Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { slotOf } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import type { Barrier } from './barrier.ts'
import type { Claims } from './claims.ts'
import { EffectReader } from './effect-reader.ts'
import { READ_PROMISES, readPromisedStanding } from './owner-answers.ts'
import { nameOf, type PeerPort, type SlottedKey, writeKeyName } from './peer-port.ts'
import { SERVING, type SlotRoles } from './slot-roles.ts'

export interface DoubtParts {
  readonly selfId: string
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly claims: Claims
}

export interface DoubtPorts extends PeerPort {
  monotonicMs(): number
  /** There is something to flush at the end of this round. */
  wake(): void
  /** What stands there is written once more, under this node's term. */
  renew(ref: number): void
}

export interface DoubtLimits {
  /** Keys in doubt; what is more is open at once. */
  keysMax: number
  /** Versions remembered that are known to be built on a write. */
  descendantsMax: number
  /** How long an owner may take to answer. */
  askMs: number
}

interface OwnersWord {
  readonly version: string
  readonly term: number
  readonly holder: string
  readonly promisedTerm: number
  readonly isServing: boolean
}

/** One key a doubted batch wrote. */
interface DoubtedKey {
  readonly database: number
  readonly key: Buffer
  readonly slot: number
  /** The write's version, and those built on it. */
  readonly lineage: Set<string>
  readonly words: Map<string, OwnersWord>
  hasQuorum: boolean
  hasAll: boolean
}

interface Doubt {
  readonly keys: DoubtedKey[]
  readonly deadlineMs: number
  barriers: readonly Barrier[]
}

export class Doubts {
  limits: DoubtLimits = { keysMax: 8192, descendantsMax: 64, askMs: 400 }
  readonly counters = { opened: 0, confirmed: 0, leftOpen: 0, overwritten: 0, dropped: 0 }
  readonly #parts: DoubtParts
  readonly #ports: DoubtPorts
  readonly #doubts = new Set<Doubt>()
  readonly #byName = new Map<string, { doubt: Doubt; key: DoubtedKey }[]>()
  readonly #standing: Standing
  #keyCount = 0
  #isAskDue = false
  #outstanding = 0

  constructor(parts: DoubtParts, ports: DoubtPorts) {
    this.#parts = parts
    this.#ports = ports
    this.#standing = new Standing(parts.space)
  }

  /** Keys in doubt. */
  get size(): number {
    return this.#keyCount
  }

  /** These effects of ours will not be confirmed as batches are; who waits for them waits here, until `deadlineMs`. */
  open(barriers: readonly Barrier[], bytes: Buffer, length: number, deadlineMs: number): void {
    const keys = this.#keysOf(bytes, length)
    if (keys !== undefined) return this.#open(keys, barriers, deadlineMs)
    this.counters.overwritten++
    for (const barrier of barriers) barrier.onBatchFailed()
  }

  #open(keys: DoubtedKey[], barriers: readonly Barrier[], deadlineMs: number): void {
    this.counters.opened++
    if (this.#keyCount + keys.length > this.limits.keysMax) {
      this.counters.dropped++
      for (const barrier of barriers) barrier.onBatchFailed()
      return
    }
    const doubt: Doubt = { keys, deadlineMs, barriers }
    this.#doubts.add(doubt)
    this.#keyCount += keys.length
    for (const key of keys) {
      const name = nameOf(key.database, key.key, 0, key.key.length)
      const others = this.#byName.get(name)
      if (others === undefined) this.#byName.set(name, [{ doubt, key }])
      else others.push({ doubt, key })
    }
    this.#isAskDue = true
    this.#ports.wake()
  }

  /** Another node's effect or entry has been applied here; `fits`: it was built on the version that was here. */
  onForeign(
    database: number,
    bytes: Buffer,
    start: number,
    end: number,
    version: number,
    term: number,
    fits: boolean,
  ): void {
    const known = this.#byName.get(nameOf(database, bytes, start, end))
    if (known === undefined) return
    for (const { doubt, key } of [...known]) {
      if (fits) {
        this.#descend(key, version, term)
        this.#judge(doubt)
      } else if (!key.lineage.has(versionName(version, term))) this.#end(doubt, false, 'overwritten')
    }
  }

  /** This node serves some slots again: what is renewed there is renewed before anybody reads it. */
  onSettled(): void {
    for (const doubt of this.#doubts) this.#judge(doubt)
  }

  /** The end of a round. */
  flush(): void {
    if (!this.#isAskDue) return
    this.#isAskDue = false
    this.#ask()
  }

  onTick(nowMs: number): void {
    for (const doubt of this.#doubts) {
      if (nowMs >= doubt.deadlineMs) this.#end(doubt, false, 'leftOpen')
      else this.#judge(doubt)
    }
    if (this.#doubts.size > 0 && this.#outstanding === 0) this.#ask()
  }

  /** Undefined: one of them was replaced since, by who may not have known of the write. */
  #keysOf(bytes: Buffer, length: number): DoubtedKey[] | undefined {
    const keys = new Map<string, DoubtedKey>()
    const effects = new EffectReader(bytes, length)
    while (effects.next()) {
      const { database, keyEnd, keyStart, term, version } = effects
      const name = nameOf(database, bytes, keyStart, keyEnd)
      if (!this.#isInWhatStands(effects, bytes)) return undefined
      // The last write of the batch stands for those before it: each is built on the one before.
      const key = Buffer.from(bytes.subarray(keyStart, keyEnd))
      const slot = slotOf(bytes, keyStart, keyEnd)
      keys.set(name, doubted({ database, key, slot }, versionName(version, term)))
    }
    return [...keys.values()]
  }

  /** Under one term everything is built on what was before; what another term has brought since may know nothing of it. */
  #isInWhatStands({ database, keyEnd, keyStart, term, version }: EffectReader, bytes: Buffer): boolean {
    const standing = this.#standing
    standing.look(database, bytes, keyStart, keyEnd)
    return standing.term === term && standing.version >= version
  }

  #descend({ lineage }: DoubtedKey, version: number, term: number): void {
    lineage.add(versionName(version, term))
    if (lineage.size <= this.limits.descendantsMax) return
    for (const oldest of lineage) {
      lineage.delete(oldest)
      break
    }
  }

  #ask(): void {
    const { roles, selfId } = this.#parts
    const letters = new Map<string, { body: ByteWriter; keys: { doubt: Doubt; key: DoubtedKey }[] }>()
    for (const doubt of this.#doubts) {
      for (const key of doubt.keys) {
        for (const peerId of roles.ownersOf(key.slot)) {
          if (peerId === selfId) continue
          let letter = letters.get(peerId)
          if (letter === undefined) letters.set(peerId, (letter = { body: new ByteWriter(), keys: [] }))
          writeKeyName(key, letter.body)
          letter.keys.push({ doubt, key })
        }
      }
    }
    for (const [peerId, { body, keys }] of letters) {
      this.#outstanding++
      const answered = (outcome: Outcome): void => {
        this.#outstanding--
        if (outcome.kind === 'answer') this.#read(peerId, keys, outcome)
      }
      const { askMs } = this.limits
      this.#ports.ask(peerId, verbs.read, [READ_PROMISES], body.bytes, askMs, answered, 0, body.length)
    }
  }

  #read(
    peerId: string,
    keys: readonly { doubt: Doubt; key: DoubtedKey }[],
    { bytes, start, end }: { bytes: Buffer; start: number; end: number },
  ): void {
    const input = new ByteReader(bytes, start, end)
    // Judged once each, after all words: a doubt may have a thousand keys.
    const spokenOf = new Set<Doubt>()
    for (const { doubt, key } of keys) {
      const word = readPromisedStanding(input)
      if (word === undefined) break
      key.words.set(peerId, { ...word, version: versionName(word.version, word.term) })
      spokenOf.add(doubt)
    }
    for (const doubt of spokenOf) if (this.#doubts.has(doubt)) this.#judge(doubt)
  }

  #judge(doubt: Doubt): void {
    for (const key of doubt.keys) {
      if (key.hasAll) continue
      this.#renew(key)
      this.#count(key)
    }
    const hasQuorum = doubt.keys.every((key) => key.hasQuorum)
    if (!hasQuorum) return
    const hasAll = doubt.keys.every((key) => key.hasAll)
    const confirmed = doubt.barriers.filter(({ wantsAll }) => hasAll || !wantsAll)
    doubt.barriers = doubt.barriers.filter((barrier) => !confirmed.includes(barrier))
    for (const barrier of confirmed) barrier.onBatchConfirmed()
    if (doubt.barriers.length === 0) this.#end(doubt, true, 'confirmed')
  }

  /** A removal is not renewed: it is confirmed as it is, or open. */
  #renew({ database, key, slot }: DoubtedKey): void {
    const { claims, roles, selfId, space } = this.#parts
    if (roles.roles[slot] !== SERVING || claims.holderOf(slot) !== selfId) return
    this.#standing.look(database, key, 0, key.length)
    const { here, ref, term } = this.#standing
    if (here !== 'entry' || isCurrent(term, space.terms[slot]!)) return
    this.#ports.renew(ref)
    // Behind what has just been written: whoever takes that says so.
    this.#isAskDue = true
    this.#ports.wake()
  }

  #count(key: DoubtedKey): void {
    const { roles, selfId } = this.#parts
    const owners = roles.ownersOf(key.slot)
    key.words.set(selfId, this.#ownWord(key))
    for (const id of owners) {
      const acting = key.words.get(id)
      if (acting === undefined || !acting.isServing || !key.lineage.has(acting.version)) continue
      const holders = owners.filter((owner) => {
        const word = key.words.get(owner)
        if (word === undefined || word.holder !== id || !key.lineage.has(word.version)) return false
        return isCurrent(word.term, acting.promisedTerm)
      })
      if (!holders.includes(id)) continue
      key.hasQuorum ||= holders.length > owners.length >> 1
      key.hasAll ||= holders.length === owners.length
    }
  }

  #ownWord(key: DoubtedKey): OwnersWord {
    const { claims, roles } = this.#parts
    const standing = this.#standing
    standing.look(key.database, key.key, 0, key.key.length)
    const { term, version } = standing
    // What is here has the write in it, or `onForeign` would have ended the doubt.
    if (version !== 0) this.#descend(key, version, term)
    return {
      version: versionName(version, term),
      term,
      holder: claims.holderOf(key.slot),
      promisedTerm: claims.termOf(key.slot),
      isServing: roles.roles[key.slot] === SERVING,
    }
  }

  #end(doubt: Doubt, isConfirmed: boolean, counter: 'confirmed' | 'leftOpen' | 'overwritten'): void {
    if (!this.#doubts.delete(doubt)) return
    this.counters[counter]++
    this.#keyCount -= doubt.keys.length
    for (const key of doubt.keys) {
      const name = nameOf(key.database, key.key, 0, key.key.length)
      const left = this.#byName.get(name)!.filter((one) => one.doubt !== doubt)
      if (left.length === 0) this.#byName.delete(name)
      else this.#byName.set(name, left)
    }
    if (!isConfirmed) for (const barrier of doubt.barriers) barrier.onBatchFailed()
  }
}

function doubted(name: SlottedKey, version: string): DoubtedKey {
  return { ...name, lineage: new Set([version]), words: new Map(), hasQuorum: false, hasAll: false }
}

/** Nobody can have acted between: there is no term there. */
function isCurrent(term: number, actingTerm: number): boolean {
  return term >= actingTerm - 1
}

function versionName(version: number, term: number): string {
  return `${version} ${term}`
}
