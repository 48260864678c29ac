/*
 * What to do about a peer that holds another version.
 *
 * The idea: who is ahead sends, who is behind asks, and where both changed something both do both: atomr's
 * gossip_decide, except that `merge-both` really goes both ways.
 * Shape: rule.
 */
import type { VectorClock } from './mesh-state.ts'
import { type ClockRelation, relation } from './vector-clock.ts'

export type GossipDecision = 'same' | 'send-envelope' | 'request-merge' | 'merge-both'

const DECISIONS: Readonly<Record<ClockRelation, GossipDecision>> = {
  same: 'same',
  after: 'send-envelope',
  before: 'request-merge',
  concurrent: 'merge-both',
}

export function gossipDecide(local: VectorClock, remote: VectorClock): GossipDecision {
  return DECISIONS[relation(local, remote)]
}
