/*
 * When do two replies say the same? One rule, used by the conformance scripts and by the fuzzer.
 *
 * The idea: exact unless a command says otherwise, and a command may only say so for what Redis itself
 * leaves open (the order of a set, a clock, a random choice). An error is always compared with an error.
 * Shape: rule.
 */
import { type Reply, show } from './reply.ts'

export type Comparison =
  /** Type and bytes are equal. */
  | { readonly how: 'exact' }
  /** The members of the aggregate are equal as a multiset. */
  | { readonly how: 'unordered' }
  /** A map, or a flat list of pairs, equal as a multiset of pairs. */
  | { readonly how: 'pairs' }
  /** [cursor, members]: the cursor exactly, the members as a multiset (of pairs). */
  | { readonly how: 'scan' }
  | { readonly how: 'scan-pairs' }
  /** Only the type of the reply. */
  | { readonly how: 'type' }
  /** The type, and for aggregates their length and the types of their members, in depth. */
  | { readonly how: 'shape' }
  /** Like exact, but lists of words in status form (flags, categories) in any order; at most `count` members. */
  | { readonly how: 'head'; readonly count: number }
  /** Integers (or lists of them) that may differ by a clock's progress. -1 and -2 must be equal. */
  | { readonly how: 'near'; readonly tolerance: number }
  /** Numbers in text that may differ in their last digits. */
  | { readonly how: 'round'; readonly digits: number }
  /** Like exact, once ids of 40 hex characters and all numbers are made alike. */
  | { readonly how: 'masked' }
  /** Only the first word of an error. */
  | { readonly how: 'error-code' }
  /** Both texts have these `name:value`, `name=value` fields or words. */
  | { readonly how: 'fields'; readonly fields: readonly string[] }
  | { readonly how: 'ignore' }

export const EXACT: Comparison = { how: 'exact' }

/** Why the two replies differ, or undefined when they say the same. */
export function difference(ours: Reply, theirs: Reply, comparison: Comparison = EXACT): string | undefined {
  if (comparison.how === 'ignore') return undefined
  if (comparison.how === 'fields') return missingField(ours, theirs, comparison.fields)
  const isSame =
    comparison.how === 'near'
      ? isNear(ours, theirs, comparison.tolerance)
      : canonical(ours, comparison) === canonical(theirs, comparison)
  return isSame ? undefined : `ours   ${show(ours)}\n  theirs ${show(theirs)}`
}

/** Two replies are the same exactly when their canonical texts are. */
function canonical(reply: Reply, comparison: Comparison): string {
  const { type, value } = reply
  if (type === 'error') {
    return comparison.how === 'error-code' ? `error:${String(value).split(' ')[0]}` : exact(reply)
  }
  switch (comparison.how) {
    case 'type':
      return type
    case 'shape':
      return shape(reply)
    case 'head':
      return head(reply, comparison.count)
    case 'masked':
      return masked(reply)
    case 'round':
      return rounded(reply, comparison.digits)
    case 'unordered':
      return typeof value === 'string' ? exact(reply) : `${type}[${sorted(value.map(exact))}]`
    case 'pairs':
      return typeof value === 'string' ? exact(reply) : `${type}[${sorted(pairs(value))}]`
    case 'scan':
    case 'scan-pairs': {
      const members = value[1]
      if (typeof value === 'string' || typeof members !== 'object') return exact(reply)
      const how = comparison.how === 'scan' ? 'unordered' : 'pairs'
      return `scan ${exact(value[0]!)} ${canonical(members, { how })}`
    }
    default:
      return exact(reply)
  }
}

function exact(reply: Reply): string {
  const { type, value } = reply
  if (typeof value === 'string') return `${type}:${value.length}:${value}`
  return `${type}[${value.map(exact).join(',')}]`
}

function shape(reply: Reply): string {
  return typeof reply.value === 'string' ? reply.type : `${reply.type}[${reply.value.map(shape).join(',')}]`
}

/** A list of lists: of each, the first `count` members, with lists of flags in order of the alphabet. */
function head(reply: Reply, count: number): string {
  const { type, value } = reply
  if (typeof value === 'string') return exact(reply)
  const members = value.slice(0, count)
  const areFlags = members.length > 0 && members.every((member) => member.type === 'status')
  return areFlags
    ? `${type}[${sorted(value.map(exact))}]`
    : `${type}[${members.map((one) => head(one, count)).join(',')}]`
}

function masked({ type, value }: Reply): string {
  if (typeof value !== 'string') return `${type}[${value.map(masked).join(',')}]`
  return `${type}:${value.replace(/[0-9a-f]{40}/g, 'ID').replace(/\d+/g, 'N')}`
}

function sorted(texts: string[]): string {
  return texts.sort().join(',')
}

/** Members that are aggregates are pairs already (RESP3 WITHSCORES); else two neighbours make one. */
function pairs(members: readonly Reply[]): string[] {
  if (members.every((member) => typeof member.value !== 'string')) return members.map(exact)
  const found: string[] = []
  for (let index = 0; index < members.length; index += 2) {
    const second = members[index + 1]
    found.push(`${exact(members[index]!)}=${second === undefined ? '' : exact(second)}`)
  }
  return found
}

function rounded(reply: Reply, digits: number): string {
  const { type, value } = reply
  if (typeof value !== 'string') return `${type}[${value.map((member) => rounded(member, digits)).join(',')}]`
  const number = Number(value)
  return value !== '' && Number.isFinite(number) ? `${type}:${number.toPrecision(digits)}` : exact(reply)
}

function isNear(ours: Reply, theirs: Reply, tolerance: number): boolean {
  if (ours.type !== theirs.type) return false
  if (typeof ours.value !== 'string' || typeof theirs.value !== 'string') {
    const others = theirs.value as readonly Reply[]
    const members = ours.value as readonly Reply[]
    return members.length === others.length && members.every((one, at) => isNear(one, others[at]!, tolerance))
  }
  const areCounts = /^\d+$/.test(ours.value) && /^\d+$/.test(theirs.value)
  if (!areCounts) return ours.value === theirs.value
  const apart = BigInt(ours.value) - BigInt(theirs.value)
  return (apart < 0n ? -apart : apart) <= BigInt(tolerance)
}

function missingField(ours: Reply, theirs: Reply, fields: readonly string[]): string | undefined {
  if (ours.type !== theirs.type) return `ours   ${show(ours, 120)}\n  theirs ${show(theirs, 120)}`
  const [mine, other] = [words(ours), words(theirs)]
  const lost = fields.filter((field) => !mine.has(field))
  if (lost.length > 0) return `ours has no ${lost.join(', ')}`
  const imagined = fields.filter((field) => !other.has(field))
  return imagined.length > 0 ? `the oracle has no ${imagined.join(', ')}: mend the script` : undefined
}

/** Names in `name:value` and `name=value` texts, and every member of a list. */
function words(reply: Reply): Set<string> {
  const found = new Set<string>()
  if (typeof reply.value !== 'string') {
    for (const member of reply.value) for (const word of words(member)) found.add(word)
    return found
  }
  const text = reply.type === 'verbatim' ? reply.value.slice(4) : reply.value
  for (const word of text.split(/[\s,:=]+/)) found.add(word)
  return found
}
