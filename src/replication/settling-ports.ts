/**
 * Settling ports [Data]: what settling works with, what it asks and tells, and how much of it may be under way at a time.
 */
import type { Claims } from './claims.ts'
import type { FormerOwners } from './former-owners.ts'
import type { Intake } from './intake.ts'
import type { Repairs } from './repairs.ts'
import type { ExchangeParts } from './slot-pull.ts'
import type { SlotRoles } from './slot-roles.ts'

export interface SettlingPorts {
  monotonicMs(): number
  fingerprint(): number
  /** Is this owner believed alive? */
  mayAnswer(peerId: string): boolean
  /** Slots that commands are waiting for: they come first. */
  waitingSlots(): Iterable<number>
  /** This node knows all that was confirmed in these slots it acts for, and nobody else can add to it. */
  onSettled(slots: readonly number[]): void
  /**
   * This node owns slots, and none is left of which it has no memory: it may say that it is ready. False: not yet, as it
   * is no member just now; it is asked again.
   */
  onWhole(): boolean
}

export interface SettlingLimits {
  /** Questions to all owners under way, and slots in one. An answer of 512 slots takes either side about a millisecond. */
  surveysMax: number
  slotsPerSurvey: number
  /** Slots being pulled or pushed at the same time; intake and repairs let them wait for their turn. */
  pullsMax: number
  /** How often a former owner is asked that does not answer though it is believed alive. */
  formerAttemptsMax: number
  /** The same of an owner that probably has all of a slot, before it is brought to one that has yet to learn it. */
  copyAttemptsMax: number
  /** How long a slot rests after a failure, doubling. */
  restMsMin: number
  restMsMax: number
  /**
   * A slot is claimed at most this often. Two owners that each take the other for dead claim in turn: slowly, and so
   * that each can serve for a while, until they have heard of each other.
   */
  reclaimMs: number
}

export interface SettlingParts {
  readonly selfId: string
  readonly roles: SlotRoles
  readonly claims: Claims
  readonly repairs: Repairs
  readonly former: FormerOwners
  readonly intake: Intake
  readonly exchange: ExchangeParts
}
