/*
 * A list of members as 64 numbers, so that two equal lists are known for equal without being sent.
 *
 * The idea: each member that is not gone adds a hash of (id, birth, incarnation) to the sum of its bucket.
 * Sums do not depend on order and are kept up by adding and subtracting. Where sums differ only that bucket's
 * records travel. Two different buckets look equal once in four billion, until the next change. Shape: rule.
 */

export const BUCKET_COUNT = 64
const BUCKET_SHIFT = 26

/** FNV-1a over the characters, mixed to the end: ids often differ in their last character only. */
export function hashOfId(id: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193)
  return mixed(hash)
}

export function bucketOf(idHash: number): number {
  return idHash >>> BUCKET_SHIFT
}

export function hashOfLife(idHash: number, birth: number, incarnation: number): number {
  const low = birth | 0
  const high = Math.floor(birth / 4294967296)
  return mixed(mixed(mixed(idHash ^ low) + high) ^ Math.imul(incarnation, 0x9e3779b1))
}

/** murmur3's finalizer: every bit of the input moves about half of the output. */
function mixed(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
