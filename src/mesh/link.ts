/*
 * One connection to a peer: the handshake, then frames both ways until it ends.
 *
 * The idea: a link promises little and keeps it - frames leave in order and once, every ask is answered exactly once
 * (by an answer, a failure, its deadline or the end of the link), and no byte a peer can send does more than close it.
 * Frames may be queued while it is dialled. It refuses to know other links, and what verbs mean. Shape: machine.
 */
import { Buffer } from 'node:buffer'
import type { Circuit } from './breaker.ts'
import { Exchange } from './exchange.ts'
import { Farewell } from './farewell.ts'
import { FrameReader, frameBytesMax, headerLengthBytes, prefixBytes, writeFrameHead } from './frame.ts'
import { type Greeting, Handshake } from './handshake.ts'
import { LinkLog } from './link-log.ts'
import {
  type Answered,
  type CloseReason,
  type Correspondent,
  type FarewellReason,
  type LinkOwner,
  nobody,
  nothing,
  type PeerIdentity,
  type Refusal,
} from './link-ports.ts'
import type { LinkRoom } from './link-room.ts'
import { Patience } from './patience.ts'
import { nonceBytes, type VerbRow, verbs } from './verbs.ts'
import type { Wire, WireEnd, WireEvents } from './wires.ts'

export type LinkState = 'opening' | 'greeting' | 'up' | 'closed'

export class Link implements Correspondent, WireEvents {
  readonly room: LinkRoom
  /** Who dialled: we did, or the peer. */
  readonly direction: 'to' | 'from'
  /** Tells all links of a node apart. */
  readonly serial: number
  readonly createdMs: number
  /** For people to read. */
  readonly remote: string
  owner: LinkOwner<Link>
  peer: PeerIdentity
  state: LinkState
  readonly farewell: Farewell
  /** While true nothing leaves: what an older link to the same peer carries comes first. */
  #isCorked: boolean
  readonly #exchange: Exchange
  readonly #reader: FrameReader
  readonly #handshake: Handshake
  readonly #log: LinkLog
  #wire: Wire | undefined
  #greetingEndsAtMs: number
  readonly #patience: Patience
  #tickedAtMs: number
  #pingCorrelation: number

  constructor(
    room: LinkRoom,
    owner: LinkOwner<Link>,
    direction: 'to' | 'from',
    remote: string,
    expectedId = '',
  ) {
    const nowMs = room.ports.monotonicMs()
    this.room = room
    this.direction = direction
    this.serial = room.nextSerial()
    this.createdMs = room.ports.wallMs()
    this.remote = remote
    this.owner = owner
    this.peer = nobody
    this.state = direction === 'to' ? 'opening' : 'greeting'
    this.farewell = new Farewell()
    this.#isCorked = false
    this.#exchange = new Exchange(room, this)
    this.#reader = new FrameReader(room.limits.greetingFrameBytesMax)
    const side = direction === 'to' ? 'dialler' : 'acceptor'
    const mine = { side, expectedId, serial: this.serial, nonce: room.nonce(nonceBytes) } as const
    this.#handshake = new Handshake(room.identity, mine, (peer) => this.owner.admits(this, peer))
    this.#log = new LinkLog(room.log, direction, remote)
    this.#wire = undefined
    this.#greetingEndsAtMs = nowMs + room.limits.greetingMs
    this.#patience = new Patience(nowMs)
    this.#tickedAtMs = nowMs
    this.#pingCorrelation = 0
  }

  /** Once, right after the wire was dialled or accepted. */
  start(wire: Wire): void {
    this.#wire = wire
  }

  get isUp(): boolean {
    return this.state === 'up'
  }

  /** When the last byte of the peer came, by the monotonic clock. */
  get heardAtMs(): number {
    return this.#patience.heardAtMs
  }

  /** Whether new frames are taken, if only to be queued. */
  get isUsable(): boolean {
    return this.#exchange.isAccepting
  }

  /** Own asks that wait for an answer, and asks of the peer that do. */
  get waitingCount(): number {
    return this.#exchange.asks.count
  }

  get owedCount(): number {
    return this.#exchange.owed.size
  }

  /** How long the peer takes to answer, of late. */
  get answerMs(): number {
    return this.#exchange.answerMs
  }

  get circuit(): Circuit {
    return this.#exchange.breaker.circuit
  }

  /** What the peer has not taken yet, and the memory held for it. */
  get queuedBytes(): number {
    return this.#exchange.output.queuedBytes
  }

  get allocatedBytes(): number {
    return this.#exchange.output.allocatedBytes
  }

  send(verb: VerbRow, fields: readonly unknown[], body = nothing, start = 0, end = body.length): boolean {
    return this.#exchange.send(verb, fields, body, start, end)
  }

  /** `deadlineMs` from now; Infinity for an ask that may wait as long as the link lives. */
  ask(
    verb: VerbRow,
    fields: readonly unknown[],
    body: Buffer,
    deadlineMs: number,
    answered: Answered,
    start = 0,
    end = body.length,
  ): void {
    this.#exchange.ask(verb, fields, body, deadlineMs, answered, start, end)
  }

  answer(
    correlation: number,
    fields: readonly unknown[],
    body = nothing,
    start = 0,
    end = body.length,
  ): void {
    if (this.state === 'up') this.#exchange.answer(correlation, fields, body, start, end)
  }

  fail(correlation: number, detail: string, isOpen = false): void {
    if (this.state === 'up') this.#exchange.fail(correlation, detail, isOpen)
  }

  /** Says goodbye: nothing new is started here, and the link closes when nobody waits for anything. */
  retire(reason: FarewellReason): void {
    if (this.state !== 'up' || this.farewell.isSaid) return
    this.farewell.isSaid = true
    this.#exchange.isAccepting = false
    this.#exchange.askAnyway(verbs.goodbye, [reason], this.room.limits.farewellMs, (outcome) => {
      if (outcome.kind === 'failed') this.close('silent')
      if (this.state === 'closed') return
      this.farewell.isAnswered = true
      this.owner.onGoodbyeAnswered(this)
      this.#closeIfDone()
    })
  }

  cork(): void {
    this.#isCorked = true
  }

  uncork(): void {
    if (!this.#isCorked) return
    this.#isCorked = false
    this.#patience.heardAtMs = this.room.ports.monotonicMs()
    if (this.state !== 'closed') this.#exchange.announce()
  }

  /** Takes over what is queued on a link that has never been up. */
  adopt(other: Link): void {
    if (other.state === 'up') throw new Error('only a link that never was up gives its frames away')
    this.#exchange.adopt(other.#exchange)
  }

  /** At once: what is queued and fits into the wire still leaves, every ask fails. */
  close(reason: CloseReason): void {
    if (this.state === 'closed') return
    const wire = this.#wire
    if (wire !== undefined) {
      if (this.state === 'up' && !this.#isCorked) this.#exchange.output.flush(wire)
      wire.close()
    }
    this.#end(reason)
  }

  /** Writes what was queued in this turn; the room calls it. */
  flush(): void {
    this.#exchange.onFlush()
    this.#write()
  }

  onTick(nowMs: number): void {
    const { limits, counters } = this.room
    const gapMs = nowMs - this.#tickedAtMs
    this.#tickedAtMs = nowMs
    if (gapMs > limits.tickGapMs) {
      this.#patience.onPause(gapMs)
      this.#greetingEndsAtMs += gapMs
    }
    const { pendingBytes } = this.#reader
    // An answer that is on its way is waited for: what is long comes in for longer than its deadline.
    if (!this.#patience.isReceivingLong(nowMs, pendingBytes, limits.pingIdleMs)) this.#exchange.onTick(nowMs)
    if (this.farewell.isSaid && this.state === 'up') this.#exchange.announce()
    if (this.state === 'up') {
      if (!this.#isCorked) this.#listen(nowMs)
    } else if (this.state !== 'closed' && nowMs >= this.#greetingEndsAtMs) {
      counters.greetingsLate++
      this.close('deadline')
    }
  }

  onOpen(): void {
    if (this.state !== 'opening') return
    this.state = 'greeting'
    this.#greet(this.#handshake.onOpen())
  }

  onBytes(chunk: Buffer): void {
    if (this.state === 'closed') return
    this.#patience.heardAtMs = this.room.ports.monotonicMs()
    this.room.counters.bytesIn += chunk.length
    try {
      if (!this.#reader.onBytes(chunk, this)) this.#refuseBytes('a length is impossible')
    } catch (error) {
      this.close('fault')
      this.room.onFault(error)
    }
  }

  onDrain(): void {
    if (this.state === 'closed') return
    const takenBytes = this.#exchange.output.onDrain()
    this.#patience.onTaken(takenBytes, this.room.ports.monotonicMs())
    this.#write()
  }

  onClosed(end: WireEnd): void {
    if (this.state === 'closed') return
    this.#wire = undefined
    const isDrained = this.farewell.isSaid && this.farewell.isHeard && this.waitingCount === 0
    this.#end(end === 'closed' && isDrained ? 'retired' : end)
  }

  /** One frame, from the reader. */
  onFrame(bytes: Buffer, start: number, end: number): boolean {
    this.room.counters.framesIn++
    const headerAt = start + headerLengthBytes
    const bodyAt = headerAt + bytes.readUInt16BE(start)
    const fields = bodyAt <= end ? this.room.headers.decode(bytes, headerAt, bodyAt) : undefined
    if (fields === undefined) {
      this.#refuseBytes('a header cannot be read')
      return false
    }
    const number = fields.shift() as number
    const correlation = fields.shift() as number
    if (this.state === 'up') this.#onPeerFrame(number, correlation, fields, bytes, bodyAt, end)
    else this.#onGreeting(number, fields, bytes.subarray(headerAt, bodyAt))
    return this.#isOpen()
  }

  #onPeerFrame(
    number: number,
    correlation: number,
    fields: readonly unknown[],
    bytes: Buffer,
    bodyAt: number,
    end: number,
  ): void {
    const complaint = this.#exchange.onFrame(this, number, correlation, fields, bytes, bodyAt, end)
    if (complaint !== '') {
      this.#refuseBytes(complaint)
    } else if (number === verbs.goodbye.number) {
      this.farewell.isHeard = true
      this.owner.onGoodbye(this, fields[0] === 'leaving' ? 'leaving' : 'duplicate')
    }
    if (this.farewell.isSaid) this.#exchange.announce()
  }

  #onGreeting(number: number, fields: readonly unknown[], header: Buffer): void {
    const step = this.#handshake.onGreeting(number, fields, () => Buffer.from(header))
    if (step.turnedAway !== undefined) {
      this.room.counters.turnedAway++
      this.#log.turnedAway(step.turnedAway)
      this.close('turned-away')
    } else if (step.refusal !== undefined) {
      this.#refuse(step.refusal)
    } else {
      if (step.send !== undefined) this.#greet(step.send)
      if (step.isDone) this.#becomeUp()
    }
  }

  #becomeUp(): void {
    this.peer = this.#handshake.peer!
    this.state = 'up'
    this.#reader.bytesMax = frameBytesMax
    this.room.counters.linksReady++
    this.#wire!.onNamed?.(this.peer.address)
    this.#log.ready(this.peer)
    this.#exchange.announce()
    this.owner.onReady(this)
  }

  #refuse(refusal: Refusal): void {
    const { peer, theirMajor } = this.#handshake
    this.room.counters.refusals[refusal]++
    this.#log.refused(refusal, peer?.id, theirMajor)
    // Who does not speak this language at all gets no answer to study.
    if (refusal !== 'malformed') this.#greet({ verb: verbs.refusal, fields: [refusal] })
    this.close(refusal)
  }

  /** Ahead of everything queued, which may leave only when the peer is known. */
  #greet(greeting: Greeting): void {
    const { verb, fields } = greeting
    const { counters, headers } = this.room
    const header = Buffer.from(headers.encode(verb.number, 0, fields))
    const frame = Buffer.allocUnsafeSlow(prefixBytes + header.length)
    writeFrameHead(frame, 0, header, 0)
    this.#handshake.onSent(verb, header)
    counters.framesOut++
    counters.bytesOut += frame.length
    this.#exchange.output.writeFirst(this.#wire!, frame)
  }

  #write(): void {
    if (this.state !== 'up' || this.#isCorked) return
    this.#exchange.output.flush(this.#wire!)
    this.#closeIfDone()
  }

  /** Pings a quiet peer, and gives up one that owes an answer and says nothing. */
  #listen(nowMs: number): void {
    const { limits, counters } = this.room
    const { asks } = this.#exchange
    if (asks.count > 0 && this.#patience.isTooQuiet(nowMs, limits.silenceMs, this.queuedBytes)) {
      counters.silentLinks++
      this.close('silent')
    } else if (this.#patience.quietMs(nowMs) >= limits.pingIdleMs && !asks.has(this.#pingCorrelation)) {
      this.#pingCorrelation = this.#exchange.askAnyway(verbs.ping, [], Number.POSITIVE_INFINITY, ignore)
    }
  }

  #refuseBytes(why: string): void {
    this.room.counters.badFrames++
    this.#log.badFrame(why, this.peer.id)
    this.close('bad-frame')
  }

  #closeIfDone(): void {
    const { asks, owed, output } = this.#exchange
    if (this.farewell.isDone(asks.count, owed.size, output.isEmpty)) this.close('retired')
  }

  #isOpen(): boolean {
    return this.state !== 'closed'
  }

  #end(reason: CloseReason): void {
    this.state = 'closed'
    this.#wire = undefined
    this.room.counters.linksClosed++
    this.#exchange.onClosed(reason)
    this.#log.closed(reason, this.peer.id)
    this.owner.onClosed(this, reason)
  }
}

function ignore(): void {}
