/*
 * What the split-brain resolver can be told.
 *
 * The idea: one flat record for all strategies, already checked; which strategy reads which setting is said
 * by the table of strategies, and how settings are read from an operator's words by config.ts. Shape: data.
 */

export type StrategyName =
  | 'keep-majority'
  | 'keep-oldest'
  | 'keep-referee'
  | 'static-quorum'
  | 'lease-majority'
  | 'role-weighted-quorum'
  | 'down-all'
  | 'none'

/** Whose rules decide: Pekko's, or those of atomr, exactly as it ships them. */
export type RuleBook = 'pekko' | 'atomr'

export interface SplitBrainSettings {
  readonly strategy: StrategyName
  readonly compat: RuleBook
  /**
   * How long membership and reachability must stand still before a decision; undefined: by the size of the
   * mesh.
   */
  readonly stableAfterMs: number | undefined
  /** How long past `stableAfterMs` a restless partition is borne before all go down; 0: for ever. */
  readonly downAllWhenUnstableMs: number | 'derived'
  /** Only members with this role are counted; undefined: all are. Pekko's book only. */
  readonly role: string | undefined
  /** static-quorum: the least number of members that may go on. */
  readonly quorumSize: number
  /** keep-oldest: an oldest that is cut off from everybody else gives up. */
  readonly downIfAlone: boolean
  /** keep-referee: the address of the member whose side stays. */
  readonly referee: string
  /** keep-referee: a referee's side smaller than this goes down as well. */
  readonly downAllIfLessThan: number
  /** role-weighted-quorum: what a role weighs; a member weighs as much as its heaviest role, or nothing. */
  readonly roleWeights: ReadonlyMap<string, number>
  /** role-weighted-quorum: the least weight that may go on. */
  readonly minWeight: number
  /** lease-majority: the head start that the smaller side gives to the larger one. */
  readonly minorityDelayMs: number
  /** lease-majority: how long the lease is kept after the last downed member is gone. */
  readonly releaseAfterMs: number
  /** lease-majority: how long a lease lives unless renewed; must outlast every side's way to its decision. */
  readonly leaseTtlMs: number
  /** lease-majority: a lease not granted within this time counts as denied. */
  readonly leaseAnswerMsMax: number
  /** lease-majority in atomr's book: its fixed answer to a tie; undefined: the lease is really asked for. */
  readonly isLeaseAcquired: boolean | undefined
}

/** Pekko's reference values where it has any. */
export const PEKKO_DEFAULTS: SplitBrainSettings = {
  strategy: 'keep-majority',
  compat: 'pekko',
  stableAfterMs: undefined,
  downAllWhenUnstableMs: 'derived',
  role: undefined,
  quorumSize: 0,
  downIfAlone: true,
  referee: '',
  downAllIfLessThan: 1,
  roleWeights: new Map(),
  minWeight: 0,
  minorityDelayMs: 2000,
  releaseAfterMs: 40_000,
  leaseTtlMs: 120_000,
  leaseAnswerMsMax: 5000,
  isLeaseAcquired: undefined,
}

/** atomr's values: 20 s whatever the size, never impatient, a quorum of one. */
export const ATOMR_DEFAULTS: SplitBrainSettings = {
  ...PEKKO_DEFAULTS,
  compat: 'atomr',
  stableAfterMs: 20_000,
  downAllWhenUnstableMs: 0,
  quorumSize: 1,
  downIfAlone: false,
}
