/**
 * Large table [Machine]: the large representation of hashes and sets, an element table behind an entry. Also what
 * set algebra gathers its results in before they have an entry. Knows nothing of either's rules.
 */
import { ElementTable } from './element-table.ts'
import type { LargeValue } from './entries.ts'
import type { Keyspace } from './keyspace.ts'

/** What this object, its element table and their maps cost on the heap. */
const OBJECT_BYTES = 512

export class LargeTable implements LargeValue {
  readonly table: ElementTable

  constructor(space: Keyspace) {
    this.table = new ElementTable(space.arena, space.index, space.ahead)
  }

  get elements(): ElementTable {
    return this.table
  }

  get bytes(): number {
    return OBJECT_BYTES + this.table.apartBytes
  }

  get arenaBytes(): number {
    return this.table.cellBytes
  }

  release(): void {
    this.table.release()
  }
}

/** The table of an entry whose storage is OBJECT. */
export function tableOf(space: Keyspace, ref: number): ElementTable {
  return (space.entries.objectOf(ref) as LargeTable).table
}
