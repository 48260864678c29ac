/*
 * Members with half a link: out of reach for some, yet still heard of through others.
 *
 * The idea: a clean split or a crash leaves observers on one side and observed on the other. Whoever is both,
 * or is said to be out of reach and has all the same seen this very version, hangs on by a third party - and
 * no counting of two sides can be right while such members are in it. They go first, and what remains is
 * decided without their quarrels. (Pekko, DowningStrategy.indirectlyConnected.) Shape: rule.
 */
import { isDownable, type Partition } from './partition.ts'

/** Observers that are observed themselves: a cycle among those who miss each other. */
function inCycles(partition: Partition): ReadonlySet<string> {
  const observers = new Set<string>()
  for (const record of partition.records) observers.add(record.observerId)
  const both = new Set<string>()
  for (const record of partition.records) {
    if (observers.has(record.subjectId)) both.add(record.subjectId)
  }
  return both
}

/** Both ends of a record whose subject has seen this version of the state: somebody does reach it. */
function heardOf(partition: Partition): ReadonlySet<string> {
  const heard = new Set<string>()
  for (const record of partition.records) {
    if (!partition.seen.has(record.subjectId)) continue
    heard.add(record.observerId)
    heard.add(record.subjectId)
  }
  return heard
}

export function indirectlyConnected(partition: Partition): ReadonlySet<string> {
  if (partition.records.length === 0) return NOBODY
  const all = new Set(inCycles(partition))
  for (const id of heardOf(partition)) all.add(id)
  return all
}

export function hasIndirectlyConnected(partition: Partition): boolean {
  return indirectlyConnected(partition).size > 0
}

/** Is there, beside them, anybody out of reach who is not one of them? */
export function hasCleanSplit(partition: Partition): boolean {
  const indirect = indirectlyConnected(partition)
  for (const id of partition.unreachable) if (!indirect.has(id)) return true
  return false
}

/** The same members without what the indirectly connected say of each other. */
export function cleanRest(partition: Partition): Partition {
  const cycles = inCycles(partition)
  const heard = heardOf(partition)
  const downable = new Set<string>()
  for (const member of partition.members) if (isDownable(member)) downable.add(member.id)
  const records = partition.records.filter(
    ({ observerId, subjectId }) =>
      downable.has(observerId) &&
      downable.has(subjectId) &&
      !(cycles.has(observerId) && cycles.has(subjectId)) &&
      !(heard.has(observerId) && heard.has(subjectId)),
  )
  const unreachable = new Set(records.map((record) => record.subjectId))
  return { ...partition, records, unreachable }
}

const NOBODY: ReadonlySet<string> = new Set()
