/*
 * Who is older: the order in which members became up.
 *
 * The idea: the leader numbers members as it moves them up, so age is agreed and needs no clocks. Where
 * numbers say nothing the address decides, by host and by the number of the port.
 * Shape: rule.
 */
import { compareAddresses } from '../member.ts'

interface Aged {
  readonly upNumber: number
  readonly address: string
}

/** Below zero when `a` is older. Who was never up is younger than everyone who was. */
export function compareAges(a: Aged, b: Aged): number {
  if (a.upNumber !== b.upNumber) {
    if (a.upNumber === 0) return 1
    if (b.upNumber === 0) return -1
    return a.upNumber - b.upNumber
  }
  return compareAddresses(a.address, b.address)
}

/** atomr's order: the bare number, so that who was never up counts as the oldest. */
export function compareAgesAtomr(a: Aged, b: Aged): number {
  return a.upNumber - b.upNumber || compareAddresses(a.address, b.address)
}

export function oldest<M extends Aged>(
  members: Iterable<M>,
  compare: (a: Aged, b: Aged) => number = compareAges,
): M | undefined {
  let found: M | undefined
  for (const member of members) if (found === undefined || compare(member, found) < 0) found = member
  return found
}
