/**
 * Replica [Machine]: takes in what other owners send: effects of an acting primary in batches, and whole entries
 * (pulled, hinted, repaired). Every effect passes the same gate:
 *
 *   frame sound? -> sender the acting primary of the slot? -> version near our clock? -> clock observes it -> Replay
 *
 * A gap (it builds on what is not here) makes the replica ask the sender once for the whole entry; until that is in,
 * the batch counts as waiting, and its sender is told when it no longer does. Versions too far ahead of our clock are
 * refused before the clock sees them, so that one bad clock cannot spoil all others. It knows neither links nor who
 * is alive: `mayAct` answers whether the sender is, in our view, the acting primary of a slot.
 */
import type { Replay, ReplayOutcome } from '../commands/replay.ts'
import { wallMsOf } from '../hlc.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import { EFFECT_PUT, EFFECT_REMOVE } from '../store/effect-header.ts'
import { EffectScan } from '../store/effect-scan.ts'
import { SLOT_COUNT, slotOf } from '../store/hash-slot.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { writeRemoval } from './entry-transfer.ts'
import { isLate } from './lateness.ts'
import { type Pull, Pulls } from './pulls.ts'
import { type Acknowledgement, Received, type Refusal, type RefusalReason } from './received.ts'
import { supersedes } from './resolve.ts'

/** Told of everything applied here that was made elsewhere, while it asks for it. */
export interface ForeignObserver {
  /** Keys it wants to hear of; 0: none. */
  readonly size: number
  onForeign(
    database: number,
    bytes: Buffer,
    start: number,
    end: number,
    version: number,
    term: number,
    fits: boolean,
  ): void
}

export interface ReplicaPorts {
  /** Ask this owner for the whole entry; exactly one `onPulled` follows, and not within this call. */
  pull(owner: string, slot: number, database: number, key: Buffer): void
  /** An entry of this term comes in whole: somebody has acted under it. False: there cannot be such a term. */
  noteTerm(slot: number, term: number): boolean
  /** Something about earlier batches has changed: send `acknowledgementFor(sender)` again. */
  acknowledge(sender: string): void
  /** Has this node seen all that was confirmed in the slot? Without it it has not. */
  isWhole?(slot: number): boolean
  /** Is there no room for more, at the utmost? Without it there always is. */
  isFull?(): boolean
}

export interface ReplicaLimits {
  /** How far a version may be ahead of our clock: at least twice what a clock may be off, for ours may lag. */
  driftMsMax: number
  /** Refusals, and ranges of lost batches, kept for one sender. */
  exceptionsMax: number
}

export interface EffectBatch {
  readonly sender: string
  readonly number: number
  /** The batch sent to us before this one over the same link; 0: this is the first. */
  readonly previous: number
  /** The sender awaits nothing about batches below this one. */
  readonly floor: number
  readonly bytes: Buffer
}

export interface Verdict {
  /** Done now, or done before. */
  applied: number
  /** Effects whose entry has been asked for. */
  waiting: number
  refusals: Refusal[]
}

/** May the sender of a batch act for this slot under this term? */
export type MayAct = (slot: number, term: number) => boolean

const NO_KEY = Buffer.alloc(0)

export class Replica {
  readonly limits: ReplicaLimits = { driftMsMax: 120_000, exceptionsMax: 1024 }
  readonly pulls = new Pulls()
  observer: ForeignObserver | null = null
  readonly counters = {
    applied: 0,
    gaps: 0,
    healed: 0,
    pulls: 0,
    pullsFailed: 0,
    lostBatches: 0,
    refused: { gap: 0, ahead: 0, outranked: 0, skewed: 0, broken: 0, full: 0, late: 0 },
  }
  readonly #space: Keyspace
  readonly #replay: Replay
  readonly #ports: ReplicaPorts
  readonly #bySender = new Map<string, Received>()
  readonly #standing: Standing
  readonly #removal = new ByteWriter()
  readonly #told = new Set<string>()
  readonly #scan = new EffectScan()

  constructor(space: Keyspace, replay: Replay, ports: ReplicaPorts) {
    this.#space = space
    this.#replay = replay
    this.#ports = ports
    this.#standing = new Standing(space)
  }

  /** The bytes are used during the call only. Send `acknowledgementFor(batch.sender)` afterwards. */
  onEffects(batch: EffectBatch, mayAct: MayAct, nowMs: number): Verdict {
    const received = this.#receivedFrom(batch)
    received.forgetBefore(batch.floor)
    if (!received.onBatch(batch.number, batch.previous)) this.counters.lostBatches++
    const verdict: Verdict = { applied: 0, waiting: 0, refusals: [] }
    const input = new ByteReader(batch.bytes, 0, batch.bytes.length)
    const scan = this.#scan
    const { ahead } = this.#space
    scan.until = 0
    for (let index = 0; !input.isAtEnd; index++) {
      if (input.position >= scan.until) {
        scan.scan(batch.bytes, input.position)
        ahead.expect(scan)
      }
      const reason = this.#takeEffect(input, mayAct, nowMs)
      if (reason === null) verdict.applied++
      else if (reason === 'gap' && this.#letWait(batch, received, index)) verdict.waiting++
      else {
        const refusal = this.#refusal(batch, index, reason)
        verdict.refusals.push(refusal)
        received.refuse(refusal)
        if (reason === 'broken') break
      }
    }
    ahead.forget()
    this.#tell(batch.sender)
    return verdict
  }

  acknowledgementFor(sender: string): Acknowledgement {
    const received = this.#bySender.get(sender)
    return received?.acknowledgement() ?? { upTo: 0, waiting: [], refusals: [], lost: [] }
  }

  /** Whole entries and removals of any number of keys, from whoever has them. Those older than what is here are passed over. */
  onTransfer(bytes: Buffer, nowMs: number): Verdict {
    const verdict = this.#takeTransfer(bytes, nowMs, false)
    this.#tell('')
    return verdict
  }

  /** The same, sent unasked on one owner's word: what may have been removed and forgotten is refused (lateness.ts). */
  onSent(bytes: Buffer, nowMs: number): Verdict {
    const verdict = this.#takeTransfer(bytes, nowMs, true)
    this.#tell('')
    return verdict
  }

  /**
   * What was asked for by `pull`: bytes of entry-transfer; none, if the owner knows nothing of the key (it is over
   * there); null, if there was no answer. An owner that is not ready must not answer.
   */
  onPulled(database: number, key: Buffer, bytes: Buffer | null, nowMs: number): void {
    const pull = this.pulls.find(database, key, 0, key.length)
    let isAnswered = bytes !== null
    if (bytes !== null && bytes.length !== 0) {
      isAnswered = this.#takeTransfer(bytes, nowMs, false).refusals.every(({ reason }) => reason === 'ahead')
    } else if (bytes !== null && pull !== undefined) this.#takeAbsence(pull, nowMs)
    if (!isAnswered) this.counters.pullsFailed++
    if (pull !== undefined) this.#settle(pull, !isAnswered, nowMs)
    this.#tell('')
  }

  /**
   * Everything in a physical database (-1: in all) up to this version is gone, as another node made known. What is
   * newer stays. False: the version is too far ahead of our clock.
   */
  onFlush(database: number, version: number, nowMs: number): boolean {
    const space = this.#space
    if (this.#isSkewed(version, nowMs)) return false
    const coversAll = space.hlc.last <= version
    space.hlc.observe(version)
    space.nowMs = nowMs
    space.forcedVersion = version
    if (coversAll) space.clear(database)
    else this.#clearUpTo(database, version)
    space.forcedVersion = 0
    space.forcedTerm = 0
    return true
  }

  /** A member is no more, or a link to it ended for good. */
  forget(sender: string): void {
    this.#bySender.delete(sender)
  }

  #clearUpTo(database: number, version: number): void {
    const { entries, index, tombstones } = this.#space
    tombstones?.onFlush(database, version)
    const doomed: number[] = []
    for (let slot = 0; slot < SLOT_COUNT; slot++) {
      doomed.length = 0
      index.each(slot, (_hash, ref) => {
        const isThere = database === -1 || entries.databaseOf(ref) === database
        if (isThere && entries.versionOf(ref) <= version) doomed.push(ref)
      })
      for (const ref of doomed) this.#space.remove(ref)
    }
  }

  #receivedFrom(batch: EffectBatch): Received {
    let received = this.#bySender.get(batch.sender)
    if (received !== undefined && batch.previous !== 0) return received
    received = new Received(this.limits.exceptionsMax)
    this.#bySender.set(batch.sender, received)
    return received
  }

  /** Takes in the effect at the reader's position; answers why not, or null. */
  #takeEffect(input: ByteReader, mayAct: MayAct, nowMs: number): RefusalReason | null {
    const replay = this.#replay
    if (!replay.read(input)) {
      replay.keyEnd = -1
      return 'broken'
    }
    const { ahead } = this.#space
    ahead.place(input.bytes, replay.keyStart, replay.keyEnd)
    if (!mayAct(ahead.slot, replay.term)) return 'outranked'
    // Only what takes room: removals and shorter lives make some. Whole entries of healing come by another way.
    if (this.#ports.isFull?.() === true && replay.isGrowth) return 'full'
    return this.#applyRead(input.bytes, nowMs)
  }

  #applyRead(bytes: Buffer, nowMs: number): RefusalReason | null {
    const replay = this.#replay
    if (this.#isSkewed(replay.version, nowMs)) return 'skewed'
    this.#space.hlc.observe(replay.version)
    const outcome: ReplayOutcome = replay.applyRead(nowMs)
    if (outcome === 'broken') return 'broken'
    if (outcome === 'base-mismatch') return replay.refusal
    this.counters.applied++
    if (this.pulls.size !== 0) this.#heal(bytes)
    if (this.observer !== null && this.observer.size !== 0) {
      const { database, hasFitted, keyEnd, keyStart, term, version } = replay
      this.observer.onForeign(database, bytes, keyStart, keyEnd, version, term, hasFitted)
    }
    return null
  }

  #isSkewed(version: number, nowMs: number): boolean {
    return wallMsOf(version) > nowMs + this.limits.driftMsMax
  }

  /** The effect read last has brought its key to its version: who waited for that, or for less, waits no longer. */
  #heal(bytes: Buffer): void {
    const { database, keyStart, keyEnd, version, term } = this.#replay
    const pull = this.pulls.find(database, bytes, keyStart, keyEnd)
    if (pull !== undefined) this.counters.healed += this.pulls.heal(pull, version, term, this.#told)
  }

  /** Lets the effect read last wait for the whole entry; false: too many wait. */
  #letWait(batch: EffectBatch, received: Received, index: number): boolean {
    const { database, keyStart, keyEnd, version, term } = this.#replay
    const { sender, bytes } = batch
    let pull = this.pulls.find(database, bytes, keyStart, keyEnd) ?? null
    const isNew = pull === null
    if (pull === null) {
      const slot = slotOf(bytes, keyStart, keyEnd)
      pull = this.pulls.open(sender, slot, database, bytes, keyStart, keyEnd)
    }
    if (pull === null) return false
    const waits = this.pulls.wait(pull, { sender, received, batch: batch.number, index, version, term })
    if (waits) this.counters.gaps++
    if (waits && isNew) this.#ask(sender, pull)
    if (!waits && isNew) this.pulls.close(pull)
    return waits
  }

  #ask(owner: string, pull: Pull): void {
    this.counters.pulls++
    this.#ports.pull(owner, pull.slot, pull.database, pull.key)
  }

  #refusal(batch: EffectBatch, index: number, reason: RefusalReason): Refusal {
    const { database, keyStart, keyEnd } = this.#replay
    this.counters.refused[reason]++
    if (keyEnd < 0) return { batch: batch.number, index, slot: -1, database: 0, key: NO_KEY, reason }
    const key = Buffer.from(batch.bytes.subarray(keyStart, keyEnd))
    return { batch: batch.number, index, slot: slotOf(key, 0, key.length), database, key, reason }
  }

  #takeTransfer(bytes: Buffer, nowMs: number, mayBeLate: boolean): Verdict {
    const replay = this.#replay
    const verdict: Verdict = { applied: 0, waiting: 0, refusals: [] }
    const input = new ByteReader(bytes, 0, bytes.length)
    const batch = { sender: '', number: 0, previous: 0, floor: 0, bytes }
    const scan = this.#scan
    const { ahead } = this.#space
    scan.until = 0
    for (let index = 0; !input.isAtEnd; index++) {
      if (input.position >= scan.until) {
        scan.scan(bytes, input.position)
        ahead.expect(scan)
      }
      const isWhole = replay.read(input) && (replay.verb === EFFECT_PUT || replay.verb === EFFECT_REMOVE)
      if (!isWhole) replay.keyEnd = -1
      const reason = isWhole ? this.#takeWhole(bytes, nowMs, mayBeLate) : 'broken'
      if (reason === null) verdict.applied++
      else verdict.refusals.push(this.#refusal(batch, index, reason))
      if (reason === 'broken') break
    }
    ahead.forget()
    return verdict
  }

  #takeWhole(bytes: Buffer, nowMs: number, mayBeLate: boolean): RefusalReason | null {
    const { keyEnd, keyStart, term } = this.#replay
    const { ahead } = this.#space
    ahead.place(bytes, keyStart, keyEnd)
    const { slot } = ahead
    if (mayBeLate && this.#isLate(slot, bytes, nowMs)) return 'late'
    if (!this.#ports.noteTerm(slot, term)) return 'skewed'
    return this.#applyRead(bytes, nowMs)
  }

  #isLate(slot: number, bytes: Buffer, nowMs: number): boolean {
    const { database, keyEnd, keyStart, verb, version } = this.#replay
    if (verb !== EFFECT_PUT || version > (this.#space.tombstones?.forgottenUpTo ?? 0)) return false
    this.#space.nowMs = nowMs
    this.#standing.look(database, bytes, keyStart, keyEnd)
    return isLate(this.#space, this.#standing, version) && this.#ports.isWhole?.(slot) === true
  }

  /** Whoever made the effects that wait has nothing under this key any more: what they made is over. */
  #takeAbsence(pull: Pull, nowMs: number): void {
    let version = 0
    let term = 0
    for (const wait of pull.waits) {
      if (wait.sender !== pull.asked || !supersedes(wait.version, wait.term, version, term)) continue
      version = wait.version
      term = wait.term
    }
    if (version === 0) return
    this.#removal.clear()
    writeRemoval(pull.database, pull.key, 0, pull.key.length, version, term, this.#removal)
    this.#takeTransfer(this.#removal.bytes.subarray(0, this.#removal.length), nowMs, false)
  }

  /** After an answer, or none: who still waits is asked for again, or refused. */
  #settle(pull: Pull, hasFailed: boolean, nowMs: number): void {
    const standing = this.#standing
    this.#space.nowMs = nowMs
    standing.look(pull.database, pull.key, 0, pull.key.length)
    const { version, term } = standing
    if (version !== 0) this.counters.healed += this.pulls.heal(pull, version, term, this.#told)
    const next = this.pulls.nextToAsk(pull, hasFailed)
    if (next !== undefined) this.#ask(next, pull)
    else {
      this.counters.refused.gap += pull.waits.length
      this.pulls.giveUp(pull, this.#told)
    }
  }

  /** Everybody whose effects no longer wait, except the one who is about to be answered anyway. */
  #tell(except: string): void {
    if (this.#told.size === 0) return
    for (const sender of this.#told) if (sender !== except) this.#ports.acknowledge(sender)
    this.#told.clear()
  }
}
