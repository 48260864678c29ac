/*
 * What follows from a list of members alone: their orders, their data centres, their ring.
 *
 * The idea: the list is immutable and changes rarely, so what is derived from it is worked out when first
 * asked for and remembered for as long as that very list lives; a new list made by a small change takes
 * over what the change left true. Nodes of one process may share equal lists, which is what makes thousands
 * of them fit.
 * Shape: rule (and a small pool).
 */
import { memberDc } from '../datacenter.ts'
import { ringOrder } from '../heartbeats/watch-ring.ts'
import { compareAges } from './ages.ts'
import type { StateMember } from './mesh-state.ts'
import { addDigests, memberHash, membersDigest, noteMembersDigest, subtractDigests } from './state-digest.ts'

export type Members = ReadonlyMap<string, StateMember>

interface Facts {
  ids: readonly string[] | undefined
  byDc: ReadonlyMap<string, readonly StateMember[]> | undefined
  byAddress: readonly StateMember[] | undefined
  rings: Map<string, readonly string[]> | undefined
  agedByDc: Map<string, readonly StateMember[]> | undefined
}

const factsOfMembers = new WeakMap<Members, Facts>()

function factsOf(members: Members): Facts {
  let facts = factsOfMembers.get(members)
  if (facts === undefined) {
    facts = { ids: undefined, byDc: undefined, byAddress: undefined, rings: undefined, agedByDc: undefined }
    factsOfMembers.set(members, facts)
  }
  return facts
}

/** In the order of their text: the place of an id is its bit in a seen set. */
export function sortedIds(members: Members): readonly string[] {
  const facts = factsOf(members)
  facts.ids ??= [...members.keys()].sort()
  return facts.ids
}

/** Place of the id among sorted ids, or -1. */
export function placeOfId(ids: readonly string[], id: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ids[middle]! < id) low = middle + 1
    else high = middle
  }
  return ids[low] === id ? low : -1
}

/** By host, then by the number of the port. */
export function membersByAddress(members: Members): readonly StateMember[] {
  const facts = factsOf(members)
  if (facts.byAddress !== undefined) return facts.byAddress
  const split = Array.from(members.values(), (member) => {
    const colon = member.address.lastIndexOf(':')
    return { host: member.address.slice(0, colon), port: Number(member.address.slice(colon + 1)), member }
  })
  split.sort((a, b) =>
    a.host === b.host ? a.port - b.port || (a.member.id < b.member.id ? -1 : 1) : a.host < b.host ? -1 : 1,
  )
  facts.byAddress = split.map((one) => one.member)
  return facts.byAddress
}

/** The members of each data centre by address; the centres in the order of their first member. */
export function membersByDc(members: Members): ReadonlyMap<string, readonly StateMember[]> {
  const facts = factsOf(members)
  if (facts.byDc !== undefined) return facts.byDc
  const byDc = new Map<string, StateMember[]>()
  for (const member of membersByAddress(members)) {
    const dc = memberDc(member)
    const found = byDc.get(dc)
    if (found === undefined) byDc.set(dc, [member])
    else found.push(member)
  }
  facts.byDc = byDc
  return byDc
}

export function membersOfDc(members: Members, dc: string): readonly StateMember[] {
  return membersByDc(members).get(dc) ?? []
}

/** The watch ring of one data centre. */
export function ringOf(members: Members, dc: string): readonly string[] {
  const facts = factsOf(members)
  facts.rings ??= new Map()
  let ring = facts.rings.get(dc)
  if (ring === undefined) {
    ring = ringOrder(membersOfDc(members, dc).map((member) => member.id))
    facts.rings.set(dc, ring)
  }
  return ring
}

/** Those of one data centre that became up, the oldest first. */
export function agedOfDc(members: Members, dc: string): readonly StateMember[] {
  const facts = factsOf(members)
  facts.agedByDc ??= new Map()
  let aged = facts.agedByDc.get(dc)
  if (aged === undefined) {
    aged = membersOfDc(members, dc)
      .filter((member) => member.upNumber > 0)
      .sort(compareAges)
    facts.agedByDc.set(dc, aged)
  }
  return aged
}

/** A new list with some members put in (or replaced) and some left out; one from the pool where it has it. */
export function changeMembers(
  members: Members,
  put: readonly StateMember[],
  drop: readonly string[] = [],
  pool?: MembersPool,
): Members {
  if (put.length === 0 && drop.length === 0) return members
  const change = new Map<string, StateMember | undefined>()
  for (const id of drop) if (members.has(id)) change.set(id, undefined)
  for (const member of put) change.set(member.id, member)
  let digest = membersDigest(members)
  let size = members.size
  for (const [id, member] of change) {
    const former = members.get(id)
    if (former !== undefined) digest = subtractDigests(digest, memberHash(former))
    if (member !== undefined) digest = addDigests(digest, memberHash(member))
    size += (member === undefined ? 0 : 1) - (former === undefined ? 0 : 1)
  }
  return pool?.find(digest, size) ?? copyMembers(members, change, digest)
}

function copyMembers(
  members: Members,
  change: ReadonlyMap<string, StateMember | undefined>,
  digest: number,
): Members {
  const changed = new Map(members)
  let isSameSet = true
  for (const [id, member] of change) {
    isSameSet &&= member !== undefined && changed.has(id)
    if (member === undefined) changed.delete(id)
    else changed.set(id, member)
  }
  noteMembersDigest(changed, digest)
  const ids = factsOfMembers.get(members)?.ids
  if (isSameSet && ids !== undefined) factsOf(changed).ids = ids
  return changed
}

/** Equal lists become one: for many nodes in one process. Bounded; what falls out costs memory only. */
export class MembersPool {
  readonly #byDigest = new Map<number, Members>()
  readonly #countMax: number

  constructor(countMax = 256) {
    this.#countMax = countMax
  }

  find(digest: number, size: number): Members | undefined {
    const known = this.#byDigest.get(digest)
    return known?.size === size ? known : undefined
  }

  intern(members: Members): Members {
    const digest = membersDigest(members)
    const known = this.find(digest, members.size)
    if (known !== undefined) return known
    if (this.#byDigest.size >= this.#countMax) {
      for (const first of this.#byDigest.keys()) {
        this.#byDigest.delete(first)
        break
      }
    }
    this.#byDigest.set(digest, members)
    return members
  }

  get size(): number {
    return this.#byDigest.size
  }
}
