/**
 * Random keys [Machine]: RANDOMKEY over all nodes: how many keys has each, then one of that node's, drawn by those
 * counts, so that each key of the mesh has the same chance. A node whose keys have expired meanwhile is left out, and
 * another is drawn.
 */
import type { ActingNode } from './acting-nodes.ts'
import { randomIndex } from '../store/random-choice.ts'
import { UNREACHABLE } from './forwards.ts'
import { errorAmong, integerOf, isError } from './joined-replies.ts'
import { NodeRound, type RoundParts } from './node-round.ts'
import type { PartTaker } from './part-sender.ts'

const COUNT = Buffer.from('*1\r\n$6\r\ndbsize\r\n', 'latin1')
const DRAW = Buffer.from('*1\r\n$9\r\nrandomkey\r\n', 'latin1')
const NIL_2 = Buffer.from('$-1\r\n', 'latin1')
const NIL_3 = Buffer.from('_\r\n', 'latin1')

export interface RandomKeyRequest {
  readonly database: number
  readonly manners: number
  readonly protocol: 2 | 3
}

export class RandomKey implements PartTaker {
  readonly #parts: RoundParts
  readonly #request: RandomKeyRequest
  readonly #random32: () => number
  readonly #done: (reply: Buffer) => void
  readonly #round: NodeRound
  #nodes: readonly ActingNode[] = []
  #counts: number[] = []

  constructor(
    parts: RoundParts,
    request: RandomKeyRequest,
    random32: () => number,
    done: (reply: Buffer) => void,
  ) {
    this.#parts = parts
    this.#request = request
    this.#random32 = random32
    this.#done = done
    const { database, manners } = request
    this.#round = new NodeRound(
      parts,
      { raw: COUNT, database, manners },
      (nodes, replies) => this.#onCounts(nodes, replies),
      0,
    )
  }

  get isWaiting(): boolean {
    return this.#round.isWaiting
  }

  fillSlot(place: number, reply: Buffer): void {
    if (!isNil(reply)) return this.#done(reply)
    this.#counts[place] = 0
    this.#draw(0)
  }

  reroute(place: number, tries: number): void {
    this.#counts[place] = 0
    this.#draw(tries)
  }

  #onCounts(nodes: readonly ActingNode[], replies: readonly Buffer[]): void {
    const error = errorAmong(replies, false)
    if (error !== undefined) return this.#done(error)
    this.#nodes = nodes
    this.#counts = replies.map(integerOf)
    this.#draw(0)
  }

  #draw(tries: number): void {
    const total = this.#counts.reduce((sum, count) => sum + count, 0)
    if (total === 0) return this.#done(this.#nothing(tries))
    let left = randomIndex(this.#random32, total)
    let place = 0
    for (; left >= this.#counts[place]!; place++) left -= this.#counts[place]!
    const { id, slot } = this.#nodes[place]!
    const { database, manners } = this.#request
    this.#parts.sender.send(id, { raw: DRAW, slot, isWrite: false, database, manners }, this, place, tries)
  }

  /** There is no key; or those there are, are out of reach. */
  #nothing(tries: number): Buffer {
    if (tries > 0) return UNREACHABLE
    return this.#request.protocol === 3 ? NIL_3 : NIL_2
  }
}

function isNil(reply: Buffer): boolean {
  return !isError(reply) && (reply.equals(NIL_2) || reply.equals(NIL_3))
}
