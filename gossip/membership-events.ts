/*
 * Everything a membership tells, as one union: what became of peers, what was agreed, what happened to oneself.
 *
 * The idea: one bus with one order, so that a listener sees a peer die before it sees it downed. Shape: data.
 */
import type { AgreementEvent } from './agreement/events.ts'
import type { MembershipEvent } from './events.ts'
import type { MemberRecord } from './member.ts'
import type { Decision } from './split-brain/decision.ts'

/** Datagrams to a member do not get through while streams do, or do again. */
export interface UdpPathEvent {
  readonly type: 'udp_blocked' | 'udp_restored'
  readonly id: string
}

/** The split-brain resolver of this node has decided. */
export interface SplitBrainEvent {
  readonly type: 'split_brain_decided'
  readonly decision: Decision
}

/** This process goes on as another life of the same node: its former one is over for the mesh. */
export interface RebornEvent {
  readonly type: 'self_reborn'
  readonly record: MemberRecord
}

/** Another process bears our id and has the better right to it. */
export interface IdConflictEvent {
  readonly type: 'id_conflict'
  readonly record: MemberRecord
}

/** The sealing key has sealed as many packets as one key should: time to rotate. */
export interface KeyWornEvent {
  readonly type: 'key_worn'
  readonly keyId: string
}

/** The way out has been walked to its end: this membership is silent from now on. */
export interface LeftEvent {
  readonly type: 'self_left'
}

export type GossipEvent =
  | MembershipEvent
  | AgreementEvent
  | UdpPathEvent
  | SplitBrainEvent
  | RebornEvent
  | IdConflictEvent
  | KeyWornEvent
  | LeftEvent
