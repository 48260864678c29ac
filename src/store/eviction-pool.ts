/**
 * Eviction pool [Machine]: the best candidates for eviction seen so far, kept across samplings as Redis does. A
 * candidate is told by slot, hash and ref: it still stands while the index holds that very pair, so no key is copied.
 * An entry that moved meanwhile is no candidate any more: it was written to, or defragmented and is soon drawn again.
 * Nothing is allocated after the start.
 */
const POOL_SIZE = 16

export class EvictionPool {
  /** The first `count` of each are in use, lowest score first; the highest score goes first. */
  count = 0
  readonly slots = new Uint16Array(POOL_SIZE)
  readonly hashes = new Uint32Array(POOL_SIZE)
  readonly refs = new Uint32Array(POOL_SIZE)
  readonly #scores = new Float64Array(POOL_SIZE)

  /** Would a candidate with this score be kept? */
  wants(score: number): boolean {
    return this.count < POOL_SIZE || score > this.#scores[0]!
  }

  /** Keeps a wanted candidate in its place; the lowest falls out when the pool is full. */
  add(slot: number, hash: number, ref: number, score: number): void {
    for (let i = 0; i < this.count; i++) {
      if (this.refs[i] === ref && this.hashes[i] === hash && this.slots[i] === slot) return
    }
    let at = 0
    while (at < this.count && this.#scores[at]! <= score) at++
    if (this.count === POOL_SIZE) {
      at--
      for (let i = 0; i < at; i++) this.#copy(i + 1, i)
    } else {
      for (let i = this.count; i > at; i--) this.#copy(i - 1, i)
      this.count++
    }
    this.slots[at] = slot
    this.hashes[at] = hash
    this.refs[at] = ref
    this.#scores[at] = score
  }

  clear(): void {
    this.count = 0
  }

  #copy(from: number, to: number): void {
    this.slots[to] = this.slots[from]!
    this.hashes[to] = this.hashes[from]!
    this.refs[to] = this.refs[from]!
    this.#scores[to] = this.#scores[from]!
  }
}
