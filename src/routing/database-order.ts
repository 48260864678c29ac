/**
 * Database order [Machine]: which logical database is which physical one, as the whole mesh has it. SWAPDB makes a new
 * order under a higher version; whoever hears of a higher one takes it over by swapping until it fits, so that watches
 * and waiting clients notice as they would in a node that stands alone.
 */
import type { NodeState } from '../session/node-state.ts'
import { DATABASE_COUNT } from '../store/keyspace.ts'

export class DatabaseOrder {
  /** 0: as it was in the beginning. */
  version = 0
  readonly #node: NodeState

  constructor(node: NodeState) {
    this.#node = node
  }

  bytes(): Buffer {
    return Buffer.from(this.#node.space.databaseMap)
  }

  swap(first: number, second: number, nowMs: number): void {
    this.version = this.#node.space.hlc.next(nowMs, this.version)
    this.#swapHere(first, second)
  }

  /** Takes it over if it is newer; false: these bytes are no order. */
  offer(order: Uint8Array, version: number): boolean {
    const isOrder = order.length === DATABASE_COUNT && new Set(order).size === DATABASE_COUNT
    if (!isOrder || order.some((physical) => physical >= DATABASE_COUNT)) return false
    if (version <= this.version) return true
    this.version = version
    const { databaseMap } = this.#node.space
    for (let logical = 0; logical < DATABASE_COUNT; logical++) {
      const other = databaseMap.indexOf(order[logical]!)
      if (other !== logical) this.#swapHere(logical, other)
    }
    return true
  }

  #swapHere(first: number, second: number): void {
    const { space, waiters, watches } = this.#node
    space.swapDatabases(first, second)
    watches.onSwapped(first, second)
    waiters.onDatabasesSwapped(space.databaseMap[first]!, space.databaseMap[second]!)
  }
}
