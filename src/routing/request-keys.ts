/**
 * Request keys [Machine]: which arguments of a request are keys, and the slots they fall into. Refilled for each request.
 */
import type { Args } from '../../resp/index.ts'
import type { Call } from '../commands/call.ts'
import type { CommandRow } from '../commands/command-row.ts'
import type { Keyspace } from '../store/keyspace.ts'

export class RequestKeys {
  count = 0
  /** Numbers of the arguments that are keys. */
  readonly positions: number[] = []
  readonly slots: number[] = []
  args: Args
  readonly #space: Keyspace
  /** What finders of keys read arguments with. */
  readonly #call: Call

  constructor(space: Keyspace, call: Call) {
    this.#space = space
    this.#call = call
    this.args = call.args
  }

  read(row: CommandRow, args: Args): void {
    this.args = args
    this.positions.length = 0
    this.slots.length = 0
    if (row.findKeys !== undefined) {
      const kept = this.#call.args
      this.#call.args = args
      row.findKeys(this.#call, this.positions)
      this.#call.args = kept
    } else if (row.keys.first !== 0) {
      const { first, last, step } = row.keys
      const end = last < 0 ? args.count + last : last
      for (let i = first; i <= end; i += step) this.positions.push(i)
    }
    const { ahead } = this.#space
    for (const i of this.positions) {
      ahead.place(args.bytes, args.starts[i]!, args.ends[i]!)
      this.slots.push(ahead.slot)
    }
    this.count = this.positions.length
  }
}
