/**
 * Part sender [Machine]: a part of a spread request on its way to the node that is to run it. Elsewhere, it travels
 * like any forwarded request; here, it runs at once, as if another node had sent it on, so that settling, confirmation
 * and refusal are the same wherever a part runs - and so that what the client sends next cannot overtake it.
 */
import { Args, defaultParserLimits, READY, RequestParser } from '../../resp/index.ts'
import { rawsAt, replyOf, requestBody } from './forward-body.ts'
import { Forwarded, type ForwardedHost } from './forwarded.ts'
import { type Forwards, isNotPrimary, OUTCOME_OPEN, type ReplyTaker, UNREACHABLE } from './forwards.ts'
import { withSmallBuffers } from './small-buffers.ts'

export interface Part {
  readonly raw: Buffer
  /** Any slot of the part. */
  readonly slot: number
  readonly isWrite: boolean
  readonly database: number
  readonly manners: number
}

/** Who decides anew where a part goes when the node it went to did not run it. */
export interface PartTaker extends ReplyTaker {
  reroute(place: number, tries: number): void
}

export interface PartSenderParts {
  readonly selfId: string
  readonly forwards: Forwards
  readonly host: ForwardedHost
  readonly ports: {
    wallMs(): number
    after(delayMs: number, run: () => void): void
  }
}

const RETRY_DELAY_MS = 40
const TRIES_MAX = 8

export class PartSender {
  readonly #parts: PartSenderParts
  readonly #host: ForwardedHost

  constructor(parts: PartSenderParts) {
    this.#parts = parts
    this.#host = withSmallBuffers(parts.host)
  }

  /** False: it waits here, and nothing else of the client's may run before it has. The reply may come within the call. */
  send(nodeId: string, part: Part, taker: PartTaker, place: number, tries: number): boolean {
    if (nodeId === this.#parts.selfId) return this.#runHere(part, taker, place, tries)
    const { database, isWrite, manners, raw, slot } = part
    const item = { link: taker, place, slot, isWrite, database, manners, tries, start: 0, end: 0 }
    this.#parts.forwards.forwardRaw(nodeId, raw, item)
    return true
  }

  #runHere(part: Part, taker: PartTaker, place: number, tries: number): boolean {
    const { ports } = this.#parts
    const body = requestBody(part.database, part.manners, part.raw)
    const forwarded = new Forwarded(
      this.#host,
      this.#parts.selfId,
      body,
      rawsAt(body),
      ports.wallMs(),
      (answer, length) => {
        const reply = answer === undefined ? undefined : replyOf(answer, length)
        if (reply === undefined) taker.fillSlot(place, part.isWrite ? OUTCOME_OPEN : UNREACHABLE)
        else if (!isNotPrimary(reply)) taker.fillSlot(place, reply)
        else if (tries >= TRIES_MAX) taker.fillSlot(place, UNREACHABLE)
        else ports.after(RETRY_DELAY_MS, () => taker.reroute(place, tries + 1))
      },
    )
    forwarded.run()
    return forwarded.hasRun
  }
}

/** The words of a raw request made here. */
export function wordsOf(raw: Buffer): Args {
  const parser = new RequestParser(defaultParserLimits())
  const args = new Args()
  parser.feed(raw)
  if (parser.next(args, true) !== READY) throw new Error('a request made here does not parse')
  return args
}
