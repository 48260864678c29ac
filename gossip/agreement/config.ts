/*
 * The figures the agreement runs by.
 *
 * The idea: Pekko's reference values wherever there is one, each with what it must stay above or below. One
 * tick is one second in all of them.
 * Shape: data.
 */
import { CROSS_DC_DEFAULTS } from '../datacenter.ts'
import type { RuleBook } from './lifecycle.ts'
import type { MembersPool } from './roster.ts'

export interface AgreementConfig {
  readonly book: RuleBook
  /** Reachable members each one watches. More finds failures surer and makes more writers of the table. */
  readonly monitoredCount: number
  readonly crossDcMonitoredCount: number
  /** Of all gossip, the share that goes to another data centre. */
  readonly crossDcProbability: number
  /** How often somebody who is not known to have seen this version is preferred. */
  readonly differentViewProbability: number
  /** A round of gossip comes so soon, to so many peers, while a version is fresh and not yet seen by all. */
  readonly spreadIntervalMs: number
  readonly spreadFanOut: number
  /** So long without convergence makes joining members weakly up; Infinity for never. */
  readonly weaklyUpAfterMs: number
  /** Nobody is moved up before there are so many: Pekko's min-nr-of-members. */
  readonly membersCountMin: number
  /**
   * Above what any mesh should hold: beyond it nobody is let in and nothing is merged, and both are
   * counted.
   */
  readonly membersCountMax: number
  /** Alive and not yet members; beyond it the newest are not remembered, and are counted. */
  readonly candidatesCountMax: number
  /** Only where many nodes live in one process: they share equal lists. */
  readonly pool: MembersPool | undefined
}

export const AGREEMENT_DEFAULTS: AgreementConfig = {
  book: 'pekko',
  monitoredCount: 9,
  crossDcMonitoredCount: CROSS_DC_DEFAULTS.monitoredCount,
  crossDcProbability: CROSS_DC_DEFAULTS.gossipProbability,
  differentViewProbability: 0.8,
  spreadIntervalMs: 200,
  spreadFanOut: 3,
  weaklyUpAfterMs: 7000,
  membersCountMin: 1,
  membersCountMax: 16_384,
  candidatesCountMax: 16_384,
  pool: undefined,
}
