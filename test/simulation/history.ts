/*
 * What simulated clients asked and were told: the evidence every verdict rests on.
 *
 * The idea: an operation is an interval. Before its beginning it has not happened, after its end it has; one whose
 * outcome is open (no reply, or -TIMEOUT) may happen at any time from its beginning on, or never. Shape: data and rule.
 */
import type { Reply } from '../support/reply.ts'
import { show } from '../support/reply.ts'

/** `failed`: answered with an error that promises nothing was done. */
export type Outcome = 'done' | 'failed' | 'open'

export interface Operation {
  readonly client: string
  readonly words: readonly string[]
  readonly key: string
  readonly isWrite: boolean
  /** Read at QUORUM, or a write: it takes part in the order. Other reads may be stale. */
  readonly isOrdered: boolean
  readonly invokedMs: number
  /** Infinity while nobody knows. */
  returnedMs: number
  outcome: Outcome
  reply: Reply | undefined
  /** At whose door. */
  readonly node: string
}

/** Errors by which a node promises that nothing was touched. */
const REFUSALS = ['NOREPLICAS', 'CLUSTERDOWN', 'LOADING', 'TRYAGAIN']

/** An error that is neither a refusal nor an open outcome is a defect, and is thrown. */
export function conclude(operation: Operation, reply: Reply, nowMs: number): void {
  operation.reply = reply
  operation.returnedMs = nowMs
  operation.outcome = 'done'
  if (reply.type !== 'error') return
  const [word] = (reply.value as string).split(' ', 1)
  if (word === 'TIMEOUT') {
    operation.outcome = 'open'
    operation.returnedMs = Number.POSITIVE_INFINITY
  } else if (REFUSALS.includes(word!)) operation.outcome = 'failed'
  else throw new Error(`${operation.words.join(' ')} was answered with ${reply.value as string}`)
}

export function byKey(history: readonly Operation[]): Map<string, Operation[]> {
  const keys = new Map<string, Operation[]>()
  for (const operation of history) {
    const list = keys.get(operation.key)
    if (list === undefined) keys.set(operation.key, [operation])
    else list.push(operation)
  }
  return keys
}

/** One line for people. */
export function lineOf(operation: Operation): string {
  const { client, invokedMs, node, outcome, reply, returnedMs, words } = operation
  const end = Number.isFinite(returnedMs) ? returnedMs.toFixed(1) : 'open'
  const level = operation.isOrdered ? '' : ' (one)'
  const answer = outcome === 'open' && reply === undefined ? 'no reply' : show(reply, 120)
  return `${invokedMs.toFixed(1).padStart(9)} ..${end.padStart(9)} ${client} @${node} ${words.join(' ')}${level} -> ${answer}`
}
