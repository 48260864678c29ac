/**
 * Moved elements [Machine]: one element from a collection of one node to a collection of another: LMOVE, RPOPLPUSH, SMOVE.
 * It is looked up, added there, and then taken away here, each of which is a request like any other.
 *
 *   LINDEX source -> LPUSH destination -> LREM source
 *
 * Others may see it in both for a moment, and never in neither. Somebody else may have taken it from the source by
 * then: what was added is taken back, and the next element is tried. When that is not possible either, or an answer does
 * not come, the outcome is open (-TIMEOUT) and the element may be in both.
 */
import { type AskedPartParts, askPart, type Replied } from './asked-part.ts'
import type { Bench } from './bench.ts'
import type { ClientErrand } from './client-errand.ts'
import { WRONG_TYPE } from '../commands/arguments.ts'
import { integerOf, isError, isNil, textOf } from './joined-replies.ts'
import { AT_BOTH } from './renamed-keys.ts'

export interface MovedElementsParts extends AskedPartParts {
  readonly bench: Bench
}

const TRIES_MAX = 16
const NOT_MOVED = 'TRYAGAIN others took every element that was to be moved: nothing was moved'
const NO = Buffer.from(':0\r\n', 'latin1')
const YES = Buffer.from(':1\r\n', 'latin1')
const FROM_HEAD = '1'
const FROM_TAIL = '-1'

/** LMOVE and RPOPLPUSH. */
export class MovedElement {
  readonly #parts: MovedElementsParts
  readonly #errand: ClientErrand
  readonly #takesHead: boolean
  readonly #addsHead: boolean
  #tries = 0

  constructor(parts: MovedElementsParts, errand: ClientErrand) {
    const { args, row } = errand
    this.#parts = parts
    this.#errand = errand
    this.#takesHead = row.name === 'lmove' && args.is(3, 'LEFT')
    this.#addsHead = row.name === 'rpoplpush' || args.is(4, 'LEFT')
    // Over no keys at all the command still says what is wrong with its words.
    const refusal = parts.bench.run({ ...errand, entries: [] })
    parts.bench.clear()
    if (isError(refusal)) errand.reply(refusal)
    else this.#look()
  }

  #look(): void {
    if (this.#tries++ === TRIES_MAX) return this.#errand.refuse(NOT_MOVED)
    this.#ask(false, 0, ['LINDEX', this.#takesHead ? '0' : '-1'], (element) => {
      if (isError(element) || isNil(element)) this.#errand.reply(element)
      else this.#add(element)
    })
  }

  #add(element: Buffer): void {
    const value = textOf(element)
    this.#ask(true, 1, [this.#addsHead ? 'LPUSH' : 'RPUSH', value], (length) => {
      if (isError(length)) this.#errand.reply(length)
      else this.#take(element, value)
    })
  }

  #take(element: Buffer, value: string): void {
    this.#ask(true, 0, ['LREM', this.#takesHead ? FROM_HEAD : FROM_TAIL, value], (count) => {
      if (isError(count)) this.#errand.refuse(AT_BOTH)
      else if (integerOf(count) === 1) this.#errand.reply(element)
      else this.#takeBack(value)
    })
  }

  #takeBack(value: string): void {
    this.#ask(true, 1, ['LREM', this.#addsHead ? FROM_HEAD : FROM_TAIL, value], (count) => {
      if (isError(count) || integerOf(count) === 0) this.#errand.refuse(AT_BOTH)
      else this.#look()
    })
  }

  /** A request about the errand's key of this number, which comes behind the first of the words. */
  #ask(isWrite: boolean, number: number, [name, ...rest]: readonly string[], replied: Replied): void {
    askKey(this.#parts, this.#errand, isWrite, number, name!, rest, replied)
  }
}

/** SMOVE. */
export class MovedMember {
  readonly #parts: MovedElementsParts
  readonly #errand: ClientErrand
  readonly #member: string

  constructor(parts: MovedElementsParts, errand: ClientErrand) {
    this.#parts = parts
    this.#errand = errand
    this.#member = errand.args.text(3)
    this.#ask(false, 0, 'SISMEMBER', (isMember) => {
      if (isError(isMember)) errand.reply(isMember)
      else if (integerOf(isMember) === 1) this.#add()
      else this.#notThere()
    })
  }

  /** Nothing to move - but where there is a source, the destination has to be a set. */
  #notThere(): void {
    const errand = this.#errand
    askKey(this.#parts, errand, false, 0, 'EXISTS', [], (exists) => {
      if (isError(exists) || integerOf(exists) === 0) return errand.reply(exists)
      askKey(this.#parts, errand, false, 1, 'TYPE', [], (type) => {
        if (isError(type)) errand.reply(type)
        else if (/^\+(none|set)/.test(type.toString('latin1'))) errand.reply(NO)
        else errand.refuse(WRONG_TYPE)
      })
    })
  }

  #add(): void {
    this.#ask(true, 1, 'SADD', (added) => {
      if (isError(added)) return this.#errand.reply(added)
      this.#ask(true, 0, 'SREM', (removed) => {
        if (isError(removed)) this.#errand.refuse(AT_BOTH)
        else if (integerOf(removed) === 1) this.#errand.reply(YES)
        else if (integerOf(added) === 1) this.#takeBack()
        else this.#errand.reply(NO)
      })
    })
  }

  #takeBack(): void {
    this.#ask(true, 1, 'SREM', (removed) => {
      if (isError(removed)) this.#errand.refuse(AT_BOTH)
      else this.#errand.reply(NO)
    })
  }

  #ask(isWrite: boolean, number: number, name: string, replied: Replied): void {
    askKey(this.#parts, this.#errand, isWrite, number, name, [this.#member], replied)
  }
}

function askKey(
  parts: MovedElementsParts,
  errand: ClientErrand,
  isWrite: boolean,
  number: number,
  name: string,
  rest: readonly string[],
  replied: Replied,
): void {
  const key = errand.keys[number]!
  askPart(parts, errand, isWrite, key, [name, key, ...rest], replied)
}
