/*
 * Who keeps an eye on whom: Pekko's heartbeat ring.
 *
 * The idea: ids stand on a circle in the order of their hashes and everyone watches the next few reachable ones
 * clockwise, so the watching costs the same for ten members as for ten thousand and neighbours in one rack do not
 * only watch each other. Unreachable ones on the way are watched too and do not count: hence every member, however
 * many fell silent around it, is watched by the `count` reachable ones before it (Pekko stops at `count` in
 * all, which leaves the far end of a long silent run without a watcher). It refuses to know how watching is done.
 * Shape: rule.
 */

const FNV_OFFSET = 0x811c9dc5
const FNV_PRIME = 0x01000193

/** FNV-1a, 32 bits, over the characters of a printable ASCII string: the same on every node. */
export function ringHash(id: string): number {
  let hash = FNV_OFFSET
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), FNV_PRIME)
  return hash >>> 0
}

/** The order of the circle; ids of equal hash stand in the order of their text. */
export function compareOnRing(a: string, b: string): number {
  return ringHash(a) - ringHash(b) || (a < b ? -1 : a > b ? 1 : 0)
}

/** The ids as they stand on the circle: do this once per change of membership. */
export function ringOrder(ids: Iterable<string>): string[] {
  const hashed = Array.from(ids, (id) => ({ id, hash: ringHash(id) }))
  hashed.sort((a, b) => a.hash - b.hash || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  return hashed.map((one) => one.id)
}

/**
 * Whom `self` watches, clockwise: the next `count` reachable ids and the unreachable ones before the last of them.
 * `ids` are distinct and in ring order; `self` need not stand among them.
 */
export function watchedBy(
  self: string,
  ids: readonly string[],
  isReachable: (id: string) => boolean,
  count: number,
): string[] {
  const watched: string[] = []
  if (count <= 0) return watched
  const start = placeOf(self, ids)
  let reachableCount = 0
  for (let step = 0; step < ids.length; step++) {
    const id = ids[(start + step) % ids.length]!
    if (id === self) continue
    watched.push(id)
    if (isReachable(id) && ++reachableCount === count) break
  }
  return watched
}

/** Where `id` stands on the circle, or would stand. */
function placeOf(id: string, ids: readonly string[]): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareOnRing(ids[middle]!, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}
