/*
 * The arithmetic of SWIM and Lifeguard: how long to suspect, how often to repeat, how far to trust oneself.
 *
 * The idea: every formula is a pure function of the number of members, so that memberlist's own tables of
 * values are the tests. Nothing here knows a member or a clock. Shape: rule.
 */

/** Lifeguard 4.2: the time a suspicion lasts at least, when enough others confirm it. */
export function suspicionMinMs(mult: number, memberCount: number, probeIntervalMs: number): number {
  return Math.floor(mult * Math.max(1, Math.log10(Math.max(1, memberCount))) * probeIntervalMs)
}

/**
 * Confirmations that bring a suspicion down to its minimum; 0 where there are not enough others to give them.
 */
export function confirmationsWanted(mult: number, memberCount: number): number {
  const wanted = Math.max(0, mult - 2)
  return memberCount - 2 < wanted ? 0 : wanted
}

/** The whole length of a suspicion that `count` others have confirmed, of `wanted`: from max down to min. */
export function suspicionMs(count: number, wanted: number, minMs: number, maxMs: number): number {
  if (wanted < 1) return minMs
  const share = Math.log(count + 1) / Math.log(wanted + 1)
  return Math.max(minMs, Math.floor(maxMs - share * (maxMs - minMs)))
}

/** How often each member sends one broadcast, so that it reaches all with high probability (SWIM 4.1). */
export function transmitsMax(mult: number, memberCount: number): number {
  return mult * Math.ceil(Math.log10(memberCount + 1))
}

/** Above this many members digests are compared less often. */
const PUSH_PULL_SCALE_FROM = 32

export function pushPullScale(memberCount: number): number {
  if (memberCount <= PUSH_PULL_SCALE_FROM) return 1
  return Math.ceil(Math.log2(memberCount) - Math.log2(PUSH_PULL_SCALE_FROM)) + 1
}

/** A relay gives its verdict before the asker's own deadline, the way back included (Lifeguard 4.1). */
const NACK_SHARE = 0.8

export function nackAfterMs(pingTimeoutMs: number): number {
  return Math.floor(NACK_SHARE * pingTimeoutMs)
}

/**
 * A failed probe tells as much about us as about the target: every relay that did not even say no is a point against
 * ourselves, and so is a failure that no relay could have commented on.
 */
export function failedProbeDelta(relaysAsked: number, nacksReceived: number): number {
  return relaysAsked === 0 ? 1 : relaysAsked - nacksReceived
}

/** One lag must not silence us for long: the score falls by only one per answered probe. */
const LAG_DELTA_MAX = 2

/**
 * A point for each half ping timeout that this process did not run: an ack in that time is late by our fault.
 */
export function lagDelta(lagMs: number, pingTimeoutMs: number): number {
  return Math.min(LAG_DELTA_MAX, Math.floor(Math.max(0, lagMs) / (pingTimeoutMs / 2)))
}
