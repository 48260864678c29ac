/**
 * Tombstone age [Rule]: how long removals are remembered at least. Longer than hints are kept (hints.ts), so that who was
 * away for longer is compared slot by slot while the others still know what was removed.
 */
export const TOMBSTONE_TTL_MS = 4 * 3600 * 1000
