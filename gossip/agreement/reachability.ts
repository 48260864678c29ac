/*
 * Who is out of whose reach: rules over the table of observations.
 *
 * The idea: an observer owns its row and raises the row's version with each change, so of two rows of one
 * observer the newer is the truth as a whole and nothing has to be pieced together. Only what is not
 * reachable is kept; a row without anything is kept as one record of the observer about itself, so that an
 * older row cannot return. Rows stand in the order of observers, records in the order of subjects: equal
 * tables are equal arrays.
 * Shape: rule.
 */
import type { ReachabilityRecord, ReachabilityStatus } from './mesh-state.ts'

export type Records = readonly ReachabilityRecord[]

export const NO_RECORDS: Records = []

/** Terminated is final, so it outweighs; unreachable outweighs reachable. */
const WEIGHTS: Readonly<Record<ReachabilityStatus, number>> = { reachable: 0, unreachable: 1, terminated: 2 }

export function worseStatus(a: ReachabilityStatus, b: ReachabilityStatus): ReachabilityStatus {
  return WEIGHTS[a] >= WEIGHTS[b] ? a : b
}

/** First place that is not before the observer's row: the row, if there is one, starts here. */
export function rowStart(records: Records, observerId: string): number {
  let low = 0
  let high = records.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (records[middle]!.observerId < observerId) low = middle + 1
    else high = middle
  }
  return low
}

/** First place after the row that starts at `start`. */
export function rowEnd(records: Records, start: number): number {
  const observerId = records[start]?.observerId
  let end = start
  while (end < records.length && records[end]!.observerId === observerId) end++
  return end
}

/** The observer's records; empty when it has none. */
export function rowOf(records: Records, observerId: string): Records {
  const start = rowStart(records, observerId)
  if (records[start]?.observerId !== observerId) return NO_RECORDS
  return records.slice(start, rowEnd(records, start))
}

/** Of an observer's row; 0 when it has none. */
export function rowVersion(records: Records, observerId: string): number {
  const first = records[rowStart(records, observerId)]
  return first?.observerId === observerId ? first.version : 0
}

/**
 * A row in its one form: what is reachable left out, the rest by subject, the bare version when nothing is
 * left.
 */
export function makeRow(
  observerId: string,
  version: number,
  statuses: ReadonlyMap<string, ReachabilityStatus>,
): Records {
  const row: ReachabilityRecord[] = []
  for (const subjectId of [...statuses.keys()].sort()) {
    const status = statuses.get(subjectId)!
    if (status !== 'reachable') row.push({ observerId, subjectId, status, version })
  }
  if (row.length === 0) row.push({ observerId, subjectId: observerId, status: 'reachable', version })
  return row
}

/** The table with the row of one observer replaced. */
export function withRow(records: Records, observerId: string, row: Records): Records {
  const start = rowStart(records, observerId)
  const end = records[start]?.observerId === observerId ? rowEnd(records, start) : start
  return [...records.slice(0, start), ...row, ...records.slice(end)]
}

/** What an observer says of one subject; reachable when it says nothing. */
export function statusSeenBy(records: Records, observerId: string, subjectId: string): ReachabilityStatus {
  return rowOf(records, observerId).find((one) => one.subjectId === subjectId)?.status ?? 'reachable'
}

/**
 * One observation. The very same table when it is no news, or when the subject is terminated, which is
 * final.
 */
export function observe(
  records: Records,
  observerId: string,
  subjectId: string,
  status: ReachabilityStatus,
): Records {
  const statuses = new Map(rowOf(records, observerId).map((one) => [one.subjectId, one.status]))
  const former = statuses.get(subjectId) ?? 'reachable'
  if (former === status || former === 'terminated') return records
  statuses.set(subjectId, status)
  return withRow(records, observerId, makeRow(observerId, rowVersion(records, observerId) + 1, statuses))
}

/** Any terminated makes terminated, else any unreachable makes unreachable. */
export function subjectStatus(records: Records, subjectId: string): ReachabilityStatus {
  let worst: ReachabilityStatus = 'reachable'
  for (const one of records) if (one.subjectId === subjectId) worst = worseStatus(worst, one.status)
  return worst
}

/** Everyone who is not reachable, by the observers that are listened to. */
export function silentSubjects(
  records: Records,
  isHeeded: (record: ReachabilityRecord) => boolean = () => true,
): ReadonlyMap<string, ReachabilityStatus> {
  const subjects = new Map<string, ReachabilityStatus>()
  for (const one of records) {
    if (one.status === 'reachable' || !isHeeded(one)) continue
    subjects.set(one.subjectId, worseStatus(subjects.get(one.subjectId) ?? 'reachable', one.status))
  }
  return subjects
}

export function unreachableFrom(records: Records, observerId: string): readonly string[] {
  return rowOf(records, observerId)
    .filter((one) => one.status !== 'reachable')
    .map((one) => one.subjectId)
}

export function observersOf(records: Records, subjectId: string): readonly string[] {
  return records
    .filter((one) => one.subjectId === subjectId && one.status !== 'reachable')
    .map((one) => one.observerId)
}

export function isReachable(records: Records, subjectId: string): boolean {
  return subjectStatus(records, subjectId) === 'reachable'
}

export function isAllReachable(records: Records): boolean {
  return records.every((one) => one.status === 'reachable')
}

/** A row without the subjects that are not kept; the very same row where all are. */
export function keepSubjects(row: Records, isKept: (subjectId: string) => boolean): Records {
  if (row.every((one) => isKept(one.subjectId))) return row
  const first = row[0]!
  const kept = new Map(row.filter((one) => isKept(one.subjectId)).map((one) => [one.subjectId, one.status]))
  return makeRow(first.observerId, first.version, kept)
}

/**
 * Of two rows of one observer: the newer as a whole; both together, should one version ever say two things.
 */
export function newerRow(a: Records, b: Records): Records {
  const difference = a[0]!.version - b[0]!.version
  if (difference !== 0) return difference > 0 ? a : b
  if (isSameRow(a, b)) return a
  const statuses = new Map(a.map((one) => [one.subjectId, one.status]))
  for (const { subjectId, status } of b) {
    statuses.set(subjectId, worseStatus(statuses.get(subjectId) ?? 'reachable', status))
  }
  return makeRow(a[0]!.observerId, a[0]!.version, statuses)
}

export function isSameRow(a: Records, b: Records): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  return a.every((one, at) => {
    const other = b[at]!
    return one.subjectId === other.subjectId && one.status === other.status && one.version === other.version
  })
}
