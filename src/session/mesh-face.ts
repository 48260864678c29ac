/**
 * Mesh face [Data]: what commands may know of the mesh and ask of it. `node.mesh` holds one; in a node that stands
 * alone it describes a mesh of one, so that the rows of CLUSTER and MESH know no special case.
 */
import type { Faults } from '../mesh/faults.ts'

export type NodeHealth = 'online' | 'suspect' | 'failed' | 'loading'

/** A node as clients are told of it. */
export interface MeshNode {
  /** 40 hex characters, the same for as long as the node keeps its name. */
  readonly id: string
  /** The name given to it (`--id`), or the id. */
  readonly name: string
  /**
   * Where this node is reached from outside; never 0.0.0.0. Empty only for this node itself, when it listens on every
   * address and was told none: clients are then told the address they have reached it at.
   */
  readonly host: string
  /** Set when `host` is a name. */
  readonly hostname: string
  readonly port: number
  readonly busPort: number
  readonly httpPort: number
  readonly roles: readonly string[]
  /** Agreed part: joining, weakly-up, up, leaving, exiting, down. */
  readonly status: string
  readonly health: NodeHealth
  readonly isSelf: boolean
  readonly isLinkUp: boolean
  /** Whether it is asked: `open` when it is heard but does not answer. */
  readonly circuit: 'closed' | 'open' | 'probing' | 'none'
  /** How long it takes to answer, of late. */
  readonly answerMs: number
  /** Points on the ring; 0 keeps no data. */
  readonly weight: number
  /** The age order of the mesh: 1 is the oldest. Stands in for Redis' config epoch. */
  readonly upNumber: number
  /** Wall ms of the last ping on the way (0: none) and of the last sign of life. */
  readonly pingSentMs: number
  readonly pongReceivedMs: number
}

/** Slots `first` to `last` have these owners: the first is the primary as clients should see it. */
export interface SlotRange {
  readonly first: number
  readonly last: number
  /** Indices into `nodes()`. */
  readonly owners: readonly number[]
}

export interface LinkFacts {
  readonly direction: 'to' | 'from'
  readonly nodeId: string
  readonly createdMs: number
  readonly events: string
  readonly sendBufferAllocated: number
  readonly sendBufferUsed: number
}

export interface KeyStanding {
  readonly slot: number
  /** In rank order. */
  readonly owners: readonly { readonly id: string; readonly name: string; readonly health: NodeHealth }[]
  readonly actingPrimary: string | undefined
  readonly isServedHere: boolean
  /** Why not, in words, or what it is waiting for. */
  readonly explanation: string
}

/** What this node is to a slot, and whether it knows all of it. */
export const SLOT_STATES = [
  /** It acts for the slot and is settled there. */
  'serving',
  /** It acts for it, and is comparing it with the other owners: requests wait. */
  'settling',
  /** It keeps a copy. */
  'copy',
  /** It is to keep a copy, and is fetching it. */
  'learning',
  /** It has lost the slot, and keeps what it has until the new owners have it. */
  'handing-over',
  /** It has nothing to do with it. */
  'elsewhere',
  /** No owner can act. */
  'failed',
] as const

export type SlotState = (typeof SLOT_STATES)[number]

/** Slots that change hands at this node since its owners last changed. */
export interface HandOffFacts {
  readonly state: 'idle' | 'moving' | 'leaving'
  /** In order, with the words of MESH REBALANCE STATUS. */
  readonly figures: readonly (readonly [name: string, value: number])[]
  readonly ranges: readonly {
    readonly first: number
    readonly last: number
    readonly state: string
    readonly slotsDone: number
    /** Names of those who owned it before. */
    readonly from: readonly string[]
  }[]
}

/** What comparisons with other owners have found. */
export interface RepairState {
  readonly figures: readonly (readonly [name: string, value: number])[]
  /** How many comparisons took at most so long; each holds those before it. */
  readonly cycleTimes: readonly { readonly upToMs: number; readonly count: number }[]
  readonly owners: readonly {
    readonly nodeId: string
    readonly state: string
    readonly verdict: string
    readonly intervalMs: number
    readonly dueInMs: number
    /** -1: never. */
    readonly comparedMsAgo: number
    readonly slotsLeft: number
  }[]
}

/** Something that can grow, and its limit. */
export interface Bound {
  readonly name: string
  readonly now: number
  readonly most: number
  /** How often more was turned away. */
  readonly shed: number
  /** What becomes of more. */
  readonly beyond: string
}

export interface MeshFace {
  /** False: this node stands alone. */
  readonly isOn: boolean
  readonly clusterName: string
  readonly selfId: string
  /** `ok` when every slot has an acting primary with a quorum. */
  readonly state: 'ok' | 'fail'
  readonly slotsServed: number
  readonly slotsSuspect: number
  readonly slotsFailed: number
  /** This node first, then by id. */
  nodes(): readonly MeshNode[]
  /** All 16384 slots, in order, whenever anybody owns any. */
  ranges(): readonly SlotRange[]
  links(): readonly LinkFacts[]
  /** Messages by kind, sent and received, for CLUSTER INFO. */
  messageCounts(): readonly { readonly kind: string; readonly sent: number; readonly received: number }[]
  failureReports(nodeId: string): number | undefined
  explainSlot(slot: number): KeyStanding
  slotState(slot: number): SlotState
  handOff(): HandOffFacts
  /** Fingerprint of the placement, as 16 hex characters. */
  readonly fingerprint: string
  readonly epoch: number
  /** What waits for absent owners: one row a peer. */
  hints(): readonly {
    readonly nodeId: string
    readonly count: number
    readonly bytes: number
    readonly oldestMs: number
  }[]
  /** Compares a slot, or -1 for all, with its other owners soon. Answers how many comparisons that is. */
  repair(slot: number): number
  repairState(): RepairState
  /** Everything that can grow. */
  limits(): readonly Bound[]
  /** The latest membership events, newest first. */
  events(countMax: number): readonly { readonly atMs: number; readonly text: string }[]
  /** In words: what the split-brain resolver would decide now. */
  explainSplit(): string
  /** Figures for INFO's mesh section and for MESH INFO, in order. */
  figures(): readonly (readonly [name: string, value: string | number])[]
  /** What stands between this node and its peers on purpose; null: nothing can, as debugging was not enabled at start. */
  readonly faults: Faults | null
  /** Undefined when it was done or begun; else why not, as an error reply without its dash. */
  meet(host: string, busPort: number): string | undefined
  forget(nodeId: string): string | undefined
  leave(): string | undefined
  /** Hands this node's primaries over to their next owners (FAILOVER), or takes over from `nodeId`'s. */
  failover(): string | undefined
}
