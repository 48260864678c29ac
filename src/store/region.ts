/**
 * Region [Rule]: linear probing in one power-of-two run of (hash, ref) pairs, the piece all tables of the hash index are
 * made of. A pair lies at the first free place from `hash & mask` on, and hash 0 marks a free place; removing closes
 * the gap, so there are no tombstones.
 *
 * A region is told by the words it lies in, the word it starts at and its bits (2^bits pairs). Nothing here knows
 * where it came from, whose it is or how many pairs are in it.
 */
export const REGION_BITS_MIN = 3
const SAMPLE_TRIES = 64

/** Bits of the smallest region that takes one more than `count` pairs and stays at most three quarters full. */
export function bitsFor(count: number): number {
  let bits = REGION_BITS_MIN
  while ((count + 1) * 4 > 3 << bits) bits++
  return bits
}

export function placePair(words: Uint32Array, start: number, bits: number, hash: number, ref: number): void {
  const mask = (1 << bits) - 1
  let pair = hash & mask
  while (words[start + pair * 2] !== 0) pair = (pair + 1) & mask
  words[start + pair * 2] = hash
  words[start + pair * 2 + 1] = ref
}

/** Takes the pair out and lets later ones move up, so that every probe still finds its pair. */
export function removePair(words: Uint32Array, start: number, bits: number, pair: number): void {
  const mask = (1 << bits) - 1
  let hole = pair
  let probe = hole
  for (;;) {
    probe = (probe + 1) & mask
    const hash = words[start + probe * 2]!
    if (hash === 0) break
    // The pair at `probe` may fill the hole only if its home does not lie cyclically in (hole, probe].
    if (((probe - (hash & mask)) & mask) < ((probe - hole) & mask)) continue
    words[start + hole * 2] = hash
    words[start + hole * 2 + 1] = words[start + probe * 2 + 1]!
    hole = probe
  }
  words[start + hole * 2] = 0
  words[start + hole * 2 + 1] = 0
}

/** Copies the pairs whose hash, masked by `bit`, is `wanted` into another region with room for them. */
export function pourPairs(
  words: Uint32Array,
  start: number,
  bits: number,
  into: Uint32Array,
  intoStart: number,
  intoBits: number,
  bit: number,
  wanted: number,
): void {
  const end = start + (2 << bits)
  for (let at = start; at < end; at += 2) {
    const hash = words[at]!
    if (hash !== 0 && (hash & bit) === wanted) placePair(into, intoStart, intoBits, hash, words[at + 1]!)
  }
}

/** How many pairs have this bit set in their hash. */
export function countWithBit(words: Uint32Array, start: number, bits: number, bit: number): number {
  const end = start + (2 << bits)
  let count = 0
  for (let at = start; at < end; at += 2) if ((words[at]! & bit) !== 0) count++
  return count
}

/** A ref picked by `random` (32 bits) out of a region that is not empty; each pair has the same chance. */
export function samplePair(words: Uint32Array, start: number, bits: number, random: number): number {
  const mask = (1 << bits) - 1
  let state = random | 0
  // Probing at random places is fair; walking on to the next pair would favour those behind gaps.
  for (let tries = 0; tries < SAMPLE_TRIES; tries++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0
    const pair = (state >>> 8) & mask
    if (words[start + pair * 2] !== 0) return words[start + pair * 2 + 1]!
  }
  let pair = (state >>> 8) & mask
  while (words[start + pair * 2] === 0) pair = (pair + 1) & mask
  return words[start + pair * 2 + 1]!
}
