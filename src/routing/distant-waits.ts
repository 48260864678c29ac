/**
 * Distant waits [Machine]: this node's clients that wait at other nodes: blocking requests for keys that others act for.
 *
 * A request waits for ever where its keys are acted for (served-waits.ts), and its place in the line of the key is where
 * it came there. Its time runs here. When the link ends, or the other node acts for the keys no longer, it is asked
 * again at whoever does, for what is left of its time; who is nowhere let in for long is told so.
 *
 *   wait ->  asked ->  woken with a reply                            -> the client has it
 *             |  ^---  link ended, keys moved (asked again)
 *             '----->  time over, CLIENT UNBLOCK -> unwait -> woken  -> nil - or the reply, if that was on its way
 *
 * Nothing popped is passed over: an end is told to the client only when the other node has said that nothing was popped,
 * or is gone without having said that something was. Then, and only then, the outcome is open (-TIMEOUT).
 */
import type { Args } from '../../resp/index.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Answered } from '../mesh/link-ports.ts'
import { type Verbs, verbs } from '../mesh/verbs.ts'
import type { PeerPort } from '../replication/peer-port.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import type { Session } from '../session/session.ts'
import { UNBLOCKED_ERROR } from '../session/waiters.ts'
import { mannersByte } from './forward-body.ts'
import { type Forwards, OUTCOME_OPEN, UNREACHABLE } from './forwards.ts'
import { HeldPlace } from './held-place.ts'
import { errorReply } from './joined-replies.ts'
import type { RequestWriter } from './request-writer.ts'
import { CROSS_SLOT } from './router.ts'
import { EVERY_WAIT, type ServedWaits } from './served-waits.ts'
import { isNothing, nilFor, withoutEnd } from './wait-request.ts'

export interface DistantWaitsParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly forwards: Forwards
  readonly writer: RequestWriter
  readonly served: ServedWaits
  readonly peers: PeerPort
  readonly ports: {
    wallMs(): number
    monotonicMs(): number
    after(delayMs: number, run: () => void): void
  }
}

interface Wait {
  readonly session: Session
  readonly place: HeldPlace
  readonly raw: Buffer
  readonly slots: readonly number[]
  readonly database: number
  readonly manners: number
  /** When the client is told: its own time, or the patience with a node that was asked to end the wait. */
  dueMs: number
  /** What the client is told when nothing was popped; null: its time is not over. */
  ending: Buffer | null
  /** Under which number it is known over there; 0: it is asked nowhere now. */
  number: number
  peerId: string
  /** It is being served: something was popped, and is not confirmed yet. */
  isServed: boolean
  /** When it was let in where it is asked; 0: it was not. */
  letInMs: number
  /** Since when it has been in no line for long; 0: it never was kept out. */
  outsideSinceMs: number
}

const DEADLINE_MS = 4000
const RETRY_DELAY_MS = 50
const TRIES_MAX = 100
/** A wait that nobody lets in for this long is given up. */
const PATIENCE_MS = 10_000
/** Who was let in and is still there after this is in line: a node that has to settle first gives up before. */
const IN_LINE_MS = 5000
/** A node that was told to end a wait answers within this, or it stays open what it has done. */
const ENDING_MS = 5000
/** Numbers of a later life of this node are above those of its former lives. */
const NUMBERS_PER_MS = 1000
const NOTHING = Buffer.alloc(0)

export class DistantWaits {
  readonly limits = { countMax: 65_536 }
  readonly counters = { begun: 0, refused: 0, askedAgain: 0, ended: 0, open: 0 }
  readonly #parts: DistantWaitsParts
  readonly #bySession = new Map<Session, Wait>()
  readonly #byNumber = new Map<number, Wait>()
  /** Numbers that a peer may still know from a link that has ended. */
  readonly #oldNumbers = new Map<string, number>()
  readonly #firstNumber: number
  #lastNumber: number
  #nextDueMs = Number.POSITIVE_INFINITY

  constructor(parts: DistantWaitsParts) {
    this.#parts = parts
    this.#firstNumber = Math.floor(parts.ports.wallMs()) * NUMBERS_PER_MS
    this.#lastNumber = this.#firstNumber
    parts.served.listen((number, isOver, reply) => this.#onWoken(parts.selfId, number, isOver, reply))
  }

  get count(): number {
    return this.#bySession.size
  }

  get isFull(): boolean {
    return this.count >= this.limits.countMax
  }

  bind(bound: Verbs): void {
    bound.bind('woken', (from, { body, correlation, fields }) => {
      const [number, isOver] = fields as [number, boolean]
      this.#onWoken(from.peer.id, number, isOver, Buffer.from(body))
      from.answer(correlation, [])
    })
  }

  /** `waitMs`: how long from now; Infinity: for ever. */
  begin(session: Session, row: CommandRow, args: Args, slots: readonly number[], waitMs: number): void {
    this.counters.begun++
    const { ports, writer } = this.#parts
    const place = new HeldPlace(session)
    place.hold()
    const wait: Wait = {
      session,
      place,
      raw: withoutEnd(writer, row, args),
      slots: [...slots],
      database: session.database,
      manners: mannersByte(session),
      dueMs: ports.monotonicMs() + waitMs,
      ending: null,
      number: 0,
      peerId: '',
      isServed: false,
      letInMs: 0,
      outsideSinceMs: 0,
    }
    this.#bySession.set(session, wait)
    this.#expect(wait.dueMs)
    this.#ask(wait)
  }

  /** CLIENT UNBLOCK; false: the session does not wait, or is on its way back already. */
  unblock(session: Session, withError: boolean): boolean {
    const wait = this.#bySession.get(session)
    if (wait === undefined || wait.ending !== null) return false
    this.#finish(wait, withError ? errorReply(UNBLOCKED_ERROR) : nilFor(session.protocol))
    return true
  }

  /** The client is gone. */
  forget(session: Session): void {
    const wait = this.#bySession.get(session)
    if (wait === undefined) return
    this.#bySession.delete(session)
    const { number, peerId } = wait
    this.#withdraw(wait)
    if (number !== 0) this.#end(peerId, number)
  }

  onTick(nowMs: number): void {
    if (nowMs < this.#nextDueMs) return
    this.#nextDueMs = Number.POSITIVE_INFINITY
    for (const wait of [...this.#bySession.values()]) {
      if (wait.dueMs > nowMs) this.#expect(wait.dueMs)
      else if (wait.ending === null) this.#finish(wait, nilFor(wait.session.protocol))
      else this.#leaveOpen(wait)
    }
  }

  onLinkDown(peerId: string): void {
    this.#oldNumbers.set(peerId, this.#lastNumber)
    for (const wait of [...this.#byNumber.values()]) if (wait.peerId === peerId) this.#onRefused(wait)
  }

  /** What the peer still knows of links that have ended, or of a former life of ours, is over. */
  onLinkUp(peerId: string): void {
    const last = this.#oldNumbers.get(peerId) ?? this.#firstNumber
    this.#oldNumbers.delete(peerId)
    this.#parts.peers.ask(peerId, verbs.unwait, [0, last], NOTHING, DEADLINE_MS, () => {})
  }

  #ask(wait: Wait): void {
    const { forwards, peers, roles, selfId, served } = this.#parts
    const [first] = wait.slots
    const peerId = roles.actingId(first!)
    if (peerId === undefined) return this.#askLater(wait)
    if (wait.slots.some((slot) => roles.acting[slot] !== roles.acting[first!])) {
      return this.#answer(wait, errorReply(CROSS_SLOT))
    }
    const { database, manners, raw } = wait
    const number = ++this.#lastNumber
    wait.number = number
    wait.peerId = peerId
    wait.isServed = false
    this.#byNumber.set(number, wait)
    // What the client asked for before goes out before.
    forwards.flush()
    if (peerId !== selfId) {
      const fields = [number, database, manners]
      const answered: Answered = (outcome) => {
        if (this.#byNumber.get(number) !== wait) return
        if (outcome.kind === 'answer') this.#onAsked(wait, outcome.fields[0] === true)
        // It may yet come to wait there, so that what is to become of it has to be heard from there.
        else if (outcome.reason === 'deadline') this.#end(peerId, number)
        else this.#onRefused(wait)
      }
      peers.ask(peerId, verbs.wait, fields, raw, DEADLINE_MS, answered)
    } else {
      wait.letInMs = this.#parts.ports.monotonicMs()
      if (!served.begin(selfId, number, database, manners, raw)) this.#onRefused(wait)
    }
  }

  #onAsked(wait: Wait, isIn: boolean): void {
    if (isIn) wait.letInMs = this.#parts.ports.monotonicMs()
    else this.#onRefused(wait)
  }

  /** It does not wait there, or not any more. */
  #onRefused(wait: Wait): void {
    this.#withdraw(wait)
    if (wait.isServed) this.#leaveOpen(wait)
    else if (wait.ending !== null) this.#answer(wait, wait.ending)
    else this.#askLater(wait)
  }

  #askLater(wait: Wait): void {
    const { ports } = this.#parts
    const nowMs = ports.monotonicMs()
    const wasInLine = wait.letInMs !== 0 && nowMs - wait.letInMs >= IN_LINE_MS
    if (wasInLine || wait.outsideSinceMs === 0) wait.outsideSinceMs = nowMs
    wait.letInMs = 0
    if (nowMs - wait.outsideSinceMs >= PATIENCE_MS) return this.#answer(wait, UNREACHABLE)
    this.counters.askedAgain++
    ports.after(RETRY_DELAY_MS, () => {
      if (this.#bySession.get(wait.session) === wait && wait.number === 0) this.#ask(wait)
    })
  }

  #onWoken(peerId: string, number: number, isOver: boolean, reply: Buffer): void {
    if (number === EVERY_WAIT) return this.#onForgotten(peerId)
    const wait = this.#byNumber.get(number)
    if (wait === undefined || wait.peerId !== peerId) return
    if (!isOver) {
      wait.isServed = true
      return
    }
    this.#withdraw(wait)
    if (!isNothing(reply)) this.#answer(wait, reply)
    else if (wait.ending !== null) this.#answer(wait, wait.ending)
    else this.#askLater(wait)
  }

  /** The peer has lost a link to us that we may not have missed: each of our waits there is asked after. */
  #onForgotten(peerId: string): void {
    for (const { number, peerId: askedId } of [...this.#byNumber.values()]) {
      if (askedId === peerId) this.#end(peerId, number)
    }
  }

  /** The client's time is over: it hears so as soon as it is certain that nothing has been popped for it. */
  #finish(wait: Wait, ending: Buffer): void {
    if (wait.number === 0) return this.#answer(wait, ending)
    wait.ending = ending
    wait.dueMs = this.#parts.ports.monotonicMs() + ENDING_MS
    this.#expect(wait.dueMs)
    this.#end(wait.peerId, wait.number)
  }

  /** Whoever it waits with is told to end it. What became of it then comes as ever. */
  #end(peerId: string, number: number, tries = 0): void {
    const { peers, ports, selfId, served } = this.#parts
    if (peerId === selfId) return served.end(selfId, number, number)
    peers.ask(peerId, verbs.unwait, [number, number], NOTHING, DEADLINE_MS, (outcome) => {
      const reason = outcome.kind === 'failed' ? outcome.reason : ''
      const wait = this.#byNumber.get(number)
      if (reason === 'overload' && tries < TRIES_MAX) {
        ports.after(RETRY_DELAY_MS, () => this.#end(peerId, number, tries + 1))
      } else if (wait !== undefined && reason === 'closed') this.#onRefused(wait)
      else if (wait !== undefined && reason !== '') this.#leaveOpen(wait)
    })
  }

  #leaveOpen(wait: Wait): void {
    this.counters.open++
    this.#withdraw(wait)
    this.#answer(wait, OUTCOME_OPEN)
  }

  /** What is heard of it from now on concerns nobody. */
  #withdraw(wait: Wait): void {
    this.#byNumber.delete(wait.number)
    wait.number = 0
    wait.peerId = ''
  }

  #answer(wait: Wait, reply: Buffer): void {
    if (this.#bySession.get(wait.session) !== wait) return
    this.#bySession.delete(wait.session)
    this.counters.ended++
    wait.place.fill(reply)
  }

  #expect(dueMs: number): void {
    if (dueMs < this.#nextDueMs) this.#nextDueMs = dueMs
  }
}
