/**
 * Hybrid logical clock [Rule + one number of state]: versions that are near wall time, never repeat and never go
 * back. One version is a float64 integer: (wallMs - epoch 2024) * 4096 + counter, safe until 2093. Ties between
 * nodes are broken by the origin node's id, which is kept beside the version.
 */
const EPOCH_MS = Date.UTC(2024, 0, 1)
const COUNTER_RANGE = 4096

export class Hlc {
  last = 0

  /** A version above every one given out or observed before, and above `floor`. */
  next(wallMs: number, floor: number): number {
    const fromWall = (wallMs - EPOCH_MS) * COUNTER_RANGE
    let version = this.last + 1
    if (fromWall > version) version = fromWall
    if (floor >= version) version = floor + 1
    this.last = version
    return version
  }

  observe(version: number): void {
    if (version > this.last) this.last = version
  }
}

export function wallMsOf(version: number): number {
  return Math.floor(version / COUNTER_RANGE) + EPOCH_MS
}
