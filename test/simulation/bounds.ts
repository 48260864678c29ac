/*
 * Verdicts that need no search: what may be said of a key whatever the order was.
 *
 * The idea: each looks at one promise only - confirmed increments count, confirmed members stay, what was removed does not
 * come back - and names the operation that breaks it. They hold for histories too long or too open to be searched. Shape:
 * rules.
 */
import type { Reply } from '../support/reply.ts'
import type { Operation } from './history.ts'

/** A broken promise in one sentence; undefined: it was kept. */
export type Complaint = string | undefined

function amountOf({ words }: Operation): number {
  if (words[0] === 'INCR') return 1
  return words[0] === 'INCRBY' ? Number(words[2]) : 0
}

function numberOf(reply: Reply | undefined): number {
  return reply === undefined || reply.type === 'nil' || reply.type === 'null' ? 0 : Number(reply.value)
}

/** What increments were confirmed before is in, and nothing that nobody asked for. Amounts are positive. */
export function counterBounds(history: readonly Operation[]): Complaint {
  for (const seen of history) {
    if (seen.outcome !== 'done' || !seen.isOrdered) continue
    const value = numberOf(seen.reply)
    let least = amountOf(seen)
    let most = amountOf(seen)
    for (const other of history) {
      if (other === seen || other.outcome === 'failed') continue
      if (other.outcome === 'done' && other.returnedMs < seen.invokedMs) least += amountOf(other)
      if (other.invokedMs <= seen.returnedMs) most += amountOf(other)
    }
    if (value < least) return `${value} although ${least} had been confirmed`
    if (value > most) return `${value} although no more than ${most} was ever added`
  }
  return undefined
}

/** What one read has seen, no later read misses. Amounts are positive. */
export function counterNeverFalls(history: readonly Operation[]): Complaint {
  const seen = history.filter(({ isOrdered, outcome }) => isOrdered && outcome === 'done')
  for (const before of seen) {
    for (const after of seen) {
      if (before.returnedMs >= after.invokedMs) continue
      const low = numberOf(after.reply)
      if (low < numberOf(before.reply)) return `${low} after ${numberOf(before.reply)}`
    }
  }
  return undefined
}

/** A member whose adding was confirmed is there as long as nobody may have removed it, and the other way round. */
export function setKeepsMembers(history: readonly Operation[]): Complaint {
  for (const read of history) {
    if (read.outcome !== 'done' || !read.isOrdered || read.words[0] !== 'SMEMBERS') continue
    const members = new Set((read.reply!.value as readonly Reply[]).map(({ value }) => value as string))
    for (const [name, undo] of [
      ['SADD', 'SREM'],
      ['SREM', 'SADD'],
    ] as const) {
      const complaint = missing(history, read, members, name, undo)
      if (complaint !== undefined) return complaint
    }
  }
  return undefined
}

function missing(
  history: readonly Operation[],
  read: Operation,
  members: ReadonlySet<string>,
  name: 'SADD' | 'SREM',
  undo: 'SADD' | 'SREM',
): Complaint {
  for (const change of history) {
    const member = change.words[2]!
    const isKnown = change.words[0] === name && change.outcome === 'done'
    if (!isKnown || change.returnedMs >= read.invokedMs || members.has(member) === (name === 'SADD')) continue
    const isUndone = history.some(
      ({ invokedMs, outcome, returnedMs, words }) =>
        words[0] === undo &&
        words[2] === member &&
        outcome !== 'failed' &&
        returnedMs >= change.invokedMs &&
        invokedMs <= read.returnedMs,
    )
    if (!isUndone)
      return `${member} ${name === 'SADD' ? 'is missing' : 'has come back'} at ${read.invokedMs.toFixed(1)}`
  }
  return undefined
}

/** No value is read after a removal that began when the value's writing was over. Values are written once. */
export function nothingComesBack(history: readonly Operation[]): Complaint {
  const removals = history.filter(({ outcome, words }) => words[0] === 'DEL' && outcome === 'done')
  for (const read of history) {
    if (read.outcome !== 'done' || !read.isOrdered || read.words[0] !== 'GET') continue
    const value = read.reply!.value as string
    const write = history.find(({ words }) => words[0] === 'SET' && words[2] === value)
    if (write === undefined || write.outcome !== 'done') continue
    const removal = removals.find(
      ({ invokedMs, returnedMs }) => invokedMs > write.returnedMs && returnedMs < read.invokedMs,
    )
    if (removal !== undefined) return `${value} is back though removed by ${removal.returnedMs.toFixed(1)}`
  }
  return undefined
}

/** By the first letter of the key. */
export const BOUNDS: Readonly<Record<string, readonly ((history: readonly Operation[]) => Complaint)[]>> = {
  r: [],
  d: [nothingComesBack],
  m: [nothingComesBack],
  c: [counterBounds, counterNeverFalls],
  s: [setKeepsMembers],
  l: [],
}
