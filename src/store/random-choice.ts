/**
 * Random choice [Rule]: which elements SPOP, SRANDMEMBER, HRANDFIELD and ZRANDMEMBER take. Luck comes in as a
 * function of 32-bit numbers, so one seed is one choice.
 *
 * Few out of many are drawn until they differ; many out of few are shuffled to the front. Either way the work is
 * about the number wanted or the number there are, never more.
 */
import type { ElementTable } from './element-table.ts'

export type Random32 = () => number

/** An index in 0..count-1. */
export function randomIndex(random: Random32, count: number): number {
  return indexFrom(random(), count)
}

/** The same from a number drawn already. */
export function indexFrom(random32: number, count: number): number {
  return Math.floor(((random32 >>> 0) / 2 ** 32) * count)
}

/** `wanted` (<= count) different indexes of 0..count-1, ascending. */
export function chooseIndexes(random: Random32, count: number, wanted: number): number[] {
  const chosen = new Set<number>()
  // Floyd's sampling: each round adds one index, and every subset is equally likely.
  for (let last = count - wanted; last < count; last++) {
    const index = randomIndex(random, last + 1)
    chosen.add(chosen.has(index) ? last : index)
  }
  return [...chosen].sort((a, b) => a - b)
}

/** Refs of `wanted` (<= count) different elements, in no particular order. */
export function chooseElements(random: Random32, table: ElementTable, wanted: number): number[] {
  const count = table.count
  if (wanted * 3 <= count) {
    const chosen = new Set<number>()
    while (chosen.size < wanted) chosen.add(table.sample(random()))
    return [...chosen]
  }
  const refs: number[] = []
  table.each((ref) => refs.push(ref))
  for (let at = 0; at < wanted && wanted < count; at++) {
    const other = at + randomIndex(random, count - at)
    const kept = refs[at]!
    refs[at] = refs[other]!
    refs[other] = kept
  }
  refs.length = wanted
  return refs
}
