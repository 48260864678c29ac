/*
 * What a strategy says, and what becomes of it.
 *
 * The idea: a strategy only judges - a verdict names a group of members, never the members - and one rule
 * turns verdicts into the ids to be downed, so that no strategy can down somebody by its own arithmetic.
 * Words for groups are seen from the deciding node: `down-reachable` is this side giving up. Shape: data.
 */

export type DowningAction =
  | 'stay'
  | 'down-unreachable'
  | 'down-reachable'
  | 'down-all'
  /** atomr's way of giving up: each node for itself. */
  | 'down-self'
  /** Those with half a link go, and the clean rest is decided as a partition of its own. */
  | 'down-indirectly-connected'
  /** What is left when the lease for `down-indirectly-connected` is denied. */
  | 'down-reachable-and-indirectly-connected'

/** The action may be taken by the holder of the lease only. */
export interface LeaseTerms {
  /** How long to wait before asking for it: the smaller side lets the larger one go first. */
  readonly delayMs: number
  readonly whenDenied: DowningAction
}

export interface Verdict {
  readonly action: DowningAction
  readonly reason: string
  readonly lease?: LeaseTerms
}

export interface Decision {
  readonly action: DowningAction
  /** Who is to be downed, this node last. */
  readonly ids: readonly string[]
  readonly reason: string
  /** Set on a decision that still needs the lease: never acted upon as it is. */
  readonly lease?: { readonly delayMs: number; readonly denied: Decision }
  /** The fencing token of the lease that this decision was made under: a lower one is out of date. */
  readonly epoch?: number
}

export const STAY_WHOLE: Decision = { action: 'stay', ids: [], reason: 'nobody is out of reach' }
