/*
 * Members and states for the agreement's tests, said briefly.
 *
 * The idea: a test names what matters to it - id, status, number - and the rest follows from the id: `a3`
 * stands at a:1003. It refuses to judge whether a state is sensible.
 */
import type { MemberRecord } from '../../gossip/member.ts'
import type {
  MemberStatus,
  MeshState,
  ReachabilityRecord,
  StateMember,
  Tombstone,
} from '../../gossip/agreement/mesh-state.ts'
import { EMPTY_STATE } from '../../gossip/agreement/merge.ts'
import { observe } from '../../gossip/agreement/reachability.ts'
import { SeenSet } from '../../gossip/agreement/seen-set.ts'
import { lifeKey } from '../../gossip/agreement/vector-clock.ts'

export function addressOf(id: string): string {
  return `${id[0]}:${1000 + Number(id.slice(1))}`
}

export function member(
  id: string,
  status: MemberStatus = 'up',
  more: Partial<StateMember> = {},
): StateMember {
  return { id, birth: 1, address: addressOf(id), roles: [], status, upNumber: 0, ...more }
}

export function recordOf(id: string, birth = 1, more: Partial<MemberRecord> = {}): MemberRecord {
  const address = addressOf(id)
  return { id, birth, incarnation: 0, address, roles: [], meta: new Uint8Array(0), ...more }
}

export interface Scene {
  /** `observer>subject` pairs; a trailing `!` terminates. */
  readonly silent?: readonly string[]
  /** Everyone by default. */
  readonly seen?: readonly string[]
  readonly tombstones?: Readonly<Record<string, Tombstone>>
  readonly clock?: Readonly<Record<string, number>>
}

export function stateOf(members: readonly StateMember[], scene: Scene = {}): MeshState {
  const byId = new Map(members.map((one) => [one.id, one]))
  let reachability: readonly ReachabilityRecord[] = []
  for (const pair of scene.silent ?? []) {
    const [observer, subject] = pair.replace('!', '').split('>') as [string, string]
    reachability = observe(reachability, observer, subject, pair.endsWith('!') ? 'terminated' : 'unreachable')
  }
  const clock = new Map<string, number>()
  for (const [id, counter] of Object.entries(scene.clock ?? {})) {
    clock.set(lifeKey(id, byId.get(id)?.birth ?? 1), counter)
  }
  return {
    ...EMPTY_STATE,
    members: byId,
    tombstones: new Map(Object.entries(scene.tombstones ?? {})),
    reachability,
    version: clock,
    seen: SeenSet.of(byId, scene.seen ?? byId.keys()),
  }
}
