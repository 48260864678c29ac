/**
 * Joined replies [Rule]: one reply made of those of the parts. Replies are bytes of the protocol as they were sent; only
 * their outermost shape is read. An error of any part is the reply of the whole.
 */
import { replyEnd } from '../../resp/index.ts'

const MINUS = 45
const DOLLAR = 36
const ASTERISK = 42
const UNDERSCORE = 95
const OPEN = Buffer.from('-TIMEOUT ', 'latin1')
const PARTLY = ' (other parts of the request were run)'

export const OK = Buffer.from('+OK\r\n', 'latin1')
export const NOTHING = Buffer.alloc(0)

export function isError(reply: Buffer): boolean {
  return reply[0] === MINUS
}

/** Something was run, and it is not known whether it will last. */
export function isOpen(reply: Buffer): boolean {
  return reply.subarray(0, OPEN.length).equals(OPEN)
}

/** `_`, `$-1` or `*-1`. */
export function isNil(reply: Buffer): boolean {
  return reply[0] === UNDERSCORE || (reply[1] === MINUS && (reply[0] === ASTERISK || reply[0] === DOLLAR))
}

/** What a bulk string holds. */
export function textOf(reply: Buffer): string {
  return reply.toString('latin1', reply.indexOf('\r\n', 0, 'latin1') + 2, reply.length - 2)
}

export function errorReply(text: string): Buffer {
  return Buffer.from(`-${text}\r\n`, 'latin1')
}

/**
 * The error to answer, or undefined. An open outcome says more than a refusal, so it goes first; and a write that was
 * refused in part says so, because the rest is done.
 */
export function errorAmong(replies: readonly Buffer[], isWrite: boolean): Buffer | undefined {
  const errors = replies.filter(isError)
  if (errors.length === 0) return undefined
  const error = errors.find(isOpen) ?? errors[0]!
  if (!isWrite || errors.length === replies.length) return error
  return Buffer.concat([error.subarray(0, -2), Buffer.from(`${PARTLY}\r\n`, 'latin1')])
}

export function integerOf(reply: Buffer): number {
  return Number(reply.toString('latin1', 1, reply.length - 2))
}

export function sumOf(replies: readonly Buffer[]): Buffer {
  let sum = 0
  for (const reply of replies) sum += integerOf(reply)
  return Buffer.from(`:${sum}\r\n`, 'latin1')
}

/** Where the elements of an array begin and end. */
export function elementsOf(reply: Buffer, start = 0): { readonly count: number; readonly at: number } {
  if (reply[start] !== ASTERISK) throw new Error('this reply is no array')
  const lineEnd = reply.indexOf('\r\n', start, 'latin1')
  return { count: Number(reply.toString('latin1', start + 1, lineEnd)), at: lineEnd + 2 }
}

/** All elements of all arrays. */
export function concatOf(replies: readonly Buffer[]): Buffer {
  const pieces: Buffer[] = [NOTHING]
  let total = 0
  for (const reply of replies) {
    const { at, count } = elementsOf(reply)
    total += count
    pieces.push(reply.subarray(at))
  }
  pieces[0] = arrayHead(total)
  return Buffer.concat(pieces)
}

/** The elements of array `i` take the places `places[i]` of the whole. */
export function inOrder(replies: readonly Buffer[], places: readonly (readonly number[])[]): Buffer {
  const elements: Buffer[] = []
  for (const [i, reply] of replies.entries()) {
    let { at } = elementsOf(reply)
    for (const place of places[i]!) {
      const end = replyEnd(reply, at)
      elements[place] = reply.subarray(at, end)
      at = end
    }
  }
  return Buffer.concat([arrayHead(elements.length), ...elements])
}

function arrayHead(count: number): Buffer {
  return Buffer.from(`*${count}\r\n`, 'latin1')
}
