/**
 * Key question [Machine]: one question about several keys, asked of the nodes that act for them; each answers one string
 * for each of its keys. When slots have moved meanwhile, their keys are asked for again where they are now.
 */
import { replyEnd } from '../../resp/index.ts'
import type { SlotRoles } from '../replication/slot-roles.ts'
import { slotOf } from '../store/hash-slot.ts'
import { UNREACHABLE } from './forwards.ts'
import { elementsOf, errorAmong } from './joined-replies.ts'
import type { PartSender, PartTaker } from './part-sender.ts'
import type { RequestWriter } from './request-writer.ts'

export interface KeyQuestionParts {
  readonly roles: SlotRoles
  readonly sender: PartSender
  readonly writer: RequestWriter
}

export interface Question {
  /** Name of the distant request. */
  readonly name: string
  readonly keys: readonly Buffer[]
  readonly database: number
  readonly manners: number
}

/** Either the error, or an answer for each key. */
export type Answers = (error: Buffer | undefined, answers: readonly Buffer[]) => void

interface Asked {
  readonly nodeId: string
  /** Which of the keys. */
  readonly numbers: number[]
  reply: Buffer | null
}

export class KeyQuestion implements PartTaker {
  /** Some part waits here. */
  isWaiting = false
  readonly #parts: KeyQuestionParts
  readonly #question: Question
  readonly #done: Answers
  /** Those asked anew are replaced by theirs: null. */
  readonly #asked: (Asked | null)[] = []
  #unanswered = 0

  constructor(parts: KeyQuestionParts, question: Question, done: Answers) {
    this.#parts = parts
    this.#question = question
    this.#done = done
    this.#ask([...question.keys.keys()], 0)
  }

  fillSlot(place: number, reply: Buffer): void {
    this.#asked[place]!.reply = reply
    this.#unanswered--
    if (this.#unanswered === 0) this.#finish()
  }

  reroute(place: number, tries: number): void {
    const { numbers } = this.#asked[place]!
    this.#asked[place] = null
    this.#unanswered--
    this.#ask(numbers, tries)
  }

  #ask(numbers: readonly number[], tries: number): void {
    const { roles } = this.#parts
    const byNode = new Map<string, Asked>()
    for (const number of numbers) {
      const nodeId = roles.actingId(this.#slotOf(number)) ?? ''
      const asked = byNode.get(nodeId)
      if (asked === undefined) byNode.set(nodeId, { nodeId, numbers: [number], reply: null })
      else asked.numbers.push(number)
    }
    const first = this.#asked.length
    this.#asked.push(...byNode.values())
    this.#unanswered += byNode.size
    for (let place = first; place < first + byNode.size; place++) this.#send(place, tries)
  }

  #send(place: number, tries: number): void {
    const { nodeId, numbers } = this.#asked[place]!
    const { database, keys, manners, name } = this.#question
    const { sender, writer } = this.#parts
    if (nodeId === '') return this.fillSlot(place, UNREACHABLE)
    writer.begin(1 + numbers.length).text(name)
    for (const number of numbers) writer.bytes(keys[number]!, 0, keys[number]!.length)
    const part = { raw: writer.end(), slot: this.#slotOf(numbers[0]!), isWrite: false, database, manners }
    if (!sender.send(nodeId, part, this, place, tries)) this.isWaiting = true
  }

  #slotOf(number: number): number {
    const key = this.#question.keys[number]!
    return slotOf(key, 0, key.length)
  }

  #finish(): void {
    const asked = this.#asked.filter((one) => one !== null)
    const replies = asked.map(({ reply }) => reply!)
    const answers: Buffer[] = []
    const error = errorAmong(replies, false)
    if (error !== undefined) return this.#done(error, answers)
    for (const [i, reply] of replies.entries()) {
      let { at } = elementsOf(reply)
      for (const number of asked[i]!.numbers) {
        const end = replyEnd(reply, at)
        answers[number] = reply.subarray(reply.indexOf('\r\n', at, 'latin1') + 2, end - 2)
        at = end
      }
    }
    this.#done(undefined, answers)
  }
}
