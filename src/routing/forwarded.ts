/**
 * Forwarded [Machine]: requests another node has sent on, run here in their order, answered together.
 *
 * One lives as long as one frame. It is the connection of a session that nobody is connected to: when a request has to
 * wait, so do those behind it; when all have run, the replies go back - at once if nothing was written, else when
 * enough owners have confirmed, with the unconfirmed ones replaced.
 */
import {
  Args,
  defaultParserLimits,
  READY,
  ReplyWriter,
  RequestParser,
  type SlabPool,
} from '../../resp/index.ts'
import { Barrier, type BarrierOwner } from '../replication/barrier.ts'
import { Session, type SessionLink } from '../session/session.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { UNCONFIRMED } from './client-turn.ts'
import { HEAD_BYTES, isNoTouch, protocolOf, readLevelOf, writeLevelOf, writeReplies } from './forward-body.ts'

export interface ForwardedHost {
  readonly slabs: SlabPool
  onRequest(session: Session, args: Args): void
  onTurnStart(): void
  onTurnEnd(session: Session): void
}

/** What is answered is copied within the call; `undefined`: the bytes were no requests. */
export type RespondForwarded = (body: Buffer | undefined, length: number) => void

/** One at a time is filled and answered. */
const answer = new ByteWriter()

export class Forwarded implements SessionLink, BarrierOwner {
  readonly session: Session
  readonly queuedBytes = 0
  readonly pendingBytes = 0
  readonly bufferBytes = 0
  readonly localAddress = ''
  readonly descriptor = -1
  readonly remoteAddress: string
  readonly #host: ForwardedHost
  readonly #respond: RespondForwarded
  readonly #parser = new RequestParser(defaultParserLimits())
  readonly #args = new Args()
  readonly #count: number
  #heads: Buffer
  /** Where each reply ends, and which of them claim a write. */
  readonly #ends: number[] = []
  readonly #writes: number[] = []
  #barrier: Barrier | null = null
  #isWaiting = false
  #isRunning = false
  #isOver = false

  constructor(
    host: ForwardedHost,
    remoteAddress: string,
    body: Buffer,
    rawsAt: number,
    nowMs: number,
    respond: RespondForwarded,
  ) {
    this.#host = host
    this.remoteAddress = remoteAddress
    this.#respond = respond
    this.#count = body.readUInt32LE(0)
    this.#heads = body.subarray(4, rawsAt)
    this.session = new Session(0, new ReplyWriter(host.slabs), this, nowMs)
    this.session.isAuthenticated = true
    this.session.isProxied = true
    this.#parser.feed(body.subarray(rawsAt))
  }

  /** Have all requests been run, though perhaps not yet been confirmed? */
  get hasRun(): boolean {
    return this.#isOver || this.#ends.length === this.#count
  }

  /** Runs what can be run. The body may be used again afterwards. */
  run(): void {
    this.#isRunning = true
    this.#host.onTurnStart()
    while (!this.#isWaiting && this.#ends.length < this.#count) if (!this.#runNext()) break
    this.#host.onTurnEnd(this.session)
    this.#isRunning = false
    if (this.#isOver) return
    if (this.#isWaiting) this.#keepRest()
    else if (this.#ends.length < this.#count) this.#end(undefined)
    else if (this.#barrier === null) this.#answer()
    else this.#barrier.seal()
  }

  block(): void {
    this.#isWaiting = true
  }

  /** The request that waited will be answered before this call's caller returns, and `markDirty` says so. */
  unblock(): void {
    this.#isWaiting = false
  }

  markDirty(): void {
    if (this.#isRunning || this.#isOver || this.#isWaiting) return
    this.#ends.push(this.session.writer.length)
    this.run()
  }

  /** The router asks for the barrier of a turn with the first write of it. */
  barrierFor(wantsAll: boolean): Barrier {
    this.#writes.push(this.#ends.length)
    this.#barrier ??= new Barrier(wantsAll, this)
    return this.#barrier
  }

  onConfirmed(): void {
    this.#answer()
  }

  onUnconfirmed(): void {
    const { writer } = this.session
    const replies: Buffer[] = []
    let start = 0
    for (const [at, end] of this.#ends.entries()) {
      replies.push(this.#writes.includes(at) ? UNCONFIRMED : Buffer.from(writer.bytes.subarray(start, end)))
      start = end
    }
    let length = 0
    const ends = replies.map((reply) => (length += reply.length))
    this.#answerWith(Buffer.concat(replies), ends)
  }

  listens(): void {}
  openSlot(): number {
    return 0
  }
  distanceFrom(_slot: number, length: number): number {
    return length
  }
  fillSlot(): void {}
  fillSpan(): void {}
  replaceReplies(): void {}
  closeAfterFlush(): void {}
  destroy(): void {
    this.#end(undefined)
  }

  /** False: there are no more requests in these bytes than that. */
  #runNext(): boolean {
    const { session } = this
    const at = this.#ends.length * HEAD_BYTES
    const manners = this.#heads[at + 1]!
    session.database = this.#heads[at]! & 15
    session.writer.protocol = protocolOf(manners)
    session.isNoTouch = isNoTouch(manners)
    session.writeLevel = writeLevelOf(manners)
    session.readLevel = readLevelOf(manners)
    if (this.#parser.next(this.#args, true) !== READY) return false
    this.#host.onRequest(session, this.#args)
    if (!this.#isWaiting) this.#ends.push(session.writer.length)
    return true
  }

  /** What is left waits longer than the bytes it came in. */
  #keepRest(): void {
    this.#heads = Buffer.from(this.#heads)
    this.#args.clear()
    this.#parser.endOfChunk()
  }

  #answer(): void {
    this.#answerWith(this.session.writer.bytes, this.#ends)
  }

  #answerWith(replies: Uint8Array, ends: readonly number[]): void {
    answer.clear()
    writeReplies(replies, ends, answer)
    this.#end(answer.bytes, answer.length)
  }

  #end(body: Buffer | undefined, length = 0): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#respond(body, length)
    this.session.writer.reset(true)
  }
}
