/**
 * Queued keys [Machine]: the slots of all keys of a transaction that waits for its EXEC. Refilled for each.
 */
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import { readInteger } from '../commands/arguments.ts'
import type { Transaction } from '../session/transaction.ts'
import { DATABASE_COUNT, type Keyspace } from '../store/keyspace.ts'
import { RequestKeys } from './request-keys.ts'
import { isSubscribing } from './shard-channels.ts'

export class QueuedKeys {
  readonly slots = new Set<number>()
  /** Some request concerns the keys of all nodes. */
  hasAllNodes = false
  /** Some request begins or ends a subscription. */
  isSubscribing = false
  /** The logical database that SELECTs in the queue lead to; -1: there are none. */
  selected = -1
  readonly #keys: RequestKeys

  constructor(space: Keyspace, call: Call) {
    this.#keys = new RequestKeys(space, call)
  }

  read(transaction: Transaction): void {
    this.slots.clear()
    this.hasAllNodes = false
    this.isSubscribing = false
    this.selected = -1
    const keys = this.#keys
    transaction.rewind()
    for (let queued = transaction.next(); queued !== undefined; queued = transaction.next()) {
      const row = queued.row as CommandRow
      const { args } = queued
      if (row.spread === 'all-nodes') this.hasAllNodes = true
      if (row.name === 'select') this.#noteSelected(readInteger(args.bytes, args.starts[1]!, args.ends[1]!))
      if (isSubscribing(row)) {
        this.isSubscribing = true
        continue
      }
      keys.read(row, args)
      for (const slot of keys.slots) this.slots.add(slot)
    }
    transaction.rewind()
  }

  #noteSelected(database: number): void {
    if (database >= 0 && database < DATABASE_COUNT) this.selected = database
  }
}
