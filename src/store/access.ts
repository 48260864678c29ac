/**
 * Access word [Rule]: the 24 bits per entry that eviction looks at, in Redis' two readings: a clock of seconds (LRU),
 * or minutes of last decay (16 bits) over a logarithmic counter (8 bits, LFU).
 */
export const LRU_CLOCK_MAX = 0xffffff
const LFU_INITIAL = 5

export function lruClock(nowMs: number): number {
  return Math.floor(nowMs / 1000) & LRU_CLOCK_MAX
}

export function idleSeconds(access: number, clock: number): number {
  return (clock - access) & LRU_CLOCK_MAX
}

function minutesOf(nowMs: number): number {
  return Math.floor(nowMs / 60_000) & 0xffff
}

/** The counter after the decay since it was last touched: one step per `decayMinutes`. */
export function lfuCounter(access: number, nowMs: number, decayMinutes: number): number {
  const counter = access & 0xff
  if (decayMinutes === 0) return counter
  const elapsed = (minutesOf(nowMs) - (access >>> 8)) & 0xffff
  const steps = Math.floor(elapsed / decayMinutes)
  return steps > counter ? 0 : counter - steps
}

/** The access word after one more use; `access` -1 = a new entry. `random` is 32 uniform bits (Morris counter). */
export function lfuTouched(
  access: number,
  nowMs: number,
  decayMinutes: number,
  logFactor: number,
  random: number,
): number {
  if (access === -1) return (minutesOf(nowMs) << 8) | LFU_INITIAL
  let counter = lfuCounter(access, nowMs, decayMinutes)
  if (counter < 255) {
    const base = Math.max(counter - LFU_INITIAL, 0)
    if ((random >>> 0) / 4294967296 < 1 / (base * logFactor + 1)) counter++
  }
  return (minutesOf(nowMs) << 8) | counter
}
