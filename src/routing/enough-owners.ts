/**
 * Enough owners [Rule]: are these nodes, for every slot there is, as many of its owners as a level asks for? Owners that
 * are gone count like the others: a minority can never be enough.
 */
import { NO_MEMBER, type OwnersTable } from '../replication/owners-table.ts'
import type { Level } from '../session/session.ts'
import { SLOT_COUNT } from '../store/hash-slot.ts'

export function isEnough(table: OwnersTable, nodes: ReadonlySet<string>, level: Level): boolean {
  const { copies, members, owners } = table
  if (copies === 0) return false
  const isAmong = members.map((id) => nodes.has(id))
  for (let slot = 0; slot < SLOT_COUNT; slot++) {
    let total = 0
    let present = 0
    for (let rank = 0; rank < copies; rank++) {
      const owner = owners[slot * copies + rank]!
      if (owner === NO_MEMBER) continue
      total++
      if (isAmong[owner]) present++
    }
    if (present < needed(total, level)) return false
  }
  return true
}

function needed(total: number, level: Level): number {
  if (level === 'all') return total
  return level === 'one' ? Math.min(1, total) : Math.floor(total / 2) + 1
}
