/**
 * Hash order [Machine]: picks the pairs with the lowest hashes out of one region of the hash index, for walking.
 *
 * One pass keeps the best so far in a heap of fixed size, so a portion of ten costs a glance at the region, whatever
 * its size, and nothing is allocated per pair. A key of the heap is hash * 2^21 + pair number: one float64 that
 * sorts by hash and leads back to the pair. Pairs of equal hash are never torn apart.
 * State is scratch only: nothing is remembered from one call to the next.
 */
const PAIRS_MAX = 2 ** 21
const KEYS_AT_START = 4096
const INSERTION_SORT_MAX = 24

export class HashOrder {
  #keys = new Float64Array(KEYS_AT_START)

  /**
   * Appends the refs of the `count` pairs with the lowest hashes >= fromHash, and of those that share the last one's
   * hash, in ascending hash order. Answers the next hash there is, or 0. Pairs are words[start..end), hash then ref.
   */
  take(
    words: Uint32Array,
    start: number,
    end: number,
    fromHash: number,
    count: number,
    into: number[],
  ): number {
    const pairCount = (end - start) >>> 1
    if (this.#keys.length <= pairCount) this.#keys = new Float64Array(pairCount * 2)
    // One more than asked for: its hash says where to go on.
    let wanted = Math.min(count, pairCount) + 1
    for (;;) {
      const found = this.#lowest(words, start, end, fromHash, wanted)
      this.#sort(found)
      const taken = this.#cutBetweenHashes(found, count)
      if (taken < found || found < wanted) {
        for (let i = 0; i < taken; i++) into.push(words[start + pairOf(this.#keys[i]!) * 2 + 1]!)
        return taken < found ? hashOf(this.#keys[taken]!) : 0
      }
      wanted = Math.min(wanted * 2, pairCount + 1)
    }
  }

  /** The first place from `count` on where the hash changes, or `found`. */
  #cutBetweenHashes(found: number, count: number): number {
    const keys = this.#keys
    let at = count
    while (at < found && hashOf(keys[at]!) === hashOf(keys[at - 1]!)) at++
    return Math.min(at, found)
  }

  /** Fills `#keys` with up to `wanted` lowest keys, in no order; answers how many there are. */
  #lowest(words: Uint32Array, start: number, end: number, fromHash: number, wanted: number): number {
    const keys = this.#keys
    const from = fromHash === 0 ? 1 : fromHash
    let size = 0
    let highest = 0xffffffff
    for (let at = start; at < end; at += 2) {
      const hash = words[at]!
      if (hash < from || hash > highest) continue
      const key = hash * PAIRS_MAX + ((at - start) >>> 1)
      if (size < wanted) {
        keys[size++] = key
        if (size < wanted) continue
        for (let node = (size >>> 1) - 1; node >= 0; node--) this.#sink(node, size)
      } else if (key < keys[0]!) {
        keys[0] = key
        this.#sink(0, size)
      }
      highest = hashOf(keys[0]!)
    }
    return size
  }

  /** Lets the key at `node` sink to its place in the heap, whose top is the highest key. */
  #sink(node: number, size: number): void {
    const keys = this.#keys
    const key = keys[node]!
    for (;;) {
      let child = node * 2 + 1
      if (child >= size) break
      if (child + 1 < size && keys[child + 1]! > keys[child]!) child++
      if (keys[child]! <= key) break
      keys[node] = keys[child]!
      node = child
    }
    keys[node] = key
  }

  #sort(size: number): void {
    const keys = this.#keys
    if (size > INSERTION_SORT_MAX) {
      keys.subarray(0, size).sort()
      return
    }
    for (let i = 1; i < size; i++) {
      const key = keys[i]!
      let at = i
      while (at > 0 && keys[at - 1]! > key) {
        keys[at] = keys[at - 1]!
        at--
      }
      keys[at] = key
    }
  }
}

function hashOf(key: number): number {
  return Math.floor(key / PAIRS_MAX)
}

function pairOf(key: number): number {
  return key - Math.floor(key / PAIRS_MAX) * PAIRS_MAX
}
