/*
 * Who answers streams but not datagrams.
 *
 * The idea: a firewall that drops UDP is no death. After some probes in a row that only a stream answered the
 * member is marked; then it is probed by stream first, and now and then a datagram tries again: its first
 * answer lifts the mark. Only members with a miss are in here, so it is never longer than the list. Shape:
 * machine.
 */

interface Path {
  misses: number
  isBlocked: boolean
  probes: number
}

export class UdpPaths {
  readonly #paths = new Map<string, Path>()

  isBlocked(id: string): boolean {
    return this.#paths.size !== 0 && this.#paths.get(id)?.isBlocked === true
  }

  /** Is there anybody whom no datagram reaches? */
  get isAnyBlocked(): boolean {
    for (const { isBlocked } of this.#paths.values()) if (isBlocked) return true
    return false
  }

  /** Only a stream answered. True when that marks the member. */
  onStreamAnswer(id: string, missesMax: number): boolean {
    const path = this.#paths.get(id) ?? { misses: 0, isBlocked: false, probes: 0 }
    this.#paths.set(id, path)
    path.misses++
    if (path.isBlocked || path.misses < missesMax) return false
    path.isBlocked = true
    return true
  }

  /** A datagram was answered by a datagram. True when that lifts the mark. */
  onDatagramAnswer(id: string): boolean {
    if (this.#paths.size === 0) return false
    const wasBlocked = this.isBlocked(id)
    this.#paths.delete(id)
    return wasBlocked
  }

  /** Asked once per probe of a marked member. */
  isRetryDue(id: string, every: number): boolean {
    const path = this.#paths.get(id)
    return path !== undefined && ++path.probes % every === 0
  }

  forget(id: string): void {
    this.#paths.delete(id)
  }
}
