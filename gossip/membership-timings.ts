/*
 * How long a membership waits before it takes a matter into its own hands.
 * Shape: data.
 */
export interface MembershipTimings {
  readonly tickMs: number
  /** So long the first seed waits for an existing mesh before it forms one. */
  readonly seedTimeoutMs: number
  /** So long the way out may take before it is cut short. */
  readonly leaveTimeoutMs: number
  /** A life that was given up rests before the next begins. */
  readonly rebirthDelayMs: number
  /** So long a majority of those who were given up looks for their mesh before it founds another. */
  readonly refoundAfterMs: number
  /** So long a mesh may have nobody who is up before it is over for those who wait to join it. */
  readonly desertedMsMax: number
}

export const MEMBERSHIP_TIMINGS: MembershipTimings = {
  tickMs: 1000,
  seedTimeoutMs: 3000,
  leaveTimeoutMs: 10_000,
  rebirthDelayMs: 1000,
  refoundAfterMs: 10_000,
  desertedMsMax: 20_000,
}
