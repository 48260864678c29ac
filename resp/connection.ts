// One client's byte stream: requests are read in order and replies leave in order, with at most one write
// per round of the event loop.
//
// Everything that can stop a connection from being served is one bit of `halts`; it runs while no bit is set. Ports never
// call back inside a call. It knows no socket and no command. Shape: machine.

import type { Buffer } from 'node:buffer'
import type { CloseReason, ConnectionRoom, Conversation, Outlet } from './connection-ports.ts'
import { type OutputLimits, unlimitedOutput } from './limits.ts'
import { OutputGauge } from './output-gauge.ts'
import { ReplySlots } from './reply-slots.ts'
import { ReplyWriter } from './reply-writer.ts'
import { FAILED, READY, RequestParser } from './request-parser.ts'
import { RequestPace } from './request-pace.ts'
import { slabBytes } from './slab-pool.ts'

const BLOCKED = 1
const OUTPUT = 2
const TURN = 4
const SLOTS = 8
const CLOSING = 16
/** So often a turn looks at the clock. */
const REQUESTS_PER_GLANCE = 16

export class Connection {
  readonly id: number
  readonly writer: ReplyWriter
  readonly conversation: Conversation
  /** 'address:port' of the two ends, for CLIENT LIST. */
  remote: string
  local: string
  outputLimits: OutputLimits
  /** Subscribers and monitors are silent by nature: `timeout` does not apply to them. */
  isIdleExempt: boolean
  readonly connectedMs: number
  lastActiveMs: number
  bytesIn: number
  bytesOut: number
  requests: number
  /** True while a request is being answered: output must not leave in the middle of a reply. */
  isRunning = false
  isDirty = false
  /** Has output that waits a moment for the replies it is still owed. */
  isKeeping = false
  isClosed: boolean
  readonly #room: ConnectionRoom
  readonly #outlet: Outlet
  readonly #parser: RequestParser
  readonly #slots: ReplySlots
  readonly #gauge: OutputGauge
  readonly #pace: RequestPace
  #nowMs: number
  #halts: number
  #isScheduled: boolean
  #isReadingPaused: boolean
  #hasEnded: boolean
  #isOutletClosed: boolean
  #closeReason: CloseReason
  #outletBytes: number
  #replyStart: number
  #movedMs: number

  constructor(
    id: number,
    room: ConnectionRoom,
    outlet: Outlet,
    nowMs: number,
    converse: (connection: Connection) => Conversation,
  ) {
    this.id = id
    this.writer = new ReplyWriter(room.slabs)
    this.remote = ''
    this.local = ''
    this.outputLimits = unlimitedOutput()
    this.isIdleExempt = false
    this.connectedMs = nowMs
    this.lastActiveMs = nowMs
    this.bytesIn = 0
    this.bytesOut = 0
    this.requests = 0
    this.isClosed = false
    this.#room = room
    this.#outlet = outlet
    this.#parser = new RequestParser(room.limits.parser)
    this.#slots = new ReplySlots(this.writer, room.slabs)
    this.#gauge = new OutputGauge()
    this.#pace = new RequestPace()
    this.#nowMs = nowMs
    this.#halts = 0
    this.#isScheduled = false
    this.#isReadingPaused = false
    this.#hasEnded = false
    this.#isOutletClosed = false
    this.#closeReason = 'client'
    this.#outletBytes = 0
    this.#replyStart = 0
    this.#movedMs = nowMs
    this.conversation = converse(this)
  }

  get isBlocked(): boolean {
    return (this.#halts & BLOCKED) !== 0
  }

  get isClosing(): boolean {
    return (this.#halts & CLOSING) !== 0
  }

  /** Request bytes not yet run. */
  get pendingBytes(): number {
    return this.#parser.pendingBytes
  }

  /** Memory the unread request bytes occupy. */
  get bufferBytes(): number {
    return this.#parser.bufferBytes
  }

  /** Reply bytes the client has not taken yet, wherever they wait. */
  get queuedBytes(): number {
    return this.#outletBytes + this.writer.length + this.#slots.output.length + this.#slots.waitingBytes
  }

  /** Does the layer below still hold bytes it could not send at once? */
  get hasUnsent(): boolean {
    return this.#outletBytes > 0
  }

  onChunk(chunk: Buffer, nowMs: number): void {
    this.#nowMs = nowMs
    this.lastActiveMs = nowMs
    this.bytesIn += chunk.length
    this.#room.stats.bytesIn += chunk.length
    if (this.isClosed || (this.#halts & CLOSING) !== 0) return
    this.#parser.feed(chunk)
    if (this.#halts === 0) this.#run()
    else {
      this.#parser.endOfChunk()
      this.#steerReading()
    }
  }

  onTurn(nowMs: number): void {
    this.#nowMs = nowMs
    this.#isScheduled = false
    this.#halts &= ~TURN
    if (this.isClosed) return
    if (this.#halts === 0) this.#run()
    else this.#steerReading()
  }

  /** The socket has sent something; `stillQueued` bytes remain below us. */
  onDrain(stillQueued = 0): void {
    if (stillQueued < this.#outletBytes) this.#movedMs = this.#nowMs
    this.#outletBytes = stillQueued
    this.flush()
    if (!this.isClosed) this.#judgeOutput()
  }

  /** The client will send no more. What it asked before is still answered, unless that means to wait. */
  onEnd(): void {
    this.#hasEnded = true
    if (this.isBlocked) this.destroy('client')
    else if (this.#halts === 0) {
      this.closeAfterFlush('client')
    }
  }

  onTick(nowMs: number): void {
    this.#nowMs = nowMs
    if (this.isClosed) return
    const { limits, stats } = this.#room
    this.#judgeOutput()
    if (this.isClosing) {
      if (nowMs - this.#movedMs > limits.closeLingerMs) this.destroy(this.#closeReason)
      return
    }
    const isTooSlow =
      (this.#halts === 0 && this.#pace.isTooSlow(limits, nowMs)) ||
      (this.requests === 0 &&
        !this.conversation.isAuthenticated &&
        nowMs - this.connectedMs > limits.unauthenticatedMs)
    const isIdle =
      limits.idleTimeoutMs > 0 &&
      !this.isIdleExempt &&
      !this.isBlocked &&
      nowMs - this.lastActiveMs > limits.idleTimeoutMs
    if (isTooSlow) {
      stats.slowRequestDisconnections++
      this.destroy('slow-request')
    } else if (isIdle) {
      stats.idleDisconnections++
      this.destroy('idle')
    }
  }

  /** The conversation threw: the reply it had begun is taken back and only this connection ends. */
  onFault(): void {
    this.isRunning = false
    this.#room.stats.internalErrors++
    this.#room.args.clear()
    this.writer.truncate(Math.max(this.#replyStart, this.#slots.fixedLength))
    this.writer.error('ERR internal error')
    this.closeAfterFlush('error')
    this.flush()
  }

  /** The stream is gone. The last input a connection gets. */
  onClosed(reason: CloseReason): void {
    if (!this.isClosed) this.#closeReason = this.isClosing ? this.#closeReason : reason
    this.isClosed = true
    this.#halts |= CLOSING
    this.writer.reset(true)
    this.#slots.output.reset(true)
    this.conversation.onClose(this.#closeReason)
  }

  /** Runs nothing more until `unblock`: the command just run waits for something. */
  block(): void {
    this.#halts |= BLOCKED
  }

  unblock(): void {
    if (!this.isBlocked) return
    this.#halts &= ~BLOCKED
    if (this.isRunning) return
    if (this.#parser.pendingBytes > 0) this.#schedule()
    this.#steerReading()
  }

  /** Reserves the place of a reply that is not known yet; later requests run on. */
  openSlot(): number {
    return this.#slots.open()
  }

  /** Gives a reserved place its reply, which leaves as soon as everything before it has. */
  fillSlot(slot: number, reply: Buffer, start = 0, end = reply.length): void {
    if (this.isClosed) return
    this.#slots.fill(slot, reply, start, end)
    this.markDirty()
  }

  /** For looking at what is owed, and for taking back replies that wait behind an open slot. */
  get slots(): ReplySlots {
    return this.#slots
  }

  /** Something outside a request wrote into `writer`. */
  markDirty(): void {
    if (this.isDirty || this.isClosed) return
    this.isDirty = true
    this.#room.turns.dirty(this)
  }

  /** Reads nothing more, sends what is owed, ends. */
  closeAfterFlush(reason: CloseReason = 'closed'): void {
    if (this.isClosed || this.isClosing) return
    this.#halts |= CLOSING
    this.#closeReason = reason
    this.#movedMs = this.#nowMs
    if (this.isRunning) return
    this.flush()
    this.#steerReading()
  }

  /** Ends at once; `onClosed` follows when the stream is gone. */
  destroy(reason: CloseReason): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#halts |= CLOSING
    this.#closeReason = reason
    this.#outlet.destroy()
  }

  /** Sends what may leave. A client that does not keep up gets its output in slabfuls, not in driblets. */
  flush(): void {
    if (this.isClosed) return
    const isOrdered = this.#slots.isInUse
    if (isOrdered) this.#slots.release()
    const output = isOrdered ? this.#slots.output : this.writer
    const length = output.length
    if (length > 0 && (this.#outletBytes === 0 || length >= slabBytes || this.isClosing)) {
      this.bytesOut += length
      this.#room.stats.bytesOut += length
      this.lastActiveMs = this.#nowMs
      this.#outletBytes = this.#outlet.write(output.detach())
      output.reset(this.#outletBytes === 0)
    }
    if (this.#outletBytes > 0 || isOrdered || this.#halts !== 0) this.#afterFlush()
  }

  #afterFlush(): void {
    this.#judgeOutput()
    if (this.isClosed) return
    const limits = this.#room.limits
    if ((this.#halts & SLOTS) !== 0 && this.#slots.count <= limits.slotsMax >> 1) this.#lift(SLOTS)
    if ((this.#halts & OUTPUT) !== 0 && this.queuedBytes < limits.outputResumeBytes) this.#lift(OUTPUT)
    if (this.isClosing && !this.isRunning && !this.#isOutletClosed && !this.#slots.isInUse) {
      this.#isOutletClosed = true
      this.#outlet.close()
    }
  }

  #lift(halt: number): void {
    this.#halts &= ~halt
    if (this.isRunning) return
    if (this.#parser.pendingBytes > 0 || this.#hasEnded) this.#schedule()
    this.#steerReading()
  }

  /** Reads and answers requests until something halts, the turn is used up or the bytes run out. */
  #run(): void {
    const { args, limits, stats, clock } = this.#room
    const parser = this.#parser
    const writer = this.writer
    const conversation = this.conversation
    const requestsBefore = this.requests
    const scan = this.#room.scan
    let budget = limits.commandsPerTurnMax
    const turnEndMs = this.#nowMs + limits.turnMsMax
    this.isRunning = true
    conversation.onTurnStart?.(this.#nowMs)
    while (this.#halts === 0) {
      if (budget-- === 0 || (budget % REQUESTS_PER_GLANCE === 0 && clock.nowMs() >= turnEndMs)) {
        if (parser.pendingBytes > 0) this.#halts |= TURN
        break
      }
      if (parser.position >= scan.until && parser.lookAhead(scan)) conversation.onAhead?.(scan)
      const result = parser.next(args, conversation.isAuthenticated)
      if (result !== READY) {
        if (result === FAILED) this.#refuse()
        break
      }
      this.requests++
      this.#replyStart = writer.length
      conversation.onRequest(args, this)
      if (writer.length > limits.flushBytes) this.flush()
      if (this.#slots.count >= limits.slotsMax) this.#halts |= SLOTS
    }
    this.isRunning = false
    conversation.onTurnEnd?.()
    args.clear()
    scan.forget()
    parser.endOfChunk()
    stats.requests += this.requests - requestsBefore
    this.#pace.note(limits, parser.pendingBytes, this.requests !== requestsBefore, this.bytesIn, this.#nowMs)
    if ((this.#halts & TURN) !== 0) this.#schedule()
    else if (this.#hasEnded && this.#halts === 0) this.closeAfterFlush('client')
    if (this.#halts === 0 && this.#outletBytes === 0) this.markDirty()
    else this.flush()
    this.#steerReading()
  }

  #refuse(): void {
    const stats = this.#room.stats
    const error = this.#parser.error
    if (error === '') {
      stats.queryLimitDisconnections++
      this.destroy('query-buffer-limit')
      return
    }
    stats.protocolErrors++
    this.writer.error(error)
    this.closeAfterFlush('error')
  }

  /** Output that piles up first stops the connection from causing more, and at the class's limit ends it. */
  #judgeOutput(): void {
    const queued = this.queuedBytes
    const isKnown = this.conversation.isAuthenticated
    const outputLimits = isKnown ? this.outputLimits : this.#room.limits.unauthenticatedOutput
    if (this.#gauge.isOver(outputLimits, queued, this.#nowMs)) {
      this.#room.stats.outputLimitDisconnections++
      this.destroy('output-buffer-limit')
      return
    }
    if (queued <= this.#room.limits.outputPauseBytes || (this.#halts & OUTPUT) !== 0) return
    this.#halts |= OUTPUT
    this.#steerReading()
  }

  #schedule(): void {
    if (this.#isScheduled || this.isClosed) return
    this.#isScheduled = true
    this.#room.turns.later(this)
  }

  #steerReading(): void {
    if (this.isClosed || this.isRunning) return
    const halts = this.#halts
    const shouldPause =
      (halts & CLOSING) === 0 &&
      ((halts & (OUTPUT | TURN | SLOTS)) !== 0 ||
        ((halts & BLOCKED) !== 0 && this.#parser.pendingBytes > this.#room.limits.inputPauseBytes))
    if (shouldPause === this.#isReadingPaused) return
    this.#isReadingPaused = shouldPause
    if (shouldPause) this.#outlet.pauseReading()
    else this.#outlet.resumeReading()
  }
}
