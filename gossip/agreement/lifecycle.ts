/*
 * The parts a member can have, and which part may follow which.
 *
 *   joining --> weakly-up --> up --> leaving --> exiting --> (removed)
 *      |            |          |        |           |            ^
 *      +------------+----------+--------+-----------+--> down ---+
 *
 * The idea: a life only ever moves to the right, or down; so of two words about one life the one further
 * along is the newer, and merging is taking the higher rank. Who moves whom, and when, is said in
 * leader-actions.
 * Shape: table and rule.
 */
import type { MemberStatus } from './mesh-state.ts'

/**
 * `pekko` is what the agreement acts by; `atomr` answers as the specification's functions do, to the
 * letter.
 */
export type RuleBook = 'pekko' | 'atomr'

/** In the order of a life; the place is the rank and the number on the wire. */
export const STATUSES: readonly MemberStatus[] = [
  'joining',
  'weakly-up',
  'up',
  'leaving',
  'exiting',
  'down',
  'removed',
]

const RANKS: ReadonlyMap<MemberStatus, number> = new Map(STATUSES.map((status, rank) => [status, rank]))

export function statusRank(status: MemberStatus): number {
  return RANKS.get(status)!
}

/** Pekko's Member.allowedTransitions. */
export const TRANSITIONS: Readonly<Record<MemberStatus, readonly MemberStatus[]>> = {
  joining: ['weakly-up', 'up', 'leaving', 'down', 'removed'],
  'weakly-up': ['up', 'leaving', 'down', 'removed'],
  up: ['leaving', 'down', 'removed'],
  leaving: ['exiting', 'down', 'removed'],
  exiting: ['removed', 'down'],
  down: ['removed'],
  removed: [],
}

export function canMove(from: MemberStatus, to: MemberStatus): boolean {
  return TRANSITIONS[from].includes(to)
}

/** Where a request to leave leads; undefined where it changes nothing. */
export function statusAfterLeave(status: MemberStatus, book: RuleBook = 'pekko'): MemberStatus | undefined {
  const isHeard = status === 'up' || status === 'weakly-up' || (book === 'pekko' && status === 'joining')
  return isHeard ? 'leaving' : undefined
}

/** Where downing leads; undefined where it changes nothing. */
export function statusAfterDown(status: MemberStatus, book: RuleBook = 'pekko'): MemberStatus | undefined {
  const isHeard = book === 'pekko' ? canMove(status, 'down') : ['up', 'weakly-up', 'leaving'].includes(status)
  return isHeard ? 'down' : undefined
}

/** What the leader may act on. */
export interface Progress {
  readonly isConverged: boolean
  /** Convergence has been missing for so long that joining members may be used all the same. */
  readonly isWeaklyUpDue: boolean
}

/** The next step the leader takes with a member, if any. */
export function nextStatus(
  status: MemberStatus,
  progress: Progress,
  book: RuleBook = 'pekko',
): MemberStatus | undefined {
  if (book === 'atomr') return nextStatusAtomr(status, progress.isConverged)
  if (!progress.isConverged) return status === 'joining' && progress.isWeaklyUpDue ? 'weakly-up' : undefined
  switch (status) {
    case 'joining':
    case 'weakly-up':
      return 'up'
    case 'leaving':
      return 'exiting'
    case 'exiting':
    case 'down':
      return 'removed'
    default:
      return undefined
  }
}

/** atomr's next_status: weakly-up never moves, down is gone with the next tick. */
export function nextStatusAtomr(status: MemberStatus, isConverged: boolean): MemberStatus | undefined {
  if (status === 'down') return 'removed'
  if (!isConverged) return undefined
  switch (status) {
    case 'joining':
      return 'up'
    case 'leaving':
      return 'exiting'
    case 'exiting':
      return 'removed'
    default:
      return undefined
  }
}
