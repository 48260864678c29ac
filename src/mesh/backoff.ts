/*
 * How long to wait before dialling a peer again.
 *
 * The idea: twice as long after every failure up to a limit, and half of it left to luck, so that the nodes that lost the
 * same peer do not all come back at the same moment. Shape: rule.
 */

export interface BackoffLimits {
  readonly firstMs: number
  readonly maxMs: number
}

/** `luck` is a number in 0 <= x < 1; `failuresCount` counts failed dials since the peer was last reached. */
export function backoffMs(failuresCount: number, limits: BackoffLimits, luck: number): number {
  const wholeMs = Math.min(limits.maxMs, limits.firstMs * 2 ** Math.min(failuresCount, 30))
  return wholeMs / 2 + (luck * wholeMs) / 2
}
