/**
 * Directory [Machine]: which child table of a large table of the hash index is in charge of a hash (extendible hashing).
 *
 * The top `#bits` bits of a hash are a position in `#children`. A child split fewer times than others (its depth) stands
 * at a whole span of positions:
 *
 *   bits 2:  00 -> a   01 -> a   10 -> b   11 -> c        depths: a 1, b 2, c 2
 *
 * Splitting doubles the directory when the child has one position only; merging halves it when no child needs the
 * last bit any more. It knows nothing of pairs: whoever splits or merges children moves them.
 */
export class Directory {
  #bits = 1
  #shift = 31
  #children: Uint32Array
  #depths = new Uint8Array(2)
  /** How many children stand at a single position. */
  #singles = 0

  /** At first one child is in charge of everything. */
  constructor(child: number) {
    this.#children = Uint32Array.of(child, child)
  }

  childOf(hash: number): number {
    return this.#children[hash >>> this.#shift]!
  }

  /** How many of its top bits all hashes of that child share. */
  depthOf(hash: number): number {
    return this.#depths[hash >>> this.#shift]!
  }

  /** The highest hash that child is in charge of. */
  lastHashOf(hash: number): number {
    const span = 2 ** (32 - this.depthOf(hash))
    return Math.floor(hash / span) * span + span - 1
  }

  /** The child that shares all but the last bit of that child's depth, or -1 while there is no such one child. */
  siblingOf(hash: number): number {
    const at = hash >>> this.#shift
    const depth = this.#depths[at]!
    if (depth === 0) return -1
    const other = at ^ (1 << (this.#bits - depth))
    return this.#depths[other] === depth ? this.#children[other]! : -1
  }

  /** Puts `sibling` in charge of the upper half of that child's hashes. */
  split(hash: number, sibling: number): void {
    const depth = this.depthOf(hash)
    if (depth === this.#bits) this.#double()
    const span = 1 << (this.#bits - depth)
    const at = hash >>> this.#shift
    const first = at - (at & (span - 1))
    this.#depths.fill(depth + 1, first, first + span)
    this.#children.fill(sibling, first + span / 2, first + span)
    if (depth + 1 === this.#bits) this.#singles += 2
  }

  /** Puts that child in charge of its sibling's hashes too. */
  merge(hash: number): void {
    const at = hash >>> this.#shift
    const depth = this.#depths[at]!
    const span = 1 << (this.#bits - depth + 1)
    const first = at - (at & (span - 1))
    this.#children.fill(this.#children[at]!, first, first + span)
    this.#depths.fill(depth - 1, first, first + span)
    if (depth !== this.#bits) return
    this.#singles -= 2
    while (this.#singles === 0 && this.#bits > 1) this.#halve()
  }

  /** Going over the children: start at 0, go on from `behind(at)` while it is below `positions`. */
  get positions(): number {
    return this.#children.length
  }
  childAt(at: number): number {
    return this.#children[at]!
  }
  behind(at: number): number {
    return at + (1 << (this.#bits - this.#depths[at]!))
  }

  #double(): void {
    const children = new Uint32Array(this.#children.length * 2)
    const depths = new Uint8Array(children.length)
    for (let at = 0; at < children.length; at++) {
      children[at] = this.#children[at >>> 1]!
      depths[at] = this.#depths[at >>> 1]!
    }
    this.#children = children
    this.#depths = depths
    this.#setBits(this.#bits + 1)
    this.#singles = 0
  }

  #halve(): void {
    const children = new Uint32Array(this.#children.length / 2)
    const depths = new Uint8Array(children.length)
    this.#setBits(this.#bits - 1)
    for (let at = 0; at < children.length; at++) {
      children[at] = this.#children[at * 2]!
      depths[at] = this.#depths[at * 2]!
      if (depths[at] === this.#bits) this.#singles++
    }
    this.#children = children
    this.#depths = depths
  }

  #setBits(bits: number): void {
    this.#bits = bits
    this.#shift = 32 - bits
  }
}
