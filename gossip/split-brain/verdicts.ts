/*
 * The verdicts that strategies give, by name.
 *
 * The idea: a strategy reads as a sentence that ends in one of these. Shape: rule.
 */
import type { Verdict } from './decision.ts'

export const stay = (reason: string): Verdict => ({ action: 'stay', reason })
export const downUnreachable = (reason: string): Verdict => ({ action: 'down-unreachable', reason })
export const downReachable = (reason: string): Verdict => ({ action: 'down-reachable', reason })
export const downAll = (reason: string): Verdict => ({ action: 'down-all', reason })
export const downSelf = (reason: string): Verdict => ({ action: 'down-self', reason })
export const downIndirectlyConnected = (): Verdict => ({
  action: 'down-indirectly-connected',
  reason: 'some members are out of reach for some and in reach of others',
})
