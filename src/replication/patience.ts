/**
 * Patience [Data]: how long silence is borne, on both sides of it. Who is not heard for long enough is replaced; who may
 * have been replaced stops before that. Terms keep writes right whatever the clocks do (claims.ts); this order keeps a node
 * that was frozen or cut off from answering reads that somebody else has answered since:
 *
 *   a frozen node doubts itself (PAUSE)  <  its peers give it up (silence of a link), less one ping
 *   a node that is cut off stops acting (PRESENCE, looked at every interval)  <  the same
 *
 * `pingIdleMs` and `silenceMs` of a link (mesh/link-ports.ts) are the other half. It knows nobody.
 */

/** An owner not heard for this long may be gone: who depends on it for a quorum stops acting. */
export const PRESENCE_MS = 1500
/** Looked at again after this long, or at once when the process was away. */
export const PRESENCE_INTERVAL_MS = 100
/** A node that stood still for this long may have been replaced. Above any stall of a healthy one. */
export const PAUSE_MS = 1500
