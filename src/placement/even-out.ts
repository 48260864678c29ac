/**
 * Even out [Rule]: the last few primaries, slot by slot. A stretch of the circle may change its primary as a whole at one
 * factor, so a member can be left a little beyond the bound on either side of it; here single slots go to another
 * owner that has room. Copies do not move. It refuses to touch anyone who is within bounds already, but to help.
 */
import { SLOT_COUNT } from '../store/hash-slot.ts'

/** Changes the ranks in the table and the loads with them. */
export function evenOutPrimaries(
  table: Uint16Array,
  copies: number,
  loads: Float64Array,
  shares: Float64Array,
  bound: number,
): void {
  const rooms = shares.map((share) => Math.max(1, share * bound))
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    const primary = table[slot * copies]!
    const excess = loads[primary]! - shares[primary]!
    if (excess <= 0) continue
    let chosenRank = 0
    let mostNeeded = 0
    for (let rank = 1; rank < copies; rank++) {
      const owner = table[slot * copies + rank]!
      const needed = (shares[owner]! - loads[owner]!) / rooms[owner]!
      if (needed <= mostNeeded || (needed <= 1 && excess <= rooms[primary]!)) continue
      chosenRank = rank
      mostNeeded = needed
    }
    if (chosenRank > 0) promote(table, slot * copies, chosenRank, loads)
  }
}

function promote(table: Uint16Array, start: number, rank: number, loads: Float64Array): void {
  const primary = table[start]!
  const owner = table[start + rank]!
  table[start] = owner
  table[start + rank] = primary
  loads[primary]!--
  loads[owner]!++
}
