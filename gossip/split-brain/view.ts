/*
 * The mesh as one node sees it when it has to decide: who is a member, and who is out of reach.
 *
 * The idea: a view is taken from the agreed state, not from one node's own liveness beliefs, so that all
 * nodes of a side decide from the same facts. A node is always in its own reach. What observers that are
 * themselves downed once said counts for nothing, and with Pekko the word of another data centre about ours
 * does not count either; atomr believes any observer about anybody. A member that has not changed is the very
 * same object in the next view. Shape: rule, and a machine that takes a view once per state.
 */
import type { MeshState, ReachabilityRecord, StateMember } from '../agreement/mesh-state.ts'
import { memberDc } from '../datacenter.ts'
import type { RuleBook } from './settings.ts'

export interface ViewedMember extends StateMember {
  readonly isReachable: boolean
}

export interface PartitionView {
  readonly selfId: string
  readonly members: readonly ViewedMember[]
  /** What is not reachable, and for whom. */
  readonly records: readonly ReachabilityRecord[]
  readonly seen: ReadonlySet<string>
}

export function viewOf(state: MeshState, selfId: string, book: RuleBook = 'pekko'): PartitionView {
  const records = state.reachability.filter((record) => isHeeded(record, state, book))
  const unreachable = new Set<string>()
  for (const record of records) {
    if (book === 'pekko' && (record.subjectId === selfId || isOtherDc(record, state))) continue
    unreachable.add(record.subjectId)
  }
  const whole = wholeOf(state.members)
  if (unreachable.size === 0) return { selfId, members: whole, records, seen: state.seen }
  const members = whole.map((member) =>
    unreachable.has(member.id) ? { ...member, isReachable: false } : member,
  )
  return { selfId, members, records, seen: state.seen }
}

/** Members in reach, and whole lists of them: what is shared between states is viewed once. */
const viewedMembers = new WeakMap<StateMember, ViewedMember>()
const wholes = new WeakMap<MeshState['members'], readonly ViewedMember[]>()

function wholeOf(members: MeshState['members']): readonly ViewedMember[] {
  let whole = wholes.get(members)
  if (whole === undefined) {
    const present = [...members.values()].filter((member) => member.status !== 'removed')
    whole = present.map(viewedOf)
    wholes.set(members, whole)
  }
  return whole
}

function viewedOf(member: StateMember): ViewedMember {
  let viewed = viewedMembers.get(member)
  if (viewed === undefined) {
    viewed = { ...member, isReachable: true }
    viewedMembers.set(member, viewed)
  }
  return viewed
}

function isHeeded(record: ReachabilityRecord, state: MeshState, book: RuleBook): boolean {
  if (record.status === 'reachable' || !state.members.has(record.subjectId)) return false
  if (book === 'atomr') return true
  const observer = state.members.get(record.observerId)
  return observer !== undefined && observer.status !== 'down' && observer.status !== 'removed'
}

function isOtherDc(record: ReachabilityRecord, state: MeshState): boolean {
  return memberDc(state.members.get(record.observerId)!) !== memberDc(state.members.get(record.subjectId)!)
}

/** Takes a view once per state: while only `seen` moves, members and records stay the very same arrays. */
export class ViewTaker {
  private readonly selfId: string
  private book: RuleBook
  private state: MeshState | undefined
  private view: PartitionView | undefined

  constructor(selfId: string) {
    this.selfId = selfId
    this.book = 'pekko'
    this.state = undefined
    this.view = undefined
  }

  take(state: MeshState, book: RuleBook = 'pekko'): PartitionView {
    const { state: last, view } = this
    const isSameMesh = last?.members === state.members && last?.reachability === state.reachability
    if (view === undefined || !isSameMesh || book !== this.book) this.view = viewOf(state, this.selfId, book)
    else if (last?.seen !== state.seen) this.view = { ...view, seen: state.seen }
    this.state = state
    this.book = book
    return this.view!
  }
}
