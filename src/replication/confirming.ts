/**
 * Confirming [Machine]: reads that want more than this node's word. Before the command runs here, its keys are brought
 * up to what a quorum, or all, of their owners know; then it runs like any other.
 *
 *   confirm(keys) -> end of the round: one frame of questions to each owner -> answers -> newer? pull : known
 *                                        ^ asked again a moment later: not yet <-|
 *
 * Owners that turn out to be behind are sent the entry: before the answer when too few hold it, else afterwards (read
 * repair). All questions of a round travel together. It knows neither commands nor clients.
 */
import type { Answer, Outcome } from '../mesh/link-ports.ts'
import { verbs } from '../mesh/verbs.ts'
import { ByteReader, ByteWriter } from '../store/byte-writer.ts'
import type { Keyspace } from '../store/keyspace.ts'
import { Standing } from '../store/standing.ts'
import { writeRemoval } from './entry-transfer.ts'
import {
  READ_ENTRIES,
  READ_FENCED,
  STANDS_AS_ENTRY,
  STANDS_NOWHERE,
  STANDS_UNKNOWN,
} from './owner-answers.ts'
import { type KeyName, type PeerPort, type SlottedKey, writeKeyName } from './peer-port.ts'
import { type OwnersWord, Question } from './question.ts'
import type { Replica } from './replica.ts'
import type { SlotRoles } from './slot-roles.ts'
import type { TransferResult, Transfers } from './transfers.ts'

export interface ConfirmingPorts extends PeerPort {
  monotonicMs(): number
  wallMs(): number
  /** There is something to flush at the end of this round. */
  wake(): void
  /** An owner has promised the slot under this term. */
  noteTerm(slot: number, term: number): void
}

export interface ConfirmingLimits {
  /** A read not confirmed after this long is unavailable. */
  confirmMs: number
  /** How long one owner may take to hand over what is newer there; less, so that there is time for another. */
  pullMs: number
  /** Keys being confirmed; more are unavailable at once. */
  questionsMax: number
  /** Read repairs under way; more are left to the next read. */
  repairsMax: number
}

export interface ConfirmingParts {
  readonly space: Keyspace
  readonly roles: SlotRoles
  readonly replica: Replica
  readonly transfers: Transfers
}

export type ConfirmOutcome = 'ok' | 'unavailable'

/** An owner that cannot vouch for a key yet is asked again after this long: most have settled by then, or this node has. */
const AGAIN_MS = 50

/** The keys of one command. */
interface Check {
  left: number
  isOver: boolean
  readonly done: (outcome: ConfirmOutcome) => void
}

interface Asked {
  readonly question: Question
  readonly check: Check
}

interface Refused {
  readonly peerId: string
  readonly asked: Asked
  readonly againMs: number
}

interface Letter {
  readonly body: ByteWriter
  readonly asked: Asked[]
}

export class Confirming {
  limits: ConfirmingLimits = { confirmMs: 1000, pullMs: 400, questionsMax: 65_536, repairsMax: 4096 }
  readonly counters = {
    confirmed: 0,
    unavailable: 0,
    overflowed: 0,
    pulled: 0,
    readRepairs: 0,
    repairsDropped: 0,
    askedAgain: 0,
    frames: 0,
  }
  readonly #parts: ConfirmingParts
  readonly #ports: ConfirmingPorts
  readonly #letters = new Map<string, Letter>()
  /** Those whose outcome is known without asking, until the end of the round. */
  #immediate: { check: Check; outcome: ConfirmOutcome }[] = []
  /** In the order of their deadlines. */
  readonly #open = new Set<Asked>()
  /** In the order of their times; of each open question an owner stands here once at most. */
  #refused: Refused[] = []
  readonly #standing: Standing
  readonly #removal = new ByteWriter()
  readonly #name = new ByteWriter()
  /** Of letters that have left. */
  readonly #spares: ByteWriter[] = []
  #repairsUnderWay = 0

  constructor(parts: ConfirmingParts, ports: ConfirmingPorts) {
    this.#parts = parts
    this.#ports = ports
    this.#standing = new Standing(parts.space)
  }

  get openCount(): number {
    return this.#open.size
  }

  /** `done` follows exactly once, and not within the call. */
  confirm(
    keys: readonly SlottedKey[],
    level: 'quorum' | 'all',
    done: (outcome: ConfirmOutcome) => void,
  ): void {
    const check: Check = { left: keys.length, isOver: false, done }
    this.#ports.wake()
    if (keys.length === 0) this.#immediate.push({ check, outcome: 'ok' })
    else if (this.#open.size + keys.length > this.limits.questionsMax) {
      this.counters.overflowed++
      this.#immediate.push({ check, outcome: 'unavailable' })
    } else for (const name of keys) this.#ask(name, level, check)
  }

  /** The end of a round, after the effects of that round have left. */
  flush(): void {
    const immediate = this.#immediate
    if (immediate.length > 0) this.#immediate = []
    for (const { check, outcome } of immediate) this.#conclude(check, outcome)
    for (const [peerId, letter] of this.#letters) this.#send(peerId, letter)
    this.#letters.clear()
  }

  onTick(nowMs: number): void {
    this.#askAgain(nowMs)
    for (const asked of this.#open) {
      if (nowMs < asked.question.deadlineMs) break
      this.#open.delete(asked)
      if (!asked.question.isOver) this.#fail(asked)
    }
  }

  #ask({ database, key, slot }: SlottedKey, level: 'quorum' | 'all', check: Check): void {
    const { roles } = this.#parts
    const { acksForQuorum, peerIds } = roles.groups[roles.groupOf[slot]!]!
    const needed = level === 'all' ? peerIds.length : acksForQuorum
    const deadlineMs = this.#ports.monotonicMs() + this.limits.confirmMs
    // The key may lie in a chunk that is gone when the answers come.
    const name = { database, key: Buffer.from(key), slot }
    const asked = { question: new Question(name, needed, peerIds.length, deadlineMs), check }
    this.#open.add(asked)
    for (const peerId of peerIds) this.#write(peerId, asked)
    if (peerIds.length > 0) return
    this.#open.delete(asked)
    asked.question.isOver = true
    if (--check.left === 0) this.#immediate.push({ check, outcome: 'ok' })
  }

  #write(peerId: string, asked: Asked): void {
    let letter = this.#letters.get(peerId)
    if (letter === undefined) {
      letter = { body: this.#spares.pop() ?? new ByteWriter(), asked: [] }
      this.#letters.set(peerId, letter)
    }
    letter.asked.push(asked)
    writeKeyName(asked.question.name, letter.body)
  }

  #askAgain(nowMs: number): void {
    const refused = this.#refused
    let count = 0
    while (count < refused.length && refused[count]!.againMs <= nowMs) count++
    if (count === 0) return
    this.#refused = refused.slice(count)
    this.#ports.wake()
    for (const { asked, peerId } of refused.slice(0, count)) {
      const { question } = asked
      if (question.deadlineMs <= nowMs) continue
      if (question.isOver) {
        question.onSilence()
        this.#goOn(asked)
        continue
      }
      this.counters.askedAgain++
      this.#write(peerId, asked)
    }
  }

  /** The owner has yet to answer: what stands between is likely to be over soon. */
  #refuse(asked: Asked, peerId: string): void {
    if (asked.question.isOver) return asked.question.onSilence()
    this.#refused.push({ peerId, asked, againMs: this.#ports.monotonicMs() + AGAIN_MS })
  }

  #send(peerId: string, { asked, body }: Letter): void {
    this.counters.frames++
    const answered = (outcome: Outcome) => this.#onLetter(peerId, asked, outcome)
    const { confirmMs } = this.limits
    this.#ports.ask(peerId, verbs.read, [READ_FENCED], body.bytes, confirmMs, answered, 0, body.length)
    body.clear()
    this.#spares.push(body)
  }

  #onLetter(peerId: string, asked: readonly Asked[], outcome: Outcome): void {
    if (outcome.kind === 'answer') this.#readLetter(peerId, asked, outcome)
    else for (const { question } of asked) question.onSilence()
    for (const one of asked) this.#goOn(one)
  }

  /** What the answer does not cover counts as silence. */
  #readLetter(peerId: string, asked: readonly Asked[], { bytes, start, end }: Answer): void {
    const input = new ByteReader(bytes, start, end)
    for (const one of asked) {
      const { question } = one
      const isCovered = !input.isAtEnd
      const here = input.u8()
      const version = input.f64()
      const term = input.u32()
      const promisedTerm = input.u32()
      const isSound = isCovered && !input.isBroken && here <= STANDS_UNKNOWN && Number.isSafeInteger(version)
      if (!isSound) question.onSilence()
      else if (this.#isDeposed(question.name, promisedTerm) || here === STANDS_UNKNOWN)
        this.#refuse(one, peerId)
      else if (here === STANDS_NOWHERE) this.#onNowhere(peerId, question, version)
      else question.onWord({ peerId, isEntry: here === STANDS_AS_ENTRY, version, term, isTold: false })
    }
  }

  /**
   * Who has promised the slot to another since this node has claimed it does not count: the other may have settled without
   * what is here, so it must not be answered on the strength of that owner's copy.
   */
  #isDeposed({ slot }: SlottedKey, promisedTerm: number): boolean {
    if (promisedTerm <= this.#parts.space.terms[slot]!) return false
    this.#ports.noteTerm(slot, promisedTerm)
    return true
  }

  /** An owner that has nothing because of a flush this node has not heard of tells it of the flush. */
  #onNowhere(peerId: string, question: Question, flushed: number): void {
    const { replica, space } = this.#parts
    const { database } = question.name
    if (flushed > (space.tombstones?.flushVersion[database] ?? Number.POSITIVE_INFINITY))
      replica.onFlush(database, flushed, this.#ports.wallMs())
    question.onWord({ peerId, isEntry: false, version: 0, term: 0, isTold: false })
  }

  #look({ database, key }: KeyName): Standing {
    this.#parts.space.nowMs = this.#ports.wallMs()
    this.#standing.look(database, key, 0, key.length)
    return this.#standing
  }

  #goOn(asked: Asked): void {
    const { question } = asked
    if (!question.isOver) {
      const step = question.next(this.#look(question.name))
      if (step.kind === 'pull') this.#pull(asked, step.from)
      else if (step.kind === 'spread') this.#spread(asked, step.to)
      else if (step.kind === 'known') this.#succeed(asked)
      else if (step.kind === 'unavailable') this.#fail(asked)
    }
    if (question.isOver) this.#repair(asked)
    if (question.isComplete) this.#open.delete(asked)
  }

  #pull(asked: Asked, from: OwnersWord): void {
    const { question } = asked
    const body = this.#name
    body.clear()
    writeKeyName(question.name, body)
    question.busy++
    this.counters.pulled++
    const answered = (outcome: Outcome) => {
      question.busy--
      if (outcome.kind === 'failed' || !this.#take(question, from, outcome)) question.discount(from)
      this.#goOn(asked)
    }
    const { pullMs } = this.limits
    this.#ports.ask(from.peerId, verbs.read, [READ_ENTRIES], body.bytes, pullMs, answered, 0, body.length)
  }

  /** An owner that knows nothing of the key any more has seen it expire: what is older here goes as well. */
  #take(question: Question, from: OwnersWord, { body, fields }: Answer): boolean {
    if (fields[0] !== 1) return false
    let bytes = body
    if (bytes.length === 0) {
      const { database, key } = question.name
      this.#removal.clear()
      writeRemoval(database, key, 0, key.length, from.version, from.term, this.#removal)
      bytes = this.#removal.bytes.subarray(0, this.#removal.length)
    }
    const { refusals } = this.#parts.replica.onTransfer(bytes, this.#ports.wallMs())
    return refusals.every(({ reason }) => reason === 'ahead')
  }

  #succeed({ check, question }: Asked): void {
    question.isOver = true
    if (--check.left === 0) this.#conclude(check, 'ok')
  }

  #fail({ check, question }: Asked): void {
    question.isOver = true
    this.#conclude(check, 'unavailable')
  }

  #conclude(check: Check, outcome: ConfirmOutcome): void {
    if (check.isOver) return
    check.isOver = true
    if (outcome === 'ok') this.counters.confirmed++
    else this.counters.unavailable++
    check.done(outcome)
  }

  #spread(asked: Asked, to: readonly OwnersWord[]): void {
    for (const word of to) this.#tell(asked, word)
    if (asked.question.busy === 0 && !asked.question.isOver) this.#fail(asked)
  }

  #repair(asked: Asked): void {
    const own = this.#look(asked.question.name)
    for (const word of asked.question.behind(own)) if (!word.isTold) this.#tell(asked, word)
  }

  /** Sends an owner what is newer here. */
  #tell(asked: Asked, word: OwnersWord): void {
    const { question } = asked
    word.isTold = true
    if (this.#repairsUnderWay >= this.limits.repairsMax) {
      this.counters.repairsDropped++
      return
    }
    const { here, term, version } = this.#look(question.name)
    this.#repairsUnderWay++
    this.counters.readRepairs++
    question.busy++
    const told = (result: TransferResult): void => {
      this.#repairsUnderWay--
      question.busy--
      if (this.#isDeposed(question.name, result.promisedTerm)) {
        question.discount(word)
        question.outstanding++
        this.#refuse(asked, word.peerId)
      } else if (result.isDone && result.refused === 0) {
        word.isEntry = here === 'entry'
        word.version = version
        word.term = term
      }
      this.#goOn(asked)
    }
    this.#parts.transfers.send(word.peerId, [question.name], told, question.name.slot)
  }
}
