/*
 * What SWIM tells its embedder, and what it counts.
 *
 * The idea: an event is a change of belief about one member, told after the change is made, in the order of
 * the changes; a listener may call back into Swim at once. Counters are plain numbers that whoever prints
 * them reads. Shape: data.
 */
import type { MemberRecord } from '../member.ts'

/**
 * Why our own record changed: our answer to a rumour, our own wish, or a life raised above one still
 * remembered.
 */
export type SelfChange = 'refuted' | 'updated' | 'reborn'

export interface SwimEvents {
  /** New here, or back in a new life after it had left: once for each. */
  onJoined(record: MemberRecord): void
  /**
   * Alive after suspicion or death, or in a new life (a higher birth) that nobody saw the end of the former
   * of.
   */
  onAlive(record: MemberRecord): void
  onSuspect(record: MemberRecord, accuserId: string): void
  onDead(record: MemberRecord): void
  onLeft(record: MemberRecord): void
  /** The address, the roles or the meta of a living member changed. */
  onUpdated(record: MemberRecord, former: MemberRecord): void
  /** Forgotten because `evictAfterMs` had passed; not told for `evict()`. */
  onEvicted(record: MemberRecord): void
  onUdpBlocked(id: string): void
  onUdpRestored(id: string): void
  /** Another process bears our id and has the better right to it: this one should end or take another id. */
  onIdConflict(record: MemberRecord): void
  onSelfChanged(record: MemberRecord, former: MemberRecord, why: SelfChange): void
  /** The word that we leave has been sent as often as it should be, or there is nobody to hear it. */
  onSelfLeft(): void
}

export class SwimCounters {
  probes = 0
  probesFailed = 0
  probesCancelled = 0
  probesRefused = 0
  acks = 0
  /** Acks for no probe in flight: late, doubled or invented. */
  acksUnexpected = 0
  nacks = 0
  /** Probes that relays answered, and those that only a stream answered. */
  probesSavedByRelay = 0
  probesSavedByStream = 0
  /** Pings for a member that is not here: the address has changed hands. */
  pingsMisdirected = 0
  relaysServed = 0
  relaysRefused = 0
  suspicions = 0
  confirmations = 0
  /** Suspects asked directly before the end of their suspicion. */
  lastCalls = 0
  deaths = 0
  /**
   * Times we raised our incarnation against a rumour, and stale rumours answered with what we had said
   * already.
   */
  refutations = 0
  rumoursStale = 0
  /** Accusations sent to members believed dead, so that they can refute. */
  accusationsSent = 0
  rebirths = 0
  jumpsRefused = 0
  idConflicts = 0
  membersRefused = 0
  departedRefused = 0
  departedForgotten = 0
  broadcastsDropped = 0
  evictions = 0
  joinsTried = 0
  syncsEqual = 0
  syncsAnswered = 0
  syncsRefused = 0
  entriesReceived = 0
  streamFailures = 0
  udpBlocked = 0
  pauses = 0
  messagesUnknown = 0
}
