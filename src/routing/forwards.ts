/**
 * Forwards [Machine]: requests for keys that others act for. What one round of the event loop sends to one node is one
 * frame; each request has kept its reply's place with its client, and the answer fills all of them at once.
 *
 * A node that is not, or no longer, the primary says so and has run nothing: its requests are routed again, a few
 * times, a moment later each. When an answer does not come it is open whether a write was run, and the client is told
 * exactly that; reads are routed again. It decides nothing about who acts.
 */
import type { Args } from '../../resp/index.ts'
import type { SessionLink } from '../session/session.ts'
import { ByteWriter } from '../store/byte-writer.ts'
import { replyEndsOf, writeRequests } from './forward-body.ts'

/** The reply of a node to a request it is not the one to run. */
export const NOT_PRIMARY = 'NOTPRIMARY this node does not act for the slot'
const NOT_PRIMARY_BYTES = Buffer.from('-NOTPRIMARY ', 'latin1')
export const OUTCOME_OPEN = Buffer.from(
  '-TIMEOUT no answer from the primary of the slot: whether the write was run is open\r\n',
  'latin1',
)
/** Nothing was run: it may be sent again, and clients that know the word do so on their own. */
export const OVERLOADED = 'TRYAGAIN too much waits for the primary of the slot: nothing was run'
const OVERLOADED_REPLY = Buffer.from(`-${OVERLOADED}\r\n`, 'latin1')
export const UNREACHABLE = Buffer.from('-CLUSTERDOWN the primary of the slot does not answer\r\n', 'latin1')

export type ForwardOutcome =
  | { readonly kind: 'answer'; readonly bytes: Buffer; readonly start: number; readonly end: number }
  /** `isOverloaded`: the node is asked no more for now, and what was sent was not run. */
  | { readonly kind: 'failed'; readonly hasRunMaybe: boolean; readonly isOverloaded: boolean }

export interface ForwardLimits {
  /** Requests on their way, and the bytes of their frames; new ones of clients are refused beyond. */
  countMax: number
  bytesMax: number
  /** A round that brings more than this for one node leaves in several frames. */
  frameBytes: number
}

export interface ForwardPorts {
  /** Sends a frame of requests, copied within the call; `answered` is called once, never within it. */
  ask(peerId: string, body: Buffer, length: number, answered: (outcome: ForwardOutcome) => void): void
  /** Who acts for the slot by now; undefined: nobody. Our own id: we do. */
  actingId(slot: number): string | undefined
  after(delayMs: number, run: () => void): void
  wake(): void
}

/** Who is given the reply: a client's connection, or a gathering of several replies. */
export interface ReplyTaker extends Pick<SessionLink, 'fillSlot'> {
  /** The same for a reply that is replies[start, end), where a view of each would cost more than what is in it. */
  fillSpan?(place: number, replies: Buffer, start: number, end: number): void
  /** Takes a request back that was not run, instead of having it sent to whoever acts for its slot by now. */
  reroute?(place: number, tries: number): void
}

export interface ForwardItem {
  readonly link: ReplyTaker
  readonly place: number
  readonly slot: number
  readonly isWrite: boolean
  readonly database: number
  readonly manners: number
  readonly tries: number
  /** The raw request is bytes[start, end) of the frame it left in. */
  start: number
  end: number
}

const OK = Buffer.from('+OK\r\n', 'latin1')
const MINUS = 45
const PLUS = 43

class Frame {
  readonly items: ForwardItem[] = []
  readonly heads = new ByteWriter()
  readonly raws = new ByteWriter()

  clear(): void {
    this.items.length = 0
    this.heads.clear()
    this.raws.clear()
  }
}

const TRIES_MAX = 8
const RETRY_DELAY_MS = 40
/** For a node that is overloaded more tries are more load. */
const OVERLOADED_TRIES_MAX = 2
/** Answered frames kept for the next ones: their memory is not the collector's, which would run often for its sake. */
const SPARES_MAX = 64

export class Forwards {
  limits: ForwardLimits = { countMax: 262_144, bytesMax: 256 * 2 ** 20, frameBytes: 16 * 2 ** 20 }
  readonly counters = {
    forwarded: 0,
    frames: 0,
    rerouted: 0,
    unanswered: 0,
    failed: 0,
    refused: 0,
    overloaded: 0,
  }
  /** On their way, those that rest before another try included. */
  count = 0
  bytes = 0
  readonly #ports: ForwardPorts
  readonly #open = new Map<string, Frame>()
  readonly #spares: Frame[] = []
  readonly #body = new ByteWriter()

  constructor(ports: ForwardPorts) {
    this.#ports = ports
  }

  /** May a client's request be sent on? Asked before it is touched: what has begun is never turned away here. */
  hasRoom(): boolean {
    if (this.count < this.limits.countMax && this.bytes < this.limits.bytesMax) return true
    this.counters.refused++
    return false
  }

  /** The request goes to `peerId` at the end of this round; its reply fills the place. The item is kept. */
  forward(peerId: string, args: Args, item: ForwardItem): void {
    this.counters.forwarded++
    this.#add(peerId, item, args.bytes, args.requestStart, args.requestEnd)
  }

  /** The same for a request made here, which travels as these bytes. */
  forwardRaw(peerId: string, raw: Buffer, item: ForwardItem): void {
    this.counters.forwarded++
    this.#add(peerId, item, raw, 0, raw.length)
  }

  flush(): void {
    for (const [peerId, frame] of this.#open) this.#leave(peerId, frame)
  }

  #leave(peerId: string, frame: Frame): void {
    this.#open.delete(peerId)
    this.counters.frames++
    const body = this.#body
    body.clear()
    writeRequests(frame.items.length, frame.heads, frame.raws, body)
    this.#ports.ask(peerId, body.bytes, body.length, (outcome) => {
      this.#onOutcome(frame, outcome)
      frame.clear()
      if (this.#spares.length < SPARES_MAX) this.#spares.push(frame)
    })
  }

  #add(peerId: string, item: ForwardItem, bytes: Uint8Array, start: number, end: number): void {
    let frame = this.#open.get(peerId)
    if (frame !== undefined && frame.raws.length + end - start > this.limits.frameBytes) {
      this.#leave(peerId, frame)
      frame = undefined
    }
    if (frame === undefined) {
      frame = this.#spares.pop() ?? new Frame()
      this.#open.set(peerId, frame)
      this.#ports.wake()
    }
    item.start = frame.raws.length
    frame.raws.raw(bytes, start, end)
    item.end = frame.raws.length
    frame.heads.u8(item.database)
    frame.heads.u8(item.manners)
    frame.items.push(item)
    this.count++
    this.bytes += end - start
  }

  #onOutcome(frame: Frame, outcome: ForwardOutcome): void {
    const { items } = frame
    this.count -= items.length
    this.bytes -= frame.raws.length
    const ends =
      outcome.kind === 'answer'
        ? replyEndsOf(outcome.bytes, outcome.start, outcome.end, items.length)
        : undefined
    if (outcome.kind !== 'answer' || ends === undefined) {
      for (const item of items) this.#onSilence(frame, item, outcome)
      return
    }
    // One copy of all of them: they may wait for others in front of them.
    const own = Buffer.from(outcome.bytes.subarray(ends[0]!, ends[items.length]!))
    for (let at = 0; at < items.length; at++) {
      this.#fill(frame, items[at]!, own, ends[at]! - ends[0]!, ends[at + 1]! - ends[0]!)
    }
  }

  #fill(frame: Frame, item: ForwardItem, replies: Buffer, start: number, end: number): void {
    const { link, place } = item
    const first = replies[start]
    if (first === PLUS && isOk(replies, start, end)) link.fillSlot(place, OK)
    else if (first === MINUS && isNotPrimary(replies.subarray(start, end))) this.#again(frame, item)
    else if (link.fillSpan !== undefined) link.fillSpan(place, replies, start, end)
    else link.fillSlot(place, replies.subarray(start, end))
  }

  #onSilence(frame: Frame, item: ForwardItem, outcome: ForwardOutcome): void {
    this.counters.unanswered++
    const hasRunMaybe = outcome.kind === 'answer' || outcome.hasRunMaybe
    if (item.isWrite && hasRunMaybe) return this.#fail(item, OUTCOME_OPEN)
    const isOverloaded = outcome.kind === 'failed' && outcome.isOverloaded
    if (!isOverloaded || item.tries < OVERLOADED_TRIES_MAX) return this.#again(frame, item)
    this.counters.overloaded++
    this.#fail(item, OVERLOADED_REPLY)
  }

  #again(frame: Frame, item: ForwardItem): void {
    if (item.tries >= TRIES_MAX) return this.#fail(item, UNREACHABLE)
    this.counters.rerouted++
    const delayMs = RETRY_DELAY_MS * 2 ** Math.min(item.tries, 4)
    const { link } = item
    if (link.reroute !== undefined) {
      this.#ports.after(delayMs, () => link.reroute!(item.place, item.tries + 1))
      return
    }
    const raw = Buffer.from(frame.raws.bytes.subarray(item.start, item.end))
    this.count++
    this.bytes += raw.length
    this.#ports.after(delayMs, () => {
      this.count--
      this.bytes -= raw.length
      const peerId = this.#ports.actingId(item.slot)
      if (peerId === undefined) this.#fail(item, UNREACHABLE)
      else this.#add(peerId, { ...item, tries: item.tries + 1 }, raw, 0, raw.length)
    })
  }

  #fail(item: ForwardItem, error: Buffer): void {
    this.counters.failed++
    item.link.fillSlot(item.place, error)
  }
}

function isOk(replies: Buffer, start: number, end: number): boolean {
  return end - start === OK.length && replies[start + 1] === OK[1] && replies[start + 2] === OK[2]
}

export function isNotPrimary(reply: Buffer): boolean {
  return reply.length > NOT_PRIMARY_BYTES.length && reply.compare(NOT_PRIMARY_BYTES, 0, 12, 0, 12) === 0
}
