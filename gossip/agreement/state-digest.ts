/*
 * One number for a whole state, so that two nodes see in a few bytes that they hold the same.
 *
 * The idea: every part has a hash of its own and a digest is their sum, so order does not matter and a
 * small change costs a small sum. It covers members, reachability and clock: even if two nodes should ever
 * hold different members under one clock they notice. Who has seen it and what is buried is not part of it.
 * Digests are remembered for as long as the part lives, which changes nothing but the cost.
 * Shape: rule.
 */
import type { MeshState, ReachabilityRecord, StateMember, VectorClock } from './mesh-state.ts'

/** 52 bits, so that the sum of two is still exact. */
export const DIGEST_LIMIT = 2 ** 52

/** Of the state without members: every node has held it. */
export const EMPTY_DIGEST = 0

const memberDigests = new WeakMap<ReadonlyMap<string, StateMember>, number>()
const recordDigests = new WeakMap<readonly ReachabilityRecord[], number>()
const clockDigests = new WeakMap<VectorClock, number>()

export function stateDigest(state: MeshState): number {
  const members = membersDigest(state.members)
  return addDigests(addDigests(members, recordsDigest(state.reachability)), clockDigest(state.version))
}

export function membersDigest(members: ReadonlyMap<string, StateMember>): number {
  let digest = memberDigests.get(members)
  if (digest !== undefined) return digest
  digest = 0
  for (const member of members.values()) digest = addDigests(digest, memberHash(member))
  memberDigests.set(members, digest)
  return digest
}

/** Says what is already known of a new value, made from an old one by a small change. */
export function noteMembersDigest(members: ReadonlyMap<string, StateMember>, digest: number): void {
  memberDigests.set(members, digest)
}

export function recordsDigest(records: readonly ReachabilityRecord[]): number {
  let digest = recordDigests.get(records)
  if (digest !== undefined) return digest
  digest = 0
  for (const record of records) digest = addDigests(digest, recordHash(record))
  recordDigests.set(records, digest)
  return digest
}

export function noteRecordsDigest(records: readonly ReachabilityRecord[], digest: number): void {
  recordDigests.set(records, digest)
}

function clockDigest(clock: VectorClock): number {
  let digest = clockDigests.get(clock)
  if (digest !== undefined) return digest
  digest = 0
  for (const [key, counter] of clock) digest = addDigests(digest, hashText('c ' + key + ' ' + counter))
  clockDigests.set(clock, digest)
  return digest
}

export function memberHash(member: StateMember): number {
  const life = 'm ' + member.id + ' ' + member.birth + ' ' + member.status + ' ' + member.upNumber
  return hashText(life + ' ' + member.address + ' ' + member.roles.join(' '))
}

export function recordHash(record: ReachabilityRecord): number {
  const pair = 'r ' + record.observerId + ' ' + record.subjectId
  return hashText(pair + ' ' + record.status + ' ' + record.version)
}

export function addDigests(a: number, b: number): number {
  const sum = a + b
  return sum >= DIGEST_LIMIT ? sum - DIGEST_LIMIT : sum
}

export function subtractDigests(a: number, b: number): number {
  const difference = a - b
  return difference < 0 ? difference + DIGEST_LIMIT : difference
}

/**
 * FNV-1a twice with different numbers, each mixed at the end as murmur3 does: sums need every bit to be
 * good.
 */
export function hashText(text: string): number {
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at)
    low = Math.imul(low ^ unit, 0x01000193)
    high = Math.imul(high ^ unit, 0x85ebca6b)
  }
  return (mix(high) >>> 12) * 2 ** 32 + mix(low)
}

export function hashBytes(bytes: Uint8Array): number {
  let low = 0x811c9dc5
  let high = 0x9e3779b9
  for (let at = 0; at < bytes.length; at++) {
    low = Math.imul(low ^ bytes[at]!, 0x01000193)
    high = Math.imul(high ^ bytes[at]!, 0x85ebca6b)
  }
  return (mix(high) >>> 12) * 2 ** 32 + mix(low)
}

function mix(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return (mixed ^ (mixed >>> 16)) >>> 0
}
