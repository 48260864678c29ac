/*
 * Records out of messages: kept small, and compared.
 *
 * The idea: whatever outlives the message is copied, and what equals a part of a record already held is
 * shared with it, so that thousands of members with the same roles and no meta cost little. Shape: rule.
 */
import type { MemberRecord } from '../member.ts'

const NO_BYTES = new Uint8Array(0)

/** `like` is a record whose roles and meta are shared where they are equal. */
export function recordOf(
  id: string,
  birth: number,
  incarnation: number,
  address: string,
  roles: readonly string[],
  meta: Uint8Array,
  like: MemberRecord,
): MemberRecord {
  return {
    id,
    birth,
    incarnation,
    address: address === like.address ? like.address : address,
    roles: isSameList(roles, like.roles) ? like.roles : [...roles],
    meta: meta.length === 0 ? NO_BYTES : isSameList(meta, like.meta) ? like.meta : Uint8Array.from(meta),
  }
}

/** Whether what the embedder cares for is the same: where it is, its roles, its meta. */
export function hasSameDetails(a: MemberRecord, b: MemberRecord): boolean {
  return a.address === b.address && isSameList(a.roles, b.roles) && isSameList(a.meta, b.meta)
}

function isSameList(a: ArrayLike<unknown>, b: ArrayLike<unknown>): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}
