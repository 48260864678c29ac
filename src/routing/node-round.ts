/**
 * Node round [Machine]: the same read asked of every acting node, once. When one of them does not answer or has handed
 * its slots on, the others' answers no longer add up to the whole, so the round is over and a new one begins with
 * whoever acts then.
 */
import type { ActingNode, ActingNodes } from './acting-nodes.ts'
import { NOT_SERVED } from './router.ts'
import { errorReply } from './joined-replies.ts'
import type { PartSender, PartTaker } from './part-sender.ts'

export interface RoundParts {
  readonly acting: ActingNodes
  readonly sender: PartSender
}

export interface RoundRequest {
  readonly raw: Buffer
  readonly database: number
  readonly manners: number
}

/** What each node answered; or the error, when there is one. */
export type RoundDone = (nodes: readonly ActingNode[], replies: readonly Buffer[]) => void

export class NodeRound implements PartTaker {
  readonly #parts: RoundParts
  readonly #request: RoundRequest
  readonly #done: RoundDone
  readonly #nodes: readonly ActingNode[]
  readonly #replies: Buffer[] = []
  #unanswered: number
  #isOver = false
  /** Some node has still to run its part here. */
  isWaiting = false

  constructor(parts: RoundParts, request: RoundRequest, done: RoundDone, tries: number) {
    this.#parts = parts
    this.#request = request
    this.#done = done
    this.#nodes = parts.acting.all()
    this.#unanswered = this.#nodes.length
    if (!parts.acting.isComplete) this.#end([errorReply(NOT_SERVED)])
    for (const [place, { id, slot }] of this.#nodes.entries()) {
      if (this.#isOver) return
      const hasRun = parts.sender.send(id, { ...request, slot, isWrite: false }, this, place, tries)
      this.isWaiting ||= !hasRun
    }
  }

  fillSlot(place: number, reply: Buffer): void {
    if (this.#isOver) return
    this.#replies[place] = reply
    this.#unanswered--
    if (this.#unanswered === 0) this.#end(this.#replies)
  }

  reroute(_place: number, tries: number): void {
    if (this.#isOver) return
    this.#isOver = true
    new NodeRound(this.#parts, this.#request, this.#done, tries)
  }

  #end(replies: readonly Buffer[]): void {
    this.#isOver = true
    this.#done(this.#nodes, replies)
  }
}
