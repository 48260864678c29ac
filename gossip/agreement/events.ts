/*
 * What the agreement tells its embedder.
 *
 * The idea: events are the difference between two states, so nobody has to remember to announce what he
 * changes, and a node that was away is told everything it missed in one go. Self's own end is told apart,
 * because that is the one event the embedder has to act on.
 * Shape: data and rule.
 */
import { statusRank } from './lifecycle.ts'
import type { MemberStatus, MeshState, StateMember } from './mesh-state.ts'

export type MemberEventType =
  | 'member_joined'
  | 'member_weakly_up'
  | 'member_up'
  | 'member_left'
  | 'member_exited'
  | 'member_downed'

export interface MemberEvent {
  readonly type: MemberEventType
  readonly member: StateMember
}

export interface MemberRemovedEvent {
  readonly type: 'member_removed'
  readonly member: StateMember
  /** Its last part: `down` after a failure, `exiting` after a farewell. */
  readonly previous: MemberStatus
}

export interface ReachabilityEvent {
  readonly type: 'member_unreachable' | 'member_reachable'
  readonly member: StateMember
}

export interface LeaderChangedEvent {
  readonly type: 'leader_changed'
  readonly from: string | undefined
  readonly to: string | undefined
}

export interface ConvergenceEvent {
  readonly type: 'convergence'
  readonly isConverged: boolean
}

/** This life is over for the mesh: only a new one may come back. Told at most once each. */
export interface SelfEndedEvent {
  readonly type: 'self_downed' | 'self_removed'
}

export type AgreementEvent =
  | MemberEvent
  | MemberRemovedEvent
  | ReachabilityEvent
  | LeaderChangedEvent
  | ConvergenceEvent
  | SelfEndedEvent

const EVENT_OF_STATUS: Readonly<Record<Exclude<MemberStatus, 'removed'>, MemberEventType>> = {
  joining: 'member_joined',
  'weakly-up': 'member_weakly_up',
  up: 'member_up',
  leaving: 'member_left',
  exiting: 'member_exited',
  down: 'member_downed',
}

/**
 * What happened to these members between two states. Whoever is new is joined first, then what it is by
 * now.
 */
export function memberEvents(
  before: MeshState,
  after: MeshState,
  ids: Iterable<string>,
  emit: (event: AgreementEvent) => void,
): void {
  for (const id of new Set(ids)) {
    const former = before.members.get(id)
    const member = after.members.get(id)
    const isSameLife = former !== undefined && member !== undefined && former.birth === member.birth
    if (former !== undefined && !isSameLife) {
      emit({ type: 'member_removed', member: former, previous: former.status })
    }
    if (member === undefined) continue
    if (!isSameLife) emit({ type: 'member_joined', member })
    const isFurther = statusRank(member.status) > (isSameLife ? statusRank(former.status) : 0)
    if (isFurther) emit({ type: EVENT_OF_STATUS[member.status as Exclude<MemberStatus, 'removed'>], member })
  }
}

/** Who came within reach or went out of it between two findings, of those who are members. */
export function reachabilityEvents(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  state: MeshState,
  emit: (event: AgreementEvent) => void,
): void {
  for (const id of after.keys()) {
    const member = state.members.get(id)
    if (member !== undefined && !before.has(id)) emit({ type: 'member_unreachable', member })
  }
  for (const id of before.keys()) {
    const member = state.members.get(id)
    if (member !== undefined && !after.has(id)) emit({ type: 'member_reachable', member })
  }
}
