/*
 * The frames of one link, out and in: what is queued, which asks wait, which answers are owed.
 *
 * The idea: here is every limit of a link. Beyond them new frames are dropped or fail, the peer's asks are refused, and
 * answers that nobody reads become failures; nothing is ever held back by not reading, so two full sides cannot wait for
 * each other. It refuses to know wires, handshakes and goodbyes. Shape: machine.
 */
import type { Buffer } from 'node:buffer'
import { type Ask, Asks } from './asks.ts'
import { Breaker } from './breaker.ts'
import { areFields } from './fields.ts'
import { hasRoomFor, longBodyBytesMax, prefixBytes, slowestBytesPerMs } from './frame.ts'
import { type Answered, type Correspondent, type FailReason, type LinkLimits, nothing } from './link-ports.ts'
import type { FlushableLink, LinkRoom } from './link-room.ts'
import { Output } from './output.ts'
import { detailLengthMax, ownNumberMax, type VerbRow, verbs } from './verbs.ts'

/** Counted against the limits for every ask, however short. */
const askOverheadBytes = 64

/** What the latest answer counts in the mean. */
const ANSWER_SHARE = 1 / 16

/** As numbers on the wire. Whoever does not know one must think that something may have been done. */
const FAILURES: readonly FailReason[] = ['refused', 'overload', 'unanswered']

export class Exchange {
  readonly room: LinkRoom
  readonly output: Output
  readonly asks: Asks
  readonly breaker: Breaker
  /** Asks of the peer that wait for an answer of ours. */
  readonly owed: Set<number>
  /** How long an answer takes, of late; pings count as well. */
  answerMs: number
  /** Whether new frames may be started. */
  isAccepting: boolean
  readonly #link: FlushableLink
  #isAnnounced: boolean

  constructor(room: LinkRoom, link: FlushableLink) {
    this.room = room
    this.output = new Output(room.slabs)
    this.asks = new Asks()
    const { limits, ports } = room
    this.breaker = new Breaker(limits.breaker, () => ports.random(), ports.monotonicMs())
    this.owed = new Set()
    this.answerMs = 0
    this.isAccepting = true
    this.#link = link
    this.#isAnnounced = false
  }

  send(verb: VerbRow, fields: readonly unknown[], body: Buffer, start: number, end: number): boolean {
    requireShape(verb, fields, false)
    const bytes = end - start
    const { outputBytesMax } = this.room.limits
    const hasRoom = hasRoomFor(bytes, this.output.queuedBytes, outputBytesMax)
    if (!this.isAccepting || !hasRoom || bytes > verb.bodyBytesMax) {
      this.room.counters.framesDropped++
      return false
    }
    this.put(verb, 0, fields, body, start, end)
    return true
  }

  ask(
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start: number,
    end: number,
  ): void {
    requireShape(verb, fields, true)
    this.room.counters.asks++
    if (!this.isAccepting) {
      this.room.fail(answered, 'closed', 'the link is gone')
      return
    }
    const bytes = end - start + askOverheadBytes
    const complaint = this.#complaint(verb, bytes, deadlineMs)
    if (complaint !== '') {
      this.room.fail(answered, 'overload', complaint)
      return
    }
    const correlation = this.#awaitAnswer(verb, bytes, deadlineMs, answered)
    this.put(verb, correlation, fields, body, start, end)
  }

  /** An ask of the link itself, past all limits. Returns its correlation. */
  askAnyway(verb: VerbRow, fields: readonly unknown[], deadlineMs: number, answered: Answered): number {
    const correlation = this.#awaitAnswer(verb, askOverheadBytes, deadlineMs, answered)
    this.put(verb, correlation, fields, nothing, 0, 0)
    return correlation
  }

  answer(correlation: number, fields: readonly unknown[], body: Buffer, start: number, end: number): void {
    this.#settle(correlation)
    const bytes = end - start
    if (bytes > longBodyBytesMax) {
      this.#putFailure(correlation, 'unanswered', 'the answer is too long')
    } else if (!hasRoomFor(bytes, this.output.queuedBytes, this.room.limits.answersBytesMax)) {
      this.room.counters.answersWithheld++
      this.#putFailure(correlation, 'unanswered', 'answers are not read')
    } else {
      this.put(verbs.answer, correlation, fields, body, start, end)
    }
  }

  fail(correlation: number, detail: string, isOpen: boolean): void {
    this.#settle(correlation)
    this.#putFailure(correlation, isOpen ? 'unanswered' : 'refused', detail)
  }

  /** Queues a frame past all limits. */
  put(
    verb: VerbRow,
    correlation: number,
    fields: readonly unknown[],
    body: Buffer,
    start: number,
    end: number,
  ): void {
    const { headers, counters } = this.room
    const header = headers.encode(verb.number, correlation, fields)
    this.output.append(header, body, start, end)
    counters.framesOut++
    counters.bytesOut += prefixBytes + header.length + end - start
    this.announce()
  }

  /** There is something to flush in this turn. */
  announce(): void {
    if (this.#isAnnounced) return
    this.#isAnnounced = true
    this.room.onOutput(this.#link)
  }

  onFlush(): void {
    this.#isAnnounced = false
  }

  /** Takes over what is queued on a link that has never been up. */
  adopt(other: Exchange): void {
    this.output.takeFrom(other.output)
    other.asks.takeAll((ask) => this.asks.add(ask))
    this.announce()
  }

  /** A frame of a peer that is known. Returns what is wrong with it, or nothing. */
  onFrame(
    from: Correspondent,
    number: number,
    correlation: number,
    fields: readonly unknown[],
    bytes: Buffer,
    bodyAt: number,
    end: number,
  ): string {
    if (number === verbs.answer.number) return this.#onAnswer(correlation, fields, bytes, bodyAt, end)
    const row = this.room.verbs.rowOf(number)
    const isOwn = number <= ownNumberMax
    if (row === undefined || (!isOwn && this.room.verbs.handlerOf(number) === undefined)) {
      this.room.counters.unknownVerbs++
      if (correlation !== 0) this.#putFailure(correlation, 'refused', 'unknown verb')
      return ''
    }
    const isAsk = row.answer !== undefined || number === verbs.failure.number
    if (!areFields(row.fields, fields) || end - bodyAt > row.bodyBytesMax || isAsk !== (correlation !== 0))
      return `it is no ${row.name}`
    if (!isOwn) return this.#serve(from, row, correlation, fields, bytes, bodyAt, end)
    if (number === verbs.failure.number) {
      const ask = this.#takeAnswered(correlation)
      if (ask === undefined) this.room.counters.lateAnswers++
      else this.room.failAsk(ask, FAILURES[fields[0] as number] ?? 'unanswered', fields[1] as string)
      return ''
    }
    if (row.answer === undefined) return `a ${row.name} comes too late`
    this.put(verbs.answer, correlation, [], nothing, 0, 0)
    return ''
  }

  onTick(nowMs: number): void {
    this.asks.takeExpired(nowMs, (ask) => {
      if (this.breaker.onDeadline(nowMs)) this.room.counters.circuitsOpened++
      this.room.failAsk(ask, 'deadline', 'no answer in time')
    })
  }

  onClosed(reason: string): void {
    this.isAccepting = false
    this.room.counters.framesDropped += this.output.drop()
    this.asks.takeAll((ask) => this.room.failAsk(ask, 'closed', reason))
    this.owed.clear()
  }

  #onAnswer(
    correlation: number,
    fields: readonly unknown[],
    bytes: Buffer,
    bodyAt: number,
    end: number,
  ): string {
    const ask = this.#takeAnswered(correlation)
    if (ask === undefined) {
      this.room.counters.lateAnswers++
      return ''
    }
    const shape = ask.verb.answer!
    if (!areFields(shape.fields, fields) || end - bodyAt > shape.bodyBytesMax) {
      this.room.failAsk(ask, 'closed', 'the answer is malformed')
      return `it does not answer a ${ask.verb.name}`
    }
    const { reply } = this.room
    reply.set(correlation, fields, bytes, bodyAt, end)
    ask.answered(reply)
    reply.clear()
    return ''
  }

  #serve(
    from: Correspondent,
    row: VerbRow,
    correlation: number,
    fields: readonly unknown[],
    bytes: Buffer,
    bodyAt: number,
    end: number,
  ): string {
    const { arrival, limits, counters } = this.room
    if (correlation !== 0) {
      if (this.owed.has(correlation)) return 'it asks again what is not yet answered'
      if (this.owed.size >= limits.owedCountMax || this.output.queuedBytes > limits.outputBytesMax) {
        counters.asksRefused++
        this.#putFailure(correlation, 'overload', 'too much is waiting')
        return ''
      }
      this.owed.add(correlation)
    }
    arrival.set(correlation, fields, bytes, bodyAt, end)
    this.room.verbs.handlerOf(row.number)!(from, arrival)
    arrival.clear()
    return ''
  }

  /** Undefined: it was given up before. Pings say only that the process is there. */
  #takeAnswered(correlation: number): Ask | undefined {
    const ask = this.asks.take(correlation)
    if (ask === undefined) return undefined
    const nowMs = this.room.ports.monotonicMs()
    this.answerMs += (nowMs - ask.sentAtMs - this.answerMs) * ANSWER_SHARE
    if (ask.verb !== verbs.ping) this.breaker.onAnswer(nowMs)
    return ask
  }

  #complaint(verb: VerbRow, bytes: number, deadlineMs: number): string {
    const { limits, ports } = this.room
    if (bytes - askOverheadBytes > verb.bodyBytesMax) return 'the body is too long'
    const fullness = this.#fullness(bytes, limits)
    if (fullness !== '' || deadlineMs === Number.POSITIVE_INFINITY) return fullness
    return this.breaker.admits(ports.monotonicMs()) ? '' : 'the peer does not answer'
  }

  #fullness(bytes: number, limits: LinkLimits): string {
    const { asks, output } = this
    if (asks.count >= limits.asksCountMax) return 'too many asks are waiting'
    if (!hasRoomFor(bytes, asks.bytes, limits.asksBytesMax)) return 'too many bytes are waiting'
    if (!hasRoomFor(bytes, output.queuedBytes, limits.outputBytesMax)) return 'the peer does not read'
    return ''
  }

  #awaitAnswer(verb: VerbRow, bytes: number, deadlineMs: number, answered: Answered): number {
    const correlation = this.room.correlations.next()
    if (this.asks.has(correlation)) throw new Error('an ask has waited for four billion others')
    const sentAtMs = this.room.ports.monotonicMs()
    const deadlineAtMs = sentAtMs + deadlineMs + bytes / slowestBytesPerMs
    this.asks.add({ correlation, verb, bytes, sentAtMs, deadlineAtMs, answered })
    return correlation
  }

  #putFailure(correlation: number, reason: FailReason, detail: string): void {
    const fields = [FAILURES.indexOf(reason), detail.slice(0, detailLengthMax)]
    this.put(verbs.failure, correlation, fields, nothing, 0, 0)
  }

  #settle(correlation: number): void {
    if (!this.owed.delete(correlation)) throw new Error(`nobody waits for answer ${correlation}`)
  }
}

function requireShape(verb: VerbRow, fields: readonly unknown[], isAsk: boolean): void {
  if (fields.length !== verb.fields.length || (verb.answer !== undefined) !== isAsk)
    throw new Error(`this is not how to say ${verb.name}`)
}
