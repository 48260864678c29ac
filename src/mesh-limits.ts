/**
 * Mesh limits [Table]: everything of a mesh node that can grow while it runs: what there is of it now, how much may be,
 * how often more was turned away, and what becomes of that. A row a thing; MESH LIMITS, INFO and docs/limits.md are read off it.
 *
 * A row without a limit does not exist: what grows and is not here is a defect.
 */
import type { MeshNode } from './mesh-node.ts'
import type { Bound } from './session/mesh-face.ts'

/** Now, at most, turned away. */
type Reading = readonly [now: number, most: number, shed: number]

interface Row {
  readonly name: string
  /** What happens to more. */
  readonly beyond: string
  read(mesh: MeshNode): Reading
}

/** The link of which there is most. */
function worst(mesh: MeshNode, of: (link: { queuedBytes: number; waitingCount: number }) => number): number {
  return mesh.pool.describe().reduce((most, link) => Math.max(most, of(link)), 0)
}

const ROWS: readonly Row[] = [
  {
    name: 'parked-requests',
    beyond: 'refused with -TRYAGAIN before anything is run',
    read: ({ routing: { parking } }) => [parking.count, parking.limits.countMax, parking.counters.refused],
  },
  {
    name: 'forwards',
    beyond: 'refused with -TRYAGAIN before anything is run',
    read: ({ forwards }) => [forwards.count, forwards.limits.countMax, forwards.counters.refused],
  },
  {
    name: 'forward-bytes',
    beyond: 'refused with -TRYAGAIN before anything is run',
    read: ({ forwards }) => [forwards.bytes, forwards.limits.bytesMax, forwards.counters.refused],
  },
  {
    name: 'waits-elsewhere',
    beyond: 'refused before it waits',
    read: ({ routing: { waits } }) => {
      const { distant } = waits
      return [distant.count, distant.limits.countMax, distant.counters.refused]
    },
  },
  {
    name: 'waits-served-per-peer',
    beyond: 'refused before it waits',
    read: ({ routing: { waits } }) => {
      const { served } = waits
      return [served.countOfBusiest, served.limits.perPeerMax, served.counters.refused]
    },
  },
  {
    name: 'link-output-bytes',
    beyond: 'effects become hints, messages are dropped, asks fail: -TRYAGAIN',
    read: (mesh) => {
      const { counters, limits } = mesh.pool.room
      return [worst(mesh, ({ queuedBytes }) => queuedBytes), limits.outputBytesMax, counters.framesDropped]
    },
  },
  {
    name: 'link-asks',
    beyond: 'they fail as not done: forwards with -TRYAGAIN, what heals rests',
    read: (mesh) => {
      const { counters, limits } = mesh.pool.room
      const { overload } = counters.asksFailed
      return [worst(mesh, ({ waitingCount }) => waitingCount), limits.asksCountMax, overload]
    },
  },
  {
    name: 'links',
    beyond: 'not accepted',
    read: ({ pool }) => [pool.linksCount, pool.limits.linksCountMax, pool.counters.turnedDown],
  },
  {
    name: 'strangers',
    beyond: 'turned away: capacity',
    read: ({ pool }) => [
      pool.strangersCount,
      pool.limits.strangersCountMax,
      pool.room.counters.refusals.capacity,
    ],
  },
  {
    name: 'unconfirmed-bytes-per-peer',
    beyond: 'the peer gets hints instead',
    read: ({ batches }) => [
      batches.unconfirmedBytes,
      batches.limits.unconfirmedBytesMax,
      batches.counters.overflowed,
    ],
  },
  {
    name: 'hints',
    beyond: 'dropped: the slots of the absent owner are compared when it is back',
    read: ({ healing: { hints } }) => [hints.count, hints.limits.countMax, hints.counters.hintedDropped],
  },
  {
    name: 'hint-bytes',
    beyond: 'dropped: the slots of the absent owner are compared when it is back',
    read: ({ healing: { hints } }) => [hints.bytes, hints.limits.bytesMax, hints.counters.hintedDropped],
  },
  {
    name: 'pulls',
    beyond: 'the effect is refused: its sender keeps a hint',
    read: ({ replica: { pulls } }) => [pulls.size, pulls.limits.pullsMax, pulls.counters.refused],
  },
  {
    name: 'effects-waiting-for-pulls',
    beyond: 'the effect is refused: its sender keeps a hint',
    read: ({ replica: { pulls } }) => [pulls.waitCount, pulls.limits.waitsMax, pulls.counters.refused],
  },
  {
    name: 'keys-being-confirmed',
    beyond: 'the read is unavailable: -CLUSTERDOWN',
    read: ({ healing: { confirming } }) => [
      confirming.openCount,
      confirming.limits.questionsMax,
      confirming.counters.overflowed,
    ],
  },
  {
    name: 'keys-in-doubt',
    beyond: 'the outcome is left open: -TIMEOUT',
    read: ({ healing: { doubts } }) => [doubts.size, doubts.limits.keysMax, doubts.counters.dropped],
  },
  {
    name: 'repair-queue',
    beyond: 'forgotten: the next comparison finds it again',
    read: ({ healing: { repairs } }) => [
      repairs.queuedCount,
      repairs.limits.queuedMax,
      repairs.counters.pushesDropped,
    ],
  },
  {
    name: 'tombstones',
    beyond: 'the oldest are forgotten, and counted',
    read: ({ tombstones }) => [tombstones.count, tombstones.limits.countMax, tombstones.counters.dropped],
  },
  {
    name: 'tombstone-bytes',
    beyond: 'the oldest are forgotten, and counted',
    read: ({ tombstones }) => [
      tombstones.usedBytes(),
      tombstones.limits.bytesMax,
      tombstones.counters.dropped,
    ],
  },
  {
    name: 'gossip-members',
    beyond: 'strangers are not taken in',
    read: ({ membership }) => {
      const { config, counters, size } = membership.life.swim
      return [size, config.membersMax, counters.membersRefused]
    },
  },
  {
    name: 'gossip-rumours',
    beyond: 'the rumour that was told most often goes',
    read: ({ membership }) => {
      const { broadcastsWaiting, config, counters } = membership.life.swim
      return [broadcastsWaiting, config.broadcastsMax, counters.broadcastsDropped]
    },
  },
]

export function limitsOf(mesh: MeshNode): readonly Bound[] {
  return ROWS.map(({ beyond, name, read }) => {
    const [now, most, shed] = read(mesh)
    return { name, now, most, shed, beyond }
  })
}

/** For INFO: a line a thing. */
export function limitLines(mesh: MeshNode): [name: string, value: string][] {
  return limitsOf(mesh).map(({ most, name, now, shed }) => {
    return [`mesh_limit_${name.replaceAll('-', '_')}`, `now=${now},most=${most},shed=${shed}`]
  })
}
