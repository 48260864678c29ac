/*
 * The strategies as rows: name, what each is told, and its judgement in either book.
 *
 * The idea: everything else - parsing, deciding, explaining - goes by this table; a new strategy is a file
 * and a row. Shape: table.
 */
import type { AtomrSides } from './atomr-sides.ts'
import type { Verdict } from './decision.ts'
import { downEveryone, downEveryoneAtomr } from './down-all.ts'
import { keepMajority, keepMajorityAtomr } from './keep-majority.ts'
import { keepOldest, keepOldestAtomr } from './keep-oldest.ts'
import { keepReferee, keepRefereeAtomr } from './keep-referee.ts'
import { leaseMajority, leaseMajorityAtomr } from './lease-majority.ts'
import { leaveAsItIs } from './none.ts'
import type { Partition } from './partition.ts'
import { roleWeightedQuorum, roleWeightedQuorumAtomr } from './role-weighted-quorum.ts'
import type { SplitBrainSettings, StrategyName } from './settings.ts'
import { staticQuorum, staticQuorumAtomr } from './static-quorum.ts'

/** As operators write them; config.ts says what each takes. */
export type OptionName =
  | 'role'
  | 'quorum-size'
  | 'down-if-alone'
  | 'referee'
  | 'down-all-if-less-than'
  | 'role-weights'
  | 'min-weight'
  | 'acquire-lease-delay-for-minority'
  | 'release-after'
  | 'lease-ttl'
  | 'lease-timeout'
  | 'lease-acquired'

export interface StrategyRow {
  readonly name: StrategyName
  readonly summary: string
  readonly options: readonly OptionName[]
  /** Without these there is nothing to decide by. */
  readonly required: readonly OptionName[]
  decide(partition: Partition, settings: SplitBrainSettings): Verdict
  decideAtomr(sides: AtomrSides, settings: SplitBrainSettings): Verdict
}

export const STRATEGIES: readonly StrategyRow[] = [
  {
    name: 'keep-majority',
    summary: 'The side with more members goes on; a tie goes to the side of the lowest address.',
    options: ['role'],
    required: [],
    decide: keepMajority,
    decideAtomr: keepMajorityAtomr,
  },
  {
    name: 'keep-oldest',
    summary: 'The side of the oldest member goes on, unless the oldest is alone there.',
    options: ['role', 'down-if-alone'],
    required: [],
    decide: keepOldest,
    decideAtomr: keepOldestAtomr,
  },
  {
    name: 'keep-referee',
    summary: 'The side that reaches one named member goes on, if it is large enough.',
    options: ['role', 'referee', 'down-all-if-less-than'],
    required: ['referee'],
    decide: keepReferee,
    decideAtomr: keepRefereeAtomr,
  },
  {
    name: 'static-quorum',
    summary: 'A side of at least quorum-size members goes on; never grow beyond 2 x quorum-size - 1.',
    options: ['role', 'quorum-size'],
    required: ['quorum-size'],
    decide: staticQuorum,
    decideAtomr: staticQuorumAtomr,
  },
  {
    name: 'lease-majority',
    summary: 'The side that gets a lease from outside goes on; the smaller side asks later.',
    options: [
      'role',
      'acquire-lease-delay-for-minority',
      'release-after',
      'lease-ttl',
      'lease-timeout',
      'lease-acquired',
    ],
    required: [],
    decide: leaseMajority,
    decideAtomr: leaseMajorityAtomr,
  },
  {
    name: 'role-weighted-quorum',
    summary: 'A side whose members weigh at least min-weight by their roles goes on.',
    options: ['role', 'role-weights', 'min-weight'],
    required: ['role-weights', 'min-weight'],
    decide: roleWeightedQuorum,
    decideAtomr: roleWeightedQuorumAtomr,
  },
  {
    name: 'down-all',
    summary: 'Any split ends the whole mesh.',
    options: [],
    required: [],
    decide: downEveryone,
    decideAtomr: downEveryoneAtomr,
  },
  {
    name: 'none',
    summary: 'Splits are left to somebody else; both sides go on.',
    options: [],
    required: [],
    decide: leaveAsItIs,
    decideAtomr: leaveAsItIs,
  },
]

export const STRATEGY_NAMES: readonly StrategyName[] = STRATEGIES.map((row) => row.name)

const BY_NAME: ReadonlyMap<string, StrategyRow> = new Map(STRATEGIES.map((row) => [row.name, row]))

export function findStrategy(name: string): StrategyRow | undefined {
  return BY_NAME.get(name)
}
